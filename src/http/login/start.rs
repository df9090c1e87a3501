//! `GET /login`: the ways into a brand.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use url::form_urlencoded;

use super::refusal::gone;
use super::round_trip;
use super::{parts, passkey};
use crate::app::{App, SharedApp};
use crate::application::Application;
use crate::brand::{self, Brand};
use crate::federation::{self, Connection};
use crate::flow::{self, Flow, NewFlow};
use crate::http::account::spoken_mark;
use crate::http::cookie;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::http::signed_in::{find_client, find_session};
use crate::kernel::Secret;
use crate::postgres::{self, PgConnection};
use crate::view::Notice;
use crate::view::hosted::{LanguageLink, LoginPage};
use crate::view::language::Language;

/// What the address may say.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// A flow to go on with.
    flow: Option<String>,
    /// Instead: an application to sign in to.
    client_id: Option<String>,
    /// Instead: a brand to sign in to.
    brand: Option<String>,
    /// A connection to go straight to.
    provider: Option<String>,
    /// Why the last try did not work; one of a few words.
    problem: Option<String>,
    /// `1`: somebody signed in proves again who they are.
    reauth: Option<String>,
    /// Where they go on then.
    #[serde(rename = "return")]
    return_to: Option<String>,
    /// What was done just now; one of a few words.
    done: Option<String>,
    /// The language of the page.
    lang: Option<String>,
}

/// Shows the ways in, or goes straight to the one that is asked for.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let Some(flow_id) = &asked.flow else {
        return begin(&app, jar, &asked).await;
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, flow_id).await?;
    let all = usable(&mut conn, &brand).await?;
    let (mailbox, mut connections): (Vec<_>, Vec<_>) =
        all.into_iter().partition(Connection::is_mailbox);
    let asked_for = asked.provider.as_deref();
    if asked_for.is_some() && asked_for == mailbox.first().map(|mailbox| mailbox.slug.as_str()) {
        return Ok(go_to(&format!("/login/email?flow={flow_id}")));
    }
    if let Some(connection) = asked_for.and_then(|slug| with_slug(&connections, slug)) {
        drop(conn);
        let url = round_trip::open(&app, &flow, &brand, connection.clone()).await?;
        return Ok(go_to(url.as_str()));
    }
    let ways = brand::ways_store::find_ways(&mut conn, brand.brand_id).await?;
    if let Some(again) = &flow.again {
        // Only what proves this person: anything else is somebody else's, or new.
        let whose = [again.profile_id];
        let own = flow::store::list_ways_in(&mut conn, brand.brand_id, &whose).await?;
        connections.retain(|connection| own.contains(&connection.connection_id));
    }
    let passkey = passkey::offer(&mut conn, &app, &flow).await?;
    let application_name = parts::application_name(&mut conn, &flow, &brand).await?;
    drop(conn);
    let last_used = cookie::read(&jar, &app.config, cookie::Name::LastUsed(&brand.slug));
    let mut providers: Vec<_> = connections
        .iter()
        .map(|connection| {
            let last_used = last_used.as_ref().map(Secret::expose);
            parts::button(flow.flow_id, connection, last_used)
        })
        .collect();
    providers.sort_by_key(|button| !button.last_used);
    page(&LoginPage {
        brand: spoken_mark(&brand, language),
        application_name,
        providers,
        passkey,
        privacy_url: brand.privacy_url.clone(),
        error: problem(asked.problem.as_deref(), language),
        email_action: (!mailbox.is_empty()).then(|| format!("/login/email?flow={flow_id}")),
        password_href: ways
            .passwords
            .then(|| format!("/login/password?flow={flow_id}")),
        is_again: flow.again.is_some(),
        notice: asked.done.as_deref().and_then(|word| done(word, language)),
        languages: other_languages(language, &flow),
    })
}

/// Begins a flow that no application asked for; it ends on the customer's own page.
async fn begin(app: &App, jar: CookieJar, asked: &Asked) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand, application) = place(&mut conn, asked).await?.ok_or_else(gone)?;
    let (browser, jar) = parts::browser_or_new(jar, app);
    let session = match asked.reauth.as_deref() {
        Some("1") => find_session(&mut conn, app, &jar, &brand).await?,
        Some(_) | None => None,
    };
    let flow_id = if let Some(session) = session {
        let me = format!("/me?brand={}", brand.slug);
        let return_to = asked.return_to.as_deref().and_then(parts::own_path);
        let return_to = return_to.unwrap_or(&me);
        let tools = (&app.clock, &app.entropy);
        flow::begin_again(&mut conn, &session, return_to, &browser, tools).await?
    } else {
        let new = NewFlow {
            brand_id: brand.brand_id,
            application_id: application.map(|application| application.application_id),
            request: None,
            browser: &browser,
        };
        flow::begin(&mut conn, new, &app.clock, &app.entropy).await?
    };
    let mut path = format!("/login?flow={flow_id}");
    for (name, value) in [("provider", &asked.provider), ("lang", &asked.lang)] {
        if let Some(value) = value {
            path.extend(["&", name, "="]);
            path.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
    }
    Ok((jar, go_to(&path)).into_response())
}

async fn place(
    conn: &mut PgConnection,
    asked: &Asked,
) -> Result<Option<(Brand, Option<Application>)>, postgres::Error> {
    if let Some(client_id) = &asked.client_id {
        let found = find_client(conn, client_id).await?;
        return Ok(found.map(|(brand, application)| (brand, Some(application))));
    }
    let Some(slug) = &asked.brand else {
        return Ok(None);
    };
    let found = brand::store::find_brand_by_slug(conn, slug).await?;
    Ok(found.map(|brand| (brand, None)))
}

/// The brand's connections by which people can sign in now.
async fn usable(conn: &mut PgConnection, brand: &Brand) -> Result<Vec<Connection>, PageError> {
    let all = federation::store::list_connections(conn, brand.brand_id).await?;
    Ok(all
        .into_iter()
        .filter(|connection| connection.is_enabled)
        .collect())
}

fn with_slug<'c>(connections: &'c [Connection], slug: &str) -> Option<&'c Connection> {
    connections
        .iter()
        .find(|connection| connection.slug == slug)
}

fn other_languages(language: Language, flow: &Flow) -> Vec<LanguageLink> {
    Language::ALL
        .into_iter()
        .filter(|other| *other != language)
        .map(|language| LanguageLink {
            language,
            href: format!("/login?flow={}&lang={}", flow.flow_id, language.tag()),
        })
        .collect()
}

/// What a word in the address says to people. Any other word says nothing, so that nobody can put
/// words into our mouth by a link (A73).
fn problem(word: Option<&str>, language: Language) -> Option<String> {
    let messages = language.messages();
    let text = match word? {
        "cancelled" => messages.problem_cancelled,
        "declined" => messages.problem_declined,
        "refused" => messages.problem_refused,
        "passkey" => messages.problem_passkey,
        _ => return None,
    };
    Some(text.to_string())
}

/// What a word in the address says was done; see [`problem`].
fn done(word: &str, language: Language) -> Option<Notice> {
    let text = match word {
        "password" => language.messages().password_set,
        _ => return None,
    };
    Some(Notice::Done(text.to_string()))
}
