//! What every page about the rules needs: the latest version, and the draft.

use crate::app::App;
use crate::http::dashboard::access::InBrand;
use crate::http::page_error::PageError;
use crate::kernel::id::BrandId;
use crate::postgres::{self, Inconsistency};
use crate::projection::{Draft, ruleset_store};
use crate::stage::RuleSet;
use crate::stage::ruleset::sentences::differences;
use crate::view::dashboard::{ChangeRow, Stale};

/// What a form says of the draft that was there when the page was made, if there was none.
const NOTHING: &str = "none";

/// The latest version and the draft.
pub(super) struct Desk {
    pub(super) brand_id: BrandId,
    /// The number of the latest version.
    pub(super) version: i32,
    /// The latest version.
    pub(super) latest: RuleSet,
    /// The draft as stored.
    pub(super) draft: Option<Draft>,
}

impl Desk {
    pub(super) async fn load(app: &App, within: &InBrand) -> Result<Self, PageError> {
        let brand_id = within.brand.brand_id;
        let published = {
            let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
            ruleset_store::find_published(&mut conn, brand_id).await?
        };
        let broken = |fault| postgres::Error::from(Inconsistency::new("rule_set", brand_id, fault));
        let published = published.ok_or_else(|| broken("the brand has no rules"))?;
        Ok(Self {
            brand_id,
            version: published.version,
            latest: serde_json::from_value(published.document)
                .map_err(|_| broken("the document is no rule set"))?,
            draft: app.projector.find_draft(brand_id).await?,
        })
    }

    /// The rules of the draft, if there is one and it can be used.
    pub(super) fn drafted(&self) -> Option<RuleSet> {
        let draft = self.draft.as_ref()?;
        RuleSet::from_yaml(&draft.document).ok()
    }

    /// The document of the draft, or of the latest version where there is no draft.
    pub(super) fn text(&self) -> String {
        match &self.draft {
            Some(draft) => draft.document.clone(),
            None => self.latest.to_yaml(),
        }
    }

    /// The version that the draft, or one that is begun now, comes from.
    pub(super) fn base(&self) -> i32 {
        self.draft
            .as_ref()
            .map_or(self.version, |draft| draft.base_version)
    }

    /// What forms carry, to tell whether the draft was saved by somebody else meanwhile.
    pub(super) fn seen(&self) -> String {
        self.draft.as_ref().map_or_else(
            || NOTHING.to_owned(),
            |draft| draft.updated_at.timestamp_micros().to_string(),
        )
    }

    pub(super) fn stale(&self) -> Option<Stale> {
        let base = self.base();
        (base != self.version).then_some(Stale {
            base,
            latest: self.version,
        })
    }

    /// What `set` says differently from the latest version.
    pub(super) fn changes(&self, set: &RuleSet) -> Vec<ChangeRow> {
        changes(&self.latest, set)
    }
}

/// What `to` says differently from `from`.
pub(super) fn changes(from: &RuleSet, to: &RuleSet) -> Vec<ChangeRow> {
    differences(from, to)
        .into_iter()
        .map(|one| ChangeRow {
            place: one.place,
            was: one.was.unwrap_or_default(),
            is: one.is.unwrap_or_default(),
        })
        .collect()
}
