//! SQL of what is arriving.

use chrono::{DateTime, Utc};

use super::live::{LiveItem, LiveKind, LivePosition};
use crate::kernel::id::{BrandId, ProfileId, RejectId};
use crate::postgres::{Error, PgConnection};

/// Stored events that arrived after a place in the stream, newest first.
pub(super) async fn list_accepted(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: &LivePosition,
    limit: i64,
) -> Result<Vec<LiveItem>, Error> {
    let rows = sqlx::query!(
        r#"select e.message_id, e.received_at,
                  case when e.name = '' then e.kind else e.name end as "name!",
                  p.profile_id as "profile_id: ProfileId",
                  coalesce(p.display_name, nullif(concat_ws(' ', p.given_name, p.family_name), ''),
                           mail.address, named.alias) as who,
                  moved.from_stages, moved.to_stages, e.flags, jsonb_pretty(e.payload) as "payload!"
           from (select * from event e
                 where e.brand_id = $1 and e.received_at >= $2
                   and (e.received_at > $2 or e.message_id collate "C" > $3)
                 order by e.received_at desc, e.message_id collate "C" desc limit $4) e
                join profile own on own.brand_id = $1 and own.profile_id = e.profile_id
                join profile p on p.brand_id = $1
                              and p.profile_id = coalesce(own.merged_into, own.profile_id)
                left join lateral (
                    select m.address from profile_email m
                    where m.brand_id = $1 and m.profile_id = p.profile_id
                    order by m.verified_at nulls last, m.created_at limit 1) mail on true
                left join lateral (
                    select a.alias from alias a
                    where a.brand_id = $1 and a.profile_id = p.profile_id
                    order by a.kind = 'anonymous', a.created_at desc limit 1) named on true
                left join lateral (
                    select array_agg(t.from_stage order by t.transition_id) as from_stages,
                           array_agg(t.to_stage order by t.transition_id) as to_stages
                    from transition t
                    where t.brand_id = $1 and t.cause_message_id = e.message_id
                      and t.superseded_at is null) moved on true
           order by e.received_at desc, e.message_id collate "C" desc"#,
        brand_id.uuid(),
        after.at,
        after.key,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| LiveItem {
            position: LivePosition {
                at: row.received_at,
                key: row.message_id.clone(),
            },
            id: row.message_id,
            kind: LiveKind::Accepted,
            received_at: row.received_at,
            name: row.name,
            profile_id: Some(row.profile_id),
            who: row.who,
            refusal: None,
            replayed: None,
            moves: row
                .from_stages
                .unwrap_or_default()
                .into_iter()
                .zip(row.to_stages.unwrap_or_default())
                .collect(),
            flags: row.flags,
            payload: row.payload,
        })
        .collect())
}

/// What was refused after a place in the stream, newest first.
pub(super) async fn list_refused(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: &LivePosition,
    statuses: Option<&[&str]>,
    limit: i64,
) -> Result<Vec<LiveItem>, Error> {
    let rows = sqlx::query!(
        r#"select reject_id as "reject_id: RejectId", status, code, detail, message_id, name, payload,
                  received_at, replay_status
           from reject
           where brand_id = $1 and received_at >= $2
             and (received_at > $2 or 'rej_' || replace(reject_id::text, '-', '') collate "C" > $3)
             and ($5::text[] is null or status = any($5))
           order by received_at desc, reject_id desc limit $4"#,
        brand_id.uuid(),
        after.at,
        after.key,
        limit,
        statuses as Option<&[&str]>,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = row.reject_id.to_string();
            LiveItem {
                position: LivePosition {
                    at: row.received_at,
                    key: id.clone(),
                },
                id,
                kind: LiveKind::of_reject(&row.status),
                received_at: row.received_at,
                name: row.name.or(row.message_id).unwrap_or_default(),
                profile_id: None,
                who: None,
                refusal: Some((row.code, row.detail)),
                replayed: row.replay_status,
                moves: Vec::new(),
                flags: Vec::new(),
                payload: row.payload.unwrap_or_default(),
            }
        })
        .collect())
}

/// When the latest arrival since `since` came in.
pub(super) async fn find_latest(
    conn: &mut PgConnection,
    brand_id: BrandId,
    since: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let latest = sqlx::query_scalar!(
        "select greatest(
             (select max(received_at) from event where brand_id = $1 and received_at >= $2),
             (select max(received_at) from reject where brand_id = $1 and received_at >= $2))",
        brand_id.uuid(),
        since,
    )
    .fetch_one(conn)
    .await?;
    Ok(latest)
}

/// How many arrivals came in within a span.
pub(super) async fn count_arrivals(
    conn: &mut PgConnection,
    brand_id: BrandId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"select (select count(*) from event
                   where brand_id = $1 and received_at >= $2 and received_at < $3)
                + (select count(*) from reject
                   where brand_id = $1 and received_at >= $2 and received_at < $3) as "count!""#,
        brand_id.uuid(),
        from,
        until,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
