//! Whether providers answer, and whether our secrets there can still be read.

use super::{Finding, with_cause};
use crate::brand;
use crate::config::Config;
use crate::egress::{Egress, Policy};
use crate::federation::{Connection, Federation, catalogue, store};
use crate::kernel::{Cipher, Clock, Entropy};
use crate::postgres::{Error, PgConnection};

/// The most connections that are tried.
const CONNECTIONS_MAX: usize = 50;

const WHAT: &str = "provider";

/// One finding for each connection that is switched on and leads outside.
pub(super) async fn check(
    conn: &mut PgConnection,
    config: &Config,
    key: Option<[u8; 32]>,
) -> Vec<Finding> {
    let connections = match list(conn).await {
        Ok(connections) => connections,
        Err(error) => return vec![Finding::bad(WHAT, with_cause(&error), "Ask again.")],
    };
    let egress = Egress::new(Policy::new(config.egress_allows_private), None);
    // The built-in provider is left out above, so nobody asks for its issuer.
    let federation = Federation::new(egress, String::new());
    let cipher = key.map(|key| Cipher::new(key, Entropy::system()));
    let mut findings = Vec::new();
    for (slug, connection) in connections.iter().take(CONNECTIONS_MAX) {
        findings.push(judge(&federation, cipher.as_ref(), slug, connection).await);
    }
    findings
}

async fn list(conn: &mut PgConnection) -> Result<Vec<(String, Connection)>, Error> {
    let mut found = Vec::new();
    for brand in brand::store::list_brands(conn).await? {
        let connections = store::list_connections(conn, brand.brand_id).await?;
        found.extend(
            connections
                .into_iter()
                .filter(|connection| connection.is_enabled)
                .filter(|connection| connection.provider != catalogue::TEST)
                // Codes by mail come from here.
                .filter(|connection| !connection.is_mailbox())
                .map(|connection| (brand.slug.clone(), connection)),
        );
    }
    Ok(found)
}

async fn judge(
    federation: &Federation,
    cipher: Option<&Cipher>,
    brand_slug: &str,
    connection: &Connection,
) -> Finding {
    let name = format!("{} of {brand_slug}", connection.label);
    if let Some(Err(error)) = cipher.map(|cipher| connection.secret(cipher)) {
        return Finding::bad(
            WHAT,
            format!("{name}: {error}"),
            "Put back the installation key that it was stored under, or make the connection anew.",
        );
    }
    match federation.probe(connection, Clock::system().now()).await {
        Ok(()) => Finding::good(WHAT, format!("{name} answers")),
        Err(error) => Finding::bad(
            WHAT,
            format!("{name}: {}", with_cause(&error)),
            "Check that this machine reaches it, and that the issuer or the URLs are right.",
        ),
    }
}
