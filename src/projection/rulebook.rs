//! Rule sets that were read and made ready. A version never changes once published; which versions
//! hold when does, and then the brand's generation goes up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::timeline::{Edition, Timeline};
use super::{Error, learn_store, round_store, ruleset_store};
use crate::kernel::Entropy;
use crate::kernel::id::{BrandId, RuleSetId};
use crate::postgres::{Inconsistency, PgConnection};
use crate::stage::{RuleSet, Rules, Schedule};

/// Brands, and versions, kept ready at once; past this all are forgotten and read again as needed.
const KEPT_MAX: usize = 1_000;

/// A brand's rules, ready to use.
#[derive(Clone, Debug)]
pub struct BrandRules {
    /// Which version is in force.
    pub rule_set_id: RuleSetId,
    /// Its number.
    pub version: i32,
    /// The rules in force, with what was learnt.
    pub rules: Arc<Rules>,
    /// The rules over time.
    pub timeline: Arc<Timeline>,
}

impl BrandRules {
    /// The rules of `timeline` as they are at `now`.
    pub fn at(timeline: Arc<Timeline>, now: DateTime<Utc>) -> Self {
        let edition = timeline.edition_at(now);
        Self {
            rule_set_id: edition.rule_set_id,
            version: edition.version,
            rules: Arc::clone(timeline.schedule().in_force_at(now)),
            timeline,
        }
    }

    /// One version that holds since ever.
    pub fn single(rule_set_id: RuleSetId, version: i32, rules: Arc<Rules>) -> Self {
        let edition = Edition {
            rule_set_id,
            version,
            from: None,
            rules,
        };
        let timeline = Timeline::new(vec![edition], Vec::new()).expect("it has an edition");
        Self::at(Arc::new(timeline), DateTime::UNIX_EPOCH)
    }

    /// The rules over time, for the fold.
    pub fn schedule(&self) -> &Schedule {
        self.timeline.schedule()
    }
}

/// The timelines read so far, each with the generation it was read at, and versions by their ids.
#[derive(Default)]
pub(super) struct RuleBook(Mutex<Known>);

#[derive(Default)]
struct Known {
    timelines: HashMap<BrandId, (i64, Arc<Timeline>)>,
    versions: HashMap<RuleSetId, Arc<Rules>>,
}

impl RuleBook {
    /// The brand's rules as of `now`; the default ones are written for a brand that has none. One
    /// look-up, as long as nothing was published. For a fold ask after the profiles are locked:
    /// what is published later sees to them itself.
    pub(super) async fn in_force(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        now: DateTime<Utc>,
        entropy: &Entropy,
    ) -> Result<BrandRules, Error> {
        let generation = round_store::find_generation(conn, brand_id).await?;
        let known = self.lock().timelines.get(&brand_id).cloned();
        if let Some((read_at, timeline)) = known
            && read_at == generation
        {
            return Ok(BrandRules::at(timeline, now));
        }
        let Some(timeline) = self.read(conn, brand_id).await? else {
            ruleset_store::ensure_default(conn, brand_id, now, entropy).await?;
            let written = self.read(conn, brand_id).await?;
            let timeline = written.ok_or_else(|| missing(brand_id))?;
            // Not remembered: the transaction that wrote it may yet be rolled back.
            return Ok(BrandRules::at(Arc::new(timeline), now));
        };
        let timeline = Arc::new(timeline);
        let mut known = self.lock();
        if known.timelines.len() >= KEPT_MAX {
            known.timelines.clear();
        }
        let kept = (generation, Arc::clone(&timeline));
        known.timelines.insert(brand_id, kept);
        Ok(BrandRules::at(timeline, now))
    }

    /// The brand's timeline as it is stored at this moment.
    pub(super) async fn read(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
    ) -> Result<Option<Timeline>, Error> {
        let mut editions = Vec::new();
        for stored in ruleset_store::list_editions(conn, brand_id).await? {
            editions.push(Edition {
                rule_set_id: stored.rule_set_id,
                version: stored.version,
                from: stored.effective_from,
                rules: self.ready(stored)?,
            });
        }
        let rhythms = learn_store::list_rhythms(conn, brand_id).await?;
        Ok(Timeline::new(editions, rhythms))
    }

    fn ready(&self, stored: ruleset_store::StoredEdition) -> Result<Arc<Rules>, Error> {
        let rule_set_id = stored.rule_set_id;
        if let Some(known) = self.lock().versions.get(&rule_set_id) {
            return Ok(Arc::clone(known));
        }
        let unusable = |reason: String| Error::RuleSet {
            rule_set_id,
            reason,
        };
        let set: RuleSet =
            serde_json::from_value(stored.document).map_err(|error| unusable(error.to_string()))?;
        let rules = Rules::new(set).map_err(|faults| unusable(format!("{faults:?}")))?;
        let rules = Arc::new(rules);
        let mut known = self.lock();
        if known.versions.len() >= KEPT_MAX {
            known.versions.clear();
        }
        known.versions.insert(rule_set_id, Arc::clone(&rules));
        Ok(rules)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing(brand_id: BrandId) -> Error {
    crate::postgres::Error::from(Inconsistency::new(
        "rule_set",
        brand_id,
        "the brand has no rule set",
    ))
    .into()
}
