//! Whether a customer may be written to, what they said about it, and who should hear from the brand.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::{ContactRead, ContactWrite};
use super::page::{self, Query};
use super::{Caller, customer};
use crate::app::SharedApp;
use crate::audit::{self, Actor, Entry};
use crate::contact::link::{LINK_LIFE, SURFACE_CHARS_MAX, make_link as make_preference_link};
use crate::contact::{self, Preference, Unheard};
use crate::http::contacting::Desk;
use crate::http::problem::{FieldError, Problem};
use crate::kernel::id::ProfileId;
use crate::postgres;
use crate::stage::Stage;
use crate::stage::ruleset::ContactRules;

/// The purpose of a contact where none is said.
const PROMOTION: &str = "promotion";
/// The most contacts that a customer can ask for.
const PER_WEEK_MAX: i16 = 30;

/// `GET /api/v1/profiles/{id}/contact?channel=&purpose=`: whether to write now, why, and from when
/// again.
pub(super) async fn decide(
    State(app): State<SharedApp>,
    caller: Caller<ContactRead>,
    id: Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let query = Query::read(&uri, &["channel", "purpose"])?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, caller.brand_id, &id).await?;
    let id = customer.profile.profile_id;
    let current = app
        .projector
        .current(&mut conn, caller.brand_id, id)
        .await?;
    let desk = Desk::open(&mut conn, caller.brand_id, &customer, &current).await?;
    let channel = query.value("channel").filter(|channel| !channel.is_empty());
    let purpose = query.value("purpose").unwrap_or(PROMOTION);
    let mut body = json!(desk.decide(channel, purpose));
    body["profile_id"] = json!(id);
    body["at"] = json!(current.at);
    body["time_zone"] = json!(desk.zone());
    body["stage"] = json!(current.standing.stage);
    Ok(Json(body))
}

/// `GET /api/v1/profiles/{id}/contact/preferences`.
pub(super) async fn preferences(
    State(app): State<SharedApp>,
    caller: Caller<ContactRead>,
    id: Path<String>,
) -> Result<Json<Value>, Problem> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, caller.brand_id, &id).await?;
    let id = customer.profile.profile_id;
    let current = app
        .projector
        .current(&mut conn, caller.brand_id, id)
        .await?;
    let desk = Desk::open(&mut conn, caller.brand_id, &customer, &current).await?;
    Ok(Json(json!({
        "profile_id": id,
        "permission": desk.wishes().permission,
        "channels": desk.wishes().channels,
        "time_zone": desk.zone(),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    channels: Vec<SaidOfChannel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidOfChannel {
    channel: String,
    allowed: bool,
    per_week: Option<i16>,
    paused_until: Option<DateTime<Utc>>,
    #[serde(default)]
    preferred: bool,
}

/// `PUT /api/v1/profiles/{id}/contact/preferences`: all that the customer said, in place of what was
/// known before.
pub(super) async fn replace(
    State(app): State<SharedApp>,
    caller: Caller<ContactWrite>,
    id: Path<String>,
    body: Result<Json<Said>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(said) = body.map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_body", error.body_text())
    })?;
    let (brand_id, now) = (caller.brand_id, app.clock.now());
    let (id, rules) = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let customer = customer(&mut conn, brand_id, &id).await?;
        let rules = app.projector.rules_in_force(&mut conn, brand_id).await?;
        (customer.profile.profile_id, rules)
    };
    check(&said, &rules.rules.set().contact)?;
    let preferences: Vec<Preference> = said
        .channels
        .into_iter()
        .map(|one| Preference {
            channel: one.channel,
            allowed: one.allowed,
            per_week: one.per_week,
            paused_until: one.paused_until,
            preferred: one.preferred,
            said_at: now,
        })
        .collect();
    let entropy = app.entropy.clone();
    let kept = preferences.clone();
    postgres::tx(&app.pool, async move |conn| {
        contact::store::replace_preferences(conn, brand_id, id, &kept).await?;
        let entry = Entry {
            actor: Actor::Key(caller.key_id),
            action: "contact.preferences_set",
            subject: id.to_string(),
            detail: json!({ "channels": kept.len() }),
            at: now,
        };
        audit::store::insert_entry(conn, brand_id, &entropy, entry).await
    })
    .await?;
    let channels: Vec<_> = preferences
        .into_iter()
        .map(crate::stage::ChannelWish::from)
        .collect();
    Ok(Json(json!({ "profile_id": id, "channels": channels })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkAsked {
    /// The mail that it is for, as its sender names it.
    surface: String,
}

/// `POST /api/v1/profiles/{id}/contact/preferences/link`: the address by which this customer decides
/// what they are written about, for a mail to them.
pub(super) async fn make_link(
    State(app): State<SharedApp>,
    caller: Caller<ContactWrite>,
    id: Path<String>,
    body: Result<Json<LinkAsked>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(asked) = body.map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_body", error.body_text())
    })?;
    let surface = asked.surface.trim();
    if surface.is_empty() || surface.chars().count() > SURFACE_CHARS_MAX {
        let detail = "surface names the mail in 1 to 100 characters";
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_surface",
            detail,
        ));
    }
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let brand_id = caller.brand_id;
    let customer = customer(&mut conn, brand_id, &id).await?;
    let id = customer.profile.profile_id;
    let now = app.clock.now();
    let made_for = (surface, app.config.issuer());
    let url = make_preference_link(&mut conn, brand_id, id, made_for, (now, &app.entropy)).await?;
    Ok(Json(json!({
        "profile_id": id,
        "url": url,
        "one_click_url": format!("{url}/stop"),
        "expires_at": now + LINK_LIFE,
    })))
}

