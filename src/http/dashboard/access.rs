//! Who may use a page of the dashboard, and for which brand.

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::CookieJar;

use super::front_door;
use crate::app::{App, SharedApp};
use crate::audit::Actor;
use crate::brand::{self, Brand};
use crate::http::cookie::{self, Name};
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::http::problem::Problem;
use crate::postgres;
use crate::setup::Change;
use crate::staff;
use crate::view::Notice;
use crate::view::dashboard::{BrandChoice, Shell};

/// A staff member who is signed in. Whoever is not is sent to sign in.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) session: staff::session::Session,
}

/// A staff member on a page of a brand, and the brands they may choose from.
#[derive(Clone, Debug)]
pub(super) struct InBrand {
    pub(super) staff: SignedIn,
    pub(super) brand: Brand,
    brands: Vec<BrandChoice>,
}

/// Why a request gets no further.
#[derive(Debug)]
pub(super) enum Turned {
    /// To sign in first, and then on to this path.
    SignIn(Option<String>),
    /// A script is told so, since it cannot follow.
    Unauthorized,
    /// Something else.
    Error(PageError),
}

impl From<postgres::Error> for Turned {
    fn from(error: postgres::Error) -> Self {
        Self::Error(error.into())
    }
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(next) => go_to(&front_door::address(next.as_deref())),
            Self::Unauthorized => Problem::new(
                StatusCode::UNAUTHORIZED,
                "signed_out",
                "you are signed out; load the page again",
            )
            .into_response(),
            Self::Error(error) => error.into_response(),
        }
    }
}

impl SignedIn {
    /// A change that this staff member makes now.
    pub(super) fn change<'a>(&self, app: &'a App) -> Change<'a> {
        app.change(Actor::Staff(self.session.staff_id))
    }

    /// The frame of a page above brands.
    pub(super) fn shell(&self, brands: &[Brand], notice: Option<Notice>) -> Shell {
        Shell {
            brand: None,
            brands: brands.iter().map(choice).collect(),
            staff_name: self.session.name.clone(),
            notice,
        }
    }
}

impl InBrand {
    /// The frame of a page of the brand.
    pub(super) fn shell(&self, notice: Option<Notice>) -> Shell {
        Shell {
            brand: Some(choice(&self.brand)),
            brands: self.brands.clone(),
            staff_name: self.staff.session.name.clone(),
            notice,
        }
    }

    /// The path of one of the brand's pages.
    pub(super) fn path(&self, page: &str) -> String {
        format!("/dashboard/{}/{page}", self.brand.slug)
    }
}

fn choice(brand: &Brand) -> BrandChoice {
    BrandChoice {
        slug: brand.slug.clone(),
        name: brand.name.clone(),
    }
}

impl FromRequestParts<SharedApp> for SignedIn {
    type Rejection = Turned;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Turned> {
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(token) = cookie::read(&jar, &app.config, Name::Staff) else {
            return Err(turn_away(parts));
        };
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        match staff::session::find(&mut conn, &token, app.clock.now()).await? {
            Some(session) => Ok(Self { session }),
            None => Err(turn_away(parts)),
        }
    }
}

fn turn_away(parts: &Parts) -> Turned {
    let uri = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |original| &original.0);
    if uri.path().rsplit('.').next() == Some("json") {
        return Turned::Unauthorized;
    }
    // What was posted is not done after signing in: nobody would see that it was.
    let next = (parts.method == Method::GET)
        .then(|| uri.path_and_query().map(|path| path.as_str().to_owned()))
        .flatten();
    Turned::SignIn(next)
}

impl FromRequestParts<SharedApp> for InBrand {
    type Rejection = Turned;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Turned> {
        let staff = SignedIn::from_request_parts(parts, app).await?;
        let missing = || Turned::Error(PageError::not_found());
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| missing())?;
        let slug = params
            .iter()
            .find_map(|(name, value)| (name == "brand").then_some(value))
            .ok_or_else(missing)?;
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let brands = brand::store::list_brands(&mut conn).await?;
        let choices = brands.iter().map(choice).collect();
        let brand = brands
            .into_iter()
            .find(|brand| brand.slug == slug)
            .ok_or_else(missing)?;
        Ok(Self {
            staff,
            brand,
            brands: choices,
        })
    }
}
