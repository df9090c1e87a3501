//! `POST /v1/sign-in/id-token`: an app or a one-tap prompt got an ID token from a provider itself and
//! hands it over for an authorization code of ours.
//!
//! The token signs somebody in as a round trip through the provider would, by the same decision. What
//! the person still has to answer comes back as JSON and is answered at `…/answer`, or in a browser
//! where it takes a page of ours. No cookie is read or set: what binds the steps is a secret that the
//! app gets with the first answer (A11), and the code is good only for who holds the PKCE verifier.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::parts;
use crate::app::{App, SharedApp};
use crate::application::Application;
use crate::audit::{self, Actor};
use crate::brand::Brand;
use crate::federation::{self, Connection, HandedOver};
use crate::flow::decide::Refusal;
use crate::flow::{self, Answers, Arrival, Browser, Flow, NewFlow, Newcomer, Outcome, Pending};
use crate::http::problem::Problem;
use crate::http::signed_in::find_client;
use crate::kernel::Secret;
use crate::kernel::id::FlowId;
use crate::oidc::authorize::{self, Authorization};
use crate::oidc::{Params, exchange};
use crate::postgres::{self, PgConnection};
use crate::session;

/// What an app sends. The provider's issuer and keys are the connection's and cannot be said here
/// (A26): a field that is not listed is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handing {
    client_id: String,
    /// The connection's short name.
    connection: String,
    id_token: Secret,
    /// The nonce that the app asked the provider for the token with.
    #[serde(default)]
    nonce: Option<String>,
    /// What the code is to be good for.
    #[serde(default)]
    authorization: Wanted,
    /// An earlier step that this token is to prove.
    #[serde(default)]
    flow: Option<FlowId>,
    #[serde(default)]
    flow_secret: Option<Secret>,
}

/// An authorization request without what stands beside it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    redirect_uri: String,
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
}

/// What the person answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answering {
    client_id: String,
    flow: FlowId,
    flow_secret: Secret,
    #[serde(default)]
    accepts_terms: bool,
    #[serde(default)]
    accepts_marketing: bool,
    /// They are nobody who was here before.
    #[serde(default)]
    goes_on_as_new: bool,
}

/// An app's sign-in.
struct Visit<'a> {
    app: &'a App,
    headers: &'a HeaderMap,
    brand: Brand,
    application: Application,
    flow: Flow,
    secret: Secret,
}

/// Takes an ID token.
pub(super) async fn hand_over(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Json<Handing>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(handing) = body.map_err(|error| unreadable(&error))?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand, application) = client(&mut conn, &handing.client_id).await?;
    let slug = &handing.connection;
    let found = federation::store::find_connection_by_slug(&mut conn, brand.brand_id, slug).await?;
    let connection = found.ok_or_else(|| Problem::not_found("connection"))?;
    if !connection.is_enabled {
        return Err(refused(Refusal::ConnectionDisabled));
    }
    // Before the token is used up: a request that is wrong in itself can be mended and sent again.
    let (flow, secret) = flow_of(&mut conn, &app, &brand, &application, &handing).await?;
    drop(conn);
    let newcomer = judge(&app, &brand, connection, &handing).await?;
    let visit = Visit {
        app: &app,
        headers: &headers,
        brand,
        application,
        flow,
        secret,
    };
    visit.settle(&newcomer, Answers::default()).await
}

/// Takes what the person answered.
pub(super) async fn answer(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    body: Result<Json<Answering>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(answering) = body.map_err(|error| unreadable(&error))?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand, application) = client(&mut conn, &answering.client_id).await?;
    let secret = answering.flow_secret;
    let flow = load(&mut conn, &app, &application, answering.flow, &secret).await?;
    drop(conn);
    let (newcomer, was_new) = match flow.pending.clone() {
        Some(Pending::Consent {
            newcomer,
            goes_on_as_new,
        }) => (newcomer, goes_on_as_new),
        Some(Pending::Link { newcomer, .. }) => (newcomer, false),
        Some(
            Pending::Linking { .. }
            | Pending::SecondFactor { .. }
            | Pending::Merge { .. }
            | Pending::Trial { .. }
            | Pending::Tried { .. },
        )
        | None => return Err(over()),
    };
    let visit = Visit {
        app: &app,
        headers: &headers,
        brand,
        application,
        flow,
        secret,
    };
    let answers = Answers {
        accepts_terms: answering.accepts_terms,
        accepts_marketing: answering.accepts_marketing,
        goes_on_as_new: was_new || answering.goes_on_as_new,
    };
    visit.settle(&newcomer, answers).await
}

async fn client(conn: &mut PgConnection, client_id: &str) -> Result<(Brand, Application), Problem> {
    let found = find_client(conn, client_id).await?;
    found.ok_or_else(|| Problem::not_found("application"))
}