fn check(said: &Said, rules: &ContactRules) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, one) in said.channels.iter().enumerate() {
        let mut add = |field: &str, code: &'static str, detail: String| {
            errors.push(FieldError {
                pointer: format!("/channels/{place}/{field}"),
                code,
                detail,
            });
        };
        if !rules.is_channel(&one.channel) {
            let known = rules.channels.join(", ");
            add(
                "channel",
                "unknown_channel",
                format!("the channels are {known}"),
            );
        }
        if !seen.insert(one.channel.as_str()) {
            add(
                "channel",
                "repeated_channel",
                "given more than once".to_owned(),
            );
        }
        if one
            .per_week
            .is_some_and(|cap| !(0..=PER_WEEK_MAX).contains(&cap))
        {
            let detail = format!("a whole number from 0 to {PER_WEEK_MAX}");
            add("per_week", "out_of_range", detail);
        }
        let earlier = &said.channels[..place];
        if one.preferred && earlier.iter().any(|other| other.preferred) {
            let detail = "at most one channel is the preferred one".to_owned();
            add("preferred", "several_preferred", detail);
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let detail = "the preferences cannot be kept; errors says why";
    let mut problem = Problem::new(StatusCode::BAD_REQUEST, "invalid_preferences", detail);
    problem.errors = errors;
    Err(problem)
}

/// `GET /api/v1/contact/keep-in-touch`: who is close and has not heard from the brand for long, who
/// never did first.
pub(super) async fn keep_in_touch(
    State(app): State<SharedApp>,
    caller: Caller<ContactRead>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &[])?;
    let limit = query.limit()?;
    let after = query.cursor::<(Option<i64>, ProfileId)>()?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let rules = app
        .projector
        .rules_in_force(&mut conn, caller.brand_id)
        .await?;
    let floor = rules.rules.set().contact.keep_in_touch;
    let cutoff = app.clock.now() - TimeDelta::days(i64::from(floor.after_days));
    let rank = i16::from(floor.from.rank());
    let brand_id = caller.brand_id;
    let people =
        contact::store::list_unheard(&mut conn, brand_id, rank, cutoff, after, limit + 1).await?;
    Ok(page::answer(
        &uri,
        "profiles",
        people,
        limit,
        (Unheard::position, in_json),
    ))
}

fn in_json(person: &Unheard) -> Value {
    let stage = u8::try_from(person.stage).ok().and_then(Stage::from_rank);
    json!({
        "profile_id": person.profile_id,
        "name": person.name,
        "stage": stage,
        "stage_since": person.stage_since,
        "last_contact_at": person.last_contact_at,
        "last_seen_at": person.last_seen_at,
    })
}
