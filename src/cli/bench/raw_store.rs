//! SQL that writes the rows of events with nothing around it: the measure of what the service does.
//! Everything happens in a schema of its own, in tables shaped like those of the service.

use chrono::{DateTime, Utc};
use sqlx::Executor as _;
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// Stands for a measurement under way; any fixed number will do.
const LOCK: i64 = 0x6265_6e63_6869_6e74;

/// An event as a row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) message_id: String,
    pub(super) profile_id: ProfileId,
    pub(super) name: &'static str,
    pub(super) payload: String,
    pub(super) hash: [u8; 32],
    pub(super) at: DateTime<Utc>,
}

/// Holds, for as long as the connection lives, the right to measure on this database. False if
/// somebody else does.
pub(super) async fn try_hold(conn: &mut PgConnection) -> Result<bool, Error> {
    let row: (bool,) = sqlx::query_as("select pg_try_advisory_lock($1)")
        .bind(LOCK)
        .fetch_one(conn)
        .await?;
    Ok(row.0)
}

/// Makes the tables, in place of those that a measurement left behind that was killed.
pub(super) async fn create_tables(conn: &mut PgConnection) -> Result<(), Error> {
    conn.execute(
        "drop schema if exists befriend_bench cascade;
         create schema befriend_bench;
         create table befriend_bench.event (like public.event including all);
         create table befriend_bench.state (
             brand_id uuid not null, profile_id uuid not null, events bigint not null,
             seen_at timestamptz not null, state jsonb not null,
             primary key (brand_id, profile_id)
         )",
    )
    .await?;
    Ok(())
}

/// Empties the tables, so that every way of writing begins with the same.
pub(super) async fn empty_tables(conn: &mut PgConnection) -> Result<(), Error> {
    conn.execute("truncate befriend_bench.event, befriend_bench.state")
        .await?;
    Ok(())
}

/// Removes the tables.
pub(super) async fn drop_tables(conn: &mut PgConnection) -> Result<(), Error> {
    conn.execute("drop schema if exists befriend_bench cascade")
        .await?;
    Ok(())
}

/// Lets the present transaction take as long as it takes.
pub(super) async fn take_time(conn: &mut PgConnection) -> Result<(), Error> {
    conn.execute("set local statement_timeout = 0").await?;
    Ok(())
}