/// The flow that the request goes on with, or a new one that keeps what the code is to be good for.
async fn flow_of(
    conn: &mut PgConnection,
    app: &App,
    brand: &Brand,
    application: &Application,
    handing: &Handing,
) -> Result<(Flow, Secret), Problem> {
    if let (Some(flow_id), Some(secret)) = (handing.flow, &handing.flow_secret) {
        let flow = load(conn, app, application, flow_id, secret).await?;
        return Ok((flow, secret.clone()));
    }
    let authorization = handing.authorization.check(application)?;
    let request = serde_json::to_value(&authorization).expect("a request is plain data");
    let secret = Secret::random(&app.entropy);
    let new = NewFlow {
        brand_id: brand.brand_id,
        application_id: Some(application.application_id),
        request: Some(request),
        browser: &secret,
    };
    let flow_id = flow::begin(conn, new, &app.clock, &app.entropy).await?;
    let flow = load(conn, app, application, flow_id, &secret).await?;
    Ok((flow, secret))
}

async fn load(
    conn: &mut PgConnection,
    app: &App,
    application: &Application,
    flow_id: FlowId,
    secret: &Secret,
) -> Result<Flow, Problem> {
    let now = app.clock.now();
    let flow = flow::load(conn, flow_id, Some(secret), now).await;
    let flow = flow.map_err(unusable)?;
    let is_theirs = flow.brand_id == application.brand_id
        && flow.application_id == Some(application.application_id);
    is_theirs.then_some(flow).ok_or_else(over)
}

impl Wanted {
    /// The same checks as at the authorization endpoint.
    fn check(&self, application: &Application) -> Result<Authorization, Problem> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &application.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.scope)
            .append_pair("code_challenge", &self.code_challenge)
            .append_pair("code_challenge_method", &self.code_challenge_method);
        for (name, value) in [("state", &self.state), ("nonce", &self.nonce)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let params = Params::parse(&query.finish());
        authorize::check(&params, application).map_err(|refusal| {
            let detail = format!("in `authorization`: {refusal}");
            Problem::new(StatusCode::BAD_REQUEST, "authorization_refused", detail)
        })
    }
}

/// Verifies the token with no database connection held, and uses it up.
async fn judge(
    app: &App,
    brand: &Brand,
    connection: Connection,
    handing: &Handing,
) -> Result<Newcomer, Problem> {
    let now = app.clock.now();
    let connection_id = connection.connection_id;
    let handed = HandedOver {
        token: handing.id_token.clone(),
        nonce: handing.nonce.clone(),
    };
    let judged = match parts::ready(app, brand, connection) {
        Ok(ready) => app.federation.judge_token(&ready, &handed, now).await,
        Err(error) => Err(error),
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (claims, expires_at) = match judged {
        Ok(judged) => judged,
        Err(error) => {
            tracing::info!(code = error.code(), %error, "an app's ID token is not taken");
            let entry = audit::Entry {
                actor: Actor::System,
                action: "sign_in.failed",
                subject: connection_id.to_string(),
                detail: json!({ "code": error.code(), "connection": handing.connection }),
                at: now,
            };
            audit::store::insert_entry(&mut conn, brand.brand_id, &app.entropy, entry).await?;
            return Err(no_good(&error));
        }
    };
    let brand_id = brand.brand_id;
    let token = &handing.id_token;
    if federation::store::spend_id_token(&mut conn, brand_id, token, expires_at).await? {
        Ok(Newcomer {
            connection_id,
            claims,
        })
    } else {
        Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "id_token_used",
            "this ID token was handed over before; get a new one from the provider",
        ))
    }
}

