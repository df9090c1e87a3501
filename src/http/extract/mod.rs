//! What handlers take from a request.
//!
//! Owns the step from bytes to values. Never touches the database.

mod form;

pub(super) use form::PageForm;
