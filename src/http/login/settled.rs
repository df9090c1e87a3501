//! Where the browser goes once it is settled who somebody is.

use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;

use super::parts;
use super::refusal::refused;
use crate::abuse::{Account, device};
use crate::account;
use crate::app::App;
use crate::audit::Actor;
use crate::brand::Brand;
use crate::credential::passkey::Made;
use crate::flow::{
    self, Answers, Arrival, Browser, Flow, NewByPasskey, Newcomer, Outcome, Pending, Proven,
    Unusable,
};
use crate::http::account::{browser_name, change, mail_post};
use crate::http::cookie;
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::http::signed_in::find_session;
use crate::kernel::Secret;
use crate::kernel::id::ProfileId;
use crate::postgres::{self, PgConnection};
use crate::session::{Method, SESSION_LIFE, Session};

/// How long a browser remembers which way in it used.
const LAST_USED_LIFE: TimeDelta = TimeDelta::days(180);

/// How long a browser is told from one that was never seen (as long as browsers keep a cookie).
const KNOWN_LIFE: TimeDelta = TimeDelta::days(400);

/// A browser within a flow.
pub(in crate::http) struct Visit<'a> {
    pub(in crate::http) app: &'a App,
    pub(in crate::http) jar: CookieJar,
    pub(in crate::http) headers: &'a HeaderMap,
    pub(in crate::http) brand: &'a Brand,
    pub(in crate::http) flow: &'a Flow,
}

/// What the browser sent along.
struct Held {
    secret: Secret,
    device: Option<Secret>,
    session: Option<Session>,
}

