//! Everything a person sees: typed pages, their templates, our own style sheet, and charts as SVG.
//!
//! A page is a struct of plain, owned values that derives [`askama::Template`]; [`render`] turns it
//! into HTML. Whoever fills a page decides *what* is true; this module decides only how it is said
//! and drawn.
//!
//! This module must never speak HTTP, read the database, or read a clock: a page that shows an age
//! is given both times. Templates never contain inline styles or scripts, because the pages are
//! served under a policy that forbids them, and never switch escaping off.
//!
//! Start reading at [`hosted`] for what customers see and at [`dashboard`] for what staff see.
//! [`assets`] holds the files the pages refer to, [`chart`] the geometry of the figures.

pub mod assets;
pub mod chart;
pub mod colour;
pub mod dashboard;
pub mod errors;
pub mod field;
pub mod format;
pub mod hosted;
pub mod language;
pub mod mail;
pub mod provider;
pub mod qr;
pub mod staff;
pub mod stage_tag;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use colour::{Colour, brand_css, move_until_contrast, readable_on};
pub use field::{Field, Notice};
pub use provider::{ButtonTheme, ProviderButton};
pub use stage_tag::StageTag;

/// A page: whatever [`render`] takes.
pub use askama::Template as Page;

/// The content security policy that every page is written for.
///
/// Style sheets, scripts and images come from this server only, nothing runs inline, and nobody may
/// frame a page. A form that leads to another server answers with a [`hosted::HandOffPage`].
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; \
     script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// Why a page could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The template failed while writing, which plain values cannot cause.
    #[error("a page template could not be rendered")]
    Template(#[from] askama::Error),
}

/// Renders a page to a complete HTML document.
pub fn render<P: Page>(page: &P) -> Result<String, Error> {
    Ok(page.render()?)
}
