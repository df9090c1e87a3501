//! A code for tokens, once.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::issue::{Error, Granted, Maker, Outcome, Tokens, issue};
use super::store::StoredCode;
use super::{
    CODE_LIFE, Fault, Params, Scope, authorize::Authorization, pkce, refresh, refresh_store, store,
};
use crate::application::Application;
use crate::audit::{self, Actor};
use crate::kernel::id::{ApplicationId, CodeId};
use crate::kernel::{Entropy, Secret};
use crate::postgres::{self, PgConnection};
use crate::session::Session;

/// What an application sends to exchange a code.
#[derive(Clone, Debug)]
pub struct Presented {
    code: Secret,
    redirect_uri: String,
    verifier: String,
}

impl Presented {
    /// What proves the grant.
    pub(super) const fn code(&self) -> &Secret {
        &self.code
    }

    /// Reads the form (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub(super) fn read(form: &Params) -> Result<Self, Fault> {
        let get = |name: &str| form.get(name).map_err(Fault::invalid_request);
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
            let (session, own) = (code.session_id, application.application_id);
            store::upsert_session_application(conn, brand_id, session, own, now).await?;
            let tokens = give(conn, application, &code, maker).await?;
            return Ok(Outcome::Given(Box::new(tokens)));
        }
        Judgement::Refuse(why) => why,
        Judgement::Replayed => {
            refresh_store::revoke_family(conn, brand_id, code.code_id, now).await?;
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
    let granted = Granted {
        code_id: code.code_id,
        session_id: code.session_id,
        profile_id: code.profile_id,
        scope: Scope::parse(&code.scope).unwrap_or_default(),
        nonce: code.nonce.clone(),
        authenticated_at: code.authenticated_at,
    };
    let refresh = if granted.scope.offline_access {
        Some(refresh::begin(conn, application, &granted, maker).await?)
    } else {
        None
    };
    issue(conn, application, &granted, refresh.as_ref(), maker).await
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
            settings: crate::application::Settings::default(),
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
}
