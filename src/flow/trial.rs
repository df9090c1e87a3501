//! Trying a connection out: a whole round trip through its provider, after which nobody is let in and
//! nothing is made. What came of it is kept with the flow, for the member of staff who tried, and is
//! gone with it.

use chrono::{DateTime, Utc};

use super::pending::{Pending, Verdict};
use super::{Flow, NewFlow, begin_with, store};
use crate::kernel::id::{BrandId, ConnectionId, FlowId, StaffId};
use crate::kernel::{Clock, Entropy};
use crate::postgres::{Error, PgConnection};

/// Begins a trial.
pub async fn begin_trial(
    conn: &mut PgConnection,
    new: NewFlow<'_>,
    staff_id: StaffId,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<FlowId, Error> {
    let pending = Pending::Trial { staff_id };
    begin_with(conn, new, (Some(pending), None), clock, entropy).await
}

/// Who tries a connection out in this flow, if somebody does.
pub fn trial_of(flow: &Flow) -> Option<StaffId> {
    match &flow.pending {
        Some(Pending::Trial { staff_id }) => Some(*staff_id),
        _ => None,
    }
}

/// Keeps what came of a trial.
pub async fn keep_verdict(
    conn: &mut PgConnection,
    flow: &Flow,
    staff_id: StaffId,
    connection_id: ConnectionId,
    verdict: Verdict,
) -> Result<(), Error> {
    let pending = Pending::Tried {
        staff_id,
        connection_id,
        verdict,
    };
    store::update_pending(conn, flow.brand_id, flow.flow_id, Some(&pending)).await
}

/// What came of a trial of this connection, for whoever tried it, while the flow lives.
pub async fn find_verdict(
    conn: &mut PgConnection,
    (brand_id, connection_id): (BrandId, ConnectionId),
    flow_id: FlowId,
    staff_id: StaffId,
    now: DateTime<Utc>,
) -> Result<Option<Verdict>, Error> {
    let found = store::find_flow(conn, flow_id).await?;
    let flow = found.filter(|flow| flow.brand_id == brand_id && flow.expires_at > now);
    Ok(match flow.and_then(|flow| flow.pending) {
        Some(Pending::Tried {
            staff_id: whose,
            connection_id: which,
            verdict,
        }) if whose == staff_id && which == connection_id => Some(verdict),
        _ => None,
    })
}
