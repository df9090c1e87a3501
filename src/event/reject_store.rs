//! SQL of single events that were not stored, to look at and to judge again.

use chrono::{DateTime, Utc};

use super::{Form, Kind, Trust};
use crate::kernel::id::{BrandId, KeyId, RejectId};
use crate::postgres::{Error, PgConnection};

/// An event that was not stored, with all that is known of it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Tells it apart.
    pub reject_id: RejectId,
    /// `rejected`, `duplicate` or `conflict`.
    pub status: String,
    /// Why: a stable word.
    pub code: String,
    /// Why: a sentence.
    pub detail: String,
    /// The sender's id of it, if it could be read.
    pub message_id: Option<String>,
    /// Its name, if it could be read.
    pub name: Option<String>,
    /// What was sent, cut, without keys and tokens; none for a duplicate.
    pub payload: Option<String>,
    /// The form of `payload`.
    pub form: Form,
    /// The kind that the route told.
    pub routed_kind: Option<Kind>,
    /// When the sender says it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// The key it came by; none for Befriend itself and for imports.
    pub key_id: Option<KeyId>,
    /// That key's name.
    pub key_name: Option<String>,
    /// What is believed of whoever sent it.
    pub trust: Trust,
    /// What came of judging it again, if that was done.
    pub replayed: Option<Replayed>,
}

/// What came of judging an event again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// When.
    pub at: DateTime<Utc>,
    /// `accepted`, `duplicate`, `conflict` or `rejected`.
    pub status: String,
    /// Why, if it is still not stored.
    pub detail: String,
}

/// Finds an event that was not stored, until it is deleted after its seven days.
pub async fn find_reject(
    conn: &mut PgConnection,
    brand_id: BrandId,
    reject_id: RejectId,
) -> Result<Option<Kept>, Error> {
    let row = sqlx::query!(
        r#"select r.status, r.code, r.detail, r.message_id, r.name, r.payload, r.form, r.routed_kind,
                  r.sent_at, r.received_at, r.key_id as "key_id: KeyId",
                  k.name as "key_name?", k.kind as "key_kind?",
                  r.replayed_at, r.replay_status, r.replay_detail
           from reject r left join api_key k on k.brand_id = r.brand_id and k.key_id = r.key_id
           where r.brand_id = $1 and r.reject_id = $2"#,
        brand_id.uuid(),
        reject_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Kept {
        reject_id,
        status: row.status,
        code: row.code,
        detail: row.detail,
        message_id: row.message_id,
        name: row.name,
        payload: row.payload.filter(|payload| !payload.is_empty()),
        form: Form::parse(&row.form).unwrap_or(Form::Tracking),
        routed_kind: row.routed_kind.as_deref().and_then(Kind::parse),
        sent_at: row.sent_at,
        received_at: row.received_at,
        key_id: row.key_id,
        key_name: row.key_name,
        // A key that is not there any more is believed as little as one can be.
        trust: match (row.key_id, row.key_kind.as_deref()) {
            (None, _) | (Some(_), Some("secret")) => Trust::Trusted,
            (Some(_), _) => Trust::Browser,
        },
        replayed: row
            .replayed_at
            .zip(row.replay_status)
            .map(|(at, status)| Replayed {
                at,
                status,
                detail: row.replay_detail.unwrap_or_default(),
            }),
    }))
}

/// Notes what came of judging an event again.
pub async fn update_replayed(
    conn: &mut PgConnection,
    brand_id: BrandId,
    reject_id: RejectId,
    replayed: &Replayed,
) -> Result<(), Error> {
    sqlx::query!(
        "update reject set replayed_at = $3, replay_status = $4, replay_detail = $5
         where brand_id = $1 and reject_id = $2",
        brand_id.uuid(),
        reject_id.uuid(),
        replayed.at,
        replayed.status,
        replayed.detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}
