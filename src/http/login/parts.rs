//! What the handlers of a sign-in have in common.

use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;

use super::refusal::gone;
use crate::app::App;
use crate::application;
use crate::brand::{self, Brand};
use crate::federation::{self, Connection, Ready};
use crate::flow::{self, Flow};
use crate::http::cookie;
use crate::http::page_error::PageError;
use crate::http::speech;
use crate::kernel::Secret;
use crate::kernel::id::{BrandId, FlowId};
use crate::postgres::{self, PgConnection};
use crate::view::language::Language;
use crate::view::{ButtonTheme, ProviderButton};

/// The browser's secret, if it has one.
pub(in crate::http) fn browser(jar: &CookieJar, app: &App) -> Option<Secret> {
    cookie::read(jar, &app.config, cookie::Name::Browser)
}

/// The browser's secret, made now if it has none.
pub(in crate::http) fn browser_or_new(jar: CookieJar, app: &App) -> (Secret, CookieJar) {
    if let Some(secret) = browser(&jar, app) {
        return (secret, jar);
    }
    let secret = Secret::random(&app.entropy);
    let jar = cookie::set(jar, &app.config, cookie::Name::Browser, &secret, None);
    (secret, jar)
}

/// What the browser says it is.
pub(in crate::http) fn user_agent(headers: &HeaderMap) -> &str {
    headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The language of a page or mail: the one chosen, else what the browser prefers.
pub(in crate::http) fn language(chosen: Option<&str>, headers: &HeaderMap) -> Language {
    let chosen = chosen.and_then(Language::from_tag);
    chosen.unwrap_or_else(|| speech::kept_or_accepted(headers))
}

/// A flow of this browser that is still open, with its brand.
pub(in crate::http) async fn open_flow(
    conn: &mut PgConnection,
    app: &App,
    jar: &CookieJar,
    flow_id: &str,
) -> Result<(Flow, Brand), PageError> {
    let flow_id: FlowId = flow_id.parse().map_err(|_| gone())?;
    let browser = browser(jar, app);
    let flow = flow::load(conn, flow_id, browser.as_ref(), app.clock.now()).await?;
    let brand = brand::store::find_brand(conn, flow.brand_id).await?;
    Ok((flow, brand.ok_or_else(gone)?))
}

/// The path, if it is one of a customer's own pages: where somebody may be sent after they have
/// proven again who they are. Anything else a link may say leads nowhere (A71).
pub(super) fn own_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("/me")?;
    let is_plain = rest
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/?&=-_.~%".contains(&byte));
    let is_within = rest.is_empty() || rest.starts_with(['/', '?']);
    (is_within && is_plain && !rest.contains("//") && !rest.contains("..")).then_some(text)
}

/// Where somebody goes who says no to the provider that the application itself named: back there,
/// since the login page would be one they never saw.
pub(super) fn way_back(flow: &Flow, connection_slug: &str) -> Option<String> {
    let named = flow.request.as_ref()?.get("provider")?.as_str()?;
    (named == connection_slug).then(|| format!("/oauth/authorize/cancel?flow={}", flow.flow_id))
}

/// The name of the flow's application, unless it is the brand's own.
pub(super) async fn application_name(
    conn: &mut PgConnection,
    flow: &Flow,
    brand: &Brand,
) -> Result<Option<String>, postgres::Error> {
    let Some(id) = flow.application_id else {
        return Ok(None);
    };
    let found = application::store::find_application(conn, flow.brand_id, id).await?;
    Ok(found
        .map(|application| application.name)
        .filter(|name| *name != brand.name))
}

/// The connection's label by its id, for pages that name it.
pub(super) async fn connection_of(
    conn: &mut PgConnection,
    brand_id: BrandId,
    newcomer: &flow::Newcomer,
) -> Result<Connection, PageError> {
    let id = newcomer.connection_id;
    let found = federation::store::find_connection(conn, brand_id, id).await?;
    found.ok_or_else(gone)
}

/// The connection with its secret open.
pub(super) fn ready(
    app: &App,
    brand: &Brand,
    connection: Connection,
) -> Result<Ready, federation::Error> {
    let secret = connection
        .secret(&app.cipher)
        .map_err(|_| federation::Error::Misconfigured)?;
    let issuer = app.config.issuer();
    Ok(Ready {
        secret,
        redirect_uri: federation::redirect_uri(issuer, &brand.slug, &connection.slug),
        connection,
    })
}

/// The button of a connection within a flow.
pub(super) fn button(
    flow_id: FlowId,
    connection: &Connection,
    last_used: Option<&str>,
) -> ProviderButton {
    ProviderButton {
        last_used: last_used == Some(connection.slug.as_str()),
        ..plain_button(connection, format!("/login/{flow_id}/{}", connection.slug))
    }
}

/// The button that links a connection to the account of somebody signed in.
pub(in crate::http) fn linking_button(brand: &Brand, connection: &Connection) -> ProviderButton {
    let action = format!("/login/link/{}/{}", brand.slug, connection.slug);
    plain_button(connection, action)
}

fn plain_button(connection: &Connection, action: String) -> ProviderButton {
    ProviderButton {
        key: connection.provider.clone(),
        label: connection.label.clone(),
        action,
        last_used: false,
        theme: match connection.provider.as_str() {
            "github" => ButtonTheme::Dark,
            "google" => ButtonTheme::Light,
            _ => ButtonTheme::Neutral,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_link_sends_nobody_off_the_pages_of_their_own() {
        for good in ["/me", "/me?brand=bakery", "/me/security?brand=a&add=1"] {
            assert_eq!(own_path(good), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/merry",
            "/me//evil.example",
            "/me/../login",
            "https://evil.example/me",
            "/me\r\nset-cookie: a=b",
            "/me@evil.example",
        ] {
            assert_eq!(own_path(bad), None, "{bad:?}");
        }
    }
}
