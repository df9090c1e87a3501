//! One round trip to a provider: opened once, claimed once.
//!
//! The `state` that travels through the browser is a random handle; what it stands for stays here
//! (S25, A15).

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::id::{AttemptId, ConnectionId, FlowId};
use crate::kernel::{Entropy, Secret};

/// How long a person may take at the provider.
pub const ATTEMPT_LIFE: TimeDelta = TimeDelta::minutes(10);

/// An attempt as stored.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its id.
    pub attempt_id: AttemptId,
    /// Within which flow.
    pub flow_id: FlowId,
    /// With which connection.
    pub connection_id: ConnectionId,
    /// What the ID token must carry.
    pub nonce: String,
    /// What proves at the token endpoint that we began.
    pub pkce_verifier: Secret,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it is too late.
    pub expires_at: DateTime<Utc>,
    /// When its answer came.
    pub claimed_at: Option<DateTime<Utc>>,
}

impl Attempt {
    /// A new attempt and its `state`, which is stored as a hash only.
    pub fn new(
        flow_id: FlowId,
        connection_id: ConnectionId,
        now: DateTime<Utc>,
        entropy: &Entropy,
    ) -> (Self, Secret) {
        let attempt = Self {
            attempt_id: AttemptId::new(now, entropy),
            flow_id,
            connection_id,
            nonce: Secret::random(entropy).expose().to_owned(),
            pkce_verifier: Secret::random(entropy),
            created_at: now,
            expires_at: now + ATTEMPT_LIFE,
            claimed_at: None,
        };
        (attempt, Secret::random(entropy))
    }

    /// Whether the answer that came for `connection_id` may be taken now.
    pub fn judge(&self, connection_id: ConnectionId, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.connection_id != connection_id {
            Err(Refusal::OtherConnection)
        } else if self.claimed_at.is_some() {
            Err(Refusal::Used)
        } else if self.expires_at <= now {
            Err(Refusal::Expired)
        } else {
            Ok(())
        }
    }
}

/// Why a provider's answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No attempt has this state.
    #[error("the answer belongs to no sign-in that was begun here")]
    Unknown,
    /// It was begun with another connection.
    #[error("the answer belongs to a sign-in with another provider")]
    OtherConnection,
    /// Its answer came already.
    #[error("the answer was used already")]
    Used,
    /// Too late.
    #[error("the sign-in took too long")]
    Expired,
}

impl Refusal {
    /// A word for logs and the audit record.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "state_unknown",
            Self::OtherConnection => "state_other_connection",
            Self::Used => "state_used",
            Self::Expired => "state_expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a12_a13_an_answer_is_taken_once_in_time_and_from_its_provider() {
        let entropy = Entropy::seeded(1);
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ours = ConnectionId::new(now, &entropy);
        let other = ConnectionId::new(now, &entropy);
        let (fresh, state) = Attempt::new(FlowId::new(now, &entropy), ours, now, &entropy);
        let used = Attempt {
            claimed_at: Some(now),
            ..fresh.clone()
        };
        let last_moment = now + ATTEMPT_LIFE - TimeDelta::seconds(1);

        assert_eq!(fresh.judge(ours, now), Ok(()));
        assert_eq!(fresh.judge(ours, last_moment), Ok(()));
        assert_eq!(fresh.judge(ours, now + ATTEMPT_LIFE), Err(Refusal::Expired));
        assert_eq!(fresh.judge(other, now), Err(Refusal::OtherConnection));
        assert_eq!(used.judge(ours, now), Err(Refusal::Used));
        assert!(state.expose().len() >= 43);
        assert_ne!(state.expose(), fresh.nonce);
        assert_ne!(fresh.pkce_verifier.expose(), fresh.nonce);
    }
}
