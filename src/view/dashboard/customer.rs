//! One customer: where they stand, why, and how they came there.

use askama::Template;

use super::brought::BroughtCard;
use super::contact::ContactCard;
use super::customer_parts::{AliasRow, ConsentRow, Direction, IdentityRow, TimelineEntry};
use super::value::ValueCard;
use super::why_here::WhyHere;
use super::{AccountCard, Shell, TurnsCard};
use crate::view::StageTag;

/// `/dashboard/{brand}/customers/{profile_id}`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/customer.html")]
pub struct CustomerPage {
    /// The frame.
    pub shell: Shell,
    /// The profile's id, such as `prf_…`.
    pub id: String,
    /// Their name; their address, or their id, where they gave none.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// Their stage.
    pub stage: StageTag,
    /// The day the stage began, as in `3 Mar 2026`.
    pub stage_since: String,
    /// The day they became known, as in `14 Sep 2025`.
    pub customer_since: String,
    /// When they were last seen, as in `3 minutes ago`.
    pub last_seen: String,
    /// States beside the stage, as in `Strained` or `Second chance`.
    pub conditions: Vec<String>,
    /// Why they are where they are; none until the first event has been judged.
    pub why: Option<WhyHere>,
    /// Turns and layers; none where there is nothing of either.
    pub turns: Option<TurnsCard>,
    /// What their orders say of them.
    pub value: ValueCard,
    /// What happened, newest first.
    pub timeline: Vec<TimelineEntry>,
    /// Where the next, older part of the timeline starts; none where all is shown.
    pub older_cursor: Option<String>,
    /// What signs them in.
    pub identities: Vec<IdentityRow>,
    /// What events call them.
    pub aliases: Vec<AliasRow>,
    /// What they allow.
    pub consents: Vec<ConsentRow>,
    /// Who brought them, whom they brought, and the parts they play.
    pub brought: BroughtCard,
    /// Whether they may be written to.
    pub contact: ContactCard,
    /// What can be done to their account.
    pub account: AccountCard,
}

/// An entry of the timeline with what its neighbours say about it.
struct Placed<'page> {
    entry: &'page TimelineEntry,
    /// Whether it is the first entry of its day.
    starts_day: bool,
}

impl CustomerPage {
    /// Where an act on the account posts to.
    fn act_href(&self, act: &str) -> String {
        use crate::view::format::path_segment;

        let id = path_segment(&self.id);
        self.shell.href(&format!("customers/{id}/{act}"))
    }

    fn letter(&self) -> char {
        crate::view::provider::first_letter(&self.name)
    }

    fn placed_timeline(&self) -> impl Iterator<Item = Placed<'_>> {
        let days_before =
            std::iter::once(None).chain(self.timeline.iter().map(|entry| Some(entry.day.as_str())));
        self.timeline
            .iter()
            .zip(days_before)
            .map(|(entry, day_before)| Placed {
                entry,
                starts_day: day_before != Some(entry.day.as_str()),
            })
    }

    fn older_href(&self) -> Option<String> {
        use crate::view::format::path_segment;

        let cursor = self.older_cursor.as_deref()?;
        Some(format!(
            "{}/{}?cursor={}",
            self.shell.href("customers"),
            path_segment(&self.id),
            path_segment(cursor)
        ))
    }
}
