//! A brand's ways in that need no provider.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::access::InBrand;
use crate::app::SharedApp;
use crate::brand;
use crate::federation::{MAILBOX, store};
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::postgres;
use crate::setup::ways::{switch_mailbox, switch_passwords};
use crate::view::Notice;
use crate::view::dashboard::WaysPage;

#[derive(Deserialize)]
pub(super) struct Shown {
    done: Option<String>,
}

/// `GET /dashboard/{brand}/ways`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let brand_id = within.brand.brand_id;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let mailbox = store::find_connection_by_slug(&mut conn, brand_id, MAILBOX).await?;
    let ways = brand::ways_store::find_ways(&mut conn, brand_id).await?;
    drop(conn);
    let mut shell = within.shell(None);
    shell.notice = (query.done.as_deref() == Some("saved"))
        .then(|| Notice::Done("That is saved, and in force now.".to_owned()));
    page(&WaysPage {
        shell,
        has_mailbox: mailbox.is_some_and(|connection| connection.is_enabled),
        has_passwords: ways.passwords,
        sends_mail: app.config.smtp.is_some(),
    })
}

/// `POST /dashboard/{brand}/ways/{way}/{on|off}`
pub(super) async fn switch(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, way, state)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let is_enabled = match state.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(PageError::not_found()),
    };
    let change = within.staff.change(&app);
    let brand = &within.brand;
    match way.as_str() {
        "email" => {
            postgres::tx(&app.pool, async |conn| {
                switch_mailbox(conn, change, brand, is_enabled).await
            })
            .await?;
        }
        "passwords" => {
            postgres::tx(&app.pool, async |conn| {
                switch_passwords(conn, change, brand, is_enabled).await
            })
            .await?;
        }
        _ => return Err(PageError::not_found()),
    }
    Ok(go_to(&within.path("ways?done=saved")))
}
