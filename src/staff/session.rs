//! A signed-in browser of a staff member.
//!
//! Checked against the table on every request, so that ending one, or disabling its owner, takes
//! effect at once in every process.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::store;
use crate::audit::{self, Actor, Entry, INSTALLATION};
use crate::kernel::id::{StaffId, StaffSessionId};
use crate::kernel::{Entropy, Secret};
use crate::postgres::{Error, PgConnection};

/// How long a session lives however much it is used (ASVS 7.3.2).
pub const SESSION_LIFE: TimeDelta = TimeDelta::hours(12);

/// How long a session lives unused (ASVS 7.3.1).
pub const SESSION_IDLE_MAX: TimeDelta = TimeDelta::hours(1);

/// How stale the record of the last use may be, so that not every page writes.
const SEEN_GRAIN: TimeDelta = TimeDelta::minutes(1);

/// A session in force.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub staff_session_id: StaffSessionId,
    /// Whose it is.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// When it was last used, give or take a minute.
    pub last_seen_at: DateTime<Utc>,
}

/// Opens a session and returns what its cookie holds.
pub async fn open(
    conn: &mut PgConnection,
    entropy: &Entropy,
    staff_id: StaffId,
    now: DateTime<Utc>,
) -> Result<Secret, Error> {
    let token = Secret::random(entropy);
    let id = StaffSessionId::new(now, entropy);
    store::insert_session(conn, (id, staff_id), &token, now, now + SESSION_LIFE).await?;
    write_audit(conn, entropy, (id, staff_id), "staff.signed_in", now).await?;
    Ok(token)
}

/// The session that `token` opens, if it is in force and its owner may sign in.
pub async fn find(
    conn: &mut PgConnection,
    token: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Session>, Error> {
    let used_after = now - SESSION_IDLE_MAX;
    let Some(session) = store::find_session_by_token(conn, token, now, used_after).await? else {
        return Ok(None);
    };
    if session.last_seen_at <= now - SEEN_GRAIN {
        store::update_session_seen(conn, session.staff_session_id, now).await?;
    }
    Ok(Some(session))
}

/// Ends a session.
pub async fn end(
    conn: &mut PgConnection,
    entropy: &Entropy,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if store::end_session(conn, session.staff_session_id, now).await? {
        let ids = (session.staff_session_id, session.staff_id);
        write_audit(conn, entropy, ids, "staff.signed_out", now).await?;
    }
    Ok(())
}

async fn write_audit(
    conn: &mut PgConnection,
    entropy: &Entropy,
    (session, staff): (StaffSessionId, StaffId),
    action: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let entry = Entry {
        actor: Actor::Staff(staff),
        action,
        subject: session.to_string(),
        detail: json!({}),
        at,
    };
    audit::store::insert_entry(conn, INSTALLATION, entropy, entry).await
}
