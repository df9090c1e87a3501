//! `/link`: one person, two ways in; and the way from the account page to a second one.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::parts;
use super::refusal::gone;
use super::round_trip;
use super::settled::Visit;
use crate::app::SharedApp;
use crate::brand;
use crate::federation;
use crate::flow::{self, Answers, Pending};
use crate::http::account::spoken_mark;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::http::signed_in::find_session;
use crate::postgres;
use crate::view::hosted::LinkPage;
use crate::view::language::Language;

/// What the address says.
#[derive(Deserialize)]
pub(super) struct Asked {
    flow: String,
    problem: Option<String>,
}

/// GET: asks whether the newcomer was here before.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &asked.flow).await?;
    let Some(Pending::Link {
        newcomer,
        candidates,
    }) = &flow.pending
    else {
        return Err(gone());
    };
    let connection = parts::connection_of(&mut conn, brand.brand_id, newcomer).await?;
    let ways = flow::store::list_ways_in(&mut conn, brand.brand_id, candidates).await?;
    let all = federation::store::list_connections(&mut conn, brand.brand_id).await?;
    drop(conn);
    let proofs = all
        .iter()
        .filter(|connection| ways.contains(&connection.connection_id))
        .map(|connection| parts::button(flow.flow_id, connection, None))
        .collect();
    let email = newcomer.claims.verified_emails().next();
    page(&LinkPage {
        brand: spoken_mark(&brand, language),
        email: email.map_or_else(String::new, |address| address.as_str().to_owned()),
        provider_label: connection.label,
        proofs,
        continue_action: format!("/link?flow={}", flow.flow_id),
        error: asked
            .problem
            .filter(|word| word == "not_proven")
            .map(|_| language.messages().link_not_proven.to_string()),
    })
}

/// POST: goes on as a new person.
pub(super) async fn go_on(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &asked.flow).await?;
    let is_new = fields.iter().any(|(n, v)| n == "decision" && v == "new");
    let Some(Pending::Link { newcomer, .. }) = flow.pending.clone() else {
        return Err(gone());
    };
    if !is_new {
        return Ok(go_to(&format!("/link?flow={}", flow.flow_id)));
    }
    let connection = parts::connection_of(&mut conn, brand.brand_id, &newcomer).await?;
    drop(conn);
    let answers = Answers {
        goes_on_as_new: true,
        ..Answers::default()
    };
    let visit = Visit {
        app: &app,
        jar,
        headers: &headers,
        brand: &brand,
        flow: &flow,
    };
    visit.settle(&newcomer, &connection.slug, answers).await
}

/// `POST /login/link/{brand}/{connection}`: somebody signed in adds another way in.
pub(super) async fn begin(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    Path((brand_slug, connection_slug)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = brand::store::find_brand_by_slug(&mut conn, &brand_slug).await?;
    let brand = found.ok_or_else(gone)?;
    let Some(session) = find_session(&mut conn, &app, &jar, &brand).await? else {
        return Ok(go_to(&format!("/login?brand={}", brand.slug)));
    };
    let id = brand.brand_id;
    let found = federation::store::find_connection_by_slug(&mut conn, id, &connection_slug).await?;
    let connection = found.ok_or_else(gone)?;
    let (browser, jar) = parts::browser_or_new(jar, &app);
    let (clock, entropy) = (&app.clock, &app.entropy);
    let flow_id = flow::begin_linking(&mut conn, &session, &browser, clock, entropy).await?;
    if connection.is_mailbox() {
        let place = go_to(&format!("/login/email?flow={flow_id}"));
        return Ok((jar, place).into_response());
    }
    let now = clock.now();
    let flow = flow::load(&mut conn, flow_id, Some(&browser), now).await?;
    drop(conn);
    let label = connection.label.clone();
    let url = round_trip::open(&app, &flow, &brand, connection).await?;
    let answer = round_trip::leave(&app, (&brand, language), label, &url)?;
    Ok((jar, answer).into_response())
}
