//! A brand's ways in.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::access::InBrand;
use super::connection_form::{self, Form};
use crate::app::{App, SharedApp};
use crate::federation::catalogue::{self, Category, Provider};
use crate::federation::{Connection, redirect_uri, store};
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::ConnectionId;
use crate::postgres;
use crate::profile::count_store;
use crate::setup::Error;
use crate::setup::connection::{Draft, Faults, create_connection, switch_connection};
use crate::view::dashboard::{
    ConnectionForm, ConnectionRow, ProviderGroup, ProviderKind, ProvidersPage,
};
use crate::view::{Notice, format};

/// Providers that the page does not offer: one whose many settings are given by command, and the one
/// that every brand begins with.
const NOT_OFFERED: [&str; 2] = ["oauth2", catalogue::TEST];

#[derive(Deserialize)]
pub(super) struct Shown {
    kind: Option<String>,
    done: Option<String>,
    #[serde(default)]
    q: String,
}

/// `GET /dashboard/{brand}/providers?kind=&q=`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let provider = query.kind.as_deref().and_then(offered);
    let callback = |slug: &str| callback(&app, &within, slug);
    let form = provider.map(|provider| connection_form::blank(provider, callback(provider.key)));
    let mut shown = filled(&app, &within, form, query.q.trim()).await?;
    shown.shell.notice = query.done.as_deref().and_then(notice);
    page(&shown)
}

pub(super) fn notice(done: &str) -> Option<Notice> {
    let text = match done {
        "added" => "The provider is added and switched on. Test it now.",
        "saved" => "The settings are saved. Test them now.",
        "enabled" => "The provider is switched on.",
        "disabled" => "The provider is switched off. Nobody can sign in with it.",
        _ => return None,
    };
    Some(Notice::Done(text.to_owned()))
}

/// `POST /dashboard/{brand}/providers`
pub(super) async fn create(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let provider = offered(&form.kind).ok_or_else(PageError::not_found)?;
    let faults = match form.typed().check(&app.egress) {
        Ok(draft) => match insert(&app, &within, &draft).await {
            Ok(made) => {
                let path = format!("providers/{}?done=added", made.slug);
                return Ok(go_to(&within.path(&path)));
            }
            Err(Error::ConnectionSlugTaken) => Faults {
                slug: Some("Another of the brand's providers has this short name.".to_owned()),
                ..Faults::default()
            },
            Err(error) => return Err(error.into()),
        },
        Err(faults) => *faults,
    };
    // The callback address follows the short name that was typed, where it can be one.
    let callback = callback(&app, &within, &format::path_segment(form.slug.trim()));
    let form = connection_form::refused(provider, form, faults, callback);
    let page = filled(&app, &within, Some(form), "").await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `POST /dashboard/{brand}/providers/{slug}/enable`
pub(super) async fn enable(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, slug)): Path<(String, String)>,
) -> Result<Response, PageError> {
    switch(&app, &within, &slug, true).await?;
    Ok(go_to(&within.path("providers?done=enabled")))
}

/// `POST /dashboard/{brand}/providers/{slug}/disable`
pub(super) async fn disable(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, slug)): Path<(String, String)>,
) -> Result<Response, PageError> {
    switch(&app, &within, &slug, false).await?;
    Ok(go_to(&within.path("providers?done=disabled")))
}

async fn switch(app: &App, within: &InBrand, slug: &str, on: bool) -> Result<(), PageError> {
    let change = within.staff.change(app);
    let brand_id = within.brand.brand_id;
    let found = postgres::tx(&app.pool, async |conn| {
        let Some(connection) = store::find_connection_by_slug(conn, brand_id, slug).await? else {
            return Ok::<_, postgres::Error>(false);
        };
        switch_connection(conn, change, &connection, on).await?;
        Ok(true)
    })
    .await?;
    if found {
        Ok(())
    } else {
        Err(PageError::not_found())
    }
}

async fn insert(app: &App, within: &InBrand, draft: &Draft) -> Result<Connection, Error> {
    let change = within.staff.change(app);
    postgres::tx(&app.pool, async |conn| {
        create_connection(conn, change, &app.cipher, &within.brand, draft).await
    })
    .await
}

fn offered(key: &str) -> Option<&'static Provider> {
    catalogue::find(key).filter(|provider| !NOT_OFFERED.contains(&provider.key))
}

async fn filled(
    app: &App,
    within: &InBrand,
    form: Option<ConnectionForm>,
    query: &str,
) -> Result<ProvidersPage, PageError> {
    let brand_id = within.brand.brand_id;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let connections = store::list_connections(&mut conn, brand_id).await?;
    let people = count_store::count_identities(&mut conn, brand_id).await?;
    Ok(ProvidersPage {
        shell: within.shell(None),
        connections: connections
            .iter()
            // Switched on the page of ways in; there is nothing to set up.
            .filter(|connection| !connection.is_mailbox())
            .map(|connection| row(app, within, connection, &people))
            .collect(),
        groups: groups(query),
        query: query.to_owned(),
        form,
    })
}

/// The providers that can be added and whose names hold `query`, by category.
fn groups(query: &str) -> Vec<ProviderGroup> {
    let query = query.to_lowercase();
    let group = |category: Category| {
        let kinds: Vec<ProviderKind> = catalogue::all()
            .filter(|provider| offered(provider.key).is_some())
            .filter(|provider| provider.category == category)
            .filter(|provider| provider.label.to_lowercase().contains(&query))
            .map(kind)
            .collect();
        (!kinds.is_empty()).then(|| ProviderGroup {
            label: category.label().to_owned(),
            kinds,
        })
    };
    Category::ALL.into_iter().filter_map(group).collect()
}

pub(super) fn row(
    app: &App,
    within: &InBrand,
    connection: &Connection,
    people: &HashMap<ConnectionId, u64>,
) -> ConnectionRow {
    let count = people.get(&connection.connection_id).copied();
    ConnectionRow {
        slug: connection.slug.clone(),
        provider_key: connection.provider.clone(),
        label: connection.label.clone(),
        enabled: connection.is_enabled,
        is_test: connection.provider == catalogue::TEST,
        client_id: connection.client_id.clone(),
        callback_url: callback(app, within, &connection.slug),
        identities: format::count(count.unwrap_or(0)),
    }
}

fn kind(provider: &'static Provider) -> ProviderKind {
    ProviderKind {
        key: provider.key.to_owned(),
        label: provider.label.to_owned(),
    }
}

pub(super) fn callback(app: &App, within: &InBrand, slug: &str) -> String {
    redirect_uri(app.config.issuer(), &within.brand.slug, slug)
}
