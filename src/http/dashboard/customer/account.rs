//! What staff do to a customer's account: join another to it, take a join back, have it forgotten.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::account::{erasure, merge};
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::http::account::change;
use crate::http::dashboard::access::InBrand;
use crate::http::extract::PageForm;
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::kernel::id::{BrandId, MergeId, ProfileId};
use crate::postgres::{self, PgConnection};
use crate::profile;
use crate::view::dashboard::{AccountCard, JoinedRow};
use crate::view::format::day_of;

/// The card of the page.
pub(super) async fn card(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    now: DateTime<Utc>,
) -> Result<AccountCard, postgres::Error> {
    let mut joined = Vec::new();
    for merge in merge::list_undoable(conn, brand_id, profile_id, now).await? {
        let found = profile::store::find_profile(conn, brand_id, merge.merged_id).await?;
        let id = merge.merged_id.to_string();
        joined.push(JoinedRow {
            merge_id: merge.merge_id.to_string(),
            name: found.and_then(|profile| profile.name()).unwrap_or(id),
            on: day_of(merge.merged_at),
            until: day_of(merge.undo_until),
        });
    }
    let erasure = erasure::find_under_way(conn, brand_id, profile_id).await?;
    Ok(AccountCard {
        joined,
        erased_on: erasure.map(|erasure| day_of(erasure.due_at)),
    })
}

#[derive(Deserialize)]
pub(in crate::http::dashboard) struct Other {
    other: String,
    reason: String,
}

/// The profile that the path names; one that is not the brand's own is as if it were not there.
fn named(id: &str) -> Result<ProfileId, PageError> {
    id.parse().map_err(|_| PageError::not_found())
}

fn back(within: &InBrand, id: ProfileId) -> Response {
    go_to(&within.path(&format!("customers/{id}")))
}

/// `POST /dashboard/{brand}/customers/{id}/merge`
pub(in crate::http::dashboard) async fn merge(
    State(app): State<SharedApp>,
    within: InBrand,
    headers: HeaderMap,
    Path((_, id)): Path<(String, String)>,
    PageForm(form): PageForm<Other>,
) -> Result<Response, PageError> {
    let kept = named(&id)?;
    let other = form.other.trim().parse().map_err(|_| {
        PageError::new(
            axum::http::StatusCode::BAD_REQUEST,
            "That is no customer's id",
            "Nothing was joined. Copy the id from the other customer's page: it begins with prf_.",
        )
    })?;
    let actor = Actor::Staff(within.staff.session.staff_id);
    let change = change(&app, &within.brand, actor, &headers);
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        merge::merge(conn, &change, kept, other, &form.reason).await
    })
    .await?;
    app.projector.wake().poke();
    Ok(back(&within, kept))
}

#[derive(Deserialize)]
pub(in crate::http::dashboard) struct Which {
    merge: String,
}

/// `POST /dashboard/{brand}/customers/{id}/part`
pub(in crate::http::dashboard) async fn part(
    State(app): State<SharedApp>,
    within: InBrand,
    headers: HeaderMap,
    Path((_, id)): Path<(String, String)>,
    PageForm(form): PageForm<Which>,
) -> Result<Response, PageError> {
    let kept = named(&id)?;
    let merge_id: MergeId = form.merge.parse().map_err(|_| PageError::not_found())?;
    let actor = Actor::Staff(within.staff.session.staff_id);
    let change = change(&app, &within.brand, actor, &headers);
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let brand_id = within.brand.brand_id;
        let found = merge::list_undoable(conn, brand_id, kept, change.at).await?;
        let found = found.into_iter().find(|one| one.merge_id == merge_id);
        let merge = found.ok_or(merge::Error::Unknown)?;
        merge::part(conn, &change, &merge, merge::By::Other).await
    })
    .await?;
    app.projector.wake().poke();
    Ok(back(&within, kept))
}

/// `POST /dashboard/{brand}/customers/{id}/forget`
pub(in crate::http::dashboard) async fn forget(
    State(app): State<SharedApp>,
    within: InBrand,
    headers: HeaderMap,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let id = named(&id)?;
    let actor = Actor::Staff(within.staff.session.staff_id);
    let change = change(&app, &within.brand, actor, &headers);
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        erasure::request(conn, &change, id).await
    })
    .await?;
    Ok(back(&within, id))
}

/// `POST /dashboard/{brand}/customers/{id}/keep`
pub(in crate::http::dashboard) async fn keep(
    State(app): State<SharedApp>,
    within: InBrand,
    headers: HeaderMap,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let id = named(&id)?;
    let actor = Actor::Staff(within.staff.session.staff_id);
    let change = change(&app, &within.brand, actor, &headers);
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let found = erasure::find_under_way(conn, within.brand.brand_id, id).await?;
        let erasure = found.ok_or(erasure::Error::Unknown)?;
        erasure::undo(conn, &change, &erasure).await
    })
    .await?;
    Ok(back(&within, id))
}
