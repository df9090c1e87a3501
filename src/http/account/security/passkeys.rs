//! Passkeys of somebody signed in: adding, naming, removing.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::me::Customer;
use super::super::{brand_mark, browser_name};
use super::{customer, fresh_customer, home, note};
use crate::app::SharedApp;
use crate::brand::Brand;
use crate::credential::passkey::{
    ALGORITHMS, CHALLENGE_BYTES, Made, Passkey, RelyingParty, USER_HANDLE_BYTES,
};
use crate::credential::passkey_store::{self, Asked, CHALLENGE_LIFE};
use crate::credential::second_factor::{data_of, read};
use crate::credential::store::{self, Credential, Kind};
use crate::http::extract::PageForm;
use crate::http::login::{relying_party, take_made};
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::CredentialId;
use crate::mail::Message;
use crate::postgres::{self, PgConnection};
use crate::profile;
use crate::session;
use crate::view::Field;
use crate::view::hosted::PasskeyNewPage;

/// The most passkeys of one person.
const PASSKEYS_MAX: usize = 20;

/// The longest name of one.
const NAME_CHARS_MAX: usize = 60;

/// A new passkey, as the page posts it.
#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    answer: String,
}

fn new_page(customer: &Customer, name: Field, error: Option<&str>) -> PasskeyNewPage {
    let slug = &customer.brand.slug;
    PasskeyNewPage {
        brand: brand_mark(&customer.brand),
        action: format!("/me/security/passkeys?brand={slug}"),
        options: format!("/me/security/passkeys/options?brand={slug}"),
        name,
        error: error.map(str::to_owned),
        back_href: home(customer, None),
    }
}

/// GET: asks for a name.
pub(super) async fn show_new(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    relying_party(&app)?;
    let customer = fresh_customer(&app, &jar, query, "/passkeys/new").await?;
    let name = browser_name(user_agent(&headers));
    page(&new_page(&customer, Field::filled(name), None))
}

fn user_agent(headers: &HeaderMap) -> &str {
    let value = headers.get(axum::http::header::USER_AGENT);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Asks the browser to have a passkey made.
pub(super) async fn options(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let party = relying_party(&app)?;
    let customer = fresh_customer(&app, &jar, query, "/passkeys/new").await?;
    let Customer { brand, session } = &customer;
    let (brand_id, profile_id) = (session.brand_id, session.profile_id);
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let all = store::list_credentials(&mut conn, brand_id, profile_id).await?;
    let held: Vec<&Credential> = all.iter().filter(|one| one.kind == Kind::Passkey).collect();
    // Without a question there is no answer to take.
    if held.len() >= PASSKEYS_MAX {
        return Err(PageError::new(
            StatusCode::CONFLICT,
            "You have as many passkeys as there can be",
            "Remove one that you no longer use, then add another.",
        ));
    }
    let handle = match held.first() {
        // One name towards authenticators, so that they know whose it is and replace none.
        Some(first) => handle_of(first)?,
        None => app.entropy.bytes::<USER_HANDLE_BYTES>().to_vec(),
    };
    let challenge: [u8; CHALLENGE_BYTES] = app.entropy.bytes();
    let asked = Asked::Register(session.session_id);
    let question = (&challenge, Some(handle.as_slice()));
    let now = app.clock.now();
    passkey_store::insert_challenge(&mut conn, brand_id, asked, question, now).await?;
    let emails = profile::store::list_emails(&mut conn, brand_id, profile_id).await?;
    let found = profile::store::find_profile(&mut conn, brand_id, profile_id).await?;
    let name = emails
        .first()
        .map(|email| email.address.clone())
        .or_else(|| found.and_then(|profile| profile.display_name))
        .unwrap_or_else(|| brand.name.clone());
    let known: Vec<&[u8]> = held
        .iter()
        .filter_map(|one| one.handle.as_deref())
        .collect();
    let options = creation_options(&party, brand, (&challenge, &handle), &name, &known);
    Ok(Json(options).into_response())
}

fn handle_of(credential: &Credential) -> Result<Vec<u8>, postgres::Error> {
    let passkey: Passkey = read(credential)?;
    let fault = || {
        let fault = "its user handle is no base64url";
        postgres::Inconsistency::new("credential", credential.credential_id, fault)
    };
    Ok(URL_SAFE_NO_PAD
        .decode(passkey.user_handle)
        .map_err(|_| fault())?)
}

/// What browsers are asked for: `PublicKeyCredentialCreationOptionsJSON`. The passkey is to be found
/// without a name, and its authenticator is to know its owner. `name` is shown by authenticators,
/// beside the brand's, and goes nowhere else.
pub(in crate::http) fn creation_options(
    party: &RelyingParty,
    brand: &Brand,
    (challenge, handle): (&[u8], &[u8]),
    name: &str,
    known: &[&[u8]],
) -> Value {
    let algorithms = ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
    let known: Vec<Value> = known
        .iter()
        .map(|id| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(id) }))
        .collect();
    json!({
        "rp": { "id": party.id, "name": brand.name },
        "user": {
            "id": URL_SAFE_NO_PAD.encode(handle),
            "name": format!("{name} ({})", brand.name),
            "displayName": name,
        },
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "pubKeyCredParams": algorithms,
        "timeout": CHALLENGE_LIFE.num_milliseconds(),
        "excludeCredentials": known,
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "attestation": "none",
    })
}

