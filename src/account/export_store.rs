//! SQL that reads all that is kept of somebody.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};

/// A part of an export: the rows of one table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    table: &'static str,
    /// The column that says whose a row is.
    owner: &'static str,
    order: &'static str,
    /// Columns that stay here: what signs in, and hashes of it.
    hidden: &'static [&'static str],
}

const fn of(name: &'static str, table: &'static str, order: &'static str) -> Section {
    Section {
        name,
        table,
        owner: "profile_id",
        order,
        hidden: &[],
    }
}

/// Every part but the events.
pub(super) const SECTIONS: [Section; 23] = [
    of("profiles", "profile", "created_at"),
    of("emails", "profile_email", "created_at"),
    of("identities", "identity", "created_at"),
    Section {
        hidden: &["data", "handle"],
        ..of("credentials", "credential", "created_at")
    },
    of("aliases", "alias", "created_at"),
    of("consents", "consent", "decided_at"),
    of("contact_preferences", "contact_preference", "channel"),
    Section {
        hidden: &["token_hash"],
        ..of("sessions", "session", "created_at")
    },
    Section {
        hidden: &["device_hash"],
        ..of("browsers", "known_device", "first_seen_at")
    },
    of("applications", "refresh_family", "created_at"),
    of("allowed_applications", "application_grant", "created_at"),
    of("told_of_sign_outs", "logout_delivery", "created_at"),
    of("standing", "standing", "updated_at"),
    of("transitions", "transition", "effective_at"),
    of("layer_transitions", "layer_transition", "effective_at"),
    of("forecast", "profile_value", "fitted_at"),
    of("invitations", "referral_link", "shared_at"),
    of("brought_by", "referral_claim", "claimed_at"),
    Section {
        owner: "referrer_id",
        ..of("brought", "referral_credit", "converted_at")
    },
    Section {
        hidden: &["body"],
        ..of("mails", "mail", "created_at")
    },
    Section {
        owner: "survivor_id",
        hidden: &["undo_hash"],
        ..of("merges", "profile_merge", "merged_at")
    },
    Section {
        hidden: &["undo_hash"],
        ..of("erasures", "erasure", "requested_at")
    },
    of("facts", "outbox", "created_at"),
];

/// A person's profile, and those that were joined into it.
pub(super) async fn list_members(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profile_id: ProfileId,
) -> Result<Vec<Uuid>, Error> {
    let ids = sqlx::query_scalar!(
        "select profile_id from profile
         where brand_id = $1 and (profile_id = $2 or merged_into = $2)
         order by profile_id <> $2, profile_id",
        brand_id.uuid(),
        profile_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// The rows of a part that belong to these profiles.
pub(super) async fn list_rows(
    conn: &mut PgConnection,
    brand_id: BrandId,
    section: Section,
    profiles: &[Uuid],
) -> Result<Vec<Value>, Error> {
    let Section {
        table,
        owner,
        order,
        hidden,
        ..
    } = section;
    // The names are our own constants; a table cannot be a bound parameter.
    let sql = format!(
        "select to_jsonb(t) - 'brand_id' - $3::text[] from {table} t
         where t.brand_id = $1 and t.{owner} = any($2) order by t.{order}"
    );
    let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(brand_id.uuid())
        .bind(profiles)
        .bind(hidden)
        .fetch_all(conn)
        .await?;
    Ok(rows)
}

/// An event, with its place.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) event_time: DateTime<Utc>,
    pub(super) message_id: String,
    pub(super) event: Value,
}

/// The events of these profiles after a place, oldest first.
pub(super) async fn list_events(
    conn: &mut PgConnection,
    brand_id: BrandId,
    profiles: &[Uuid],
    after: Option<(DateTime<Utc>, String)>,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let (at, id) = after.unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"select e.event_time as "event_time!", e.message_id as "message_id!",
                  to_jsonb(e) - 'brand_id' - 'payload_hash' - 'key_id' as "event!"
           from unnest($2::uuid[]) as w (profile_id) cross join lateral (
               select * from event e
               where e.brand_id = $1 and e.profile_id = w.profile_id
                 and ($3::timestamptz is null
                      or (e.event_time, e.message_id collate "C") > ($3, $4 collate "C"))
               order by e.event_time, e.message_id collate "C" limit $5) e
           order by e.event_time, e.message_id collate "C" limit $5"#,
        brand_id.uuid(),
        profiles,
        at,
        id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
