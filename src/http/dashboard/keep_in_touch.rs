//! Who is close and has not heard from the brand for long.

use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::access::InBrand;
use super::customers::tag;
use crate::app::SharedApp;
use crate::contact::{self, Unheard};
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::kernel::cursor;
use crate::postgres;
use crate::stage::explain::plural_of;
use crate::view::dashboard::{KeepInTouchPage, KeepInTouchRow};
use crate::view::format;

/// Customers on one page.
const ROWS: usize = 50;

#[derive(Deserialize)]
pub(super) struct Shown {
    cursor: Option<String>,
}

/// `GET /dashboard/{brand}/keep-in-touch?cursor=`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let (brand_id, now) = (within.brand.brand_id, app.clock.now());
    // A cursor that cannot be read begins the list again.
    let after = query.cursor.and_then(|text| cursor::decode(&text).ok());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let rules = app.projector.rules_in_force(&mut conn, brand_id).await?;
    let floor = rules.rules.set().contact.keep_in_touch;
    let cutoff = now - TimeDelta::days(i64::from(floor.after_days));
    let rank = i16::from(floor.from.rank());
    let limit = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
    let mut people =
        contact::store::list_unheard(&mut conn, brand_id, rank, cutoff, after, limit).await?;
    drop(conn);
    let is_last = people.len() <= ROWS;
    people.truncate(ROWS);
    let next = people.last().filter(|_| !is_last).map(Unheard::position);
    page(&KeepInTouchPage {
        shell: within.shell(None),
        who: plural_of(&rules.rules, floor.from),
        after: format::plural(u64::from(floor.after_days), "day", "days"),
        rows: people.into_iter().map(|one| row(one, now)).collect(),
        next_cursor: next.map(|place| cursor::encode(&place)),
        is_later_page: after.is_some(),
    })
}

fn row(person: Unheard, now: DateTime<Utc>) -> KeepInTouchRow {
    let id = person.profile_id.to_string();
    KeepInTouchRow {
        name: person.name.unwrap_or_else(|| id.clone()),
        id,
        stage: tag(person.stage),
        stage_since: format::day_of(person.stage_since),
        last_contact: person
            .last_contact_at
            .map_or_else(|| "Never".to_owned(), |at| format::ago(at, now)),
        last_seen: format::ago(person.last_seen_at, now),
    }
}
