//! From "a provider vouches for somebody" to what happens: looks up what is known, decides, and has
//! it done, all in one transaction.

use chrono::{DateTime, Utc};

use super::complete::Scene;
use super::decide::{self, Candidate, Decision, Known, Linking, Policy, Refusal, Situation};
use super::pending::{Newcomer, Pending};
use super::visit::Visit;
use super::{Flow, Unusable, store};
use crate::brand::Brand;
use crate::federation::{self, Connection};
use crate::kernel::id::{FlowId, ProfileId};
use crate::kernel::{Entropy, Secret};
use crate::mail::Post;
use crate::postgres::{self, PgConnection, Pool, tx};
use crate::profile;
use crate::session::Session;

/// The most profiles that are looked at for one address.
const CANDIDATES_MAX: i64 = 10;

/// Somebody has come.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// At which brand.
    pub brand: &'a Brand,
    /// Within which flow.
    pub flow_id: FlowId,
    /// Who, by a provider's word.
    pub newcomer: &'a Newcomer,
    /// What they have answered so far.
    pub answers: Answers,
}

/// What the person has answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers {
    /// They agreed to what would be stored.
    pub accepts_terms: bool,
    /// They want news.
    pub accepts_marketing: bool,
    /// They are nobody who was here before, they say.
    pub goes_on_as_new: bool,
}

/// The browser in which it happens.
#[derive(Clone, Copy, Debug)]
pub struct Browser<'a> {
    /// What binds flows to it.
    pub secret: &'a Secret,
    /// Who is signed in in it at this brand.
    pub session: Option<&'a Session>,
    /// By which a browser that was trusted need not give a second factor.
    pub device: Option<&'a Secret>,
    /// What it says it is.
    pub user_agent: &'a str,
    /// What mail that tells of it is written with.
    pub post: Post<'a>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// They are signed in.
    SignedIn {
        /// Goes into the browser's cookie.
        token: Secret,
        /// As whom.
        profile_id: ProfileId,
        /// Whether the profile was made just now.
        is_new: bool,
    },
    /// Another way in was linked to the profile they are signed in to.
    Linked(ProfileId),
    /// They are to be asked for consent.
    AskConsent,
    /// They are to be asked whether they were here before; again if their proof proved nothing.
    AskToLink {
        /// Whether they tried to prove it.
        again: bool,
    },
    /// They proved a second account, and are to be asked whether the two become one.
    AskToMerge,
    /// They are to give their second factor.
    AskSecondFactor,
    /// Nobody is let in.
    Refused(Refusal),
}

