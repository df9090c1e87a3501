//! What our tokens say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{BrandId, ProfileId, SessionId};
use crate::stage::Stage;

/// The claims of an ID token (OIDC Core §2). What the person is called is asked at the userinfo
/// endpoint; the token only says who signed in, where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdClaims {
    /// Who says so: the issuer.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// Who signed in.
    #[serde(rename = "sub")]
    pub subject: ProfileId,
    /// For which application: its client id.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The same, for readers that look here.
    #[serde(rename = "azp")]
    pub authorized_party: String,
    /// Until when it may be believed.
    #[serde(rename = "exp", with = "chrono::serde::ts_seconds")]
    pub expires_at: DateTime<Utc>,
    /// When it was issued.
    #[serde(rename = "iat", with = "chrono::serde::ts_seconds")]
    pub issued_at: DateTime<Utc>,
    /// When the person last proved who they are.
    #[serde(rename = "auth_time", with = "chrono::serde::ts_seconds")]
    pub authenticated_at: DateTime<Utc>,
    /// What the application sent to know its own request again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Which signed-in browser.
    #[serde(rename = "sid")]
    pub session_id: SessionId,
    /// Whose customer the person is.
    pub brand_id: BrandId,
    /// How sure we are: one of the classes of [`Assurance`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By what they proved it, in the words of RFC 8176; empty where another provider vouched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// How well the brand and the person know each other; only for applications that may learn it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Since when; none for somebody of whom nothing is known yet.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "chrono::serde::ts_seconds_option"
    )]
    pub stage_since: Option<DateTime<Utc>>,
}

/// How sure we are who somebody is, as `acr` says it (OIDC Core §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assurance {
    /// One proof.
    OneFactor,
    /// Two proofs of different kinds.
    TwoFactors,
}

impl Assurance {
    /// Both, weaker first.
    pub const ALL: [Self; 2] = [Self::OneFactor, Self::TwoFactors];

    /// As written in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneFactor => "urn:befriend:acr:1",
            Self::TwoFactors => "urn:befriend:acr:2",
        }
    }
}

/// The one event that a logout token tells of.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4). There is never a
/// nonce, so that it cannot pass for an ID token.
#[derive(Clone, Debug, Serialize)]
pub struct LogoutClaims {
    /// Who says so: the issuer.
    #[serde(rename = "iss")]
    issuer: String,
    /// Who is signed out.
    #[serde(rename = "sub")]
    subject: ProfileId,
    /// Whom it tells: a client id.
    #[serde(rename = "aud")]
    audience: String,
    #[serde(rename = "iat", with = "chrono::serde::ts_seconds")]
    issued_at: DateTime<Utc>,
    #[serde(rename = "exp", with = "chrono::serde::ts_seconds")]
    expires_at: DateTime<Utc>,
    /// Never twice the same.
    #[serde(rename = "jti")]
    token_id: String,
    /// Of which signed-in browser.
    #[serde(rename = "sid")]
    session_id: SessionId,
    events: serde_json::Value,
}

impl LogoutClaims {
    /// Tells `audience` that `subject` is signed out of `session_id`, from `now` on for two minutes.
    pub fn new(
        (issuer, audience): (&str, &str),
        (subject, session_id): (ProfileId, SessionId),
        token_id: String,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            issuer: issuer.to_owned(),
            subject,
            audience: audience.to_owned(),
            issued_at: now,
            expires_at: now + super::LOGOUT_TOKEN_LIFE,
            token_id,
            session_id,
            events: serde_json::json!({ LOGOUT_EVENT: {} }),
        }
    }
}
