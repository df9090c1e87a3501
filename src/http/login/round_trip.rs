//! `POST /login/{flow}/{connection}`: off to a provider.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use url::Url;

use super::letter::Place;
use super::refusal::{self, gone};
use super::{mailbox, parts};
use crate::app::{App, SharedApp};
use crate::brand::Brand;
use crate::federation::{self, Attempt, Connection};
use crate::flow::Flow;
use crate::flow::decide::Refusal;
use crate::http::account::spoken_mark;
use crate::http::address::Caller;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::kernel::id::FlowId;
use crate::postgres;
use crate::view::hosted::HandOffPage;
use crate::view::language::Language;

/// Opens an attempt and sends the browser to the provider.
pub(super) async fn begin(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    language: Language,
    headers: HeaderMap,
    Path((flow_id, slug)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let place = Place::find(&mut conn, &app, &jar, &flow_id).await?;
    let (flow, brand) = (&place.flow, &place.brand);
    let found =
        federation::store::find_connection_by_slug(&mut conn, brand.brand_id, &slug).await?;
    drop(conn);
    let connection = found.ok_or_else(gone)?;
    if connection.is_mailbox() {
        return mailbox::prove_waiting(&app, caller, (&jar, &headers), &place).await;
    }
    let label = connection.label.clone();
    let url = open(&app, flow, brand, connection).await?;
    leave(&app, (brand, language), label, &url)
}

/// Opens an attempt. Its provider may have to be asked where its endpoints are; no connection to
/// the database is held meanwhile.
pub(super) async fn open(
    app: &App,
    flow: &Flow,
    brand: &Brand,
    connection: Connection,
) -> Result<Url, PageError> {
    if !connection.is_enabled {
        return Err(refusal::refused(Refusal::ConnectionDisabled, flow));
    }
    let label = connection.label.clone();
    let opened = open_attempt(app, flow.flow_id, brand, connection).await?;
    opened.map_err(|error| refusal::provider(&error, &label, flow))
}

/// The same whether or not the connection is switched on; the inner error is the provider's fault,
/// or our settings' for it.
pub(super) async fn open_attempt(
    app: &App,
    flow_id: FlowId,
    brand: &Brand,
    connection: Connection,
) -> Result<Result<Url, federation::Error>, postgres::Error> {
    let connection_id = connection.connection_id;
    let now = app.clock.now();
    let (attempt, state) = Attempt::new(flow_id, connection_id, now, &app.entropy);
    let asked = match parts::ready(app, brand, connection) {
        Ok(ready) => {
            let asked = app.federation.authorize_url(&ready, &attempt, &state, now);
            asked.await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = &asked {
        tracing::warn!(code = error.code(), connection = %connection_id, "a sign-in cannot begin");
        return Ok(asked);
    }
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    federation::store::insert_attempt(&mut conn, brand.brand_id, &attempt, &state).await?;
    Ok(asked)
}

/// Answers a form by going to `url`: by a redirect within this server, else by a page, because
/// `form-action` covers every redirect that follows a form.
pub(super) fn leave(
    app: &App,
    (brand, language): (&Brand, Language),
    destination: String,
    url: &Url,
) -> Result<Response, PageError> {
    if url.origin() == app.config.public_url.origin() {
        return Ok(go_to(url.as_str()));
    }
    page(&HandOffPage {
        brand: spoken_mark(brand, language),
        destination,
        href: url.to_string(),
    })
}
