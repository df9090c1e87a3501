//! `/login/password` and `/login/sign-up`: a password as a way in.
//!
//! An address that nobody has a password with costs as much work as one that somebody has, and is
//! answered alike (A39, A40). A password chosen here is set only once its address is proven, so that
//! nobody holds one for an address that is not theirs (A6).

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use serde_json::json;

use super::letter::{Letter, Place, Sender, mailbox_of};
use super::settled::Visit;
use super::{limits, refusal::gone};
use crate::abuse::{Account, Kind};
use crate::app::{App, SharedApp};
use crate::brand::{self, Brand};
use crate::credential::password::{self, PASSWORD_CHARS_MIN};
use crate::credential::proof::Purpose;
use crate::credential::store::{self, Credential};
use crate::http::account::brand_mark;
use crate::http::address::Caller;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::ProfileId;
use crate::kernel::{EmailAddress, Secret};
use crate::postgres::{self, PgConnection};
use crate::session::Method;
use crate::view::Field;
use crate::view::hosted::{PasswordPage, SignUpPage};

/// What the address says.
#[derive(Deserialize)]
pub(super) struct Asked {
    flow: String,
}

/// What is typed.
#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    email: String,
    password: Option<Secret>,
}

/// A flow of this browser at a brand whose people may have passwords.
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

/// Refuses where the brand's people may not have passwords.
pub(in crate::http) async fn offers(
    conn: &mut PgConnection,
    brand: &Brand,
) -> Result<(), PageError> {
    let ways = brand::ways_store::find_ways(conn, brand.brand_id).await?;
    if ways.passwords { Ok(()) } else { Err(gone()) }
}

/// GET `/login/password`
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = find_place(&mut conn, &app, &jar, &asked.flow).await?;
    let can_sign_up = mailbox_of(&mut conn, &place.brand).await?.is_some();
    page(&password_page(&place, Field::empty(), can_sign_up))
}

fn password_page(place: &Place, email: Field, has_mailbox: bool) -> PasswordPage {
    PasswordPage {
        brand: brand_mark(&place.brand),
        action: place.path("/login/password"),
        email,
        error: None,
        reset_href: has_mailbox.then(|| place.path("/login/reset")),
        sign_up_href: has_mailbox.then(|| place.path("/login/sign-up")),
        back_href: place.path("/login"),
    }
}

/// POST `/login/password`
pub(super) async fn sign_in(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = find_place(&mut conn, &app, &jar, &asked.flow).await?;
    let has_mailbox = mailbox_of(&mut conn, &place.brand).await?.is_some();
    let address = EmailAddress::parse(&form.email).ok();
    let held = match &address {
        Some(address) => {
            let id = place.brand.brand_id;
            store::list_passwords_of_address(&mut conn, id, address).await?
        }
        None => Vec::new(),
    };
    let whose = held.first().map(|password| password.profile_id);
    let account = address.as_ref().map_or_else(
        || Account::named(&form.email.to_lowercase()),
        |address| Account::of(whose, address),
    );
    let what = (Kind::Password, account);
    let attempt = limits::attempt(&app, &jar, &place.brand, caller, what);
    let begun = limits::begin(&mut conn, &app, &place.brand, &attempt).await?;
    // Hashing takes long, and nothing that others wait for is held meanwhile.
    drop(conn);
    let password = form.password.unwrap_or_else(|| Secret::new(""));
    let proven = prove(&app, &held, &password).await?;
    limits::end(&app, begun, proven.is_some()).await?;
    let Some(profile_id) = proven else {
        let shown = PasswordPage {
            error: Some(
                "That address and password do not go together. Try again, or choose a new \
                 password."
                    .to_owned(),
            ),
            ..password_page(&place, Field::filled(form.email), has_mailbox)
        };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    };
    let visit = Visit {
        app: &app,
        jar,
        headers: &headers,
        brand: &place.brand,
        flow: &place.flow,
    };
    visit.vouch(profile_id, Method::Password, false).await
}

