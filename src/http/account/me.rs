//! `/me`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};

use super::browser_name::browser_name;
use super::facts::{self, Sources};
use super::{brand_mark, grants};
use crate::account::{erasure, merge};
use crate::app::{App, SharedApp};
use crate::brand::{self, Brand};
use crate::credential;
use crate::credential::store::{Credential, Kind};
use crate::federation::{self, Connection};
use crate::http::cookie;
use crate::http::login::linking_button;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::http::signed_in::{find_client, find_session};
use crate::insight;
use crate::kernel::id::ProfileId;
use crate::oidc::Params;
use crate::postgres::{self, PgConnection};
use crate::profile::{self, Consent, Identity};
use crate::session::{self, Listed, Session};
use crate::stage::Standing;
use crate::view::format::{ago, day_of, path_segment};
use crate::view::hosted::{
    MeConsent, MeCredential, MeDeletion, MeIdentity, MeJoin, MePage, MeSession, MeStage,
};
use crate::view::language::Trouble;
use crate::view::{Notice, ProviderButton, StageTag};

/// The most sessions that are listed.
const SESSIONS_MAX: i64 = 50;

/// The purpose without which there is no account.
pub(super) const TERMS: &str = "terms";

/// Somebody signed in with a brand.
pub(in crate::http) struct Customer {
    pub(in crate::http) brand: Brand,
    pub(in crate::http) session: Session,
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

/// The page of a brand's customer.
pub(super) fn path(brand: &Brand) -> String {
    format!("/me?brand={}", brand.slug)
}

/// Back to it, to be told what was done.
pub(super) fn back(customer: &Customer, done: &str) -> Response {
    go_to(&format!("{}&done={done}", path(&customer.brand)))
}

fn done_text(done: &str) -> Option<&'static str> {
    match done {
        "session" => Some("That browser is signed out."),
        "others" => Some("Every other browser is signed out."),
        "consent" => Some("Your choice is saved."),
        "application" => Some("That application can learn nothing more about you here."),
        "unlinked" => Some("That account does not sign you in any more."),
        "joined" => Some("The two accounts are one now."),
        "apart" => Some("Both accounts stay as they are."),
        "parted" => Some("The accounts are two again."),
        "kept" => Some("Your account stays."),
        _ => None,
    }
}

/// Who asks. Somebody who is not signed in is told where to.
pub(in crate::http) async fn find_customer(
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
    let ways = Ways::find(conn, brand, profile_id).await?;
    let consents = profile::store::list_consents(conn, brand_id, profile_id).await?;
    let current = app
        .projector
        .current(conn, brand_id, profile_id)
        .await
        .map_err(|error| PageError::internal(&error))?;
    let shows_stage = brand::store::shows_stage(conn, brand_id).await?;
    let value = insight::find_customer_value(conn, brand_id, profile_id).await?;
    let joins = joins(conn, brand, profile_id, now).await?;
    let erasure = erasure::find_under_way(conn, brand_id, profile_id).await?;
    let sessions =
        session::store::list_sessions(conn, brand_id, profile_id, now, SESSIONS_MAX).await?;

    let slug = &brand.slug;
    let best = emails.first();
    let sources = Sources {
        brand,
        profile: &profile,
        emails: &emails,
        identities: &ways.identities,
    };
    Ok(MePage {
        brand: brand_mark(brand),
        name: profile
            .name()
            .or_else(|| best.map(|email| email.address.clone()))
            .unwrap_or_else(|| "You".to_owned()),
        email: best.map(|email| email.address.clone()),
        email_verified: best.is_some_and(|email| email.verified_at.is_some()),
        since: day_of(profile.known_since.unwrap_or(profile.created_at)),
        stage: shown_stage(&current.standing).filter(|_| shows_stage),
        addable: ways.addable(brand),
        credentials: ways.shown_credentials(now),
        identities: ways.shown_identities(slug, now),
        join_action: format!("/me/join/begin?brand={slug}"),
        joins,
        consents: consents
            .iter()
            .map(|consent| shown_consent(consent, slug))
            .collect(),
        grants: grants::list(conn, customer).await?,
        end_others_action: (sessions.len() > 1)
            .then(|| format!("/me/sessions/end-others?brand={slug}")),
        sessions: sessions
            .iter()
            .map(|listed| shown_session(listed, session, slug, now))
            .collect(),
        inferred: facts::inferred(&current, value.as_ref(), shows_stage),
        facts: sources.known(),
        export_action: format!("/me/export?brand={slug}"),
        delete_href: format!("/me/delete?brand={slug}"),
        deletion: erasure.map(|erasure| MeDeletion {
            asked: day_of(erasure.requested_at),
            due: day_of(erasure.due_at),
            keep_action: format!("/me/keep?brand={slug}"),
        }),
        sign_out_action: format!("/logout?brand={slug}"),
        notice: None,
    })
}

