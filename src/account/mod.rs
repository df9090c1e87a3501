//! What becomes of an account once somebody has it: ways in taken away, two joined into one and taken
//! apart again, what is known handed out, and all of it forgotten.
//!
//! Owns the tables `profile_merge`, `erasure` and `known_device`. Whoever calls has settled who asks
//! and whether they proved it lately; here is settled what may happen, in one transaction with the
//! facts, the audit entry and the mail that tell of it. Never merges by an event: two people with a
//! way in each are joined by their owner, who proved both, or by staff, who say why. Start with
//! [`Change`], then [`mod@merge`].

mod device_store;
pub mod devices;
pub mod erase_store;
pub mod erasure;
mod erasure_store;
pub mod export;
mod export_store;
pub mod merge;
mod merge_store;
mod store;
pub mod unlink;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::audit::{self, Actor};
use crate::brand::Brand;
use crate::event::own_store::{OwnEvent, insert_own_event};
use crate::kernel::id::{EventId, ProfileId};
use crate::kernel::secret::sha256;
use crate::kernel::{EmailAddress, Entropy, Secret};
use crate::mail::{self, Mail, Message, Post};
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};

/// How long a mail that only tells of something is worth sending.
const NOTICE_LIFE: TimeDelta = TimeDelta::days(3);

/// The most boxes that one thing is told to.
const BOXES_MAX: usize = 10;

/// Something that is done to an account of a brand: by whom, when, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// At which brand.
    pub brand: &'a Brand,
    /// By whom.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// What mail is written with.
    pub post: Post<'a>,
    /// Where links begin: the public URL without its final slash.
    pub issuer: &'a str,
}

impl Change<'_> {
    const fn entropy(&self) -> &Entropy {
        self.post.entropy
    }

    /// Writes the audit entry, and the fact for those who follow.
    async fn tell(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        what: &'static str,
        payload: Value,
        detail: Value,
    ) -> Result<(), postgres::Error> {
        let brand_id = self.brand.brand_id;
        let fact = Fact {
            kind: what,
            profile_id: Some(profile_id),
            payload,
            at: self.at,
        };
        outbox::insert_fact(conn, brand_id, self.entropy(), fact).await?;
        let entry = audit::Entry {
            actor: self.actor,
            action: what,
            subject: profile_id.to_string(),
            detail,
            at: self.at,
        };
        audit::store::insert_entry(conn, brand_id, self.entropy(), entry).await
    }

    /// Writes an interaction, as if the brand had tracked it.
    async fn say(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        name: &str,
        properties: Value,
    ) -> Result<(), postgres::Error> {
        let payload = json!({ "userId": profile_id, "properties": properties });
        let id = EventId::new(self.at, self.entropy()).uuid();
        let event = OwnEvent {
            message_id: &format!("befriend-{}", id.hyphenated()),
            profile_id,
            name,
            payload: &payload,
            payload_hash: sha256(payload.to_string().as_bytes()),
            at: self.at,
        };
        insert_own_event(conn, self.brand.brand_id, event).await
    }

    /// Writes to the addresses that these profiles have proven; to each box once.
    async fn write_to(
        &self,
        conn: &mut PgConnection,
        boxes: &[(ProfileId, EmailAddress)],
        message: &Message,
        expires_at: DateTime<Utc>,
    ) -> Result<(), postgres::Error> {
        let mut told: Vec<&EmailAddress> = Vec::new();
        for (profile_id, address) in boxes {
            if told.contains(&address) || told.len() == BOXES_MAX {
                continue;
            }
            told.push(address);
            let mail = Mail {
                to: address,
                profile_id: Some(*profile_id),
                message: message.clone(),
                at: self.at,
                expires_at,
            };
            mail::queue(conn, self.brand.brand_id, &self.post, mail).await?;
        }
        Ok(())
    }

    /// Tells a profile of something at every address that it has proven.
    async fn notify(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        message: &Message,
    ) -> Result<(), postgres::Error> {
        let boxes = store::list_boxes(conn, self.brand.brand_id, &[profile_id]).await?;
        self.write_to(conn, &boxes, message, self.at + NOTICE_LIFE)
            .await
    }

    /// The address of a page that takes something back.
    fn undo_link(&self, secret: &Secret) -> String {
        format!(
            "{}/me/undo?brand={}&token={}",
            self.issuer,
            self.brand.slug,
            secret.expose()
        )
    }
}
