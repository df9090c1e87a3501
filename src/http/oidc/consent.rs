//! What an application of somebody else may learn: asked on a page of ours.

use axum::extract::{RawForm, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::CookieJar;

use super::handoff;
use crate::app::{App, SharedApp};
use crate::application::{self, Application};
use crate::brand::{self, Brand};
use crate::http::account::{brand_mark, scope_texts, spoken_mark};
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::http::signed_in::find_session;
use crate::kernel::id::ConsentRequestId;
use crate::oidc::authorize::Authorization;
use crate::oidc::{ErrorCode, Fault, Params, consent};
use crate::postgres::{self, PgConnection};
use crate::session::Session;
use crate::view::hosted::{AllowPage, HandOffPage, WindowDonePage};
use crate::view::language::Language;

/// A request that waits for the person who looks at it.
struct Waiting {
    id: ConsentRequestId,
    brand: Brand,
    application: Application,
    session: Session,
    authorization: Authorization,
}

/// GET: the question.
pub(super) async fn ask(
    State(app): State<SharedApp>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let waiting = Waiting::find(&app, &jar, query).await?;
    let brand = brand_mark(&waiting.brand);
    page(&AllowPage {
        asks: scope_texts(waiting.authorization.scope, &brand.name),
        application: waiting.application.name.clone(),
        returns_to: host_of(&waiting.authorization.redirect_uri),
        action: format!(
            "/oauth/consent?brand={}&request={}",
            waiting.brand.slug, waiting.id
        ),
        brand,
    })
}

/// POST: yes or no. Either way the application is told, by a page that goes on by itself.
pub(super) async fn decide(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    RawQuery(query): RawQuery,
    RawForm(form): RawForm,
) -> Result<Response, PageError> {
    let waiting = Waiting::find(&app, &jar, query).await?;
    let form = Params::parse(&String::from_utf8_lossy(&form));
    let location = match form.get("decision") {
        Ok(Some("allow")) => waiting.allow(&app).await?,
        Ok(Some("deny")) => waiting.deny(&app).await?,
        Ok(_) | Err(_) => {
            return Err(PageError::new(
                StatusCode::BAD_REQUEST,
                "Nothing was decided",
                "The request said neither yes nor no. Go back and use one of the buttons.",
            ));
        }
    };
    let (application, asked) = (&waiting.application, &waiting.authorization);
    if handoff::keep(&app, &jar, application, asked, &location).await? {
        return page(&WindowDonePage {
            brand: spoken_mark(&waiting.brand, language),
            application_name: waiting.application.name,
        });
    }
    page(&HandOffPage {
        brand: spoken_mark(&waiting.brand, language),
        destination: waiting.application.name,
        href: location,
    })
}

impl Waiting {
    /// What the address names, if it waits for the person of this very browser.
    async fn find(app: &App, jar: &CookieJar, query: Option<String>) -> Result<Self, PageError> {
        let params = Params::parse(query.as_deref().unwrap_or_default());
        let get = |name| params.get(name).ok().flatten();
        let (Some(slug), Some(id)) = (get("brand"), get("request")) else {
            return Err(over());
        };
        let id: ConsentRequestId = id.parse().map_err(|_| over())?;
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let conn = &mut *conn;
        let brand = brand::store::find_brand_by_slug(conn, slug)
            .await?
            .ok_or_else(over)?;
        let session = find_session(conn, app, jar, &brand)
            .await?
            .ok_or_else(over)?;
        let (application_id, authorization) =
            consent::find_waiting(conn, &session, id, app.clock.now())
                .await?
                .ok_or_else(over)?;
        // Looked up anew: it may have been changed or switched off while the person read.
        let application =
            application::store::find_application(conn, brand.brand_id, application_id)
                .await?
                .filter(|application| application.accepts_redirect(&authorization.redirect_uri))
                .ok_or_else(over)?;
        Ok(Self {
            id,
            brand,
            application,
            session,
            authorization,
        })
    }

    async fn allow(&self, app: &App) -> Result<String, PageError> {
        let made = (app.clock.now(), &app.entropy);
        let code = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
            let parties = (&self.application, &self.session);
            consent::allow(conn, parties, (self.id, &self.authorization), made).await
        })
        .await?;
        let code = code.ok_or_else(over)?;
        Ok(self.authorization.location(&code, app.config.issuer()))
    }

    async fn deny(&self, app: &App) -> Result<String, PageError> {
        let made = (app.clock.now(), &app.entropy);
        let waited = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
            consent::deny(conn, (&self.application, &self.session), self.id, made).await
        })
        .await?;
        if !waited {
            return Err(over());
        }
        let fault = Fault::new(ErrorCode::AccessDenied, "the person said no");
        Ok(self
            .authorization
            .refuse(fault)
            .location(app.config.issuer()))
    }
}

fn host_of(uri: &str) -> String {
    let url = url::Url::parse(uri).ok();
    url.as_ref()
        .and_then(url::Url::host_str)
        .unwrap_or(uri)
        .to_owned()
}

fn over() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "This question is over",
        "It was answered, took too long, or was asked in another browser. Go back to the site you \
         came from and start again.",
    )
}
