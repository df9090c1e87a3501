//! A request with events, from its headers to its answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::admit::{Asked, InUrl, sender};
use super::answer::{self, Refusal};
use super::{Gate, auth, prove, screen};
use crate::app::{App, SharedApp};
use crate::event::decode::{self, Envelope, Malformed};
use crate::event::validate::{self, Receipt};
use crate::event::{Judged, Kind, Submission, Verdict};
use crate::http::address::Caller;
use crate::kernel::Secret;
use crate::key::Key;

/// After so many events a long batch lets others have their turn.
pub(super) const EVENTS_PER_TURN: usize = 64;

/// What a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// An envelope with a batch.
    Batch,
    /// The same from a page that unloads, which can bring its key in the URL only.
    Beacon,
    /// One event of this kind.
    Single(Kind),
}

/// Takes events.
pub(super) async fn receive(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(shape): Extension<Shape>,
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
    let in_url = match (shape, auth::in_query(query.as_deref())) {
        (_, None) => InUrl::None,
        (Shape::Beacon, Some(text)) => InUrl::Allowed(text),
        (Shape::Batch | Shape::Single(_), Some(_)) => InUrl::Refused,
    };
    let early = asked.admit(in_url).await?;
    let held = gate.read(&headers, body, early.key.is_some()).await?;
    // What cannot be stored need not be read closely.
    if let Some(key) = &early.key {
        app.intake.has_room(key.brand_id)?;
    }
    let text = decode::text(&held.bytes);
    let envelope = decode::envelope(&text)?;
    let key = match early.key {
        Some(key) => key,
        None => asked.admit_by_body(envelope.write_key.as_deref()).await?,
    };
    asked.pay_for_more(&key, envelope.batch.as_ref().map_or(1, Vec::len));
    let items = judge(&app, shape, &envelope, &text, &headers).await?;
    let verdicts = take(&app, &key, early.token.as_ref(), items).await?;
    match shape {
        Shape::Batch | Shape::Beacon => Ok(answer::batch(&verdicts)),
        Shape::Single(_) => answer::single(&verdicts, app.quotas.visitor_wait_seconds()),
    }
}

/// Stores what was judged, as far as the key's holder may send it.
pub(super) async fn take(
    app: &App,
    key: &Key,
    token: Option<&Secret>,
    mut items: Vec<Judged>,
) -> Result<Vec<Verdict>, Refusal> {
    let sender = sender(key);
    screen::screen(app, key, &mut items).await;
    prove::mark(app, &sender, token, &mut items).await?;
    Ok(app.intake.submit(Submission { sender, items }).await?)
}

async fn judge(
    app: &App,
    shape: Shape,
    envelope: &Envelope<'_>,
    text: &str,
    headers: &HeaderMap,
) -> Result<Vec<Judged>, Refusal> {
    // One SDK sends the time in a header.
    let in_header = headers
        .get("sentat")
        .and_then(|value| value.to_str().ok())
        .map(|text| Value::String(text.to_owned()));
    let mut receipt = Receipt {
        received_at: app.clock.now(),
        sent_at: envelope.sent_at.as_ref().or(in_header.as_ref()),
        kind: None,
        entropy: &app.entropy,
    };
    match (shape, &envelope.batch) {
        (Shape::Batch | Shape::Beacon, None) => Err(Malformed::NoBatch.into()),
        (Shape::Single(_), Some(_)) => Err(Refusal::bad_request(
            "unexpected_batch",
            "this route takes one event: send a batch to /v1/batch",
        )),
        (Shape::Single(kind), None) => {
            receipt.kind = Some(kind);
            Ok(vec![validate::judge(text, &receipt)])
        }
        (Shape::Batch | Shape::Beacon, Some(batch)) => {
            let mut items = Vec::with_capacity(batch.len());
            for (number, raw) in batch.iter().enumerate() {
                if number % EVENTS_PER_TURN == EVENTS_PER_TURN - 1 {
                    tokio::task::yield_now().await;
                }
                items.push(validate::judge(raw.get(), &receipt));
            }
            Ok(items)
        }
    }
}
