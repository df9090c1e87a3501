//! Letting in whoever was proven by a credential of their own: a password, a passkey, and the
//! second factor after either or after a social account.

use chrono::{DateTime, Utc};

use super::decide::Refusal;
use super::pending::Pending;
use super::settle::{Browser, Outcome};
use super::visit::{Visit, Way};
use super::{Flow, Unusable, store};
use crate::brand::Brand;
use crate::federation;
use crate::kernel::Entropy;
use crate::kernel::id::{FlowId, ProfileId};
use crate::postgres::{self, PgConnection, Pool, tx};
use crate::profile::{self, Status};
use crate::session::Method;

/// Somebody who was proven.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'a> {
    /// At which brand.
    pub brand: &'a Brand,
    /// Within which flow.
    pub flow_id: FlowId,
    /// Who.
    pub profile_id: ProfileId,
    /// By what.
    pub method: Method,
    /// Whether the proof itself was two factors, as a passkey with user verification is.
    pub has_second_factor: bool,
}

/// Lets in somebody whom a credential of theirs proved, unless their profile is shut or a second
/// factor is due. If a newcomer of this flow waits to be linked, the proof serves for that too.
pub async fn vouch(
    pool: &Pool,
    proven: Proven<'_>,
    browser: Browser<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Outcome, Unusable> {
    tx(pool, async |conn: &mut PgConnection| {
        let flow = locked(conn, proven.brand, proven.flow_id, browser, now).await?;
        let visit = Visit {
            brand: proven.brand,
            flow: &flow,
            browser,
            now,
            entropy,
        };
        let outcome = vouch_once(conn, &visit, proven).await?;
        note(&flow, proven.method, &outcome);
        Ok(outcome)
    })
    .await
}

async fn vouch_once(
    conn: &mut PgConnection,
    visit: &Visit<'_>,
    proven: Proven<'_>,
) -> Result<Outcome, Unusable> {
    let profile_id = match open_profile(conn, visit.brand, proven.profile_id).await? {
        Ok(profile_id) => profile_id,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let again = visit.flow.again.as_ref();
    if again.is_some_and(|again| again.profile_id != profile_id) {
        return Ok(Outcome::Refused(Refusal::SomebodyElse));
    }
    let joins = match &visit.flow.pending {
        Some(Pending::Link {
            newcomer,
            candidates,
        }) => {
            if !candidates.contains(&profile_id) {
                return Ok(Outcome::AskToLink { again: true });
            }
            Some(newcomer)
        }
        // Begun to add to an account, it leads to the question whether the two become one.
        Some(
            Pending::Linking { .. }
            | Pending::Merge { .. }
            | Pending::Consent { .. }
            | Pending::SecondFactor { .. }
            | Pending::Trial { .. }
            | Pending::Tried { .. },
        )
        | None => None,
    };
    let way = Way {
        method: proven.method,
        connection: None,
        has_second_factor: proven.has_second_factor,
    };
    Ok(visit.admit(conn, profile_id, way, joins).await?)
}

/// Lets in the person for whose second factor the flow waits, now that it was given. `profile_id`
/// is whose factor it was.
pub async fn vouch_second_factor(
    pool: &Pool,
    (brand, flow_id, profile_id): (&Brand, FlowId, ProfileId),
    browser: Browser<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Outcome, Unusable> {
    tx(pool, async |conn: &mut PgConnection| {
        let flow = locked(conn, brand, flow_id, browser, now).await?;
        let visit = Visit {
            brand,
            flow: &flow,
            browser,
            now,
            entropy,
        };
        finish_once(conn, &visit, profile_id).await
    })
    .await
}

async fn finish_once(
    conn: &mut PgConnection,
    visit: &Visit<'_>,
    proven: ProfileId,
) -> Result<Outcome, Unusable> {
    let Some(Pending::SecondFactor {
        profile_id,
        method,
        connection_id,
        joins,
        asker: _,
    }) = &visit.flow.pending
    else {
        return Err(Unusable::Unknown);
    };
    if *profile_id != proven {
        return Err(Unusable::Unknown);
    }
    // Shut or merged meanwhile, it is not the one that was proven any more.
    match open_profile(conn, visit.brand, proven).await? {
        Ok(found) if found == proven => {}
        Ok(_) => return Ok(Outcome::Refused(Refusal::Gone)),
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    }
    let brand_id = visit.brand.brand_id;
    let connection = match connection_id {
        None => None,
        Some(id) => {
            let found = federation::store::find_connection(conn, brand_id, *id).await?;
            match found.filter(|connection| connection.is_enabled) {
                Some(connection) => Some(connection),
                None => return Ok(Outcome::Refused(Refusal::ConnectionDisabled)),
            }
        }
    };
    let way = Way {
        method: *method,
        connection: connection.as_ref(),
        has_second_factor: true,
    };
    let outcome = visit.admit(conn, proven, way, joins.as_ref()).await?;
    note(visit.flow, *method, &outcome);
    Ok(outcome)
}

fn note(flow: &Flow, method: Method, outcome: &Outcome) {
    let outcome = match outcome {
        Outcome::SignedIn { .. } => "signed_in",
        Outcome::AskSecondFactor => "ask_second_factor",
        Outcome::AskToMerge => "ask_to_merge",
        Outcome::AskToLink { .. } => "ask_to_link.not_proven",
        Outcome::Refused(refusal) => refusal.code(),
        Outcome::Linked(_) | Outcome::AskConsent => "other",
    };
    let method = method.as_str();
    tracing::info!(outcome, method, flow = %flow.flow_id, "somebody was proven");
}

pub(super) async fn locked(
    conn: &mut PgConnection,
    brand: &Brand,
    flow_id: FlowId,
    browser: Browser<'_>,
    now: DateTime<Utc>,
) -> Result<Flow, Unusable> {
    let found = store::lock_flow(conn, brand.brand_id, flow_id).await?;
    let flow = found.ok_or(Unusable::Unknown)?;
    flow.check(Some(browser.secret), now)?;
    Ok(flow)
}

/// The profile that stands for this one now, if somebody may sign in to it.
async fn open_profile(
    conn: &mut PgConnection,
    brand: &Brand,
    profile_id: ProfileId,
) -> Result<Result<ProfileId, Refusal>, postgres::Error> {
    let brand_id = brand.brand_id;
    let mut found = profile::store::find_profile(conn, brand_id, profile_id).await?;
    if let Some(target) = found.as_ref().and_then(|profile| profile.merged_into) {
        found = profile::store::find_profile(conn, brand_id, target).await?;
    }
    Ok(match found {
        Some(profile) => match profile.status {
            Status::Active => Ok(profile.profile_id),
            Status::Suspended => Err(Refusal::Suspended),
            Status::Anonymous | Status::Merged | Status::Erased => Err(Refusal::Gone),
        },
        None => Err(Refusal::Gone),
    })
}
