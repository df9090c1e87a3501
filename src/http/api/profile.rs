//! `GET /api/v1/profiles/{id}`: who somebody is.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::caller::ProfilesRead;
use super::{Caller, customer};
use crate::app::SharedApp;
use crate::http::problem::Problem;
use crate::insight::Customer;
use crate::postgres;

pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller<ProfilesRead>,
    id: Path<String>,
) -> Result<Json<Value>, Problem> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let customer = customer(&mut conn, caller.brand_id, &id).await?;
    Ok(Json(in_json(&customer)))
}

/// A profile as the API shows it. Providers' raw answers stay out: the person's export has them.
pub(super) fn in_json(customer: &Customer) -> Value {
    let Customer {
        profile,
        emails,
        identities,
        aliases,
        consents,
    } = customer;
    let emails = emails.iter().map(|email| {
        json!({
            "address": email.address,
            "verified": email.verified_at.is_some(),
            "verified_at": email.verified_at,
            "source": email.source,
        })
    });
    let identities = identities.iter().map(|identity| {
        json!({
            "id": identity.identity_id,
            "connection": identity.connection_slug,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "created_at": identity.created_at,
            "last_used_at": identity.last_used_at,
        })
    });
    let aliases = aliases.iter().map(
        |alias| json!({ "kind": alias.kind, "alias": alias.alias, "created_at": alias.created_at }),
    );
    let consents = consents.iter().map(|consent| {
        json!({
            "purpose": consent.purpose,
            "granted": consent.granted,
            "text_version": consent.text_version,
            "decided_at": consent.decided_at,
        })
    });
    json!({
        "id": profile.profile_id,
        "status": profile.status.as_str(),
        "name": profile.name(),
        "display_name": profile.display_name,
        "given_name": profile.given_name,
        "family_name": profile.family_name,
        "picture_url": profile.picture_url,
        "locale": profile.locale,
        "traits": profile.traits,
        "first_encounter": profile.first_encounter,
        "known_since": profile.known_since,
        "created_at": profile.created_at,
        "last_seen_at": profile.last_seen_at,
        "emails": emails.collect::<Vec<_>>(),
        "identities": identities.collect::<Vec<_>>(),
        "aliases": aliases.collect::<Vec<_>>(),
        "consents": consents.collect::<Vec<_>>(),
    })
}
