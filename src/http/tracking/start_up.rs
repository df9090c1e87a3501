//! What browser SDKs ask before they send: where to, and to whom else (nobody).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::{Gate, auth};
use crate::app::SharedApp;
use crate::key::Kind;

/// What analytics-next asks when its `cdnURL` is set.
pub(super) async fn settings(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    Path(write_key): Path<String>,
) -> Result<Json<Value>, Refusal> {
    gate.keys.find_in_url(&app, &write_key).await?;
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
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let (key, text) = match (
        auth::credentials(&headers)?.key,
        auth::in_query(query.as_deref()),
    ) {
        (Some(presented), _) => {
            let key = gate.keys.find(&app, &presented).await?;
            if key.kind == Kind::Secret {
                return Err(Refusal::key_exposed());
            }
            (key, presented.expose())
        }
        (None, Some(text)) => (gate.keys.find_in_url(&app, &text).await?, text),
        (None, None) => return Err(Refusal::key_missing()),
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
