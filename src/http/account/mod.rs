//! The customer's own page: who they are here, and what they can end or withdraw.
//!
//! Owns `/me`. Every action is bound to the session that asks for it; nothing here takes a profile's
//! id from a request. Start with [`me`].

mod actions;
mod browser_name;
mod grants;
mod me;

pub(super) use grants::scope_texts;
pub(super) use me::find_customer;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;
use crate::brand::Brand;
use crate::view::Colour;
use crate::view::hosted::BrandMark;

/// The routes.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new()
        .route("/me", get(me::show))
        .route("/me/sessions/end-others", post(actions::end_others))
        .route("/me/sessions/{session_id}/end", post(actions::end_one))
        .route("/me/consents/{purpose}", post(actions::decide))
        .route(
            "/me/applications/{application_id}/withdraw",
            post(grants::withdraw),
        )
}

/// How `brand` shows itself.
pub(super) fn brand_mark(brand: &Brand) -> BrandMark {
    BrandMark {
        slug: brand.slug.clone(),
        name: brand.name.clone(),
        // The database takes nothing but `#rrggbb`.
        colour: brand.colour.parse().unwrap_or(Colour::BLACK),
    }
}
