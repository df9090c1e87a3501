//! Befriend: customer identity that knows how well a brand's customers know the brand.
//!
//! Modules in reading order, lowest first; a test keeps the arrows pointing down
//! (`tests/it/architecture.rs`).

pub mod kernel;
