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
use crate::http::account::spoken_mark;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::kernel::secret::sha256;
use crate::postgres::{self, PgConnection};
use crate::view::hosted::{ConsentPage, Purpose, StoredItem};
use crate::view::language::{Language, Messages, Text};

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

    fn page(&self, language: Language, error: Option<Text>) -> ConsentPage {
        let texts = language.messages();
        let account = texts.account_of.with(&self.connection.label);
        let meaning = texts.account_number.to_string();
        let stored = flow::stored_items(&self.newcomer.claims)
            .into_iter()
            .map(|(name, value)| (item_name(texts, name), value))
            .chain((!self.connection.is_mailbox()).then_some((account, meaning)))
            .map(|(name, value)| StoredItem { name, value })
            .collect();
        ConsentPage {
            brand: spoken_mark(&self.brand, language),
            action: format!("/consent?flow={}&of={}", self.flow.flow_id, self.digest()),
            provider_label: self.connection.label.clone(),
            stored,
            purposes: purposes(&self.brand, texts),
            terms_url: self.brand.terms_url.clone(),
            privacy_url: self.brand.privacy_url.clone(),
            error: error.map(|text| text.to_string()),
        }
    }
}

/// What an item that would be stored is called; [`flow::stored_items`] says it in English.
fn item_name(texts: &Messages, name: &str) -> String {
    let text = match name {
        "Name" => texts.item_name,
        "Email address" => texts.item_email,
        "Email address, not verified" => texts.item_email_unverified,
        "Picture" => texts.item_picture,
        "Language" => texts.item_language,
        "User name" => texts.item_username,
        "Telephone number" => texts.item_phone,
        "Profile page" => texts.item_website,
        "Time zone" => texts.item_timezone,
        "Gender" => texts.item_gender,
        "Birthday" => texts.item_birthday,
        other => return other.to_owned(),
    };
    text.to_string()
}

/// What it is used for. A change of these words changes `flow`'s version of the text.
pub(super) fn purposes(brand: &Brand, texts: &Messages) -> Vec<Purpose> {
    let purpose = |key: &str, title: Text, why: String, optional| Purpose {
        key: key.to_owned(),
        title: title.to_string(),
        why,
        optional,
        ticked: false,
    };
    let why = texts.purpose_account_why.with(&brand.name);
    let news_why = texts.purpose_news_why.to_string();
    vec![
        purpose("terms", texts.purpose_account, why, false),
        purpose("marketing", texts.purpose_news, news_why, true),
    ]
}

/// GET: asks.
pub(super) async fn show(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let waiting = Waiting::find(&mut conn, &app, &jar, &asked.flow).await?;
    drop(conn);
    page(&waiting.page(language, None))
}

/// POST: takes the answer.
pub(super) async fn answer(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
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
        let error = language.messages().consent_choose;
        return page(&waiting.page(language, Some(error)));
    }
    if asked.of.is_some_and(|of| of != waiting.digest()) {
        let error = language.messages().consent_changed;
        return page(&waiting.page(language, Some(error)));
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
