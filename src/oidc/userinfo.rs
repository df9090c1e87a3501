//! What the userinfo endpoint tells (OIDC Core §5.3).

use serde_json::{Map, Value};

use super::Scope;
use crate::kernel::id::ProfileId;

/// What a live access token leads to.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub profile_id: ProfileId,
    /// What was granted, as stored.
    pub scope: String,
    /// Their name as they write it.
    pub display_name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Picture.
    pub picture_url: Option<String>,
    /// Language.
    pub locale: Option<String>,
    /// Their best address: a verified one before an unverified.
    pub email: Option<String>,
    /// Whether that is verified.
    pub email_verified: bool,
}

impl Person {
    /// The claims that the scope allows; what is not known is left out.
    pub fn claims(self) -> Value {
        let scope = Scope::parse(&self.scope).unwrap_or_default();
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), self.profile_id.to_string().into());
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value.into());
            }
        };
        if scope.profile {
            add("name", self.display_name);
            add("given_name", self.given_name);
            add("family_name", self.family_name);
            add("picture", self.picture_url);
            add("locale", self.locale);
        }
        if scope.email && self.email.is_some() {
            add("email", self.email);
            claims.insert("email_verified".to_owned(), self.email_verified.into());
        }
        Value::Object(claims)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::kernel::Entropy;

    #[test]
    fn the_scope_decides_what_is_told() {
        let entropy = Entropy::seeded(1);
        let profile_id = ProfileId::new(DateTime::UNIX_EPOCH, &entropy);
        let person = |scope: &str| Person {
            profile_id,
            scope: scope.to_owned(),
            display_name: Some("Anna Keller".to_owned()),
            given_name: Some("Anna".to_owned()),
            family_name: None,
            picture_url: None,
            locale: Some("de".to_owned()),
            email: Some("anna@example.com".to_owned()),
            email_verified: true,
        };
        let sub = profile_id.to_string();

        assert_eq!(person("openid").claims(), json!({"sub": sub}));
        assert_eq!(
            person("openid profile").claims(),
            json!({"sub": sub, "name": "Anna Keller", "given_name": "Anna", "locale": "de"})
        );
        assert_eq!(
            person("openid email").claims(),
            json!({"sub": sub, "email": "anna@example.com", "email_verified": true})
        );
        let unknown = Person {
            email: None,
            ..person("openid email")
        };
        assert_eq!(unknown.claims(), json!({"sub": sub}));
    }
}
