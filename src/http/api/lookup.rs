//! `GET /api/v1/profiles?user_id=…`: profiles by what they are called elsewhere.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::caller::ProfilesRead;
use super::page::{self, Query};
use super::{Caller, profile};
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::insight::{self, Customer};
use crate::kernel::EmailAddress;
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};

/// What profiles are looked up by; exactly one of them.
const KEYS: [&str; 3] = ["user_id", "anonymous_id", "email"];

pub(super) async fn list(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &KEYS)?;
    let limit = query.limit()?;
    let after = query.cursor::<ProfileId>()?;
    let given: Vec<_> = KEYS
        .iter()
        .filter(|key| query.value(key).is_some())
        .collect();
    let [key] = given.as_slice() else {
        let detail = "give exactly one of user_id, anonymous_id and email";
        return Err(page::fault("user_id", "one_key_needed", detail));
    };
    let value = query.value(key).unwrap_or_default();
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let ids = find(&mut conn, caller.brand_id, key, value, after, limit + 1).await?;
    let mut customers: Vec<Customer> = Vec::with_capacity(ids.len());
    for id in ids {
        customers.extend(insight::find_customer(&mut conn, caller.brand_id, id).await?);
    }
    let position = |customer: &Customer| customer.profile.profile_id;
    let shown = (position, profile::in_json);
    Ok(page::answer(&uri, "profiles", customers, limit, shown))
}

async fn find(
    conn: &mut PgConnection,
    brand_id: BrandId,
    key: &str,
    value: &str,
    after: Option<ProfileId>,
    limit: i64,
) -> Result<Vec<ProfileId>, Problem> {
    let kind = match key {
        "user_id" => "user",
        "anonymous_id" => "anonymous",
        _ => {
            let address = EmailAddress::parse(value)
                .map_err(|error| page::fault("email", "not_an_address", &error.to_string()))?;
            let address = address.as_str();
            return Ok(
                insight::list_profiles_by_email(conn, brand_id, address, after, limit).await?,
            );
        }
    };
    let found = insight::find_profile_by_alias(conn, brand_id, kind, value).await?;
    // An alias names one profile, so whatever follows a place is nothing.
    Ok(found.filter(|_| after.is_none()).into_iter().collect())
}
