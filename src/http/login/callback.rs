//! `/login/callback/{brand}/{connection}`: a provider sends the browser back.
//!
//! The order is the point: the attempt is claimed and that is committed; then the provider is
//! talked to with no database connection held; then one short transaction writes everything.

use axum::extract::{Path, RawForm, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde_json::json;
use url::form_urlencoded;

use super::refusal::{self, gone};
use super::{parts, settled, trial};
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::brand::{self, Brand};
use crate::federation::catalogue::ResponseMode;
use crate::federation::{self, Attempt, Connection, PostedName, Returned};
use crate::flow::{self, Answers, Flow, Newcomer, Verdict};
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::kernel::Secret;
use crate::postgres::{self, PgConnection};

/// The longest query that is read, in bytes.
const QUERY_BYTES_MAX: usize = 16 * 1024;

/// What a provider sent along, each at most once.
struct Answer {
    state: Secret,
    code: Option<Secret>,
    error: Option<String>,
    issuer: Option<String>,
    /// All that was sent, for providers that want some of it back.
    parameters: Vec<(String, String)>,
}

impl Answer {
    /// Reads a query. `None` when the state is missing or empty, or anything comes twice (A12).
    fn parse(query: &str) -> Option<Self> {
        if query.len() > QUERY_BYTES_MAX {
            return None;
        }
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let one = |name: &str| {
            let mut found = pairs.iter().filter(|(key, _)| key == name);
            match (found.next(), found.next()) {
                (None, _) => Some(None),
                (Some((_, value)), None) => {
                    Some(Some(value.clone()).filter(|value| !value.is_empty()))
                }
                (Some(_), Some(_)) => None,
            }
        };
        Some(Self {
            state: Secret::new(one("state")??),
            code: one("code")?.map(Secret::new),
            error: one("error")?,
            issuer: one("iss")?,
            parameters: pairs,
        })
    }
}

/// GET: takes the provider's answer.
pub(super) async fn take(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    Path((brand_slug, connection_slug)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let answer = Answer::parse(query.as_deref().unwrap_or_default()).ok_or_else(|| {
        PageError::from(flow::Unusable::Attempt(
            federation::attempt::Refusal::Unknown,
        ))
    })?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = brand::store::find_brand_by_slug(&mut conn, &brand_slug).await?;
    let brand = found.ok_or_else(gone)?;
    let id = brand.brand_id;
    let found = federation::store::find_connection_by_slug(&mut conn, id, &connection_slug).await?;
    let connection = found.ok_or_else(gone)?;
    drop(conn);
    let (flow, attempt) = claim(&app, &jar, &connection, &answer.state).await?;
    let trial = flow::trial_of(&flow);
    let Some(code) = answer.code.filter(|_| answer.error.is_none()) else {
        if let Some(staff_id) = trial {
            let verdict = sent_back(answer.error.as_deref());
            let whose = (&flow, staff_id);
            return trial::finish(&app, &brand, &connection, whose, Err(verdict)).await;
        }
        let problem = problem(answer.error.as_deref());
        let way_back = parts::way_back(&flow, &connection_slug).filter(|_| problem == CANCELLED);
        return Ok(go_to(&way_back.unwrap_or_else(|| {
            format!("/login?flow={}&problem={problem}", flow.flow_id)
        })));
    };
    let returned = Returned {
        code,
        issuer: answer.issuer,
        parameters: answer.parameters,
    };
    let exchanged = exchange(&app, &brand, connection.clone(), &attempt, &returned).await;
    if let Some(staff_id) = trial {
        let verdict = exchanged.map_err(|error| trial::failed(&error));
        return trial::finish(&app, &brand, &connection, (&flow, staff_id), verdict).await;
    }
    let newcomer = match exchanged {
        Ok(newcomer) => newcomer,
        Err(error) => {
            note_failure(&app, &brand, &connection, &error).await?;
            return Err(refusal::provider(&error, &connection.label, &flow));
        }
    };
    let visit = settled::Visit {
        app: &app,
        jar,
        headers: &headers,
        brand: &brand,
        flow: &flow,
    };
    visit
        .settle(&newcomer, &connection.slug, Answers::default())
        .await
}

/// POST: the same by a form from the provider's own site. Our cookies stay behind on such a visit;
/// the redirect to the GET brings them. What Apple says of the person in it is not signed and comes
/// only once: the name is kept with the attempt, and nothing else is taken (A36).
pub(super) async fn from_form(
    State(app): State<SharedApp>,
    Path((brand_slug, connection_slug)): Path<(String, String)>,
    RawForm(form): RawForm,
) -> Result<Response, PageError> {
    let (mut state, mut name) = (None, None);
    let mut kept: Vec<(String, String)> = Vec::new();
    for (field, value) in form_urlencoded::parse(&form).take(20) {
        match &*field {
            "state" => state = Some(Secret::new(&*value)),
            "user" => name = PostedName::parse(&value),
            _ => {}
        }
        if matches!(&*field, "state" | "code" | "error" | "iss") {
            kept.push((field.into_owned(), value.into_owned()));
        }
    }
    if let (Some(state), Some(name)) = (state, name) {
        keep_name(&app, (&brand_slug, &connection_slug), &state, &name).await?;
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .finish();
    let segment = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    Ok(go_to(&format!(
        "/login/callback/{}/{}?{}",
        segment(&brand_slug),
        segment(&connection_slug),
        query
    )))
}

/// Keeps a posted name with its attempt, where the provider is one that posts. Whether the state is
/// good is said by the GET that follows; here it is only a place to write to.
async fn keep_name(
    app: &App,
    (brand_slug, connection_slug): (&str, &str),
    state: &Secret,
    name: &PostedName,
) -> Result<(), postgres::Error> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let Some(brand) = brand::store::find_brand_by_slug(&mut conn, brand_slug).await? else {
        return Ok(());
    };
    let id = brand.brand_id;
    let found = federation::store::find_connection_by_slug(&mut conn, id, connection_slug).await?;
    let posts = |connection: &Connection| {
        let provider = connection.provider();
        provider.is_ok_and(|provider| provider.response_mode == ResponseMode::FormPost)
    };
    let Some(connection) = found.filter(posts) else {
        return Ok(());
    };
    let (connection_id, now) = (connection.connection_id, app.clock.now());
    federation::store::update_posted_name(&mut conn, id, connection_id, state, name, now).await
}

async fn claim(
    app: &App,
    jar: &CookieJar,
    connection: &Connection,
    state: &Secret,
) -> Result<(Flow, Attempt), PageError> {
    let browser = parts::browser(jar, app);
    let now = app.clock.now();
    let claimed = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
        let (brand_id, connection_id) = (connection.brand_id, connection.connection_id);
        flow::claim_attempt(conn, brand_id, connection_id, state, browser.as_ref(), now).await
    })
    .await;
    claimed.map_err(|error| {
        tracing::info!(code = error.code(), connection = %connection.slug, "an answer is not taken");
        error.into()
    })
}

