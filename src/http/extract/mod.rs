//! What handlers take from a request.
//!
//! Owns the step from bytes to values. Never touches the database.

mod form;

pub(super) use form::PageForm;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::kernel::id::RequestId;

/// The id that this request is logged under and that every error quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThisRequest(pub(super) RequestId);

impl<S: Send + Sync> FromRequestParts<S> for ThisRequest {
    type Rejection = super::problem::Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| {
            super::problem::Problem::internal(&std::io::Error::other("a request has no id"))
        })
    }
}
