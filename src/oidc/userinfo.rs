//! What the userinfo endpoint tells (OIDC Core §5.3), and the access token that opens it.

use serde_json::{Map, Value};

use super::Scope;
use crate::kernel::id::{BrandId, ProfileId};
use crate::kernel::{Entropy, Secret};

/// How an access token begins, so that scanners of leaked secrets know it.
const PREFIX: &str = "bf_at_";

/// An access token as its holder writes it: `bf_at_`, 32 hexadecimal digits that say whose brand it
/// is (so that every query is bound to one), an underscore, and 43 characters that prove it.
pub struct AccessToken {
    /// Whose brand.
    pub brand_id: BrandId,
    /// What proves it.
    pub secret: Secret,
}

impl AccessToken {
    /// Makes a new token.
    pub fn generate(brand_id: BrandId, entropy: &Entropy) -> Self {
        Self {
            brand_id,
            secret: Secret::random(entropy),
        }
    }

    /// Reads the wire form; anything that differs in the least is not a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (brand, secret) = text.strip_prefix(PREFIX)?.split_at_checked(32)?;
        let secret = secret.strip_prefix('_').filter(|secret| {
            secret.len() == 43
                && secret
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })?;
        Some(Self {
            brand_id: format!("brd_{brand}").parse().ok()?,
            secret: Secret::new(secret),
        })
    }

    /// The wire form.
    pub fn expose(&self) -> String {
        let brand = self.brand_id.uuid();
        format!("{PREFIX}{}_{}", brand.simple(), self.secret.expose())
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessToken({}, …)", self.brand_id)
    }
}

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

    #[test]
    fn only_the_exact_wire_form_is_a_token() {
        let entropy = Entropy::seeded(1);
        let brand_id = BrandId::new(DateTime::UNIX_EPOCH, &entropy);
        let text = AccessToken::generate(brand_id, &entropy).expose();

        let read = AccessToken::parse(&text).expect("its own form");

        assert_eq!(read.brand_id, brand_id);
        assert_eq!(read.expose(), text);
        for wrong in [
            "",
            "bf_at_",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}x"),
            &text.to_uppercase(),
            &text.replace("bf_at_", "bf_sec_"),
        ] {
            assert!(AccessToken::parse(wrong).is_none(), "{wrong}");
        }
    }

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
