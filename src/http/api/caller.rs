//! Who calls: the brand whose secret key comes along, and whether the key may do this.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::SharedApp;
use crate::http::address;
use crate::http::problem::Problem;
use crate::kernel::id::{BrandId, KeyId};
use crate::key::{self, Key, Kind, Presented, Scope};
use crate::postgres;

/// What a route asks of a key. Every route names its scope in the type of its caller, so that none can
/// forget to.
pub(super) trait Needs {
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($name:ident),+) => {$(
        #[doc = concat!("Routes that need `Scope::", stringify!($name), "`.")]
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $name;

        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

needs!(
    EventsWrite,
    ProfilesRead,
    ProfilesWrite,
    ContactRead,
    ContactWrite,
    DisputesRead,
    RulesRead,
    RulesWrite
);

/// A holder of a secret key that has the scope that the route needs, and quota left.
#[derive(Clone, Debug)]
pub(super) struct Caller<N> {
    /// Whose key it is: all that the call may see.
    pub(super) brand_id: BrandId,
    /// Which key it is: what the record says of a change that the call makes.
    pub(super) key_id: KeyId,
    /// What the key may do.
    pub(super) key: Key,
    needs: PhantomData<N>,
}

impl<N: Needs> FromRequestParts<SharedApp> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let now = app.clock.now();
        let address::Caller(network) = address::Caller::from_request_parts(parts, app)
            .await
            .unwrap_or_else(|never| match never {});
        // Who tries keys pays for each; a key that is one answers for its own.
        let paid = app.quotas.take_of_address(network, 1, now);
        let key = match paid {
            Ok(()) => key_of(parts, app).await?,
            // Neighbours in debt cost a secret key nothing but its turn.
            Err(spent) => {
                let _turn = app.quotas.turn_of_debtor().await;
                let found = key_of(parts, app).await;
                found.map_err(|problem| match problem.status {
                    StatusCode::UNAUTHORIZED => Problem::quota(spent, now),
                    _ => problem,
                })?
            }
        };
        if key.kind == Kind::Browser {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "secret_key_needed",
                "a browser key may only send events; this needs a secret key, on a server",
            ));
        }
        if paid.is_ok() {
            app.quotas.give_back_to_address(network, 1);
        }
        require(&key, N::SCOPE)?;
        app.quotas
            .take_of_key(&key, 1, now)
            .map_err(|spent| Problem::quota(spent, now))?;
        Ok(Self {
            brand_id: key.brand_id,
            key_id: key.key_id,
            key,
            needs: PhantomData,
        })
    }
}

/// Refuses a key that lacks `scope`, and names it.
pub(super) fn require(key: &Key, scope: Scope) -> Result<(), Problem> {
    if key.may(scope) {
        return Ok(());
    }
    let scope = scope.as_str();
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "scope_missing",
        format!("this key lacks the scope {scope}: give it to the key, or use another"),
    ))
}

async fn key_of(parts: &Parts, app: &SharedApp) -> Result<Key, Problem> {
    let header = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| unauthorized("send a secret key: Authorization: Bearer bf_sec_…"))?;
    let unknown = || unauthorized("the key is not one of ours, or was revoked");
    let presented = presented_key(header).ok_or_else(unknown)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    key::store::find_presented_key(&mut conn, &presented, app.clock.now())
        .await?
        .ok_or_else(unknown)
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}

/// The key in an `Authorization` header: as a bearer token, or as the user of Basic with an empty
/// password.
fn presented_key(header: &str) -> Option<Presented> {
    let (scheme, credentials) = header.split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Presented::parse(credentials);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (user, password) = text.split_once(':').unwrap_or((&text, ""));
    password
        .is_empty()
        .then(|| Presented::parse(user))
        .flatten()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::kernel::Entropy;

    #[test]
    fn a_key_comes_as_a_bearer_or_as_a_user_without_a_password() {
        let entropy = Entropy::seeded(1);
        let id = KeyId::new(DateTime::UNIX_EPOCH, &entropy);
        let key = Presented::generate(Kind::Secret, id, &entropy).expose();
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));

        for good in [
            format!("Bearer {key}"),
            format!("bearer  {key}"),
            basic(&key),
            basic(&format!("{key}:")),
        ] {
            let found = presented_key(&good).map(|found| found.key_id);
            assert_eq!(found, Some(id), "{good}");
        }
        for bad in [
            key.clone(),
            format!("Digest {key}"),
            basic(&format!("{key}:secret")),
            basic(&format!(":{key}")),
            "Basic !!".to_owned(),
            "Bearer ".to_owned(),
            String::new(),
        ] {
            assert!(presented_key(&bad).is_none(), "{bad}");
        }
    }
}
