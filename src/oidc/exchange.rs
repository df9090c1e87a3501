//! A code for tokens, once.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::store::StoredCode;
use super::userinfo::AccessToken;
use super::{
    ACCESS_TOKEN_LIFE, CODE_LIFE, ErrorCode, Fault, Params, Scope, authorize::Authorization, pkce,
    store,
};
use crate::application::Application;
use crate::audit::{self, Actor};
use crate::kernel::id::{ApplicationId, CodeId, TokenId};
use crate::kernel::{Entropy, Secret};
use crate::postgres::{self, PgConnection};
use crate::session::Session;
use crate::token::{ID_TOKEN_LIFE, IdClaims, Keys};

/// What an application sends to exchange a code.
#[derive(Clone, Debug)]
pub struct Presented {
    code: Secret,
    redirect_uri: String,
    verifier: String,
}

impl Presented {
    /// Reads the form (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub fn read(form: &Params) -> Result<Self, Fault> {
        let get = |name: &str| form.get(name).map_err(Fault::invalid_request);
        match get("grant_type")? {
            Some("authorization_code") => {}
            Some(_) => {
                let text = "only grant_type authorization_code is offered";
                return Err(Fault::new(ErrorCode::UnsupportedGrantType, text));
            }
            None => return Err(Fault::invalid_request("grant_type is missing")),
        }
        let must = |value: Option<&str>, description| {
            value
                .map(str::to_owned)
                .ok_or(Fault::invalid_request(description))
        };
        Ok(Self {
            code: Secret::new(must(get("code")?, "code is missing")?),
            redirect_uri: must(get("redirect_uri")?, "redirect_uri is missing")?,
            verifier: must(get("code_verifier")?, "code_verifier is missing")?,
        })
    }
}

/// What the token endpoint answers with (RFC 6749 §5.1, OIDC Core §3.1.3.3).
#[derive(Serialize)]
pub struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    id_token: String,
    scope: String,
}

