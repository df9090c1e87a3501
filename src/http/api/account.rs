//! Joining two profiles, taking them apart, and forgetting somebody: what a brand's own staff do
//! through its systems. Every call says why, and is on the record with the key that made it.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::ProfilesWrite;
use super::{Caller, customer};
use crate::account::{erasure, merge};
use crate::app::{App, SharedApp};
use crate::audit::Actor;
use crate::brand::{self, Brand};
use crate::http::account::change;
use crate::http::problem::Problem;
use crate::kernel::id::{BrandId, MergeId, ProfileId};
use crate::postgres::{self, PgConnection};

/// Who is joined into the profile of the path, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Joined {
    profile_id: ProfileId,
    reason: String,
}

/// Which merge is undone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parted {
    merge_id: MergeId,
}

fn read<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    let Json(body) = body.map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_body", error.body_text())
    })?;
    Ok(body)
}

async fn brand_of(app: &App, brand_id: BrandId) -> Result<Brand, Problem> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = brand::store::find_brand(&mut conn, brand_id).await?;
    found.ok_or_else(|| Problem::not_found("brand"))
}

/// `POST /api/v1/profiles/{id}/merge`: joins another profile into this one.
pub(super) async fn merge(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesWrite>,
    headers: HeaderMap,
    id: Path<String>,
    body: Result<Json<Joined>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let body = read(body)?;
    let brand = brand_of(&app, caller.brand_id).await?;
    let change = change(&app, &brand, Actor::Key(caller.key_id), &headers);
    let done = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let customer = customer(conn, brand.brand_id, &id).await?;
        let kept = customer.profile.profile_id;
        let done = merge::merge(conn, &change, kept, body.profile_id, &body.reason).await?;
        Ok::<_, Problem>(done)
    })
    .await?;
    app.projector.wake().poke();
    Ok(Json(json!({
        "merge_id": done.merge_id,
        "profile_id": done.survivor_id,
        "merged_profile_id": done.merged_id,
        "merged_at": done.merged_at,
        "undo_until": done.undo_until,
    })))
}

/// `POST /api/v1/profiles/{id}/unmerge`: takes a merge back.
pub(super) async fn unmerge(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesWrite>,
    headers: HeaderMap,
    id: Path<String>,
    body: Result<Json<Parted>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let body = read(body)?;
    let brand = brand_of(&app, caller.brand_id).await?;
    let change = change(&app, &brand, Actor::Key(caller.key_id), &headers);
    let parted = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let brand_id = brand.brand_id;
        let customer = customer(conn, brand_id, &id).await?;
        let kept = customer.profile.profile_id;
        let found = merge::list_undoable(conn, brand_id, kept, change.at).await?;
        let found = found.into_iter().find(|one| one.merge_id == body.merge_id);
        let merge = found.ok_or_else(|| Problem::not_found("merge that can still be undone"))?;
        merge::part(conn, &change, &merge, merge::By::Other).await?;
        Ok::<_, Problem>(json!({
            "profile_id": kept,
            "parted_profile_id": merge.merged_id,
        }))
    })
    .await?;
    app.projector.wake().poke();
    Ok(Json(parted))
}

/// `POST /api/v1/profiles/{id}/erase`: has somebody forgotten in two weeks. They are told, and can
/// take it back.
pub(super) async fn erase(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesWrite>,
    headers: HeaderMap,
    id: Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let brand = brand_of(&app, caller.brand_id).await?;
    let change = change(&app, &brand, Actor::Key(caller.key_id), &headers);
    let erasure = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let customer = customer(conn, brand.brand_id, &id).await?;
        let erasure = erasure::request(conn, &change, customer.profile.profile_id).await?;
        Ok::<_, Problem>(erasure)
    })
    .await?;
    let told = json!({
        "profile_id": erasure.profile_id,
        "requested_at": erasure.requested_at,
        "due_at": erasure.due_at,
    });
    Ok((StatusCode::ACCEPTED, Json(told)))
}

impl From<merge::Error> for Problem {
    fn from(error: merge::Error) -> Self {
        let code = match &error {
            merge::Error::Same => "same_profile",
            merge::Error::NotActive => "not_active",
            merge::Error::Erasing => "about_to_be_erased",
            merge::Error::LastWay => "last_way_in",
            merge::Error::Unknown => return Self::not_found("merge that can still be undone"),
            merge::Error::NoReason => {
                let detail = error.to_string();
                return Self::new(StatusCode::UNPROCESSABLE_ENTITY, "reason_missing", detail);
            }
            merge::Error::Postgres(_) => {
                let merge::Error::Postgres(error) = error else {
                    return Self::internal(&error);
                };
                return error.into();
            }
        };
        Self::new(StatusCode::CONFLICT, code, error.to_string())
    }
}

impl From<erasure::Error> for Problem {
    fn from(error: erasure::Error) -> Self {
        match error {
            erasure::Error::NotActive | erasure::Error::Unknown => Self::not_found("profile"),
            erasure::Error::TooOften => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_often",
                "it was asked for and taken back too often today: try again tomorrow",
            ),
            erasure::Error::Postgres(error) => error.into(),
        }
    }
}
