//! `/me`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::brand_mark;
use super::browser_name::browser_name;
use crate::app::{App, SharedApp};
use crate::brand::{self, Brand};
use crate::federation::{self, Connection};
use crate::http::cookie;
use crate::http::login::linking_button;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::http::signed_in::{find_client, find_session};
use crate::oidc::Params;
use crate::postgres::{self, PgConnection};
use crate::profile::{self, Consent, Identity, Profile, ProfileEmail};
use crate::session::{self, Listed, Session};
use crate::stage::Standing;
use crate::view::format::{ago, day_of, path_segment};
use crate::view::hosted::{Fact, MeConsent, MeIdentity, MePage, MeSession, MeStage};
use crate::view::language::Trouble;
use crate::view::{Notice, StageTag};

/// The most sessions that are listed.
const SESSIONS_MAX: i64 = 50;

/// The purpose without which there is no account.
pub(super) const TERMS: &str = "terms";

/// Somebody signed in with a brand.
pub(super) struct Customer {
    pub(super) brand: Brand,
    pub(super) session: Session,
}

/// GET `/me`, with `brand=` or `client_id=`; with neither, the brand that is signed in to.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = find_customer(&mut conn, &app, &jar, &params).await?;
    let mut shown = build(&mut conn, &app, &customer).await?;
    shown.notice = params
        .get("done")
        .ok()
        .flatten()
        .and_then(done_text)
        .map(|text| Notice::Done(text.to_owned()));
    page(&shown)
}

fn done_text(done: &str) -> Option<&'static str> {
    match done {
        "session" => Some("That browser is signed out."),
        "others" => Some("Every other browser is signed out."),
        "consent" => Some("Your choice is saved."),
        _ => None,
    }
}

/// Who asks. Somebody who is not signed in is told where to.
pub(super) async fn find_customer(
    conn: &mut PgConnection,
    app: &App,
    jar: &CookieJar,
    params: &Params,
) -> Result<Customer, PageError> {
    if let Some(brand) = named_brand(conn, params).await? {
        return match find_session(conn, app, jar, &brand).await? {
            Some(session) => Ok(Customer { brand, session }),
            None => Err(sign_in_first(Some(&brand))),
        };
    }
    let mut latest: Option<Customer> = None;
    for slug in cookie::session_slugs(jar, &app.config) {
        let Some(brand) = brand::store::find_brand_by_slug(conn, &slug).await? else {
            continue;
        };
        let Some(session) = find_session(conn, app, jar, &brand).await? else {
            continue;
        };
        let is_later = latest
            .as_ref()
            .is_none_or(|held| held.session.authenticated_at < session.authenticated_at);
        if is_later {
            latest = Some(Customer { brand, session });
        }
    }
    latest.ok_or_else(|| sign_in_first(None))
}

async fn named_brand(conn: &mut PgConnection, params: &Params) -> Result<Option<Brand>, PageError> {
    let get = |name| params.get(name).ok().flatten();
    if let Some(slug) = get("brand") {
        let brand = brand::store::find_brand_by_slug(conn, slug).await?;
        return brand.map(Some).ok_or_else(PageError::not_found);
    }
    if let Some(client_id) = get("client_id") {
        let client = find_client(conn, client_id).await?;
        return client
            .map(|(brand, _)| Some(brand))
            .ok_or_else(PageError::not_found);
    }
    Ok(None)
}

fn sign_in_first(brand: Option<&Brand>) -> PageError {
    let error = PageError::told(StatusCode::UNAUTHORIZED, Trouble::NotSignedIn);
    match brand {
        Some(brand) => error.with_action(format!("/login?brand={}", brand.slug), "Sign in"),
        None => error,
    }
}

