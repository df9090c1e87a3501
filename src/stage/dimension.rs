//! The four things a relationship is measured by, and sums of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many dimensions there are.
pub(super) const DIMENSIONS: usize = 4;

/// One of the four measures of a relationship.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// F: how much the two know of each other.
    Familiarity,
    /// I: what the customer has put in: orders, gifts, time.
    Investment,
    /// T: faith kept or broken; the only signed one.
    Trust,
    /// A: what the customer does to bring others.
    Advocacy,
}

impl Dimension {
    /// All four, in the order in which sums are taken.
    pub const ALL: [Self; DIMENSIONS] = [
        Self::Familiarity,
        Self::Investment,
        Self::Trust,
        Self::Advocacy,
    ];

    /// Position in arrays of four, and the number stored in the ledger table.
    pub const fn index(self) -> usize {
        match self {
            Self::Familiarity => 0,
            Self::Investment => 1,
            Self::Trust => 2,
            Self::Advocacy => 3,
        }
    }

    /// The dimension stored as `index`, if there is one.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// The name people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Familiarity => "familiarity",
            Self::Investment => "investment",
            Self::Trust => "trust",
            Self::Advocacy => "advocacy",
        }
    }
}

/// A set of dimensions whose scores are added before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "Vec<Dimension>", from = "Vec<Dimension>")]
pub struct Dimensions(u8);

impl Dimensions {
    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `dimension` is in the set.
    pub const fn contains(self, dimension: Dimension) -> bool {
        self.0 & (1 << dimension.index()) != 0
    }

    /// The members, in the order in which sums are taken.
    pub fn iter(self) -> impl Iterator<Item = Dimension> {
        Dimension::ALL
            .into_iter()
            .filter(move |dimension| self.contains(*dimension))
    }
}

impl From<Vec<Dimension>> for Dimensions {
    fn from(list: Vec<Dimension>) -> Self {
        Self(
            list.into_iter()
                .fold(0, |set, dimension| set | 1 << dimension.index()),
        )
    }
}

impl From<Dimensions> for Vec<Dimension> {
    fn from(set: Dimensions) -> Self {
        set.iter().collect()
    }
}

/// A figure for each dimension: scores at an instant, or what one act added.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Scores {
    /// F.
    pub familiarity: f64,
    /// I.
    pub investment: f64,
    /// T, signed.
    pub trust: f64,
    /// A.
    pub advocacy: f64,
}

impl Scores {
    /// The figure for `dimension`.
    pub const fn of(&self, dimension: Dimension) -> f64 {
        match dimension {
            Dimension::Familiarity => self.familiarity,
            Dimension::Investment => self.investment,
            Dimension::Trust => self.trust,
            Dimension::Advocacy => self.advocacy,
        }
    }

    /// The four added up.
    pub fn sum(&self) -> f64 {
        Dimension::ALL
            .into_iter()
            .map(|dimension| self.of(dimension))
            .sum()
    }
}

impl From<[f64; DIMENSIONS]> for Scores {
    fn from([familiarity, investment, trust, advocacy]: [f64; DIMENSIONS]) -> Self {
        Self {
            familiarity,
            investment,
            trust,
            advocacy,
        }
    }
}
