//! `/login/reset`: another password, for somebody who forgot theirs.
//!
//! Nothing changes before a code or link from the mailbox is given. Then every session of the
//! account ends, nobody is signed in by it, and a second factor is asked for as before (S37).

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use serde_json::json;

use super::letter::{Checked, Letter, Place, Sender, fault, minutes, try_code};
use super::mail_link::spent;
use super::password::{hash_new, offers, password_hint};
use super::{limits, parts};
use crate::abuse::{Account, Kind};
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::credential::password;
use crate::credential::proof::{Proof, Purpose};
use crate::credential::{self, proof_store, store};
use crate::http::account::brand_mark;
use crate::http::address::Caller;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::{BrandId, ProfileId};
use crate::kernel::{EmailAddress, Secret};
use crate::mail::{self, Mail, Message, Post};
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::profile::{self, Status};
use crate::session;
use crate::view::Field;
use crate::view::hosted::{NewPasswordPage, ResetPage};

/// How long a note of something that happened is worth sending.
const NOTE_LIFE: chrono::TimeDelta = chrono::TimeDelta::days(2);

/// What the address says.
#[derive(Deserialize)]
pub(super) struct Asked {
    flow: String,
    other: Option<String>,
}

/// An address as typed.
#[derive(Deserialize)]
pub(super) struct AddressForm {
    #[serde(default)]
    email: String,
}

/// A new password, and the code that lets it be set where no link does.
#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    code: String,
    password: Option<Secret>,
}

async fn find_place(
    conn: &mut PgConnection,
    app: &App,
    jar: &CookieJar,
    flow_id: &str,
) -> Result<Place, PageError> {
    let place = Place::find(conn, app, jar, flow_id).await?;
    offers(conn, &place.brand).await?;
    Ok(place)
}

/// GET: asks for the address, or for the code and the new password once a mail is on its way.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = find_place(&mut conn, &app, &jar, &asked.flow).await?;
    let found = place.proof(&mut conn).await?;
    let open = found
        .filter(|proof| proof.purpose == Purpose::Reset && proof.is_open(app.clock.now()))
        .filter(|_| asked.other.is_none());
    match open {
        Some(proof) => page(&code_page(&place, &proof, None, None)),
        None => page(&address_page(&place, Field::empty())),
    }
}

fn address_page(place: &Place, email: Field) -> ResetPage {
    ResetPage {
        brand: brand_mark(&place.brand),
        action: place.path("/login/reset"),
        email,
        back_href: place.path("/login/password"),
    }
}

fn code_page(
    place: &Place,
    proof: &Proof,
    code_error: Option<String>,
    password_error: Option<String>,
) -> NewPasswordPage {
    NewPasswordPage {
        brand: brand_mark(&place.brand),
        action: place.path("/login/reset/code"),
        asked: Some((proof.address.as_str().to_owned(), minutes())),
        code_error,
        password_error,
        hint: password_hint(),
        other_href: Some(format!("{}&other=1", place.path("/login/reset"))),
    }
}

/// The page of a link, opened in the browser that asked for it.
pub(super) fn link_page(
    place: &Place,
    action: String,
    password_error: Option<String>,
) -> NewPasswordPage {
    NewPasswordPage {
        brand: brand_mark(&place.brand),
        action,
        asked: None,
        code_error: None,
        password_error,
        hint: password_hint(),
        other_href: None,
    }
}

/// POST: sends a code to the address if somebody has a password with it; the answer is the same if
/// nobody has.
pub(super) async fn ask(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    PageForm(form): PageForm<AddressForm>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = find_place(&mut conn, &app, &jar, &asked.flow).await?;
    let Ok(address) = EmailAddress::parse(&form.email) else {
        let field = Field::refused(form.email, "Type an address like name@example.com.");
        let shown = address_page(&place, field);
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    };
    let id = place.brand.brand_id;
    let held = store::list_passwords_of_address(&mut conn, id, &address).await?;
    drop(conn);
    let whose = held.first().map(|password| password.profile_id);
    let sender = Sender {
        app: &app,
        caller,
        jar: &jar,
        headers: &headers,
        place: &place,
    };
    let letter = Letter {
        purpose: Purpose::Reset,
        address: &address,
        profile_id: whose,
        detail: json!({}),
        goes_out: whose.is_some(),
    };
    sender.send(letter).await?;
    Ok(go_to(&place.path("/login/reset")))
}

/// POST: takes the code and the new password. A password that is not good enough is told first, so
/// that it uses no code up.
pub(super) async fn by_code(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    PageForm(form): PageForm<PasswordForm>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = find_place(&mut conn, &app, &jar, &asked.flow).await?;
    let found = place.proof(&mut conn).await?;
    let Some(proof) = found.filter(|proof| proof.purpose == Purpose::Reset) else {
        return Ok(go_to(&place.path("/login/reset")));
    };
    let what = (Kind::Code, Account::named(proof.address.as_str()));
    let attempt = limits::attempt(&app, &jar, &place.brand, caller, what);
    let begun = limits::begin(&mut conn, &app, &place.brand, &attempt).await?;
    drop(conn);
    let own = [proof.address.as_str(), place.brand.name.as_str()];
    let hash = match hash_new(&app, form.password.as_ref(), &own).await? {
        Ok(hash) => hash,
        Err(fault) => {
            let shown = code_page(&place, &proof, None, Some(fault));
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    let change = Change {
        app: &app,
        headers: &headers,
        proof: &proof,
        hash: &hash,
    };
    let checked = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let checked = try_code(conn, &app, &place, &proof, &form.code).await?;
        match checked {
            Checked::Right if !change.make(conn).await? => Ok(Checked::Over),
            other => Ok::<_, postgres::Error>(other),
        }
    })
    .await?;
    limits::end(&app, begun, matches!(checked, Checked::Right)).await?;
    if matches!(checked, Checked::Right) {
        return Ok(done(&place));
    }
    let shown = code_page(&place, &proof, Some(fault(&checked, &proof)), None);
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
}

