//! Mail to customers: written in the transaction that gives rise to it, sent afterwards.
//!
//! Owns the `mail` table. [`queue`] renders a [`Message`] and stores it sealed, so that a request is
//! answered without waiting for a mail server and a crash loses no mail. Never decides who is told
//! what: callers do. Start with [`queue`]; [`sender`] is the worker that hands over what is queued.
//!
//! Where no mail server is set, mail is kept, and staff can read it in the dashboard. What was sent
//! or given up is wiped: nobody needs to read a code twice.

pub mod sender;
pub mod store;
pub mod transport;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{BrandId, MailId, ProfileId};
use crate::kernel::{Cipher, EmailAddress, Entropy};
use crate::postgres::{Error, PgConnection};
use crate::view::Colour;
use crate::view::language::Language;
use crate::view::mail::{NAME_CHARS_MAX, Sender, Written, one_line, write_letter};

pub use crate::view::mail::Message;

/// The most mails that anybody can have sent to one box by asking, within [`ASKED_WITHIN`] and for
/// one brand. Beyond it nothing is sent and nobody is told (A65).
pub const ASKED_MAX: i64 = 5;
/// See [`ASKED_MAX`].
pub const ASKED_WITHIN: TimeDelta = TimeDelta::hours(1);

/// What mail is written with.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// Seals what is stored: it may hold a code or a link.
    pub cipher: &'a Cipher,
    /// Makes ids.
    pub entropy: &'a Entropy,
    /// The reader's language.
    pub language: Language,
}

/// One mail.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// To whom.
    pub to: &'a EmailAddress,
    /// About whose account, if there is one.
    pub profile_id: Option<ProfileId>,
    /// What it says.
    pub message: Message,
    /// Now.
    pub at: DateTime<Utc>,
    /// After this it is not sent: what it holds works no longer.
    pub expires_at: DateTime<Utc>,
}

/// A stored letter: what [`Written`] holds, and the name it comes from.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// The brand's name, on one line.
    pub from: String,
    /// One line.
    pub subject: String,
    /// All of it, as plain text.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter(…)")
    }
}

/// A stored letter cannot be read: it was sealed under another key, or by a later version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored mail cannot be read: the installation's key is not the one it was stored under")]
pub struct Unreadable;

impl Letter {
    /// Opens what is stored under `mail_id`.
    pub fn open(
        cipher: &Cipher,
        brand_id: BrandId,
        mail_id: MailId,
        sealed: &[u8],
    ) -> Result<Self, Unreadable> {
        let plain = cipher
            .open(&context(brand_id, mail_id), sealed)
            .map_err(|_| Unreadable)?;
        serde_json::from_slice(&plain).map_err(|_| Unreadable)
    }

    fn seal(&self, cipher: &Cipher, brand_id: BrandId, mail_id: MailId) -> Vec<u8> {
        let plain = serde_json::to_vec(self).expect("texts become JSON");
        cipher.seal(&context(brand_id, mail_id), &plain)
    }
}

fn context(brand_id: BrandId, mail_id: MailId) -> String {
    format!("mail.body:{brand_id}:{mail_id}")
}

/// Queues a mail, in the caller's transaction. A new link to choose a password takes the place of
/// one that has not been sent yet. Beyond [`ASKED_MAX`] it quietly does nothing.
pub async fn queue(
    conn: &mut PgConnection,
    brand_id: BrandId,
    post: &Post<'_>,
    mail: Mail<'_>,
) -> Result<(), Error> {
    let is_asked = mail.message.is_asked();
    queue_counted(conn, brand_id, post, mail, is_asked).await
}

/// [`queue`] for mail asked for in a browser in which the account was signed in to before, whose
/// asking the caller has limited by itself: strangers who use up [`ASKED_MAX`] do not keep the owner
/// from it.
pub async fn queue_for_known(
    conn: &mut PgConnection,
    brand_id: BrandId,
    post: &Post<'_>,
    mail: Mail<'_>,
) -> Result<(), Error> {
    queue_counted(conn, brand_id, post, mail, false).await
}

async fn queue_counted(
    conn: &mut PgConnection,
    brand_id: BrandId,
    post: &Post<'_>,
    mail: Mail<'_>,
    is_asked: bool,
) -> Result<(), Error> {
    let mailbox = mailbox(mail.to);
    if is_asked {
        store::hold_mailbox(conn, brand_id, &mailbox).await?;
        let since = mail.at - ASKED_WITHIN;
        if store::count_asked(conn, brand_id, &mailbox, since).await? >= ASKED_MAX {
            tracing::info!(brand = %brand_id, kind = mail.message.kind(), "too many mails to one address; not sent");
            metrics::counter!("befriend_mail_total", "outcome" => "limited").increment(1);
            return Ok(());
        }
    }
    if matches!(mail.message, Message::PasswordReset { .. }) {
        let kind = mail.message.kind();
        store::supersede(conn, brand_id, mail.to, kind, mail.at).await?;
    }
    let sender = store::find_sender(conn, brand_id).await?;
    let letter = write(post.language, &sender, &mail.message);
    let mail_id = MailId::new(mail.at, post.entropy);
    let new = store::New {
        mail_id,
        kind: mail.message.kind(),
        is_asked,
        language: post.language.tag(),
        recipient: mail.to,
        mailbox: &mailbox,
        profile_id: mail.profile_id,
        body: letter.seal(post.cipher, brand_id, mail_id),
        created_at: mail.at,
        expires_at: mail.expires_at,
    };
    store::insert_mail(conn, brand_id, new).await
}

fn write(language: Language, sender: &Sender, message: &Message) -> Letter {
    let Written {
        subject,
        text,
        html,
    } = write_letter(language, sender, message);
    Letter {
        from: one_line(&sender.name, NAME_CHARS_MAX),
        subject,
        text,
        html,
    }
}

/// The box behind an address: many servers deliver `name+anything` to `name`.
fn mailbox(address: &EmailAddress) -> String {
    let domain = address.domain();
    let local = address
        .as_str()
        .strip_suffix(domain)
        .unwrap_or_default()
        .trim_end_matches('@');
    let name = match local.split_once('+') {
        Some((name, _)) if !name.is_empty() => name,
        _ => local,
    };
    format!("{name}@{domain}")
}

/// A brand's colour as stored; black should it ever not be one.
fn colour(text: &str) -> Colour {
    text.parse().unwrap_or(Colour::BLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a65_a_tag_does_not_make_another_box() {
        for (address, expected) in [
            ("mara@x.example", "mara@x.example"),
            ("Mara+one@X.example", "mara@x.example"),
            ("mara+one+two@x.example", "mara@x.example"),
            ("+one@x.example", "+one@x.example"),
        ] {
            let address = EmailAddress::parse(address).expect("an address");

            assert_eq!(mailbox(&address), expected);
        }
    }

    #[test]
    fn a_letter_opens_only_under_its_own_id() {
        let entropy = Entropy::seeded(1);
        let cipher = Cipher::new([1; 32], entropy.clone());
        let at = DateTime::UNIX_EPOCH;
        let (brand, mail) = (BrandId::new(at, &entropy), MailId::new(at, &entropy));
        let sender = Sender {
            name: "Bellmoor".to_owned(),
            colour: Colour::BLACK,
        };
        let letter = write(Language::English, &sender, &Message::PasswordChanged);

        let sealed = letter.seal(&cipher, brand, mail);

        let opened = Letter::open(&cipher, brand, mail, &sealed).expect("the same row");
        assert_eq!(opened.text, letter.text);
        let other = MailId::new(at, &entropy);
        assert!(Letter::open(&cipher, brand, other, &sealed).is_err());
    }
}
