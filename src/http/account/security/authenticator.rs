//! The authenticator app and its recovery codes.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use super::super::brand_mark;
use super::super::me::Customer;
use super::{fresh_customer, home, note};
use crate::app::{App, SharedApp};
use crate::credential::recovery::RecoveryCodes;
use crate::credential::second_factor::data_of;
use crate::credential::store::{self, Credential, Kind};
use crate::credential::totp::{Totp, TotpSecret};
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::CredentialId;
use crate::mail::Message;
use crate::postgres::{self, PgConnection};
use crate::profile;
use crate::session;
use crate::view::hosted::{AppNewPage, RecoveryCodesPage};
use crate::view::qr;

/// What is posted to turn an app on.
#[derive(Deserialize)]
pub(super) struct Form {
    /// The secret that the page showed, sealed.
    #[serde(default)]
    sealed: String,
    #[serde(default)]
    code: String,
}

/// A secret that was shown is sealed for the session that saw it, and stored nowhere until its app
/// has shown that it works.
fn context(customer: &Customer) -> String {
    format!("totp.shown:{}", customer.session.session_id)
}

fn open(app: &App, customer: &Customer, sealed: &str) -> Option<TotpSecret> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let text = app.cipher.open_text(&context(customer), &sealed).ok()?;
    TotpSecret::from_base32(text.expose())
}

async fn setting_up(
    app: &App,
    customer: &Customer,
    secret: &TotpSecret,
    error: Option<&str>,
) -> Result<AppNewPage, PageError> {
    let Customer { brand, session } = customer;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand_id, profile_id) = (session.brand_id, session.profile_id);
    let emails = profile::store::list_emails(&mut conn, brand_id, profile_id).await?;
    let account = emails.first().map_or("account", |email| &email.address);
    let key = secret.base32();
    let sealed = app.cipher.seal(&context(customer), key.as_bytes());
    // Long names give way: the picture has room for the secret in any case.
    let picture = qr::draw(&secret.uri(&brand.name, account))
        .or_else(|| qr::draw(&secret.uri(&brand.slug, "account")))
        .ok_or_else(PageError::not_found)?;
    Ok(AppNewPage {
        brand: brand_mark(brand),
        action: format!("/me/security/app?brand={}", brand.slug),
        sealed: URL_SAFE_NO_PAD.encode(sealed),
        key,
        qr_size: picture.size,
        qr_path: picture.path,
        error: error.map(str::to_owned),
        back_href: home(customer, None),
    })
}

/// GET: shows a new secret.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = fresh_customer(&app, &jar, query, "/app").await?;
    let secret = TotpSecret::random(&app.entropy);
    page(&setting_up(&app, &customer, &secret, None).await?)
}

/// POST: the app's first code turns it on, and shows the recovery codes.
pub(super) async fn turn_on(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let customer = fresh_customer(&app, &jar, query, "/app").await?;
    let Some(secret) = open(&app, &customer, &form.sealed) else {
        return Ok(go_to(&format!(
            "/me/security/app?brand={}",
            customer.brand.slug
        )));
    };
    let now = app.clock.now();
    let id = CredentialId::new(now, &app.entropy);
    let Some(totp) = Totp::proven(&secret, &form.code, (&app.cipher, id), now) else {
        let error = "That code is not right. Type the one that the app shows now.";
        let shown = setting_up(&app, &customer, &secret, Some(error)).await?;
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    };
    let credential = credential(&customer, (id, Kind::Totp), data_of(&totp), &app);
    let made = postgres::tx(&app.pool, async |conn| {
        store::insert_credential(conn, &credential).await?;
        let codes = replace_codes(conn, &app, &customer).await?;
        let what = "An authenticator app was added".to_owned();
        let detail = json!({ "kind": "totp", "credential_id": id });
        let message = Message::SecondFactorChanged { what };
        let change = ("credential.added", detail);
        note(conn, &app, &customer, change, (message, &headers)).await?;
        end_others(conn, &app, &customer).await?;
        Ok::<_, postgres::Error>(codes)
    })
    .await;
    let codes = match made {
        Ok(codes) => codes,
        Err(error) if error.constraint() == Some("credential_one_of_its_kind") => {
            return Err(PageError::new(
                StatusCode::CONFLICT,
                "An app is set up already",
                "Turn it off first if you want to use another one.",
            )
            .with_action(home(&customer, None), "Back"));
        }
        Err(error) => return Err(error.into()),
    };
    shown_codes(
        &customer,
        codes,
        "Your app is set up. Your other browsers are signed out.",
    )
}

