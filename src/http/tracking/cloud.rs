//! `POST /v1/cloudevents`: events in all three modes of the HTTP binding of `CloudEvents` 1.0.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::value::RawValue;

use super::admit::{Asked, InUrl};
use super::answer::{self, Refusal};
use super::receive::{EVENTS_PER_TURN, take};
use super::{Gate, auth};
use crate::app::SharedApp;
use crate::event::Judged;
use crate::event::cloud;
use crate::event::decode::{self, EVENTS_MAX, Malformed};
use crate::event::validate::Receipt;
use crate::http::address::Caller;

/// What stands before the name of an attribute in a header.
const PREFIX: &str = "ce-";

/// How a request carries its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// One event, a JSON object.
    Structured,
    /// Several, a JSON array.
    Batched,
    /// One, with its attributes in headers and its data as the body.
    Binary,
}

/// Takes events.
pub(super) async fn receive(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    Caller(network): Caller,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let asked = Asked {
        app: &app,
        gate: &gate,
        headers: &headers,
        network,
    };
    let in_url = match auth::in_query(query.as_deref()) {
        Some(_) => InUrl::Refused,
        None => InUrl::None,
    };
    let early = asked.admit(in_url).await?;
    // There is no place for a key in the body of a CloudEvent.
    let key = early.key.ok_or_else(Refusal::key_missing)?;
    let mode = mode(&headers)?;
    let held = gate.read(&headers, body, true).await?;
    let text = decode::text(&held.bytes);
    let receipt = Receipt {
        received_at: app.clock.now(),
        sent_at: None,
        kind: None,
        entropy: &app.entropy,
    };
    let items = match mode {
        Mode::Structured => vec![cloud::judge(&text, &receipt)],
        Mode::Binary => vec![cloud::judge_binary(attributes(&headers), &text, &receipt)],
        Mode::Batched => judge_all(&text, &receipt).await?,
    };
    asked.pay_for_more(&key, items.len());
    let verdicts = take(&app, &key, early.token.as_ref(), items).await?;
    match mode {
        Mode::Structured | Mode::Binary => {
            answer::single(&verdicts, app.quotas.visitor_wait_seconds())
        }
        Mode::Batched => Ok(answer::batch(&verdicts)),
    }
}

fn mode(headers: &HeaderMap) -> Result<Mode, Refusal> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|kind| kind.split(';').next().unwrap_or_default().trim());
    match kind.unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/cloudevents+json" | "application/cloudevents" => Ok(Mode::Structured),
        "application/cloudevents-batch+json" | "application/cloudevents-batch" => Ok(Mode::Batched),
        other if other.starts_with("application/cloudevents") => Err(Refusal::unknown_format(
            "of the formats of CloudEvents only JSON is taken",
        )),
        _ if attributes(headers).next().is_some() => Ok(Mode::Binary),
        _ => Err(Refusal::unknown_format(
            "send application/cloudevents+json, application/cloudevents-batch+json, or ce- headers",
        )),
    }
}

/// The attributes in headers. The media type of the body is one of them.
fn attributes(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let kind = headers.get(header::CONTENT_TYPE);
    let in_headers = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(PREFIX)?;
        (!name.is_empty()).then_some((name, value.as_bytes()))
    });
    // The type of a body alone makes no event.
    let has_any = headers.keys().any(|name| name.as_str().starts_with(PREFIX));
    let kind = kind.filter(|_| has_any);
    in_headers.chain(kind.map(|value| ("datacontenttype", value.as_bytes())))
}

async fn judge_all(text: &str, receipt: &Receipt<'_>) -> Result<Vec<Judged>, Refusal> {
    let events: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| Malformed::NotAnArray(error.to_string()))?;
    if events.len() > EVENTS_MAX {
        return Err(Malformed::TooManyEvents.into());
    }
    let mut items = Vec::with_capacity(events.len());
    for (number, raw) in events.iter().enumerate() {
        if number % EVENTS_PER_TURN == EVENTS_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
        items.push(cloud::judge(raw.get(), receipt));
    }
    Ok(items)
}
