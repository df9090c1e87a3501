//! Which key a request brings, in every form that SDKs send it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tokio::time::Instant;
use url::form_urlencoded;

use super::answer::Refusal;
use crate::app::App;
use crate::kernel::Secret;
use crate::kernel::id::KeyId;
use crate::key::{Key, Kind, Presented, store};

/// How long a key that was found is taken as found: revoking one acts within it.
const FOUND_FOR: Duration = Duration::from_millis(500);
/// The most keys that are remembered.
const KEYS_MAX: usize = 10_000;

/// Base64 with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the `Authorization` header brings.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    /// A key.
    pub(super) key: Option<Presented>,
    /// Some other bearer token: it may prove who is signed in; the key stands in the body then.
    pub(super) token: Option<Secret>,
}

/// Reads the `Authorization` header. What claims to be a key and is none is refused.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Credentials, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(Credentials::default());
    };
    let text = value.to_str().map_err(|_| Refusal::key_unknown())?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("basic") {
        let key = basic_user(rest)
            .and_then(|user| Presented::parse(&user))
            .ok_or_else(Refusal::key_unknown)?;
        return Ok(Credentials {
            key: Some(key),
            token: None,
        });
    }
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        return match Presented::parse(rest) {
            None if rest.starts_with("bf_") => Err(Refusal::key_unknown()),
            None => Ok(Credentials {
                key: None,
                token: Some(Secret::new(rest)),
            }),
            key => Ok(Credentials { key, token: None }),
        };
    }
    Err(Refusal::key_unknown())
}

/// The user name of Basic authorization, whose colon some senders leave out.
fn basic_user(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    let user = decoded
        .split_once(':')
        .map_or(decoded.as_str(), |(user, _)| user);
    Some(user.to_owned())
}

/// The key that a query brings.
pub(super) fn in_query(query: Option<&str>) -> Option<String> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(name, _)| name == "writeKey")
        .map(|(_, text)| text.into_owned())
}

/// Keys that were found in the last moment.
#[derive(Default)]
pub(super) struct Keys {
    found: Mutex<HashMap<KeyId, Found>>,
    /// One lookup at a time of all keys that share a place: when a key is to be looked up again, one
    /// of the many requests that bring it does so, and unknown keys cannot take every connection.
    turns: [tokio::sync::Mutex<()>; LOOKUPS_MAX],
}

/// Lookups under way at once, far fewer than there are connections.
const LOOKUPS_MAX: usize = 4;

struct Found {
    key: Key,
    secret_hash: Vec<u8>,
    until: Instant,
}

impl Keys {
    /// The key that `presented` is, if it is one in force.
    pub(super) async fn find(&self, app: &App, presented: &Presented) -> Result<Key, Refusal> {
        let hash = presented.secret.hash();
        let known = || {
            let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found
                .get(&presented.key_id)
                .filter(|found| found.until > Instant::now() && hash.matches(&found.secret_hash))
                .map(|found| found.key.clone())
                .filter(|key| key.kind == presented.kind)
        };
        if let Some(key) = known() {
            return Ok(key);
        }
        let place = presented.key_id.uuid().as_bytes()[15];
        let turn = self.turns[usize::from(place) % LOOKUPS_MAX].lock().await;
        if let Some(key) = known() {
            return Ok(key);
        }
        let key = self.find_apart(app, presented).await?;
        drop(turn);
        key.ok_or_else(Refusal::key_unknown)
    }

    /// Whether `presented` was found to be a key in force lately. It may have been revoked since.
    pub(super) fn remembers(&self, presented: &Presented) -> bool {
        let hash = presented.secret.hash();
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found
            .get(&presented.key_id)
            .is_some_and(|found| hash.matches(&found.secret_hash))
    }

    /// Looks a key up, and remembers it. The caller sees to it that few do so at once.
    pub(super) async fn find_apart(
        &self,
        app: &App,
        presented: &Presented,
    ) -> Result<Option<Key>, Refusal> {
        // From before the lookup, so that the lookup's own time counts.
        let until = Instant::now() + FOUND_FOR;
        let mut conn = app
            .pool
            .acquire()
            .await
            .map_err(crate::postgres::Error::from)?;
        let key = store::find_presented_key(&mut conn, presented, app.clock.now()).await?;
        drop(conn);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &key {
            if found.len() >= KEYS_MAX {
                found.clear();
            }
            let known = Found {
                key: key.clone(),
                secret_hash: presented.secret.hash().to_vec(),
                until,
            };
            found.insert(presented.key_id, known);
        } else {
            // It was revoked; a wrong guess makes no right key unknown.
            let hash = presented.secret.hash();
            let known = found.get(&presented.key_id);
            if known.is_some_and(|known| hash.matches(&known.secret_hash)) {
                found.remove(&presented.key_id);
            }
        }
        Ok(key)
    }

    /// The key in a URL, which only a browser key may stand in.
    pub(super) async fn find_in_url(&self, app: &App, text: &str) -> Result<Key, Refusal> {
        let presented = Presented::parse(text).ok_or_else(Refusal::key_unknown)?;
        let key = self.find(app, &presented).await?;
        match key.kind {
            Kind::Browser => Ok(key),
            Kind::Secret => Err(Refusal::key_exposed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::response::IntoResponse as _;
    use chrono::DateTime;

    use super::*;
    use crate::kernel::Entropy;

    fn read(value: &str) -> Result<Credentials, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(value).expect("a header"),
        );
        credentials(&headers).map_err(|refusal| refusal.into_response().status().as_u16())
    }

    #[test]
    fn every_form_of_key_is_read_and_nothing_else() {
        let entropy = Entropy::seeded(1);
        let key = Presented::generate(
            Kind::Secret,
            KeyId::new(DateTime::UNIX_EPOCH, &entropy),
            &entropy,
        );
        let text = key.expose();
        let basic = |user: &str| format!("Basic {}", BASE64.encode(user));

        for header in [
            basic(&format!("{text}:")),
            basic(&text),
            basic(&format!("{text}:x")),
            basic(&format!("{text}:")).trim_end_matches('=').to_owned(),
            basic(&format!("{text}:")).replace("Basic", "basic"),
            format!("Bearer {text}"),
        ] {
            let read = read(&header).expect(&header);
            assert_eq!(read.key.expect(&header).secret, key.secret);
        }
        for header in [
            "Basic",
            "Basic !",
            &basic("user:pass"),
            "Digest x",
            "Bearer bf_sec_x",
            "",
        ] {
            assert_eq!(read(header).err(), Some(401), "{header}");
        }
        let other = read("Bearer eyJhbGc").expect("a token");
        assert!(other.key.is_none() && other.token == Some(Secret::new("eyJhbGc")));
    }
}
