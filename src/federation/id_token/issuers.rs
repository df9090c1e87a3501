//! Whose tokens are taken, and who is remembered as having vouched. Pure.

use serde_json::{Map, Value};

/// What stands for the tenant in the issuer of a provider with tenants.
pub const TENANT: &str = "{tenantid}";

/// Whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuers {
    /// This one, to the letter.
    Exactly(String),
    /// The first, or another of its names. The first is what is remembered, so that a person does
    /// not become another when their provider changes its mind.
    Aliased(&'static str, &'static [&'static str]),
    /// Any tenant: the token's own `tid`, put in the template's place, must give the token's own
    /// issuer, or a tenant could speak for another.
    Tenants(String),
    /// One tenant, whose id stands in this issuer; the token's `tid` must say the same.
    Tenant(String),
}

impl Issuers {
    /// Who vouches for these claims, if it is one whose tokens are taken.
    pub fn accept(&self, claims: &Map<String, Value>) -> Option<String> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let named = text("iss")?;
        match self {
            Self::Exactly(issuer) => (issuer == named).then(|| issuer.clone()),
            Self::Aliased(issuer, others) => {
                (*issuer == named || others.contains(&named)).then(|| (*issuer).to_owned())
            }
            Self::Tenants(template) => {
                let tenant = text("tid").filter(|tenant| is_tenant(tenant))?;
                (template.replace(TENANT, tenant) == named).then(|| named.to_owned())
            }
            Self::Tenant(issuer) => {
                let tenant = text("tid").filter(|tenant| is_tenant(tenant))?;
                let of_tenant = issuer.split('/').any(|part| part == tenant);
                (issuer == named && of_tenant).then(|| issuer.clone())
            }
        }
    }
}

/// Whether `text` is a tenant's id: a UUID in lower case.
pub fn is_tenant(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OURS: &str = "aaaaaaaa-2222-4333-8444-555555555555";
    const THEIRS: &str = "99999999-2222-4333-8444-555555555555";

    fn judged(issuers: &Issuers, claims: &Value) -> Option<String> {
        issuers.accept(claims.as_object().unwrap())
    }

    #[test]
    fn a1_a_tenant_speaks_for_itself_alone() {
        let any = Issuers::Tenants(format!("https://login.example/{TENANT}/v2.0"));
        let one = Issuers::Tenant(format!("https://login.example/{OURS}/v2.0"));
        let of = |tenant: &str| format!("https://login.example/{tenant}/v2.0");

        for (iss, tid, by_any, by_one) in [
            (of(OURS), json!(OURS), true, true),
            (of(THEIRS), json!(THEIRS), true, false),
            (of(OURS), json!(THEIRS), false, false),
            (of(OURS), Value::Null, false, false),
            (of("x"), json!("x"), false, false),
            (of(TENANT), json!(TENANT), false, false),
            (
                of(&OURS.to_uppercase()),
                json!(OURS.to_uppercase()),
                false,
                false,
            ),
            (
                of(&format!("{OURS}/v2.0/x")),
                json!(format!("{OURS}/v2.0/x")),
                false,
                false,
            ),
            (
                "https://evil.example/v2.0".to_owned(),
                json!(OURS),
                false,
                false,
            ),
        ] {
            let claims = json!({ "iss": iss, "tid": tid });
            assert_eq!(judged(&any, &claims).is_some(), by_any, "{claims}");
            assert_eq!(judged(&one, &claims).is_some(), by_one, "{claims}");
        }
    }

    #[test]
    fn a21_another_name_of_a_provider_is_remembered_as_the_same() {
        let issuers = Issuers::Aliased("https://a.example", &["https://b.example"]);

        for (named, taken) in [
            ("https://a.example", true),
            ("https://b.example", true),
            ("https://b.example/", false),
            ("http://a.example", false),
            ("https://c.example", false),
        ] {
            let expected = taken.then(|| "https://a.example".to_owned());
            assert_eq!(
                judged(&issuers, &json!({ "iss": named })),
                expected,
                "{named}"
            );
        }
        assert_eq!(judged(&issuers, &json!({})), None);
    }
}
