//! Who complains: the oldest first, with the clock and what is at stake.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::access::InBrand;
use crate::app::SharedApp;
use crate::http::complaints::{self, Case};
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::insight::{self, ComplaintKind};
use crate::kernel::cursor;
use crate::kernel::id::ProfileId;
use crate::postgres;
use crate::stage::{Dispute, DisputeStatus};
use crate::view::dashboard::{ComplaintList, ComplaintRow, ComplaintsPage};
use crate::view::{StageTag, format};

/// Customers on one page.
const CUSTOMERS: i64 = 50;
/// With less time than this a complaint is marked as urgent.
const URGENT: TimeDelta = TimeDelta::days(2);

#[derive(Deserialize)]
pub(super) struct Shown {
    show: Option<String>,
    cursor: Option<String>,
}

/// `GET /dashboard/{brand}/complaints?show=&cursor=`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let (brand_id, now) = (within.brand.brand_id, app.clock.now());
    let list = query.show.as_deref().and_then(ComplaintList::from_slug);
    let list = list.unwrap_or(ComplaintList::Waiting);
    let after = query.cursor.and_then(|text| cursor::decode(&text).ok());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (waiting, to_review) = insight::count_complainants(&mut conn, brand_id, now).await?;
    let (mut cases, properties) =
        complaints::list(&app, &mut conn, brand_id, kind(list), after, CUSTOMERS).await?;
    let is_last = i64::try_from(cases.len()).unwrap_or(i64::MAX) <= CUSTOMERS;
    cases.truncate(usize::try_from(CUSTOMERS).unwrap_or(usize::MAX));
    let next = cases.last().filter(|_| !is_last);
    let ids: Vec<Uuid> = cases
        .iter()
        .map(|case| case.listed.profile_id.uuid())
        .collect();
    let names = insight::list_names(&mut conn, brand_id, &ids).await?;
    page(&ComplaintsPage {
        shell: within.shell(None),
        list,
        waiting: u64::try_from(waiting).unwrap_or(0),
        to_review: u64::try_from(to_review).unwrap_or(0),
        next_cursor: next.map(|case| cursor::encode(&case.listed.position())),
        is_later_page: after.is_some(),
        rows: rows(&cases, &names, &properties, now),
    })
}

const fn kind(list: ComplaintList) -> ComplaintKind {
    match list {
        ComplaintList::Waiting => ComplaintKind::Open,
        ComplaintList::Review => ComplaintKind::Review,
        ComplaintList::MadeGood => ComplaintKind::MadeGood,
    }
}

fn rows(
    cases: &[Case],
    names: &HashMap<ProfileId, String>,
    properties: &HashMap<String, Value>,
    now: DateTime<Utc>,
) -> Vec<ComplaintRow> {
    let of_case = |case: &Case| -> Vec<ComplaintRow> {
        let id = case.listed.profile_id;
        let name = names.get(&id).cloned().unwrap_or_else(|| id.to_string());
        let needs_review = case.current.standing.needs_review;
        let row = |dispute: &Dispute| {
            let said = properties.get(&dispute.message_id);
            ComplaintRow {
                profile_id: id.to_string(),
                name: name.clone(),
                about: said.and_then(complaints::subject).unwrap_or_default(),
                tags: tags(dispute, needs_review),
                ..of_dispute(dispute, now)
            }
        };
        case.disputes.iter().map(row).collect()
    };
    cases.iter().flat_map(of_case).collect()
}

fn of_dispute(dispute: &Dispute, now: DateTime<Utc>) -> ComplaintRow {
    let waits_for_brand = matches!(
        dispute.status,
        DisputeStatus::Open | DisputeStatus::Acknowledged | DisputeStatus::SecondChance
    );
    let left = dispute.due.map(|due| due - now);
    ComplaintRow {
        profile_id: String::new(),
        name: String::new(),
        about: String::new(),
        status: status(dispute.status).to_owned(),
        opened: format::day_of(dispute.opened_at),
        clock: if waits_for_brand {
            let days = (now - dispute.opened_at).num_days().max(0);
            format!("{days} of {} days", dispute.clock_days)
        } else {
            String::new()
        },
        next: dispute
            .due
            .map_or_else(String::new, |due| next(dispute.status, due)),
        is_urgent: waits_for_brand
            && (dispute.status == DisputeStatus::SecondChance
                || left.is_some_and(|left| left < URGENT)),
        stake: StageTag::from(dispute.stage_at_stake),
        hand_offs: dispute.hand_offs,
        tags: Vec::new(),
    }
}

const fn status(status: DisputeStatus) -> &'static str {
    match status {
        DisputeStatus::Open => "Open",
        DisputeStatus::Acknowledged => "Acknowledged",
        DisputeStatus::SecondChance => "Second chance",
        DisputeStatus::RemedyProposed => "Remedy proposed",
        DisputeStatus::Resolved => "Settled",
        DisputeStatus::Closed => "Closed",
        DisputeStatus::Withdrawn => "Withdrawn",
        DisputeStatus::Breached => "Ran out",
    }
}

/// What happens by itself, and when.
fn next(status: DisputeStatus, due: DateTime<Utc>) -> String {
    let day = format::day_of(due);
    match status {
        DisputeStatus::Open | DisputeStatus::Acknowledged | DisputeStatus::SecondChance => {
            format!("Runs out on {day}")
        }
        DisputeStatus::RemedyProposed => format!("Settled on {day} by silence"),
        DisputeStatus::Resolved => format!("Closes on {day}"),
        DisputeStatus::Closed | DisputeStatus::Withdrawn | DisputeStatus::Breached => String::new(),
    }
}

fn tags(dispute: &Dispute, needs_review: bool) -> Vec<String> {
    [
        dispute.public.then_some("Public"),
        dispute.breached_at.is_some().then_some("Ran out once"),
        dispute.made_good.then_some("Made good"),
        dispute.damped.then_some("Weighs less"),
        needs_review.then_some("To be looked at"),
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .collect()
}
