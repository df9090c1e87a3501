//! SQL of mail.

use chrono::{DateTime, Utc};

use super::colour;
use crate::kernel::EmailAddress;
use crate::kernel::id::{BrandId, MailId, ProfileId};
use crate::postgres::{Error, PgConnection};
use crate::view::mail::Sender;

/// A mail to be stored.
#[derive(Debug)]
pub struct New<'a> {
    /// Its id.
    pub mail_id: MailId,
    /// Which message.
    pub kind: &'static str,
    /// Whether anybody could have asked for it.
    pub is_asked: bool,
    /// The reader's language.
    pub language: &'static str,
    /// To whom.
    pub recipient: &'a EmailAddress,
    /// The box behind the address.
    pub mailbox: &'a str,
    /// About whose account.
    pub profile_id: Option<ProfileId>,
    /// The letter, sealed.
    pub body: Vec<u8>,
    /// Now.
    pub created_at: DateTime<Utc>,
    /// Not sent after this.
    pub expires_at: DateTime<Utc>,
}

/// Adds a mail, to be sent at once.
pub async fn insert_mail(
    conn: &mut PgConnection,
    brand_id: BrandId,
    new: New<'_>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into mail
            (brand_id, mail_id, kind, language, recipient, profile_id, body, created_at, expires_at,
             next_try_at, mailbox, is_asked)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10, $11)",
        brand_id.uuid(),
        new.mail_id.uuid(),
        new.kind,
        new.language,
        new.recipient.as_str(),
        new.profile_id.map(ProfileId::uuid),
        new.body,
        new.created_at,
        new.expires_at,
        new.mailbox,
        new.is_asked,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets nobody else count the mails of a box until this transaction ends.
pub async fn hold_mailbox(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mailbox: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1 || $2, 7261))",
        brand_id.to_string(),
        mailbox,
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// How many mails to a box were asked for since `since`.
pub async fn count_asked(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mailbox: &str,
    since: DateTime<Utc>,
) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from mail
         where brand_id = $1 and mailbox = $2 and created_at > $3 and is_asked"#,
        brand_id.uuid(),
        mailbox,
        since,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Gives up the mails of a kind to somebody that were not sent yet: a newer one takes their place.
pub async fn supersede(
    conn: &mut PgConnection,
    brand_id: BrandId,
    recipient: &EmailAddress,
    kind: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update mail set failed_at = $4, body = '', last_error = 'a newer mail took its place'
         where brand_id = $1 and recipient = $2 and kind = $3
           and sent_at is null and failed_at is null",
        brand_id.uuid(),
        recipient.as_str(),
        kind,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// In whose name a brand's mail is written.
pub async fn find_sender(conn: &mut PgConnection, brand_id: BrandId) -> Result<Sender, Error> {
    let brand = sqlx::query!(
        "select name, colour from brand where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Sender {
        name: brand.name,
        colour: colour(&brand.colour),
    })
}

/// A mail to be handed over.
#[derive(Debug)]
pub struct Claimed {
    /// Whose.
    pub brand_id: BrandId,
    /// Its id.
    pub mail_id: MailId,
    /// Which message.
    pub kind: String,
    /// To whom.
    pub recipient: EmailAddress,
    /// The letter, sealed.
    pub body: Vec<u8>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// How often it was tried, this time included.
    pub tries: i32,
}

