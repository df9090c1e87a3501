//! The dashboard: what staff see and steer.
//!
//! Owns its routes, who may use them, and the filling of its pages. Never decides anything about a
//! customer and never computes a figure: those are asked for. Start with [`routes`], then [`access`],
//! by which every page but the three of the front door is guarded.

mod access;
mod brands;
mod complaints;
mod configure;
mod connection_form;
mod customer;
mod customers;
mod front_door;
mod imports;
mod keep_in_touch;
mod key;
mod keys;
mod live;
mod look;
mod mail;
mod network;
mod overview;
mod provider;
mod providers;
mod rejects;
mod rules;
mod set_up;
mod sites;
mod value;
mod ways;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

/// The routes. A test reads this list and fails on a route that strangers are not proved to be
/// refused by.
#[expect(clippy::too_many_lines, reason = "a list is read best in one piece")]
pub(super) fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/dashboard/set-up", get(set_up::show).post(set_up::accept))
        .route(
            "/dashboard/sign-in",
            get(front_door::show).post(front_door::sign_in),
        )
        .route("/dashboard/sign-out", post(front_door::sign_out))
        .route("/dashboard", get(brands::first))
        .route("/dashboard/", get(brands::first))
        .route("/dashboard/brands", get(brands::list).post(brands::create))
        .route("/dashboard/{brand}", get(brands::with_slash))
        .route(
            "/dashboard/{brand}/providers",
            get(providers::list).post(providers::create),
        )
        .route(
            "/dashboard/{brand}/providers/{slug}",
            get(provider::show).post(provider::save),
        )
        .route(
            "/dashboard/{brand}/providers/{slug}/test",
            post(provider::test),
        )
        .route(
            "/dashboard/{brand}/providers/{slug}/enable",
            post(providers::enable),
        )
        .route(
            "/dashboard/{brand}/providers/{slug}/disable",
            post(providers::disable),
        )
        .route("/dashboard/{brand}/ways", get(ways::show))
        .route("/dashboard/{brand}/ways/{way}/{state}", post(ways::switch))
        .route("/dashboard/{brand}/", get(overview::show))
        .route("/dashboard/{brand}/customers", get(customers::list))
        .route("/dashboard/{brand}/customers/{id}", get(customer::show))
        .route(
            "/dashboard/{brand}/customers/{id}/merge",
            post(customer::account::merge),
        )
        .route(
            "/dashboard/{brand}/customers/{id}/part",
            post(customer::account::part),
        )
        .route(
            "/dashboard/{brand}/customers/{id}/forget",
            post(customer::account::forget),
        )
        .route(
            "/dashboard/{brand}/customers/{id}/keep",
            post(customer::account::keep),
        )
        .route("/dashboard/{brand}/complaints", get(complaints::list))
        .route("/dashboard/{brand}/network", get(network::show))
        .route("/dashboard/{brand}/keep-in-touch", get(keep_in_touch::list))
        .route("/dashboard/{brand}/live", get(live::show))
        .route("/dashboard/{brand}/live.json", get(live::update))
        .route("/dashboard/{brand}/live/rejects/{id}", get(rejects::show))
        .route(
            "/dashboard/{brand}/live/rejects/{id}/replay",
            post(rejects::replay),
        )
        .route(
            "/dashboard/{brand}/live/set-apart/{id}/retry",
            post(live::retry),
        )
        .route("/dashboard/{brand}/rules", get(rules::show))
        .route(
            "/dashboard/{brand}/rules/draft",
            get(rules::show_draft).post(rules::save),
        )
        .route(
            "/dashboard/{brand}/rules/draft/text",
            get(rules::show_text).post(rules::save_text),
        )
        .route(
            "/dashboard/{brand}/rules/draft/preset",
            post(rules::begin_with_preset),
        )
        .route("/dashboard/{brand}/rules/draft/rebase", post(rules::rebase))
        .route(
            "/dashboard/{brand}/rules/draft/discard",
            post(rules::discard),
        )
        .route(
            "/dashboard/{brand}/rules/preview",
            get(rules::show_preview).post(rules::start_preview),
        )
        .route("/dashboard/{brand}/rules/publish", post(rules::publish))
        .route(
            "/dashboard/{brand}/rules/versions/{number}",
            get(rules::show_version),
        )
        .route(
            "/dashboard/{brand}/rules/versions/{number}/take-back",
            get(rules::ask).post(rules::take_back),
        )
        .route(
            "/dashboard/{brand}/sites",
            get(sites::list).post(sites::create),
        )
        .route("/dashboard/{brand}/mail", get(mail::list))
        .route("/dashboard/{brand}/mail/{id}/open", post(mail::open))
        .route("/dashboard/{brand}/imports", get(imports::list))
        .route(
            "/dashboard/{brand}/sites/{id}/configure",
            get(configure::show),
        )
        .route(
            "/dashboard/{brand}/look",
            get(look::show).post(look::save_words),
        )
        .route("/dashboard/{brand}/look/logo", post(look::save_logo))
        .route(
            "/dashboard/{brand}/look/logo/remove",
            post(look::remove_logo),
        )
        .route(
            "/dashboard/{brand}/keys",
            get(keys::list).post(keys::create),
        )
        .route(
            "/dashboard/{brand}/keys/{id}",
            get(key::show).post(key::save),
        )
        .route("/dashboard/{brand}/keys/{id}/revoke", post(keys::revoke))
}
