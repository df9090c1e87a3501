//! Cookies, all made here: `HttpOnly`, no `Domain`, `__Host-` and `Secure` wherever there is TLS
//! (ASVS 3.3). Over plain HTTP, which only a loopback address may use, browsers refuse the prefix.

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use chrono::TimeDelta;

use crate::config::Config;
use crate::kernel::Secret;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// A customer's session with the brand of this slug.
    Session(&'a str),
    /// The browser that a sign-in flow is bound to.
    Browser,
    /// Which way into the brand of this slug the browser used last. No secret.
    LastUsed(&'a str),
    /// That this browser need not give the second factor of somebody at the brand of this slug.
    TrustedDevice(&'a str),
    /// That a window was opened by a page which may have its answer.
    Handoff,
    /// The language of the pages. No secret.
    Language,
    /// What tells a browser from one that never signed in to the brand of this slug. No secret.
    Seen(&'a str),
    /// What tells that somebody was signed in to the brand of this slug in this browser before. It
    /// signs nobody in.
    KnownDevice(&'a str),
    /// A staff member's session.
    Staff,
    /// What tells that a browser was signed in to the dashboard before.
    StaffDevice,
}

impl Name<'_> {
    fn text(self, config: &Config) -> String {
        let prefix = if config.is_secure() { "__Host-" } else { "" };
        match self {
            Self::Session(slug) => format!("{prefix}bf_session_{slug}"),
            Self::Browser => format!("{prefix}bf_browser"),
            Self::LastUsed(slug) => format!("{prefix}bf_last_{slug}"),
            Self::KnownDevice(slug) => format!("{prefix}bf_known_{slug}"),
            Self::TrustedDevice(slug) => format!("{prefix}bf_device_{slug}"),
            Self::Handoff => format!("{prefix}bf_handoff"),
            Self::Language => format!("{prefix}bf_language"),
            Self::Seen(slug) => format!("{prefix}bf_seen_{slug}"),
            Self::Staff => format!("{prefix}bf_staff"),
            Self::StaffDevice => format!("{prefix}bf_staff_device"),
        }
    }

    /// Lax where a provider's redirect must bring it along; strict for the dashboard.
    const fn same_site(self) -> SameSite {
        match self {
            Self::Session(_)
            | Self::Browser
            | Self::LastUsed(_)
            | Self::KnownDevice(_)
            | Self::Seen(_)
            | Self::TrustedDevice(_)
            | Self::Handoff
            | Self::Language => SameSite::Lax,
            Self::Staff | Self::StaffDevice => SameSite::Strict,
        }
    }
}

/// The secret in the cookie, if the browser sent one.
pub fn read(jar: &CookieJar, config: &Config, name: Name<'_>) -> Option<Secret> {
    jar.get(&name.text(config))
        .map(|cookie| Secret::new(cookie.value()))
}

/// The slugs of the brands that the browser has a session cookie of.
pub fn session_slugs(jar: &CookieJar, config: &Config) -> Vec<String> {
    let prefix = Name::Session("").text(config);
    jar.iter()
        .filter_map(|cookie| cookie.name().strip_prefix(&prefix))
        .map(str::to_owned)
        .collect()
}

/// Sets a cookie for `life`, or until the browser closes.
pub fn set(
    jar: CookieJar,
    config: &Config,
    name: Name<'_>,
    secret: &Secret,
    life: Option<TimeDelta>,
) -> CookieJar {
    let base = base(config, name, secret.expose().to_owned());
    let Some(life) = life else {
        return jar.add(base);
    };
    let text = format!("{base}; Max-Age={}", life.num_seconds());
    jar.add(Cookie::parse(text).expect("a cookie of ours is well formed"))
}

/// Removes a cookie.
pub fn remove(jar: CookieJar, config: &Config, name: Name<'_>) -> CookieJar {
    jar.remove(base(config, name, String::new()))
}

fn base(config: &Config, name: Name<'_>, value: String) -> Cookie<'static> {
    Cookie::build((name.text(config), value))
        .http_only(true)
        .secure(config.is_secure())
        .same_site(name.same_site())
        .path("/")
        .build()
}
