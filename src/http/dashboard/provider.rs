//! One of a brand's ways in: its settings, and a trial.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use serde_json::Value;

use super::access::InBrand;
use super::connection_form::{self, Form};
use super::providers::{callback, notice, row};
use crate::app::{App, SharedApp};
use crate::federation::catalogue::{Provider, TEST};
use crate::federation::{Connection, NormalClaims, store};
use crate::flow::{self, Verdict};
use crate::http::extract::PageForm;
use crate::http::login::begin_trial;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::FlowId;
use crate::postgres;
use crate::profile::count_store;
use crate::setup::connection::{change_connection, check_change};
use crate::view::dashboard::{ClaimRow, ConnectionForm, ProviderPage, TrialResult};

#[derive(Deserialize)]
pub(super) struct Shown {
    done: Option<String>,
    /// The flow of the trial to show.
    tried: Option<String>,
}

/// `GET /dashboard/{brand}/providers/{slug}?tried=`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, slug)): Path<(String, String)>,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let connection = find(&app, &within, &slug).await?;
    let trial = match query.tried.as_deref().map(str::parse::<FlowId>) {
        Some(Ok(flow_id)) => verdict(&app, &within, &connection, flow_id).await?,
        Some(Err(_)) | None => None,
    };
    let form = form(&app, &within, &connection);
    let mut shown = filled(&app, &within, &connection, form).await?;
    shown.trial = trial.map(result);
    shown.shell.notice = query.done.as_deref().and_then(notice);
    page(&shown)
}

/// `POST /dashboard/{brand}/providers/{slug}`
pub(super) async fn save(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, slug)): Path<(String, String)>,
    PageForm(typed): PageForm<Form>,
) -> Result<Response, PageError> {
    let connection = find(&app, &within, &slug).await?;
    let empty = form(&app, &within, &connection).ok_or_else(PageError::not_found)?;
    let draft = match check_change(&connection, typed.typed_over(&connection), &app.egress) {
        Ok(draft) => draft,
        Err(faults) => {
            let again = connection_form::with_faults(empty, typed, *faults);
            let shown = filled(&app, &within, &connection, Some(again)).await?;
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    let change = within.staff.change(&app);
    postgres::tx(&app.pool, async |conn| {
        change_connection(conn, change, &app.cipher, &connection, &draft).await
    })
    .await?;
    Ok(go_to(&within.path(&format!(
        "providers/{}?done=saved",
        connection.slug
    ))))
}

/// `POST /dashboard/{brand}/providers/{slug}/test`
pub(super) async fn test(
    State(app): State<SharedApp>,
    within: InBrand,
    jar: CookieJar,
    Path((_, slug)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let connection = find(&app, &within, &slug).await?;
    known(&connection).ok_or_else(PageError::not_found)?;
    let staff_id = within.staff.session.staff_id;
    begin_trial(&app, jar, &within.brand, staff_id, connection).await
}

async fn find(app: &App, within: &InBrand, slug: &str) -> Result<Connection, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let brand_id = within.brand.brand_id;
    let found = store::find_connection_by_slug(&mut conn, brand_id, slug).await?;
    found.ok_or_else(PageError::not_found)
}

/// The row of the catalogue, for connections that lead to a provider.
fn known(connection: &Connection) -> Option<&'static Provider> {
    connection.provider().ok()
}

/// The settings, where there are any: the test provider has none.
fn form(app: &App, within: &InBrand, connection: &Connection) -> Option<ConnectionForm> {
    let provider = known(connection).filter(|provider| provider.key != TEST)?;
    let callback = callback(app, within, &connection.slug);
    Some(connection_form::of(connection, provider, callback))
}

async fn filled(
    app: &App,
    within: &InBrand,
    connection: &Connection,
    form: Option<ConnectionForm>,
) -> Result<ProviderPage, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let people = count_store::count_identities(&mut conn, within.brand.brand_id).await?;
    Ok(ProviderPage {
        shell: within.shell(None),
        row: row(app, within, connection, &people),
        form,
        trial: None,
        can_try: known(connection).is_some(),
    })
}

async fn verdict(
    app: &App,
    within: &InBrand,
    connection: &Connection,
    flow_id: FlowId,
) -> Result<Option<Verdict>, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let which = (connection.brand_id, connection.connection_id);
    let staff_id = within.staff.session.staff_id;
    let now = app.clock.now();
    Ok(flow::find_verdict(&mut conn, which, flow_id, staff_id, now).await?)
}

fn result(verdict: Verdict) -> TrialResult {
    match verdict {
        Verdict::Claims(claims) => TrialResult::Claims {
            rows: claim_rows(&claims),
            raw: indented(&claims.raw),
        },
        Verdict::Failed { code, text } => TrialResult::Failed { code, text },
    }
}

fn claim_rows(claims: &NormalClaims) -> Vec<ClaimRow> {
    let own = [
        ("Vouched for by", claims.issuer.clone()),
        ("Account", claims.subject.clone()),
    ];
    own.into_iter()
        .chain(flow::stored_items(claims))
        .map(|(name, value)| ClaimRow {
            name: name.to_owned(),
            value,
        })
        .collect()
}

fn indented(raw: &Value) -> String {
    serde_json::to_string_pretty(raw).unwrap_or_default()
}
