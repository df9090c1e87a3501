//! One-time links that make somebody staff.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{Member, NewMember, store};
use crate::audit::{self, Actor, Entry, INSTALLATION};
use crate::kernel::id::StaffId;
use crate::kernel::{Entropy, Secret};
use crate::postgres::{self, PgConnection};

/// How long a link works.
pub const LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// A link could not be taken up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was used, has expired, or never was.
    #[error("the link does not work any more")]
    Spent,
    /// The address already belongs to a staff member.
    #[error("the address already belongs to a staff member")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Database(postgres::Error),
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        match error.constraint() {
            Some("staff_email_key") => Self::EmailTaken,
            Some(_) | None => Self::Database(error),
        }
    }
}

/// Makes a link's token. What is stored is its hash.
pub async fn open(
    conn: &mut PgConnection,
    entropy: &Entropy,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<Secret, postgres::Error> {
    let token = Secret::random(entropy);
    store::delete_expired_invitations(conn, now).await?;
    store::insert_invitation(conn, &token, now, now + LINK_LIFE).await?;
    let entry = Entry {
        actor,
        action: "staff.link_made",
        subject: "installation".to_owned(),
        detail: json!({ "hours": LINK_LIFE.num_hours() }),
        at: now,
    };
    audit::store::insert_entry(conn, INSTALLATION, entropy, entry).await?;
    Ok(token)
}

/// Turns a link into a staff member. Of several who try at once, one succeeds: the row decides.
pub async fn accept(
    conn: &mut PgConnection,
    entropy: &Entropy,
    token: &Secret,
    (new, password_hash): (NewMember, &str),
    now: DateTime<Utc>,
) -> Result<Member, Error> {
    if !store::use_invitation(conn, token, now).await? {
        return Err(Error::Spent);
    }
    let member = Member {
        staff_id: StaffId::new(now, entropy),
        email: new.email.as_str().to_owned(),
        name: new.name,
        created_at: now,
        disabled_at: None,
    };
    store::insert_member(conn, &member, password_hash).await?;
    let entry = Entry {
        actor: Actor::Staff(member.staff_id),
        action: "staff.joined",
        subject: member.staff_id.to_string(),
        detail: json!({}),
        at: now,
    };
    audit::store::insert_entry(conn, INSTALLATION, entropy, entry).await?;
    Ok(member)
}

/// Stops a member from signing in and ends their sessions. Returns whether there was one to stop.
pub async fn disable(
    conn: &mut PgConnection,
    entropy: &Entropy,
    actor: Actor,
    email: &str,
    now: DateTime<Utc>,
) -> Result<bool, postgres::Error> {
    let Some(staff_id) = store::disable_member(conn, email, now).await? else {
        return Ok(false);
    };
    let ended = store::end_sessions_of(conn, staff_id, now).await?;
    let entry = Entry {
        actor,
        action: "staff.disabled",
        subject: staff_id.to_string(),
        detail: json!({ "sessions_ended": ended }),
        at: now,
    };
    audit::store::insert_entry(conn, INSTALLATION, entropy, entry).await?;
    Ok(true)
}
