//! A refresh token for new tokens, once (RFC 9700 §4.14.2).
//!
//! Each renewal replaces the token. One that comes a second time was copied: either its thief or its
//! owner is ahead, and nobody can tell which, so the whole family ends. The exception is an
//! application whose line broke before the answer reached it: for ten seconds the token just replaced
//! gives the very same answer again, unless its successor has been used already.
//!
//! A family ends with its session, its profile and its application, and thirty days after its code in
//! any case; renewing never moves that day, and never adds to what was granted.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::issue::{Error, Granted, Maker, Outcome, Tokens, issue};
use super::refresh_store::{self, Family, HeldToken};
use super::wire::{TokenKind, WireToken};
use super::{ErrorCode, Fault, Params, Scope, store};
use crate::application::Application;
use crate::audit::{self, Actor};
use crate::kernel::cipher::Cipher;
use crate::kernel::id::TokenId;
use crate::postgres::PgConnection;

/// How long a family may go on, from its code.
pub const FAMILY_LIFE: TimeDelta = TimeDelta::days(30);

/// How long a token that was just replaced gives the same answer again.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);

const SCOPE_TOO_WIDE: Fault = Fault::new(
    ErrorCode::InvalidScope,
    "a renewal cannot ask for more than was granted",
);

/// What an application sends to renew.
#[derive(Debug)]
pub struct Presented {
    /// The token; none if it is none of ours.
    token: Option<WireToken>,
    /// What is asked; none for all that was granted.
    scope: Option<Scope>,
}

impl Presented {
    /// The token; none if it is none of ours.
    pub(super) const fn token(&self) -> Option<&WireToken> {
        self.token.as_ref()
    }

    /// Reads the form (RFC 6749 §6).
    pub(super) fn read(form: &Params) -> Result<Self, Fault> {
        let get = |name: &str| form.get(name).map_err(Fault::invalid_request);
        let text =
            get("refresh_token")?.ok_or(Fault::invalid_request("refresh_token is missing"))?;
        let scope = match get("scope")? {
            None => None,
            Some(text) => Some(Scope::parse(text).ok_or(Fault::new(
                ErrorCode::InvalidScope,
                "the scope openid cannot be left out",
            ))?),
        };
        Ok(Self {
            token: WireToken::parse(TokenKind::Refresh, text),
            scope,
        })
    }
}

/// Begins a family for what a code gave. Returns its first token.
pub(super) async fn begin(
    conn: &mut PgConnection,
    application: &Application,
    granted: &Granted,
    maker: Maker<'_>,
) -> Result<WireToken, Error> {
    let family = Family {
        code_id: granted.code_id,
        application_id: application.application_id,
        session_id: granted.session_id,
        profile_id: granted.profile_id,
        scope: granted.scope.to_string(),
        authenticated_at: granted.authenticated_at,
        created_at: maker.now,
        expires_at: maker.now + FAMILY_LIFE,
        revoked_at: None,
        is_in_force: true,
    };
    refresh_store::insert_family(conn, application.brand_id, &family).await?;
    let (_, token) = add_token(conn, application, &family, maker).await?;
    Ok(token)
}

async fn add_token(
    conn: &mut PgConnection,
    application: &Application,
    family: &Family,
    maker: Maker<'_>,
) -> Result<(TokenId, WireToken), Error> {
    let brand_id = application.brand_id;
    let token = WireToken::generate(TokenKind::Refresh, brand_id, maker.entropy);
    let token_id = TokenId::new(maker.now, maker.entropy);
    let row = (token_id, family.code_id, maker.now);
    refresh_store::insert_token(conn, brand_id, row, &token.secret).await?;
    Ok((token_id, token))
}

/// What is to be done with a token that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    /// Replace it.
    Renew,
    /// Give the answer again that it was replaced with.
    Repeat,
    Refuse(&'static str),
    /// It came a second time: end the family.
    Breach,
}

