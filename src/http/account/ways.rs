//! The ways into an account, from its owner's page: one taken away, another account joined, and a
//! joined one taken apart again.

use axum::extract::{Path, RawForm, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;

use super::desk::{change, customer, post};
use super::me::back;
use super::{brand_mark, me};
use crate::account::{self, merge};
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::credential::store::{self as credentials, Kind};
use crate::flow::{self, Browser};
use crate::http::login::{browser_or_new, browser_secret, open_flow, refused, user_agent};
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::http::signed_in::{find_session, require_fresh};
use crate::kernel::id::{BrandId, IdentityId, MergeId, ProfileId};
use crate::oidc::Params;
use crate::postgres::{self, PgConnection};
use crate::profile;
use crate::view::format::day_of;
use crate::view::hosted::{JoinPage, JoinSide};

/// Takes a way in away. One of somebody else is as if it were not there.
pub(super) async fn unlink(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Path(identity_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let identity_id: IdentityId = identity_id.parse().map_err(|_| PageError::not_found())?;
    let own = &customer.session;
    require_fresh(&app, &customer.brand, own, &me::path(&customer.brand))?;
    let change = change(
        &app,
        &customer.brand,
        Actor::Customer(own.profile_id),
        &headers,
    );
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let kept = Some(own.session_id);
        account::unlink::unlink(conn, &change, own.profile_id, identity_id, kept).await
    })
    .await?;
    Ok(back(&customer, "unlinked"))
}

/// Goes to sign in to another account, which is then asked to be joined to this one.
pub(super) async fn begin_join(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let (brand, own) = (&customer.brand, &customer.session);
    require_fresh(&app, brand, own, &me::path(brand))?;
    let (browser, jar) = browser_or_new(jar, &app);
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let flow_id = flow::begin_linking(&mut conn, own, &browser, &app.clock, &app.entropy).await?;
    Ok((jar, go_to(&format!("/login?flow={flow_id}"))).into_response())
}

/// What the address says.
fn flow_of(query: Option<&str>) -> Result<String, PageError> {
    let params = Params::parse(query.unwrap_or_default());
    let found = params.get("flow").ok().flatten().map(str::to_owned);
    found.ok_or_else(PageError::not_found)
}

/// GET: shows both accounts and asks.
pub(super) async fn show_join(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = open_flow(&mut conn, &app, &jar, &flow_of(query.as_deref())?).await?;
    let (asker, other) = flow.asks_to_merge().ok_or_else(PageError::not_found)?;
    let session = find_session(&mut conn, &app, &jar, &brand).await?;
    if !asker.is_in(session.as_ref()) {
        return Err(refused(flow::decide::Refusal::LinkSessionEnded, &flow));
    }
    let now = app.clock.now();
    let shown = JoinPage {
        brand: brand_mark(&brand),
        kept: side(&mut conn, brand.brand_id, asker.profile_id).await?,
        joined: side(&mut conn, brand.brand_id, other).await?,
        until: day_of(now + merge::UNDO_LIFE),
        action: format!("/me/join?flow={}", flow.flow_id),
    };
    drop(conn);
    page(&shown)
}

/// POST: joins them, or leaves them as they are.
pub(super) async fn join(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    RawForm(form): RawForm,
) -> Result<Response, PageError> {
    let form = Params::parse(&String::from_utf8_lossy(&form));
    let says_yes = matches!(form.get("decision"), Ok(Some("join")));
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = open_flow(&mut conn, &app, &jar, &flow_of(query.as_deref())?).await?;
    let session = find_session(&mut conn, &app, &jar, &brand).await?;
    drop(conn);
    let secret = browser_secret(&jar, &app).ok_or_else(PageError::not_found)?;
    let browser = Browser {
        secret: &secret,
        session: session.as_ref(),
        device: None,
        user_agent: user_agent(&headers),
        post: post(&app, &headers),
    };
    let now = app.clock.now();
    let done = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let place = (brand.brand_id, flow.flow_id);
        let (kept, other) = flow::take_merge(conn, place, browser, now)
            .await?
            .map_err(|refusal| refused(refusal, &flow))?;
        if !says_yes {
            return Ok("apart");
        }
        let change = change(&app, &brand, Actor::Customer(kept), &headers);
        merge::merge(conn, &change, kept, other, "").await?;
        Ok::<_, PageError>("joined")
    })
    .await?;
    Ok(go_to(&format!("{}&done={done}", me::path(&brand))))
}

/// One of two accounts, as its owner knows it.
async fn side(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<JoinSide, PageError> {
    let found = profile::store::find_profile(conn, brand_id, profile_id).await?;
    let profile = found.ok_or_else(PageError::not_found)?;
    let emails = profile::store::list_emails(conn, brand_id, profile_id).await?;
    let email = emails
        .into_iter()
        .find(|email| email.verified_at.is_some())
        .map(|email| email.address);
    let mut ways: Vec<String> = profile::store::list_identities(conn, brand_id, profile_id)
        .await?
        .into_iter()
        .map(|identity| identity.connection_label)
        .collect();
    for credential in credentials::list_credentials(conn, brand_id, profile_id).await? {
        match credential.kind {
            Kind::Password => ways.push("a password".to_owned()),
            Kind::Passkey => ways.push("a passkey".to_owned()),
            Kind::Totp | Kind::RecoveryCodes | Kind::TrustedDevice => {}
        }
    }
    ways.dedup();
    Ok(JoinSide {
        name: profile.name().unwrap_or_else(|| "No name given".to_owned()),
        email,
        ways: if ways.is_empty() {
            "nothing".to_owned()
        } else {
            ways.join(", ")
        },
        since: day_of(profile.known_since.unwrap_or(profile.created_at)),
    })
}

/// Takes a joined account apart again.
pub(super) async fn part(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Path(merge_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let merge_id: MergeId = merge_id.parse().map_err(|_| PageError::not_found())?;
    let own = &customer.session;
    require_fresh(&app, &customer.brand, own, &me::path(&customer.brand))?;
    let change = change(
        &app,
        &customer.brand,
        Actor::Customer(own.profile_id),
        &headers,
    );
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let found = merge::list_undoable(conn, own.brand_id, own.profile_id, change.at).await?;
        let merge = found
            .into_iter()
            .find(|merge| merge.merge_id == merge_id)
            .ok_or_else(PageError::not_found)?;
        let by = merge::By::Session(own.session_id);
        merge::part(conn, &change, &merge, by).await?;
        Ok::<_, PageError>(())
    })
    .await?;
    Ok(back(&customer, "parted"))
}
