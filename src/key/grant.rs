//! What a key may do beyond its kind: scopes, the events it may send, and how many a second.

use std::fmt;

/// Something that a secret key may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Send events.
    EventsWrite,
    /// Read profiles, where they stand, why, and what they are worth.
    ProfilesRead,
    /// Join profiles, take them apart, and have people forgotten.
    ProfilesWrite,
    /// Ask whether somebody may be written to, and read what they said about it.
    ContactRead,
    /// Write down what somebody said about being written to.
    ContactWrite,
    /// Read complaints.
    DisputesRead,
    /// Read the rules, their versions, and previews.
    RulesRead,
    /// Preview, publish and take back rules.
    RulesWrite,
}

impl Scope {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::EventsWrite,
        Self::ProfilesRead,
        Self::ProfilesWrite,
        Self::ContactRead,
        Self::ContactWrite,
        Self::DisputesRead,
        Self::RulesRead,
        Self::RulesWrite,
    ];

    /// As written and as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::ProfilesRead => "profiles:read",
            Self::ProfilesWrite => "profiles:write",
            Self::ContactRead => "contact:read",
            Self::ContactWrite => "contact:write",
            Self::DisputesRead => "disputes:read",
            Self::RulesRead => "rules:read",
            Self::RulesWrite => "rules:write",
        }
    }

    /// What it allows, in plain words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::EventsWrite => "Send events",
            Self::ProfilesRead => "Read customers, where they stand and why",
            Self::ProfilesWrite => "Join customers, take them apart, and have them forgotten",
            Self::ContactRead => "Ask whether a customer may be written to",
            Self::ContactWrite => "Write down what a customer said about being written to",
            Self::DisputesRead => "Read complaints",
            Self::RulesRead => "Read the rules",
            Self::RulesWrite => "Preview, publish and take back rules",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What a secret key may do: everything, or some scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scopes {
    /// Everything, also what is added later.
    #[default]
    All,
    /// These alone.
    Some(ScopeSet),
}

/// Some scopes, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeSet(u8);

impl Scopes {
    /// These scopes alone; none where there are none, since such a key could do nothing.
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Option<Self> {
        let bits = scopes.into_iter().fold(0, |bits, scope| bits | scope.bit());
        (bits != 0).then_some(Self::Some(ScopeSet(bits)))
    }

    /// Whether `scope` is among them.
    pub const fn has(self, scope: Scope) -> bool {
        match self {
            Self::All => true,
            Self::Some(ScopeSet(bits)) => bits & scope.bit() != 0,
        }
    }

    /// As stored: none for everything.
    pub fn stored(self) -> Option<Vec<&'static str>> {
        match self {
            Self::All => None,
            Self::Some(_) => Some(self.names()),
        }
    }

    /// The names of all that it holds.
    pub fn names(self) -> Vec<&'static str> {
        let held = Scope::ALL.into_iter().filter(|scope| self.has(*scope));
        held.map(Scope::as_str).collect()
    }
}

/// The most entries of a list of events.
pub const EVENTS_MAX: usize = 200;
/// The longest entry, in characters.
pub const EVENT_CHARS_MAX: usize = 200;
/// The most events a second that a key can be given.
pub const EVENTS_PER_SECOND_MAX: u32 = 1_000_000;

/// The events that a key may send; empty: any.
///
/// An entry is the name of a track, or the beginning of names with `*` behind it. Other kinds have
/// no names of the sender's choice and are written `$identify`, `$page`, `$screen`, `$group` and
/// `$alias`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Allowlist(Vec<String>);

/// Why a text is no list of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowlistFault {
    /// Too many.
    #[error("Name at most {EVENTS_MAX} events.")]
    TooMany,
    /// One is too long.
    #[error("The name of an event has at most {EVENT_CHARS_MAX} characters.")]
    TooLong,
    /// A star stands where it means nothing.
    #[error("A * may only stand at the end, as in Product *.")]
    StarWithin,
}

