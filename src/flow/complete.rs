//! What a decision writes. Everything of one decision is in the caller's transaction: the rows, the
//! facts that tell others, the audit entries, and the events that the stage engine reads.

use serde_json::json;

use super::decide::{LinkGround, Refusal};
use super::newcomer::profile_of;
use super::pending::{Newcomer, Pending};
use super::settle::{Answers, Outcome};
use super::store;
use super::visit::{Visit, Way};
use crate::audit::{self, Actor};
use crate::credential::{self, store::Kind};
use crate::federation::Connection;
use crate::kernel::EmailAddress;
use crate::kernel::id::ProfileId;
use crate::postgres::{Error, PgConnection};
use crate::profile;

/// Everything around a decision.
pub(super) struct Scene<'a> {
    pub(super) visit: Visit<'a>,
    pub(super) connection: &'a Connection,
    pub(super) newcomer: &'a Newcomer,
    pub(super) answers: Answers,
}

impl Scene<'_> {
    /// Lets in somebody known.
    pub(super) async fn sign_in(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
    ) -> Result<Outcome, Error> {
        self.touch_identity(conn).await?;
        let way = Way::through(self.connection);
        self.visit.admit(conn, profile_id, way, None).await
    }

    /// Adds the identity to a profile, and lets its owner in unless they are.
    pub(super) async fn link(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        ground: LinkGround,
    ) -> Result<Outcome, Error> {
        match ground {
            LinkGround::Address => {
                let way = Way::through(self.connection);
                let joins = Some(self.newcomer);
                return self.visit.admit(conn, profile_id, way, joins).await;
            }
            LinkGround::Already => self.touch_identity(conn).await?,
            LinkGround::Session => {
                let (newcomer, connection) = (self.newcomer, self.connection);
                self.visit
                    .add_identity(conn, profile_id, newcomer, connection)
                    .await?;
            }
        }
        self.visit.finish(conn).await?;
        Ok(Outcome::Linked(profile_id))
    }

    /// Adds the newcomer who waits to the profile that was just proven, and lets its owner in.
    pub(super) async fn link_awaited(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
    ) -> Result<Outcome, Error> {
        let Some(Pending::Link { newcomer, .. }) = &self.visit.flow.pending else {
            return Ok(Outcome::Refused(Refusal::Gone));
        };
        self.touch_identity(conn).await?;
        let way = Way::through(self.connection);
        self.visit
            .admit(conn, profile_id, way, Some(newcomer))
            .await
    }

    /// Makes a profile of the newcomer and opens its first session.
    pub(super) async fn create(
        &self,
        conn: &mut PgConnection,
        set_apart: &[ProfileId],
    ) -> Result<Outcome, Error> {
        let brand_id = self.visit.brand.brand_id;
        for other in set_apart {
            self.set_apart(conn, *other).await?;
        }
        let way = Way::through(self.connection);
        let profile_id = ProfileId::new(self.visit.now, self.visit.entropy);
        let claims = &self.newcomer.claims;
        let profile = profile_of(
            brand_id,
            profile_id,
            claims,
            self.connection,
            self.visit.now,
        );
        profile::store::insert_profile(conn, &profile).await?;
        self.visit
            .tell(
                conn,
                profile_id,
                "profile.created",
                json!({ "provider": self.connection.provider }),
            )
            .await?;
        self.visit
            .insert_identity(conn, profile_id, self.newcomer, self.connection)
            .await?;
        self.visit
            .say(conn, profile_id, "Signed Up", way.properties())
            .await?;
        if self.visit.brand.asks_terms {
            self.visit.consent(conn, profile_id, "terms").await?;
            if self.answers.accepts_marketing {
                self.visit.consent(conn, profile_id, "marketing").await?;
            }
        }
        self.visit.open_session(conn, profile_id, way, true).await
    }

    /// Notes that a known identity was used. Its addresses are left as they were: a provider's word
    /// after linking changes nothing here (A5).
    async fn touch_identity(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let brand_id = self.visit.brand.brand_id;
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
                profile::store::update_identity_use(conn, brand_id, id, &claims.raw, self.visit.now)
                    .await
            }
            None => Ok(()),
        }
    }

    /// Takes the address from a profile that never proved it, with everything that whoever made it
    /// could come back by (A6, A8, A10).
    async fn set_apart(&self, conn: &mut PgConnection, other: ProfileId) -> Result<(), Error> {
        let emails = self.newcomer.claims.verified_emails();
        let addresses: Vec<&str> = emails.map(EmailAddress::as_str).collect();
        let brand_id = self.visit.brand.brand_id;
        store::delete_unproven_email(conn, brand_id, other, &addresses, self.visit.now).await?;
        let all = [
            Kind::Password,
            Kind::Passkey,
            Kind::Totp,
            Kind::RecoveryCodes,
            Kind::TrustedDevice,
        ];
        credential::store::delete_credentials_of_kinds(conn, brand_id, other, &all).await?;
        let entry = audit::Entry {
            actor: Actor::System,
            action: "profile.set_apart",
            subject: other.to_string(),
            detail: json!({ "because": "somebody else proved the address" }),
            at: self.visit.now,
        };
        audit::store::insert_entry(conn, brand_id, self.visit.entropy, entry).await
    }
}
