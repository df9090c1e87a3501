//! Tokens that apps hand over.
