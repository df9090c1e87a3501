//! What an ID token says.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{BrandId, ProfileId, SessionId};

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
}
