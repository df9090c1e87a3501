//! What ways in have in common: letting in whoever is proven, and what that writes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::decide::Refusal;
use super::pending::{Asker, Newcomer, Pending};
use super::settle::{Browser, Outcome};
use super::store::OwnEvent;
use super::{Flow, store};
use crate::audit::{self, Actor};
use crate::brand::Brand;
use crate::credential::store::{Credential, Kind};
use crate::credential::{self, password};
use crate::federation::{self, Connection};
use crate::kernel::id::{ConsentId, CredentialId, EventId, IdentityId, ProfileId, SessionId};
use crate::kernel::secret::sha256;
use crate::kernel::{EmailAddress, Entropy, Secret};
use crate::mail::{self, Mail, Message};
use crate::outbox::{self, Fact};
use crate::postgres::{Error, PgConnection};
use crate::profile::{self, Consent, NewEmail, NewIdentity};
use crate::session::{self, Method, Session};

/// Which wording of the consent page a consent was given to. Change it with the wording.
pub(super) const CONSENT_TEXT_VERSION: &str = "sign-up-1";
/// How long a mail that only tells of something is worth sending.
const NOTICE_LIFE: TimeDelta = TimeDelta::days(3);

/// The most boxes that one thing is told to.
const BOXES_MAX: usize = 10;

/// A browser within a flow.
#[derive(Clone, Copy)]
pub(super) struct Visit<'a> {
    pub(super) brand: &'a Brand,
    pub(super) flow: &'a Flow,
    pub(super) browser: Browser<'a>,
    pub(super) now: DateTime<Utc>,
    pub(super) entropy: &'a Entropy,
}

/// How somebody proved who they are.
#[derive(Clone, Copy)]
pub(super) struct Way<'w> {
    pub(super) method: Method,
    /// Through which connection, if through one.
    pub(super) connection: Option<&'w Connection>,
    /// Whether a second factor was given, or the proof itself was two.
    pub(super) has_second_factor: bool,
}

impl<'w> Way<'w> {
    /// What somebody came by through a connection.
    pub(super) fn through(connection: &'w Connection) -> Self {
        Self {
            method: method_of(connection),
            connection: Some(connection),
            has_second_factor: false,
        }
    }

    /// For events.
    pub(super) fn properties(&self) -> Value {
        let method = self.method.as_str();
        match (self.method, self.connection) {
            (Method::Social, Some(connection)) => {
                json!({ "method": method, "provider": connection.provider })
            }
            _ => json!({ "method": method }),
        }
    }
}

fn method_of(connection: &Connection) -> Method {
    if connection.is_mailbox() {
        Method::Email
    } else {
        Method::Social
    }
}

