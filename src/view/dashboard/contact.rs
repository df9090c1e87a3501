//! Writing to people: the card of one customer, and who should hear from the brand.

use askama::Template;

use super::Shell;
use crate::view::StageTag;
use crate::view::format::path_segment;

/// Whether a customer may be written to.
#[derive(Debug, Clone)]
pub struct ContactCard {
    /// Whether they may, by the channel below.
    pub allowed: bool,
    /// The channel to use; empty where none is open.
    pub channel: String,
    /// From when again, as in `19 Mar 2026, 00:00 UTC`; empty where they may be now, or nobody knows.
    pub again: String,
    /// Why, the most telling first.
    pub reasons: Vec<String>,
    /// Contacts counted.
    pub used: u16,
    /// Contacts allowed.
    pub cap: u16,
    /// The time zone whose days are counted.
    pub zone: String,
    /// Each channel.
    pub channels: Vec<ContactChannel>,
}

/// One channel.
#[derive(Debug, Clone)]
pub struct ContactChannel {
    /// Its name, as in `email`.
    pub name: String,
    /// Whether it may be used now.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: String,
}

/// `/dashboard/{brand}/keep-in-touch?cursor=`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/keep_in_touch.html")]
pub struct KeepInTouchPage {
    /// The frame.
    pub shell: Shell,
    /// The shallowest stage listed, as in `friends`.
    pub who: String,
    /// For how long they have not heard, as in `60 days`.
    pub after: String,
    /// The people on this page, who never heard anything first, then the longest unheard.
    pub rows: Vec<KeepInTouchRow>,
    /// Where the next page starts; none on the last page.
    pub next_cursor: Option<String>,
    /// Whether this is a page after the first.
    pub is_later_page: bool,
}

/// Somebody who should hear from the brand.
#[derive(Debug, Clone)]
pub struct KeepInTouchRow {
    /// The profile's id, such as `prf_…`.
    pub id: String,
    /// Their name, or their id where they gave none.
    pub name: String,
    /// Their stage.
    pub stage: StageTag,
    /// The day the stage began, as in `3 Mar 2026`.
    pub stage_since: String,
    /// When the brand last wrote, as in `3 Jan 2026`, or `Never`.
    pub last_contact: String,
    /// When they were last seen, as in `3 days ago`.
    pub last_seen: String,
}

impl KeepInTouchPage {
    fn row_href(&self, row: &KeepInTouchRow) -> String {
        format!("{}/{}", self.shell.href("customers"), path_segment(&row.id))
    }

    fn next_href(&self) -> Option<String> {
        let cursor = path_segment(self.next_cursor.as_deref()?);
        Some(format!(
            "{}?cursor={cursor}",
            self.shell.href("keep-in-touch")
        ))
    }
}

#[cfg(test)]
impl ContactCard {
    pub(super) fn sample(words: crate::view::sample::Words) -> Self {
        let channel = |name: &str, allowed, reason: &str| ContactChannel {
            name: words.text(name),
            allowed,
            reason: words.text(reason),
        };
        Self {
            allowed: false,
            channel: words.text("email"),
            again: "13 Mar 2026, 23:00 UTC".to_owned(),
            reasons: vec![
                words.text("3 of 3 contacts in 7 days, as for a friend; again from 13 March 2026."),
            ],
            used: 3,
            cap: 3,
            zone: words.text("Europe/Zurich"),
            channels: vec![
                channel(
                    "email",
                    false,
                    "3 of 3 contacts in 7 days, as for a friend.",
                ),
                channel(
                    "push",
                    true,
                    "0 of 5 contacts in 7 days, as they wish for push.",
                ),
                channel("sms", false, "They do not want sms."),
            ],
        }
    }
}

/// Sample people: name, stage, since, last contact, last seen.
#[cfg(test)]
const SAMPLE_ROWS: &str = "
Dana Novak   | advocate | 20 Feb 2025 | Never       | 3 days ago
Farid Haddad | friend   | 1 Mar 2025  | 2 Nov 2025  | 12 Jan 2026
";

#[cfg(test)]
impl KeepInTouchPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let rows = crate::view::sample::table(SAMPLE_ROWS).into_iter();
        Self {
            shell: Shell::sample(words),
            who: words.text("friends"),
            after: "60 days".to_owned(),
            rows: rows
                .map(
                    |[name, stage, since, last_contact, last_seen]| KeepInTouchRow {
                        id: words.text("prf_05"),
                        name: words.text(name),
                        stage: StageTag::from_slug(stage).unwrap(),
                        stage_since: since.to_owned(),
                        last_contact: last_contact.to_owned(),
                        last_seen: last_seen.to_owned(),
                    },
                )
                .collect(),
            next_cursor: Some(words.text("c2luY2U9MjAyNg")),
            is_later_page: true,
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            rows: Vec::new(),
            next_cursor: None,
            is_later_page: false,
            ..Self::sample(words)
        }
    }
}