/// No tokens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] postgres::Error),
    /// No key signs just now.
    #[error("there is no signing key")]
    NoKey,
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
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// Writes a new code for `session` and returns it.
pub async fn issue_code(
    conn: &mut PgConnection,
    application_id: ApplicationId,
    session: &Session,
    authorization: &Authorization,
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<Secret, postgres::Error> {
    let code = Secret::random(entropy);
    let stored = StoredCode {
        code_id: CodeId::new(now, entropy),
        application_id,
        session_id: session.session_id,
        profile_id: session.profile_id,
        redirect_uri: authorization.redirect_uri.clone(),
        scope: authorization.scope.to_string(),
        nonce: authorization.nonce.clone(),
        code_challenge: authorization.code_challenge.clone(),
        authenticated_at: session.authenticated_at,
        created_at: now,
        expires_at: now + CODE_LIFE,
        used_at: None,
        session_in_force: true,
    };
    store::insert_code(conn, session.brand_id, &stored, &code).await?;
    Ok(code)
}

/// What is to be done with a code that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    Give,
    Refuse(&'static str),
    /// It was used before: somebody else has it, so what it gave is taken back (RFC 6749 §4.1.2).
    Replayed,
}

fn judge(
    code: &StoredCode,
    application: &Application,
    presented: &Presented,
    now: DateTime<Utc>,
) -> Judgement {
    if code.application_id != application.application_id {
        Judgement::Refuse("another application's")
    } else if code.used_at.is_some() {
        Judgement::Replayed
    } else if code.expires_at <= now {
        Judgement::Refuse("expired")
    } else if code.redirect_uri != presented.redirect_uri {
        Judgement::Refuse("another redirect_uri")
    } else if !pkce::proves(&presented.verifier, &code.code_challenge) {
        Judgement::Refuse("another code_verifier")
    } else if !code.session_in_force {
        Judgement::Refuse("signed out since")
    } else {
        Judgement::Give
    }
}

/// What came of an exchange; both are committed.
pub enum Outcome {
    /// Tokens.
    Given(Box<Tokens>),
    /// None; what must be taken back was.
    Refused,
}

/// Exchanges a code that `application`, which has proved itself, presents. Call within a
/// transaction and commit it whatever the outcome: a refusal may have revoked something.
pub async fn exchange(
    conn: &mut PgConnection,
    application: &Application,
    presented: &Presented,
    maker: Maker<'_>,
) -> Result<Outcome, Error> {
    let brand_id = application.brand_id;
    let now = maker.now;
    let Some(code) = store::find_code_for_update(conn, brand_id, &presented.code, now).await?
    else {
        return Ok(Outcome::Refused);
    };
    let judgement = judge(&code, application, presented, now);
    let refused = match judgement {
        Judgement::Give => {
            store::mark_code_used(conn, brand_id, code.code_id, now).await?;
            let tokens = give(conn, application, &code, maker).await?;
            return Ok(Outcome::Given(Box::new(tokens)));
        }
        Judgement::Refuse(why) => why,
        Judgement::Replayed => {
            store::revoke_tokens_of_code(conn, brand_id, code.code_id, now).await?;
            "used before"
        }
    };
    let entry = audit::Entry {
        actor: Actor::System,
        action: "code.refused",
        subject: code.code_id.to_string(),
        detail: json!({
            "why": refused,
            "client_id": application.client_id,
            "profile_id": code.profile_id,
        }),
        at: now,
    };
    audit::store::insert_entry(conn, brand_id, maker.entropy, entry).await?;
    Ok(Outcome::Refused)
}

async fn give(
    conn: &mut PgConnection,
    application: &Application,
    code: &StoredCode,
    maker: Maker<'_>,
) -> Result<Tokens, Error> {
    let Maker {
        issuer,
        keys,
        entropy,
        now,
    } = maker;
    let brand_id = application.brand_id;
    let token = AccessToken::generate(brand_id, entropy);
    let stored = store::NewToken {
        token_id: TokenId::new(now, entropy),
        created_at: now,
        expires_at: now + ACCESS_TOKEN_LIFE,
    };
    store::insert_access_token(conn, brand_id, code, &stored, &token.secret).await?;
    let claims = IdClaims {
        issuer: issuer.to_owned(),
        subject: code.profile_id,
        audience: application.client_id.clone(),
        authorized_party: application.client_id.clone(),
        expires_at: now + ID_TOKEN_LIFE,
        issued_at: now,
        authenticated_at: code.authenticated_at,
        nonce: code.nonce.clone(),
        session_id: code.session_id,
        brand_id,
    };
    Ok(Tokens {
        access_token: token.expose(),
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFE.num_seconds(),
        id_token: keys.sign_id_token(&claims, now).ok_or(Error::NoKey)?,
        scope: Scope::parse(&code.scope).unwrap_or_default().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::application::Kind;
    use crate::kernel::id::{BrandId, ProfileId, SessionId};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a valid instant")
    }

    fn application() -> Application {
        let entropy = Entropy::seeded(1);
        Application {
            brand_id: BrandId::new(now(), &entropy),
            application_id: ApplicationId::new(now(), &entropy),
            client_id: "bakery.web".to_owned(),
            name: "Shop".to_owned(),
            kind: Kind::Browser,
            secret_hash: None,
            redirect_uris: Vec::new(),
            logout_uris: Vec::new(),
        }
    }

    fn code() -> StoredCode {
        let entropy = Entropy::seeded(2);
        StoredCode {
            code_id: CodeId::new(now(), &entropy),
            application_id: application().application_id,
            session_id: SessionId::new(now(), &entropy),
            profile_id: ProfileId::new(now(), &entropy),
            redirect_uri: "https://shop.example/cb".to_owned(),
            scope: "openid".to_owned(),
            nonce: None,
            code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            authenticated_at: now(),
            created_at: now(),
            expires_at: now() + CODE_LIFE,
            used_at: None,
            session_in_force: true,
        }
    }

    fn presented(redirect_uri: &str, verifier: &str) -> Presented {
        Presented {
            code: Secret::new("c0de"),
            redirect_uri: redirect_uri.to_owned(),
            verifier: verifier.to_owned(),
        }
    }

    #[test]
    fn s4_a_code_is_bound_to_everything_it_was_issued_for() {
        let right = presented("https://shop.example/cb", VERIFIER);
        let entropy = Entropy::seeded(9);
        let other = ApplicationId::new(now(), &entropy);
        let judged = |code: StoredCode, presented: &Presented, later: TimeDelta| {
            judge(&code, &application(), presented, now() + later)
        };
        let zero = TimeDelta::zero();

        assert_eq!(judged(code(), &right, zero), Judgement::Give);
        let late = CODE_LIFE - TimeDelta::microseconds(1);
        assert_eq!(judged(code(), &right, late), Judgement::Give);
        let refused = |code, presented: &Presented, later| {
            matches!(judged(code, presented, later), Judgement::Refuse(_))
        };
        assert!(refused(code(), &right, CODE_LIFE));
        assert!(refused(
            code(),
            &presented("https://shop.example/cb/", VERIFIER),
            zero
        ));
        assert!(refused(
            code(),
            &presented("https://shop.example/cb", &"a".repeat(43)),
            zero
        ));
        let foreign = StoredCode {
            application_id: other,
            used_at: Some(now()),
            ..code()
        };
        assert!(refused(foreign, &right, zero));
        let ended = StoredCode {
            session_in_force: false,
            ..code()
        };
        assert!(refused(ended, &right, zero));
    }

    #[test]
    fn s4_a_used_code_is_a_breach_whatever_else_is_wrong() {
        let used = || StoredCode {
            used_at: Some(now()),
            ..code()
        };
        let right = presented("https://shop.example/cb", VERIFIER);
        let wrong = presented("https://evil.example/", "x");

        assert_eq!(
            judge(&used(), &application(), &right, now()),
            Judgement::Replayed
        );
        assert_eq!(
            judge(&used(), &application(), &wrong, now() + CODE_LIFE * 10),
            Judgement::Replayed
        );
    }

    #[test]
    fn s6_only_a_code_is_a_grant() {
        let read = |form: &str| Presented::read(&Params::parse(form)).map_err(|f| f.code);
        let right = "grant_type=authorization_code&code=c&redirect_uri=r&code_verifier=v";

        assert!(read(right).is_ok());
        for (form, code) in [
            ("", ErrorCode::InvalidRequest),
            ("grant_type=password", ErrorCode::UnsupportedGrantType),
            ("grant_type=refresh_token", ErrorCode::UnsupportedGrantType),
            (
                "grant_type=authorization_code&redirect_uri=r&code_verifier=v",
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=authorization_code&code=c&redirect_uri=r",
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=authorization_code&code=c&code=d&redirect_uri=r&code_verifier=v",
                ErrorCode::InvalidRequest,
            ),
        ] {
            assert_eq!(read(form).err(), Some(code), "{form}");
        }
    }
}
