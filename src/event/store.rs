//! SQL of events, of what was refused, and of what waits to be folded.

use chrono::{DateTime, Utc};

use super::{Event, Form, Kind, Sender, Trust};
use crate::kernel::id::{BrandId, KeyId, ProfileId, RejectId};
use crate::postgres::{Error, PgConnection};

/// An event with its subject, ready to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewEvent<'a> {
    pub(super) event: &'a Event,
    pub(super) sender: &'a Sender,
    pub(super) profile_id: ProfileId,
    pub(super) identifies: bool,
    pub(super) flags: &'a [&'static str],
}

/// Has the statements of this transaction planned anew, unless the server has counted the rows of the
/// tables that they look into. Until then a plan made while these were as good as empty would be kept,
/// which reads all of a brand for each event. Returns whether they are counted: then this need not be
/// asked again.
pub(super) async fn plan_until_counted(conn: &mut PgConnection) -> Result<bool, Error> {
    let mode = sqlx::query_scalar!(
        "select set_config('plan_cache_mode', case when min(reltuples) < $1 then 'force_custom_plan'
                                                   else 'auto' end, true)
         from pg_class
         where oid in ('event'::regclass, 'alias'::regclass, 'profile'::regclass)",
        COUNTED_ROWS_MIN,
    )
    .fetch_one(conn)
    .await?;
    Ok(mode.as_deref() == Some("auto"))
}

/// With fewer rows counted a table may have grown to anything since.
const COUNTED_ROWS_MIN: f32 = 1_000.0;

/// Writes events, in the order given, unless their message ids are taken. Returns the message ids
/// that were written.
pub(super) async fn insert_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    events: &[NewEvent<'_>],
) -> Result<Vec<String>, Error> {
    fn column<'a, T>(events: &[NewEvent<'a>], of: impl Fn(&NewEvent<'a>) -> T) -> Vec<T> {
        events.iter().map(of).collect()
    }
    let written = sqlx::query_scalar!(
        "insert into event (brand_id, message_id, profile_id, kind, name, trusted, identifies,
                            event_time, original_time, sent_at, received_at, payload, payload_hash,
                            flags, key_id)
         select $1, e.message_id, e.profile_id, e.kind, e.name, e.trusted, e.identifies,
                e.event_time, e.original_time, e.sent_at, e.received_at, e.payload::jsonb,
                e.payload_hash, string_to_array(e.flags, ','), e.key_id
         from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::bool[], $7::bool[],
                     $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],
                     $12::text[], $13::bytea[], $14::text[], $15::uuid[])
              as e (message_id, profile_id, kind, name, trusted, identifies, event_time,
                    original_time, sent_at, received_at, payload, payload_hash, flags, key_id)
         on conflict on constraint event_pkey do nothing
         returning message_id",
        brand_id.uuid(),
        &column(events, |e| e.event.message_id.as_str()) as &[&str],
        &column(events, |e| e.profile_id.uuid()),
        &column(events, |e| e.event.kind.as_str()) as &[&str],
        &column(events, |e| e.event.name.as_str()) as &[&str],
        &column(events, |e| e.sender.trust == Trust::Trusted),
        &column(events, |e| e.identifies),
        &column(events, |e| e.event.event_time),
        &column(events, |e| e.event.original_time) as &[Option<DateTime<Utc>>],
        &column(events, |e| e.event.sent_at) as &[Option<DateTime<Utc>>],
        &column(events, |e| e.event.received_at),
        &column(events, |e| e.event.payload.as_str()) as &[&str],
        &column(events, |e| e.event.payload_hash.as_slice()) as &[&[u8]],
        &column(events, |e| e.flags.join(",")),
        &column(events, |e| e.sender.key_id.map(KeyId::uuid)) as &[Option<uuid::Uuid>],
    )
    .fetch_all(conn)
    .await?;
    Ok(written)
}

/// What is stored under these message ids: the hash of each.
pub async fn list_payload_hashes(
    conn: &mut PgConnection,
    brand_id: BrandId,
    message_ids: &[&str],
) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let rows = sqlx::query!(
        "select message_id, payload_hash from event
         where brand_id = $1 and message_id = any($2)",
        brand_id.uuid(),
        message_ids as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.message_id, row.payload_hash))
        .collect())
}

/// Whom stored events are about: the profile of each, and who that is now.
pub async fn list_subjects(
    conn: &mut PgConnection,
    brand_id: BrandId,
    message_ids: &[&str],
) -> Result<Vec<(ProfileId, ProfileId)>, Error> {
    let rows = sqlx::query!(
        r#"select distinct e.profile_id as "profile_id!: ProfileId",
                  coalesce(p.merged_into, e.profile_id) as "person_id!: ProfileId"
           from event e left join profile p on p.brand_id = $1 and p.profile_id = e.profile_id
           where e.brand_id = $1 and e.message_id = any($2)"#,
        brand_id.uuid(),
        message_ids as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.profile_id, row.person_id))
        .collect())
}