/// POST: takes a new passkey.
pub(super) async fn add(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let party = relying_party(&app)?;
    let customer = fresh_customer(&app, &jar, query, "/passkeys/new").await?;
    let again = |name: Field, error: Option<&str>| {
        page_with(StatusCode::BAD_REQUEST, &new_page(&customer, name, error))
    };
    let Some(name) = name_of(&form.name) else {
        return again(Field::refused(form.name, BAD_NAME), None);
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let asked = Asked::Register(customer.session.session_id);
    let brand = &customer.brand;
    let made = take_made(&mut conn, &app, brand, asked, &form.answer, &party).await?;
    drop(conn);
    let made = match made {
        Ok(made) => made,
        Err(refusal) => {
            tracing::info!(outcome = refusal.code(), "a passkey was refused");
            let error = "That passkey was not taken. Try once more.";
            return again(Field::filled(name), Some(error));
        }
    };
    let added = postgres::tx(&app.pool, async |conn| {
        insert(conn, &app, &customer, (&name, &made), &headers).await
    })
    .await;
    match added {
        Ok(()) => Ok(go_to(&home(&customer, Some("passkey-added")))),
        Err(error) if error.constraint() == Some("credential_handle_key") => {
            let error = "This device has a passkey of yours already.";
            again(Field::filled(name), Some(error))
        }
        Err(error) => Err(error.into()),
    }
}

const BAD_NAME: &str = "Type a name of at most sixty letters.";

async fn insert(
    conn: &mut PgConnection,
    app: &crate::app::App,
    customer: &Customer,
    (name, made): (&str, &Made),
    headers: &HeaderMap,
) -> Result<(), postgres::Error> {
    let now = app.clock.now();
    let (brand_id, profile_id) = (customer.session.brand_id, customer.session.profile_id);
    let credential = Credential {
        brand_id,
        credential_id: CredentialId::new(now, &app.entropy),
        profile_id,
        kind: Kind::Passkey,
        name: name.to_owned(),
        handle: Some(made.credential_id.clone()),
        data: data_of(&made.passkey),
        created_at: now,
        last_used_at: None,
    };
    store::insert_credential(conn, &credential).await?;
    let detail = json!({ "kind": "passkey", "credential_id": credential.credential_id });
    let message = Message::PasskeyAdded {
        name: name.to_owned(),
    };
    let what = ("credential.added", detail);
    note(conn, app, customer, what, (message, headers)).await
}

/// What is posted to rename one.
#[derive(Deserialize)]
pub(super) struct Rename {
    #[serde(default)]
    name: String,
}

/// POST: another name. One of somebody else is as if it were not there (A63).
pub(super) async fn rename(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    PageForm(form): PageForm<Rename>,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let id: CredentialId = id.parse().map_err(|_| PageError::not_found())?;
    let name = name_of(&form.name)
        .ok_or_else(|| PageError::new(StatusCode::BAD_REQUEST, "That is no name", BAD_NAME))?;
    let (brand_id, profile_id) = (customer.session.brand_id, customer.session.profile_id);
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let renamed =
        passkey_store::update_passkey_name(&mut conn, brand_id, profile_id, id, &name).await?;
    if !renamed {
        return Err(PageError::not_found());
    }
    Ok(go_to(&home(&customer, Some("passkey-renamed"))))
}

/// POST: removes one, unless it is the only way in. Whoever was signed in elsewhere is signed out.
pub(super) async fn remove(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = fresh_customer(&app, &jar, query, "").await?;
    let id: CredentialId = id.parse().map_err(|_| PageError::not_found())?;
    let own = &customer.session;
    let (brand_id, profile_id) = (own.brand_id, own.profile_id);
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        let ways = store::count_ways_in(conn, brand_id, profile_id).await?;
        let all = store::list_credentials(conn, brand_id, profile_id).await?;
        let passkey = all
            .into_iter()
            .find(|one| one.credential_id == id && one.kind == Kind::Passkey)
            .ok_or_else(PageError::not_found)?;
        if ways <= 1 {
            return Err(last_way(&customer));
        }
        store::delete_credential(conn, brand_id, profile_id, id).await?;
        let kept = Some(own.session_id);
        session::store::end_other_sessions(conn, brand_id, profile_id, kept, now).await?;
        let detail = json!({ "kind": "passkey", "credential_id": id });
        let message = Message::WayRemoved {
            what: format!("the passkey {}", passkey.name),
        };
        let what = ("credential.removed", detail);
        note(conn, &app, &customer, what, (message, &headers)).await?;
        Ok(())
    })
    .await?;
    Ok(go_to(&home(&customer, Some("passkey-removed"))))
}

fn last_way(customer: &Customer) -> PageError {
    PageError::new(
        StatusCode::CONFLICT,
        "This is your only way in",
        "Without this passkey you could not sign in any more. Add another way in first.",
    )
    .with_action(home(customer, None), "Back")
}

/// A name as it is stored.
fn name_of(typed: &str) -> Option<String> {
    let name: String = typed.trim().chars().filter(|c| !c.is_control()).collect();
    (!name.is_empty() && name.chars().count() <= NAME_CHARS_MAX).then_some(name)
}
