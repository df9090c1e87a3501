//! Whether a customer may be written to: asked by servers over the API and by people in the
//! dashboard, answered the same.

use chrono::{DateTime, FixedOffset, Offset as _, Utc};
use serde_json::Value;

use crate::contact::{self, Preference};
use crate::insight::Customer;
use crate::kernel::id::BrandId;
use crate::postgres::{self, PgConnection};
use crate::profile::Consent;
use crate::projection::Current;
use crate::stage::{ContactAsked, ContactDecision, Permission, Wishes, may_contact};

/// The trait that names a customer's time zone, as SDKs send it.
const ZONE_TRAIT: &str = "timezone";

/// All that a decision depends on beside what is asked.
pub(super) struct Desk<'d> {
    current: &'d Current,
    wishes: Wishes,
    /// The customer's zone, and how its clocks differ from UTC now.
    zone: Option<(String, FixedOffset)>,
}

impl<'d> Desk<'d> {
    /// Reads what a customer said.
    pub(super) async fn open(
        conn: &mut PgConnection,
        brand_id: BrandId,
        customer: &Customer,
        current: &'d Current,
    ) -> Result<Self, postgres::Error> {
        let id = customer.profile.profile_id;
        let preferences = contact::store::list_preferences(conn, brand_id, id).await?;
        let purposes = &current.rules.rules.set().contact.permission_purposes;
        let zone = match customer
            .profile
            .traits
            .get(ZONE_TRAIT)
            .and_then(Value::as_str)
        {
            Some(name) => find_zone(conn, name, current.at).await?,
            None => None,
        };
        Ok(Self {
            current,
            wishes: Wishes {
                permission: permission(&customer.consents, purposes),
                channels: preferences.into_iter().map(Preference::into).collect(),
            },
            zone,
        })
    }

    /// Whether to write for a purpose, by a channel or by the one that is told.
    pub(super) fn decide(&self, channel: Option<&str>, purpose: &str) -> ContactDecision {
        let offset = self.zone.as_ref().map_or(Utc.fix(), |(_, offset)| *offset);
        let asked = ContactAsked {
            channel,
            purpose,
            at: self.current.at,
            offset,
        };
        may_contact(
            &self.current.rules.rules,
            &self.current.state,
            &self.wishes,
            &asked,
        )
    }

    /// What the customer said.
    pub(super) const fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// The name of the zone whose days are counted.
    pub(super) fn zone(&self) -> &str {
        self.zone.as_ref().map_or("UTC", |(name, _)| name)
    }
}

async fn find_zone(
    conn: &mut PgConnection,
    name: &str,
    at: DateTime<Utc>,
) -> Result<Option<(String, FixedOffset)>, postgres::Error> {
    let seconds = contact::store::find_zone_offset(conn, name, at).await?;
    let offset = seconds.and_then(FixedOffset::east_opt);
    Ok(offset.map(|offset| (name.to_owned(), offset)))
}

/// What the latest word on any purpose that gives permission says: one "yes" is enough.
fn permission(consents: &[Consent], purposes: &[String]) -> Permission {
    let mut found = Permission::NotAsked;
    for purpose in purposes {
        let latest = consents
            .iter()
            .filter(|consent| consent.purpose == *purpose)
            .max_by_key(|consent| (consent.decided_at, consent.consent_id));
        match latest {
            Some(consent) if consent.granted => return Permission::Given,
            Some(_) => found = Permission::Withdrawn,
            None => {}
        }
    }
    found
}