/// Queues profiles to be folded: each with the earliest time among what is new to it.
pub(super) async fn insert_queued(
    conn: &mut PgConnection,
    brand_id: BrandId,
    touched: &[(ProfileId, DateTime<Utc>)],
    queued_at: DateTime<Utc>,
) -> Result<(), Error> {
    let (ids, since): (Vec<_>, Vec<_>) = touched.iter().map(|(id, at)| (id.uuid(), *at)).unzip();
    sqlx::query!(
        "insert into projection_queue (brand_id, profile_id, since, queued_at)
         select $1, q.profile_id, q.since, $4
         from unnest($2::uuid[], $3::timestamptz[]) as q (profile_id, since)",
        brand_id.uuid(),
        &ids,
        &since,
        queued_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An event that was not stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewReject<'a> {
    pub(super) reject_id: RejectId,
    pub(super) status: &'static str,
    pub(super) code: &'a str,
    pub(super) detail: &'a str,
    pub(super) message_id: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) payload: Option<&'a str>,
    pub(super) form: Form,
    pub(super) routed_kind: Option<Kind>,
    pub(super) sent_at: Option<DateTime<Utc>>,
    pub(super) key_id: Option<KeyId>,
    pub(super) received_at: DateTime<Utc>,
}

/// Writes what was not stored, so that a sender's developer finds it again.
pub(super) async fn insert_rejects(
    conn: &mut PgConnection,
    brand_id: BrandId,
    rejects: &[NewReject<'_>],
) -> Result<(), Error> {
    fn column<'a, T>(rejects: &[NewReject<'a>], of: impl Fn(&NewReject<'a>) -> T) -> Vec<T> {
        rejects.iter().map(of).collect()
    }
    sqlx::query!(
        "insert into reject (brand_id, reject_id, status, code, detail, message_id, name, payload,
                             key_id, received_at, routed_kind, sent_at, form)
         select $1, r.reject_id, r.status, r.code, r.detail, r.message_id, r.name, r.payload,
                r.key_id, r.received_at, r.routed_kind, r.sent_at, r.form
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::uuid[], $10::timestamptz[], $11::text[], $12::timestamptz[],
                     $13::text[])
              as r (reject_id, status, code, detail, message_id, name, payload, key_id, received_at,
                    routed_kind, sent_at, form)",
        brand_id.uuid(),
        &column(rejects, |r| r.reject_id.uuid()),
        &column(rejects, |r| r.status) as &[&str],
        &column(rejects, |r| r.code) as &[&str],
        &column(rejects, |r| r.detail) as &[&str],
        &column(rejects, |r| r.message_id) as &[Option<&str>],
        &column(rejects, |r| r.name) as &[Option<&str>],
        &column(rejects, |r| r.payload) as &[Option<&str>],
        &column(rejects, |r| r.key_id.map(KeyId::uuid)) as &[Option<uuid::Uuid>],
        &column(rejects, |r| r.received_at),
        &column(rejects, |r| r.routed_kind.map(Kind::as_str)) as &[Option<&str>],
        &column(rejects, |r| r.sent_at) as &[Option<DateTime<Utc>>],
        &column(rejects, |r| r.form.as_str()) as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An event as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The sender's id of it.
    pub message_id: String,
    /// The profile it came in under.
    pub profile_id: ProfileId,
    /// Who that is now: the profile it was merged into, if any.
    pub person_id: ProfileId,
    /// What sort.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether a trusted sender sent it.
    pub trusted: bool,
    /// Whether it named a user id that counts.
    pub identifies: bool,
    /// When it happened.
    pub event_time: DateTime<Utc>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// Warnings.
    pub flags: Vec<String>,
    /// The event.
    pub payload: serde_json::Value,
}

/// The latest events that a brand received since an instant, newest first.
pub async fn list_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let events = sqlx::query_as!(
        Listed,
        r#"select e.message_id, e.profile_id as "profile_id: ProfileId",
                  coalesce(p.merged_into, e.profile_id) as "person_id!: ProfileId", e.kind, e.name,
                  e.trusted, e.identifies, e.event_time, e.received_at, e.flags, e.payload
           from event e left join profile p using (brand_id, profile_id)
           where e.brand_id = $1 and e.received_at >= $2
           order by e.received_at desc, e.message_id desc limit $3"#,
        brand_id.uuid(),
        since,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(events)
}

/// The names of the acts among a brand's events, looking at `events_max` of them at most: all of a
/// large brand take long. Names beyond what a brand may have (see `names`) are left out.
pub async fn list_names(
    conn: &mut PgConnection,
    brand_id: BrandId,
    events_max: i64,
) -> Result<Vec<String>, Error> {
    let names = sqlx::query_scalar!(
        "select distinct e.name
         from (select name from event
               where brand_id = $1 and kind = 'track' and not ($3 = any(flags)) limit $2) e",
        brand_id.uuid(),
        events_max,
        super::names::NAME_OVER_CAP,
    )
    .fetch_all(conn)
    .await?;
    Ok(names)
}

/// An event that was not stored, as it is listed.
#[derive(Clone, Debug)]
pub struct ListedReject {
    /// `rejected`, `duplicate` or `conflict`.
    pub status: String,
    /// A stable word.
    pub code: String,
    /// What was wrong.
    pub detail: String,
    /// The sender's id of it, if it could be read.
    pub message_id: Option<String>,
    /// Its name, if it could be read.
    pub name: Option<String>,
    /// What was sent, cut, without keys and tokens.
    pub payload: Option<String>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
}

/// The latest of what a brand sent and was not stored, newest first.
pub async fn list_rejects(
    conn: &mut PgConnection,
    brand_id: BrandId,
    limit: i64,
) -> Result<Vec<ListedReject>, Error> {
    let rejects = sqlx::query_as!(
        ListedReject,
        "select status, code, detail, message_id, name, payload, received_at from reject
         where brand_id = $1 order by received_at desc, reject_id desc limit $2",
        brand_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rejects)
}
