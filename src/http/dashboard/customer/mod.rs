//! One customer: where they stand, why, and how they came there.
//!
//! Owns the filling of that page. What a stage rests on is asked of the engine and only put into
//! words here. Start with [`show`]; `why.rs` and `timeline.rs` fill its two large parts.

pub(super) mod account;
mod brought;
mod contact;
mod timeline;
mod turns;
mod why;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::access::InBrand;
use super::value;
use crate::app::{App, SharedApp};
use crate::http::contacting::Desk;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::insight::{self, Customer, TimelineEntry};
use crate::kernel::cursor;
use crate::kernel::id::ProfileId;
use crate::postgres::{self, PgConnection};
use crate::profile::{Consent, Identity, Status};
use crate::projection::{self, Life};
use crate::stage::{LayerStanding, LayerStatus, Standing, Trend};
use crate::view::dashboard::{
    AccountCard, AliasRow, BroughtCard, ConsentRow, ContactCard, CustomerPage, IdentityRow,
    ValueCard,
};
use crate::view::{StageTag, format};

/// Entries of the timeline on one page.
const ENTRIES: usize = 50;

#[derive(Deserialize)]
pub(super) struct Shown {
    cursor: Option<String>,
    /// The day whose reasons are shown; today's, if left out.
    on: Option<String>,
}

impl From<projection::Error> for PageError {
    fn from(error: projection::Error) -> Self {
        match error {
            projection::Error::Database(error) => error.into(),
            projection::Error::RuleSet { .. } | projection::Error::Broken(_) => {
                Self::internal(&error)
            }
        }
    }
}

/// What the page is filled from.
struct Found {
    customer: Customer,
    life: Life,
    value: ValueCard,
    entries: Vec<TimelineEntry>,
    brought: BroughtCard,
    contact: ContactCard,
    account: AccountCard,
}

/// `GET /dashboard/{brand}/customers/{id}?cursor=&on=`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let id: ProfileId = id.parse().map_err(|_| PageError::not_found())?;
    let found = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        find(&app, &mut conn, &within, id, query.cursor.as_deref()).await?
    };
    let found = found.ok_or_else(PageError::not_found)?;
    let shown = found.customer.profile.profile_id;
    if shown != id {
        // Joined into another: there is one page for one person.
        return Ok(go_to(&within.path(&format!("customers/{shown}"))));
    }
    // A day that cannot be read is today.
    let on = query.on.and_then(|text| text.parse().ok());
    page(&filled(&within, found, on, app.clock.now()))
}

async fn find(
    app: &App,
    conn: &mut PgConnection,
    within: &InBrand,
    id: ProfileId,
    place: Option<&str>,
) -> Result<Option<Found>, PageError> {
    let brand_id = within.brand.brand_id;
    let Some(customer) = insight::find_customer(conn, brand_id, id).await? else {
        return Ok(None);
    };
    let id = customer.profile.profile_id;
    let before = place.and_then(|text| cursor::decode(text).ok());
    let limit = i64::try_from(ENTRIES + 1).unwrap_or(i64::MAX);
    let life = app.projector.life(conn, brand_id, id).await?;
    let figures = insight::find_value_figures(conn, brand_id).await?;
    let orders = insight::find_customer_value(conn, brand_id, id).await?;
    let value = value::card(
        figures.as_ref(),
        orders.as_ref(),
        life.current.standing.stage,
    );
    let entries = insight::list_timeline(conn, brand_id, id, before.as_ref(), limit).await?;
    let contact = {
        let desk = Desk::open(conn, brand_id, &customer, &life.current).await?;
        contact::card(&desk, &life.current.rules.rules.set().contact.channels)
    };
    let brought = brought::card(conn, brand_id, id, &life.current.rules.rules).await?;
    let account = account::card(conn, brand_id, id, app.clock.now()).await?;
    Ok(Some(Found {
        customer,
        life,
        value,
        entries,
        brought,
        contact,
        account,
    }))
}

