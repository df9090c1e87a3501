//! Publishing rules: the draft, a new version, and taking one back.
//!
//! A version holds from its instant on, or is applied to all history. What follows from it for each
//! person is carried out afterwards, page by page (`round.rs`); the transaction that publishes only
//! notes that it must be.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Value, json};

use super::draft_store::{self, Draft};
use super::ruleset_store::{self, NewVersion, Version};
use super::{Error, Projector, round_store};
use crate::audit::{self, Actor};
use crate::kernel::id::{BrandId, RuleSetId, StaffId};
use crate::outbox;
use crate::postgres::{self, PgConnection};
use crate::stage::RuleSet;
use crate::stage::ruleset::LoadError;

/// The longest draft, in bytes; longer documents are no rule sets either.
pub const DRAFT_BYTES_MAX: usize = 128 * 1024;
/// The longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 500;

/// From when on a version holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// From the instant of its publication on. What was before stays as it was.
    Forward,
    /// The same from a later instant on.
    ForwardFrom(DateTime<Utc>),
    /// For all history: everybody's stages are computed again.
    History,
}

/// A version to publish.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The rules, as YAML or JSON.
    pub document: &'a str,
    /// The version it was made from: the latest one that was not taken back.
    pub base_version: i32,
    /// From when on it holds.
    pub applies: Applies,
    /// Why, in a sentence; not empty.
    pub note: &'a str,
    /// Who publishes.
    pub by: Actor,
}

