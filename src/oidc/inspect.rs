//! What a token is still good for (RFC 7662), and taking one back (RFC 7009).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::issue::Error;
use super::wire::{TokenKind, WireToken};
use super::{refresh, refresh_store, store};
use crate::application::Application;
use crate::kernel::id::{ApplicationId, ProfileId, SessionId};
use crate::postgres::{self, PgConnection};

/// A token in force.
#[derive(Clone, Debug)]
pub struct Live {
    /// For whom it was made.
    pub application_id: ApplicationId,
    /// The same, by its public name.
    pub client_id: String,
    /// Which signed-in browser it speaks of.
    pub session_id: SessionId,
    /// Who.
    pub profile_id: ProfileId,
    /// What was granted.
    pub scope: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What `application`, a server that has proved itself, is told of a token: an access token of its
/// own brand, whichever application it was made for (that is what an API checks), or a refresh token
/// of its own. Anything else is not active, and nothing more is said of it (RFC 7662 §2.2).
pub async fn introspect(
    conn: &mut PgConnection,
    application: &Application,
    text: &str,
    (issuer, now): (&str, DateTime<Utc>),
) -> Result<Value, postgres::Error> {
    let brand_id = application.brand_id;
    let token = WireToken::parse_any(text).filter(|token| token.brand_id == brand_id);
    let Some(token) = token else {
        return Ok(inactive());
    };
    let found = match token.kind {
        TokenKind::Access => {
            store::find_live_access_token(conn, brand_id, &token.secret, now).await?
        }
        TokenKind::Refresh => {
            let own = application.application_id;
            refresh_store::find_live_refresh_token(conn, brand_id, own, &token.secret, now).await?
        }
    };
    Ok(found.map_or_else(inactive, |live| active(&live, token.kind, issuer)))
}

fn inactive() -> Value {
    json!({ "active": false })
}

fn active(live: &Live, kind: TokenKind, issuer: &str) -> Value {
    let mut told = json!({
        "active": true,
        "iss": issuer,
        "sub": live.profile_id,
        "client_id": live.client_id,
        "scope": live.scope,
        "sid": live.session_id,
        "iat": live.created_at.timestamp(),
        "exp": live.expires_at.timestamp(),
    });
    if kind == TokenKind::Access {
        told["token_type"] = "Bearer".into();
    }
    told
}

/// Takes back a token of `application`, which has proved itself: an access token alone, or with a
/// refresh token all that came of the same code. Of a token that is not its own nothing is said and
/// nothing happens, as of one that never was.
pub async fn revoke(
    conn: &mut PgConnection,
    application: &Application,
    text: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let brand_id = application.brand_id;
    let token = WireToken::parse_any(text).filter(|token| token.brand_id == brand_id);
    let Some(token) = token else {
        return Ok(());
    };
    match token.kind {
        TokenKind::Access => {
            let own = application.application_id;
            store::revoke_access_token(conn, brand_id, own, &token.secret, now).await?;
        }
        TokenKind::Refresh => {
            let secret = &token.secret;
            let family = refresh_store::find_family_for_update(conn, brand_id, secret, now).await?;
            let own = |family: &refresh_store::Family| {
                family.application_id == application.application_id
            };
            if let Some(family) = family.filter(own) {
                refresh::end_family(conn, application, &family, now).await?;
            }
        }
    }
    Ok(())
}
