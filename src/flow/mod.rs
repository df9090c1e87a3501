//! Sign-in and sign-up in progress, and the decision who somebody is.
//!
//! Owns the `flow` table and what a finished flow writes: profile, identity, consents, session, the
//! facts and events that tell of it, all in one transaction. Never calls a provider and never speaks
//! HTTP. Start with [`decide`], then [`mod@settle`], then [`mod@vouch`].

mod by_passkey;
mod complete;
pub mod decide;
mod joining;
mod newcomer;
mod pending;
mod settle;
pub mod store;
mod trial;
mod visit;
mod vouch;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

pub use by_passkey::{NewByPasskey, sign_up_by_passkey};
pub use joining::take_merge;
pub use newcomer::stored_items;
pub use pending::{Again, Asker, Carried, Newcomer, Pending, Verdict};
pub use settle::{Answers, Arrival, Browser, Outcome, settle};
pub use trial::{begin_trial, find_verdict, keep_verdict, trial_of};
pub use vouch::{Proven, vouch, vouch_second_factor};

use crate::federation::attempt::{self, Attempt};
use crate::kernel::id::{ApplicationId, BrandId, ConnectionId, FlowId};
use crate::kernel::{Clock, Entropy, Secret};
use crate::postgres::{self, PgConnection};
use crate::session::Session;

/// How long a sign-in may take from its first page to its last.
pub const FLOW_LIFE: TimeDelta = TimeDelta::minutes(10);

/// A sign-in in progress, as stored.
#[derive(Clone, Debug)]
pub struct Flow {
    /// At which brand.
    pub brand_id: BrandId,
    /// Its id.
    pub flow_id: FlowId,
    /// For which application; `None` for the brand's own pages.
    pub application_id: Option<ApplicationId>,
    /// The request that started it and goes on when it ends.
    pub request: Option<Value>,
    /// SHA-256 of the browser's secret.
    pub(crate) browser_hash: Vec<u8>,
    /// What the person still has to answer, if anything.
    pub pending: Option<Pending>,
    /// Set when somebody signed in is to prove again who they are.
    pub again: Option<Again>,
    /// What is set once the person is in.
    pub carries: Option<Carried>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it is too late.
    pub expires_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Why a flow cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// There is none with this id.
    #[error("there is no such sign-in")]
    Unknown,
    /// Another browser began it (A11).
    #[error("the sign-in was begun in another browser")]
    OtherBrowser,
    /// Too late.
    #[error("the sign-in took too long")]
    Expired,
    /// It has ended.
    #[error("the sign-in has ended already")]
    Finished,
    /// The provider's answer is not taken.
    #[error("the provider's answer is not taken")]
    Attempt(#[source] attempt::Refusal),
    /// The database.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
}

impl Unusable {
    /// A word for logs and the audit record.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "flow_unknown",
            Self::OtherBrowser => "flow_other_browser",
            Self::Expired => "flow_expired",
            Self::Finished => "flow_finished",
            Self::Attempt(refusal) => refusal.code(),
            Self::Postgres(_) => "database",
        }
    }
}

impl Flow {
    fn check_browser(&self, browser: Option<&Secret>) -> Result<(), Unusable> {
        match browser {
            Some(secret) if secret.hash().matches(&self.browser_hash) => Ok(()),
            Some(_) | None => Err(Unusable::OtherBrowser),
        }
    }

    /// Whether this browser may go on with it now, to be let in. A trial lets nobody in.
    fn check(&self, browser: Option<&Secret>, now: DateTime<Utc>) -> Result<(), Unusable> {
        self.check_open(browser, now)?;
        match &self.pending {
            Some(Pending::Trial { .. } | Pending::Tried { .. }) => Err(Unusable::Finished),
            _ => Ok(()),
        }
    }

    /// Whether it is this browser's and still open, a trial included.
    fn check_open(&self, browser: Option<&Secret>, now: DateTime<Utc>) -> Result<(), Unusable> {
        self.check_browser(browser)?;
        if self.finished_at.is_some() {
            Err(Unusable::Finished)
        } else if self.expires_at <= now {
            Err(Unusable::Expired)
        } else {
            Ok(())
        }
    }
}

