//! What customers ask of the shop.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shop;
use super::befriend::Error;
use super::goods::{Wanted, add_up, is_order_id};
use crate::http::problem::log_chain;
use crate::kernel::Secret;

/// The longest complaint that is passed on, in characters.
const COMPLAINT_CHARS_MAX: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderBody {
    order_id: String,
    products: Vec<Wanted>,
    id_token: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ComplaintBody {
    text: String,
    order_id: Option<String>,
    id_token: Option<Secret>,
}

/// The shop says no.
pub(super) enum Refusal {
    /// The request makes no sense here.
    Unclear,
    /// Befriend says no, or nothing.
    Befriend(Error),
    /// Nobody is signed in.
    SignedOut,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Befriend(error)
    }
}

impl From<JsonRejection> for Refusal {
    fn from(_: JsonRejection) -> Self {
        Self::Unclear
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Unclear => (StatusCode::BAD_REQUEST, "that cannot be ordered here"),
            Self::SignedOut | Self::Befriend(Error::Token(_)) => {
                (StatusCode::UNAUTHORIZED, "sign in first")
            }
            Self::Befriend(error @ (Error::Away(_) | Error::Strange)) => {
                log_chain(&error);
                (StatusCode::BAD_GATEWAY, "try again in a moment")
            }
        };
        (status, Json(json!({ "error": text }))).into_response()
    }
}

/// POST `/order`.
pub(super) async fn order(
    State(shop): State<Arc<Shop>>,
    body: Result<Json<OrderBody>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(body) = body?;
    let order = add_up(&body.products)
        .filter(|_| is_order_id(&body.order_id))
        .ok_or(Refusal::Unclear)?;
    let token = body.id_token.ok_or(Refusal::SignedOut)?;
    let customer = shop.befriend.customer(token.expose()).await?;
    let properties = json!({
        "order_id": body.order_id,
        "products": order.lines,
        "total": order.total,
        "revenue": order.total,
        "currency": "EUR",
    });
    // The number comes from the page, so it counts for this customer only.
    let message_id = format!("order-{}-{customer}", body.order_id);
    shop.befriend
        .track(customer, "Order Completed", &message_id, &properties)
        .await?;
    Ok(Json(
        json!({ "orderId": body.order_id, "total": order.total }),
    ))
}

/// POST `/complaint`.
pub(super) async fn complain(
    State(shop): State<Arc<Shop>>,
    body: Result<Json<ComplaintBody>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(body) = body?;
    let text: String = body.text.trim().chars().take(COMPLAINT_CHARS_MAX).collect();
    if text.is_empty() {
        return Err(Refusal::Unclear);
    }
    let token = body.id_token.ok_or(Refusal::SignedOut)?;
    let customer = shop.befriend.customer(token.expose()).await?;
    let number = Secret::random(&shop.entropy);
    let dispute_id = body
        .order_id
        .filter(|id| is_order_id(id))
        .unwrap_or_else(|| number.expose().to_owned());
    let properties = json!({ "dispute_id": dispute_id, "reason": text });
    let message_id = format!("complaint-{}", number.expose());
    shop.befriend
        .track(customer, "Dispute Opened", &message_id, &properties)
        .await?;
    Ok(Json(json!({ "disputeId": dispute_id })))
}

/// GET `/standing`, with the ID token as a bearer.
pub(super) async fn standing(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Refusal::SignedOut)?;
    let customer = shop.befriend.customer(token).await?;
    let standing = shop.befriend.standing(customer).await?;
    Ok(Json(json!({
        "stage": standing["stage"],
        "since": standing["since"],
        "next": standing["next"]["sentence"],
    })))
}
