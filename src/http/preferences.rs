//! `/preferences/{token}`: what somebody wants to be written about, from a link in a mail.
//!
//! The token alone decides whose choices these are: no cookie is read, so nobody can be made to
//! change anything by another site, and mail programs may stop everything by themselves (RFC 8058).

use axum::Router;
use axum::extract::{Path, RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use url::form_urlencoded;

use super::account::spoken_mark;
use super::page::{go_to, page};
use super::page_error::PageError;
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::brand::{self, Brand};
use crate::contact::link::PreferenceLink;
use crate::contact::{self, Preference, link_store};
use crate::kernel::Secret;
use crate::kernel::id::ConsentId;
use crate::oidc::Params;
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::profile::{self, Consent};
use crate::view::Notice;
use crate::view::format;
use crate::view::hosted::{PauseChoice, PreferenceChoice, PreferencesPage};
use crate::view::language::{Language, Messages, Trouble};

/// The purpose without which there is no account: not a matter of writing.
const TERMS: &str = "terms";
/// The version of the words by which somebody decides here.
const TEXT_VERSION: &str = "preferences-1";
/// The breaks offered, in days.
const PAUSES: [i64; 3] = [7, 30, 90];

/// The page.
pub(super) fn pages() -> Router<SharedApp> {
    Router::new().route("/preferences/{token}", get(show).post(save))
}

/// What mail programs may send by themselves.
pub(super) fn machines() -> Router<SharedApp> {
    Router::new().route("/preferences/{token}/stop", post(stop))
}

/// Everything that a link's page is about.
struct Opened {
    link: PreferenceLink,
    brand: Brand,
    channels: Vec<String>,
    preferences: Vec<Preference>,
    topics: Vec<Topic>,
}

/// A purpose that somebody may allow, and the latest word on it.
struct Topic {
    purpose: String,
    decided: Option<Consent>,
}

impl Topic {
    fn is_allowed(&self) -> bool {
        self.decided.as_ref().is_some_and(|consent| consent.granted)
    }
}

/// What somebody wishes for.
struct Wish {
    channels: Vec<String>,
    topics: Vec<String>,
    pause: Pause,
}

#[derive(Clone, Copy)]
enum Pause {
    Keep,
    Days(i64),
}

impl Opened {
    async fn find(conn: &mut PgConnection, app: &App, token: &str) -> Result<Self, PageError> {
        let expired = || PageError::told(StatusCode::NOT_FOUND, Trouble::LinkExpired);
        let token = Secret::new(token);
        let link = link_store::find_link(conn, &token, app.clock.now()).await?;
        let link = link.ok_or_else(expired)?;
        let brand = brand::store::find_brand(conn, link.brand_id).await?;
        let (brand_id, profile_id) = (link.brand_id, link.profile_id);
        let rules = app.projector.rules_in_force(conn, brand_id).await;
        let rules = rules.map_err(|error| PageError::internal(&error))?;
        let contact = &rules.rules.set().contact;
        let held = profile::store::list_consents(conn, brand_id, profile_id).await?;
        let mut topics: Vec<Topic> = held
            .into_iter()
            .filter(|consent| consent.purpose != TERMS)
            .map(|consent| Topic {
                purpose: consent.purpose.clone(),
                decided: Some(consent),
            })
            .collect();
        if topics.is_empty() {
            let asked = contact.permission_purposes.first().map(|purpose| Topic {
                purpose: purpose.clone(),
                decided: None,
            });
            topics.extend(asked);
        }
        Ok(Self {
            preferences: contact::store::list_preferences(conn, brand_id, profile_id).await?,
            channels: contact.channels.clone(),
            brand: brand.ok_or_else(expired)?,
            link,
            topics,
        })
    }

    fn said(&self, channel: &str) -> Option<&Preference> {
        self.preferences
            .iter()
            .find(|preference| preference.channel == channel)
    }

    fn is_stopped(&self) -> bool {
        let closed = |channel: &String| self.said(channel).is_some_and(|said| !said.allowed);
        self.channels.iter().all(closed) && !self.topics.iter().any(Topic::is_allowed)
    }

    fn paused_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.preferences
            .iter()
            .filter_map(|said| said.paused_until)
            .filter(|until| *until > now)
            .max()
    }

    /// What is to be kept of the channels.
    fn channels_after(&self, wish: &Wish, now: DateTime<Utc>) -> Vec<Preference> {
        let gone = self
            .preferences
            .iter()
            .filter(|said| !self.channels.contains(&said.channel));
        let of_rules = self.channels.iter().map(|channel| {
            let said = self.said(channel);
            let allowed = wish.channels.contains(channel);
            Preference {
                channel: channel.clone(),
                allowed,
                per_week: said.and_then(|said| said.per_week),
                paused_until: match wish.pause {
                    Pause::Keep => said.and_then(|said| said.paused_until),
                    Pause::Days(0) => None,
                    Pause::Days(days) => Some(now + TimeDelta::days(days)),
                },
                preferred: allowed && said.is_some_and(|said| said.preferred),
                said_at: now,
            }
        });
        gone.cloned().chain(of_rules).collect()
    }
}

