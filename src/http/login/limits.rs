//! How often secrets may be tried and mail asked for here.

use axum::http::StatusCode;
use axum_extra::extract::CookieJar;

use crate::abuse::{Account, Attempt, Kind, TooMany, Try, device};
use crate::app::App;
use crate::brand::Brand;
use crate::http::address::Caller;
use crate::http::cookie;
use crate::http::page_error::PageError;
use crate::kernel::EmailAddress;
use crate::postgres::{self, PgConnection};
use crate::profile;

/// As many people as share an address and a browser.
const HOLDERS_MAX: i64 = 8;

/// One try of `account` from this browser.
pub(in crate::http) fn attempt(
    app: &App,
    jar: &CookieJar,
    brand: &Brand,
    caller: Caller,
    (kind, account): (Kind, Account),
) -> Attempt {
    let known = cookie::read(jar, &app.config, cookie::Name::KnownDevice(&brand.slug));
    let device =
        known.and_then(|cookie| device::recognise(&app.cipher, brand.brand_id, &account, &cookie));
    Attempt {
        kind,
        account,
        network: caller.0,
        device,
    }
}

/// The same, where nobody has been looked up by `address`: the browser is known if somebody who
/// holds the address signed in in it before.
pub(super) async fn attempt_by_address(
    conn: &mut PgConnection,
    app: &App,
    (jar, brand, caller): (&CookieJar, &Brand, Caller),
    (kind, address): (Kind, &EmailAddress),
) -> Result<Attempt, postgres::Error> {
    let what = (kind, Account::named(address.as_str()));
    let attempt = attempt(app, jar, brand, caller, what);
    let Some(cookie) = cookie::read(jar, &app.config, cookie::Name::KnownDevice(&brand.slug))
    else {
        return Ok(attempt);
    };
    let holders =
        profile::store::list_email_holders(conn, brand.brand_id, address, HOLDERS_MAX).await?;
    let device = holders.iter().find_map(|holder| {
        let account = Account::profile(holder.profile_id);
        device::recognise(&app.cipher, brand.brand_id, &account, &cookie)
    });
    Ok(Attempt { device, ..attempt })
}

/// Begins a try, or says how long to wait.
pub(in crate::http) async fn begin(
    conn: &mut PgConnection,
    app: &App,
    brand: &Brand,
    attempt: &Attempt,
) -> Result<Try, PageError> {
    let now = app.clock.now();
    let begun = app.abuse.begin(conn, brand.brand_id, attempt, now).await?;
    begun.map_err(wait)
}

/// Ends a try.
pub(in crate::http) async fn end(
    app: &App,
    begun: Try,
    was_right: bool,
) -> Result<(), postgres::Error> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    if was_right {
        app.abuse.succeed(&mut conn, begun).await
    } else {
        let now = app.clock.now();
        app.abuse.fail(&mut conn, begun, now).await
    }
}

/// Counts a mail that is asked for, or says how long to wait.
pub(super) async fn spend_mail(
    conn: &mut PgConnection,
    app: &App,
    brand: &Brand,
    attempt: &Attempt,
) -> Result<(), PageError> {
    let now = app.clock.now();
    let spent = app.abuse.spend(conn, brand.brand_id, attempt, now).await?;
    spent.map_err(wait)
}

fn wait(too_many: TooMany) -> PageError {
    let seconds = too_many.seconds();
    let wait = match seconds {
        0..=90 => "a minute".to_owned(),
        91..=5_400 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3_600)),
    };
    PageError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "That was tried too often",
        format!("Wait {wait} and try again, or sign in another way."),
    )
    .retry_after(seconds)
}
