//! What the userinfo endpoint tells (OIDC Core §5.3).

use serde_json::{Map, Value, json};

use super::Scope;
use super::issue::Standing;
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
    /// Whether the brand lets the application learn the stage.
    pub may_learn_stage: bool,
}

impl Person {
    /// Whether the stage is to be told: the application asked, and the brand lets it.
    pub fn tells_stage(&self) -> bool {
        let asked = Scope::parse(&self.scope).is_some_and(|scope| scope.stage);
        asked && self.may_learn_stage
    }

    /// The claims that the scope allows, with `standing` where it is told; what is not known is left
    /// out.
    pub fn claims(self, standing: Option<Standing>) -> Value {
        let standing = standing.filter(|_| self.tells_stage());
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
        if let Some(standing) = standing {
            claims.insert("stage".to_owned(), json!(standing.stage));
            if let Some(since) = standing.since {
                claims.insert("stage_since".to_owned(), since.timestamp().into());
            }
        }
        Value::Object(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Entropy;
    use crate::stage::Stage;
    use chrono::DateTime;

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
            may_learn_stage: false,
        };
        let sub = profile_id.to_string();

        assert_eq!(person("openid").claims(None), json!({"sub": sub}));
        assert_eq!(
            person("openid profile").claims(None),
            json!({"sub": sub, "name": "Anna Keller", "given_name": "Anna", "locale": "de"})
        );
        assert_eq!(
            person("openid email").claims(None),
            json!({"sub": sub, "email": "anna@example.com", "email_verified": true})
        );
        let unknown = Person {
            email: None,
            ..person("openid email")
        };
        assert_eq!(unknown.claims(None), json!({"sub": sub}));
        let standing = Some(Standing {
            stage: Stage::Friend,
            since: Some(DateTime::UNIX_EPOCH),
        });
        let allowed = |scope: &str| Person {
            may_learn_stage: true,
            ..person(scope)
        };
        assert_eq!(
            allowed("openid stage").claims(standing),
            json!({"sub": sub, "stage": "friend", "stage_since": 0})
        );
        for quiet in [allowed("openid"), person("openid stage")] {
            assert_eq!(quiet.claims(standing), json!({"sub": sub}));
        }
    }
}
