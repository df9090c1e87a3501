//! Which language a request is answered in.
//!
//! What its address says (`lang`, or the `ui_locales` of OpenID Connect), else what a page before it
//! was asked for in, else what the browser prefers. The dashboard speaks English.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;

use super::cookie;
use crate::app::SharedApp;
use crate::kernel::Secret;
use crate::oidc::Params;
use crate::view::language::Language;

/// How long a language that somebody chose is kept.
const CHOICE_LIFE: TimeDelta = TimeDelta::days(180);

/// The language that an address asks for.
fn asked(uri: &Uri) -> Option<Language> {
    let params = Params::parse(uri.query()?);
    let get = |name| params.get(name).ok().flatten();
    let chosen = get("lang").and_then(Language::from_tag);
    chosen.or_else(|| get("ui_locales").and_then(Language::from_wishes))
}

/// The language in which to answer.
pub(super) fn heard(uri: &Uri, headers: &HeaderMap) -> Language {
    if uri.path().starts_with("/dashboard") {
        return Language::English;
    }
    asked(uri).unwrap_or_else(|| kept_or_accepted(headers))
}

/// What a page before was asked for in, else what the browser prefers.
pub(super) fn kept_or_accepted(headers: &HeaderMap) -> Language {
    let jar = CookieJar::from_headers(headers);
    // By either name: the language is no secret, and a planted one harms nobody.
    let kept = ["__Host-bf_language", "bf_language"]
        .into_iter()
        .find_map(|name| Language::from_tag(jar.get(name)?.value()));
    kept.unwrap_or_else(|| {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        Language::from_accept_language(accepted.unwrap_or_default())
    })
}

/// Keeps the language that an address asks for, for the pages that follow.
pub(super) async fn keep(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let Some(language) = asked(request.uri()) else {
        return next.run(request).await;
    };
    let jar = CookieJar::from_headers(request.headers());
    let response = next.run(request).await;
    let kept = cookie::read(&jar, &app.config, cookie::Name::Language);
    if kept.is_some_and(|kept| kept.expose() == language.tag()) {
        return response;
    }
    let tag = Secret::new(language.tag());
    let life = Some(CHOICE_LIFE);
    let jar = cookie::set(jar, &app.config, cookie::Name::Language, &tag, life);
    (jar, response).into_response()
}

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}
