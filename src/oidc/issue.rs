//! Making the tokens of a grant: an access token, an ID token, and perhaps a refresh token.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::wire::{TokenKind, WireToken};
use super::{ACCESS_TOKEN_LIFE, Fault, Scope, store};
use crate::application::Application;
use crate::kernel::Entropy;
use crate::kernel::id::{CodeId, ProfileId, SessionId, TokenId};
use crate::postgres::{self, PgConnection};
use crate::stage::Stage;
use crate::token::{Assurance, ID_TOKEN_LIFE, IdClaims, Keys};

/// What the token endpoint answers with (RFC 6749 §5.1, OIDC Core §3.1.3.3 and §12.2).
#[derive(Serialize, Deserialize)]
pub struct Tokens {
    access_token: String,
    token_type: String,
    expires_in: i64,
    id_token: String,
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// What came of a grant; both are committed.
pub enum Outcome {
    /// Tokens.
    Given(Box<Tokens>),
    /// None; what must be taken back was.
    Refused,
}

/// No tokens, and nothing is committed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] postgres::Error),
    /// The request asks for what it cannot have.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No key signs just now.
    #[error("there is no signing key")]
    NoKey,
    /// A stored answer cannot be read back.
    #[error("a stored answer does not open with this installation's key")]
    Sealed,
}

/// The parts that making tokens needs.
#[derive(Clone, Copy, Debug)]
pub struct Maker<'a> {
    /// Our issuer.
    pub issuer: &'a str,
    /// Our keys.
    pub keys: &'a Keys,
    /// Randomness.
    pub entropy: &'a Entropy,
    /// How well the brand and the person know each other, where the grant speaks of it.
    pub standing: Option<Standing>,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// Where a person stands with the brand, as an application may learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The stage.
    pub stage: Stage,
    /// Since when; none for somebody of whom nothing is known yet.
    pub since: Option<DateTime<Utc>>,
}

/// By what a session was opened.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The way in, as stored with the session.
    pub method: String,
    /// Whether a second factor was given in it.
    pub has_second_factor: bool,
}

impl Proof {
    /// How sure that makes us.
    pub const fn assurance(&self) -> Assurance {
        if self.has_second_factor {
            Assurance::TwoFactors
        } else {
            Assurance::OneFactor
        }
    }

    /// The same in the words of RFC 8176. A social account has no word: its provider saw the proof.
    pub fn methods(&self) -> Vec<String> {
        let way = match self.method.as_str() {
            "password" => Some("pwd"),
            "email" => Some("otp"),
            "passkey" => Some("pop"),
            _ => None,
        };
        let second = self.has_second_factor.then_some("mfa");
        way.into_iter().chain(second).map(str::to_owned).collect()
    }
}

/// What tokens are made for.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The code that all of it goes back to.
    pub code_id: CodeId,
    /// Which signed-in browser it speaks of.
    pub session_id: SessionId,
    /// Who.
    pub profile_id: ProfileId,
    /// What these tokens open.
    pub scope: Scope,
    /// For the ID token.
    pub nonce: Option<String>,
    /// When the person had proved who they are.
    pub authenticated_at: DateTime<Utc>,
}

/// Writes an access token and answers with it, an ID token and `refresh`.
pub(super) async fn issue(
    conn: &mut PgConnection,
    application: &Application,
    granted: &Granted,
    refresh: Option<&WireToken>,
    maker: Maker<'_>,
) -> Result<Tokens, Error> {
    let Maker {
        issuer,
        keys,
        entropy,
        standing,
        now,
    } = maker;
    let brand_id = application.brand_id;
    let token = WireToken::generate(TokenKind::Access, brand_id, entropy);
    let stored = store::NewToken {
        token_id: TokenId::new(now, entropy),
        application_id: application.application_id,
        created_at: now,
        expires_at: now + ACCESS_TOKEN_LIFE,
    };
    store::insert_access_token(conn, brand_id, granted, &stored, &token.secret).await?;
    let proof = store::find_session_proof(conn, brand_id, granted.session_id).await?;
    let standing = standing.filter(|_| granted.scope.allowed_to(&application.settings).stage);
    let claims = IdClaims {
        issuer: issuer.to_owned(),
        subject: granted.profile_id,
        audience: application.client_id.clone(),
        authorized_party: application.client_id.clone(),
        expires_at: now + ID_TOKEN_LIFE,
        issued_at: now,
        authenticated_at: granted.authenticated_at,
        nonce: granted.nonce.clone(),
        session_id: granted.session_id,
        brand_id,
        acr: Some(proof.assurance().as_str().to_owned()),
        amr: proof.methods(),
        stage: standing.map(|standing| standing.stage),
        stage_since: standing.and_then(|standing| standing.since),
    };
    Ok(Tokens {
        access_token: token.expose(),
        token_type: "Bearer".to_owned(),
        expires_in: ACCESS_TOKEN_LIFE.num_seconds(),
        id_token: keys.sign_id_token(&claims, now).ok_or(Error::NoKey)?,
        scope: granted.scope.to_string(),
        refresh_token: refresh.map(WireToken::expose),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_told_in_the_words_of_the_standards() {
        for (method, has_second_factor, acr, amr) in [
            ("social", false, "urn:befriend:acr:1", vec![]),
            ("social", true, "urn:befriend:acr:2", vec!["mfa"]),
            ("password", false, "urn:befriend:acr:1", vec!["pwd"]),
            ("password", true, "urn:befriend:acr:2", vec!["pwd", "mfa"]),
            ("email", false, "urn:befriend:acr:1", vec!["otp"]),
            ("passkey", true, "urn:befriend:acr:2", vec!["pop", "mfa"]),
        ] {
            let proof = Proof {
                method: method.to_owned(),
                has_second_factor,
            };
            assert_eq!(proof.assurance().as_str(), acr, "{method}");
            assert_eq!(proof.methods(), amr, "{method}");
        }
    }
}
