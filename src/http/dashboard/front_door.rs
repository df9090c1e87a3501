//! Signing in to the dashboard, and out.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use super::access::SignedIn;
use crate::abuse::device::{self, DEVICE_LIFE};
use crate::abuse::{Account, Attempt, Kind, TooMany};
use crate::app::{App, SharedApp};
use crate::audit::INSTALLATION;
use crate::credential::password;
use crate::http::address::Caller;
use crate::http::cookie::{self, Name};
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::{EmailAddress, Secret};
use crate::postgres;
use crate::staff::{session, store};
use crate::view::Field;
use crate::view::format::path_segment;
use crate::view::staff::StaffLoginPage;

const PATH: &str = "/dashboard/sign-in";

/// The longest path to go on to.
const NEXT_BYTES_MAX: usize = 500;

/// How long the browser is asked to wait when too many passwords are being checked.
const BUSY_SECONDS: u32 = 2;

#[derive(Deserialize)]
pub(super) struct Shown {
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    email: String,
    password: Option<Secret>,
    next: Option<String>,
}

/// Why nobody is signed in.
enum Refusal {
    /// The address or the password is wrong; which one is not for the browser to know.
    Wrong,
    /// Too many tries.
    TooMany(TooMany),
    /// Too many passwords are being checked.
    Busy,
    /// Something broke.
    Error(PageError),
}

impl From<postgres::Error> for Refusal {
    fn from(error: postgres::Error) -> Self {
        Self::Error(error.into())
    }
}

impl From<password::Error> for Refusal {
    fn from(error: password::Error) -> Self {
        match error {
            password::Error::Busy => Self::Busy,
            // Whether a new password is long enough is not asked here.
            password::Error::Length => Self::Wrong,
            password::Error::Stored => Self::Error(PageError::internal(&error)),
        }
    }
}

/// `GET /dashboard/sign-in`
pub(super) async fn show(Query(query): Query<Shown>) -> Result<Response, PageError> {
    page(&StaffLoginPage {
        email: Field::empty(),
        error: None,
        next: query.next,
    })
}

/// `POST /dashboard/sign-in`
pub(super) async fn sign_in(
    State(app): State<SharedApp>,
    caller: Caller,
    jar: CookieJar,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let typed = form.email.trim();
    let email = EmailAddress::parse(typed).map_or_else(
        |_| typed.to_lowercase(),
        |address| address.as_str().to_owned(),
    );
    let password = form.password.unwrap_or_else(|| Secret::new(""));
    let account = Account::named(&email);
    let attempt = Attempt {
        kind: Kind::Staff,
        network: caller.0,
        device: cookie::read(&jar, &app.config, Name::StaffDevice)
            .and_then(|cookie| device::recognise(&app.cipher, INSTALLATION, &account, &cookie)),
        account,
    };
    match open_session(&app, &email, &password, &attempt).await {
        Ok(token) => {
            let to = form.next.as_deref().and_then(safe_next);
            let jar = signed_in(&app, jar, &token, &email);
            Ok((jar, go_to(to.unwrap_or("/dashboard"))).into_response())
        }
        Err(refusal) => refuse(refusal, form.email, form.next),
    }
}

/// The cookies of a browser that has just signed in.
pub(super) fn signed_in(app: &App, jar: CookieJar, token: &Secret, email: &str) -> CookieJar {
    let config = &app.config;
    let before = cookie::read(&jar, config, Name::StaffDevice);
    let account = Account::named(email);
    let (cipher, entropy) = (&app.cipher, &app.entropy);
    let remembered = device::remember(cipher, entropy, INSTALLATION, &account, before.as_ref());
    let jar = cookie::set(
        jar,
        config,
        Name::StaffDevice,
        &remembered,
        Some(DEVICE_LIFE),
    );
    cookie::set(jar, config, Name::Staff, token, Some(session::SESSION_LIFE))
}