/// POST: turns the app off, with its codes and the browsers that need none.
pub(super) async fn turn_off(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = fresh_customer(&app, &jar, query, "").await?;
    let (brand_id, profile_id) = (customer.session.brand_id, customer.session.profile_id);
    postgres::tx(&app.pool, async |conn| {
        let kinds = [Kind::Totp, Kind::RecoveryCodes, Kind::TrustedDevice];
        store::delete_credentials_of_kinds(conn, brand_id, profile_id, &kinds).await?;
        let what = "The authenticator app was turned off".to_owned();
        let message = Message::SecondFactorChanged { what };
        let change = ("credential.removed", json!({ "kind": "totp" }));
        note(conn, &app, &customer, change, (message, &headers)).await?;
        end_others(conn, &app, &customer).await
    })
    .await?;
    Ok(go_to(&home(&customer, Some("app-off"))))
}

/// POST: new recovery codes; those until now are worth nothing.
pub(super) async fn new_codes(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = fresh_customer(&app, &jar, query, "").await?;
    let (brand_id, profile_id) = (customer.session.brand_id, customer.session.profile_id);
    let codes = postgres::tx(&app.pool, async |conn| {
        // Codes stand in for an app; without one there is nothing that they could stand in for.
        let app_row = store::lock_credential(conn, brand_id, profile_id, Kind::Totp).await?;
        app_row.ok_or_else(PageError::not_found)?;
        let codes = replace_codes(conn, &app, &customer).await?;
        let what = "New recovery codes were made".to_owned();
        let message = Message::SecondFactorChanged { what };
        let change = ("credential.changed", json!({ "kind": "recovery_codes" }));
        note(conn, &app, &customer, change, (message, &headers)).await?;
        Ok::<_, PageError>(codes)
    })
    .await?;
    shown_codes(
        &customer,
        codes,
        "The codes that you had before are worth nothing now.",
    )
}

fn shown_codes(customer: &Customer, codes: Vec<String>, said: &str) -> Result<Response, PageError> {
    page(&RecoveryCodesPage {
        brand: brand_mark(&customer.brand),
        codes,
        said: said.to_owned(),
        back_href: home(customer, None),
    })
}

async fn replace_codes(
    conn: &mut PgConnection,
    app: &App,
    customer: &Customer,
) -> Result<Vec<String>, postgres::Error> {
    let (brand_id, profile_id) = (customer.session.brand_id, customer.session.profile_id);
    let kinds = [Kind::RecoveryCodes];
    store::delete_credentials_of_kinds(conn, brand_id, profile_id, &kinds).await?;
    let (set, codes) = RecoveryCodes::random(&app.entropy);
    let id = CredentialId::new(app.clock.now(), &app.entropy);
    let kind = (id, Kind::RecoveryCodes);
    store::insert_credential(conn, &credential(customer, kind, data_of(&set), app)).await?;
    Ok(codes)
}

fn credential(
    customer: &Customer,
    (credential_id, kind): (CredentialId, Kind),
    data: serde_json::Value,
    app: &App,
) -> Credential {
    Credential {
        brand_id: customer.session.brand_id,
        credential_id,
        profile_id: customer.session.profile_id,
        kind,
        name: String::new(),
        handle: None,
        data,
        created_at: app.clock.now(),
        last_used_at: None,
    }
}

async fn end_others(
    conn: &mut PgConnection,
    app: &App,
    customer: &Customer,
) -> Result<(), postgres::Error> {
    let own = &customer.session;
    let (brand_id, profile_id, kept) = (own.brand_id, own.profile_id, Some(own.session_id));
    let now = app.clock.now();
    session::store::end_other_sessions(conn, brand_id, profile_id, kept, now).await?;
    Ok(())
}