/// Takes mails that are due, the longest due first, and leaves each to the caller until `until`.
pub async fn claim(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Claimed>, Error> {
    let rows = sqlx::query!(
        "with due as materialized (
            select brand_id, mail_id from mail
            where sent_at is null and failed_at is null and next_try_at <= $1 and expires_at > $1
            order by next_try_at limit $3 for update skip locked)
         update mail set next_try_at = $2, tries = tries + 1
         from due where mail.brand_id = due.brand_id and mail.mail_id = due.mail_id
         returning mail.brand_id, mail.mail_id, kind, recipient, body, created_at, tries",
        now,
        until,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let claimed = rows.into_iter().filter_map(|row| {
        Some(Claimed {
            brand_id: BrandId::from_uuid(row.brand_id),
            mail_id: MailId::from_uuid(row.mail_id),
            kind: row.kind,
            recipient: EmailAddress::parse(&row.recipient).ok()?,
            body: row.body,
            created_at: row.created_at,
            tries: row.tries,
        })
    });
    Ok(claimed.collect())
}

/// Gives up mails whose time is over, and forgets what they said. Returns how many.
pub async fn expire(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "update mail set failed_at = $1, body = '',
            last_error = coalesce('expired; before that: ' || last_error, 'expired')
         where ctid in (select ctid from mail
            where sent_at is null and failed_at is null and next_try_at <= $1 and expires_at <= $1
            limit 1000 for update skip locked)",
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Notes that a mail was taken, and forgets what it said.
pub async fn mark_sent(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mail_id: MailId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update mail set sent_at = $3, body = '', last_error = null
         where brand_id = $1 and mail_id = $2",
        brand_id.uuid(),
        mail_id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a mail was not taken yet, unless a newer one took its place meanwhile.
pub async fn mark_waiting(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mail_id: MailId,
    next: DateTime<Utc>,
    reason: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "update mail set next_try_at = $3, last_error = $4
         where brand_id = $1 and mail_id = $2 and failed_at is null",
        brand_id.uuid(),
        mail_id.uuid(),
        next,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a mail will not be taken, and forgets what it said.
pub async fn mark_failed(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mail_id: MailId,
    now: DateTime<Utc>,
    reason: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "update mail set failed_at = $3, body = '', last_error = $4
         where brand_id = $1 and mail_id = $2",
        brand_id.uuid(),
        mail_id.uuid(),
        now,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What waits to be handed over.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// When the one that waits longest was queued.
    pub oldest: Option<DateTime<Utc>>,
}

/// Measures the queue of every brand.
pub async fn measure_queue(conn: &mut PgConnection) -> Result<Waiting, Error> {
    let row = sqlx::query!(
        r#"select count(*) as "count!", min(created_at) as oldest from mail
         where sent_at is null and failed_at is null"#
    )
    .fetch_one(conn)
    .await?;
    Ok(Waiting {
        count: row.count,
        oldest: row.oldest,
    })
}

/// A mail as staff see it.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub mail_id: MailId,
    /// Which message.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// Whose account it is about.
    pub profile_id: Option<ProfileId>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// Not sent after this.
    pub expires_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: i32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was taken.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was given up.
    pub failed_at: Option<DateTime<Utc>>,
}

/// A brand's mails, the latest first, from the one after `before` on.
pub async fn list_mails(
    conn: &mut PgConnection,
    brand_id: BrandId,
    before: Option<MailId>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let rows = sqlx::query!(
        "select mail_id, kind, recipient, profile_id, created_at, expires_at, tries, last_error,
            sent_at, failed_at
         from mail where brand_id = $1 and ($2::uuid is null or mail_id < $2)
         order by mail_id desc limit $3",
        brand_id.uuid(),
        before.map(MailId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|row| Listed {
        mail_id: MailId::from_uuid(row.mail_id),
        kind: row.kind,
        recipient: row.recipient,
        profile_id: row.profile_id.map(ProfileId::from_uuid),
        created_at: row.created_at,
        expires_at: row.expires_at,
        tries: row.tries,
        last_error: row.last_error,
        sent_at: row.sent_at,
        failed_at: row.failed_at,
    });
    Ok(listed.collect())
}

/// A letter that was not handed over, sealed, and to whom it goes.
pub async fn find_letter(
    conn: &mut PgConnection,
    brand_id: BrandId,
    mail_id: MailId,
) -> Result<Option<(String, Vec<u8>)>, Error> {
    let row = sqlx::query!(
        "select recipient, body from mail where brand_id = $1 and mail_id = $2 and body <> ''",
        brand_id.uuid(),
        mail_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.recipient, row.body)))
}
