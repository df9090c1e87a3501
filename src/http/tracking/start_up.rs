//! What browser SDKs ask before they send: where to, and to whom else (nobody). They pay for asking
//! as for an event.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::admit::{Asked, InUrl};
use super::answer::Refusal;
use super::{Gate, auth};
use crate::app::SharedApp;
use crate::http::address::Caller;
use crate::key::Kind;

/// What analytics-next asks when its `cdnURL` is set.
pub(super) async fn settings(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    Caller(network): Caller,
    Path(write_key): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let asked = Asked {
        app: &app,
        gate: &gate,
        headers: &headers,
        network,
    };
    asked.admit_by_url(Some(&write_key)).await?;
    let url = &app.config.public_url;
    let host = url.host_str().unwrap_or_default();
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Ok(Json(json!({
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": format!("{host}/v1"),
                "protocol": url.scheme(),
            }
        },
        "plan": { "track": { "__default": { "enabled": true, "integrations": {} } } },
        "edgeFunction": {},
        "metrics": { "sampleRate": 0 },
    })))
}

/// What the RudderStack browser SDK asks.
pub(super) async fn source_config(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    Caller(network): Caller,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let asked = Asked {
        app: &app,
        gate: &gate,
        headers: &headers,
        network,
    };
    let in_url = auth::in_query(query.as_deref());
    let shown = in_url.clone();
    let early = asked
        .admit(in_url.map_or(InUrl::None, InUrl::Allowed))
        .await?;
    let key = early.key.ok_or_else(Refusal::key_missing)?;
    if key.kind == Kind::Secret {
        return Err(Refusal::key_exposed());
    }
    // A key in the header goes before one in the address, as when it was let in.
    let text = match auth::credentials(&headers)?.key {
        Some(presented) => presented.expose(),
        None => shown.ok_or_else(Refusal::key_missing)?,
    };
    let now = app.clock.now();
    Ok(Json(json!({
        "source": {
            "id": key.key_id,
            "name": "Befriend",
            "writeKey": text,
            "enabled": true,
            "workspaceId": key.brand_id,
            "config": {
                "statsCollection": {
                    "errors": { "enabled": false },
                    "metrics": { "enabled": false },
                }
            },
            "destinations": [],
            "updatedAt": now,
        },
        "updatedAt": now,
    })))
}
