//! Taking one's data along, leaving for good, and taking back what a mail told of.

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use futures_util::stream;

use super::desk::{change, customer};
use super::{brand_mark, me};
use crate::account::erasure::{self, Erasure};
use crate::account::export::{self, Export};
use crate::account::merge::{self, Merge};
use crate::app::{App, SharedApp};
use crate::audit::Actor;
use crate::brand::{self, Brand};
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::http::signed_in::require_fresh;
use crate::kernel::Secret;
use crate::oidc::Params;
use crate::postgres::{self, PgConnection, Pool};
use crate::view::format::day_of;
use crate::view::hosted::{StepAct, StepPage};

/// POST: everything that is kept, as one file. Only for whoever proved lately who they are (A136).
pub(super) async fn export(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let (brand, own) = (&customer.brand, &customer.session);
    require_fresh(&app, brand, own, &me::path(brand))?;
    let change = change(&app, brand, Actor::Customer(own.profile_id), &headers);
    let (export, first) = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        export::begin(conn, &change, own.profile_id).await
    })
    .await?;
    let name = format!("{}-{}.json", brand.slug, change.at.format("%Y-%m-%d"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let rest = stream::try_unfold((export, app.pool.clone()), next_piece);
    let first = stream::once(async { Ok(Bytes::from(first)) });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    Ok((headers, body).into_response())
}

/// No connection is held while the browser takes what it was given.
async fn next_piece(
    (mut export, pool): (Export, Pool),
) -> Result<Option<(Bytes, (Export, Pool))>, postgres::Error> {
    let mut conn = pool.acquire().await?;
    let piece = export.next(&mut conn).await?;
    drop(conn);
    Ok(piece.map(|piece| (Bytes::from(piece), (export, pool))))
}

/// GET: what deleting means.
pub(super) async fn ask(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let brand = &customer.brand;
    let here = format!("/me/delete?brand={}", brand.slug);
    require_fresh(&app, brand, &customer.session, &here)?;
    page(&StepPage {
        brand: brand_mark(brand),
        title: "Delete your account?".to_owned(),
        lead: format!(
            "Everything that is kept about you at {} is deleted: who you are, how you sign in, what \
             you did here and what was worked out from it.",
            brand.name
        ),
        points: vec![
            "You are signed out everywhere at once.".to_owned(),
            format!(
                "It happens on {}. Until then you can take it back by the link in the mail that we \
                 send, or by signing in.",
                day_of(app.clock.now() + erasure::UNDO_LIFE)
            ),
            "Afterwards nobody can bring it back.".to_owned(),
        ],
        act: Some(StepAct {
            action: here,
            label: "Delete my account".to_owned(),
            harms: true,
        }),
        away: Some((me::path(brand), "Keep it".to_owned())),
    })
}

/// POST: has it deleted when two weeks are over.
pub(super) async fn delete(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let (brand, own) = (&customer.brand, &customer.session);
    let here = format!("/me/delete?brand={}", brand.slug);
    require_fresh(&app, brand, own, &here)?;
    let change = change(&app, brand, Actor::Customer(own.profile_id), &headers);
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        erasure::request(conn, &change, own.profile_id).await
    })
    .await?;
    Ok(go_to(&format!("/me/deleted?brand={}", brand.slug)))
}

/// GET: what happens next. Says nothing of anybody.
pub(super) async fn deleted(
    State(app): State<SharedApp>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let brand = named(&app, &params).await?;
    page(&StepPage {
        brand: brand_mark(&brand),
        title: "Your account is going to be deleted".to_owned(),
        lead: "You are signed out everywhere. In 14 days everything is gone.".to_owned(),
        points: vec![
            "We wrote to your verified addresses: the link in that mail takes it back.".to_owned(),
            "So does signing in again until then.".to_owned(),
        ],
        act: None,
        away: Some((
            format!("/login?brand={}", brand.slug),
            "Sign in again".to_owned(),
        )),
    })
}