fn filled(
    within: &InBrand,
    found: Found,
    on: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> CustomerPage {
    let Found {
        customer,
        life,
        value,
        mut entries,
        brought,
        contact,
        account,
    } = found;
    let current = &life.current;
    let is_last = entries.len() <= ENTRIES;
    entries.truncate(ENTRIES);
    let older = entries.last().filter(|_| !is_last);
    let profile = &customer.profile;
    let best = customer.emails.iter().max_by_key(|email| email.verified_at);
    let standing = &current.standing;
    let known = profile.known_since.or(current.known_since);
    CustomerPage {
        shell: within.shell(None),
        id: profile.profile_id.to_string(),
        name: name(&customer),
        email: best.map(|email| email.address.clone()),
        email_verified: best.is_some_and(|email| email.verified_at.is_some()),
        stage: StageTag::from(standing.stage),
        stage_since: format::day_of(standing.since.unwrap_or(profile.created_at)),
        customer_since: known.map_or_else(|| "not known yet".to_owned(), format::day_of),
        last_seen: format::ago(profile.last_seen_at, now),
        conditions: conditions(profile.status, standing),
        why: why::why(&life, on, profile.created_at),
        turns: turns::card(current),
        value,
        older_cursor: older.map(|entry| cursor::encode(&entry.position())),
        timeline: entries
            .iter()
            .map(|entry| timeline::entry(&life, entry))
            .collect(),
        identities: customer
            .identities
            .iter()
            .map(|one| identity(one, now))
            .collect(),
        aliases: customer.aliases.iter().map(alias).collect(),
        consents: in_force(&customer.consents).map(consent).collect(),
        brought,
        contact,
        account,
    }
}

/// What people call a customer: their name, else an address, else an id.
pub(super) fn name(customer: &Customer) -> String {
    let profile = &customer.profile;
    let address = customer.emails.first().map(|email| email.address.clone());
    let alias = || customer.aliases.last().map(|alias| alias.alias.clone());
    profile
        .name()
        .or(address)
        .or_else(alias)
        .unwrap_or_else(|| profile.profile_id.to_string())
}

/// States beside the stage.
fn conditions(status: Status, standing: &Standing) -> Vec<String> {
    let status = match status {
        Status::Anonymous => Some("Anonymous"),
        Status::Suspended => Some("Suspended"),
        Status::Active | Status::Merged | Status::Erased => None,
    };
    let trend = match standing.trend {
        Trend::Warming => Some("Warming"),
        Trend::Steady => None,
        Trend::Cooling => Some("Cooling"),
    };
    [
        status,
        standing.second_chance.then_some("Second chance"),
        (standing.strained && !standing.second_chance).then_some("Strained"),
        standing.needs_review.then_some("Complains unusually often"),
        standing.estranged.then_some("Estranged"),
        trend,
        standing.dormant.then_some("Dormant"),
        standing
            .hibernating_until
            .is_some()
            .then_some("Hibernating"),
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .chain(standing.layers.iter().filter_map(layer_tag))
    .collect()
}

/// What is said of a layer beside the stage, for whoever is in or invited.
fn layer_tag(layer: &LayerStanding) -> Option<String> {
    let name = &layer.name;
    match layer.status {
        LayerStatus::Active => Some(name.clone()),
        LayerStatus::Notice => Some(format!("{name}, on notice")),
        LayerStatus::Hibernating => Some(format!("{name}, at rest")),
        LayerStatus::Invited => Some(format!("Invited to {name}")),
        LayerStatus::Lapsed | LayerStatus::Declined | LayerStatus::Expired | LayerStatus::Left => {
            None
        }
    }
}

fn identity(identity: &Identity, now: DateTime<Utc>) -> IdentityRow {
    IdentityRow {
        provider_label: identity.connection_label.clone(),
        account: identity.account().to_owned(),
        linked_on: format::day_of(identity.created_at),
        last_used: format::ago(identity.last_used_at, now),
    }
}

fn alias(alias: &insight::Alias) -> AliasRow {
    let kind = match alias.kind.as_str() {
        "user" => "userId",
        "anonymous" => "anonymousId",
        _ => "userId, unproven",
    };
    AliasRow {
        kind: kind.to_owned(),
        value: alias.alias.clone(),
        first_seen: format::day_of(alias.created_at),
    }
}

/// The latest decision on each purpose: earlier ones are history.
fn in_force(consents: &[Consent]) -> impl Iterator<Item = &Consent> {
    consents.iter().filter(|consent| {
        let later = consents.iter().any(|other| {
            other.purpose == consent.purpose
                && (other.decided_at, other.consent_id) > (consent.decided_at, consent.consent_id)
        });
        !later
    })
}

fn consent(consent: &Consent) -> ConsentRow {
    ConsentRow {
        purpose: consent.purpose.clone(),
        granted: consent.granted,
        recorded: format!(
            "{}, {}",
            format::day_of(consent.decided_at),
            consent.surface
        ),
    }
}
