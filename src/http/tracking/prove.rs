//! Whether a browser's events come from a customer who is signed in.

use std::collections::HashMap;

use crate::app::App;
use crate::event::{Judged, Sender, Trust};
use crate::kernel::Secret;
use crate::kernel::id::{BrandId, ProfileId};
use crate::token::{Error, Expected};

/// The most tokens that one request has checked; a browser has one, or two around a sign-in.
const TOKENS_MAX: usize = 8;

/// Marks events of a browser key as proven where they, or the request, carry an ID token of ours for
/// the same brand. A token that proves nothing leaves the event unproven.
pub(super) async fn mark(
    app: &App,
    sender: &Sender,
    of_request: Option<&Secret>,
    items: &mut [Judged],
) -> Result<(), crate::postgres::Error> {
    if sender.trust == Trust::Trusted {
        return Ok(());
    }
    let mut checked: HashMap<String, Option<ProfileId>> = HashMap::new();
    for item in items {
        let Judged::Accepted(event) = item else {
            continue;
        };
        let Some(token) = event.id_token.as_ref().or(of_request) else {
            continue;
        };
        if event.user_id.is_none() {
            continue;
        }
        event.proven = match checked.get(token.expose()) {
            Some(known) => *known,
            None if checked.len() >= TOKENS_MAX => None,
            None => {
                let proven = prove(app, sender.brand_id, token).await?;
                checked.insert(token.expose().to_owned(), proven);
                proven
            }
        };
    }
    Ok(())
}

/// The profile that `token` proves to be signed in at the brand.
async fn prove(
    app: &App,
    brand_id: BrandId,
    token: &Secret,
) -> Result<Option<ProfileId>, crate::postgres::Error> {
    let expected = Expected {
        issuer: app.config.issuer(),
        audience: None,
        now: app.clock.now(),
    };
    match app
        .keyring
        .verify_id_token(&app.pool, token.expose(), expected)
        .await
    {
        Ok(claims) if claims.brand_id == brand_id => Ok(Some(claims.subject)),
        Ok(_) | Err(Error::Token(_)) => Ok(None),
        Err(Error::Database(error)) => Err(error),
        Err(error @ Error::Sealed(_)) => {
            tracing::error!(%error, "no event of a browser can be proven");
            Ok(None)
        }
    }
}