/// Checks a password and opens a session. No connection is held while the password is hashed.
async fn open_session(
    app: &App,
    email: &str,
    password: &Secret,
    attempt: &Attempt,
) -> Result<Secret, Refusal> {
    let now = app.clock.now();
    let (begun, known) = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let begun = app.abuse.begin(&mut conn, INSTALLATION, attempt, now);
        let begun = begun.await?.map_err(Refusal::TooMany)?;
        (begun, store::find_password_hash(&mut conn, email).await?)
    };
    let stored = known.as_ref().map(|(_, hash)| hash.as_str());
    let proven = app.passwords.verify(password, stored).await?;
    let Some((staff_id, _)) = known.filter(|_| proven) else {
        metrics::counter!("befriend_staff_sign_in_refused_total").increment(1);
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        app.abuse.fail(&mut conn, begun, now).await?;
        return Err(Refusal::Wrong);
    };
    let token = postgres::tx(&app.pool, async |conn| {
        app.abuse.succeed(conn, begun).await?;
        session::open(conn, &app.entropy, staff_id, now).await
    })
    .await?;
    Ok(token)
}

fn refuse(refusal: Refusal, email: String, next: Option<String>) -> Result<Response, PageError> {
    let (status, wait, error) = match refusal {
        Refusal::Error(error) => return Err(error),
        Refusal::Wrong => (
            StatusCode::UNAUTHORIZED,
            None,
            "Address and password do not match. Try again.".to_owned(),
        ),
        Refusal::TooMany(too_many) => {
            let seconds = too_many.seconds();
            (
                StatusCode::TOO_MANY_REQUESTS,
                Some(seconds),
                format!("Too many tries. Wait {seconds} seconds, then try again."),
            )
        }
        Refusal::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            Some(BUSY_SECONDS),
            "Many people are signing in just now. Try again in a moment.".to_owned(),
        ),
    };
    let mut response = page_with(
        status,
        &StaffLoginPage {
            email: Field::filled(email),
            error: Some(error),
            next,
        },
    )?;
    if let Some(seconds) = wait {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    Ok(response)
}

/// `POST /dashboard/sign-out`
pub(super) async fn sign_out(
    State(app): State<SharedApp>,
    staff: SignedIn,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    postgres::tx(&app.pool, async |conn| {
        session::end(conn, &app.entropy, &staff.session, now).await
    })
    .await?;
    let jar = cookie::remove(jar, &app.config, Name::Staff);
    // Pages that the browser keeps for its back button go too.
    let clear = HeaderName::from_static("clear-site-data");
    let headers = HeaderMap::from_iter([(clear, HeaderValue::from_static("\"cache\""))]);
    Ok((jar, headers, go_to(PATH)).into_response())
}

/// The path of the sign-in page, with where to go on to.
pub(super) fn address(next: Option<&str>) -> String {
    match next.and_then(safe_next) {
        Some(next) => format!("{PATH}?next={}", path_segment(next)),
        None => PATH.to_owned(),
    }
}

/// `next` if it is a path of the dashboard and nothing else: a link must not lead people who have
/// just typed a password to a stranger's page.
fn safe_next(next: &str) -> Option<&str> {
    let rest = next.strip_prefix("/dashboard")?;
    let own = rest.is_empty() || rest.starts_with('/') || rest.starts_with('?');
    let plain = next.len() <= NEXT_BYTES_MAX
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && !next.contains("//")
        && !next.contains("/..");
    (own && plain).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_dashboard_are_gone_on_to() {
        for good in [
            "/dashboard",
            "/dashboard/",
            "/dashboard/bakery/live?status=rejected",
            "/dashboard?x=1",
        ] {
            assert_eq!(safe_next(good), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/dashboard.evil.example",
            "/dashboard@evil.example",
            "/dashboard//evil.example",
            "/dashboard/../login",
            "/dashboard\\evil",
            "https://evil.example/dashboard",
            "/dashboard/\r\nset-cookie: x=1",
            "javascript:alert(1)",
        ] {
            assert_eq!(safe_next(bad), None, "{bad}");
        }
    }
}
