//! What staff and operators make: brands, applications, connections, keys.
//!
//! Owns what belongs together when one of these begins or ends, in one transaction with its audit
//! entry, so that the dashboard and the command line do the same. Checks of what was typed stand
//! with each domain. Start with [`Change`], then [`insert_brand`].

pub mod connection;
pub mod ways;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::application::{self, Application};
use crate::audit::{self, Actor, Entry};
use crate::brand::{self, Brand};
use crate::kernel::id::{BrandId, KeyId};
use crate::kernel::{Cipher, Entropy, Secret};
use crate::key::{self, Grant, Presented};
use crate::postgres::{self, PgConnection};

/// The name of the key that every brand begins with.
pub const FIRST_KEY_NAME: &str = "Website";

/// Who makes a change, and when.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// For ids and secrets.
    pub entropy: &'a Entropy,
}

/// Something could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another brand has this short name.
    #[error("another brand has this short name")]
    SlugTaken,
    /// Another application of the brand has this client id.
    #[error("another application of this brand has this client id")]
    ClientIdTaken,
    /// Another connection of the brand has this short name.
    #[error("another connection of this brand has this short name")]
    ConnectionSlugTaken,
    /// The database failed.
    #[error(transparent)]
    Database(postgres::Error),
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        match error.constraint() {
            Some("brand_slug_key") => Self::SlugTaken,
            Some("application_client_id_key") => Self::ClientIdTaken,
            Some("connection_slug_key") => Self::ConnectionSlugTaken,
            Some(_) | None => Self::Database(error),
        }
    }
}

impl Change<'_> {
    /// Writes the audit entry of this change.
    pub async fn record(
        &self,
        conn: &mut PgConnection,
        brand_id: BrandId,
        action: &str,
        subject: String,
        detail: Value,
    ) -> Result<(), postgres::Error> {
        let entry = Entry {
            actor: self.actor,
            action,
            subject,
            detail,
            at: self.at,
        };
        audit::store::insert_entry(conn, brand_id, self.entropy, entry).await
    }
}

/// Writes a brand, the test provider as its first way in, and a key for its pages. Its rules are
/// written by whoever owns them, in the same transaction.
pub async fn insert_brand(
    conn: &mut PgConnection,
    change: Change<'_>,
    cipher: &Cipher,
    draft: brand::draft::Draft,
    is_demo: bool,
) -> Result<(Brand, Presented), Error> {
    let brand = draft.into_brand(is_demo, change.at, change.entropy);
    brand::store::insert_brand(conn, &brand).await?;
    let (id, subject) = (brand.brand_id, brand.brand_id.to_string());
    let detail = json!({ "slug": brand.slug, "name": brand.name });
    change
        .record(conn, id, "brand.created", subject, detail)
        .await?;
    connection::create_test_connection(conn, change, cipher, &brand).await?;
    let key = create_key(conn, change, id, (key::Kind::Browser, FIRST_KEY_NAME)).await?;
    Ok((brand, key))
}

/// Writes an application. Returns the secret that its server is given this once.
pub async fn create_application(
    conn: &mut PgConnection,
    change: Change<'_>,
    brand: &Brand,
    draft: application::draft::Draft,
) -> Result<(Application, Option<Secret>), Error> {
    let owner = (brand.brand_id, brand.slug.as_str());
    let (application, secret) = draft.into_application(owner, change.at, change.entropy);
    application::store::insert_application(conn, &application, change.at).await?;
    let subject = application.application_id.to_string();
    let detail = json!({
        "client_id": application.client_id,
        "kind": application.kind.as_str(),
        "redirect_uris": application.redirect_uris,
    });
    change
        .record(conn, brand.brand_id, "application.created", subject, detail)
        .await?;
    Ok((application, secret))
}

/// Changes what a brand decided about an application, from the next request on. Returns whether there
/// is such an application.
pub async fn change_application(
    conn: &mut PgConnection,
    change: Change<'_>,
    application: &Application,
    settings: &application::Settings,
) -> Result<bool, Error> {
    let (brand_id, id) = (application.brand_id, application.application_id);
    if !application::store::update_settings(conn, brand_id, id, settings).await? {
        return Ok(false);
    }
    let detail = json!({ "before": application.settings, "after": settings });
    change
        .record(
            conn,
            brand_id,
            "application.changed",
            id.to_string(),
            detail,
        )
        .await?;
    Ok(true)
}

/// Writes a key that may do all that its kind may. It is shown to its owner this once.
pub async fn create_key(
    conn: &mut PgConnection,
    change: Change<'_>,
    brand_id: BrandId,
    new: (key::Kind, &str),
) -> Result<Presented, Error> {
    create_key_with(conn, change, brand_id, new, &Grant::default()).await
}

/// Writes a key that may do what `grant` says of what its kind may.
pub async fn create_key_with(
    conn: &mut PgConnection,
    change: Change<'_>,
    brand_id: BrandId,
    (kind, name): (key::Kind, &str),
    grant: &Grant,
) -> Result<Presented, Error> {
    let presented =
        Presented::generate(kind, KeyId::new(change.at, change.entropy), change.entropy);
    key::store::insert_key(conn, brand_id, &presented, name, change.at).await?;
    let mut detail = json!({ "kind": kind.as_str(), "name": name });
    if *grant != Grant::default() {
        key::store::update_grant(conn, brand_id, presented.key_id, grant).await?;
        detail["grant"] = recorded(grant);
    }
    change
        .record(
            conn,
            brand_id,
            "key.created",
            presented.key_id.to_string(),
            detail,
        )
        .await?;
    Ok(presented)
}

/// Changes what a key may do, from the next use on. Returns whether there was one in force.
pub async fn change_grant(
    conn: &mut PgConnection,
    change: Change<'_>,
    brand_id: BrandId,
    key_id: KeyId,
    grant: &Grant,
) -> Result<bool, Error> {
    if !key::store::update_grant(conn, brand_id, key_id, grant).await? {
        return Ok(false);
    }
    let detail = json!({ "grant": recorded(grant) });
    change
        .record(conn, brand_id, "key.changed", key_id.to_string(), detail)
        .await?;
    Ok(true)
}

/// A grant as the record shows it.
fn recorded(grant: &Grant) -> Value {
    json!({
        "scopes": grant.scopes.stored(),
        "events": grant.events.entries(),
        "events_per_second": grant.events_per_second,
    })
}

/// Revokes a key, at once and for ever. Returns whether there was one to revoke.
pub async fn revoke_key(
    conn: &mut PgConnection,
    change: Change<'_>,
    brand_id: BrandId,
    key_id: KeyId,
) -> Result<bool, Error> {
    if !key::store::revoke_key(conn, brand_id, key_id, change.at).await? {
        return Ok(false);
    }
    let subject = key_id.to_string();
    change
        .record(conn, brand_id, "key.revoked", subject, json!({}))
        .await?;
    Ok(true)
}
