//! A request with events, from its headers to its answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::Value;

use super::answer::{self, Refusal};
use super::body::UNKNOWN_LENGTH_MAX;
use super::{Gate, auth, prove};
use crate::app::{App, SharedApp};
use crate::event::decode::{self, BODY_LENGTH_MAX, Envelope, Malformed};
use crate::event::validate::{self, Receipt};
use crate::event::{Judged, Kind, Rejection, Sender, Submission, Trust};
use crate::key;

/// After so many events a long batch lets others have their turn.
const EVENTS_PER_TURN: usize = 64;

/// What a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// An envelope with a batch.
    Batch,
    /// One event of this kind.
    Single(Kind),
}

/// Takes events.
pub(super) async fn receive(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(shape): Extension<Shape>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let credentials = auth::credentials(&headers)?;
    // The beacon that a page sends as it unloads can bring its key in the URL only.
    let early = match (&credentials.key, auth::in_query(query.as_deref())) {
        (Some(presented), _) => Some(gate.keys.find(&app, presented).await?),
        (None, Some(text)) => Some(gate.keys.find_in_url(&app, &text).await?),
        (None, None) => None,
    };
    let length_max = match early {
        Some(_) => BODY_LENGTH_MAX,
        None => UNKNOWN_LENGTH_MAX,
    };
    let mut held = gate.room.read(&headers, body, length_max).await?;
    let encoding = headers.get(header::CONTENT_ENCODING);
    let encoding = encoding.map_or(Some(""), |value| value.to_str().ok());
    if decode::is_packed(encoding.or(Some("?")), &held.bytes)? {
        // Unpacking is work, which is done for those who have a key.
        if early.is_none() {
            return Err(Refusal::key_missing());
        }
        let inflated = decode::inflate(&held.bytes)?;
        gate.room.take(&mut held, inflated.len())?;
        held.bytes = inflated;
    }
    // What cannot be stored need not be read closely.
    if let Some(key) = &early {
        app.intake.has_room(key.brand_id)?;
    }
    let text = decode::text(&held.bytes);
    let envelope = decode::envelope(&text)?;
    let key = match early {
        Some(key) => key,
        None => find_in_body(&app, &gate, &envelope).await?,
    };
    let sender = sender(&key);
    if key.kind == key::Kind::Secret && headers.contains_key(header::ORIGIN) {
        return Err(expose(&app, sender).await);
    }
    let mut items = judge(&app, shape, &envelope, &text, &headers).await?;
    prove::mark(&app, &sender, credentials.token.as_ref(), &mut items).await?;
    let verdicts = app.intake.submit(Submission { sender, items }).await?;
    match shape {
        Shape::Batch => Ok(answer::batch(&verdicts)),
        Shape::Single(_) => answer::single(&verdicts),
    }
}

async fn find_in_body(
    app: &App,
    gate: &Gate,
    envelope: &Envelope<'_>,
) -> Result<key::Key, Refusal> {
    let text = envelope
        .write_key
        .as_deref()
        .filter(|text| !text.is_empty())
        .ok_or_else(Refusal::key_missing)?;
    let presented = key::Presented::parse(text).ok_or_else(Refusal::key_unknown)?;
    gate.keys.find(app, &presented).await
}

/// Who a key's holder is to the intake.
pub(super) const fn sender(key: &key::Key) -> Sender {
    Sender {
        brand_id: key.brand_id,
        key_id: Some(key.key_id),
        trust: match key.kind {
            key::Kind::Secret => Trust::Trusted,
            key::Kind::Browser => Trust::Browser,
        },
    }
}

/// Refuses a secret key that a page sends, and leaves word of it where the brand looks.
async fn expose(app: &App, sender: Sender) -> Refusal {
    tracing::warn!(brand = %sender.brand_id, key = ?sender.key_id, "a page sent a secret key");
    let word = Judged::Rejected(Box::new(Rejection {
        code: "secret_key_exposed",
        detail: "a web page sent events with this secret key: revoke it, and use a browser key"
            .to_owned(),
        pointer: "",
        message_id: None,
        name: None,
        payload: String::new(),
        routed_kind: None,
        sent_at: None,
        received_at: app.clock.now(),
    }));
    let submission = Submission {
        sender,
        items: vec![word],
    };
    match app.intake.submit(submission).await {
        Ok(_) => Refusal::key_exposed(),
        Err(error) => error.into(),
    }
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
        (Shape::Batch, None) => Err(Malformed::NoBatch.into()),
        (Shape::Single(_), Some(_)) => Err(Refusal::bad_request(
            "unexpected_batch",
            "this route takes one event: send a batch to /v1/batch",
        )),
        (Shape::Single(kind), None) => {
            receipt.kind = Some(kind);
            Ok(vec![validate::judge(text, &receipt)])
        }
        (Shape::Batch, Some(batch)) => {
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
