//! One round trip to a provider: opened once, claimed once.
//!
//! The `state` that travels through the browser is a random handle; what it stands for stays here
//! (S25, A15).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claims::clean;
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
    /// The name that came with a form, if one did.
    pub posted_name: Option<PostedName>,
}

/// A name that a provider sends once, in a form that nobody signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedName {
    /// The given name.
    pub given: Option<String>,
    /// The family name.
    pub family: Option<String>,
}

/// The longest `user` field that is read, in bytes.
const POSTED_BYTES_MAX: usize = 4096;

impl PostedName {
    /// Reads Apple's `user` field: `{"name": {"firstName", "lastName"}, "email"}`. The address in it
    /// is not even read, since anybody may have written it (A36). `None` without a name.
    pub fn parse(user: &str) -> Option<Self> {
        if user.len() > POSTED_BYTES_MAX {
            return None;
        }
        let user: Value = serde_json::from_str(user).ok()?;
        let part = |name: &str| clean(user.get("name")?.get(name)?.as_str()?);
        let name = Self {
            given: part("firstName"),
            family: part("lastName"),
        };
        (name.given.is_some() || name.family.is_some()).then_some(name)
    }
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
            posted_name: None,
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
    fn a36_of_a_posted_form_the_name_alone_is_read() {
        let given = |text: &str| Some(text.to_owned());
        for (user, expected) in [
            (
                r#"{"name": {"firstName": " Ada ", "lastName": "Byron"}, "email": "x@example.com"}"#,
                Some((given("Ada"), given("Byron"))),
            ),
            (
                r#"{"name": {"firstName": "<script>\u0000\u202e"}}"#,
                Some((given("<script>"), None)),
            ),
            (r#"{"name": {"firstName": "", "lastName": 7}}"#, None),
            (r#"{"email": "victim@example.com"}"#, None),
            ("{", None),
            ("", None),
        ] {
            let read = PostedName::parse(user).map(|name| (name.given, name.family));
            assert_eq!(read, expected, "{user}");
        }
        let long = format!(r#"{{"name": {{"firstName": "{}"}}}}"#, "x".repeat(5000));
        assert_eq!(PostedName::parse(&long), None);
    }

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
