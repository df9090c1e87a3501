//! What the sign-in element must know: public by nature, so no cookie and no key is asked.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
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

/// `/v1/embed/config?client_id=`. The first answer marks the application as seen, which turns the
/// dashboard's light green.
pub(super) async fn show(
    State(app): State<SharedApp>,
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
    application::store::mark_application_seen(
        &mut conn,
        brand_id,
        application.application_id,
        app.clock.now(),
    )
    .await?;
    let body = document(&app, &brand, &connections, write_key.as_deref());
    Ok(([(CACHE_CONTROL, "public, max-age=60")], Json(body)))
}

fn document(
    app: &App,
    brand: &Brand,
    connections: &[Connection],
    write_key: Option<&str>,
) -> Value {
    let providers: Vec<Value> = connections
        .iter()
        .filter(|connection| connection.is_enabled)
        .map(|connection| json!({ "key": connection.slug, "label": connection.label }))
        .collect();
    json!({
        "brand": { "name": brand.name, "slug": brand.slug },
        "issuer": app.config.issuer(),
        "providers": providers,
        "write_key": write_key,
    })
}