fn judge(
    family: &Family,
    token: &HeldToken,
    is_successor_unused: bool,
    application: &Application,
    now: DateTime<Utc>,
) -> Judgement {
    if family.application_id != application.application_id {
        Judgement::Refuse("another application's")
    } else if family.revoked_at.is_some() {
        Judgement::Refuse("revoked")
    } else if family.expires_at <= now {
        Judgement::Refuse("expired")
    } else if !family.is_in_force {
        Judgement::Refuse("signed out since")
    } else {
        match token.used_at {
            None => Judgement::Renew,
            Some(used) if now - used <= GRACE && is_successor_unused => Judgement::Repeat,
            Some(_) => Judgement::Breach,
        }
    }
}

/// Renews what `application`, which has proved itself, presents. Call within a transaction and
/// commit it whatever the outcome: a refusal may have revoked something.
pub async fn refresh(
    conn: &mut PgConnection,
    application: &Application,
    presented: &Presented,
    cipher: &Cipher,
    maker: Maker<'_>,
) -> Result<Outcome, Error> {
    let brand_id = application.brand_id;
    let now = maker.now;
    let token = presented.token.as_ref();
    let Some(token) = token.filter(|token| token.brand_id == brand_id) else {
        return Ok(Outcome::Refused);
    };
    // The family is locked first and its tokens read after: what waited here then sees what the one
    // before it did.
    let family = refresh_store::find_family_for_update(conn, brand_id, &token.secret, now).await?;
    let Some(family) = family else {
        return Ok(Outcome::Refused);
    };
    let Some(held) = refresh_store::find_token(conn, brand_id, &token.secret).await? else {
        return Ok(Outcome::Refused);
    };
    let is_successor_unused = match held.successor_id {
        Some(successor) => refresh_store::is_unused(conn, brand_id, successor).await?,
        None => false,
    };
    let refused = match judge(&family, &held, is_successor_unused, application, now) {
        Judgement::Renew => {
            let tokens = renew(
                conn,
                application,
                (&family, &held),
                presented,
                cipher,
                maker,
            )
            .await?;
            return Ok(Outcome::Given(Box::new(tokens)));
        }
        Judgement::Repeat => return repeat(&held, cipher),
        Judgement::Refuse(why) => why,
        Judgement::Breach => {
            end_family(conn, application, &family, now).await?;
            "used before"
        }
    };
    let entry = audit::Entry {
        actor: Actor::System,
        action: "refresh.refused",
        subject: held.token_id.to_string(),
        detail: json!({
            "why": refused,
            "client_id": application.client_id,
            "profile_id": family.profile_id,
        }),
        at: now,
    };
    audit::store::insert_entry(conn, brand_id, maker.entropy, entry).await?;
    Ok(Outcome::Refused)
}

/// Ends everything that came of one code: no renewal, no access token.
pub(super) async fn end_family(
    conn: &mut PgConnection,
    application: &Application,
    family: &Family,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let brand_id = application.brand_id;
    refresh_store::revoke_family(conn, brand_id, family.code_id, now).await?;
    store::revoke_tokens_of_code(conn, brand_id, family.code_id, now).await?;
    Ok(())
}

async fn renew(
    conn: &mut PgConnection,
    application: &Application,
    (family, held): (&Family, &HeldToken),
    presented: &Presented,
    cipher: &Cipher,
    maker: Maker<'_>,
) -> Result<Tokens, Error> {
    let granted = Scope::parse(&family.scope).unwrap_or_default();
    let scope = presented.scope.unwrap_or(granted);
    if !scope.is_within(granted) {
        return Err(SCOPE_TOO_WIDE.into());
    }
    let (successor_id, successor) = add_token(conn, application, family, maker).await?;
    let granted = Granted {
        code_id: family.code_id,
        session_id: family.session_id,
        profile_id: family.profile_id,
        scope,
        // It belonged to the request that the code answered (OIDC Core §12.2).
        nonce: None,
        authenticated_at: family.authenticated_at,
    };
    let tokens = issue(conn, application, &granted, Some(&successor), maker).await?;
    let plain = serde_json::to_vec(&tokens).map_err(|_| Error::Sealed)?;
    let answer = cipher.seal(&answer_context(held.token_id), &plain);
    let brand_id = application.brand_id;
    let replaced = (held.token_id, successor_id, maker.now);
    refresh_store::forget_answers(conn, brand_id, family.code_id).await?;
    refresh_store::mark_replaced(conn, brand_id, replaced, &answer).await?;
    Ok(tokens)
}

