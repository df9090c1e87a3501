//! Rule sets to begin with, one for each way of trade.

use super::RuleSet;

/// A rule set that comes with Befriend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// What every brand starts with.
    Default,
    /// Goods ordered now and again.
    Shop,
    /// A service paid for month by month or year by year.
    Subscription,
    /// Members: a club, an association, a university.
    Club,
    /// Advice and treatment: a practice, an office, a consultancy.
    Professional,
}

impl Preset {
    /// All of them, the default first.
    pub const ALL: [Self; 5] = [
        Self::Default,
        Self::Shop,
        Self::Subscription,
        Self::Club,
        Self::Professional,
    ];

    /// What commands and forms call it.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Shop => "shop",
            Self::Subscription => "subscription",
            Self::Club => "club",
            Self::Professional => "professional",
        }
    }

    /// The preset called `slug`.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.slug() == slug)
    }

    /// Whom it suits, in a sentence.
    pub const fn suits(self) -> &'static str {
        match self {
            Self::Default => "Any brand that does not yet know better: orders, reviews, referrals.",
            Self::Shop => "A shop whose customers order every few weeks or months.",
            Self::Subscription => {
                "A subscription paid by the month or the year, where use counts as much as payment."
            }
            Self::Club => {
                "A club, an association or a university: membership by term or year, presence, help."
            }
            Self::Professional => {
                "A practice, an office or a consultancy: few and long relations, built on trust."
            }
        }
    }

    /// The document, with its comments.
    pub const fn yaml(self) -> &'static str {
        match self {
            Self::Default => include_str!("../../../rules/default.yaml"),
            Self::Shop => include_str!("../../../rules/shop.yaml"),
            Self::Subscription => include_str!("../../../rules/subscription.yaml"),
            Self::Club => include_str!("../../../rules/club.yaml"),
            Self::Professional => include_str!("../../../rules/professional.yaml"),
        }
    }

    /// The rules.
    pub fn set(self) -> RuleSet {
        RuleSet::from_yaml(self.yaml()).expect("presets are valid: a test reads each")
    }
}
