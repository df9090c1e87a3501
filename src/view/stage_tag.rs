//! A stage as pages name and colour it.

use crate::stage::Stage;

/// One of the four stages, coldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageTag {
    /// Not known yet, or gone quiet.
    Stranger,
    /// Known, and getting to know the brand.
    Acquaintance,
    /// Comes back on their own.
    Friend,
    /// Brings others.
    Advocate,
}

impl StageTag {
    /// All stages, coldest first.
    pub const ALL: [Self; 4] = [
        Self::Stranger,
        Self::Acquaintance,
        Self::Friend,
        Self::Advocate,
    ];

    /// All stages, warmest first: the order in which charts stack and legends list them.
    pub const WARMEST_FIRST: [Self; 4] = [
        Self::Advocate,
        Self::Friend,
        Self::Acquaintance,
        Self::Stranger,
    ];

    /// The stage for its slug, as it appears in addresses.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.slug() == slug)
    }

    /// The place among four: 0 for stranger to 3 for advocate.
    pub const fn tier(self) -> usize {
        match self {
            Self::Stranger => 0,
            Self::Acquaintance => 1,
            Self::Friend => 2,
            Self::Advocate => 3,
        }
    }

    /// The word used in addresses and style classes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Acquaintance => "acquaintance",
            Self::Friend => "friend",
            Self::Advocate => "advocate",
        }
    }

    /// The stage of one person, in sentence case.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Stranger => "Stranger",
            Self::Acquaintance => "Acquaintance",
            Self::Friend => "Friend",
            Self::Advocate => "Advocate",
        }
    }

    /// The stage of many people, in sentence case.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Stranger => "Strangers",
            Self::Acquaintance => "Acquaintances",
            Self::Friend => "Friends",
            Self::Advocate => "Advocates",
        }
    }

    /// The stage within a sentence, for `count` people.
    pub const fn noun(self, count: u64) -> &'static str {
        match (self, count) {
            (Self::Stranger, 1) => "stranger",
            (Self::Stranger, _) => "strangers",
            (Self::Acquaintance, 1) => "acquaintance",
            (Self::Acquaintance, _) => "acquaintances",
            (Self::Friend, 1) => "friend",
            (Self::Friend, _) => "friends",
            (Self::Advocate, 1) => "advocate",
            (Self::Advocate, _) => "advocates",
        }
    }
}

impl From<Stage> for StageTag {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Stranger => Self::Stranger,
            Stage::Acquaintance => Self::Acquaintance,
            Stage::Friend => Self::Friend,
            Stage::Advocate => Self::Advocate,
        }
    }
}

impl From<StageTag> for Stage {
    fn from(tag: StageTag) -> Self {
        match tag {
            StageTag::Stranger => Self::Stranger,
            StageTag::Acquaintance => Self::Acquaintance,
            StageTag::Friend => Self::Friend,
            StageTag::Advocate => Self::Advocate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Stage, StageTag};

    #[test]
    fn every_stage_has_its_tag_and_slug() {
        for stage in Stage::ALL {
            let tag = StageTag::from(stage);

            assert_eq!(Stage::from(tag), stage);
            assert_eq!(tag.tier(), usize::from(stage.rank()));
            assert_eq!(StageTag::from_slug(tag.slug()), Some(tag));
        }
        assert_eq!(StageTag::from_slug("Friend"), None);
    }
}
