//! A code on its way to a mailbox, and what comes back of it.

use axum::http::HeaderMap;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde_json::{Value, json};

use super::settled::Visit;
use super::{limits, parts, refusal::gone};
use crate::abuse::Kind;
use crate::app::App;
use crate::brand::Brand;
use crate::credential::proof::{self, PROOF_LIFE, Proof, Purpose, TRIES_MAX, Wanted};
use crate::credential::proof_store;
use crate::federation::{self, ClaimedEmail, Connection, NormalClaims};
use crate::flow::{self, Answers, Carried, Flow, Newcomer, Pending, Unusable};
use crate::http::address::Caller;
use crate::http::page_error::PageError;
use crate::kernel::id::ProfileId;
use crate::kernel::{EmailAddress, Secret};
use crate::mail::{self, Mail, Message, Post};
use crate::postgres::{self, PgConnection};

/// A flow of this browser at a brand.
pub(super) struct Place {
    pub(super) flow: Flow,
    pub(super) brand: Brand,
    pub(super) browser: Secret,
}

impl Place {
    pub(super) async fn find(
        conn: &mut PgConnection,
        app: &App,
        jar: &CookieJar,
        flow_id: &str,
    ) -> Result<Self, PageError> {
        let (flow, brand) = parts::open_flow(conn, app, jar, flow_id).await?;
        let browser = parts::browser(jar, app).ok_or(Unusable::OtherBrowser)?;
        Ok(Self {
            flow,
            brand,
            browser,
        })
    }

    /// A path with this flow.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{path}?flow={}", self.flow.flow_id)
    }

    pub(super) async fn proof(
        &self,
        conn: &mut PgConnection,
    ) -> Result<Option<Proof>, postgres::Error> {
        let (brand_id, flow_id) = (self.brand.brand_id, self.flow.flow_id);
        proof_store::find_proof_of_flow(conn, brand_id, flow_id).await
    }
}

/// The brand's connection that proves mailboxes, if it is switched on.
pub(super) async fn mailbox_of(
    conn: &mut PgConnection,
    brand: &Brand,
) -> Result<Option<Connection>, postgres::Error> {
    let (id, slug) = (brand.brand_id, federation::MAILBOX);
    let found = federation::store::find_connection_by_slug(conn, id, slug).await?;
    Ok(found.filter(|connection| connection.is_enabled && connection.is_mailbox()))
}

pub(super) fn minutes() -> u32 {
    u32::try_from(PROOF_LIFE.num_minutes()).expect("ten minutes")
}

/// What is sent.
pub(super) struct Letter<'l> {
    pub(super) purpose: Purpose,
    pub(super) address: &'l EmailAddress,
    pub(super) profile_id: Option<ProfileId>,
    pub(super) detail: Value,
    /// Whether it goes out. One that does not is written all the same, so that asking takes as long
    /// for an address that nobody has an account with (A40).
    pub(super) goes_out: bool,
}

impl<'l> Letter<'l> {
    pub(super) fn sign_in(address: &'l EmailAddress) -> Self {
        Self {
            purpose: Purpose::SignIn,
            address,
            profile_id: None,
            detail: json!({}),
            goes_out: true,
        }
    }
}

/// Who asks for a mail.
pub(super) struct Sender<'a> {
    pub(super) app: &'a App,
    pub(super) caller: Caller,
    pub(super) jar: &'a CookieJar,
    pub(super) headers: &'a HeaderMap,
    pub(super) place: &'a Place,
}

impl Sender<'_> {
    /// Makes a proof and queues its mail.
    pub(super) async fn send(&self, letter: Letter<'_>) -> Result<(), PageError> {
        let (app, place) = (self.app, self.place);
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let whence = (self.jar, &place.brand, self.caller);
        let what = (Kind::Mail, letter.address);
        let attempt = limits::attempt_by_address(&mut conn, app, whence, what).await?;
        let is_known = attempt.device.is_some();
        limits::spend_mail(&mut conn, app, &place.brand, &attempt).await?;
        drop(conn);
        postgres::tx(&app.pool, async |conn: &mut PgConnection| {
            self.write(conn, &letter, is_known).await
        })
        .await?;
        Ok(())
    }

    async fn write(
        &self,
        conn: &mut PgConnection,
        letter: &Letter<'_>,
        is_known: bool,
    ) -> Result<(), postgres::Error> {
        let (app, place) = (self.app, self.place);
        let (brand_id, flow_id) = (place.brand.brand_id, place.flow.flow_id);
        let now = app.clock.now();
        let wanted = Wanted {
            brand_id,
            purpose: letter.purpose,
            address: letter.address,
            flow_id,
            profile_id: letter.profile_id,
            detail: letter.detail.clone(),
        };
        let sent = proof::make(wanted, &place.browser, now, &app.entropy);
        proof_store::insert_proof(conn, &sent.proof).await?;
        flow::store::extend_flow(conn, brand_id, flow_id, sent.proof.expires_at).await?;
        // From the settings alone: what a request says of its host goes into no mail (A50).
        let link = format!("{}/login/mail/{}", app.config.issuer(), sent.link.expose());
        let (code, minutes) = (sent.code, minutes());
        let message = match (letter.purpose, &place.flow.pending) {
            (Purpose::Reset, _) => Message::PasswordReset {
                link,
                code,
                minutes,
            },
            (_, Some(Pending::Linking { .. })) => Message::AddressCode {
                code,
                link,
                minutes,
            },
            (Purpose::SignIn | Purpose::SignUp, _) => Message::SignInCode {
                code,
                link,
                minutes,
            },
        };
        let post = Post {
            cipher: &app.cipher,
            entropy: &app.entropy,
            language: parts::language(None, self.headers),
        };
        let mail = Mail {
            to: letter.address,
            profile_id: letter.profile_id,
            message,
            at: now,
            expires_at: if letter.goes_out {
                sent.proof.expires_at
            } else {
                now
            },
        };
        if is_known {
            return mail::queue_for_known(conn, brand_id, &post, mail).await;
        }
        mail::queue(conn, brand_id, &post, mail).await
    }
}

