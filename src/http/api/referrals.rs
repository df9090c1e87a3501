//! `GET /api/v1/profiles/{id}/referrals`: who brought somebody, whom they brought, and the parts they
//! play.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::caller::ProfilesRead;
use super::{Caller, customer};
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::insight::{self, Introduction};
use crate::kernel::id::ProfileId;
use crate::postgres;

/// People brought in that are listed, the latest first.
const BROUGHT_MAX: i64 = 200;

pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    id: Path<String>,
) -> Result<Json<Value>, Problem> {
    let brand_id = caller.brand_id;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, brand_id, &id).await?;
    let id = customer.profile.profile_id;
    let rules = app.projector.rules_in_force(&mut conn, brand_id).await?;
    let came = insight::find_introduction(&mut conn, brand_id, id).await?;
    let brought = insight::list_introductions(&mut conn, brand_id, id, BROUGHT_MAX).await?;
    let (reach, roles) = insight::find_roles(&mut conn, brand_id, id, &rules.rules).await?;
    Ok(Json(json!({
        "profile_id": id,
        "brought_by": came.map(|one| in_json(&one, one.referrer_id)),
        "brought_in": brought
            .iter()
            .map(|one| in_json(one, one.referee_id))
            .collect::<Vec<_>>(),
        "reach": reach,
        "roles": roles,
    })))
}

/// An introduction, as seen from the other side of it.
fn in_json(one: &Introduction, other: ProfileId) -> Value {
    json!({
        "profile_id": other,
        "at": one.at,
        "channel": one.channel,
        "code": one.code,
        "link_message_id": one.link_message_id,
        "converted_at": one.converted_at,
        "clawed_back_at": one.clawed_back_at,
    })
}