async fn exchange(
    app: &App,
    brand: &Brand,
    connection: Connection,
    attempt: &Attempt,
    returned: &Returned,
) -> Result<Newcomer, federation::Error> {
    let connection_id = connection.connection_id;
    let ready = parts::ready(app, brand, connection)?;
    let now = app.clock.now();
    let claims = app
        .federation
        .exchange(&ready, attempt, returned, now)
        .await?;
    Ok(Newcomer {
        connection_id,
        claims,
    })
}

/// Writes down that a provider's answer was no good, for whoever runs the brand.
async fn note_failure(
    app: &App,
    brand: &Brand,
    connection: &Connection,
    error: &federation::Error,
) -> Result<(), postgres::Error> {
    let code = error.code();
    tracing::warn!(code, %error, connection = %connection.slug, "a provider's answer is no good");
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let entry = audit::Entry {
        actor: Actor::System,
        action: "sign_in.failed",
        subject: connection.connection_id.to_string(),
        detail: json!({ "code": code, "connection": connection.slug }),
        at: app.clock.now(),
    };
    audit::store::insert_entry(&mut conn, brand.brand_id, &app.entropy, entry).await
}

/// What staff are told of an answer without a code. The provider's word, for they are to mend it, as
/// far as it is one.
fn sent_back(error: Option<&str>) -> Verdict {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let word: String = error
        .unwrap_or_default()
        .chars()
        .filter(is_plain)
        .take(60)
        .collect();
    Verdict::Failed {
        code: "sent_back".to_owned(),
        text: if word.is_empty() {
            "the provider sent the browser back without a code".to_owned()
        } else {
            format!("the provider sent the browser back with the error {word}")
        },
    }
}

/// The word for somebody who said no.
const CANCELLED: &str = "cancelled";

/// The word for the login page: what the provider wrote for people is not repeated.
fn problem(error: Option<&str>) -> &'static str {
    match error {
        Some("access_denied" | "user_cancelled_login" | "user_cancelled_authorize") => CANCELLED,
        Some(_) | None => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a12_a_state_is_there_once() {
        let good = Answer::parse("state=s&code=c&iss=https%3A%2F%2Fop.example").unwrap();
        assert_eq!(good.state.expose(), "s");
        assert_eq!(good.code.unwrap().expose(), "c");
        assert_eq!(good.issuer.as_deref(), Some("https://op.example"));

        let long = format!("state=s&code={}", "c".repeat(QUERY_BYTES_MAX));
        for query in [
            "",
            "code=c",
            "state=&code=c",
            "state=s&state=s&code=c",
            "state=s&code=c&code=d",
            "state=s&code=c&iss=a&iss=b",
            long.as_str(),
        ] {
            assert!(Answer::parse(query).is_none(), "{query}");
        }
    }
}
