//! SQL of passkeys: the questions put to authenticators, and names.

use chrono::{DateTime, TimeDelta, Utc};

use super::passkey::CHALLENGE_BYTES;
use crate::kernel::id::{BrandId, CredentialId, FlowId, ProfileId, SessionId};
use crate::postgres::{Error, PgConnection};

/// How long a question may be answered.
pub const CHALLENGE_LIFE: TimeDelta = TimeDelta::minutes(10);

/// Where and for what an authenticator is asked. An answer counts in the same place only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// For a new passkey of somebody signed in.
    Register(SessionId),
    /// For a passkey to sign in with.
    SignIn(FlowId),
    /// For the first passkey of somebody new.
    SignUp(FlowId),
}

impl Asked {
    const fn purpose(self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::SignIn(_) => "sign_in",
            Self::SignUp(_) => "sign_up",
        }
    }

    const fn place(self) -> uuid::Uuid {
        match self {
            Self::Register(session_id) => session_id.uuid(),
            Self::SignIn(flow_id) | Self::SignUp(flow_id) => flow_id.uuid(),
        }
    }
}

/// A question that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What was asked.
    pub challenge: Vec<u8>,
    /// What stands for the person who is to have a new passkey.
    pub user_handle: Option<Vec<u8>>,
}

/// Writes a question. Of one place only the latest few stand, so that asking again and again fills
/// nothing.
pub async fn insert_challenge(
    conn: &mut PgConnection,
    brand_id: BrandId,
    asked: Asked,
    (challenge, user_handle): (&[u8; CHALLENGE_BYTES], Option<&[u8]>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "delete from passkey_challenge where brand_id = $1 and bound_to = $2 and challenge not in
            (select challenge from passkey_challenge where brand_id = $1 and bound_to = $2
             order by created_at desc limit 4)",
        brand_id.uuid(),
        asked.place(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into passkey_challenge (brand_id, challenge, purpose, bound_to, user_handle,
                                        created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        brand_id.uuid(),
        challenge.as_slice(),
        asked.purpose(),
        asked.place(),
        user_handle,
        now,
        now + CHALLENGE_LIFE,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the question that an answer names, if it was asked there and may still be answered. It is
/// gone then, whatever the answer is worth.
pub async fn take_challenge(
    conn: &mut PgConnection,
    brand_id: BrandId,
    asked: Asked,
    challenge: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Taken>, Error> {
    let taken = sqlx::query_as!(
        Taken,
        "delete from passkey_challenge
         where brand_id = $1 and challenge = $2 and purpose = $3 and bound_to = $4
           and expires_at > $5
         returning challenge, user_handle",
        brand_id.uuid(),
        challenge,
        asked.purpose(),
        asked.place(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(taken)
}

/// Gives a passkey of this profile another name. Returns whether it was there.
pub async fn update_passkey_name(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
    credential_id: CredentialId,
    name: &str,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update credential set name = $4
         where brand_id = $1 and profile_id = $2 and credential_id = $3 and kind = 'passkey'",
        brand_id.uuid(),
        profile_id.uuid(),
        credential_id.uuid(),
        name,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