/// POST: keeps the account after all.
pub(super) async fn keep(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let customer = customer(&app, &jar, query).await?;
    let own = &customer.session;
    let change = change(
        &app,
        &customer.brand,
        Actor::Customer(own.profile_id),
        &headers,
    );
    postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let found = erasure::find_under_way(conn, own.brand_id, own.profile_id).await?;
        let erasure = found.ok_or(erasure::Error::Unknown)?;
        erasure::undo(conn, &change, &erasure).await
    })
    .await?;
    Ok(me::back(&customer, "kept"))
}

async fn named(app: &App, params: &Params) -> Result<Brand, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let slug = params.get("brand").ok().flatten().unwrap_or_default();
    let found = brand::store::find_brand_by_slug(&mut conn, slug).await?;
    found.ok_or_else(PageError::not_found)
}

/// What a link from a mail takes back.
enum Undo {
    Merge(Merge),
    Erasure(Erasure),
}

/// What the link stands for: whoever holds it needs no other proof.
async fn find_undo(
    conn: &mut PgConnection,
    app: &App,
    brand: &Brand,
    params: &Params,
) -> Result<Undo, PageError> {
    let token = params.get("token").ok().flatten().unwrap_or_default();
    let token = Secret::new(token);
    let (brand_id, now) = (brand.brand_id, app.clock.now());
    if let Some(merge) = merge::find_by_link(conn, brand_id, &token, now).await? {
        return Ok(Undo::Merge(merge));
    }
    if let Some(erasure) = erasure::find_by_link(conn, brand_id, &token).await? {
        return Ok(Undo::Erasure(erasure));
    }
    Err(PageError::new(
        axum::http::StatusCode::NOT_FOUND,
        "There is nothing to take back",
        "It was taken back already, or it is too late for it.",
    ))
}

/// GET: what the link would take back. A mail reader that opens it changes nothing.
pub(super) async fn ask_undo(
    State(app): State<SharedApp>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let params = Params::parse(&query);
    let brand = named(&app, &params).await?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let undo = find_undo(&mut conn, &app, &brand, &params).await?;
    drop(conn);
    let (title, lead, points, label) = match &undo {
        Undo::Merge(merge) => (
            "Take the two accounts apart?",
            format!(
                "On {} two accounts at {} became one. They become two again, each with its own ways \
                 to sign in.",
                day_of(merge.merged_at),
                brand.name
            ),
            vec![
                "Everybody is signed out of both.".to_owned(),
                "What was linked since then stays with the account that was kept.".to_owned(),
            ],
            "Take them apart",
        ),
        Undo::Erasure(erasure) => (
            "Keep your account?",
            format!(
                "Your account at {} is going to be deleted on {}.",
                brand.name,
                day_of(erasure.due_at)
            ),
            vec!["If you keep it, everything stays as it is.".to_owned()],
            "Keep my account",
        ),
    };
    page(&StepPage {
        brand: brand_mark(&brand),
        title: title.to_owned(),
        lead,
        points,
        act: Some(StepAct {
            action: format!("/me/undo?{query}"),
            label: label.to_owned(),
            harms: false,
        }),
        away: None,
    })
}

/// POST: takes it back.
pub(super) async fn undo(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let brand = named(&app, &params).await?;
    let done = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let undo = find_undo(conn, &app, &brand, &params).await?;
        let whose = match &undo {
            Undo::Merge(merge) => merge.merged_id,
            Undo::Erasure(erasure) => erasure.profile_id,
        };
        let change = change(&app, &brand, Actor::Customer(whose), &headers);
        match undo {
            Undo::Merge(merge) => merge::part(conn, &change, &merge, merge::By::Other).await?,
            Undo::Erasure(erasure) => erasure::undo(conn, &change, &erasure).await?,
        }
        Ok::<_, PageError>(match undo {
            Undo::Merge(_) => "The accounts are two again",
            Undo::Erasure(_) => "Your account stays",
        })
    })
    .await?;
    page(&StepPage {
        brand: brand_mark(&brand),
        title: done.to_owned(),
        lead: "Sign in to see it.".to_owned(),
        points: Vec::new(),
        act: None,
        away: Some((format!("/login?brand={}", brand.slug), "Sign in".to_owned())),
    })
}
