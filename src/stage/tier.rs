//! The four stages and their order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How well a customer knows the brand. Ordered: a later one is deeper.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not met yet, or met again as if for the first time.
    #[default]
    Stranger,
    /// Known by an identifier and seen more than once.
    Acquaintance,
    /// Comes back of their own accord.
    Friend,
    /// Brings others.
    Advocate,
}

impl Stage {
    /// All four, shallowest first.
    pub const ALL: [Self; 4] = [
        Self::Stranger,
        Self::Acquaintance,
        Self::Friend,
        Self::Advocate,
    ];

    /// 0 to 3, as stored.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Stranger => 0,
            Self::Acquaintance => 1,
            Self::Friend => 2,
            Self::Advocate => 3,
        }
    }

    /// The stage stored as `rank`, if there is one.
    pub fn from_rank(rank: u8) -> Option<Self> {
        Self::ALL.get(usize::from(rank)).copied()
    }

    /// Position in arrays of four.
    pub(super) const fn index(self) -> usize {
        self.rank() as usize
    }
}
