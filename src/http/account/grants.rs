//! What a customer allows applications of others, on their own page.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum_extra::extract::CookieJar;

use super::me::{Customer, find_customer};
use crate::app::SharedApp;
use crate::application;
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::kernel::id::ApplicationId;
use crate::oidc::{Params, Scope, consent, consent_store};
use crate::postgres::{self, PgConnection};
use crate::view::format::day_of;
use crate::view::hosted::{AllowItem, MeGrant};

/// What `scope` tells an application of `brand`, in plain words.
pub(in crate::http) fn scope_texts(scope: Scope, brand: &str) -> Vec<AllowItem> {
    let mut items = vec![(
        "That it is you".to_owned(),
        "A number that stands for you here, so that it knows you again.",
    )];
    let mut add = |is_asked: bool, what: String, why| {
        if is_asked {
            items.push((what, why));
        }
    };
    add(
        scope.profile,
        "Your name, picture and language".to_owned(),
        "As they stand on your own page.",
    );
    add(
        scope.email,
        "Your email address".to_owned(),
        "And whether you have proved that it is yours.",
    );
    add(
        scope.stage,
        format!("How well you and {brand} know each other"),
        "Your stage, and since when.",
    );
    add(
        scope.offline_access,
        "All this while you are away".to_owned(),
        "Until you sign out or take it back, for 30 days at most.",
    );
    items
        .into_iter()
        .map(|(what, why)| AllowItem {
            what,
            why: why.to_owned(),
        })
        .collect()
}

/// The customer's grants as their page shows them.
pub(super) async fn list(
    conn: &mut PgConnection,
    customer: &Customer,
) -> Result<Vec<MeGrant>, postgres::Error> {
    let session = &customer.session;
    let held = consent_store::list_grants(conn, session.brand_id, session.profile_id).await?;
    let (slug, brand) = (&customer.brand.slug, &customer.brand.name);
    Ok(held
        .into_iter()
        .map(|grant| MeGrant {
            allowed: scope_texts(Scope::parse(&grant.scope).unwrap_or_default(), brand)
                .into_iter()
                .map(|item| item.what)
                .collect(),
            since: day_of(grant.updated_at),
            withdraw_action: format!(
                "/me/applications/{}/withdraw?brand={slug}",
                grant.application_id
            ),
            application: grant.name,
        })
        .collect())
}

/// Takes back what the customer allows an application, and what it was given for it.
pub(super) async fn withdraw(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Path(application_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let id: ApplicationId = application_id.parse().map_err(|_| PageError::not_found())?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = find_customer(&mut conn, &app, &jar, &params).await?;
    let brand_id = customer.brand.brand_id;
    let application = application::store::find_application(&mut conn, brand_id, id)
        .await?
        .ok_or_else(PageError::not_found)?;
    drop(conn);
    let made = (app.clock.now(), &app.entropy);
    let withdrawn = postgres::tx(&app.pool, async |conn| {
        consent::withdraw(conn, (&application, &customer.session), made).await
    })
    .await?;
    if !withdrawn {
        return Err(PageError::not_found());
    }
    Ok(go_to(&format!(
        "/me?brand={}&done=application",
        customer.brand.slug
    )))
}