/// The same by a link, in the browser that asked for it.
pub(super) async fn by_link(
    app: &App,
    headers: &HeaderMap,
    (place, proof): (&Place, &Proof),
    action: String,
    form: PasswordForm,
) -> Result<Response, PageError> {
    let own = [proof.address.as_str(), place.brand.name.as_str()];
    let hash = match hash_new(app, form.password.as_ref(), &own).await? {
        Ok(hash) => hash,
        Err(fault) => {
            let shown = link_page(place, action, Some(fault));
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    let change = Change {
        app,
        headers,
        proof,
        hash: &hash,
    };
    let changed = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let (brand_id, now) = (proof.brand_id, app.clock.now());
        let is_ours = proof_store::use_proof(conn, brand_id, proof.proof_id, now).await?;
        Ok::<_, postgres::Error>(is_ours && change.make(conn).await?)
    })
    .await?;
    if changed {
        Ok(done(place))
    } else {
        Err(spent())
    }
}

/// Back to the ways in: choosing a password signs nobody in.
fn done(place: &Place) -> Response {
    go_to(&format!("{}&done=password", place.path("/login")))
}

/// A password about to become another.
struct Change<'a> {
    app: &'a App,
    headers: &'a HeaderMap,
    proof: &'a Proof,
    hash: &'a str,
}

impl Change<'_> {
    /// Makes it, unless what the mail was sent for is no longer so: the account is shut or gone, has
    /// no password any more, or another address (A47).
    async fn make(&self, conn: &mut PgConnection) -> Result<bool, postgres::Error> {
        let (brand_id, proof) = (self.proof.brand_id, self.proof);
        let Some(profile_id) = proof.profile_id else {
            return Ok(false);
        };
        let kind = store::Kind::Password;
        let held = store::lock_credential(conn, brand_id, profile_id, kind).await?;
        let found = profile::store::find_profile(conn, brand_id, profile_id).await?;
        let is_active = found.is_some_and(|profile| profile.status == Status::Active);
        let emails = profile::store::list_emails(conn, brand_id, profile_id).await?;
        let is_theirs = emails
            .iter()
            .any(|email| email.verified_at.is_some() && email.address == proof.address.as_str());
        let Some(held) = held.filter(|_| is_active && is_theirs) else {
            return Ok(false);
        };
        let data = password::data_of(self.hash);
        let id = held.credential_id;
        store::update_credential_data(conn, brand_id, id, &data, None).await?;
        let now = self.app.clock.now();
        session::store::end_other_sessions(conn, brand_id, profile_id, None, now).await?;
        let account = Account::profile(profile_id);
        let abuse = &self.app.abuse;
        abuse
            .forgive(conn, brand_id, Kind::Password, &account)
            .await?;
        let language = parts::language(None, self.headers);
        let about = (brand_id, profile_id, &proof.address);
        note_change(conn, self.app, about, language).await?;
        Ok(true)
    }
}

/// What follows from another password, however it came to be: mail on its way works no longer,
/// browsers that were trusted are asked again, and the owner is told.
pub(in crate::http) async fn note_change(
    conn: &mut PgConnection,
    app: &App,
    (brand_id, profile_id, address): (BrandId, ProfileId, &EmailAddress),
    language: crate::view::language::Language,
) -> Result<(), postgres::Error> {
    let now = app.clock.now();
    proof_store::end_proofs_about(conn, brand_id, profile_id, now).await?;
    let trusted = [store::Kind::TrustedDevice];
    credential::store::delete_credentials_of_kinds(conn, brand_id, profile_id, &trusted).await?;
    let detail = json!({ "kind": "password" });
    let entry = audit::Entry {
        actor: Actor::Customer(profile_id),
        action: "credential.changed",
        subject: profile_id.to_string(),
        detail: detail.clone(),
        at: now,
    };
    audit::store::insert_entry(conn, brand_id, &app.entropy, entry).await?;
    let fact = Fact {
        kind: "credential.changed",
        profile_id: Some(profile_id),
        payload: detail,
        at: now,
    };
    outbox::insert_fact(conn, brand_id, &app.entropy, fact).await?;
    let post = Post {
        cipher: &app.cipher,
        entropy: &app.entropy,
        language,
    };
    let mail = Mail {
        to: address,
        profile_id: Some(profile_id),
        message: Message::PasswordChanged,
        at: now,
        expires_at: now + NOTE_LIFE,
    };
    mail::queue(conn, brand_id, &post, mail).await
}