impl Allowlist {
    /// Reads entries, one a line; empty lines and repetitions count for nothing.
    pub fn read(text: &str) -> Result<Self, AllowlistFault> {
        let mut entries: Vec<String> = Vec::new();
        for entry in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if entry.chars().count() > EVENT_CHARS_MAX {
                return Err(AllowlistFault::TooLong);
            }
            if entry.strip_suffix('*').unwrap_or(entry).contains('*') {
                return Err(AllowlistFault::StarWithin);
            }
            if !entries.iter().any(|known| known == entry) {
                entries.push(entry.to_owned());
            }
        }
        if entries.len() > EVENTS_MAX {
            return Err(AllowlistFault::TooMany);
        }
        Ok(Self(entries))
    }

    /// As stored.
    pub fn of(entries: Vec<String>) -> Self {
        Self(entries)
    }

    /// The entries.
    pub fn entries(&self) -> &[String] {
        &self.0
    }

    /// Whether an event may be sent: a track by its name, anything else as `$` and its kind.
    pub fn allows(&self, event: &str) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|entry| match entry.strip_suffix('*') {
                Some(beginning) => event.starts_with(beginning),
                None => event == entry,
            })
    }
}

impl fmt::Display for Allowlist {
    /// One entry a line, as [`Allowlist::read`] takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// What a key may do beyond its kind.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Grant {
    /// What a secret key may do. A browser key sends events and nothing else, whatever stands here.
    pub scopes: Scopes,
    /// What it may send.
    pub events: Allowlist,
    /// How many events a second it may send; none: what the installation says.
    pub events_per_second: Option<u32>,
}

/// Reads how many events a second a key may send; nothing typed: what the installation says.
pub fn read_rate(text: &str) -> Result<Option<u32>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let rate = text.parse().ok();
    rate.filter(|rate| (1..=EVENTS_PER_SECOND_MAX).contains(rate))
        .map(Some)
        .ok_or("Give a whole number from 1 to 1000000, or nothing.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_scopes_it_was_given_and_no_others() {
        let some = Scopes::of([Scope::EventsWrite, Scope::RulesWrite]).expect("two scopes");

        for scope in Scope::ALL {
            assert!(Scopes::All.has(scope));
            let given = matches!(scope, Scope::EventsWrite | Scope::RulesWrite);
            assert_eq!(some.has(scope), given, "{scope:?}");
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert_eq!(Scopes::of([scope]).expect("one").names(), [scope.as_str()]);
        }
        assert_eq!(some.stored(), Some(vec!["events:write", "rules:write"]));
        assert_eq!((Scopes::All.stored(), Scopes::of([])), (None, None));
        assert_eq!(Scope::parse("events:*"), None);
    }

    #[test]
    fn a84_a_list_of_events_allows_names_and_beginnings() {
        let list =
            Allowlist::read(" Product * \n\nSigned In\n$identify\nSigned In\n").expect("a list");

        assert_eq!(list.entries(), ["Product *", "Signed In", "$identify"]);
        assert_eq!(Allowlist::read(&list.to_string()), Ok(list.clone()));
        for (event, allowed) in [
            ("Product Viewed", true),
            ("Product ", true),
            ("Product", false),
            ("product Viewed", false),
            ("Signed In", true),
            ("Signed In ", false),
            ("Order Completed", false),
            ("$identify", true),
            ("$alias", false),
        ] {
            assert_eq!(list.allows(event), allowed, "{event}");
        }
        assert!(Allowlist::default().allows("anything"));
        assert_eq!(Allowlist::read("a*b"), Err(AllowlistFault::StarWithin));
        assert_eq!(Allowlist::read("**"), Err(AllowlistFault::StarWithin));
        assert_eq!(
            Allowlist::read(&"x".repeat(201)),
            Err(AllowlistFault::TooLong)
        );
        let many: Vec<String> = (0..=EVENTS_MAX).map(|n| n.to_string()).collect();
        assert_eq!(
            Allowlist::read(&many.join("\n")),
            Err(AllowlistFault::TooMany)
        );
        assert!(
            Allowlist::read("é")
                .expect("more than one byte")
                .allows("é")
        );
    }

    #[test]
    fn a_rate_is_a_whole_number_or_nothing() {
        assert_eq!(read_rate("  "), Ok(None));
        assert_eq!(read_rate(" 50 "), Ok(Some(50)));
        for wrong in ["0", "-1", "1.5", "1000001", "many"] {
            assert!(read_rate(wrong).is_err(), "{wrong}");
        }
    }
}
