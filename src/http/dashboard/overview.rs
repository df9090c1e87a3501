//! What changed, how many at each stage, who moved.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::access::InBrand;
use super::sites::site_snippet;
use super::value;
use crate::app::SharedApp;
use crate::application::{self, Kind};
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::insight;
use crate::postgres;
use crate::view::chart::area::Mix;
use crate::view::dashboard::{Overview, OverviewPage, WeekStats};
use crate::view::format;

/// How many weeks the areas show.
const WEEKS: usize = 52;

/// The command that fills a demo brand.
const DEMO_COMMAND: &str = "befriend demo";

#[derive(Deserialize)]
pub(super) struct Shown {
    mix: Option<String>,
}

/// `GET /dashboard/{brand}/?mix=`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let (brand_id, now) = (within.brand.brand_id, app.clock.now());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let figures = insight::overview(&mut conn, brand_id, now, WEEKS).await?;
    let applications = application::store::list_applications(&mut conn, brand_id).await?;
    let value = value::by_stage(&mut conn, brand_id).await?;
    drop(conn);
    let site = applications.iter().find(|one| one.kind == Kind::Browser);
    let mix = Mix::from_parameter(query.mix.as_deref().unwrap_or_default());
    page(&OverviewPage {
        shell: within.shell(None),
        as_of: format::date_time(now),
        value,
        overview: Overview::new(figures.weeks.iter().map(week).collect(), mix),
        snippet: site.map_or_else(String::new, |site| {
            site_snippet(app.config.issuer(), &site.client_id)
        }),
        demo_command: DEMO_COMMAND.to_owned(),
    })
}

fn week(week: &insight::Week) -> WeekStats {
    WeekStats {
        start: week.start,
        people: week.people,
        warmed: week.warmed,
        cooled: week.cooled,
    }
}