/// GET: shows the choices. Changes nothing, whoever follows the link.
async fn show(
    State(app): State<SharedApp>,
    Path(token): Path<String>,
    language: Language,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let opened = Opened::find(&mut conn, &app, &token).await?;
    let (brand_id, profile_id) = (opened.link.brand_id, opened.link.profile_id);
    let emails = profile::store::list_emails(&mut conn, brand_id, profile_id).await?;
    drop(conn);
    let texts = language.messages();
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let is_saved = matches!(params.get("done"), Ok(Some("1")));
    let address = emails.first().map(|email| masked(&email.address));
    page(&PreferencesPage {
        brand: spoken_mark(&opened.brand, language),
        address,
        stopped: opened.is_stopped(),
        action: format!("/preferences/{token}"),
        stop_action: format!("/preferences/{token}/stop"),
        topics: topics(&opened, texts),
        channels: channels(&opened, texts),
        pauses: pauses(&opened, texts, app.clock.now()),
        notice: is_saved.then(|| Notice::Done(texts.saved.to_string())),
    })
}

fn topics(opened: &Opened, texts: &Messages) -> Vec<PreferenceChoice> {
    let choice = |topic: &Topic| PreferenceChoice {
        key: topic.purpose.clone(),
        label: match topic.purpose.as_str() {
            "marketing" | "marketing_email" => texts.purpose_news.to_string(),
            other => other.replace(['_', '-'], " "),
        },
        ticked: topic.is_allowed(),
    };
    opened.topics.iter().map(choice).collect()
}

fn channels(opened: &Opened, texts: &Messages) -> Vec<PreferenceChoice> {
    let choice = |channel: &String| {
        let name = match channel.as_str() {
            "email" => texts.channel_email.as_str(),
            "sms" => texts.channel_sms.as_str(),
            "phone" => texts.channel_phone.as_str(),
            "push" => texts.channel_push.as_str(),
            "post" | "letter" => texts.channel_post.as_str(),
            other => other,
        };
        PreferenceChoice {
            key: channel.clone(),
            label: texts.by_channel.with(name),
            ticked: opened.said(channel).is_none_or(|said| said.allowed),
        }
    };
    opened.channels.iter().map(choice).collect()
}

fn pauses(opened: &Opened, texts: &Messages, now: DateTime<Utc>) -> Vec<PauseChoice> {
    let until = opened.paused_until(now);
    let mut choices = Vec::new();
    if let Some(until) = until {
        choices.push(PauseChoice {
            value: "keep".to_owned(),
            label: texts.paused_until.with(&format::day_of(until)),
            chosen: true,
        });
    }
    choices.push(PauseChoice {
        value: "0".to_owned(),
        label: texts.pause_none.to_string(),
        chosen: until.is_none(),
    });
    choices.extend(PAUSES.map(|days| PauseChoice {
        value: days.to_string(),
        label: texts.pause_days.with(&days.to_string()),
        chosen: false,
    }));
    choices
}

/// An address that whoever was sent the link knows again, and nobody else learns.
fn masked(address: &str) -> String {
    let (name, domain) = address.split_once('@').unwrap_or((address, ""));
    let first: String = name.chars().take(1).collect();
    format!("{first}…@{domain}")
}

