//! What the sign-in element must know: public by nature, so no cookie and no key is asked.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::app::{App, SharedApp};
use crate::application;
use crate::brand::Brand;
use crate::federation::{self, Connection};
use crate::http::problem::Problem;
use crate::http::signed_in::find_client;
use crate::key;
use crate::oidc::Params;
use crate::postgres;
use crate::view::language::Language;

/// `/v1/embed/config?client_id=&lang=`. The first answer to a page of another origin marks the
/// application as seen, which turns the dashboard's light green; the dashboard's own pages show the
/// element too.
pub(super) async fn show(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<impl IntoResponse, Problem> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let client_id = params.get("client_id").ok().flatten().ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "client_id_missing",
            "say which application this is for: ?client_id=",
        )
    })?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand, application) = find_client(&mut conn, client_id)
        .await?
        .ok_or_else(|| Problem::not_found("application"))?;
    let brand_id = brand.brand_id;
    let connections = federation::store::list_connections(&mut conn, brand_id).await?;
    let write_key = key::store::find_browser_key_text(&mut conn, brand_id).await?;
    if is_elsewhere(&headers, app.config.issuer()) {
        let (id, now) = (application.application_id, app.clock.now());
        application::store::mark_application_seen(&mut conn, brand_id, id, now).await?;
    }
    let lang = params.get("lang").ok().flatten();
    let language = lang.and_then(Language::from_tag).unwrap_or_default();
    let mut body = document(&app, &brand, &connections, write_key.as_deref());
    body["words"] = words(language);
    Ok(([(CACHE_CONTROL, "public, max-age=60")], Json(body)))
}

/// Whether a page of another origin asks: browsers say so of every such request.
fn is_elsewhere(headers: &HeaderMap, issuer: &str) -> bool {
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    origin.is_some_and(|origin| origin != issuer)
}

/// The element's texts in `language`.
fn words(language: Language) -> Value {
    json!({
        "lang": language.tag(),
        "dir": language.direction(),
        "texts": language.messages().element(),
    })
}

fn document(
    app: &App,
    brand: &Brand,
    connections: &[Connection],
    write_key: Option<&str>,
) -> Value {
    let providers: Vec<Value> = connections
        .iter()
        .filter(|connection| connection.is_enabled && !connection.is_mailbox())
        .map(|connection| json!({ "key": connection.slug, "label": connection.label }))
        .collect();
    json!({
        "brand": { "name": brand.name, "slug": brand.slug },
        "issuer": app.config.issuer(),
        "providers": providers,
        "write_key": write_key,
    })
}
