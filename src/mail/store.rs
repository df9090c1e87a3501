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
        "update mail set failed_at = $4, last_error = 'a newer mail took its place'
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
