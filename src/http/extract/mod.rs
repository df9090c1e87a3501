//! What handlers take from a request.
//!
//! Owns the step from bytes to values. Never touches the database.

mod form;
mod upload;

pub(super) use form::PageForm;
pub(super) use upload::Upload;
