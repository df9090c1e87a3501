//! `/login/email`: proving a mailbox by a code.
//!
//! Nothing here looks up whether anybody has an account with an address: whoever types one is
//! answered alike, and who they are is decided after they proved it (A39).

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::letter::{
    Checked, Letter, Place, Sender, carry, fault, finish, mailbox_of, minutes, try_code,
};
use super::{limits, refusal::gone};
use crate::abuse::Kind;
use crate::app::{App, SharedApp};
use crate::credential::proof::{Proof, Purpose, TRIES_MAX};
use crate::flow::Pending;
use crate::http::account::brand_mark;
use crate::http::address::Caller;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::EmailAddress;
use crate::postgres::{self, PgConnection};
use crate::view::hosted::{EmailCodePage, EmailPage};
use crate::view::{Field, Notice};

/// What the address says.
#[derive(Deserialize)]
pub(super) struct Asked {
    flow: String,
    /// Another address is to be typed.
    other: Option<String>,
    done: Option<String>,
}

/// An address as typed.
#[derive(Deserialize)]
pub(super) struct AddressForm {
    #[serde(default)]
    email: String,
}

/// A code as typed.
#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    code: String,
}

/// GET: asks for the address, or for the code once a mail is on its way.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = Place::find(&mut conn, &app, &jar, &asked.flow).await?;
    mailbox_of(&mut conn, &place.brand)
        .await?
        .ok_or_else(gone)?;
    let found = place.proof(&mut conn).await?;
    let open = found.filter(|proof| proof.is_open(app.clock.now()) && asked.other.is_none());
    match open {
        Some(proof) if proof.purpose != Purpose::Reset => {
            let notice = asked.done.filter(|done| done == "again").map(|_| {
                let text = "Another code is on its way. The one before works no longer.";
                Notice::Done(text.to_owned())
            });
            page(&EmailCodePage {
                notice,
                ..code_page(&place, &proof)
            })
        }
        Some(_) | None => page(&address_page(&place, Field::empty())),
    }
}

fn address_page(place: &Place, email: Field) -> EmailPage {
    EmailPage {
        brand: brand_mark(&place.brand),
        action: place.path("/login/email"),
        email,
        back_href: place.path("/login"),
    }
}

fn code_page(place: &Place, proof: &Proof) -> EmailCodePage {
    EmailCodePage {
        brand: brand_mark(&place.brand),
        action: place.path("/login/email/code"),
        address: proof.address.as_str().to_owned(),
        minutes: minutes(),
        error: None,
        again_action: (proof.tries < TRIES_MAX).then(|| place.path("/login/email/again")),
        notice: None,
        other_href: format!("{}&other=1", place.path("/login/email")),
    }
}

/// POST: sends a code to an address.
pub(super) async fn ask(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    PageForm(form): PageForm<AddressForm>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = Place::find(&mut conn, &app, &jar, &asked.flow).await?;
    mailbox_of(&mut conn, &place.brand)
        .await?
        .ok_or_else(gone)?;
    drop(conn);
    let Ok(address) = EmailAddress::parse(&form.email) else {
        let field = Field::refused(form.email, "Type an address like name@example.com.");
        let shown = address_page(&place, field);
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    };
    let sender = Sender {
        app: &app,
        caller,
        jar: &jar,
        headers: &headers,
        place: &place,
    };
    sender.send(Letter::sign_in(&address)).await?;
    Ok(go_to(&place.path("/login/email")))
}

/// POST: sends another code to the same address. What was chosen along with the first stays.
pub(super) async fn ask_again(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = Place::find(&mut conn, &app, &jar, &asked.flow).await?;
    let found = place.proof(&mut conn).await?;
    drop(conn);
    let before = found.filter(|proof| proof.purpose != Purpose::Reset);
    let Some(before) = before.filter(|proof| proof.used_at.is_none()) else {
        return Ok(go_to(&place.path("/login/email")));
    };
    let sender = Sender {
        app: &app,
        caller,
        jar: &jar,
        headers: &headers,
        place: &place,
    };
    let letter = Letter {
        purpose: before.purpose,
        detail: before.detail.clone(),
        ..Letter::sign_in(&before.address)
    };
    sender.send(letter).await?;
    Ok(go_to(&format!("{}&done=again", place.path("/login/email"))))
}

/// POST: takes the code.
pub(super) async fn take_code(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    PageForm(form): PageForm<CodeForm>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = Place::find(&mut conn, &app, &jar, &asked.flow).await?;
    let found = place.proof(&mut conn).await?;
    let Some(proof) = found.filter(|proof| proof.purpose != Purpose::Reset) else {
        return Ok(go_to(&place.path("/login/email")));
    };
    let whence = (&jar, &place.brand, caller);
    let what = (Kind::Code, &proof.address);
    let attempt = limits::attempt_by_address(&mut conn, &app, whence, what).await?;
    let begun = limits::begin(&mut conn, &app, &place.brand, &attempt).await?;
    drop(conn);
    let checked = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let checked = try_code(conn, &app, &place, &proof, &form.code).await?;
        if matches!(checked, Checked::Right) {
            carry(conn, &place, &proof).await?;
        }
        Ok::<_, postgres::Error>(checked)
    })
    .await?;
    limits::end(&app, begun, matches!(checked, Checked::Right)).await?;
    if matches!(checked, Checked::Right) {
        return finish(&app, jar, &headers, &place, &proof).await;
    }
    let is_over = proof.tries + 1 >= TRIES_MAX;
    let shown = code_page(&place, &proof);
    let shown = EmailCodePage {
        error: Some(fault(&checked, &proof)),
        again_action: shown.again_action.filter(|_| !is_over),
        ..shown
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
}

/// Sends a code to the address that a newcomer of this flow was vouched for with, so that whoever
/// has an account by it can prove that they are its owner.
pub(super) async fn prove_waiting(
    app: &App,
    caller: Caller,
    (jar, headers): (&CookieJar, &HeaderMap),
    place: &Place,
) -> Result<Response, PageError> {
    if let Some(Pending::Link { newcomer, .. }) = &place.flow.pending
        && let Some(address) = newcomer.claims.verified_emails().next()
    {
        let sender = Sender {
            app,
            caller,
            jar,
            headers,
            place,
        };
        sender.send(Letter::sign_in(address)).await?;
    }
    Ok(go_to(&place.path("/login/email")))
}