/// What came of a code.
pub(super) enum Checked {
    /// It was right, and is used up.
    Right,
    /// It was wrong.
    Wrong,
    /// Nothing can be right any more: another code is needed.
    Over,
}

/// Tries a code within the caller's transaction, which has to be committed whatever comes of it.
pub(super) async fn try_code(
    conn: &mut PgConnection,
    app: &App,
    place: &Place,
    proof: &Proof,
    typed: &str,
) -> Result<Checked, postgres::Error> {
    let now = app.clock.now();
    let (brand_id, proof_id) = (proof.brand_id, proof.proof_id);
    if !proof.is_open(now) || !proof_store::take_try(conn, brand_id, proof_id).await? {
        return Ok(Checked::Over);
    }
    if !proof.is_code(&place.browser, typed) {
        return Ok(Checked::Wrong);
    }
    let is_ours = proof_store::use_proof(conn, brand_id, proof_id, now).await?;
    Ok(if is_ours {
        Checked::Right
    } else {
        Checked::Over
    })
}

/// What people are told of a code that was not taken.
pub(super) fn fault(checked: &Checked, proof: &Proof) -> String {
    let text = match checked {
        Checked::Wrong if proof.tries + 1 < TRIES_MAX => {
            "That is not the code. Look at the latest mail, and try again."
        }
        Checked::Wrong | Checked::Right | Checked::Over if proof.tries + 1 >= TRIES_MAX => {
            "That was wrong too often. Go back to the site you came from and start again."
        }
        Checked::Wrong | Checked::Right | Checked::Over => {
            "That code works no longer. Ask for another."
        }
    };
    text.to_owned()
}

/// Keeps with the flow what was chosen along with the code.
pub(super) async fn carry(
    conn: &mut PgConnection,
    place: &Place,
    proof: &Proof,
) -> Result<(), postgres::Error> {
    if proof.purpose != Purpose::SignUp {
        return Ok(());
    }
    let Some(hash) = proof.detail.get("password").and_then(Value::as_str) else {
        return Ok(());
    };
    let carried = Carried {
        password: hash.to_owned(),
    };
    let flow = &place.flow;
    flow::store::update_carries(conn, flow.brand_id, flow.flow_id, &carried).await
}

/// Goes on with somebody who proved a mailbox.
pub(super) async fn finish(
    app: &App,
    jar: CookieJar,
    headers: &HeaderMap,
    place: &Place,
    proof: &Proof,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let mailbox = mailbox_of(&mut conn, &place.brand).await?;
    let mailbox = mailbox.ok_or_else(gone)?;
    drop(conn);
    let newcomer = Newcomer {
        connection_id: mailbox.connection_id,
        claims: claims_of(app.config.issuer(), &proof.address),
    };
    let visit = Visit {
        app,
        jar,
        headers,
        brand: &place.brand,
        flow: &place.flow,
    };
    let answers = Answers::default();
    visit.settle(&newcomer, &mailbox.slug, answers).await
}

/// Who somebody is who proved a mailbox: we vouch, for the address itself.
fn claims_of(issuer: &str, address: &EmailAddress) -> NormalClaims {
    NormalClaims {
        issuer: issuer.to_owned(),
        subject: address.as_str().to_owned(),
        display_name: None,
        given_name: None,
        family_name: None,
        username: None,
        emails: vec![ClaimedEmail {
            address: address.clone(),
            is_verified: true,
        }],
        phone: None,
        picture_url: None,
        profile_url: None,
        locale: None,
        zone: None,
        gender: None,
        birthdate: None,
        raw: json!({ "userinfo": { "email": address } }),
    }
}
