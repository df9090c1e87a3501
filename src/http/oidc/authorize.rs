//! The authorization endpoint, and the way back to it from a sign-in.

use axum::extract::{RawForm, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};

use crate::app::{App, SharedApp};
use crate::application::Application;
use crate::brand::Brand;
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::http::signed_in::{find_client, find_session};
use crate::oidc::authorize::{self, Authorization, Next, PageFault, Refusal};
use crate::oidc::{Params, exchange};
use crate::postgres::{self, PgConnection};
use crate::session::Session;

/// GET: an application sends somebody.
pub(super) async fn authorize(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let client_id = authorize::client_id(&params)?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let (brand, application) = find_client(&mut conn, client_id)
        .await?
        .ok_or(PageFault::Client)?;
    let authorization = match authorize::check(&params, &application) {
        Ok(authorization) => authorization,
        Err(Refusal::Page(fault)) => return Err(fault.into()),
        Err(Refusal::Redirect(answer)) => return leave(&answer.location(app.config.issuer())),
    };
    let session = find_session(&mut conn, &app, &jar, &brand).await?;
    drop(conn);
    let asked = Asked {
        brand,
        application,
        authorization,
        at: None,
    };
    asked.answer(&app, jar, session.as_ref()).await
}

/// POST: the same by a form (OIDC Core §3.1.2.1). The form comes from another site, so cookies stay
/// behind; a visit brings them.
pub(super) async fn from_form(RawForm(form): RawForm) -> Response {
    let params = Params::parse(&String::from_utf8_lossy(&form));
    go_to(&format!("/oauth/authorize?{}", params.to_query()))
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
    async fn answer(
        self,
        app: &App,
        jar: CookieJar,
        session: Option<&Session>,
    ) -> Result<Response, PageError> {
        let now = app.clock.now();
        match (self.authorization.next(session, self.at, now), session) {
            (Next::Issue, Some(session)) => self.issue(app, session).await,
            (Next::Refuse(answer), _) => leave(&answer.location(app.config.issuer())),
            (Next::SignIn | Next::Issue, _) => self.sign_in(app, jar).await,
        }
    }

    async fn issue(&self, app: &App, session: &Session) -> Result<Response, PageError> {
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
        leave(&self.authorization.location(&code, app.config.issuer()))
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
        let advice = match fault {
            PageFault::Client => {
                "The site that sent you here is not registered. If it is yours, check the \
                 client_id it sends."
            }
            PageFault::RedirectUri => {
                "The site that sent you here asks to send you back to an address that is not \
                 registered for it, so we stop here. If it is yours, check the redirect_uri it \
                 sends."
            }
        };
        Self::new(
            StatusCode::BAD_REQUEST,
            "This sign-in cannot start",
            advice,
        )
    }
}
