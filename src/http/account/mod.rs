//! The customer's own page: who they are here, and what they can end or withdraw.
//!
//! Owns `/me`. Every action is bound to the session that asks for it; nothing here takes a profile's
//! id from a request. Start with [`me`].

mod actions;
mod browser_name;
mod me;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;
use crate::brand::Brand;
use crate::brand::look::words_for;
use crate::view::Colour;
use crate::view::format::path_segment;
use crate::view::hosted::BrandMark;
use crate::view::language::Language;

/// The routes.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new()
        .route("/me", get(me::show))
        .route("/me/sessions/end-others", post(actions::end_others))
        .route("/me/sessions/{session_id}/end", post(actions::end_one))
        .route("/me/consents/{purpose}", post(actions::decide))
}

/// How `brand` shows itself on a page that there is in English only.
pub(super) fn brand_mark(brand: &Brand) -> BrandMark {
    spoken_mark(brand, Language::English)
}

/// How `brand` shows itself on a page in `language`.
pub(super) fn spoken_mark(brand: &Brand, language: Language) -> BrandMark {
    let words = words_for(&brand.words, language.tag());
    let shown = |text: String| Some(text).filter(|text| !text.is_empty());
    BrandMark {
        slug: brand.slug.clone(),
        name: brand.name.clone(),
        // The database takes nothing but `#rrggbb`.
        colour: brand.colour.parse().unwrap_or(Colour::BLACK),
        logo: brand
            .logo
            .as_ref()
            .map(|name| format!("/logo/{}/{name}", path_segment(&brand.slug))),
        headline: shown(words.headline),
        line: shown(words.line),
        language,
    }
}