/// Whose password it is of those held with the address. With none it takes as long as with one.
pub(in crate::http) async fn prove(
    app: &App,
    held: &[Credential],
    typed: &Secret,
) -> Result<Option<ProfileId>, password::Error> {
    if held.is_empty() {
        app.passwords.verify(typed, None).await?;
    }
    for credential in held {
        let hash = password::hash_of(&credential.data);
        if app.passwords.verify(typed, hash).await? {
            if hash.is_some_and(password::is_outdated) {
                renew(app, credential, typed).await?;
            }
            return Ok(Some(credential.profile_id));
        }
    }
    Ok(None)
}

/// Keeps a hash of ours of a password that has just proven right, in place of one that another system
/// made or that we would make otherwise today. If that cannot be written now, the next sign-in does.
async fn renew(app: &App, credential: &Credential, typed: &Secret) -> Result<(), password::Error> {
    let data = password::data_of(&app.passwords.rehash(typed).await?);
    let (brand_id, id) = (credential.brand_id, credential.credential_id);
    let written = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        store::update_credential_data(conn, brand_id, id, &data, None).await
    })
    .await;
    if let Err(error) = written {
        tracing::warn!(%error, "a password's new hash was not written");
    }
    Ok(())
}

/// GET `/login/sign-up`
pub(super) async fn show_sign_up(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = find_place(&mut conn, &app, &jar, &asked.flow).await?;
    mailbox_of(&mut conn, &place.brand)
        .await?
        .ok_or_else(gone)?;
    page(&sign_up_page(&place, Field::empty(), None))
}

fn sign_up_page(place: &Place, email: Field, password_error: Option<String>) -> SignUpPage {
    SignUpPage {
        brand: brand_mark(&place.brand),
        action: place.path("/login/sign-up"),
        email,
        password_error,
        hint: password_hint(),
        back_href: place.path("/login/password"),
    }
}

/// What a new password has to be.
pub(in crate::http) fn password_hint() -> String {
    format!(
        "At least {PASSWORD_CHARS_MIN} characters. A few words that only you put together do well."
    )
}

/// Hashes a new password if it is good enough; else what is wrong with it.
pub(in crate::http) async fn hash_new(
    app: &App,
    password: Option<&Secret>,
    own_words: &[&str],
) -> Result<Result<String, String>, PageError> {
    let Some(password) = password.filter(|password| !password.expose().is_empty()) else {
        return Ok(Err("Type a password.".to_owned()));
    };
    let words: Vec<String> = own_words.iter().map(|&word| word.to_owned()).collect();
    let judged = app.passwords.judge(password, words, &app.breached).await?;
    if let Err(weakness) = judged {
        return Ok(Err(weakness.to_string()));
    }
    match app.passwords.hash(password).await {
        Ok(hash) => Ok(Ok(hash)),
        Err(password::Error::Length) => Ok(Err(password_hint())),
        Err(error) => Err(error.into()),
    }
}

/// POST `/login/sign-up`: the same answer whether or not somebody has an account with the address.
pub(super) async fn sign_up(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = find_place(&mut conn, &app, &jar, &asked.flow).await?;
    mailbox_of(&mut conn, &place.brand)
        .await?
        .ok_or_else(gone)?;
    drop(conn);
    let address = EmailAddress::parse(&form.email);
    let own: Vec<&str> = address
        .iter()
        .map(EmailAddress::as_str)
        .chain([place.brand.name.as_str()])
        .collect();
    // An address that is none is told first: then nothing needs hashing.
    let hashed = match &address {
        Ok(_) => Some(hash_new(&app, form.password.as_ref(), &own).await?),
        Err(_) => None,
    };
    let (address, hash) = match (&address, hashed) {
        (Ok(address), Some(Ok(hash))) => (address, hash),
        (Ok(_), fault) => {
            let fault = fault.and_then(Result::err);
            let shown = sign_up_page(&place, Field::filled(form.email), fault);
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
        (Err(_), _) => {
            let field = Field::refused(form.email, "Type an address like name@example.com.");
            let shown = sign_up_page(&place, field, None);
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    let sender = Sender {
        app: &app,
        caller,
        jar: &jar,
        headers: &headers,
        place: &place,
    };
    let letter = Letter {
        purpose: Purpose::SignUp,
        detail: json!({ "password": hash }),
        ..Letter::sign_in(address)
    };
    sender.send(letter).await?;
    Ok(go_to(&place.path("/login/email")))
}