/// What a flow begins with.
#[derive(Clone, Debug)]
pub struct NewFlow<'a> {
    /// At which brand.
    pub brand_id: BrandId,
    /// For which application; `None` for the brand's own pages.
    pub application_id: Option<ApplicationId>,
    /// The request that goes on when the flow ends: stored as it is and given back as it is.
    pub request: Option<Value>,
    /// The browser's secret.
    pub browser: &'a Secret,
}

/// Begins a flow.
pub async fn begin(
    conn: &mut PgConnection,
    new: NewFlow<'_>,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<FlowId, postgres::Error> {
    begin_with(conn, new, (None, None), clock, entropy).await
}

/// Begins a flow in which the person of `session` proves again who they are, and which then goes on
/// to `return_to`, a path of ours. Whatever comes of it, the session is left as it was until they
/// have (S18).
pub async fn begin_again(
    conn: &mut PgConnection,
    session: &Session,
    return_to: &str,
    browser: &Secret,
    (clock, entropy): (&Clock, &Entropy),
) -> Result<FlowId, postgres::Error> {
    let new = NewFlow {
        brand_id: session.brand_id,
        application_id: None,
        request: None,
        browser,
    };
    let again = Again {
        session_id: session.session_id,
        profile_id: session.profile_id,
        return_to: return_to.to_owned(),
    };
    begin_with(conn, new, (None, Some(again)), clock, entropy).await
}

/// Begins a flow that links another way in to the profile of `session`.
pub async fn begin_linking(
    conn: &mut PgConnection,
    session: &Session,
    browser: &Secret,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<FlowId, postgres::Error> {
    let new = NewFlow {
        brand_id: session.brand_id,
        application_id: None,
        request: None,
        browser,
    };
    let pending = Pending::Linking {
        session_id: session.session_id,
        profile_id: session.profile_id,
    };
    begin_with(conn, new, (Some(pending), None), clock, entropy).await
}

async fn begin_with(
    conn: &mut PgConnection,
    new: NewFlow<'_>,
    (pending, again): (Option<Pending>, Option<Again>),
    clock: &Clock,
    entropy: &Entropy,
) -> Result<FlowId, postgres::Error> {
    let now = clock.now();
    let flow = Flow {
        brand_id: new.brand_id,
        flow_id: FlowId::new(now, entropy),
        application_id: new.application_id,
        request: new.request,
        browser_hash: new.browser.hash().to_vec(),
        pending,
        again,
        carries: None,
        created_at: now,
        expires_at: now + FLOW_LIFE,
        finished_at: None,
    };
    store::insert_flow(conn, &flow).await?;
    Ok(flow.flow_id)
}

/// The flow with this id, if this browser may go on with it now.
pub async fn load(
    conn: &mut PgConnection,
    flow_id: FlowId,
    browser: Option<&Secret>,
    now: DateTime<Utc>,
) -> Result<Flow, Unusable> {
    let found = store::find_flow(conn, flow_id).await?;
    let flow = found.ok_or(Unusable::Unknown)?;
    flow.check(browser, now)?;
    Ok(flow)
}

/// Takes a provider's answer: finds the attempt that `state` stands for, checks that it belongs to
/// this connection, to a flow of this browser, and that both are still open, and claims it. Of any
/// number of callers at once exactly one succeeds.
pub async fn claim_attempt(
    conn: &mut PgConnection,
    brand_id: BrandId,
    connection_id: ConnectionId,
    state: &Secret,
    browser: Option<&Secret>,
    now: DateTime<Utc>,
) -> Result<(Flow, Attempt), Unusable> {
    let found = crate::federation::store::find_attempt_by_state(conn, brand_id, state).await?;
    let attempt = found.ok_or(Unusable::Attempt(attempt::Refusal::Unknown))?;
    let found = store::find_flow(conn, attempt.flow_id).await?;
    let flow = found
        .filter(|flow| flow.brand_id == brand_id)
        .ok_or(Unusable::Unknown)?;
    // The browser first: a stranger learns nothing about the attempt, and cannot use it up.
    flow.check_browser(browser)?;
    attempt
        .judge(connection_id, now)
        .map_err(Unusable::Attempt)?;
    flow.check_open(browser, now)?;
    let is_ours =
        crate::federation::store::claim_attempt(conn, brand_id, attempt.attempt_id, now).await?;
    if is_ours {
        Ok((flow, attempt))
    } else {
        Err(Unusable::Attempt(attempt::Refusal::Used))
    }
}
