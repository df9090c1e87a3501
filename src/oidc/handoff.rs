//! Answers that wait for the page that opened a window to sign in.
//!
//! Browsers cut such a window off from the page (COOP), so the answer cannot be handed over there.
//! The page knows a secret and sends its hash along; the answer is kept, and given once to whoever
//! brings the secret.
//!
//! Anybody can make up a secret and send somebody else the address with its hash. So an answer is
//! kept only where a browser itself said that the window left a page of one of the application's own
//! origins (the `Origin` of a form), and only for the window that said so (the ticket in its cookie).
//! Otherwise it goes to the redirect URI, as ever.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use url::Url;

use super::handoff_store::{self as store, NewHandoff};
use super::{CODE_LIFE, Params};
use crate::application::Application;
use crate::kernel::id::HandoffId;
use crate::kernel::{Cipher, Entropy, Secret};
use crate::postgres::{self, PgConnection};

/// How long a window has from its first page to its last: as long as a sign-in may take.
pub const HANDOFF_LIFE: TimeDelta = TimeDelta::minutes(10);

/// How long an answer waits to be asked for: as long as the code in it is good.
const ANSWER_LIFE: TimeDelta = CODE_LIFE;

/// What an answer may say (RFC 6749 §4.1.2, RFC 9207). Never a token.
const SAID: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

/// The SHA-256 that `text`, 43 characters of base64, stands for.
fn hash_of(text: &str) -> Option<Vec<u8>> {
    let hash = URL_SAFE_NO_PAD.decode(text).ok()?;
    (hash.len() == 32).then_some(hash)
}

/// Notes that a page of `origin` opened a window for the request `params`. Returns the ticket for
/// that window; `None` where the request asks for nothing of the kind, or has no right to.
pub async fn open(
    conn: &mut PgConnection,
    application: &Application,
    params: &Params,
    origin: &str,
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<Option<Secret>, postgres::Error> {
    let get = |name| params.get(name).ok().flatten();
    let hash = get("handoff").and_then(hash_of);
    let redirect = get("redirect_uri").filter(|uri| application.accepts_redirect(uri));
    let (Some(secret_hash), Some(_), true) = (hash, redirect, application.has_origin(origin))
    else {
        return Ok(None);
    };
    let ticket = Secret::random(entropy);
    let new = NewHandoff {
        handoff_id: HandoffId::new(now, entropy),
        application_id: application.application_id,
        origin,
        secret_hash,
        created_at: now,
        expires_at: now + HANDOFF_LIFE,
    };
    let is_new = store::insert_handoff(conn, application.brand_id, &new, &ticket).await?;
    Ok(is_new.then_some(ticket))
}

/// Keeps the answer that would send the browser to `location`, if the window with this ticket may
/// have it kept. Returns whether it is kept.
pub async fn keep(
    conn: &mut PgConnection,
    application: &Application,
    (handoff, ticket): (&str, &Secret),
    location: &str,
    cipher: &Cipher,
    now: DateTime<Utc>,
) -> Result<bool, postgres::Error> {
    let Some(secret_hash) = hash_of(handoff) else {
        return Ok(false);
    };
    let (brand_id, application_id) = (application.brand_id, application.application_id);
    let found =
        store::find_open_handoff(conn, brand_id, application_id, &secret_hash, ticket, now).await?;
    let Some(handoff_id) = found else {
        return Ok(false);
    };
    let sealed = cipher.seal(&context(handoff_id), answer_of(location).as_bytes());
    store::update_answer(conn, brand_id, handoff_id, &sealed, now).await
}

/// The answer that waits for `secret`, once, for a page of `origin`.
pub async fn claim(
    conn: &mut PgConnection,
    application: &Application,
    secret: &Secret,
    origin: &str,
    cipher: &Cipher,
    now: DateTime<Utc>,
) -> Result<Option<String>, postgres::Error> {
    let (brand_id, application_id) = (application.brand_id, application.application_id);
    let since = now - ANSWER_LIFE;
    let asked = store::Asked {
        application_id,
        secret,
        origin,
        since,
        at: now,
    };
    let Some((handoff_id, sealed)) = store::claim_answer(conn, brand_id, asked).await? else {
        return Ok(None);
    };
    let opened = cipher.open_text(&context(handoff_id), &sealed);
    Ok(opened.ok().map(|text| text.expose().to_owned()))
}

fn context(handoff_id: HandoffId) -> String {
    format!("handoff.answer.{handoff_id}")
}

/// What `location` tells the application, as JSON.
fn answer_of(location: &str) -> String {
    let mut said = Map::new();
    if let Ok(url) = Url::parse(location) {
        for (name, value) in url.query_pairs() {
            if SAID.contains(&&*name) {
                said.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        }
    }
    Value::Object(said).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_the_protocol_says_and_no_more() {
        let location = "https://shop.example/cb?mine=1&code=c%20d&state=s&iss=https%3A%2F%2Fid.example&access_token=t";

        let answer: Value = serde_json::from_str(&answer_of(location)).unwrap();

        let expected =
            serde_json::json!({"code": "c d", "state": "s", "iss": "https://id.example"});
        assert_eq!(answer, expected);
    }

    #[test]
    fn a_hash_is_a_whole_one() {
        assert!(hash_of("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").is_some());
        for text in [
            "",
            "E9Melhoa",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "'",
        ] {
            assert!(hash_of(text).is_none(), "{text}");
        }
    }
}
