//! Taking a way in away.

use serde_json::json;

use super::{Change, store};
use crate::credential;
use crate::kernel::id::{IdentityId, ProfileId, SessionId};
use crate::mail::Message;
use crate::postgres::{self, PgConnection};
use crate::profile::Status;

/// Why nothing was taken away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The profile has no such identity.
    #[error("the profile has no such way in")]
    Unknown,
    /// Nothing would lead in any more.
    #[error("it is the last way in: add another one first")]
    LastWay,
    /// The database.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
}

/// Takes an identity from a profile, unless it is the last way in. The profile is locked first, so
/// that of two who do it at once the second sees what the first left (A31). Browsers that came in by
/// it are signed out, but for `kept`. The caller rolls back on an error.
pub async fn unlink(
    conn: &mut PgConnection,
    change: &Change<'_>,
    profile_id: ProfileId,
    identity_id: IdentityId,
    kept: Option<SessionId>,
) -> Result<String, Error> {
    let brand_id = change.brand.brand_id;
    let locked = store::lock_profiles(conn, brand_id, &[profile_id]).await?;
    if locked != [(profile_id, Some(Status::Active))] {
        return Err(Error::Unknown);
    }
    let removed = store::delete_identity(conn, brand_id, profile_id, identity_id).await?;
    let removed = removed.ok_or(Error::Unknown)?;
    if credential::store::count_ways_in(conn, brand_id, profile_id).await? == 0 {
        return Err(Error::LastWay);
    }
    let connection_id = removed.connection_id;
    store::end_sessions_by(conn, brand_id, profile_id, connection_id, kept, change.at).await?;
    let detail = json!({ "connection": removed.slug });
    change
        .tell(
            conn,
            profile_id,
            "identity.unlinked",
            detail.clone(),
            detail,
        )
        .await?;
    let properties = json!({ "provider": removed.provider });
    change
        .say(conn, profile_id, "Social Profile Unlinked", properties)
        .await?;
    let message = Message::WayRemoved {
        what: removed.label.clone(),
    };
    change.notify(conn, profile_id, &message).await?;
    Ok(removed.label)
}
