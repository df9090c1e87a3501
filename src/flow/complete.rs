//! What a decision writes. Everything of one decision is in the caller's transaction: the rows, the
//! facts that tell others, the audit entries, and the events that the stage engine reads.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::decide::{LinkGround, Refusal};
use super::newcomer::profile_of;
use super::pending::{Newcomer, Pending};
use super::settle::{Answers, Browser, Outcome};
use super::store::OwnEvent;
use super::{Flow, store};
use crate::audit::{self, Actor};
use crate::brand::Brand;
use crate::federation::{self, Connection};
use crate::kernel::id::{ConsentId, EventId, IdentityId, ProfileId, SessionId};
use crate::kernel::secret::sha256;
use crate::kernel::{EmailAddress, Entropy, Secret};
use crate::outbox::{self, Fact};
use crate::postgres::{Error, PgConnection};
use crate::profile::{self, Consent, NewEmail, NewIdentity};
use crate::session::{self, Session};

/// Which wording of the consent page a consent was given to. Change it with the wording.
pub(super) const CONSENT_TEXT_VERSION: &str = "sign-up-1";

/// Everything around a decision.
pub(super) struct Scene<'a> {
    pub(super) brand: &'a Brand,
    pub(super) flow: &'a Flow,
    pub(super) connection: &'a Connection,
    pub(super) newcomer: &'a Newcomer,
    pub(super) answers: Answers,
    pub(super) browser: Browser<'a>,
    pub(super) now: DateTime<Utc>,
    pub(super) entropy: &'a Entropy,
}

