//! Complaints: who waits, since when, and what is at stake.

use askama::Template;

use super::Shell;
use crate::view::StageTag;
use crate::view::format::{self, path_segment};

/// `/dashboard/{brand}/complaints?show=&cursor=`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/complaints.html")]
pub struct ComplaintsPage {
    /// The frame.
    pub shell: Shell,
    /// Which are listed.
    pub list: ComplaintList,
    /// Customers who wait.
    pub waiting: u64,
    /// Customers whom a person should look at.
    pub to_review: u64,
    /// Complaints on this page, in the list's order.
    pub rows: Vec<ComplaintRow>,
    /// Where the next page starts; none on the last page.
    pub next_cursor: Option<String>,
    /// Whether this is a page after the first.
    pub is_later_page: bool,
}

/// Which complaints are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComplaintList {
    /// Somebody waits.
    Waiting,
    /// A person should look at how often somebody complains.
    Review,
    /// The customer said that it was made good.
    MadeGood,
}

impl ComplaintList {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Review, Self::MadeGood];

    /// The list for its slug, as it appears in addresses.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.slug() == slug)
    }

    /// The word used in addresses.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Review => "review",
            Self::MadeGood => "made-good",
        }
    }

    /// The list's name in sentence case.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Review => "To be looked at",
            Self::MadeGood => "Made good",
        }
    }
}

/// A complaint.
#[derive(Debug, Clone)]
pub struct ComplaintRow {
    /// The customer's id, such as `prf_…`.
    pub profile_id: String,
    /// The customer's name; their address, or their id, where they gave none.
    pub name: String,
    /// What it is about; empty where nobody said.
    pub about: String,
    /// Where it stands, as in `Acknowledged`.
    pub status: String,
    /// The day it was opened, as in `3 Mar 2026`.
    pub opened: String,
    /// The clock, as in `9 of 14 days`; empty once it is over.
    pub clock: String,
    /// What happens next by itself, and when, as in `Runs out on 17 Mar 2026`; may be empty.
    pub next: String,
    /// Whether little time is left.
    pub is_urgent: bool,
    /// The stage that would be lost, or was.
    pub stake: StageTag,
    /// How often it was passed on.
    pub hand_offs: u16,
    /// More about it, as in `Public`.
    pub tags: Vec<String>,
}

impl ComplaintsPage {
    fn row_href(&self, row: &ComplaintRow) -> String {
        let id = path_segment(&row.profile_id);
        format!("{}/{id}", self.shell.href("customers"))
    }

    fn list_href(&self, list: ComplaintList) -> String {
        format!("{}?show={}", self.shell.href("complaints"), list.slug())
    }

    fn next_href(&self) -> Option<String> {
        let cursor = path_segment(self.next_cursor.as_deref()?);
        Some(format!("{}&cursor={cursor}", self.list_href(self.list)))
    }

    fn count_of(&self, list: ComplaintList) -> Option<String> {
        match list {
            ComplaintList::Waiting => Some(format::count(self.waiting)),
            ComplaintList::Review => Some(format::count(self.to_review)),
            ComplaintList::MadeGood => None,
        }
    }

    fn finding(&self) -> String {
        let people = |count| format::plural(count, "customer", "customers");
        match self.list {
            ComplaintList::Waiting => format!(
                "{} waiting, whoever has waited longest first. Only a proposed remedy stops the clock.",
                people(self.waiting)
            ),
            ComplaintList::Review => format!(
                "{} with unusually many complaints for what they buy. It moves nobody: a person \
                 should look.",
                people(self.to_review)
            ),
            ComplaintList::MadeGood => {
                "Customers who said that it was made good, the latest first.".to_owned()
            }
        }
    }
}

/// Sample complaints: name, about, status, opened, clock, next, urgent, stake, hand-offs, tag.
#[cfg(test)]
const SAMPLE_ROWS: &str = "
Dana Novak   | Birthday cake three hours late | Second chance   | 20 Feb 2026 | 18 of 14 days | Runs out on 13 Mar 2026           | yes | friend       | 2 | Public
Farid Haddad | Order never came               | Acknowledged    | 1 Mar 2026  | 9 of 14 days  | Runs out on 15 Mar 2026           | no  | acquaintance | 0 | Unusually many
Grace Okafor |                                | Remedy proposed | 4 Mar 2026  | 4 of 14 days  | Settled on 17 Mar 2026 by silence | no  | advocate     | 1 | Public
";

#[cfg(test)]
impl ComplaintsPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let rows = crate::view::sample::table(SAMPLE_ROWS).into_iter();
        Self {
            shell: Shell::sample(words),
            list: ComplaintList::Waiting,
            waiting: 3,
            to_review: 1,
            rows: rows
                .map(
                    |[
                        name,
                        about,
                        status,
                        opened,
                        clock,
                        next,
                        urgent,
                        stake,
                        hand_offs,
                        tag,
                    ]| {
                        ComplaintRow {
                            profile_id: words.text("prf_05"),
                            name: words.text(name),
                            about: words.text(about),
                            status: status.to_owned(),
                            opened: opened.to_owned(),
                            clock: clock.to_owned(),
                            next: next.to_owned(),
                            is_urgent: urgent == "yes",
                            stake: StageTag::from_slug(stake).unwrap(),
                            hand_offs: hand_offs.parse().unwrap(),
                            tags: vec![words.text(tag)],
                        }
                    },
                )
                .collect(),
            next_cursor: Some(words.text("c2luY2U9MjAyNg")),
            is_later_page: true,
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            list: ComplaintList::Review,
            waiting: 0,
            to_review: 0,
            rows: Vec::new(),
            next_cursor: None,
            is_later_page: false,
            ..Self::sample(words)
        }
    }
}
