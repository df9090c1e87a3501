//! The overview, and browsers that are trusted.

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::brand_mark;
use super::super::me::Customer;
use super::{customer, home, note};
use crate::app::{App, SharedApp};
use crate::brand::ways_store;
use crate::credential::passkey::{Passkey, RelyingParty};
use crate::credential::recovery::RecoveryCodes;
use crate::credential::second_factor::read;
use crate::credential::store::{self, Credential, Kind, TRUST_LIFE};
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::kernel::id::CredentialId;
use crate::mail::Message;
use crate::oidc::Params;
use crate::postgres::{self, PgConnection};
use crate::view::Notice;
use crate::view::format::{ago, day_of};
use crate::view::hosted::{SecurityBrowser, SecurityPage, SecurityPasskey};

/// GET `/me/security`.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let notice = params.get("done").ok().flatten().and_then(done_text);
    let customer = customer(&app, &jar, query.clone()).await?;
    let mut shown =
        postgres::tx(&app.pool, async |conn| build(conn, &app, &customer).await).await?;
    shown.notice = notice.map(|text| Notice::Done(text.to_owned()));
    page(&shown)
}

fn done_text(done: &str) -> Option<&'static str> {
    match done {
        "passkey-added" => Some("The passkey was added. You can sign in with it from now on."),
        "passkey-renamed" => Some("The passkey has its new name."),
        "passkey-removed" => Some("The passkey was removed. Your other browsers are signed out."),
        "app-off" => {
            Some("You are no longer asked for a code. Your other browsers are signed out.")
        }
        "browser" => Some("That browser is asked for a code again."),
        _ => None,
    }
}

async fn build(
    conn: &mut PgConnection,
    app: &App,
    customer: &Customer,
) -> Result<SecurityPage, PageError> {
    let Customer { brand, session } = customer;
    let (brand_id, profile_id) = (session.brand_id, session.profile_id);
    let (slug, now) = (&brand.slug, app.clock.now());
    let all = store::list_credentials(conn, brand_id, profile_id).await?;
    let ways_offered = ways_store::find_ways(conn, brand_id).await?;
    let ways = store::count_ways_in(conn, brand_id, profile_id).await?;
    let of_kind = |kind: Kind| all.iter().filter(move |one| one.kind == kind);
    let passkeys: Result<Vec<_>, postgres::Error> = of_kind(Kind::Passkey)
        .map(|one| shown_passkey(one, slug, (ways, now)))
        .collect();
    let codes = of_kind(Kind::RecoveryCodes).next();
    let codes: Option<RecoveryCodes> = codes.map(read).transpose()?;
    Ok(SecurityPage {
        brand: brand_mark(brand),
        me_href: format!("/me?brand={slug}"),
        notice: None,
        passkeys: passkeys?,
        add_passkey_href: RelyingParty::of(&app.config.public_url)
            .map(|_| format!("/me/security/passkeys/new?brand={slug}")),
        password_href: ways_offered
            .passwords
            .then(|| format!("/me/password?brand={slug}")),
        has_password: of_kind(Kind::Password).next().is_some(),
        app_since: of_kind(Kind::Totp).next().map(|one| day_of(one.created_at)),
        app_href: format!("/me/security/app?brand={slug}"),
        app_remove_action: format!("/me/security/app/remove?brand={slug}"),
        codes_left: codes.map_or(0, |codes| codes.left()),
        codes_action: format!("/me/security/recovery-codes?brand={slug}"),
        browsers: of_kind(Kind::TrustedDevice)
            .filter(|one| one.created_at + TRUST_LIFE > now)
            .map(|one| shown_browser(one, slug))
            .collect(),
    })
}

fn shown_passkey(
    one: &Credential,
    slug: &str,
    (ways, now): (i64, DateTime<Utc>),
) -> Result<SecurityPasskey, postgres::Error> {
    let passkey: Passkey = read(one)?;
    let id = one.credential_id;
    Ok(SecurityPasskey {
        name: one.name.clone(),
        added: day_of(one.created_at),
        used: one.last_used_at.map(|used| ago(used, now)),
        is_copied: passkey.backed_up,
        rename_action: format!("/me/security/passkeys/{id}/name?brand={slug}"),
        remove_action: (ways > 1)
            .then(|| format!("/me/security/passkeys/{id}/remove?brand={slug}")),
    })
}

fn shown_browser(one: &Credential, slug: &str) -> SecurityBrowser {
    SecurityBrowser {
        name: one.name.clone(),
        since: day_of(one.created_at),
        until: day_of(one.created_at + TRUST_LIFE),
        remove_action: format!(
            "/me/security/browsers/{}/remove?brand={slug}",
            one.credential_id
        ),
    }
}

/// POST: a browser is trusted no longer. That makes nothing weaker, so it asks for nothing.
pub(super) async fn forget(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let id: CredentialId = id.parse().map_err(|_| PageError::not_found())?;
    let (brand_id, profile_id) = (customer.session.brand_id, customer.session.profile_id);
    postgres::tx(&app.pool, async |conn| {
        let all = store::list_credentials(conn, brand_id, profile_id).await?;
        all.iter()
            .find(|one| one.credential_id == id && one.kind == Kind::TrustedDevice)
            .ok_or_else(PageError::not_found)?;
        store::delete_credential(conn, brand_id, profile_id, id).await?;
        let detail = json!({ "kind": "trusted_device", "credential_id": id });
        let message = Message::SecondFactorChanged {
            what: "A browser is asked for a code again".to_owned(),
        };
        note(
            conn,
            &app,
            &customer,
            ("credential.removed", detail),
            (message, &headers),
        )
        .await?;
        Ok::<_, PageError>(())
    })
    .await?;
    Ok(go_to(&home(&customer, Some("browser"))))
}
