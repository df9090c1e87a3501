//! The list of customers.

use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::access::InBrand;
use crate::app::SharedApp;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::insight::{self, CustomerSummary};
use crate::kernel::cursor;
use crate::postgres;
use crate::stage::Stage;
use crate::view::dashboard::{CustomerRow, CustomersPage};
use crate::view::{StageTag, format};

/// Customers on one page.
const ROWS: usize = 50;

/// The longest search, in characters.
const SEARCH_CHARS_MAX: usize = 200;

#[derive(Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    q: String,
    stage: Option<String>,
    cursor: Option<String>,
}

/// `GET /dashboard/{brand}/customers?q=&stage=&cursor=`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let brand_id = within.brand.brand_id;
    let search: String = query.q.trim().chars().take(SEARCH_CHARS_MAX).collect();
    let stage = query.stage.as_deref().and_then(StageTag::from_slug);
    // A cursor that cannot be read begins the list again.
    let after = query.cursor.and_then(|text| cursor::decode(&text).ok());
    let limit = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let asked = stage.map(Stage::from);
    let mut found =
        insight::list_customers(&mut conn, brand_id, &search, asked, after, limit).await?;
    let has_customers = !found.is_empty() || insight::has_customers(&mut conn, brand_id).await?;
    drop(conn);
    let is_last = found.len() <= ROWS;
    found.truncate(ROWS);
    let next = found.last().filter(|_| !is_last);
    let now = app.clock.now();
    page(&CustomersPage {
        shell: within.shell(None),
        query: search,
        stage,
        next_cursor: next.map(|last| cursor::encode(&last.position())),
        rows: found.into_iter().map(|one| row(one, now)).collect(),
        is_later_page: after.is_some(),
        has_customers,
    })
}

fn row(customer: CustomerSummary, now: DateTime<Utc>) -> CustomerRow {
    let id = customer.profile_id.to_string();
    let mut called = [customer.name, customer.email, customer.alias]
        .into_iter()
        .flatten();
    CustomerRow {
        name: called.next().unwrap_or_else(|| id.clone()),
        contact: called.next().unwrap_or_default(),
        id,
        stage: tag(customer.stage),
        stage_since: format::day_of(customer.stage_since),
        last_seen: format::ago(customer.last_seen_at, now),
    }
}

/// The stage that is stored as `rank`, which the schema keeps between 0 and 3.
pub(super) fn tag(rank: i16) -> StageTag {
    let stage = u8::try_from(rank).ok().and_then(Stage::from_rank);
    StageTag::from(stage.unwrap_or_default())
}