/// Writes one row and commits.
pub(super) async fn insert_one(
    conn: &mut PgConnection,
    brand_id: BrandId,
    row: &Row,
) -> Result<(), Error> {
    sqlx::query(
        "insert into befriend_bench.event
            (brand_id, message_id, profile_id, kind, name, trusted, identifies, event_time,
             received_at, payload, payload_hash)
         values ($1, $2, $3, 'track', $4, true, true, $5, $5, $6::text::jsonb, $7)",
    )
    .bind(brand_id.uuid())
    .bind(&row.message_id)
    .bind(row.profile_id.uuid())
    .bind(row.name)
    .bind(row.at)
    .bind(&row.payload)
    .bind(row.hash.as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes one row, counts it in its person's row, and commits.
pub(super) async fn insert_one_and_count(
    conn: &mut PgConnection,
    brand_id: BrandId,
    row: &Row,
) -> Result<(), Error> {
    sqlx::query(
        "with written as (
             insert into befriend_bench.event
                (brand_id, message_id, profile_id, kind, name, trusted, identifies, event_time,
                 received_at, payload, payload_hash)
             values ($1, $2, $3, 'track', $4, true, true, $5, $5, $6::text::jsonb, $7)
         )
         insert into befriend_bench.state as s (brand_id, profile_id, events, seen_at, state)
         values ($1, $3, 1, $5, $6::text::jsonb)
         on conflict (brand_id, profile_id) do update set
             events = s.events + 1, seen_at = excluded.seen_at, state = excluded.state",
    )
    .bind(brand_id.uuid())
    .bind(&row.message_id)
    .bind(row.profile_id.uuid())
    .bind(row.name)
    .bind(row.at)
    .bind(&row.payload)
    .bind(row.hash.as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes rows by COPY and commits. `text` is what [`copy_line`] makes.
pub(super) async fn copy_rows(conn: &mut PgConnection, text: &str) -> Result<(), Error> {
    let mut copy = conn
        .copy_in_raw(
            "copy befriend_bench.event
                (brand_id, message_id, profile_id, kind, name, trusted, identifies, event_time,
                 received_at, payload, payload_hash) from stdin",
        )
        .await?;
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

/// Adds a row in the format that COPY reads.
pub(super) fn copy_line(brand_id: BrandId, row: &Row, text: &mut String) {
    use std::fmt::Write as _;
    let at = row.at.to_rfc3339();
    write!(
        text,
        "{}\t{}\t{}\ttrack\t{}\tt\tt\t{at}\t{at}\t{}\t\\\\x",
        brand_id.uuid(),
        row.message_id,
        row.profile_id.uuid(),
        row.name,
        row.payload,
    )
    .and_then(|()| {
        row.hash
            .iter()
            .try_for_each(|byte| write!(text, "{byte:02x}"))
    })
    .and_then(|()| text.write_char('\n'))
    .expect("a string takes all text");
}

/// Writes rows and their people's states in one transaction.
pub(super) async fn unnest_rows_and_states(
    conn: &mut PgConnection,
    brand_id: BrandId,
    rows: &[Row],
) -> Result<(), Error> {
    let ids: Vec<&str> = rows.iter().map(|row| row.message_id.as_str()).collect();
    let people: Vec<Uuid> = rows.iter().map(|row| row.profile_id.uuid()).collect();
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    let times: Vec<DateTime<Utc>> = rows.iter().map(|row| row.at).collect();
    let payloads: Vec<&str> = rows.iter().map(|row| row.payload.as_str()).collect();
    let hashes: Vec<&[u8]> = rows.iter().map(|row| row.hash.as_slice()).collect();
    sqlx::query(
        "with written as (
             insert into befriend_bench.event
                (brand_id, message_id, profile_id, kind, name, trusted, identifies, event_time,
                 received_at, payload, payload_hash)
             select $1, e.id, e.person, 'track', e.name, true, true, e.at, e.at, e.payload::jsonb, e.hash
             from unnest($2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[],
                         $7::bytea[]) as e (id, person, name, at, payload, hash)
             on conflict (brand_id, message_id) do nothing
         )
         insert into befriend_bench.state as s (brand_id, profile_id, events, seen_at, state)
         select $1, person, count(*), max(at), (array_agg(payload))[1]::jsonb
         from unnest($3::uuid[], $5::timestamptz[], $6::text[]) as w (person, at, payload)
         group by person order by person
         on conflict (brand_id, profile_id) do update set
             events = s.events + excluded.events, seen_at = excluded.seen_at,
             state = excluded.state",
    )
    .bind(brand_id.uuid())
    .bind(ids)
    .bind(people)
    .bind(names)
    .bind(times)
    .bind(payloads)
    .bind(hashes)
    .execute(conn)
    .await?;
    Ok(())
}

/// When the oldest of what waits to be projected came in; none when nothing waits.
pub(super) async fn oldest_waiting(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<DateTime<Utc>>, Error> {
    let row: (Option<DateTime<Utc>>,) = sqlx::query_as(
        "select min(queued_at) from projection_queue where brand_id = $1 and parked_at is null",
    )
    .bind(brand_id.uuid())
    .fetch_one(conn)
    .await?;
    Ok(row.0)
}

/// The profile behind a user id.
pub(super) async fn find_profile(
    conn: &mut PgConnection,
    brand_id: BrandId,
    user_id: &str,
) -> Result<Option<Uuid>, Error> {
    let row: Option<(Uuid,)> = sqlx::query_as(
        "select profile_id from alias where brand_id = $1 and alias = $2 and kind = 'user'",
    )
    .bind(brand_id.uuid())
    .bind(user_id)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.0))
}

/// How many sessions a brand's people have.
pub(super) async fn count_sessions(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<i64, Error> {
    let row: (i64,) = sqlx::query_as("select count(*) from session where brand_id = $1")
        .bind(brand_id.uuid())
        .fetch_one(conn)
        .await?;
    Ok(row.0)
}
