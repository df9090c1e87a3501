//! Sending events as a brand's server would: JSON to `/v1/batch`, with a secret key.

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::app::SharedApp;
use crate::kernel::Secret;

/// How often a busy intake is asked again before the demo gives up.
const ATTEMPTS_MAX: u32 = 20;

/// The public intake route, called in this process.
pub(super) struct Pusher {
    router: Router,
    key: Secret,
}

impl Pusher {
    pub(super) fn new(app: SharedApp, key: Secret) -> Self {
        Self {
            router: crate::http::router(app),
            key,
        }
    }

    /// Sends `events` and leaves the list empty. An event that is refused is a fault of the demo.
    pub(super) async fn push(&self, events: &mut Vec<Value>) -> anyhow::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let body = json!({ "batch": std::mem::take(events) }).to_string();
        for attempt in 0..ATTEMPTS_MAX {
            let request = Request::post("/v1/batch")
                .header(
                    header::AUTHORIZATION,
                    format!("Bearer {}", self.key.expose()),
                )
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.clone()))?;
            let answer = self.router.clone().oneshot(request).await?;
            let status = answer.status();
            let text = to_bytes(answer.into_body(), 16 * 1024 * 1024).await?;
            match status {
                StatusCode::OK => return check(&text),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(Duration::from_millis(50 * u64::from(attempt + 1))).await;
                }
                other => bail!(
                    "the intake answered {other}: {}",
                    String::from_utf8_lossy(&text)
                ),
            }
        }
        bail!("the intake was busy {ATTEMPTS_MAX} times in a row")
    }
}

fn check(text: &[u8]) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_slice(text).context("read the intake's answer")?;
    let rejected = answer["verdicts"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|verdict| verdict["status"] == "rejected");
    match rejected {
        Some(verdict) => bail!("the intake refused an event of the demo: {verdict}"),
        None => Ok(()),
    }
}
