//! Events as the address of an image, for mail and pages without scripts.

use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::admit::Asked;
use super::answer::{self, Refusal};
use super::{Gate, receive};
use crate::app::SharedApp;
use crate::event::Kind;
use crate::event::validate::{Receipt, judge_value};
use crate::http::address::Caller;

/// A transparent GIF of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\
    \x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;";
/// The most fields that an address brings.
const FIELDS_MAX: usize = 100;
/// The deepest field: `context.page.url`.
const DEPTH_MAX: usize = 4;

/// Takes a track.
pub(super) async fn track(
    state: State<SharedApp>,
    gate: Extension<Arc<Gate>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    take(state, gate, caller, query.unwrap_or_default(), Kind::Track).await
}

/// Takes a page.
pub(super) async fn page(
    state: State<SharedApp>,
    gate: Extension<Arc<Gate>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    take(state, gate, caller, query.unwrap_or_default(), Kind::Page).await
}

async fn take(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    Caller(network): Caller,
    query: String,
    kind: Kind,
) -> Result<Response, Refusal> {
    let (write_key, event) = event(&query);
    let asked = Asked {
        app: &app,
        gate: &gate,
        headers: &HeaderMap::new(),
        network,
    };
    let key = asked.admit_by_url(write_key.as_deref()).await?;
    let receipt = Receipt {
        received_at: app.clock.now(),
        sent_at: None,
        kind: Some(kind),
        entropy: &app.entropy,
    };
    let items = vec![judge_value(event, &receipt)];
    let verdicts = receive::take(&app, &key, None, items).await?;
    answer::single(&verdicts, app.quotas.visitor_wait_seconds())?;
    Ok(([(header::CONTENT_TYPE, "image/gif")], PIXEL).into_response())
}

/// The key and the event that a query spells: `properties.price=3` is a property, and a whole object
/// may stand as JSON.
fn event(query: &str) -> (Option<String>, Value) {
    let mut write_key = None;
    let mut event = Map::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()).take(FIELDS_MAX) {
        if name == "writeKey" {
            write_key = Some(text.into_owned());
            continue;
        }
        let value = if text.starts_with('{') {
            serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_ref()))
        } else {
            Value::from(text.as_ref())
        };
        let path: Vec<&str> = name.split('.').collect();
        if path.len() <= DEPTH_MAX {
            put(&mut event, &path, value);
        }
    }
    (write_key, Value::Object(event))
}

fn put(map: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            map.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = map
                .entry(*first)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_spells_an_event() {
        let (key, read) = event(
            "writeKey=k&event=Email%20Opened&anonymousId=a&properties.campaign=june\
             &context.page.url=https%3A%2F%2Fx%2F&traits=%7B%22a%22%3A1%7D&a.b.c.d.e=deep",
        );

        assert_eq!(key.as_deref(), Some("k"));
        assert_eq!(
            read,
            json!({
                "event": "Email Opened", "anonymousId": "a", "properties": {"campaign": "june"},
                "context": {"page": {"url": "https://x/"}}, "traits": {"a": 1}
            })
        );
        assert_eq!(event("a=1&a.b=2&=3").1, json!({"a": "1", "": "3"}));
        assert_eq!(event("").1, json!({}));
    }
}