/// Settles an arrival. The index on identities settles races: whoever loses looks again and finds
/// the winner's profile.
pub async fn settle(
    pool: &Pool,
    arrival: Arrival<'_>,
    browser: Browser<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Outcome, Unusable> {
    let first = tx(pool, async |conn: &mut PgConnection| {
        settle_once(conn, arrival, browser, now, entropy).await
    })
    .await;
    match first {
        Err(Unusable::Postgres(error)) if error.constraint() == Some("identity_subject_key") => {
            tx(pool, async |conn: &mut PgConnection| {
                settle_once(conn, arrival, browser, now, entropy).await
            })
            .await
        }
        settled => settled,
    }
}

async fn settle_once(
    conn: &mut PgConnection,
    arrival: Arrival<'_>,
    browser: Browser<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Outcome, Unusable> {
    let brand_id = arrival.brand.brand_id;
    let found = store::lock_flow(conn, brand_id, arrival.flow_id).await?;
    let flow = found.ok_or(Unusable::Unknown)?;
    flow.check(Some(browser.secret), now)?;
    let connection_id = arrival.newcomer.connection_id;
    let found = federation::store::find_connection(conn, brand_id, connection_id).await?;
    let connection = found.ok_or(Unusable::Unknown)?;
    let scene = Scene {
        visit: Visit {
            brand: arrival.brand,
            flow: &flow,
            browser,
            now,
            entropy,
        },
        connection: &connection,
        newcomer: arrival.newcomer,
        answers: arrival.answers,
    };
    // In this order: whoever signs up in two browsers at once must not be found as a stranger who
    // happens to bear the same address.
    let candidates = candidates(conn, arrival, &connection).await?;
    let known = known(conn, arrival, &connection).await?;
    let decision = decide::decide(&Situation {
        connection_is_enabled: connection.is_enabled,
        known,
        linking: linking(&flow, browser, now),
        again: flow.again.as_ref().map(|again| again.profile_id),
        awaited: awaited(&flow, &scene),
        candidates: &candidates,
        policy: Policy {
            links_by_email: arrival.brand.links_by_email,
            asks_terms: arrival.brand.asks_terms,
        },
        answers: decide::Answers {
            accepts_terms: arrival.answers.accepts_terms,
            goes_on_as_new: arrival.answers.goes_on_as_new,
        },
    });
    tracing::info!(
        decision = decision.code(),
        flow = %flow.flow_id,
        connection = %connection.slug,
        "decided who somebody is"
    );
    execute(conn, &scene, decision).await
}

async fn execute(
    conn: &mut PgConnection,
    scene: &Scene<'_>,
    decision: Decision,
) -> Result<Outcome, Unusable> {
    let newcomer = scene.newcomer;
    Ok(match decision {
        // Whoever proves another account of theirs is signed in by neither: the visit asks first.
        Decision::SignIn(profile_id) | Decision::ProveOther(profile_id) => {
            scene.sign_in(conn, profile_id).await?
        }
        Decision::Link { profile_id, ground } => scene.link(conn, profile_id, ground).await?,
        Decision::LinkAwaited(profile_id) => scene.link_awaited(conn, profile_id).await?,
        Decision::Create { set_apart } => scene.create(conn, &set_apart).await?,
        Decision::AskAgain => Outcome::AskToLink { again: true },
        Decision::AskToLink { candidates, .. } => {
            let pending = Pending::Link {
                newcomer: newcomer.clone(),
                candidates,
            };
            scene.visit.wait_for(conn, &pending).await?;
            Outcome::AskToLink { again: false }
        }
        Decision::AskConsent => {
            let pending = Pending::Consent {
                newcomer: newcomer.clone(),
                goes_on_as_new: scene.answers.goes_on_as_new,
            };
            scene.visit.wait_for(conn, &pending).await?;
            Outcome::AskConsent
        }
        Decision::Refuse(refusal) => Outcome::Refused(refusal),
    })
}

/// Whom the identity signs in; a merged profile is followed to where it went.
async fn known(
    conn: &mut PgConnection,
    arrival: Arrival<'_>,
    connection: &Connection,
) -> Result<Option<Known>, postgres::Error> {
    let brand_id = arrival.brand.brand_id;
    let claims = &arrival.newcomer.claims;
    let identity = profile::store::find_identity(
        conn,
        brand_id,
        connection.connection_id,
        &claims.issuer,
        &claims.subject,
    )
    .await?;
    let Some(identity) = identity else {
        return Ok(None);
    };
    let mut found = profile::store::find_profile(conn, brand_id, identity.profile_id).await?;
    if let Some(target) = found.as_ref().and_then(|profile| profile.merged_into) {
        found = profile::store::find_profile(conn, brand_id, target).await?;
    }
    Ok(found.map(|profile| Known {
        profile_id: profile.profile_id,
        status: profile.status,
    }))
}

/// Profiles that bear an address which the provider proves and which can tell something.
async fn candidates(
    conn: &mut PgConnection,
    arrival: Arrival<'_>,
    connection: &Connection,
) -> Result<Vec<Candidate>, postgres::Error> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let emails = arrival.newcomer.claims.verified_emails();
    for address in emails.filter(|address| decide::can_tell(address)) {
        let brand_id = arrival.brand.brand_id;
        let holders =
            profile::store::list_email_holders(conn, brand_id, address, CANDIDATES_MAX).await?;
        for holder in holders {
            let is_trusted = connection.is_trusted_for(address);
            match candidates
                .iter_mut()
                .find(|candidate| candidate.profile_id == holder.profile_id)
            {
                Some(candidate) => {
                    candidate.is_trusted |= holder.is_verified && is_trusted;
                    candidate.is_verified |= holder.is_verified;
                }
                None => candidates.push(Candidate {
                    profile_id: holder.profile_id,
                    is_verified: holder.is_verified,
                    is_trusted: holder.is_verified && is_trusted,
                }),
            }
        }
    }
    Ok(candidates)
}

/// The session that began a linking flow, judged by what this browser holds now (A14).
fn linking(flow: &Flow, browser: Browser<'_>, now: DateTime<Utc>) -> Option<Linking> {
    let Some(Pending::Linking {
        session_id,
        profile_id,
    }) = &flow.pending
    else {
        return None;
    };
    let session = browser
        .session
        .filter(|session| session.session_id == *session_id && session.profile_id == *profile_id);
    Some(Linking {
        profile_id: *profile_id,
        is_alive: session.is_some(),
        is_fresh: session.is_some_and(|session| session.is_fresh(now)),
    })
}

/// The candidates of a newcomer who waits, unless it is they who have come again.
fn awaited<'f>(flow: &'f Flow, scene: &Scene<'_>) -> Option<&'f [ProfileId]> {
    let Some(Pending::Link {
        newcomer,
        candidates,
    }) = &flow.pending
    else {
        return None;
    };
    let is_the_same = newcomer.connection_id == scene.newcomer.connection_id
        && newcomer.claims.issuer == scene.newcomer.claims.issuer
        && newcomer.claims.subject == scene.newcomer.claims.subject;
    (!is_the_same).then_some(candidates)
}
