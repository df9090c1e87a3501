//! Rule sets that were read and made ready, by their ids. A version never changes once published,
//! so what is read stays good.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::{Error, ruleset_store};
use crate::kernel::Entropy;
use crate::kernel::id::{BrandId, RuleSetId};
use crate::postgres::{Inconsistency, PgConnection};
use crate::stage::{RuleSet, Rules};

/// Versions kept ready at once; past this all are forgotten and read again as needed.
const VERSIONS_MAX: usize = 1_000;

/// A brand's rules, ready to use.
#[derive(Clone, Debug)]
pub struct BrandRules {
    /// Which version.
    pub rule_set_id: RuleSetId,
    /// Its number.
    pub version: i32,
    /// The rules.
    pub rules: Arc<Rules>,
}

/// The versions read so far.
#[derive(Default)]
pub(super) struct RuleBook(Mutex<HashMap<RuleSetId, BrandRules>>);

impl RuleBook {
    /// The brand's rules in force; the default ones are written for a brand that has none.
    pub(super) async fn in_force(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        now: DateTime<Utc>,
        entropy: &Entropy,
    ) -> Result<BrandRules, Error> {
        let mut found = ruleset_store::find_version(conn, brand_id).await?;
        if found.is_none() {
            ruleset_store::ensure_default(conn, brand_id, now, entropy).await?;
            found = ruleset_store::find_version(conn, brand_id).await?;
        }
        let (rule_set_id, _) = found.ok_or_else(|| missing(brand_id))?;
        self.version(conn, brand_id, rule_set_id).await
    }

    /// One version of the brand's rules.
    pub(super) async fn version(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        rule_set_id: RuleSetId,
    ) -> Result<BrandRules, Error> {
        if let Some(known) = self.lock().get(&rule_set_id) {
            return Ok(known.clone());
        }
        let (version, document) = ruleset_store::find_document(conn, brand_id, rule_set_id)
            .await?
            .ok_or_else(|| missing(brand_id))?;
        let unusable = |reason: String| Error::RuleSet {
            rule_set_id,
            reason,
        };
        let set: RuleSet =
            serde_json::from_value(document).map_err(|error| unusable(error.to_string()))?;
        let rules = Rules::new(set).map_err(|faults| unusable(format!("{faults:?}")))?;
        let ready = BrandRules {
            rule_set_id,
            version,
            rules: Arc::new(rules),
        };
        let mut known = self.lock();
        if known.len() >= VERSIONS_MAX {
            known.clear();
        }
        known.insert(rule_set_id, ready.clone());
        Ok(ready)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RuleSetId, BrandRules>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing(brand_id: BrandId) -> Error {
    crate::postgres::Error::from(Inconsistency::new(
        "rule_set",
        brand_id,
        "the brand has no such rule set",
    ))
    .into()
}