impl Visit<'_> {
    /// Lets in somebody who is proven: at once, or once they give their second factor (A34).
    /// `joins` is linked to their profile then, not before.
    pub(super) async fn admit(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        way: Way<'_>,
        joins: Option<&Newcomer>,
    ) -> Result<Outcome, Error> {
        let asker = self.flow.pending.as_ref().and_then(Pending::asker);
        if !way.has_second_factor && self.asks_second_factor(conn, profile_id).await? {
            let pending = Pending::SecondFactor {
                profile_id,
                method: way.method,
                connection_id: way.connection.map(|connection| connection.connection_id),
                joins: joins.cloned(),
                asker,
            };
            self.wait_for(conn, &pending).await?;
            return Ok(Outcome::AskSecondFactor);
        }
        if let Some(asker) = asker {
            return self.ask_to_merge(conn, asker, profile_id).await;
        }
        if let Some(newcomer) = joins
            && let Some(refusal) = self.join(conn, profile_id, newcomer).await?
        {
            return Ok(Outcome::Refused(refusal));
        }
        self.say(conn, profile_id, "Signed In", way.properties())
            .await?;
        self.open_session(conn, profile_id, way, false).await
    }

    /// Asks whoever began the flow whether the account that was just proven and theirs are to become
    /// one. Nobody else is signed in by it, and only that very session goes on (A14).
    async fn ask_to_merge(
        &self,
        conn: &mut PgConnection,
        asker: Asker,
        other: ProfileId,
    ) -> Result<Outcome, Error> {
        if let Some(refusal) = asker.refusal(self.browser, self.now) {
            return Ok(Outcome::Refused(refusal));
        }
        if asker.profile_id == other {
            self.finish(conn).await?;
            return Ok(Outcome::Linked(other));
        }
        self.wait_for(conn, &Pending::Merge { asker, other })
            .await?;
        Ok(Outcome::AskToMerge)
    }

    /// A browser that was trusted is not asked, unless its person is to prove again who they are.
    async fn asks_second_factor(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
    ) -> Result<bool, Error> {
        let brand_id = self.brand.brand_id;
        if !credential::store::has_second_factor(conn, brand_id, profile_id).await? {
            return Ok(false);
        }
        let device = self.browser.device.filter(|_| self.flow.again.is_none());
        let Some(device) = device else {
            return Ok(true);
        };
        let now = self.now;
        let is_trusted =
            credential::store::is_trusted_device(conn, brand_id, profile_id, device, now).await?;
        Ok(!is_trusted)
    }

    /// Links a newcomer to a profile whose owner is proven. Why not, if not.
    async fn join(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        newcomer: &Newcomer,
    ) -> Result<Option<Refusal>, Error> {
        let brand_id = self.brand.brand_id;
        let connection_id = newcomer.connection_id;
        let found = federation::store::find_connection(conn, brand_id, connection_id).await?;
        let Some(connection) = found.filter(|connection| connection.is_enabled) else {
            return Ok(Some(Refusal::ConnectionDisabled));
        };
        let claims = &newcomer.claims;
        let (issuer, subject) = (&claims.issuer, &claims.subject);
        let taken =
            profile::store::find_identity(conn, brand_id, connection_id, issuer, subject).await?;
        if taken.is_some() {
            return Ok(Some(Refusal::IdentityTaken));
        }
        self.add_identity(conn, profile_id, newcomer, &connection)
            .await?;
        Ok(None)
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

    pub(super) async fn finish(&self, conn: &mut PgConnection) -> Result<(), Error> {
        store::update_finished(conn, self.brand.brand_id, self.flow.flow_id, self.now).await
    }

    /// Opens a session under a new token, and ends the one that the browser held: whatever was in
    /// the browser before signing in opens nothing afterwards (A66). A flow that renews a session
    /// gives that one the new token instead.
    pub(super) async fn open_session(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        way: Way<'_>,
        is_new: bool,
    ) -> Result<Outcome, Error> {
        let brand_id = self.brand.brand_id;
        let renewed = self.browser.session.filter(|session| {
            let again = self.flow.again.as_ref();
            session.profile_id == profile_id
                && again.is_some_and(|again| again.session_id == session.session_id)
        });
        let opened = Session {
            brand_id,
            session_id: renewed.map_or_else(
                || SessionId::new(self.now, self.entropy),
                |session| session.session_id,
            ),
            profile_id,
            connection_id: way.connection.map(|connection| connection.connection_id),
            method: way.method,
            authenticated_at: self.now,
            second_factor_at: way.has_second_factor.then_some(self.now),
            created_at: renewed.map_or(self.now, |session| session.created_at),
        };
        let token = Secret::random(self.entropy);
        if renewed.is_some() {
            session::store::renew_session(conn, &opened, &token).await?;
        } else {
            if let Some(before) = self.browser.session {
                session::store::end_session(conn, brand_id, before.session_id, self.now).await?;
            }
            let user_agent = self.browser.user_agent;
            session::store::insert_session(conn, &opened, &token, user_agent).await?;
        }
        profile::store::update_last_seen(conn, brand_id, profile_id, self.now).await?;
        let detail = json!({
            "session_id": opened.session_id,
            "connection": way.connection.map(|connection| &connection.slug),
            "method": way.method.as_str(),
        });
        let what = match renewed {
            Some(_) => "session.renewed",
            None => "session.opened",
        };
        self.tell(conn, profile_id, what, detail).await?;
        if let Some(carried) = &self.flow.carries {
            self.set_password(conn, profile_id, &carried.password)
                .await?;
        }
        self.finish(conn).await?;
        Ok(Outcome::SignedIn {
            token,
            profile_id,
            is_new,
        })
    }

    /// Gives a profile that has no password the one that was chosen on the way in. One that has one
    /// keeps it: whoever forgot it chooses another by mail.
    async fn set_password(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        hash: &str,
    ) -> Result<(), Error> {
        let brand_id = self.brand.brand_id;
        let kind = Kind::Password;
        let before = credential::store::lock_credential(conn, brand_id, profile_id, kind).await?;
        if before.is_some() {
            return Ok(());
        }
        let password = Credential {
            brand_id,
            credential_id: CredentialId::new(self.now, self.entropy),
            profile_id,
            kind,
            name: String::new(),
            handle: None,
            data: password::data_of(hash),
            created_at: self.now,
            last_used_at: None,
        };
        credential::store::insert_credential(conn, &password).await?;
        let detail = json!({ "kind": kind.as_str() });
        self.tell(conn, profile_id, "credential.added", detail)
            .await
    }

    /// Links an identity to a profile that exists, and tells of it.
    pub(super) async fn add_identity(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        newcomer: &Newcomer,
        connection: &Connection,
    ) -> Result<(), Error> {
        self.insert_identity(conn, profile_id, newcomer, connection)
            .await?;
        let detail = json!({ "connection": connection.slug });
        self.tell(conn, profile_id, "identity.linked", detail)
            .await?;
        if !connection.is_mailbox() {
            let properties = json!({ "provider": connection.provider });
            self.say(conn, profile_id, "Social Profile Linked", properties)
                .await?;
        }
        self.tell_owner(conn, profile_id, &connection.label).await
    }

    /// Writes to every address that the profile has proven that something more signs in to it.
    async fn tell_owner(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        what: &str,
    ) -> Result<(), Error> {
        let brand_id = self.brand.brand_id;
        let emails = profile::store::list_emails(conn, brand_id, profile_id).await?;
        let proven = emails.iter().filter(|email| email.verified_at.is_some());
        for email in proven.take(BOXES_MAX) {
            // What is stored is canonical, so that it can always be read.
            let Ok(to) = EmailAddress::parse(&email.address) else {
                continue;
            };
            let mail = Mail {
                to: &to,
                profile_id: Some(profile_id),
                message: Message::WayAdded {
                    what: what.to_owned(),
                },
                at: self.now,
                expires_at: self.now + NOTICE_LIFE,
            };
            mail::queue(conn, brand_id, &self.browser.post, mail).await?;
        }
        Ok(())
    }

    pub(super) async fn insert_identity(
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

    /// An interaction, as if the brand had tracked it.
    pub(super) async fn say(
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
    pub(super) async fn tell(
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

    /// A consent given while signing up.
    pub(super) async fn consent(
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
}
