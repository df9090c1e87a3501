//! `/login/passkey/new`: an account by a passkey and a name alone.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::consent::purposes;
use super::parts;
use super::passkey::{Place, relying_party};
use super::settled::Visit;
use crate::app::{App, SharedApp};
use crate::brand::Brand;
use crate::credential::passkey::{
    self, CHALLENGE_BYTES, Made, Refusal, Registration, RelyingParty, USER_HANDLE_BYTES,
};
use crate::credential::passkey_store::{self, Asked};
use crate::flow::{Answers, Flow};
use crate::http::account::{brand_mark, browser_name, creation_options};
use crate::http::page::{page, page_with};
use crate::http::page_error::PageError;
use crate::postgres::{self, PgConnection};
use crate::view::Field;
use crate::view::hosted::PasskeySignUpPage;
use crate::view::language::Language;

/// The longest name.
const NAME_CHARS_MAX: usize = 100;

/// What the page sends along when it asks for the question.
#[derive(Deserialize)]
pub(super) struct Wish {
    name: String,
}

fn form_page(brand: &Brand, flow: &Flow, name: Field, error: Option<String>) -> PasskeySignUpPage {
    let flow_id = flow.flow_id;
    PasskeySignUpPage {
        brand: brand_mark(brand),
        action: format!("/login/passkey/new?flow={flow_id}"),
        options: format!("/login/passkey/new/options?flow={flow_id}"),
        name,
        purposes: if brand.asks_terms {
            purposes(brand, Language::English.messages())
        } else {
            vec![]
        },
        terms_url: brand.terms_url.clone(),
        privacy_url: brand.privacy_url.clone(),
        error,
        back_href: format!("/login?flow={flow_id}"),
    }
}

/// GET: asks for a name and shows what would be stored.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(place): Query<Place>,
) -> Result<Response, PageError> {
    relying_party(&app)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &place.flow).await?;
    page(&form_page(&brand, &flow, Field::empty(), None))
}

/// Asks the browser to have a passkey made for somebody of whom nothing is known but a name.
pub(super) async fn options(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(place): Query<Place>,
    axum::Form(wish): axum::Form<Wish>,
) -> Result<Response, PageError> {
    let party = relying_party(&app)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &place.flow).await?;
    let challenge: [u8; CHALLENGE_BYTES] = app.entropy.bytes();
    let handle: [u8; USER_HANDLE_BYTES] = app.entropy.bytes();
    let asked = Asked::SignUp(flow.flow_id);
    let question = (&challenge, Some(handle.as_slice()));
    let now = app.clock.now();
    passkey_store::insert_challenge(&mut conn, brand.brand_id, asked, question, now).await?;
    let name = name_of(&wish.name).unwrap_or_else(|| brand.name.clone());
    let options = creation_options(&party, &brand, (&challenge, &handle), &name, &[]);
    Ok(Json(options).into_response())
}

/// POST: takes the passkey and makes the account.
pub(super) async fn answer(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(place): Query<Place>,
    axum::Form(fields): axum::Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let party = relying_party(&app)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &place.flow).await?;
    let get = |name: &str| {
        fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    let typed = get("person").unwrap_or_default();
    let again = |name: Field, error: Option<String>| {
        let shown = form_page(&brand, &flow, name, error);
        page_with(StatusCode::BAD_REQUEST, &shown)
    };
    let Some(name) = name_of(typed) else {
        let error = "Type a name of at most a hundred letters.";
        return again(Field::refused(typed, error), None);
    };
    let answer = get("answer").unwrap_or_default();
    let made = match made(&mut conn, &app, (&brand, &flow), answer, &party).await? {
        Ok(made) => made,
        Err(refusal) => {
            tracing::info!(outcome = refusal.code(), flow = %flow.flow_id, "a passkey was refused");
            let error = "That passkey was not taken, and nothing is stored. Try once more.";
            return again(Field::filled(name), Some(error.to_owned()));
        }
    };
    drop(conn);
    let answers = Answers {
        // The page has one button, and says what it agrees to.
        accepts_terms: true,
        accepts_marketing: fields.contains(&("purpose".to_owned(), "marketing".to_owned())),
        goes_on_as_new: true,
    };
    let passkey_name = browser_name(parts::user_agent(&headers));
    let visit = Visit {
        app: &app,
        jar,
        headers: &headers,
        brand: &brand,
        flow: &flow,
    };
    visit
        .sign_up_by_passkey((&name, &passkey_name), &made, answers)
        .await
}

async fn made(
    conn: &mut PgConnection,
    app: &App,
    (brand, flow): (&Brand, &Flow),
    answer: &str,
    party: &RelyingParty,
) -> Result<Result<Made, Refusal>, postgres::Error> {
    let asked = Asked::SignUp(flow.flow_id);
    take_made(conn, app, brand, asked, answer, party).await
}

/// The passkey that was made in answer to what was asked, judged.
pub(in crate::http) async fn take_made(
    conn: &mut PgConnection,
    app: &App,
    brand: &Brand,
    asked: Asked,
    answer: &str,
    party: &RelyingParty,
) -> Result<Result<Made, Refusal>, postgres::Error> {
    let Ok(answer) = serde_json::from_str::<Registration>(answer) else {
        return Ok(Err(Refusal::Malformed));
    };
    let challenge = match passkey::challenge_of(&answer.response.client_data) {
        Ok(challenge) => challenge,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let now = app.clock.now();
    let taken = passkey_store::take_challenge(conn, brand.brand_id, asked, &challenge, now).await?;
    let Some((taken, handle)) = taken.and_then(|taken| {
        let handle = taken.user_handle.clone()?;
        Some((taken, handle))
    }) else {
        return Ok(Err(Refusal::Challenge));
    };
    Ok(passkey::register(&answer, &taken.challenge, &handle, party))
}

/// A name as it is stored: without blanks around it and without control characters.
fn name_of(typed: &str) -> Option<String> {
    let name: String = typed.trim().chars().filter(|c| !c.is_control()).collect();
    (!name.is_empty() && name.chars().count() <= NAME_CHARS_MAX).then_some(name)
}
