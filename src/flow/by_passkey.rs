//! Signing up with a passkey and a name, and nothing else: no provider vouches and no address is
//! known.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::settle::{Answers, Browser, Outcome};
use super::visit::{Visit, Way};
use super::vouch::locked;
use super::{Pending, Unusable};
use crate::brand::Brand;
use crate::credential::passkey::Made;
use crate::credential::second_factor::data_of;
use crate::credential::store::{self, Credential, Kind};
use crate::kernel::Entropy;
use crate::kernel::id::{CredentialId, FlowId, ProfileId};
use crate::postgres::{Error, PgConnection, Pool, tx};
use crate::profile::{self, Profile, Status};
use crate::session::Method;

/// Somebody new who made a passkey.
#[derive(Clone, Copy, Debug)]
pub struct NewByPasskey<'a> {
    /// At which brand.
    pub brand: &'a Brand,
    /// Within which flow.
    pub flow_id: FlowId,
    /// What they want to be called.
    pub name: &'a str,
    /// Their passkey.
    pub made: &'a Made,
    /// What the passkey is called.
    pub passkey_name: &'a str,
    /// What they agreed to: without the terms nothing is made.
    pub answers: Answers,
}

/// Makes a profile of somebody whose passkey was just made and judged, and lets them in. A credential
/// id that another passkey of the brand has is refused by the index `credential_handle_key`.
pub async fn sign_up_by_passkey(
    pool: &Pool,
    new: NewByPasskey<'_>,
    browser: Browser<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Outcome, Unusable> {
    tx(pool, async |conn: &mut PgConnection| {
        let flow = locked(conn, new.brand, new.flow_id, browser, now).await?;
        let is_plain = match &flow.pending {
            None | Some(Pending::Consent { .. } | Pending::Link { .. }) => flow.again.is_none(),
            // For somebody who is known already, or for staff.
            Some(
                Pending::Linking { .. }
                | Pending::SecondFactor { .. }
                | Pending::Merge { .. }
                | Pending::Trial { .. }
                | Pending::Tried { .. },
            ) => false,
        };
        if !is_plain {
            return Err(Unusable::Unknown);
        }
        if new.brand.asks_terms && !new.answers.accepts_terms {
            return Ok(Outcome::AskConsent);
        }
        let visit = Visit {
            brand: new.brand,
            flow: &flow,
            browser,
            now,
            entropy,
        };
        Ok(create(conn, &visit, new).await?)
    })
    .await
}

async fn create(
    conn: &mut PgConnection,
    visit: &Visit<'_>,
    new: NewByPasskey<'_>,
) -> Result<Outcome, Error> {
    let profile_id = ProfileId::new(visit.now, visit.entropy);
    profile::store::insert_profile(conn, &profile_of(visit, profile_id, new.name)).await?;
    visit
        .tell(
            conn,
            profile_id,
            "profile.created",
            json!({ "method": "passkey" }),
        )
        .await?;
    let credential = Credential {
        brand_id: visit.brand.brand_id,
        credential_id: CredentialId::new(visit.now, visit.entropy),
        profile_id,
        kind: Kind::Passkey,
        name: new.passkey_name.to_owned(),
        handle: Some(new.made.credential_id.clone()),
        data: data_of(&new.made.passkey),
        created_at: visit.now,
        last_used_at: Some(visit.now),
    };
    store::insert_credential(conn, &credential).await?;
    let detail = json!({ "kind": "passkey", "credential_id": credential.credential_id });
    visit
        .tell(conn, profile_id, "credential.added", detail)
        .await?;
    let way = Way {
        method: Method::Passkey,
        connection: None,
        has_second_factor: true,
    };
    visit
        .say(conn, profile_id, "Signed Up", way.properties())
        .await?;
    if visit.brand.asks_terms {
        visit.consent(conn, profile_id, "terms").await?;
        if new.answers.accepts_marketing {
            visit.consent(conn, profile_id, "marketing").await?;
        }
    }
    visit.open_session(conn, profile_id, way, true).await
}

fn profile_of(visit: &Visit<'_>, profile_id: ProfileId, name: &str) -> Profile {
    Profile {
        brand_id: visit.brand.brand_id,
        profile_id,
        status: Status::Active,
        merged_into: None,
        display_name: Some(name.to_owned()),
        given_name: None,
        family_name: None,
        picture_url: None,
        locale: None,
        traits: json!({}),
        first_encounter: json!({ "channel": "sign_in", "method": "passkey" }),
        known_since: Some(visit.now),
        created_at: visit.now,
        last_seen_at: visit.now,
    }
}