/// Why rules were not published, drafted or taken back.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Others have changed the rules since.
    #[error("these rules were made from version {base}, but version {latest} holds by now")]
    Stale {
        /// The version they were made from.
        base: i32,
        /// The latest version that was not taken back.
        latest: i32,
    },
    /// The document is no rule set, with its faults.
    #[error(transparent)]
    Unusable(#[from] LoadError),
    /// Nobody says why.
    #[error("say in a sentence why the rules change")]
    NoNote,
    /// The note is a novel.
    #[error("keep the note to {NOTE_CHARS_MAX} characters")]
    LongNote,
    /// The draft is longer than any rule set.
    #[error("a draft has at most {DRAFT_BYTES_MAX} bytes")]
    LongDraft,
    /// It would begin in the past.
    #[error("rules that are not applied to history begin now or later")]
    InThePast,
    /// There is no such version.
    #[error("there is no version {0}")]
    NoSuchVersion(i32),
    /// The first version cannot be taken back: nothing would be left.
    #[error("version 1 cannot be taken back: there are no rules before it")]
    FirstVersion,
    /// It was taken back before.
    #[error("version {0} was taken back already")]
    TakenBack(i32),
    /// The database, or a stored version that cannot be used.
    #[error(transparent)]
    Projection(#[from] Error),
}

impl From<postgres::Error> for PublishError {
    fn from(error: postgres::Error) -> Self {
        Self::Projection(error.into())
    }
}

impl Projector {
    /// Publishes a version, and has everybody looked at. Returns its number. The draft is done with.
    pub async fn publish(
        &self,
        brand_id: BrandId,
        publication: Publication<'_>,
    ) -> Result<i32, PublishError> {
        let note = publication.note.trim();
        if note.is_empty() {
            return Err(PublishError::NoNote);
        }
        if note.chars().count() > NOTE_CHARS_MAX {
            return Err(PublishError::LongNote);
        }
        // JSON is YAML too.
        let set = RuleSet::from_yaml(publication.document)?;
        let publication = Publication {
            note,
            ..publication
        };
        postgres::tx(&self.pool, async |conn| {
            self.publish_within(conn, brand_id, &publication, &set)
                .await
        })
        .await
    }

    async fn publish_within(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        publication: &Publication<'_>,
        set: &RuleSet,
    ) -> Result<i32, PublishError> {
        let now = self.clock.now().trunc_subsecs(6);
        let effective_from = match publication.applies {
            Applies::Forward => Some(now),
            Applies::ForwardFrom(at) if at < now => return Err(PublishError::InThePast),
            Applies::ForwardFrom(at) => Some(at.trunc_subsecs(6)),
            Applies::History => None,
        };
        let latest = self.lock_latest(conn, brand_id, now).await?;
        if latest != publication.base_version {
            return Err(PublishError::Stale {
                base: publication.base_version,
                latest,
            });
        }
        let version = ruleset_store::find_last_version(conn, brand_id).await? + 1;
        let document = serde_json::to_value(set).expect("a rule set is text, numbers and lists");
        let new = NewVersion {
            rule_set_id: RuleSetId::new(now, &self.entropy),
            version,
            document,
            note: publication.note,
            published_at: now,
            published_by: staff(publication.by),
            origin: origin(publication.by),
            effective_from,
        };
        ruleset_store::insert_version(conn, brand_id, new).await?;
        draft_store::delete_draft(conn, brand_id).await?;
        round_store::start_round(conn, brand_id, now).await?;
        let detail = json!({
            "version": version,
            "effective_from": effective_from,
            "applied_to_history": effective_from.is_none(),
            "note": publication.note,
        });
        self.tell(conn, brand_id, publication.by, "rules.published", detail)
            .await?;
        Ok(version)
    }

    /// Takes a version back: the rules over time are then as if it had never been published, and
    /// everybody is looked at. What was believed in the meantime stays in the record.
    pub async fn take_back(
        &self,
        brand_id: BrandId,
        version: i32,
        by: Actor,
    ) -> Result<(), PublishError> {
        postgres::tx(&self.pool, async |conn| {
            let now = self.clock.now();
            self.lock_latest(conn, brand_id, now).await?;
            let found = ruleset_store::find_version(conn, brand_id, version).await?;
            let found = found.ok_or(PublishError::NoSuchVersion(version))?;
            if version == 1 {
                return Err(PublishError::FirstVersion);
            }
            if found.withdrawn_at.is_some() {
                return Err(PublishError::TakenBack(version));
            }
            ruleset_store::withdraw_version(conn, brand_id, version, staff(by), now).await?;
            round_store::start_round(conn, brand_id, now).await?;
            let detail = json!({ "version": version });
            self.tell(conn, brand_id, by, "rules.taken_back", detail)
                .await?;
            Ok(())
        })
        .await
    }

    /// Every version that was ever published, latest first.
    pub async fn list_versions(&self, brand_id: BrandId) -> Result<Vec<Version>, Error> {
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        Ok(ruleset_store::list_versions(&mut conn, brand_id).await?)
    }

    /// The brand's draft.
    pub async fn find_draft(&self, brand_id: BrandId) -> Result<Option<Draft>, Error> {
        let mut conn = self.pool.acquire().await.map_err(postgres::Error::from)?;
        Ok(draft_store::find_draft(&mut conn, brand_id).await?)
    }

    /// Saves the draft as typed, over the one there may be.
    pub async fn save_draft(
        &self,
        brand_id: BrandId,
        document: &str,
        base_version: i32,
        by: Actor,
    ) -> Result<(), PublishError> {
        if document.len() > DRAFT_BYTES_MAX {
            return Err(PublishError::LongDraft);
        }
        let draft = Draft {
            document: document.to_owned(),
            base_version,
            updated_at: self.clock.now(),
            updated_by: staff(by),
        };
        postgres::tx(&self.pool, async |conn| {
            let found = ruleset_store::find_version(conn, brand_id, base_version).await?;
            found.ok_or(PublishError::NoSuchVersion(base_version))?;
            draft_store::upsert_draft(conn, brand_id, &draft).await?;
            let detail = json!({ "base_version": base_version });
            self.record(conn, brand_id, by, "rule_draft.saved", detail)
                .await?;
            Ok(())
        })
        .await
    }

    /// Throws the draft away; whether there was one.
    pub async fn discard_draft(&self, brand_id: BrandId, by: Actor) -> Result<bool, Error> {
        postgres::tx(&self.pool, async |conn| {
            let was_there = draft_store::delete_draft(conn, brand_id).await?;
            if was_there {
                self.record(conn, brand_id, by, "rule_draft.discarded", json!({}))
                    .await?;
            }
            Ok(was_there)
        })
        .await
    }

    /// Keeps others from changing the rules meanwhile; the latest version that was not taken back.
    async fn lock_latest(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        now: DateTime<Utc>,
    ) -> Result<i32, Error> {
        ruleset_store::lock_rules(conn, brand_id).await?;
        ruleset_store::ensure_default(conn, brand_id, now, &self.entropy).await?;
        let latest = ruleset_store::find_published(conn, brand_id).await?;
        Ok(latest.map_or(0, |latest| latest.version))
    }

    /// Records a change of the rules, and tells followers of it.
    async fn tell(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        by: Actor,
        what: &'static str,
        detail: Value,
    ) -> Result<(), postgres::Error> {
        let fact = outbox::Fact {
            kind: what,
            profile_id: None,
            payload: detail.clone(),
            at: self.clock.now(),
        };
        outbox::insert_fact(conn, brand_id, &self.entropy, fact).await?;
        self.record(conn, brand_id, by, what, detail).await
    }

    async fn record(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        by: Actor,
        action: &'static str,
        detail: Value,
    ) -> Result<(), postgres::Error> {
        let entry = audit::Entry {
            actor: by,
            action,
            subject: brand_id.to_string(),
            detail,
            at: self.clock.now(),
        };
        audit::store::insert_entry(conn, brand_id, &self.entropy, entry).await
    }
}

const fn staff(by: Actor) -> Option<StaffId> {
    match by {
        Actor::Staff(id) => Some(id),
        Actor::Customer(_) | Actor::Key(_) | Actor::System | Actor::Operator => None,
    }
}

const fn origin(by: Actor) -> &'static str {
    match by {
        Actor::Staff(_) => "staff",
        Actor::Key(_) => "key",
        Actor::Customer(_) | Actor::System | Actor::Operator => "operator",
    }
}
