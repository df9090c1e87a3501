//! A brand's API keys.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::access::InBrand;
use super::brands::field;
use super::key::{self, Typed};
use crate::app::{App, SharedApp};
use crate::brand::draft::name_fault;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::KeyId;
use crate::key::store::{self, Listed};
use crate::key::{Grant, Kind, Presented};
use crate::postgres;
use crate::setup;
use crate::view::dashboard::{FreshKey, KeyForm, KeyKind, KeyRow, KeysPage};
use crate::view::{Notice, format};

/// How much of a key's id is shown to tell it from others.
const PREFIX_CHARS: usize = 15;

#[derive(Deserialize)]
pub(super) struct Shown {
    done: Option<String>,
}

/// `GET /dashboard/{brand}/keys`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let mut shown = filled(&app, &within, empty(&app)).await?;
    let text = match query.done.as_deref() {
        Some("revoked") => Some("The key is revoked. Whoever uses it is refused from now on."),
        Some("changed") => Some("The key is changed."),
        Some(_) | None => None,
    };
    shown.shell.notice = text.map(|text| Notice::Done(text.to_owned()));
    page(&shown)
}

/// `POST /dashboard/{brand}/keys`
pub(super) async fn create(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(form): PageForm<Typed>,
) -> Result<Response, PageError> {
    let typed = |name: &str| form.get(name).map_or("", String::as_str);
    let name = typed("name").trim();
    let kind = KeyKind::from_slug(typed("kind")).unwrap_or_default();
    let (shown, grant) = key::read(&app, kind, &form);
    let (grant, fault) = match (grant, name_fault(name)) {
        (Some(grant), None) => (grant, None),
        (_, fault) => (Grant::default(), Some(fault)),
    };
    if let Some(fault) = fault {
        let form = KeyForm {
            name: field(typed("name").to_owned(), fault),
            kind,
            grant: shown,
        };
        let page = filled(&app, &within, form).await?;
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let change = within.staff.change(&app);
    let new = (stored(kind), name);
    let key = postgres::tx(&app.pool, async |conn| {
        setup::create_key_with(conn, change, within.brand.brand_id, new, &grant).await
    })
    .await?;
    made(&app, &within, name, &key).await
}

fn empty(app: &App) -> KeyForm {
    KeyForm {
        grant: key::form_of(app, None, &Grant::default()),
        ..KeyForm::default()
    }
}

/// The page after a new key. Not a redirect: the key is shown this once.
async fn made(
    app: &App,
    within: &InBrand,
    name: &str,
    key: &Presented,
) -> Result<Response, PageError> {
    let mut shown = filled(app, within, empty(app)).await?;
    shown.fresh = Some(FreshKey {
        name: name.to_owned(),
        secret: key.expose(),
    });
    page(&shown)
}

/// `POST /dashboard/{brand}/keys/{id}/revoke`
pub(super) async fn revoke(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let key_id: KeyId = id.parse().map_err(|_| PageError::not_found())?;
    let change = within.staff.change(&app);
    let done = postgres::tx(&app.pool, async |conn| {
        setup::revoke_key(conn, change, within.brand.brand_id, key_id).await
    })
    .await?;
    if !done {
        return Err(PageError::not_found());
    }
    Ok(go_to(&within.path("keys?done=revoked")))
}

async fn filled(app: &App, within: &InBrand, form: KeyForm) -> Result<KeysPage, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let mut keys = store::list_keys(&mut conn, within.brand.brand_id).await?;
    keys.sort_by_key(|key| key.revoked_at.is_some());
    let now = app.clock.now();
    Ok(KeysPage {
        shell: within.shell(None),
        keys: keys.iter().map(|key| row(key, now)).collect(),
        fresh: None,
        form,
    })
}

fn row(key: &Listed, now: DateTime<Utc>) -> KeyRow {
    let kind = shown(&key.kind);
    let used = key.last_used_at.map(|at| format::ago(at, now));
    KeyRow {
        id: key.key_id.to_string(),
        name: key.name.clone(),
        kind,
        prefix: prefix(key),
        reach: key::reach(kind, &key.grant),
        created: format::day_of(key.created_at),
        last_used: used.unwrap_or_else(|| "never".to_owned()),
        revoked: key.revoked_at.map(format::day_of),
    }
}

/// A browser key is public and shown whole; of a secret one, what finds it but does not prove it.
fn prefix(key: &Listed) -> String {
    key.browser_text.clone().unwrap_or_else(|| {
        let id = key.key_id.uuid().simple().to_string();
        format!("bf_sec_{}…", &id[..PREFIX_CHARS])
    })
}

pub(super) const fn stored(kind: KeyKind) -> Kind {
    match kind {
        KeyKind::Browser => Kind::Browser,
        KeyKind::Secret => Kind::Secret,
    }
}

pub(super) fn shown(kind: &str) -> KeyKind {
    KeyKind::from_slug(kind).unwrap_or(KeyKind::Secret)
}
