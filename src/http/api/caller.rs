//! Who calls: the brand whose secret key comes along.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::kernel::id::{BrandId, KeyId};
use crate::key::{self, Kind, Presented};
use crate::postgres;

/// A holder of a secret key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// Whose key it is: all that the call may see.
    pub(super) brand_id: BrandId,
    /// Which key it is: what the record says of a change that the call makes.
    pub(super) key_id: KeyId,
}

impl FromRequestParts<SharedApp> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .ok_or_else(|| unauthorized("send a secret key: Authorization: Bearer bf_sec_…"))?;
        let unknown = || unauthorized("the key is not one of ours, or was revoked");
        let presented = presented_key(header).ok_or_else(unknown)?;
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let key = key::store::find_presented_key(&mut conn, &presented, app.clock.now())
            .await?
            .ok_or_else(unknown)?;
        match key.kind {
            Kind::Secret => Ok(Self {
                brand_id: key.brand_id,
                key_id: presented.key_id,
            }),
            Kind::Browser => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "secret_key_needed",
                "a browser key may only send events; this needs a secret key, on a server",
            )),
        }
    }
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
