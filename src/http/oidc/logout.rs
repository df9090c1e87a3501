//! Signing out: at an application's wish, and at the person's own.

use axum::extract::{RawForm, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use url::form_urlencoded;

use crate::app::{App, SharedApp};
use crate::application::Application;
use crate::brand::{self, Brand};
use crate::http::account::{find_customer, spoken_mark};
use crate::http::cookie;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::http::signed_in::{end_session, find_client, find_session};
use crate::oidc::Params;
use crate::oidc::logout::{self, Next, Wish};
use crate::postgres::{self, PgConnection};
use crate::token::{self, Expected, IdClaims};
use crate::view::hosted::{SignOutPage, SignedOutPage};
use crate::view::language::Language;

/// Whom somebody signs out of, and at whose wish.
struct Farewell {
    brand: Brand,
    application: Option<Application>,
    wish: Wish,
    language: Language,
}

/// GET: an application sends somebody to sign out.
pub(super) async fn logout(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let wish = Wish::read(&params);
    let hint = match &wish.hint {
        Some(hint) => prove_hint(&app, hint, wish.client_id.as_deref()).await?,
        None => None,
    };
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let client_id = hint
        .as_ref()
        .map(|hint| hint.audience.as_str())
        .or(wish.client_id.as_deref());
    let found = match client_id {
        Some(client_id) => find_client(&mut conn, client_id).await?,
        None => None,
    };
    let (brand, application) = match found {
        Some((brand, application)) => (brand, Some(application)),
        // It does not say who asks: the person is asked about where they are signed in.
        None if client_id.is_none() => {
            let customer = find_customer(&mut conn, &app, &jar, &Params::default()).await;
            (customer.map_err(|_| nowhere())?.brand, None)
        }
        None => return Err(nowhere()),
    };
    let session = find_session(&mut conn, &app, &jar, &brand).await?;
    drop(conn);
    let farewell = Farewell {
        brand,
        application,
        wish,
        language,
    };
    let to = farewell.judge_return();
    match logout::next(to, &farewell.wish, hint.as_ref(), session.as_ref()) {
        Next::Ask => farewell.ask(),
        Next::Already => farewell.done(&app, jar, true),
        Next::End => {
            if let Some(session) = &session {
                end_session(&app, session).await?;
            }
            farewell.done(&app, jar, true)
        }
    }
}

/// POST by an application's form: cookies stay behind, so it becomes a visit.
pub(super) async fn from_form(RawForm(form): RawForm) -> Response {
    let params = Params::parse(&String::from_utf8_lossy(&form));
    go_to(&format!("/oauth/logout?{}", params.to_query()))
}

/// GET `/logout`: the person asks to sign out.
pub(super) async fn ask(
    State(app): State<SharedApp>,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    Farewell::read(&mut conn, &params, language).await?.ask()
}

/// POST `/logout`: the person signs out, on a page of ours.
pub(super) async fn sign_out(
    State(app): State<SharedApp>,
    jar: CookieJar,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let farewell = Farewell::read(&mut conn, &params, language).await?;
    let session = find_session(&mut conn, &app, &jar, &farewell.brand).await?;
    drop(conn);
    if let Some(session) = &session {
        end_session(&app, session).await?;
    }
    farewell.done(&app, jar, false)
}

/// What a hint says, if it is an ID token of ours, for `audience` where that is said; it may have
/// expired.
pub(super) async fn prove_hint(
    app: &App,
    hint: &str,
    audience: Option<&str>,
) -> Result<Option<IdClaims>, PageError> {
    let expected = Expected {
        issuer: app.config.issuer(),
        audience,
        now: app.clock.now(),
    };
    match app.keyring.verify_hint(&app.pool, hint, expected).await {
        Ok(claims) => Ok(Some(claims)),
        Err(token::Error::Token(_)) => Ok(None),
        Err(token::Error::Database(error)) => Err(error.into()),
        Err(error @ token::Error::Sealed(_)) => Err(PageError::internal(&error)),
    }
}

fn nowhere() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "Sign out of what?",
        "The request does not say which site you want to sign out of. Your own page lists where \
         you are signed in.",
    )
    .with_action("/me", "Open your page")
}

impl Farewell {
    /// Reads whom the person signs out of on a page of ours.
    async fn read(
        conn: &mut PgConnection,
        params: &Params,
        language: Language,
    ) -> Result<Self, PageError> {
        let wish = Wish::read(params);
        if let Some(client_id) = &wish.client_id {
            let (brand, application) = find_client(conn, client_id).await?.ok_or_else(nowhere)?;
            return Ok(Self {
                brand,
                application: Some(application),
                wish,
                language,
            });
        }
        let slug = params.get("brand").ok().flatten().ok_or_else(nowhere)?;
        let brand = brand::store::find_brand_by_slug(conn, slug)
            .await?
            .ok_or_else(nowhere)?;
        Ok(Self {
            brand,
            application: None,
            wish,
            language,
        })
    }

    fn return_location(&self) -> Option<String> {
        let application = self.application.as_ref()?;
        logout::return_location(application, &self.wish)
    }

    /// Whether the person can be sent where the wish says.
    fn judge_return(&self) -> logout::Return {
        match (&self.wish.return_uri, self.return_location()) {
            (Some(_), None) => logout::Return::Unregistered,
            (None, _) | (Some(_), Some(_)) => logout::Return::Fine,
        }
    }

    /// Asks the person on a page of ours, whose form comes back to [`sign_out`].
    fn ask(&self) -> Result<Response, PageError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("brand", &self.brand.slug);
        for (name, value) in [
            ("client_id", &self.wish.client_id),
            ("post_logout_redirect_uri", &self.wish.return_uri),
            ("state", &self.wish.state),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        page(&SignOutPage {
            brand: spoken_mark(&self.brand, self.language),
            action: format!("/logout?{}", query.finish()),
            stay_href: format!("/me?brand={}", self.brand.slug),
        })
    }

    /// The session is over: the cookie goes too. Nothing is cleared beyond it (`Clear-Site-Data`),
    /// because other brands live on this host, and no page of ours is stored.
    fn done(self, app: &App, jar: CookieJar, may_leave: bool) -> Result<Response, PageError> {
        let name = cookie::Name::Session(&self.brand.slug);
        let jar = cookie::remove(jar, &app.config, name);
        let return_to = self.return_location();
        let response = match &return_to {
            Some(location) if may_leave => go_to(location),
            Some(_) | None => page(&SignedOutPage {
                brand: spoken_mark(&self.brand, self.language),
                sign_in_href: self
                    .application
                    .map(|application| format!("/login?client_id={}", application.client_id)),
                return_to,
            })?,
        };
        Ok((jar, response).into_response())
    }
}
