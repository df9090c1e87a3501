//! What is kept of a newcomer. Pure.
//!
//! The consent page lists exactly this, so nothing is stored that was not shown.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::federation::{Connection, NormalClaims};
use crate::kernel::id::{BrandId, ProfileId};
use crate::profile::{Profile, Status};

/// The profile that is made of what a provider says.
pub(super) fn profile_of(
    brand_id: BrandId,
    profile_id: ProfileId,
    claims: &NormalClaims,
    connection: &Connection,
    at: DateTime<Utc>,
) -> Profile {
    Profile {
        brand_id,
        profile_id,
        status: Status::Active,
        merged_into: None,
        display_name: claims.name(),
        given_name: claims.given_name.clone(),
        family_name: claims.family_name.clone(),
        picture_url: claims.picture_url.clone(),
        locale: claims.locale.clone(),
        traits: traits_of(claims),
        first_encounter: json!({
            "channel": "sign_in",
            "connection": connection.slug,
            "provider": connection.provider,
        }),
        known_since: Some(at),
        created_at: at,
        last_seen_at: at,
    }
}

/// Extras, by the names that tracking calls use for them.
fn traits_of(claims: &NormalClaims) -> Value {
    let traits: Map<String, Value> = extras(claims)
        .into_iter()
        .filter_map(|(name, _, value)| Some((name.to_owned(), json!(value?))))
        .collect();
    Value::Object(traits)
}

/// Extras: the trait's name, its name for people, and its value.
fn extras(claims: &NormalClaims) -> [(&'static str, &'static str, Option<&str>); 6] {
    [
        ("username", "User name", claims.username.as_deref()),
        ("phone", "Telephone number", claims.phone.as_deref()),
        ("website", "Profile page", claims.profile_url.as_deref()),
        ("timezone", "Time zone", claims.zone.as_deref()),
        ("gender", "Gender", claims.gender.as_deref()),
        ("birthday", "Birthday", claims.birthdate.as_deref()),
    ]
}

/// What would be stored, each with its name for people: for the page that asks.
pub fn stored_items(claims: &NormalClaims) -> Vec<(&'static str, String)> {
    let mut items = Vec::new();
    items.extend(claims.name().map(|name| ("Name", name)));
    for email in &claims.emails {
        let name = if email.is_verified {
            "Email address"
        } else {
            "Email address, not verified"
        };
        items.push((name, email.address.as_str().to_owned()));
    }
    let urls = [
        ("Picture", claims.picture_url.clone()),
        ("Language", claims.locale.clone()),
    ];
    for (name, value) in urls {
        items.extend(value.map(|value| (name, value)));
    }
    for (_, name, value) in extras(claims) {
        items.extend(value.map(|value| (name, value.to_owned())));
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::ClaimedEmail;
    use crate::kernel::EmailAddress;

    #[test]
    fn the_page_that_asks_names_every_value_that_is_kept() {
        let claims = NormalClaims {
            issuer: "https://op.example".to_owned(),
            subject: "1".to_owned(),
            display_name: Some("value-name".to_owned()),
            given_name: Some("value".to_owned()),
            family_name: Some("name".to_owned()),
            username: Some("value-username".to_owned()),
            emails: vec![ClaimedEmail {
                address: EmailAddress::parse("value@example.com").unwrap(),
                is_verified: false,
            }],
            phone: Some("value-phone".to_owned()),
            picture_url: Some("https://value.example/picture".to_owned()),
            profile_url: Some("https://value.example/page".to_owned()),
            locale: Some("value-locale".to_owned()),
            zone: Some("value-zone".to_owned()),
            gender: Some("value-gender".to_owned()),
            birthdate: Some("value-birthdate".to_owned()),
            raw: json!({}),
        };

        let shown: Vec<String> = stored_items(&claims)
            .into_iter()
            .map(|(_, value)| value)
            .collect();

        let kept = serde_json::to_value(traits_of(&claims)).unwrap();
        for value in kept.as_object().unwrap().values() {
            assert!(shown.iter().any(|one| value == one), "{value}");
        }
        for value in [
            claims.name(),
            claims.picture_url.clone(),
            claims.locale.clone(),
        ] {
            assert!(shown.contains(&value.unwrap()));
        }
        assert!(shown.contains(&"value@example.com".to_owned()));
    }
}
