//! The tenant: a brand, its name, colour and policies.
//!
//! Owns the `brand` table and what a new brand must satisfy. Start with [`Brand`].

pub mod draft;
pub mod logo;
pub mod look;
pub mod store;
pub mod ways;
pub mod ways_store;

use chrono::{DateTime, Utc};

use crate::kernel::id::BrandId;

/// A brand as stored.
#[derive(Clone, Debug)]
pub struct Brand {
    /// Its id.
    pub brand_id: BrandId,
    /// Its name in URLs and client ids: lower-case letters, digits, hyphens; at most 40.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its colour, `#rrggbb`.
    pub colour: String,
    /// Whether a proven social address may link to the one profile that proved it before, unasked.
    pub links_by_email: bool,
    /// Whether a newcomer agrees to terms before a profile exists.
    pub asks_terms: bool,
    /// Where the terms are.
    pub terms_url: Option<String>,
    /// Where the privacy notice is.
    pub privacy_url: Option<String>,
    /// Its words, by language: see [`look`].
    pub words: serde_json::Value,
    /// The name of its logo's file, if it has one.
    pub logo: Option<String>,
    /// Whether the demo made it.
    pub is_demo: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was switched off.
    pub disabled_at: Option<DateTime<Utc>>,
}
