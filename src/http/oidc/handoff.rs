//! Answers that wait for the page that opened a window: see [`crate::oidc::handoff`].

use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use serde_json::json;

use crate::app::{App, SharedApp};
use crate::application::Application;
use crate::http::cookie;
use crate::http::page_error::PageError;
use crate::http::problem::Problem;
use crate::http::signed_in::find_client;
use crate::kernel::Secret;
use crate::oidc::authorize::Authorization;
use crate::oidc::{Params, handoff};
use crate::postgres;

fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN)?.to_str().ok()
}

/// Gives the window of a request that came as a form its ticket, if its answer may be kept.
pub(super) async fn open(
    app: &App,
    jar: CookieJar,
    headers: &HeaderMap,
    params: &Params,
) -> Result<CookieJar, PageError> {
    let client_id = params.get("client_id").ok().flatten();
    let (Some(origin), Some(client_id)) = (origin(headers), client_id) else {
        return Ok(jar);
    };
    if !matches!(params.get("handoff"), Ok(Some(_))) {
        return Ok(jar);
    }
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let Some((_, application)) = find_client(&mut conn, client_id).await? else {
        return Ok(jar);
    };
    let tools = (app.clock.now(), &app.entropy);
    let ticket = handoff::open(&mut conn, &application, params, origin, tools).await?;
    Ok(match ticket {
        Some(ticket) => {
            let life = Some(handoff::HANDOFF_LIFE);
            cookie::set(jar, &app.config, cookie::Name::Handoff, &ticket, life)
        }
        None => jar,
    })
}

/// Keeps the answer that would send the browser to `location`, where the request asks for that and
/// this window may. Returns whether it is kept.
pub(super) async fn keep(
    app: &App,
    jar: &CookieJar,
    application: &Application,
    authorization: &Authorization,
    location: &str,
) -> Result<bool, PageError> {
    let ticket = cookie::read(jar, &app.config, cookie::Name::Handoff);
    let (Some(asked), Some(ticket)) = (&authorization.handoff, ticket) else {
        return Ok(false);
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let now = app.clock.now();
    let held = (asked.as_str(), &ticket);
    Ok(handoff::keep(&mut conn, application, held, location, &app.cipher, now).await?)
}

/// `POST /v1/embed/handoff` with `client_id` and `secret`: the answer, or that there is none yet.
/// Only pages of the application's own origins may read either.
pub(super) async fn claim(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Result<Response, Problem> {
    let form = Params::parse(&String::from_utf8_lossy(&form));
    let get = |name| form.get(name).ok().flatten();
    let refused = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "origin_unknown",
            "only a page of the application's own origins may ask; register its address",
        )
    };
    let (Some(origin), Some(client_id)) = (origin(&headers), get("client_id")) else {
        return Err(refused());
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = find_client(&mut conn, client_id).await?;
    let Some((_, application)) = found.filter(|(_, client)| client.has_origin(origin)) else {
        return Err(refused());
    };
    let secret = Secret::new(get("secret").unwrap_or_default());
    let now = app.clock.now();
    let cipher = &app.cipher;
    let answer = handoff::claim(&mut conn, &application, &secret, origin, cipher, now).await?;
    let body = answer.unwrap_or_else(|| json!({ "waiting": true }).to_string());
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    Ok(response)
}