fn repeat(held: &HeldToken, cipher: &Cipher) -> Result<Outcome, Error> {
    let sealed = held.answer.as_deref().ok_or(Error::Sealed)?;
    let plain = cipher
        .open(&answer_context(held.token_id), sealed)
        .map_err(|_| Error::Sealed)?;
    let tokens = serde_json::from_slice(&plain).map_err(|_| Error::Sealed)?;
    Ok(Outcome::Given(Box::new(tokens)))
}

fn answer_context(token_id: TokenId) -> String {
    format!("refresh_token.answer.{token_id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::Kind;
    use crate::kernel::Entropy;
    use crate::kernel::id::{ApplicationId, BrandId, CodeId, ProfileId, SessionId};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a valid instant")
    }

    fn application(seed: u64) -> Application {
        let entropy = Entropy::seeded(seed);
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

    fn family() -> Family {
        let entropy = Entropy::seeded(2);
        Family {
            code_id: CodeId::new(now(), &entropy),
            application_id: application(1).application_id,
            session_id: SessionId::new(now(), &entropy),
            profile_id: ProfileId::new(now(), &entropy),
            scope: "openid offline_access".to_owned(),
            authenticated_at: now(),
            created_at: now(),
            expires_at: now() + FAMILY_LIFE,
            revoked_at: None,
            is_in_force: true,
        }
    }

    fn used(seconds_ago: Option<i64>) -> HeldToken {
        let entropy = Entropy::seeded(3);
        HeldToken {
            token_id: TokenId::new(now(), &entropy),
            used_at: seconds_ago.map(|seconds| now() - TimeDelta::seconds(seconds)),
            successor_id: seconds_ago.map(|_| TokenId::new(now(), &entropy)),
            answer: None,
        }
    }

    #[test]
    fn a109_only_the_token_just_replaced_may_come_again() {
        for (seconds_ago, is_successor_unused, expected) in [
            (None, false, Judgement::Renew),
            (Some(0), true, Judgement::Repeat),
            (Some(10), true, Judgement::Repeat),
            (Some(11), true, Judgement::Breach),
            (Some(0), false, Judgement::Breach),
            (Some(3_600), false, Judgement::Breach),
        ] {
            let judged = judge(
                &family(),
                &used(seconds_ago),
                is_successor_unused,
                &application(1),
                now(),
            );
            assert_eq!(judged, expected, "{seconds_ago:?} {is_successor_unused}");
        }
    }

    #[test]
    fn a110_a111_a_family_is_renewed_by_its_application_while_it_is_in_force() {
        let judged = |family: Family, application: &Application| {
            judge(&family, &used(None), false, application, now())
        };
        let own = application(1);
        let refused = |family| matches!(judged(family, &own), Judgement::Refuse(_));

        assert_eq!(judged(family(), &own), Judgement::Renew);
        assert!(matches!(
            judged(family(), &application(7)),
            Judgement::Refuse(_)
        ));
        assert!(refused(Family {
            revoked_at: Some(now()),
            ..family()
        }));
        assert!(refused(Family {
            expires_at: now(),
            ..family()
        }));
        assert!(refused(Family {
            is_in_force: false,
            ..family()
        }));
        // A stranger to the family cannot end it by showing an old token.
        let old = judge(&family(), &used(Some(60)), false, &application(7), now());
        assert!(matches!(old, Judgement::Refuse(_)));
    }
}