impl Scene<'_> {
    /// Opens a session for somebody known.
    pub(super) async fn sign_in(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
    ) -> Result<Outcome, Error> {
        self.touch_identity(conn).await?;
        self.say(conn, profile_id, "Signed In", self.way()).await?;
        self.open_session(conn, profile_id, false).await
    }

    /// Adds the identity to a profile, and opens a session unless one is there.
    pub(super) async fn link(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        ground: LinkGround,
    ) -> Result<Outcome, Error> {
        match ground {
            LinkGround::Already => self.touch_identity(conn).await?,
            LinkGround::Session | LinkGround::Address => {
                self.add_identity(conn, profile_id, self.newcomer, self.connection)
                    .await?;
            }
        }
        match ground {
            LinkGround::Session | LinkGround::Already => {
                self.finish(conn).await?;
                Ok(Outcome::Linked(profile_id))
            }
            LinkGround::Address => {
                self.say(conn, profile_id, "Signed In", self.way()).await?;
                self.open_session(conn, profile_id, false).await
            }
        }
    }

    /// Adds the newcomer who waits to the profile that was just proven, and opens a session.
    pub(super) async fn link_awaited(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
    ) -> Result<Outcome, Error> {
        let Some(Pending::Link { newcomer, .. }) = &self.flow.pending else {
            return Ok(Outcome::Refused(Refusal::Gone));
        };
        let brand_id = self.brand.brand_id;
        let found =
            federation::store::find_connection(conn, brand_id, newcomer.connection_id).await?;
        let Some(connection) = found.filter(|connection| connection.is_enabled) else {
            return Ok(Outcome::Refused(Refusal::ConnectionDisabled));
        };
        let taken = profile::store::find_identity(
            conn,
            brand_id,
            newcomer.connection_id,
            &newcomer.claims.issuer,
            &newcomer.claims.subject,
        )
        .await?;
        if taken.is_some() {
            return Ok(Outcome::Refused(Refusal::IdentityTaken));
        }
        self.add_identity(conn, profile_id, newcomer, &connection)
            .await?;
        self.sign_in(conn, profile_id).await
    }

    /// Makes a profile of the newcomer and opens its first session.
    pub(super) async fn create(
        &self,
        conn: &mut PgConnection,
        set_apart: &[ProfileId],
    ) -> Result<Outcome, Error> {
        let brand_id = self.brand.brand_id;
        for other in set_apart {
            self.set_apart(conn, *other).await?;
        }
        let profile_id = ProfileId::new(self.now, self.entropy);
        let claims = &self.newcomer.claims;
        let profile = profile_of(brand_id, profile_id, claims, self.connection, self.now);
        profile::store::insert_profile(conn, &profile).await?;
        self.tell(
            conn,
            profile_id,
            "profile.created",
            json!({ "provider": self.connection.provider }),
        )
        .await?;
        self.insert_identity(conn, profile_id, self.newcomer, self.connection)
            .await?;
        self.say(conn, profile_id, "Signed Up", self.way()).await?;
        if self.brand.asks_terms {
            self.consent(conn, profile_id, "terms").await?;
            if self.answers.accepts_marketing {
                self.consent(conn, profile_id, "marketing").await?;
            }
        }
        self.open_session(conn, profile_id, true).await
    }

    /// Notes what the flow waits for.
    pub(super) async fn wait_for(
        &self,
        conn: &mut PgConnection,
        pending: &Pending,
    ) -> Result<(), Error> {
        let flow_id = self.flow.flow_id;
        store::update_pending(conn, self.brand.brand_id, flow_id, Some(pending)).await
    }

    async fn finish(&self, conn: &mut PgConnection) -> Result<(), Error> {
        store::update_finished(conn, self.brand.brand_id, self.flow.flow_id, self.now).await
    }

    /// Opens a session under a new token, and ends the one that the browser held: whatever was in
    /// the browser before signing in opens nothing afterwards (A66).
    async fn open_session(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        is_new: bool,
    ) -> Result<Outcome, Error> {
        let brand_id = self.brand.brand_id;
        if let Some(before) = self.browser.session {
            session::store::end_session(conn, brand_id, before.session_id, self.now).await?;
        }
        let opened = Session {
            brand_id,
            session_id: SessionId::new(self.now, self.entropy),
            profile_id,
            connection_id: Some(self.connection.connection_id),
            authenticated_at: self.now,
            created_at: self.now,
        };
        let token = Secret::random(self.entropy);
        session::store::insert_session(conn, &opened, &token, self.browser.user_agent).await?;
        profile::store::update_last_seen(conn, brand_id, profile_id, self.now).await?;
        let detail = json!({
            "session_id": opened.session_id,
            "connection": self.connection.slug,
        });
        self.tell(conn, profile_id, "session.opened", detail)
            .await?;
        self.finish(conn).await?;
        Ok(Outcome::SignedIn {
            token,
            profile_id,
            is_new,
        })
    }

    /// Notes that a known identity was used. Its addresses are left as they were: a provider's word
    /// after linking changes nothing here (A5).
    async fn touch_identity(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let brand_id = self.brand.brand_id;
        let claims = &self.newcomer.claims;
        let connection_id = self.connection.connection_id;
        let found = profile::store::find_identity(
            conn,
            brand_id,
            connection_id,
            &claims.issuer,
            &claims.subject,
        )
        .await?;
        match found {
            Some(identity) => {
                let id = identity.identity_id;
                profile::store::update_identity_use(conn, brand_id, id, &claims.raw, self.now).await
            }
            None => Ok(()),
        }
    }

    /// Links an identity to a profile that exists, and tells of it.
    async fn add_identity(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        newcomer: &Newcomer,
        connection: &Connection,
    ) -> Result<(), Error> {
        self.insert_identity(conn, profile_id, newcomer, connection)
            .await?;
        let detail = json!({ "connection": connection.slug });
        self.tell(conn, profile_id, "identity.linked", detail).await
    }

    async fn insert_identity(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        newcomer: &Newcomer,
        connection: &Connection,
    ) -> Result<(), Error> {
        let brand_id = self.brand.brand_id;
        let identity = NewIdentity {
            identity_id: IdentityId::new(self.now, self.entropy),
            profile_id,
            connection_id: connection.connection_id,
            issuer: &newcomer.claims.issuer,
            subject: &newcomer.claims.subject,
            raw_claims: &newcomer.claims.raw,
            at: self.now,
        };
        profile::store::insert_identity(conn, brand_id, &identity).await?;
        for email in &newcomer.claims.emails {
            let email = NewEmail {
                address: &email.address,
                is_verified: email.is_verified,
                source: &connection.slug,
                at: self.now,
            };
            profile::store::upsert_email(conn, brand_id, profile_id, email).await?;
        }
        Ok(())
    }

    /// Takes the address from a profile that never proved it, and signs that profile out (A6, A10).
    async fn set_apart(&self, conn: &mut PgConnection, other: ProfileId) -> Result<(), Error> {
        let emails = self.newcomer.claims.verified_emails();
        let addresses: Vec<&str> = emails.map(EmailAddress::as_str).collect();
        let brand_id = self.brand.brand_id;
        store::delete_unproven_email(conn, brand_id, other, &addresses, self.now).await?;
        let entry = audit::Entry {
            actor: Actor::System,
            action: "profile.set_apart",
            subject: other.to_string(),
            detail: json!({ "because": "somebody else proved the address" }),
            at: self.now,
        };
        audit::store::insert_entry(conn, brand_id, self.entropy, entry).await
    }

    async fn consent(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        purpose: &str,
    ) -> Result<(), Error> {
        let consent = Consent {
            consent_id: ConsentId::new(self.now, self.entropy),
            purpose: purpose.to_owned(),
            granted: true,
            text_version: CONSENT_TEXT_VERSION.to_owned(),
            surface: "sign-up".to_owned(),
            proof: json!({
                "flow_id": self.flow.flow_id,
                "terms_url": self.brand.terms_url,
                "privacy_url": self.brand.privacy_url,
            }),
            decided_at: self.now,
        };
        let brand_id = self.brand.brand_id;
        profile::store::insert_consent(conn, brand_id, profile_id, &consent).await?;
        let detail = json!({ "purpose": purpose });
        self.tell(conn, profile_id, "consent.given", detail).await?;
        let properties = json!({ "purpose": purpose, "surface": "sign-up" });
        self.say(conn, profile_id, "Consent Given", properties)
            .await
    }

    /// How the person came, for events.
    fn way(&self) -> Value {
        json!({ "method": "social", "provider": self.connection.provider })
    }

    /// An interaction, as if the brand had tracked it.
    async fn say(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        name: &str,
        properties: Value,
    ) -> Result<(), Error> {
        let payload = json!({ "userId": profile_id, "properties": properties });
        let id = EventId::new(self.now, self.entropy).uuid();
        let event = OwnEvent {
            message_id: &format!("befriend-{}", id.hyphenated()),
            profile_id,
            name,
            payload: &payload,
            payload_hash: sha256(payload.to_string().as_bytes()),
            at: self.now,
        };
        store::insert_own_event(conn, self.brand.brand_id, event).await
    }

    /// A fact for followers and an entry for the record.
    async fn tell(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        what: &'static str,
        detail: Value,
    ) -> Result<(), Error> {
        let brand_id = self.brand.brand_id;
        let fact = Fact {
            kind: what,
            profile_id: Some(profile_id),
            payload: detail.clone(),
            at: self.now,
        };
        outbox::insert_fact(conn, brand_id, self.entropy, fact).await?;
        let entry = audit::Entry {
            actor: Actor::Customer(profile_id),
            action: what,
            subject: profile_id.to_string(),
            detail,
            at: self.now,
        };
        audit::store::insert_entry(conn, brand_id, self.entropy, entry).await
    }
}
