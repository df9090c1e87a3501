//! Customers with complaints, brought forward to this very moment: for the API and the dashboard.

use std::collections::HashMap;

use serde_json::Value;

use crate::app::App;
use crate::insight::{self, Complainant, ComplaintKind, ComplaintPosition};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::PgConnection;
use crate::projection::{self, Current};
use crate::stage::Dispute;

/// A customer with complaints.
pub(super) struct Case {
    pub(super) listed: Complainant,
    pub(super) current: Current,
    /// Of the kind asked for, oldest first.
    pub(super) disputes: Vec<Dispute>,
}

/// A page of customers with complaints of a kind, one more than `limit` if there is a next page;
/// and the properties of the events that opened what is shown.
pub(super) async fn list(
    app: &App,
    conn: &mut PgConnection,
    brand_id: BrandId,
    kind: ComplaintKind,
    after: Option<ComplaintPosition>,
    limit: i64,
) -> Result<(Vec<Case>, HashMap<String, Value>), projection::Error> {
    let now = app.clock.now();
    let listed = insight::list_complainants(conn, brand_id, kind, now, after, limit + 1).await?;
    let mut cases = Vec::with_capacity(listed.len());
    for listed in listed {
        let id: ProfileId = listed.profile_id;
        let current = app.projector.current(conn, brand_id, id).await?;
        let mut disputes = current.state.disputes(&current.rules.rules, current.at);
        disputes.retain(|dispute| match kind {
            ComplaintKind::Open => dispute.status.is_open(),
            ComplaintKind::Review => true,
            ComplaintKind::MadeGood => dispute.made_good,
        });
        cases.push(Case {
            listed,
            current,
            disputes,
        });
    }
    let shown = cases.iter().flat_map(|case| &case.disputes);
    let messages: Vec<String> = shown.map(|dispute| dispute.message_id.clone()).collect();
    let properties = insight::list_properties(conn, brand_id, &messages).await?;
    Ok((cases, properties))
}

/// What a complaint is about, as its sender said; none if they did not.
pub(super) fn subject(properties: &Value) -> Option<String> {
    let said = ["about", "subject", "reason", "title"].into_iter();
    let texts = said.filter_map(|name| properties.get(name).and_then(Value::as_str));
    texts
        .map(str::trim)
        .find(|text| !text.is_empty())
        .map(str::to_owned)
}