impl Visit<'_> {
    /// Settles who `newcomer` is and answers with the way on. `way` is the slug of the connection
    /// that was used.
    pub(in crate::http) async fn settle(
        self,
        newcomer: &Newcomer,
        way: &str,
        answers: Answers,
    ) -> Result<Response, PageError> {
        let held = self.held().await?;
        let arrival = Arrival {
            brand: self.brand,
            flow_id: self.flow.flow_id,
            newcomer,
            answers,
        };
        let (app, now) = (self.app, self.app.clock.now());
        let browser = self.browser(&held);
        let outcome = flow::settle(&app.pool, arrival, browser, now, &app.entropy).await?;
        self.note_browser(outcome, Some(way)).await
    }

    /// Lets in somebody whom a credential of theirs proved, and answers with the way on.
    /// `has_second_factor`: the proof itself was two factors.
    pub(in crate::http) async fn vouch(
        self,
        profile_id: ProfileId,
        method: Method,
        has_second_factor: bool,
    ) -> Result<Response, PageError> {
        let held = self.held().await?;
        let proven = Proven {
            brand: self.brand,
            flow_id: self.flow.flow_id,
            profile_id,
            method,
            has_second_factor,
        };
        let (app, now) = (self.app, self.app.clock.now());
        let browser = self.browser(&held);
        let outcome = flow::vouch(&app.pool, proven, browser, now, &app.entropy).await?;
        self.note_browser(outcome, Some(method.as_str())).await
    }

    /// Makes a profile of somebody new who made a passkey, and answers with the way on.
    pub(super) async fn sign_up_by_passkey(
        self,
        (name, passkey_name): (&str, &str),
        made: &Made,
        answers: Answers,
    ) -> Result<Response, PageError> {
        let held = self.held().await?;
        let new = NewByPasskey {
            brand: self.brand,
            flow_id: self.flow.flow_id,
            name,
            made,
            passkey_name,
            answers,
        };
        let (app, now) = (self.app, self.app.clock.now());
        let browser = self.browser(&held);
        let outcome = flow::sign_up_by_passkey(&app.pool, new, browser, now, &app.entropy).await?;
        self.answer(outcome, Some(Method::Passkey.as_str()))
    }

    /// Lets in the person whose second factor was just checked, and answers with the way on.
    pub(in crate::http) async fn vouch_second_factor(
        self,
        profile_id: ProfileId,
    ) -> Result<Response, PageError> {
        let held = self.held().await?;
        let (app, now) = (self.app, self.app.clock.now());
        let whose = (self.brand, self.flow.flow_id, profile_id);
        let browser = self.browser(&held);
        let outcome =
            flow::vouch_second_factor(&app.pool, whose, browser, now, &app.entropy).await?;
        self.note_browser(outcome, None).await
    }

    async fn held(&self) -> Result<Held, PageError> {
        let app = self.app;
        let secret = parts::browser(&self.jar, app).ok_or(Unusable::OtherBrowser)?;
        let device = cookie::Name::TrustedDevice(&self.brand.slug);
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        Ok(Held {
            secret,
            device: cookie::read(&self.jar, &app.config, device),
            session: find_session(&mut conn, app, &self.jar, self.brand).await?,
        })
    }

    fn browser<'b>(&'b self, held: &'b Held) -> Browser<'b> {
        Browser {
            secret: &held.secret,
            session: held.session.as_ref(),
            device: held.device.as_ref(),
            user_agent: parts::user_agent(self.headers),
            post: mail_post(self.app, self.headers),
        }
    }

    /// Whoever came in by a browser that they never came in by before is told by mail.
    async fn note_browser(
        mut self,
        outcome: Outcome,
        way: Option<&str>,
    ) -> Result<Response, PageError> {
        if let Outcome::SignedIn { profile_id, .. } = &outcome {
            let (app, profile_id) = (self.app, *profile_id);
            let name = cookie::Name::Seen(&self.brand.slug);
            let known = cookie::read(&self.jar, &app.config, name)
                .unwrap_or_else(|| Secret::random(&app.entropy));
            let change = change(app, self.brand, Actor::Customer(profile_id), self.headers);
            let browser = browser_name(parts::user_agent(self.headers));
            postgres::tx(&app.pool, async |conn: &mut PgConnection| {
                account::devices::note(conn, &change, profile_id, &known, &browser).await
            })
            .await?;
            let life = Some(KNOWN_LIFE);
            self.jar = cookie::set(self.jar, &app.config, name, &known, life);
        }
        self.answer(outcome, way)
    }

    fn answer(self, outcome: Outcome, way: Option<&str>) -> Result<Response, PageError> {
        let flow_id = self.flow.flow_id;
        match outcome {
            Outcome::SignedIn {
                token, profile_id, ..
            } => {
                let config = &self.app.config;
                let session = cookie::Name::Session(&self.brand.slug);
                let path = self.way_on();
                let known = self.know(profile_id);
                let life = Some(device::DEVICE_LIFE);
                let device = cookie::Name::KnownDevice(&self.brand.slug);
                let jar = cookie::set(self.remember(way), config, device, &known, life);
                let jar = cookie::set(jar, config, session, &token, Some(SESSION_LIFE));
                Ok((jar, go_to(&path)).into_response())
            }
            Outcome::AskSecondFactor => {
                let place = go_to(&format!("/login/second-factor?flow={flow_id}"));
                Ok((self.remember(way), place).into_response())
            }
            Outcome::AskToMerge => Ok(go_to(&format!("/me/join?flow={flow_id}"))),
            Outcome::Linked(_) => Ok(go_to(&format!("/me?brand={}", self.brand.slug))),
            Outcome::AskConsent => Ok(go_to(&format!("/consent?flow={flow_id}"))),
            Outcome::AskToLink { again: false } => Ok(go_to(&format!("/link?flow={flow_id}"))),
            Outcome::AskToLink { again: true } => {
                Ok(go_to(&format!("/link?flow={flow_id}&problem=not_proven")))
            }
            Outcome::Refused(refusal) => Err(refused(refusal, self.flow)),
        }
    }

    fn way_on(&self) -> String {
        if self.flow.request.is_some() {
            return format!("/oauth/authorize/resume?flow={}", self.flow.flow_id);
        }
        match &self.flow.again {
            Some(again) => again.return_to.clone(),
            None => format!("/me?brand={}", self.brand.slug),
        }
    }

    /// That this person was signed in in this browser: strangers who guess cannot keep them out of
    /// it (A45).
    fn know(&self, profile_id: ProfileId) -> Secret {
        let app = self.app;
        let before = cookie::Name::KnownDevice(&self.brand.slug);
        let before = cookie::read(&self.jar, &app.config, before);
        let account = Account::profile(profile_id);
        let brand_id = self.brand.brand_id;
        device::remember(
            &app.cipher,
            &app.entropy,
            brand_id,
            &account,
            before.as_ref(),
        )
    }

    /// Which way in the browser used, for the next time.
    fn remember(self, way: Option<&str>) -> CookieJar {
        let Some(way) = way else { return self.jar };
        let last_used = cookie::Name::LastUsed(&self.brand.slug);
        let config = &self.app.config;
        cookie::set(
            self.jar,
            config,
            last_used,
            &Secret::new(way),
            Some(LAST_USED_LIFE),
        )
    }
}

/// The profile for whose second factor the flow waits, if it does.
pub(in crate::http) fn second_factor_of(flow: &Flow) -> Option<ProfileId> {
    match &flow.pending {
        Some(Pending::SecondFactor { profile_id, .. }) => Some(*profile_id),
        Some(
            Pending::Linking { .. }
            | Pending::Link { .. }
            | Pending::Consent { .. }
            | Pending::Merge { .. }
            | Pending::Trial { .. }
            | Pending::Tried { .. },
        )
        | None => None,
    }
}
