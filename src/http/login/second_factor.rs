//! `/login/second-factor`: a code of the authenticator app, or a recovery code, from somebody whose
//! first proof was right.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use serde_json::json;

use super::parts;
use super::passkey::Place;
use super::refusal::gone;
use super::settled::{Visit, second_factor_of};
use crate::abuse::{Account, Attempt, Kind as Tried};
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::brand::Brand;
use crate::credential::second_factor::{self, Given};
use crate::credential::store::{self, Credential, Kind, TRUST_LIFE};
use crate::flow::Flow;
use crate::http::account::{brand_mark, browser_name};
use crate::http::address::Caller;
use crate::http::cookie;
use crate::http::extract::PageForm;
use crate::http::page::{page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::Secret;
use crate::kernel::id::{CredentialId, ProfileId};
use crate::postgres::{self, PgConnection};
use crate::view::hosted::SecondFactorPage;

/// What is posted.
#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    code: String,
    trust: Option<String>,
}

fn code_page(brand: &Brand, flow: &Flow, error: Option<&str>) -> SecondFactorPage {
    SecondFactorPage {
        brand: brand_mark(brand),
        action: format!("/login/second-factor?flow={}", flow.flow_id),
        // Whoever proves again who they are is asked in any browser.
        offers_trust: flow.again.is_none(),
        error: error.map(str::to_owned),
        back_href: format!("/login?flow={}", flow.flow_id),
    }
}

/// GET: asks.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(place): Query<Place>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &place.flow).await?;
    second_factor_of(&flow).ok_or_else(gone)?;
    page(&code_page(&brand, &flow, None))
}

/// POST: takes a code.
pub(super) async fn take(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    headers: HeaderMap,
    Query(place): Query<Place>,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (flow, brand) = parts::open_flow(&mut conn, &app, &jar, &place.flow).await?;
    let profile_id = second_factor_of(&flow).ok_or_else(gone)?;
    let whose = (&brand, profile_id);
    let right = try_code(&mut conn, &app, whose, caller, &form.code).await?;
    drop(conn);
    if !right {
        let error = "That code is not right, or was used before. Type the one that is shown now.";
        let shown = code_page(&brand, &flow, Some(error));
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    }
    let jar = if form.trust.is_some() && flow.again.is_none() {
        trust(&app, jar, whose, parts::user_agent(&headers)).await?
    } else {
        jar
    };
    let visit = Visit {
        app: &app,
        jar,
        headers: &headers,
        brand: &brand,
        flow: &flow,
    };
    visit.vouch_second_factor(profile_id).await
}

/// Whether `code` is right: it is used then. Counted like any other guess.
async fn try_code(
    conn: &mut PgConnection,
    app: &App,
    (brand, profile_id): (&Brand, ProfileId),
    caller: Caller,
    code: &str,
) -> Result<bool, PageError> {
    let now = app.clock.now();
    let brand_id = brand.brand_id;
    let attempt = Attempt {
        kind: Tried::SecondFactor,
        account: Account::profile(profile_id),
        network: caller.0,
        device: None,
    };
    let begun = app.abuse.begin(conn, brand_id, &attempt, now).await?;
    let begun = begun.map_err(|too_many| {
        PageError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many codes were tried",
            "Wait a little, then type the code that your app shows.",
        )
        .retry_after(too_many.seconds())
    })?;
    let given = postgres::tx(&app.pool, async |conn| {
        let whose = (brand_id, profile_id);
        let given = second_factor::take(conn, whose, code, &app.cipher, now).await?;
        if let Some(Given::RecoveryCode { left }) = given {
            let entry = audit::Entry {
                actor: Actor::Customer(profile_id),
                action: "recovery_code.used",
                subject: profile_id.to_string(),
                detail: json!({ "left": left }),
                at: now,
            };
            audit::store::insert_entry(conn, brand_id, &app.entropy, entry).await?;
        }
        Ok::<_, postgres::Error>(given)
    })
    .await?;
    if given.is_some() {
        app.abuse.succeed(conn, begun).await?;
    } else {
        app.abuse.fail(conn, begun, now).await?;
    }
    Ok(given.is_some())
}

/// Remembers this browser, so that it is not asked for a while.
async fn trust(
    app: &App,
    jar: CookieJar,
    (brand, profile_id): (&Brand, ProfileId),
    user_agent: &str,
) -> Result<CookieJar, PageError> {
    let now = app.clock.now();
    let token = Secret::random(&app.entropy);
    let device = Credential {
        brand_id: brand.brand_id,
        credential_id: CredentialId::new(now, &app.entropy),
        profile_id,
        kind: Kind::TrustedDevice,
        name: browser_name(user_agent),
        handle: Some(token.hash().to_vec()),
        data: json!({}),
        created_at: now,
        last_used_at: None,
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    store::insert_credential(&mut conn, &device).await?;
    let name = cookie::Name::TrustedDevice(&brand.slug);
    Ok(cookie::set(
        jar,
        &app.config,
        name,
        &token,
        Some(TRUST_LIFE),
    ))
}
