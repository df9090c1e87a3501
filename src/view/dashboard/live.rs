//! Events as they arrive.

use askama::Template;
use serde::Serialize;

use super::Shell;
use crate::view::Field;
use crate::view::format::path_segment;

/// `/dashboard/{brand}/live?status=`.
///
/// With scripts, `assets/live.js` asks `/dashboard/{brand}/live.json?after={newest}&status=` every
/// second and expects a [`LiveUpdate`]; without, the page is reloaded by hand.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/live.html")]
pub struct LivePage {
    /// The frame.
    pub shell: Shell,
    /// The status listed; none for all.
    pub filter: Option<LiveStatus>,
    /// Whose events are stored and could not be judged, latest first.
    pub set_apart: Vec<SetApartRow>,
    /// The latest events, newest first.
    pub rows: Vec<LiveRow>,
    /// Where the next update starts: whatever `live.json` is to be given as `after`.
    pub newest: String,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveStatus {
    /// It was stored and will be judged.
    Accepted,
    /// It was refused, and nothing was stored but the refusal.
    Rejected,
    /// It had been received before.
    Duplicate,
}

impl LiveStatus {
    /// All of them, in the order in which filters list them.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Rejected, Self::Duplicate];

    /// The status for its slug, as it appears in addresses.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.slug() == slug)
    }

    /// The word used in addresses, style classes and `live.json`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }

    /// The status in sentence case.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Duplicate => "Duplicate",
        }
    }
}

/// One event as it arrived.
#[derive(Debug, Clone, Serialize)]
pub struct LiveRow {
    /// The event's id: tells rows apart.
    pub id: String,
    /// What became of it.
    pub status: LiveStatus,
    /// When it was received, as machines read it.
    pub datetime: String,
    /// When it was received, as in `14:05:09`.
    pub time: String,
    /// Its name, as in `Order Completed`; its type, as in `identify`, where it has none.
    pub name: String,
    /// Whom it is about, as in a name or an alias.
    pub who: String,
    /// The profile's id, where there is one.
    pub profile_id: Option<String>,
    /// Why it was rejected, or which event it repeats; empty otherwise.
    pub reason: String,
    /// What it did, as in `+10 investment, acquaintance → friend`; empty where nothing yet.
    pub effect: String,
    /// The event as received, as JSON over several lines.
    pub json: String,
    /// The id by which it can be replayed; none for what was stored and for repeats.
    pub replay_id: Option<String>,
    /// What came of replaying it, as in `Replayed: stored`; empty where nobody did.
    pub replayed: String,
}

/// Somebody whose events are stored and could not be judged.
#[derive(Debug, Clone)]
pub struct SetApartRow {
    /// The profile's id.
    pub profile_id: String,
    /// Whom it is about.
    pub who: String,
    /// What went wrong.
    pub reason: String,
    /// How often it was tried, as in `5 attempts`.
    pub attempts: String,
    /// When it was set apart, as in `3 hours ago`.
    pub since: String,
}

/// `/dashboard/{brand}/live/rejects/{id}`: one event that was not stored, to mend and to replay.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/reject.html")]
pub struct RejectPage {
    /// The frame.
    pub shell: Shell,
    /// The reject's id.
    pub id: String,
    /// Its name; its message id or `Event` where it has none.
    pub name: String,
    /// Why it was not stored: a stable word.
    pub code: String,
    /// Why, in a sentence.
    pub detail: String,
    /// Where the code is explained.
    pub docs: String,
    /// When it was received.
    pub received: String,
    /// The sender's id of it; empty where it could not be read.
    pub message_id: String,
    /// By which key it came, as in `server, a secret key`.
    pub sender: String,
    /// Whether it was cut, so that it cannot be replayed as it is.
    pub is_cut: bool,
    /// What came of replaying it; empty where nobody did.
    pub replayed: String,
    /// Whether it is stored by now, so that there is nothing left to do.
    pub is_done: bool,
    /// Why it cannot be judged again; empty where it can.
    pub barred: String,
    /// Whether it came as a `CloudEvent` and is shown as one.
    pub is_cloud: bool,
    /// The event, to edit, with what is still wrong with it.
    pub event: Field,
}

/// The body of `live.json`.
#[derive(Debug, Clone, Serialize)]
pub struct LiveUpdate {
    /// Events received since `after`, newest first.
    pub events: Vec<LiveRow>,
    /// The next value of `after`.
    pub newest: String,
}

impl LivePage {
    fn filter_href(&self, status: Option<LiveStatus>) -> String {
        let path = self.shell.href("live");
        match status {
            Some(status) => format!("{path}?status={}", status.slug()),
            None => path,
        }
    }

    fn feed_href(&self) -> String {
        let path = self.shell.href("live.json");
        match self.filter {
            Some(status) => format!("{path}?status={}", status.slug()),
            None => path,
        }
    }

    fn profile_href(&self, id: &str) -> String {
        format!("{}/{}", self.shell.href("customers"), path_segment(id))
    }

    fn reject_href(&self, id: &str) -> String {
        format!("{}/{}", self.shell.href("live/rejects"), path_segment(id))
    }

