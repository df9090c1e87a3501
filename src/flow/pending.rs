//! What a flow waits for.

use serde::{Deserialize, Serialize};

use crate::federation::NormalClaims;
use crate::kernel::id::{ConnectionId, ProfileId, SessionId, StaffId};
use crate::session::Method;

/// What a flow is for beside signing in, or what its person still has to answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pending {
    /// It was begun by somebody signed in, to link another way in.
    Linking {
        /// Whose session began it.
        session_id: SessionId,
        /// The profile to link to.
        profile_id: ProfileId,
    },
    /// Somebody proven to own an address that signs in another way: are they the same person?
    Link {
        /// Who came.
        newcomer: Newcomer,
        /// The profiles that proved the address before.
        candidates: Vec<ProfileId>,
    },
    /// A newcomer has not agreed yet to what would be stored.
    Consent {
        /// Who came.
        newcomer: Newcomer,
        /// Whether they said that they are nobody who was here before.
        goes_on_as_new: bool,
    },
    /// Somebody proved who they are, and their profile asks for a second factor. Nobody is let in
    /// and nothing is linked before it is given (A34, A64).
    SecondFactor {
        /// Who.
        profile_id: ProfileId,
        /// By what they proved it.
        method: Method,
        /// Through which connection, if through one.
        connection_id: Option<ConnectionId>,
        /// The way in that is linked to the profile once they are in.
        joins: Option<Newcomer>,
        /// Who is signed in and asked to join this account to theirs, if they did.
        #[serde(default)]
        asker: Option<Asker>,
    },
    /// Somebody signed in proved a second account of theirs: are the two to become one?
    Merge {
        /// Who is signed in.
        asker: Asker,
        /// The account that they proved beside it.
        other: ProfileId,
    },
    /// A member of staff tries a connection out: what its provider says is shown to them, and nobody
    /// is let in.
    Trial {
        /// Who.
        staff_id: StaffId,
    },
    /// What came of it.
    Tried {
        /// Who alone may see it.
        staff_id: StaffId,
        /// Which connection.
        connection_id: ConnectionId,
        /// What the provider said, or why that is no good.
        verdict: Verdict,
    },
}

/// What came of trying a connection out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What the provider says of whoever signed in there.
    Claims(Box<NormalClaims>),
    /// It leads nowhere.
    Failed {
        /// A stable word.
        code: String,
        /// What happened, in a sentence.
        text: String,
    },
}

/// Somebody signed in who began a flow to add to their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Whose session began it.
    pub session_id: SessionId,
    /// Their profile.
    pub profile_id: ProfileId,
}

impl Pending {
    /// Who is signed in and asked to add what is proven to their account, if somebody did.
    pub(super) const fn asker(&self) -> Option<Asker> {
        match self {
            Self::Linking {
                session_id,
                profile_id,
            } => Some(Asker {
                session_id: *session_id,
                profile_id: *profile_id,
            }),
            Self::SecondFactor { asker, .. } => *asker,
            Self::Merge { asker, .. } => Some(*asker),
            Self::Link { .. } | Self::Consent { .. } | Self::Trial { .. } | Self::Tried { .. } => {
                None
            }
        }
    }
}

/// Whose session a flow renews, and where its person goes on: they are signed in, and prove again
/// who they are (S40).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Again {
    /// The session.
    pub session_id: SessionId,
    /// The only person who may finish the flow.
    pub profile_id: ProfileId,
    /// A path of ours.
    pub return_to: String,
}

/// What a person chose on the way in, to be set once they are in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The hash of a password, for a profile that has none.
    pub password: String,
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Carried(…)")
    }
}

/// Somebody whom a provider vouched for and who has no profile yet. Kept with the flow only, and
/// gone with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Newcomer {
    /// By which connection they came.
    pub connection_id: ConnectionId,
    /// What the provider says of them.
    pub claims: NormalClaims,
}
