//! `/consent`: nothing is stored before the person agrees.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::parts;
use super::refusal::gone;
use super::settled::Visit;
use crate::app::{App, SharedApp};
use crate::brand::Brand;
use crate::federation::Connection;
use crate::flow::{self, Answers, Flow, Newcomer, Pending};
use crate::http::account::brand_mark;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::kernel::secret::sha256;
use crate::postgres::{self, PgConnection};
use crate::view::hosted::{ConsentPage, Purpose, StoredItem};

/// What the address says.
#[derive(Deserialize)]
pub(super) struct Asked {
    flow: String,
    /// A digest of what the page showed, so that nobody agrees to something else.
    of: Option<String>,
}

/// The newcomer whom the flow waits for.
struct Waiting {
    flow: Flow,
    brand: Brand,
    connection: Connection,
    newcomer: Newcomer,
    goes_on_as_new: bool,
}

impl Waiting {
    async fn find(
        conn: &mut PgConnection,
        app: &App,
        jar: &CookieJar,
        flow_id: &str,
    ) -> Result<Self, PageError> {
        let (flow, brand) = parts::open_flow(conn, app, jar, flow_id).await?;
        let Some(Pending::Consent {
            newcomer,
            goes_on_as_new,
        }) = flow.pending.clone()
        else {
            return Err(gone());
        };
        let connection = parts::connection_of(conn, brand.brand_id, &newcomer).await?;
        Ok(Self {
            flow,
            brand,
            connection,
            newcomer,
            goes_on_as_new,
        })
    }

    fn digest(&self) -> String {
        let shown = format!("{:?}", flow::stored_items(&self.newcomer.claims));
        let digits = sha256(shown.as_bytes());
        let digits: Vec<String> = digits.iter().take(8).map(|b| format!("{b:02x}")).collect();
        digits.concat()
    }

    fn page(&self, error: Option<String>) -> ConsentPage {
        let account = format!("{} account", self.connection.label);
        let meaning = "a number that stands for your account".to_owned();
        let stored = flow::stored_items(&self.newcomer.claims)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .chain((!self.connection.is_mailbox()).then_some((account, meaning)))
            .map(|(name, value)| StoredItem { name, value })
            .collect();
        ConsentPage {
            brand: brand_mark(&self.brand),
            action: format!("/consent?flow={}&of={}", self.flow.flow_id, self.digest()),
            provider_label: self.connection.label.clone(),
            stored,
            purposes: purposes(&self.brand),
            terms_url: self.brand.terms_url.clone(),
            privacy_url: self.brand.privacy_url.clone(),
            error,
        }
    }
}

/// What it is used for. A change of these words changes `flow`'s version of the text.
pub(super) fn purposes(brand: &Brand) -> Vec<Purpose> {
    let purpose = |key: &str, title: &str, why: String, optional| Purpose {
        key: key.to_owned(),
        title: title.to_owned(),
        why,
        optional,
        ticked: false,
    };
    let name = &brand.name;
    vec![
        purpose(
            "terms",
            "Keep your account and what you do here",
            format!(
                "So that you can sign in again, and {name} knows how well you know each other."
            ),
            false,
        ),
        purpose(
            "marketing",
            "Send you news by email",
            "You can stop it at any time on your own page.".to_owned(),
            true,
        ),
    ]
}

/// GET: asks.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let waiting = Waiting::find(&mut conn, &app, &jar, &asked.flow).await?;
    drop(conn);
    page(&waiting.page(None))
}

/// POST: takes the answer.
pub(super) async fn answer(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let waiting = Waiting::find(&mut conn, &app, &jar, &asked.flow).await?;
    let has = |name: &str, value: &str| fields.iter().any(|(n, v)| n == name && v == value);
    if has("decision", "decline") {
        let flow = &waiting.flow;
        flow::store::update_pending(&mut conn, flow.brand_id, flow.flow_id, None).await?;
        let path = parts::way_back(flow, &waiting.connection.slug)
            .unwrap_or_else(|| format!("/login?flow={}&problem=declined", flow.flow_id));
        return Ok(go_to(&path));
    }
    drop(conn);
    if !has("decision", "accept") {
        return page(&waiting.page(Some("Choose yes or no.".to_owned())));
    }
    if asked.of.is_some_and(|of| of != waiting.digest()) {
        let error = "What would be stored has changed since you saw it. Please look again.";
        return page(&waiting.page(Some(error.to_owned())));
    }
    let answers = Answers {
        accepts_terms: true,
        accepts_marketing: has("purpose", "marketing"),
        goes_on_as_new: waiting.goes_on_as_new,
    };
    let visit = Visit {
        app: &app,
        jar,
        headers: &headers,
        brand: &waiting.brand,
        flow: &waiting.flow,
    };
    let way = &waiting.connection.slug;
    visit.settle(&waiting.newcomer, way, answers).await
}