    fn retry_href(&self, row: &SetApartRow) -> String {
        let id = path_segment(&row.profile_id);
        format!("{}/{id}/retry", self.shell.href("live/set-apart"))
    }
}

impl RejectPage {
    fn replay_href(&self) -> String {
        let id = path_segment(&self.id);
        format!("{}/{id}/replay", self.shell.href("live/rejects"))
    }
}

#[cfg(test)]
impl LivePage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        use LiveStatus::{Accepted, Duplicate, Rejected};
        let row = |id: &str, status, name: &str, who: &str, reason: &str, effect: &str| LiveRow {
            id: words.text(id),
            status,
            datetime: "2026-03-10T14:05:09.000Z".to_owned(),
            time: "14:05:09".to_owned(),
            name: words.text(name),
            who: words.text(who),
            profile_id: (status == Accepted).then(|| words.text("prf_01")),
            reason: words.text(reason),
            effect: words.text(effect),
            json: words.text(concat!(
                "{\n  \"type\": \"track\",\n  \"event\": \"Order Completed\",\n",
                "  \"userId\": \"4711\",\n  \"properties\": { \"total\": 42.5 }\n}"
            )),
            replay_id: (status == Rejected).then(|| words.text("rej_01")),
            replayed: String::new(),
        };
        Self {
            shell: Shell::sample(words),
            filter: None,
            set_apart: vec![SetApartRow::sample(words)],
            rows: vec![
                row(
                    "evt_06",
                    Accepted,
                    "Order Completed",
                    "Anna Keller",
                    "",
                    "+10 investment, acquaintance → friend",
                ),
                row(
                    "evt_05",
                    Accepted,
                    "Product Viewed",
                    "anonymous 9f2c61",
                    "",
                    "+0.5 familiarity",
                ),
                row(
                    "evt_04",
                    Rejected,
                    "Order Completed",
                    "4712",
                    "properties.total must be a number; it was the text “42,50”.",
                    "",
                ),
                row(
                    "evt_03",
                    Duplicate,
                    "Signed In",
                    "Bilal Rahman",
                    "The same message arrived 2 seconds earlier.",
                    "",
                ),
                row("evt_02", Accepted, "identify", "Bilal Rahman", "", ""),
                row(
                    "evt_01",
                    Accepted,
                    "Product Shared",
                    "Grace Okafor",
                    "",
                    "+3 advocacy",
                ),
            ],
            newest: words.text("evt_06"),
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            set_apart: Vec::new(),
            rows: Vec::new(),
            filter: Some(LiveStatus::Rejected),
            ..Self::sample(words)
        }
    }
}

#[cfg(test)]
impl SetApartRow {
    fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            profile_id: words.text("prf_02"),
            who: words.text("Tom Whitfield"),
            reason: words.text("the time of an event could not be read"),
            attempts: "5 attempts".to_owned(),
            since: "3 hours ago".to_owned(),
        }
    }
}

#[cfg(test)]
impl RejectPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            shell: Shell::sample(words),
            id: words.text("rej_01"),
            name: words.text("Order Completed"),
            code: "time_invalid".to_owned(),
            detail: words.text("the time is not an RFC 3339 time such as 2026-11-22T03:18:13.288Z"),
            docs: "/docs/errors#time_invalid".to_owned(),
            received: "10 March 2026, 14:05".to_owned(),
            message_id: words.text("order-4712"),
            sender: words.text("server, a secret key"),
            is_cut: false,
            replayed: String::new(),
            is_done: false,
            barred: String::new(),
            is_cloud: false,
            event: Field::filled(words.text(concat!(
                "{\n  \"type\": \"track\",\n  \"event\": \"Order Completed\",\n",
                "  \"userId\": \"4712\",\n  \"timestamp\": \"yesterday\"\n}"
            ))),
        }
    }

    pub(in crate::view) fn sample_refused(words: crate::view::sample::Words) -> Self {
        let page = Self::sample(words);
        let error = words.text("Still not stored: the time is not an RFC 3339 time.");
        Self {
            is_cut: true,
            is_cloud: true,
            event: Field::refused(page.event.value.clone(), error),
            ..page
        }
    }

    pub(in crate::view) fn sample_barred(words: crate::view::sample::Words) -> Self {
        Self {
            barred: words.text("the key that sent it was revoked on 2 Feb 2026"),
            ..Self::sample(words)
        }
    }

    pub(in crate::view) fn sample_done(words: crate::view::sample::Words) -> Self {
        Self {
            replayed: "Stored on 11 March 2026, 09:12.".to_owned(),
            is_done: true,
            ..Self::sample(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::Words;

    #[test]
    fn an_update_is_what_the_script_expects() {
        let page = LivePage::sample(Words::Plain);
        let update = LiveUpdate {
            events: page.rows.into_iter().take(1).collect(),
            newest: page.newest,
        };

        let body = serde_json::to_value(&update).unwrap();

        assert_eq!(body["newest"], "evt_06");
        assert_eq!(body["events"][0]["status"], "accepted");
        assert_eq!(body["events"][0]["profile_id"], "prf_01");
    }
}