/// POST: takes the choices.
async fn save(
    State(app): State<SharedApp>,
    Path(token): Path<String>,
    RawForm(form): RawForm,
) -> Result<Response, PageError> {
    let mut wish = Wish {
        channels: Vec::new(),
        topics: Vec::new(),
        pause: Pause::Keep,
    };
    for (name, value) in form_urlencoded::parse(&form).take(200) {
        match &*name {
            "channel" => wish.channels.push(value.into_owned()),
            "topic" => wish.topics.push(value.into_owned()),
            "pause" => {
                let days = value.parse().ok();
                let known = days.filter(|days| *days == 0 || PAUSES.contains(days));
                wish.pause = known.map_or(Pause::Keep, Pause::Days);
            }
            _ => {}
        }
    }
    decide(&app, &token, |_| wish).await?;
    Ok(go_to(&format!("/preferences/{token}?done=1")))
}

/// POST: stops everything. A mail program is told in plain words; a person is shown the page again.
async fn stop(
    State(app): State<SharedApp>,
    Path(token): Path<String>,
    RawForm(form): RawForm,
) -> Result<Response, PageError> {
    let form = Params::parse(&String::from_utf8_lossy(&form));
    let restarts = matches!(form.get("decision"), Ok(Some("start")));
    decide(&app, &token, |opened| Wish {
        channels: if restarts {
            opened.channels.clone()
        } else {
            Vec::new()
        },
        topics: Vec::new(),
        pause: if restarts {
            Pause::Days(0)
        } else {
            Pause::Keep
        },
    })
    .await?;
    Ok(match form.get("List-Unsubscribe") {
        Ok(Some("One-Click")) => "Stopped.\n".into_response(),
        Ok(_) | Err(_) => go_to(&format!("/preferences/{token}?done=1")),
    })
}

/// Keeps what somebody wishes for, all or nothing.
async fn decide(
    app: &App,
    token: &str,
    wish: impl FnOnce(&Opened) -> Wish + Send,
) -> Result<(), PageError> {
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        let opened = Opened::find(conn, app, token).await?;
        let wish = wish(&opened);
        let (brand_id, profile_id) = (opened.link.brand_id, opened.link.profile_id);
        let kept = opened.channels_after(&wish, now);
        contact::store::replace_preferences(conn, brand_id, profile_id, &kept).await?;
        let detail = json!({
            "link": opened.link.link_id,
            "channels": kept.iter().filter(|one| one.allowed).map(|one| &one.channel).collect::<Vec<_>>(),
        });
        note(conn, app, &opened, "contact.preferences_set", detail).await?;
        for topic in &opened.topics {
            let granted = wish.topics.contains(&topic.purpose);
            if topic.is_allowed() != granted {
                record(conn, app, &opened, topic, granted).await?;
            }
        }
        Ok(())
    })
    .await
}

/// Writes a decision on one topic with the link that proves it, and tells those who follow.
async fn record(
    conn: &mut PgConnection,
    app: &App,
    opened: &Opened,
    topic: &Topic,
    granted: bool,
) -> Result<(), PageError> {
    let at = app.clock.now();
    let link = &opened.link;
    let consent = Consent {
        consent_id: ConsentId::new(at, &app.entropy),
        purpose: topic.purpose.clone(),
        granted,
        text_version: TEXT_VERSION.to_owned(),
        surface: format!("on the page of preferences, from {}", link.surface),
        proof: json!({ "preference_link": link.link_id }),
        decided_at: at,
    };
    let (brand_id, profile_id) = (link.brand_id, link.profile_id);
    profile::store::insert_consent(conn, brand_id, profile_id, &consent).await?;
    let detail = json!({ "purpose": topic.purpose, "granted": granted });
    let fact = Fact {
        kind: "consent.decided",
        profile_id: Some(profile_id),
        payload: detail.clone(),
        at,
    };
    outbox::insert_fact(conn, brand_id, &app.entropy, fact).await?;
    note(conn, app, opened, "consent.decided", detail).await
}

async fn note(
    conn: &mut PgConnection,
    app: &App,
    opened: &Opened,
    action: &'static str,
    detail: serde_json::Value,
) -> Result<(), PageError> {
    let profile_id = opened.link.profile_id;
    let entry = audit::Entry {
        actor: Actor::Customer(profile_id),
        action,
        subject: profile_id.to_string(),
        detail,
        at: app.clock.now(),
    };
    audit::store::insert_entry(conn, opened.link.brand_id, &app.entropy, entry).await?;
    Ok(())
}
