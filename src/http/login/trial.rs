//! Staff try a connection out, in their own browser.

use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;

use super::{parts, round_trip};
use crate::app::App;
use crate::brand::Brand;
use crate::federation::{self, Connection};
use crate::flow::{self, Flow, NewFlow, Newcomer, Verdict};
use crate::http::account::brand_mark;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::kernel::id::StaffId;
use crate::postgres;
use crate::view::hosted::HandOffPage;

/// Sends the browser off to the provider of `connection`, switched on or not.
pub(in crate::http) async fn begin(
    app: &App,
    jar: CookieJar,
    brand: &Brand,
    staff_id: StaffId,
    connection: Connection,
) -> Result<Response, PageError> {
    let (browser, jar) = parts::browser_or_new(jar, app);
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let new = NewFlow {
        brand_id: brand.brand_id,
        application_id: None,
        request: None,
        browser: &browser,
    };
    let (clock, entropy) = (&app.clock, &app.entropy);
    let flow_id = flow::begin_trial(&mut conn, new, staff_id, clock, entropy).await?;
    drop(conn);
    let (slug, label) = (connection.slug.clone(), connection.label.clone());
    let connection_id = connection.connection_id;
    match round_trip::open_attempt(app, flow_id, brand, connection).await? {
        Ok(url) => {
            let away = round_trip::leave(app, brand, label, &url)?;
            Ok((jar, away).into_response())
        }
        Err(error) => {
            let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
            let found = flow::store::find_flow(&mut conn, flow_id).await?;
            if let Some(flow) = found {
                let verdict = failed(&error);
                flow::keep_verdict(&mut conn, &flow, staff_id, connection_id, verdict).await?;
            }
            Ok(crate::http::page::go_to(&result_path(
                brand, &slug, flow_id,
            )))
        }
    }
}

/// Keeps what the provider said, and sends the browser back to the dashboard. By a page: the
/// dashboard's cookie does not come along on a redirect that began at another site.
pub(super) async fn finish(
    app: &App,
    brand: &Brand,
    connection: &Connection,
    (flow, staff_id): (&Flow, StaffId),
    exchanged: Result<Newcomer, Verdict>,
) -> Result<Response, PageError> {
    let verdict = match exchanged {
        Ok(newcomer) => Verdict::Claims(Box::new(newcomer.claims)),
        Err(verdict) => verdict,
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let id = connection.connection_id;
    flow::keep_verdict(&mut conn, flow, staff_id, id, verdict).await?;
    page(&HandOffPage {
        brand: brand_mark(brand),
        destination: "the dashboard".to_owned(),
        href: result_path(brand, &connection.slug, flow.flow_id),
    })
}

fn result_path(brand: &Brand, slug: &str, flow_id: crate::kernel::id::FlowId) -> String {
    format!(
        "/dashboard/{}/providers/{slug}?tried={flow_id}#test",
        brand.slug
    )
}

/// Why an exchange leads nowhere, with what caused it: staff are to mend it.
pub(super) fn failed(error: &federation::Error) -> Verdict {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    Verdict::Failed {
        code: error.code().to_owned(),
        text,
    }
}
