//! What one key may do: scopes, events, and how many.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::access::InBrand;
use super::keys;
use crate::app::{App, SharedApp};
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::KeyId;
use crate::key::store::{self, Listed};
use crate::key::{Allowlist, Grant, Scope, Scopes, grant};
use crate::postgres;
use crate::setup;
use crate::view::Field;
use crate::view::dashboard::{GrantForm, KeyKind, KeyPage, ScopeChoice};
use crate::view::format;

/// The fields of the form, by name: the scopes are fields of their own.
pub(super) type Typed = HashMap<String, String>;

/// `GET /dashboard/{brand}/keys/{id}`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let key = find(&app, &within, &id).await?;
    let form = form_of(&app, Some(keys::shown(&key.kind)), &key.grant);
    page(&filled(&within, &key, form))
}

/// `POST /dashboard/{brand}/keys/{id}`
pub(super) async fn save(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
    PageForm(typed): PageForm<Typed>,
) -> Result<Response, PageError> {
    let key = find(&app, &within, &id).await?;
    let kind = keys::shown(&key.kind);
    let (mut form, grant) = read(&app, kind, &typed);
    form.rate_default = rate_default(&app, Some(kind));
    let Some(grant) = grant else {
        let page = filled(&within, &key, form);
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let change = within.staff.change(&app);
    let done = postgres::tx(&app.pool, async |conn| {
        setup::change_grant(conn, change, within.brand.brand_id, key.key_id, &grant).await
    })
    .await?;
    if !done {
        return Err(PageError::not_found());
    }
    Ok(go_to(&within.path("keys?done=changed")))
}

/// A key of the brand that is in force.
async fn find(app: &App, within: &InBrand, id: &str) -> Result<Listed, PageError> {
    let id: KeyId = id.parse().map_err(|_| PageError::not_found())?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    store::list_keys(&mut conn, within.brand.brand_id)
        .await?
        .into_iter()
        .find(|key| key.key_id == id && key.revoked_at.is_none())
        .ok_or_else(PageError::not_found)
}

fn filled(within: &InBrand, key: &Listed, grant: GrantForm) -> KeyPage {
    KeyPage {
        shell: within.shell(None),
        id: key.key_id.to_string(),
        name: key.name.clone(),
        kind: keys::shown(&key.kind),
        grant,
    }
}

/// The form that shows `grant`, of a key of this kind, or of a new one of either.
pub(super) fn form_of(app: &App, kind: Option<KeyKind>, grant: &Grant) -> GrantForm {
    let is_limited = grant.scopes != Scopes::All;
    let rate = grant.events_per_second.map(|rate| rate.to_string());
    GrantForm {
        is_limited,
        scopes: choices(|scope| is_limited && grant.scopes.has(scope)),
        scopes_fault: None,
        events: Field::filled(grant.events.to_string()),
        rate: Field::filled(rate.unwrap_or_default()),
        rate_default: rate_default(app, kind),
    }
}

fn choices(is_chosen: impl Fn(Scope) -> bool) -> Vec<ScopeChoice> {
    let choice = |scope: Scope| ScopeChoice {
        slug: scope.as_str().to_owned(),
        words: scope.words().to_owned(),
        is_chosen: is_chosen(scope),
    };
    Scope::ALL.into_iter().map(choice).collect()
}

/// What holds where no number is typed. A new key's kind is not chosen yet, so both are told.
fn rate_default(app: &App, kind: Option<KeyKind>) -> String {
    let quotas = &app.config.quotas;
    let words = |rate: u32| match rate {
        0 => "no limit".to_owned(),
        rate => format!("{} events a second", format::count(u64::from(rate))),
    };
    let browser = words(quotas.browser_key_events_per_second);
    let secret = words(quotas.secret_key_events_per_second);
    match kind {
        Some(KeyKind::Browser) => browser,
        Some(KeyKind::Secret) => secret,
        None => format!("{browser} for a browser key, {secret} for a secret key"),
    }
}

/// What was typed: the form that shows it with its faults, as for a new key, and what it grants if there
/// are none.
pub(super) fn read(app: &App, kind: KeyKind, typed: &Typed) -> (GrantForm, Option<Grant>) {
    let text = |name: &str| typed.get(name).map_or("", String::as_str);
    let is_limited = kind == KeyKind::Secret && text("reach") == "some";
    let ticked = |scope: &Scope| typed.contains_key(scope.as_str());
    let scopes = if is_limited {
        Scopes::of(Scope::ALL.into_iter().filter(ticked))
    } else {
        Some(Scopes::All)
    };
    let events = Allowlist::read(text("events"));
    let rate = grant::read_rate(text("rate"));
    let form = GrantForm {
        is_limited,
        scopes: choices(|scope| ticked(&scope)),
        scopes_fault: scopes.is_none().then(|| "Tick at least one.".to_owned()),
        events: Field {
            value: text("events").to_owned(),
            error: events.as_ref().err().map(ToString::to_string),
        },
        rate: Field {
            value: text("rate").to_owned(),
            error: rate.err().map(str::to_owned),
        },
        rate_default: rate_default(app, None),
    };
    let grant = match (scopes, events, rate) {
        (Some(scopes), Ok(events), Ok(events_per_second)) => Some(Grant {
            scopes,
            events,
            events_per_second,
        }),
        _ => None,
    };
    (form, grant)
}

/// What a key may do, in plain words; nothing where it is all that its kind may.
pub(super) fn reach(kind: KeyKind, grant: &Grant) -> Vec<String> {
    let mut words = Vec::new();
    if kind == KeyKind::Secret && grant.scopes != Scopes::All {
        let held = Scope::ALL
            .into_iter()
            .filter(|scope| grant.scopes.has(*scope));
        let held: Vec<&str> = held.map(Scope::words).collect();
        words.push(held.join("; "));
    }
    match grant.events.entries() {
        [] => {}
        entries => words.push(format!("Sends only {}", entries.join(", "))),
    }
    if let Some(rate) = grant.events_per_second {
        let rate = format::count(u64::from(rate));
        words.push(format!("At most {rate} events a second"));
    }
    words
}
