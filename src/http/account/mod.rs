//! The customer's own page: who they are here, and what they can end or withdraw.
//!
//! Owns `/me`. Every action is bound to the session that asks for it; nothing here takes a profile's
//! id from a request. Start with [`me`].

mod actions;
mod browser_name;
mod desk;
mod facts;
mod grants;
mod leave;
mod me;
mod password;
mod security;
mod ways;

pub(super) use grants::scope_texts;
pub(super) use me::find_customer;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;
use crate::brand::Brand;
use crate::brand::look::words_for;
use crate::view::Colour;
use crate::view::format::path_segment;
use crate::view::hosted::BrandMark;
use crate::view::language::Language;

pub(super) use browser_name::browser_name;
pub(super) use desk::{change, post as mail_post};

/// The routes.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new()
        .route("/me", get(me::show))
        .route("/me/sessions/end-others", post(actions::end_others))
        .route("/me/sessions/{session_id}/end", post(actions::end_one))
        .route("/me/consents/{purpose}", post(actions::decide))
        .merge(security::pages())
        .route("/me/password", get(password::show).post(password::change))
        .route("/me/password/remove", post(password::remove))
        .route(
            "/me/applications/{application_id}/withdraw",
            post(grants::withdraw),
        )
        .route("/me/identities/{identity_id}/unlink", post(ways::unlink))
        .route("/me/join/begin", post(ways::begin_join))
        .route("/me/join", get(ways::show_join).post(ways::join))
        .route("/me/joins/{merge_id}/part", post(ways::part))
        .route("/me/export", post(leave::export))
        .route("/me/delete", get(leave::ask).post(leave::delete))
        .route("/me/deleted", get(leave::deleted))
        .route("/me/keep", post(leave::keep))
        .route("/me/undo", get(leave::ask_undo).post(leave::undo))
}

pub(super) use security::creation_options;

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