async fn build(
    conn: &mut PgConnection,
    app: &App,
    customer: &Customer,
) -> Result<MePage, PageError> {
    let Customer { brand, session } = customer;
    let (brand_id, profile_id) = (brand.brand_id, session.profile_id);
    let now = app.clock.now();
    let profile = profile::store::find_profile(conn, brand_id, profile_id)
        .await?
        .ok_or_else(PageError::not_found)?;
    let emails = profile::store::list_emails(conn, brand_id, profile_id).await?;
    let identities = profile::store::list_identities(conn, brand_id, profile_id).await?;
    let consents = profile::store::list_consents(conn, brand_id, profile_id).await?;
    let connections = federation::store::list_connections(conn, brand_id).await?;
    let standing = app
        .projector
        .current(conn, brand_id, profile_id)
        .await
        .map_err(|error| PageError::internal(&error))?
        .standing;
    let sessions =
        session::store::list_sessions(conn, brand_id, profile_id, now, SESSIONS_MAX).await?;

    let slug = &brand.slug;
    let best = emails.first();
    let name = profile
        .display_name
        .clone()
        .or_else(|| best.map(|email| email.address.clone()))
        .unwrap_or_else(|| "You".to_owned());
    Ok(MePage {
        brand: brand_mark(brand),
        name,
        email: best.map(|email| email.address.clone()),
        email_verified: best.is_some_and(|email| email.verified_at.is_some()),
        since: day_of(profile.known_since.unwrap_or(profile.created_at)),
        stage: shown_stage(&standing),
        identities: identities.iter().map(shown_identity).collect(),
        addable: connections
            .iter()
            .filter(|connection| connection.is_enabled && !is_linked(connection, &identities))
            .map(|connection| linking_button(brand, connection))
            .collect(),
        consents: consents
            .iter()
            .map(|consent| shown_consent(consent, slug))
            .collect(),
        end_others_action: (sessions.len() > 1)
            .then(|| format!("/me/sessions/end-others?brand={slug}")),
        sessions: sessions
            .iter()
            .map(|listed| shown_session(listed, session, slug, now))
            .collect(),
        facts: facts(&profile, &emails),
        sign_out_action: format!("/logout?brand={slug}"),
        notice: None,
    })
}

/// The stage in the person's own words; nothing before the first event was judged.
fn shown_stage(standing: &Standing) -> Option<MeStage> {
    Some(MeStage {
        stage: StageTag::from(standing.stage),
        since: day_of(standing.since?),
    })
}

fn is_linked(connection: &Connection, identities: &[Identity]) -> bool {
    identities
        .iter()
        .any(|identity| identity.connection_id == connection.connection_id)
}

fn shown_identity(identity: &Identity) -> MeIdentity {
    MeIdentity {
        provider_key: identity.provider.clone(),
        provider_label: identity.connection_label.clone(),
        account: identity.account().to_owned(),
        linked_on: day_of(identity.created_at),
        unlink_action: None,
    }
}

fn shown_consent(consent: &Consent, slug: &str) -> MeConsent {
    let purpose = match consent.purpose.as_str() {
        TERMS => "Keep your account, under the terms".to_owned(),
        "marketing" | "marketing_email" => "Send you news by email".to_owned(),
        other => other.replace(['_', '-'], " "),
    };
    let path = path_segment(&consent.purpose);
    MeConsent {
        purpose,
        granted: consent.granted,
        recorded: format!("{}, {}", day_of(consent.decided_at), consent.surface),
        change_action: (consent.purpose != TERMS)
            .then(|| format!("/me/consents/{path}?brand={slug}")),
    }
}

fn shown_session(listed: &Listed, own: &Session, slug: &str, now: DateTime<Utc>) -> MeSession {
    let current = listed.session_id == own.session_id;
    MeSession {
        browser: browser_name(&listed.user_agent),
        last_seen: ago(listed.last_seen_at, now),
        current,
        end_action: (!current)
            .then(|| format!("/me/sessions/{}/end?brand={slug}", listed.session_id)),
    }
}

/// Whatever else is stored about the person, where it came from with it.
fn facts(profile: &Profile, emails: &[ProfileEmail]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String, source: String| {
        facts.push(Fact {
            name: name.to_owned(),
            value,
            source,
        });
    };
    for (name, value) in [
        ("Given name", &profile.given_name),
        ("Family name", &profile.family_name),
        ("Language", &profile.locale),
        ("Picture", &profile.picture_url),
    ] {
        if let Some(value) = value {
            add(
                name,
                value.clone(),
                "from the account you signed in with".to_owned(),
            );
        }
    }
    for email in emails.iter().skip(1) {
        let source = format!("from {}, {}", email.source, day_of(email.created_at));
        add("Another address", email.address.clone(), source);
    }
    let objects = [
        (&profile.traits, "told by the brand"),
        (&profile.first_encounter, "when you first came here"),
    ];
    for (object, source) in objects {
        for (name, value) in object.as_object().into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => continue,
                other => other.to_string(),
            };
            add(name, text, source.to_owned());
        }
    }
    facts
}
