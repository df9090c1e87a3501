//! A stage as pages name and colour it.

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

    /// The stage for a tier of the stage engine: 0 is stranger, 3 is advocate.
    pub const fn from_tier(tier: u8) -> Option<Self> {
        match tier {
            0 => Some(Self::Stranger),
            1 => Some(Self::Acquaintance),
            2 => Some(Self::Friend),
            3 => Some(Self::Advocate),
            _ => None,
        }
    }

    /// The stage for its slug, as it appears in addresses.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.slug() == slug)
    }

    /// The tier of the stage engine: 0 for stranger to 3 for advocate.
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

#[cfg(test)]
mod tests {
    use super::StageTag;

    #[test]
    fn tier_and_slug_lead_back_to_the_stage() {
        for stage in StageTag::ALL {
            let tier = u8::try_from(stage.tier()).unwrap();

            assert_eq!(StageTag::from_tier(tier), Some(stage));
            assert_eq!(StageTag::from_slug(stage.slug()), Some(stage));
        }
        assert_eq!(StageTag::from_tier(4), None);
        assert_eq!(StageTag::from_slug("Friend"), None);
    }
}
