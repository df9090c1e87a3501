//! The authorization endpoint, and the way back to it from a sign-in.

use axum::extract::{RawForm, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};

use url::form_urlencoded;

use super::handoff;
use super::logout::prove_hint;
use crate::app::{App, SharedApp};
use crate::application::Application;
use crate::brand::Brand;
use crate::flow::{self, Flow};
use crate::http::account::spoken_mark;
use crate::http::cookie;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::http::signed_in::{find_client, find_session};
use crate::kernel::Secret;
use crate::kernel::id::{FlowId, ProfileId};
use crate::oidc::authorize::{self, Authorization, Channel, Consent, Next, PageFault, Refusal};
use crate::oidc::{ErrorCode, Fault, Params, consent, exchange, par};
use crate::postgres::{self, PgConnection};
use crate::session::Session;
use crate::view::hosted::{HandOffPage, WindowDonePage};
use crate::view::language::{Language, Trouble};

/// GET: an application sends somebody.
pub(super) async fn authorize(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let client_id = authorize::client_id(&params)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand, application) = find_client(&mut conn, client_id)
        .await?
        .ok_or(PageFault::Client)?;
    let (params, channel) = dereferenced(&mut conn, &application, params, app.clock.now()).await?;
    let mut authorization = match authorize::check(&params, &application, channel) {
        Ok(authorization) => authorization,
        Err(Refusal::Page(fault)) => return Err(fault.into()),
        Err(Refusal::Redirect(answer)) => return leave(&answer.location(app.config.issuer())),
    };
    drop(conn);
    match hinted(&app, &params, &application).await? {
        Ok(hinted) => authorization.hinted = hinted,
        Err(fault) => {
            let answer = authorization.refuse(fault);
            return leave(&answer.location(app.config.issuer()));
        }
    }
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let session = find_session(&mut conn, &app, &jar, &brand).await?;
    drop(conn);
    let asked = Asked {
        brand,
        application,
        authorization,
        at: None,
    };
    match asked.answer(&app, &jar, session.as_ref()).await? {
        Answer::Leave(location) if asked.is_kept(&app, &jar, &location).await? => {
            page(&asked.done_page(language))
        }
        Answer::Leave(location) => leave(&location),
        Answer::Stay(response) => Ok(response),
    }
}

/// What a request is about: itself, or the pushed request it refers to, which it uses up. A reference
/// that is not one of ours stays in it, to be refused.
async fn dereferenced(
    conn: &mut PgConnection,
    application: &Application,
    params: Params,
    now: DateTime<Utc>,
) -> Result<(Params, Channel), PageError> {
    let uri = params.get("request_uri").ok().flatten();
    let Some(reference) = uri.and_then(par::reference) else {
        return Ok((params, Channel::Front));
    };
    let pushed = par::take(conn, application, &reference, now).await?;
    Ok((pushed.ok_or(PageFault::Pushed)?, Channel::Pushed))
}

/// Whom the request means, by an ID token of ours that it carries; it may have expired (OIDC Core
/// §3.1.2.1).
async fn hinted(
    app: &App,
    params: &Params,
    application: &Application,
) -> Result<Result<Option<ProfileId>, Fault>, PageError> {
    let hint = match params.get("id_token_hint") {
        Ok(Some(hint)) => hint,
        Ok(None) => return Ok(Ok(None)),
        Err(description) => return Ok(Err(Fault::invalid_request(description))),
    };
    let client_id = Some(application.client_id.as_str());
    let claims = prove_hint(app, hint, client_id).await?;
    let fits = claims.filter(|claims| claims.brand_id == application.brand_id);
    Ok(fits
        .map(|claims| Some(claims.subject))
        .ok_or(Fault::invalid_request(
            "the id_token_hint is not an ID token of ours for this application",
        )))
}