impl Visit<'_> {
    async fn settle(self, newcomer: &Newcomer, answers: Answers) -> Result<Response, Problem> {
        let app = self.app;
        let arrival = Arrival {
            brand: &self.brand,
            flow_id: self.flow.flow_id,
            newcomer,
            answers,
        };
        let browser = Browser {
            secret: &self.secret,
            session: None,
            device: None,
            user_agent: parts::user_agent(self.headers),
        };
        let now = app.clock.now();
        let settled = flow::settle(&app.pool, arrival, browser, now, &app.entropy).await;
        match settled.map_err(unusable)? {
            Outcome::SignedIn { token, .. } => self.code(&token).await,
            Outcome::AskConsent => Ok(self.step("consent", &self.asked(newcomer))),
            Outcome::AskToLink { again } => {
                let detail = json!({ "ways": self.ways().await?, "not_proven": again });
                Ok(self.step("link", &detail))
            }
            Outcome::AskSecondFactor | Outcome::AskToMerge | Outcome::Linked(_) => {
                Ok(self.in_browser(newcomer).await?)
            }
            Outcome::Refused(refusal) => Err(refused(refusal)),
        }
    }

    /// A code for the session that was just opened, bound to what the app asked for.
    async fn code(&self, token: &Secret) -> Result<Response, Problem> {
        let app = self.app;
        let now = app.clock.now();
        let request = self.flow.request.clone();
        let authorization: Authorization = request
            .and_then(|request| serde_json::from_value(request).ok())
            .ok_or_else(over)?;
        // Looked up anew: it may have been changed since the first step.
        if !self
            .application
            .accepts_redirect(&authorization.redirect_uri)
        {
            return Err(over());
        }
        let brand_id = self.brand.brand_id;
        let code = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
            let session = session::store::find_session_by_token(conn, brand_id, token, now).await?;
            let Some(session) = session else {
                return Ok::<_, postgres::Error>(None);
            };
            let id = self.application.application_id;
            let made = (now, &app.entropy);
            let code = exchange::issue_code(conn, id, &session, &authorization, made).await?;
            Ok(Some(code))
        })
        .await?;
        let code = code.ok_or_else(over)?;
        let answer = json!({
            "code": code.expose(),
            "state": authorization.state,
            "iss": app.config.issuer(),
        });
        Ok(Json(answer).into_response())
    }

    /// What the person still has to answer, at `…/answer`.
    fn step(&self, step: &str, detail: &Value) -> Response {
        let answer = json!({
            "step": step,
            "flow": self.flow.flow_id,
            "flow_secret": self.secret.expose(),
            step: detail,
        });
        (StatusCode::ACCEPTED, Json(answer)).into_response()
    }

    fn asked(&self, newcomer: &Newcomer) -> Value {
        let stored: Vec<Value> = flow::stored_items(&newcomer.claims)
            .into_iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        json!({
            "stored": stored,
            "terms_url": self.brand.terms_url,
            "privacy_url": self.brand.privacy_url,
            "purposes": [
                { "field": "accepts_terms", "optional": false },
                { "field": "accepts_marketing", "optional": true },
            ],
        })
    }

    /// The connections by which the old account can be proven.
    async fn ways(&self) -> Result<Vec<Value>, Problem> {
        let app = self.app;
        let brand_id = self.brand.brand_id;
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let found = flow::store::find_flow(&mut conn, self.flow.flow_id).await?;
        let Some(Pending::Link { candidates, .. }) = found.and_then(|flow| flow.pending) else {
            return Ok(Vec::new());
        };
        let ways = flow::store::list_ways_in(&mut conn, brand_id, &candidates).await?;
        let all = federation::store::list_connections(&mut conn, brand_id).await?;
        Ok(all
            .iter()
            .filter(|connection| ways.contains(&connection.connection_id))
            .map(|connection| json!({ "connection": connection.slug, "label": connection.label }))
            .collect())
    }

    /// What takes a page of ours: the app opens a browser at the authorization endpoint, by the same
    /// connection.
    async fn in_browser(&self, newcomer: &Newcomer) -> Result<Response, Problem> {
        let mut conn = self
            .app
            .pool
            .acquire()
            .await
            .map_err(postgres::Error::from)?;
        let id = newcomer.connection_id;
        let found = federation::store::find_connection(&mut conn, self.brand.brand_id, id).await?;
        let answer = json!({
            "step": "browser",
            "browser": {
                "authorization_endpoint": format!("{}/oauth/authorize", self.app.config.issuer()),
                "provider": found.map(|connection| connection.slug),
            },
        });
        Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
    }
}

fn unreadable(error: &JsonRejection) -> Problem {
    Problem::new(error.status(), "body_malformed", error.body_text())
}

fn over() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "flow_over",
        "this sign-in was finished, took longer than ten minutes, or is another app's; begin again",
    )
}

fn unusable(error: flow::Unusable) -> Problem {
    match error {
        flow::Unusable::Postgres(error) => error.into(),
        _ => over(),
    }
}

/// The token is no good, or nobody can tell.
fn no_good(error: &federation::Error) -> Problem {
    if error.may_pass() {
        Problem::new(
            StatusCode::BAD_GATEWAY,
            error.code(),
            "the provider does not answer as it should; try again in a moment",
        )
    } else {
        Problem::new(StatusCode::BAD_REQUEST, error.code(), error_text(error))
    }
}

fn error_text(error: &federation::Error) -> String {
    match error {
        federation::Error::IdToken(rejection) => rejection.to_string(),
        federation::Error::NoIdToken => {
            "this provider signs no ID tokens; send people through the authorization endpoint"
                .to_owned()
        }
        other => other.to_string(),
    }
}

fn refused(refusal: Refusal) -> Problem {
    let (code, detail) = match refusal {
        Refusal::ConnectionDisabled => (
            "connection_disabled",
            "this way of signing in is switched off",
        ),
        _ => (
            "sign_in_refused",
            "this person cannot sign in with this account",
        ),
    };
    Problem::new(StatusCode::FORBIDDEN, code, detail)
}
