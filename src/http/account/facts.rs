//! What is known of somebody, and what is worked out from it: for their own eyes, each with where it
//! comes from and when.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::brand::Brand;
use crate::insight::CustomerValue;
use crate::profile::{Identity, Profile, ProfileEmail};
use crate::projection::{Current, HORIZON_DAYS};
use crate::view::StageTag;
use crate::view::format::{chance, date, day_of, money};
use crate::view::hosted::Fact;

/// What a fact is told from.
pub(super) struct Sources<'a> {
    pub(super) brand: &'a Brand,
    pub(super) profile: &'a Profile,
    pub(super) emails: &'a [ProfileEmail],
    pub(super) identities: &'a [Identity],
}

impl Sources<'_> {
    /// Everything that was told, by the person, by a provider or by the brand.
    pub(super) fn known(&self) -> Vec<Fact> {
        let profile = self.profile;
        let mut facts = Vec::new();
        for (name, value) in [
            ("Name", &profile.display_name),
            ("Given name", &profile.given_name),
            ("Family name", &profile.family_name),
            ("Language", &profile.locale),
            ("Picture", &profile.picture_url),
        ] {
            if let Some(value) = value {
                facts.push(fact(name, value, &self.source_of(value)));
            }
        }
        for email in self.emails {
            let proof = match email.verified_at {
                Some(at) => format!("verified {}", day_of(at)),
                None => "not verified".to_owned(),
            };
            let heard = day_of(email.created_at);
            let source = format!("from {}, {heard}, {proof}", self.label_of(&email.source));
            facts.push(fact("Address", &email.address, &source));
        }
        for (name, value) in entries(&profile.traits) {
            facts.push(fact(&name, &value, &self.source_of(&value)));
        }
        let met = format!("from your first visit, {}", day_of(profile.created_at));
        for (name, value) in entries(&profile.first_encounter) {
            let plain = |text: &str| text.replace('_', " ");
            let name = format!("First visit: {}", plain(&name));
            facts.push(fact(&name, &plain(&value), &met));
        }
        let seen = format!("from what you did here, {}", day_of(profile.last_seen_at));
        facts.push(fact("Last seen", &day_of(profile.last_seen_at), &seen));
        facts
    }

    /// A value that a provider's own answer holds came from there; whatever else is known was told by
    /// the brand.
    fn source_of(&self, value: &str) -> String {
        let by_provider = self
            .identities
            .iter()
            .find(|identity| holds(&identity.raw_claims, value));
        match by_provider {
            Some(identity) => format!(
                "from {}, {}",
                identity.connection_label,
                day_of(identity.last_used_at)
            ),
            None => format!(
                "from {}, by {}",
                self.brand.name,
                day_of(self.profile.last_seen_at)
            ),
        }
    }

    fn label_of(&self, source: &str) -> String {
        if source == "events" {
            return self.brand.name.clone();
        }
        let identity = self
            .identities
            .iter()
            .find(|identity| identity.connection_slug == source);
        identity.map_or_else(
            || source.to_owned(),
            |identity| identity.connection_label.clone(),
        )
    }
}

/// Everything that is worked out. The stage only where the brand shows it.
pub(super) fn inferred(
    current: &Current,
    value: Option<&CustomerValue>,
    shows_stage: bool,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let now = day_of(current.at);
    let standing = &current.standing;
    if shows_stage && let Some(since) = standing.since {
        let name = StageTag::from(standing.stage).label();
        let text = format!("{name}, since {}", day_of(since));
        facts.push(fact(
            "How well we know each other",
            &text,
            &format!("worked out from what you did here, {now}"),
        ));
    }
    let Some(value) = value else { return facts };
    let source = format!("worked out from your orders up to {}", date(value.last_day));
    let days = format!("{}", value.repeats + 1);
    facts.push(fact("Days on which you ordered", &days, &source));
    if let Some(mean) = value.spend_mean {
        let text = money(mean, value.currency.as_deref());
        facts.push(fact("What you spend on such a day", &text, &source));
    }
    if let Some(alive) = value.alive {
        facts.push(fact(
            "Chance that you will order again",
            &chance(alive),
            &source,
        ));
    }
    if let Some(purchases) = value.purchases {
        let name = format!("Orders expected within {HORIZON_DAYS} days");
        facts.push(fact(&name, &format!("{purchases:.1}"), &source));
    }
    if let Some(worth) = value.worth {
        let name = format!("Spending expected within {HORIZON_DAYS} days");
        facts.push(fact(
            &name,
            &money(worth, value.currency.as_deref()),
            &source,
        ));
    }
    facts
}

fn fact(name: &str, value: &str, source: &str) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.to_owned(),
        source: source.to_owned(),
    }
}

fn entries(object: &Value) -> Vec<(String, String)> {
    let all = object.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => return None,
            other => other.to_string(),
        };
        Some((name.clone(), text))
    })
    .collect()
}

/// Whether a JSON value holds this text, as a whole, somewhere.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|item| holds(item, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// How long ago, for a row of the page; nothing for what was never used.
pub(super) fn used(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<String> {
    at.map(|at| crate::view::format::ago(at, now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::holds;

    #[test]
    fn a_value_is_found_wherever_a_provider_put_it() {
        let raw =
            json!({ "userinfo": { "name": "Ada", "emails": [{ "value": "ada@x.example" }] } });

        assert!(holds(&raw, "Ada"));
        assert!(holds(&raw, "ada@x.example"));
        assert!(!holds(&raw, "Ad"));
        assert!(!holds(&raw, "name"));
    }
}