/// By what somebody signs in, and by what they could.
struct Ways {
    identities: Vec<Identity>,
    credentials: Vec<Credential>,
    connections: Vec<Connection>,
    count: i64,
}

impl Ways {
    async fn find(
        conn: &mut PgConnection,
        brand: &Brand,
        profile_id: ProfileId,
    ) -> Result<Self, PageError> {
        let id = brand.brand_id;
        Ok(Self {
            identities: profile::store::list_identities(conn, id, profile_id).await?,
            credentials: credential::store::list_credentials(conn, id, profile_id).await?,
            connections: federation::store::list_connections(conn, id).await?,
            count: credential::store::count_ways_in(conn, id, profile_id).await?,
        })
    }

    /// A way in is taken away only where another stays: the connection of one that stays may be
    /// switched off, so what counts is counted by the database.
    fn shown_identities(&self, slug: &str, now: DateTime<Utc>) -> Vec<MeIdentity> {
        let is_usable = |identity: &Identity| {
            let mut usable = self.connections.iter().filter(|one| one.is_enabled);
            usable.any(|one| one.connection_id == identity.connection_id)
        };
        let shown = |identity: &Identity| {
            let others = self.count - i64::from(is_usable(identity));
            MeIdentity {
                provider_key: identity.provider.clone(),
                provider_label: identity.connection_label.clone(),
                account: identity.account().to_owned(),
                linked_on: day_of(identity.created_at),
                last_used: ago(identity.last_used_at, now),
                unlink_action: (others > 0).then(|| {
                    let id = identity.identity_id;
                    format!("/me/identities/{id}/unlink?brand={slug}")
                }),
            }
        };
        self.identities.iter().map(shown).collect()
    }

    fn shown_credentials(&self, now: DateTime<Utc>) -> Vec<MeCredential> {
        let shown = |credential: &Credential| {
            let name = match credential.kind {
                Kind::Password => "A password".to_owned(),
                Kind::Passkey if credential.name.is_empty() => "A passkey".to_owned(),
                Kind::Passkey => format!("Passkey: {}", credential.name),
                Kind::Totp | Kind::RecoveryCodes | Kind::TrustedDevice => return None,
            };
            Some(MeCredential {
                name,
                added_on: day_of(credential.created_at),
                last_used: facts::used(credential.last_used_at, now),
            })
        };
        self.credentials.iter().filter_map(shown).collect()
    }

    fn addable(&self, brand: &Brand) -> Vec<ProviderButton> {
        self.connections
            .iter()
            .filter(|connection| connection.is_enabled && !is_linked(connection, &self.identities))
            .map(|connection| linking_button(brand, connection))
            .collect()
    }
}

/// Accounts that were joined to this one, by the names they had.
async fn joins(
    conn: &mut PgConnection,
    brand: &Brand,
    profile_id: ProfileId,
    now: DateTime<Utc>,
) -> Result<Vec<MeJoin>, PageError> {
    let mut joins = Vec::new();
    for merge in merge::list_undoable(conn, brand.brand_id, profile_id, now).await? {
        let found = profile::store::find_profile(conn, brand.brand_id, merge.merged_id).await?;
        joins.push(MeJoin {
            name: found
                .and_then(|profile| profile.name())
                .unwrap_or_else(|| "Another account".to_owned()),
            on: day_of(merge.merged_at),
            until: day_of(merge.undo_until),
            part_action: format!("/me/joins/{}/part?brand={}", merge.merge_id, brand.slug),
        });
    }
    Ok(joins)
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
