//! Who brought whom.
//!
//! Owns the tables `referral_link`, `referral_claim`, `referral_mark`, `referral_credit` and
//! `referral_figures`: what events say of it (`trace.rs`), which claims are believed (`judge.rs`),
//! what follows for those who brought somebody ([`settle()`]), the parts people play ([`roles`]), and how
//! far word of mouth carries ([`Figures`]). Never computes a score or a stage, and never queues a
//! profile: it says who must be looked at again, and the projector does so.
//!
//! Every row is a function of stored events and of who is merged into whom. An edge is judged only by
//! older ones, and followed only to older ones, so that there are no cycles and every change settles
//! after finitely many looks.
//!
//! Start with [`settle()`].

mod again_store;
mod check_store;
mod figures_store;
mod judge;
pub mod roles;
mod settle;
mod store;
mod trace;

use chrono::{DateTime, Utc};

pub use check_store::list_referees;
pub use figures_store::{Figures, WINDOW_DAYS, find_figures, list_stale, refresh_figures};
pub use judge::Refusal;
pub use settle::{Again, Subject, list_unread, list_unsettled, settle};
pub use store::{forget, list_credits};
pub use trace::{Seen, Traces, events_read_closely, marks};

/// The event by which a fold is told of a credit.
pub const CONVERTED: &str = "Referral Converted";
/// The event by which a fold is told that a credit was taken back.
pub const CLAWED_BACK: &str = "Referral Clawed Back";
/// Who says so: it stands beside the senders of events.
pub const SOURCE: &str = "befriend";

/// Something earned by bringing somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Who earned it.
    pub referrer_id: crate::kernel::id::ProfileId,
    /// Who came.
    pub referee_id: crate::kernel::id::ProfileId,
    /// What the brand's own events call them, so that neither counts beside the other.
    pub referee_key: String,
    /// How many generations away they are: 1 for somebody brought in person.
    pub hop: i16,
    /// When they became a customer.
    pub converted_at: DateTime<Utc>,
    /// When that was taken back.
    pub clawed_back_at: Option<DateTime<Utc>>,
}
