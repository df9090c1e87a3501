//! The end of a flow in which somebody signed in proved a second account of theirs.

use chrono::{DateTime, Utc};

use super::decide::Refusal;
use super::pending::{Asker, Pending};
use super::settle::Browser;
use super::{Flow, Unusable, store};
use crate::kernel::id::{BrandId, FlowId, ProfileId};
use crate::postgres::PgConnection;
use crate::session::Session;

impl Asker {
    /// Whether this browser still holds the very session that began the flow (A14).
    pub fn is_in(&self, session: Option<&Session>) -> bool {
        session.is_some_and(|session| {
            session.session_id == self.session_id && session.profile_id == self.profile_id
        })
    }

    /// Why the flow does not go on for them now, if it does not.
    pub(super) fn refusal(&self, browser: Browser<'_>, now: DateTime<Utc>) -> Option<Refusal> {
        if !self.is_in(browser.session) {
            return Some(Refusal::LinkSessionEnded);
        }
        let is_fresh = browser.session.is_some_and(|session| session.is_fresh(now));
        (!is_fresh).then_some(Refusal::LinkSessionStale)
    }
}

impl Flow {
    /// Who is asked whether two accounts become one, and the account they proved beside theirs.
    pub const fn asks_to_merge(&self) -> Option<(Asker, ProfileId)> {
        match &self.pending {
            Some(Pending::Merge { asker, other }) => Some((*asker, *other)),
            _ => None,
        }
    }
}

/// Ends a flow that asks whether two accounts become one, for whoever was asked and said yes: gives
/// the account that goes on, and the other. Both were proven within the life of the flow.
pub async fn take_merge(
    conn: &mut PgConnection,
    (brand_id, flow_id): (BrandId, FlowId),
    browser: Browser<'_>,
    now: DateTime<Utc>,
) -> Result<Result<(ProfileId, ProfileId), Refusal>, Unusable> {
    let found = store::lock_flow(conn, brand_id, flow_id).await?;
    let flow = found.ok_or(Unusable::Unknown)?;
    flow.check(Some(browser.secret), now)?;
    let (asker, other) = flow.asks_to_merge().ok_or(Unusable::Unknown)?;
    if !asker.is_in(browser.session) {
        return Ok(Err(Refusal::LinkSessionEnded));
    }
    store::update_finished(conn, brand_id, flow_id, now).await?;
    Ok(Ok((asker.profile_id, other)))
}
