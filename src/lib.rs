//! Befriend: customer identity that knows how well a brand's customers know the brand.

pub mod view;
