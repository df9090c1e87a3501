//! Where the browser goes once it is settled who somebody is.

use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;

use super::parts;
use super::refusal::refused;
use crate::app::App;
use crate::brand::Brand;
use crate::flow::{self, Answers, Arrival, Browser, Flow, Newcomer, Outcome, Unusable};
use crate::http::cookie;
use crate::http::page::go_to;
use crate::http::page_error::PageError;
use crate::http::signed_in::find_session;
use crate::kernel::Secret;
use crate::postgres;
use crate::session::SESSION_LIFE;

/// How long a browser remembers which way in it used.
const LAST_USED_LIFE: TimeDelta = TimeDelta::days(180);

/// A browser within a flow.
pub(super) struct Visit<'a> {
    pub(super) app: &'a App,
    pub(super) jar: CookieJar,
    pub(super) headers: &'a HeaderMap,
    pub(super) brand: &'a Brand,
    pub(super) flow: &'a Flow,
}

impl Visit<'_> {
    /// Settles who `newcomer` is and answers with the way on. `way` is the slug of the connection
    /// that was used.
    pub(super) async fn settle(
        self,
        newcomer: &Newcomer,
        way: &str,
        answers: Answers,
    ) -> Result<Response, PageError> {
        let app = self.app;
        let secret = parts::browser(&self.jar, app).ok_or(Unusable::OtherBrowser)?;
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        let session = find_session(&mut conn, app, &self.jar, self.brand).await?;
        drop(conn);
        let arrival = Arrival {
            brand: self.brand,
            flow_id: self.flow.flow_id,
            newcomer,
            answers,
        };
        let browser = Browser {
            secret: &secret,
            session: session.as_ref(),
            user_agent: parts::user_agent(self.headers),
        };
        let now = app.clock.now();
        let outcome = flow::settle(&app.pool, arrival, browser, now, &app.entropy).await?;
        self.answer(outcome, way)
    }

    fn answer(self, outcome: Outcome, way: &str) -> Result<Response, PageError> {
        let flow_id = self.flow.flow_id;
        match outcome {
            Outcome::SignedIn { token, .. } => {
                let config = &self.app.config;
                let slug = &self.brand.slug;
                let session = cookie::Name::Session(slug);
                let jar = cookie::set(self.jar, config, session, &token, Some(SESSION_LIFE));
                let last_used = cookie::Name::LastUsed(slug);
                let way = Secret::new(way);
                let jar = cookie::set(jar, config, last_used, &way, Some(LAST_USED_LIFE));
                let path = if self.flow.request.is_some() {
                    format!("/oauth/authorize/resume?flow={flow_id}")
                } else {
                    format!("/me?brand={slug}")
                };
                Ok((jar, go_to(&path)).into_response())
            }
            Outcome::Linked(_) => Ok(go_to(&format!("/me?brand={}", self.brand.slug))),
            Outcome::AskConsent => Ok(go_to(&format!("/consent?flow={flow_id}"))),
            Outcome::AskToLink { again: false } => Ok(go_to(&format!("/link?flow={flow_id}"))),
            Outcome::AskToLink { again: true } => {
                Ok(go_to(&format!("/link?flow={flow_id}&problem=not_proven")))
            }
            Outcome::Refused(refusal) => Err(refused(refusal, self.flow)),
        }
    }
}
