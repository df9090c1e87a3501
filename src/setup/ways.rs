//! Which ways in a brand offers beside its providers.

use serde_json::json;

use super::Change;
use super::connection::switch_connection;
use crate::brand::ways::Ways;
use crate::brand::{self, Brand};
use crate::federation::{Connection, MAILBOX, store};
use crate::kernel::id::ConnectionId;
use crate::postgres::{self, PgConnection};

/// The name of codes by mail, for people.
const MAILBOX_LABEL: &str = "Email";

/// Codes by mail stand below every real provider and above the test provider.
const MAILBOX_POSITION: i32 = 900;

/// Switches codes by mail on or off. A brand that never had them gets their connection when they are
/// switched on.
pub async fn switch_mailbox(
    conn: &mut PgConnection,
    change: Change<'_>,
    brand: &Brand,
    is_enabled: bool,
) -> Result<(), postgres::Error> {
    let brand_id = brand.brand_id;
    let found = store::find_connection_by_slug(conn, brand_id, MAILBOX).await?;
    match found {
        Some(connection) if connection.is_enabled == is_enabled => Ok(()),
        Some(connection) => switch_connection(conn, change, &connection, is_enabled).await,
        None if !is_enabled => Ok(()),
        None => {
            let connection = mailbox(brand, ConnectionId::new(change.at, change.entropy));
            store::insert_connection(conn, &connection, change.at).await?;
            let subject = connection.connection_id.to_string();
            let detail = json!({ "slug": MAILBOX, "provider": MAILBOX });
            change
                .record(conn, brand_id, "connection.created", subject, detail)
                .await
        }
    }
}

fn mailbox(brand: &Brand, connection_id: ConnectionId) -> Connection {
    Connection {
        brand_id: brand.brand_id,
        connection_id,
        slug: MAILBOX.to_owned(),
        provider: MAILBOX.to_owned(),
        label: MAILBOX_LABEL.to_owned(),
        client_id: String::new(),
        client_secret: None,
        issuer: None,
        authorize_url: None,
        token_url: None,
        userinfo_url: None,
        jwks_url: None,
        scopes: Vec::new(),
        claim_paths: json!({}),
        audiences: Vec::new(),
        particulars: json!({}),
        trusted_domains: Vec::new(),
        position: MAILBOX_POSITION,
        is_enabled: true,
    }
}

/// Lets the brand's people have passwords, or no more. Those they have are kept, and work again when
/// it is switched on again.
pub async fn switch_passwords(
    conn: &mut PgConnection,
    change: Change<'_>,
    brand: &Brand,
    is_enabled: bool,
) -> Result<(), postgres::Error> {
    let brand_id = brand.brand_id;
    let before = brand::ways_store::find_ways(conn, brand_id).await?;
    if before.passwords == is_enabled {
        return Ok(());
    }
    let ways = Ways {
        passwords: is_enabled,
    };
    brand::ways_store::upsert_ways(conn, brand_id, ways, change.at).await?;
    let action = if is_enabled {
        "passwords.enabled"
    } else {
        "passwords.disabled"
    };
    let subject = brand_id.to_string();
    change
        .record(conn, brand_id, action, subject, json!({}))
        .await
}