/// POST: the same by a form (OIDC Core §3.1.2.1). The form comes from another site, so cookies stay
/// behind; a visit brings them.
pub(super) async fn from_form(
    State(app): State<SharedApp>,
    jar: CookieJar,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Result<Response, PageError> {
    let params = Params::parse(&String::from_utf8_lossy(&form));
    let jar = handoff::open(&app, jar, &headers, &params).await?;
    let place = go_to(&format!("/oauth/authorize?{}", params.to_query()));
    Ok((jar, place).into_response())
}

/// GET: the browser comes back from the sign-in that a request waited for. A form may have begun
/// the way here, so the way on is a page (see [`HandOffPage`]), not a redirect.
pub(super) async fn resume(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let flow_id = flow_of(query.as_deref())?;
    let browser = cookie::read(&jar, &app.config, cookie::Name::Browser).ok_or_else(over)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let now = app.clock.now();
    let flow = flow::store::find_finished_flow(&mut conn, flow_id, &browser, now).await?;
    let asked = find_asked(&mut conn, flow.ok_or_else(over)?).await?;
    let session = find_session(&mut conn, &app, &jar, &asked.brand).await?;
    drop(conn);
    match asked.answer(&app, &jar, session.as_ref()).await? {
        Answer::Leave(href) => asked.hand_off(&app, &jar, href, language).await,
        Answer::Stay(response) => Ok(response),
    }
}

/// GET: the person said no, at the provider that the application named or to what would be stored:
/// the application is told so. The flow stays as it is and ends by itself.
pub(super) async fn cancel(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let flow_id = flow_of(query.as_deref())?;
    let browser = cookie::read(&jar, &app.config, cookie::Name::Browser);
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let flow = flow::load(&mut conn, flow_id, browser.as_ref(), app.clock.now()).await?;
    let asked = find_asked(&mut conn, flow).await?;
    let fault = Fault::new(ErrorCode::AccessDenied, "the person said no");
    drop(conn);
    let refusal = asked.authorization.refuse(fault);
    let href = refusal.location(app.config.issuer());
    asked.hand_off(&app, &jar, href, language).await
}

fn flow_of(query: Option<&str>) -> Result<FlowId, PageError> {
    let params = Params::parse(query.unwrap_or_default());
    let text = params.get("flow").ok().flatten();
    text.and_then(|text| text.parse().ok()).ok_or_else(over)
}

/// The request that a flow of this browser began with.
async fn find_asked(conn: &mut PgConnection, flow: Flow) -> Result<Asked, PageError> {
    let authorization: Authorization = flow
        .request
        .and_then(|request| serde_json::from_value(request).ok())
        .ok_or_else(over)?;
    // Looked up anew: it may have been changed or switched off while the person signed in.
    let (brand, application) = find_client(conn, &authorization.client_id)
        .await?
        .ok_or(PageFault::Client)?;
    if brand.brand_id != flow.brand_id {
        return Err(over());
    }
    if !application.accepts_redirect(&authorization.redirect_uri) {
        return Err(PageFault::RedirectUri.into());
    }
    Ok(Asked {
        brand,
        application,
        authorization,
        at: Some(flow.created_at),
    })
}

fn over() -> PageError {
    PageError::told(StatusCode::BAD_REQUEST, Trouble::Over)
}

/// What a request comes to.
enum Answer {
    /// Back to the application, with a code or an error.
    Leave(String),
    /// To a page of ours first.
    Stay(Response),
}

/// A right request and whom it came from.
struct Asked {
    brand: Brand,
    application: Application,
    authorization: Authorization,
    /// When the sign-in began that it waited for.
    at: Option<DateTime<Utc>>,
}

impl Asked {
    /// Whether the answer is kept for the page that opened this window.
    async fn is_kept(&self, app: &App, jar: &CookieJar, location: &str) -> Result<bool, PageError> {
        handoff::keep(app, jar, &self.application, &self.authorization, location).await
    }

    /// Goes on to the application by a page, or says that its window can be closed.
    async fn hand_off(
        &self,
        app: &App,
        jar: &CookieJar,
        href: String,
        language: Language,
    ) -> Result<Response, PageError> {
        if self.is_kept(app, jar, &href).await? {
            return page(&self.done_page(language));
        }
        page(&HandOffPage {
            brand: spoken_mark(&self.brand, language),
            destination: self.application.name.clone(),
            href,
        })
    }

    fn done_page(&self, language: Language) -> WindowDonePage {
        WindowDonePage {
            brand: spoken_mark(&self.brand, language),
            application_name: self.application.name.clone(),
        }
    }

    async fn answer(
        &self,
        app: &App,
        jar: &CookieJar,
        session: Option<&Session>,
    ) -> Result<Answer, PageError> {
        let now = app.clock.now();
        match (self.authorization.next(session, self.at, now), session) {
            (Next::Issue, Some(session)) => self.consent(app, session).await,
            (Next::Refuse(answer), _) => Ok(Answer::Leave(answer.location(app.config.issuer()))),
            (Next::SignIn | Next::Issue, _) => {
                self.sign_in(app, jar.clone()).await.map(Answer::Stay)
            }
        }
    }

    /// The session answers the request; whether its person must be asked is left to decide.
    async fn consent(&self, app: &App, session: &Session) -> Result<Answer, PageError> {
        let application_id = self.application.application_id;
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let granted = consent::find_grant(&mut conn, session, application_id).await?;
        match self.authorization.consent(&self.application, granted) {
            Consent::Given => {
                drop(conn);
                self.issue(app, session).await.map(Answer::Leave)
            }
            Consent::Refuse(answer) => Ok(Answer::Leave(answer.location(app.config.issuer()))),
            Consent::Ask => {
                let made = (app.clock.now(), &app.entropy);
                let asked = &self.authorization;
                let id = consent::ask(&mut conn, application_id, session, asked, made).await?;
                let slug = &self.brand.slug;
                let place = format!("/oauth/consent?brand={slug}&request={id}");
                Ok(Answer::Stay(go_to(&place)))
            }
        }
    }

    async fn issue(&self, app: &App, session: &Session) -> Result<String, PageError> {
        let now = app.clock.now();
        let code = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
            exchange::issue_code(
                conn,
                self.application.application_id,
                session,
                &self.authorization,
                (now, &app.entropy),
            )
            .await
        })
        .await?;
        Ok(self.authorization.location(&code, app.config.issuer()))
    }

    /// Begins a flow that keeps the request, and sends the browser to its page.
    async fn sign_in(&self, app: &App, jar: CookieJar) -> Result<Response, PageError> {
        let request = serde_json::to_value(&self.authorization).expect("a request is plain data");
        let browser = cookie::read(&jar, &app.config, cookie::Name::Browser)
            .unwrap_or_else(|| Secret::random(&app.entropy));
        let flow_id = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
            let new = flow::NewFlow {
                brand_id: self.brand.brand_id,
                application_id: Some(self.application.application_id),
                request: Some(request),
                browser: &browser,
            };
            flow::begin(conn, new, &app.clock, &app.entropy).await
        })
        .await?;
        let jar = cookie::set(jar, &app.config, cookie::Name::Browser, &browser, None);
        let mut place = format!("/login?flow={flow_id}");
        if let Some(provider) = &self.authorization.provider {
            place.push_str("&provider=");
            place.extend(form_urlencoded::byte_serialize(provider.as_bytes()));
        }
        Ok((jar, go_to(&place)).into_response())
    }
}

/// Sends the browser back to the application. 303, so that nothing it posted goes along (S10).
fn leave(location: &str) -> Result<Response, PageError> {
    let place = HeaderValue::from_str(location).map_err(|_| PageFault::RedirectUri)?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

impl From<PageFault> for PageError {
    fn from(fault: PageFault) -> Self {
        let trouble = match fault {
            PageFault::Client | PageFault::RedirectUri => Trouble::CannotStart,
            PageFault::Pushed => Trouble::Over,
        };
        Self::told(StatusCode::BAD_REQUEST, trouble)
    }
}
