//! Published figures, real histories, and properties.

mod cdnow;
mod properties;
mod published;
