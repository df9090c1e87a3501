//! Where a provider's endpoints are: from its row, from the connection, or from discovery. Pure.

use jsonwebtoken::Algorithm;
use serde_json::Value;
use url::Url;

use super::catalogue::{Issuer, Protocol};
use super::connection::Connection;
use super::id_token::Issuers;
use super::id_token::issuers::{TENANT, is_tenant};

/// A provider's endpoints, ready to be called.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// Who vouches: the OpenID issuer, or the origin of an OAuth 2.0 provider.
    pub issuer: String,
    /// Where the browser is sent.
    pub authorize: Url,
    /// Where the code becomes tokens.
    pub token: Url,
    /// Where the access token opens the account.
    pub userinfo: Option<Url>,
    /// Where it opens the list of addresses.
    pub emails: Option<Url>,
    /// OpenID Connect: the keys, and what they sign with. `None` for OAuth 2.0.
    pub signing: Option<Signing>,
    /// Whether every answer to an authorization request names its issuer (RFC 9207).
    pub names_issuer: bool,
}

/// How a provider's ID tokens are checked.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The key set.
    pub jwks: Url,
    /// What the row allows and the provider announces.
    pub algorithms: Vec<Algorithm>,
    /// Whose tokens are taken.
    pub issuers: Issuers,
    /// Whether our client secret signs what the token endpoint sends.
    pub secret_signs: bool,
}

/// Why there are no usable endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The connection lacks what its provider needs.
    #[error("the connection's settings are incomplete")]
    Incomplete,
    /// The discovery document speaks for another issuer.
    #[error("the discovery document is of another issuer")]
    Issuer,
    /// The discovery document lacks an endpoint, or it is none.
    #[error("the discovery document lacks an endpoint")]
    Endpoint,
    /// The discovery document sends us to another place than the issuer.
    #[error("the discovery document names an endpoint elsewhere")]
    Elsewhere,
    /// The provider signs with nothing that its row allows.
    #[error("the provider announces no algorithm that is accepted")]
    Algorithm,
}

/// The issuer whose discovery says the rest, for OpenID Connect.
pub(super) fn issuer_of(
    connection: &Connection,
    issuer: Issuer,
    built_in: &str,
) -> Result<String, Fault> {
    match issuer {
        Issuer::Fixed(text) | Issuer::Aliased(text, _) => Ok(text.to_owned()),
        Issuer::Usual(usual) => {
            let own = connection.issuer.clone();
            Ok(own.unwrap_or_else(|| usual.to_owned()))
        }
        Issuer::Tenants(origin) => {
            let own = connection.issuer.clone();
            let issuer = own.unwrap_or_else(|| format!("{origin}/common/v2.0"));
            // A tenant of this provider, and not some other place altogether.
            let below = issuer
                .strip_prefix(origin)
                .is_some_and(|rest| rest.starts_with('/'));
            below.then_some(issuer).ok_or(Fault::Incomplete)
        }
        Issuer::BuiltIn => Ok(built_in.to_owned()),
        Issuer::OfConnection => connection.issuer.clone().ok_or(Fault::Incomplete),
    }
}

/// Where the discovery document of `issuer` is (OIDC Discovery §4).
pub(super) fn discovery_url(issuer: &str) -> Result<Url, Fault> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Url::parse(&format!("{base}/.well-known/openid-configuration")).map_err(|_| Fault::Incomplete)
}

/// Whose tokens are taken, by the issuer that was asked and the one that the document names.
fn issuers_of(issuer: Issuer, asked: &str, named: Option<&str>) -> Result<Issuers, Fault> {
    let named = named.ok_or(Fault::Issuer)?;
    match issuer {
        Issuer::Aliased(first, others) if named == first || others.contains(&named) => {
            Ok(Issuers::Aliased(first, others))
        }
        Issuer::Tenants(origin) => {
            let template = format!("{origin}/{TENANT}/v2.0");
            let tenant = named
                .strip_prefix(origin)
                .and_then(|rest| rest.strip_prefix('/')?.strip_suffix("/v2.0"));
            if named == template {
                Ok(Issuers::Tenants(template))
            } else if tenant.is_some_and(is_tenant) {
                Ok(Issuers::Tenant(named.to_owned()))
            } else {
                Err(Fault::Issuer)
            }
        }
        Issuer::Fixed(_) | Issuer::Usual(_) | Issuer::OfConnection | Issuer::BuiltIn
            if named == asked =>
        {
            Ok(Issuers::Exactly(asked.to_owned()))
        }
        Issuer::Fixed(_)
        | Issuer::Aliased(..)
        | Issuer::Usual(_)
        | Issuer::OfConnection
        | Issuer::BuiltIn => Err(Fault::Issuer),
    }
}

/// Reads a discovery document. Its issuer must be the one asked, and its endpoints must stand on the
/// issuer's origin or on a host of the provider's row, unless the connection names them itself.
pub(super) fn of_discovery(
    connection: &Connection,
    protocol: Protocol,
    issuer: &str,
    document: &Value,
) -> Result<Metadata, Fault> {
    let Protocol::Oidc {
        issuer: row,
        algorithms,
        hosts,
        secret_signs,
    } = protocol
    else {
        return Err(Fault::Incomplete);
    };
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let issuers = issuers_of(row, issuer, text("issuer"))?;
    let home = Url::parse(issuer).map_err(|_| Fault::Incomplete)?;
    let endpoint = |own: &Option<String>, name: &str| -> Result<Option<Url>, Fault> {
        if let Some(own) = own {
            return Url::parse(own).map(Some).map_err(|_| Fault::Incomplete);
        }
        let Some(announced) = text(name) else {
            return Ok(None);
        };
        let url = Url::parse(announced).map_err(|_| Fault::Endpoint)?;
        let is_known = url.origin() == home.origin()
            || (url.scheme() == "https"
                && url.host_str().is_some_and(|host| hosts.contains(&host)));
        if is_known {
            Ok(Some(url))
        } else {
            Err(Fault::Elsewhere)
        }
    };
    let announced = document.get("id_token_signing_alg_values_supported");
    Ok(Metadata {
        authorize: endpoint(&connection.authorize_url, "authorization_endpoint")?
            .ok_or(Fault::Endpoint)?,
        token: endpoint(&connection.token_url, "token_endpoint")?.ok_or(Fault::Endpoint)?,
        userinfo: endpoint(&connection.userinfo_url, "userinfo_endpoint")?,
        emails: None,
        signing: Some(Signing {
            jwks: endpoint(&connection.jwks_url, "jwks_uri")?.ok_or(Fault::Endpoint)?,
            algorithms: allowed(algorithms, announced)?,
            issuers,
            secret_signs,
        }),
        names_issuer: document.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
        issuer: issuer.to_owned(),
    })
}

/// What both the row and the provider name. A provider that announces nothing signs with RS256.
fn allowed(row: &[Algorithm], announced: Option<&Value>) -> Result<Vec<Algorithm>, Fault> {
    let announced: Vec<Algorithm> = match announced.and_then(Value::as_array) {
        None => vec![Algorithm::RS256],
        Some(names) => names
            .iter()
            .filter_map(|name| name.as_str()?.parse().ok())
            .collect(),
    };
    let both: Vec<Algorithm> = row
        .iter()
        .copied()
        .filter(|algorithm| announced.contains(algorithm))
        .collect();
    if both.is_empty() {
        Err(Fault::Algorithm)
    } else {
        Ok(both)
    }
}

/// The endpoints of an OAuth 2.0 provider: the connection's own, else the row's.
pub(super) fn of_oauth2(connection: &Connection, protocol: Protocol) -> Result<Metadata, Fault> {
    let Protocol::OAuth2 { endpoints: row } = protocol else {
        return Err(Fault::Incomplete);
    };
    let endpoint = |own: &Option<String>, of_row: Option<&'static str>| {
        let text = own.as_deref().or(of_row).ok_or(Fault::Incomplete)?;
        Url::parse(text).map_err(|_| Fault::Incomplete)
    };
    let authorize = endpoint(&connection.authorize_url, row.map(|row| row.authorize))?;
    let emails = row.and_then(|row| row.emails);
    let issuer = connection
        .issuer
        .clone()
        .unwrap_or_else(|| authorize.origin().ascii_serialization());
    Ok(Metadata {
        issuer,
        token: endpoint(&connection.token_url, row.map(|row| row.token))?,
        userinfo: match (&connection.userinfo_url, row) {
            (None, Some(row)) if row.userinfo.is_none() => None,
            (own, row) => Some(endpoint(own, row.and_then(|row| row.userinfo))?),
        },
        emails: emails.and_then(|text| Url::parse(text).ok()),
        signing: None,
        names_issuer: false,
        authorize,
    })
}

impl Metadata {
    /// Whether an answer that says it is from `named` is from this provider (RFC 9207, A19). OAuth
    /// 2.0 providers publish no issuer, so there the origin counts.
    pub fn is_from(&self, named: Option<&str>) -> bool {
        let Some(named) = named else {
            return !self.names_issuer;
        };
        if let Some(signing) = &self.signing {
            return match &signing.issuers {
                Issuers::Exactly(issuer) | Issuers::Tenant(issuer) => issuer == named,
                Issuers::Aliased(issuer, others) => *issuer == named || others.contains(&named),
                Issuers::Tenants(template) => {
                    let (before, after) = template.split_once(TENANT).unwrap_or_default();
                    named
                        .strip_prefix(before)
                        .and_then(|rest| rest.strip_suffix(after))
                        .is_some_and(is_tenant)
                }
            };
        }
        if self.issuer == named {
            return true;
        }
        Url::parse(named).is_ok_and(|url| url.origin() == self.authorize.origin())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::federation::catalogue;
    use crate::kernel::Entropy;
    use crate::kernel::id::{BrandId, ConnectionId};

    fn connection(provider: &str) -> Connection {
        let now = chrono::DateTime::UNIX_EPOCH;
        let entropy = Entropy::seeded(1);
        Connection {
            brand_id: BrandId::new(now, &entropy),
            connection_id: ConnectionId::new(now, &entropy),
            slug: "one".to_owned(),
            provider: provider.to_owned(),
            label: "One".to_owned(),
            client_id: "us".to_owned(),
            client_secret: None,
            issuer: Some("https://op.example".to_owned()),
            authorize_url: None,
            token_url: None,
            userinfo_url: None,
            jwks_url: None,
            scopes: Vec::new(),
            claim_paths: json!({}),
            audiences: Vec::new(),
            particulars: json!({}),
            trusted_domains: Vec::new(),
            position: 0,
            is_enabled: true,
        }
    }

    fn document() -> Value {
        json!({
            "issuer": "https://op.example",
            "authorization_endpoint": "https://op.example/authorize",
            "token_endpoint": "https://op.example/token",
            "userinfo_endpoint": "https://op.example/userinfo",
            "jwks_uri": "https://op.example/jwks",
            "id_token_signing_alg_values_supported": ["none", "HS256", "ES256", "RS256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn read(connection: &Connection, document: &Value) -> Result<Metadata, Fault> {
        let protocol = catalogue::find("oidc").unwrap().protocol;
        of_discovery(connection, protocol, "https://op.example", document)
    }

    #[test]
    fn a_discovery_document_is_read_and_held_to_its_issuer() {
        let good = read(&connection("oidc"), &document()).unwrap();
        assert_eq!(good.token.as_str(), "https://op.example/token");
        let signing = good.signing.unwrap();
        assert_eq!(signing.algorithms, [Algorithm::RS256, Algorithm::ES256]);

        for (name, value, fault) in [
            ("issuer", json!("https://op.example/"), Fault::Issuer),
            ("issuer", json!("https://evil.example"), Fault::Issuer),
            ("issuer", Value::Null, Fault::Issuer),
            (
                "token_endpoint",
                json!("https://evil.example/token"),
                Fault::Elsewhere,
            ),
            (
                "token_endpoint",
                json!("http://op.example/token"),
                Fault::Elsewhere,
            ),
            (
                "jwks_uri",
                json!("https://op.example:8443/jwks"),
                Fault::Elsewhere,
            ),
            (
                "userinfo_endpoint",
                json!("https://127.0.0.1/"),
                Fault::Elsewhere,
            ),
            (
                "authorization_endpoint",
                json!("javascript:alert(1)"),
                Fault::Elsewhere,
            ),
            ("jwks_uri", Value::Null, Fault::Endpoint),
            ("token_endpoint", json!(7), Fault::Endpoint),
            (
                "id_token_signing_alg_values_supported",
                json!(["none", "HS256"]),
                Fault::Algorithm,
            ),
        ] {
            let mut document = document();
            document[name] = value.clone();
            let verdict = read(&connection("oidc"), &document);
            assert_eq!(verdict.err(), Some(fault), "{name}: {value}");
        }
    }

    #[test]
    fn a_brand_may_name_an_endpoint_elsewhere_itself() {
        let mut connection = connection("oidc");
        connection.jwks_url = Some("https://keys.example/jwks".to_owned());

        let metadata = read(&connection, &document()).unwrap();

        assert_eq!(
            metadata.signing.unwrap().jwks.as_str(),
            "https://keys.example/jwks"
        );
    }

    #[test]
    fn a19_an_answer_that_names_its_issuer_names_the_right_one() {
        let oidc = read(&connection("oidc"), &document()).unwrap();
        assert!(oidc.is_from(Some("https://op.example")));
        assert!(!oidc.is_from(Some("https://op.example/")));
        assert!(!oidc.is_from(Some("https://honest.example")));
        assert!(
            !oidc.is_from(None),
            "it announced that it always names itself"
        );

        let mut github = connection("github");
        github.issuer = None;
        let protocol = catalogue::find("github").unwrap().protocol;
        let github = of_oauth2(&github, protocol).unwrap();
        assert_eq!(github.issuer, "https://github.com");
        assert!(github.is_from(None));
        assert!(github.is_from(Some("https://github.com/login/oauth")));
        assert!(!github.is_from(Some("https://evil.example/login/oauth")));
    }

    #[test]
    fn a1_microsofts_discovery_names_a_template_or_one_tenant() {
        const TENANT_ID: &str = "11111111-2222-4333-8444-555555555555";
        let origin = "https://login.microsoftonline.com";
        let row = catalogue::find("microsoft").unwrap().protocol;
        let Protocol::Oidc { issuer: rule, .. } = row else {
            unreachable!("Microsoft speaks OpenID Connect")
        };
        let mut connection = connection("microsoft");

        connection.issuer = None;
        let asked = issuer_of(&connection, rule, "").unwrap();
        assert_eq!(asked, format!("{origin}/common/v2.0"));
        for elsewhere in [
            "https://evil.example/common/v2.0",
            &format!("{origin}.evil.example/"),
        ] {
            connection.issuer = Some(elsewhere.to_owned());
            assert_eq!(issuer_of(&connection, rule, ""), Err(Fault::Incomplete));
        }
        let template = format!("{origin}/{{tenantid}}/v2.0");
        let tenant = format!("{origin}/{TENANT_ID}/v2.0");
        for (named, expected) in [
            (template.as_str(), Ok(Issuers::Tenants(template.clone()))),
            (tenant.as_str(), Ok(Issuers::Tenant(tenant.clone()))),
            ("https://evil.example/{tenantid}/v2.0", Err(Fault::Issuer)),
            (asked.as_str(), Err(Fault::Issuer)),
        ] {
            assert_eq!(issuers_of(rule, &asked, Some(named)), expected, "{named}");
        }
    }

    #[test]
    fn apples_discovery_may_name_either_of_its_issuers() {
        let row = catalogue::find("apple").unwrap().protocol;
        let mut document = json!({
            "authorization_endpoint": "https://appleid.apple.com/auth/authorize",
            "token_endpoint": "https://appleid.apple.com/auth/token",
            "jwks_uri": "https://appleid.apple.com/auth/keys",
        });
        let asked = "https://appleid.apple.com";
        let mut connection = connection("apple");
        connection.issuer = None;
        for (named, is_good) in [
            ("https://appleid.apple.com", true),
            ("https://account.apple.com", true),
            ("https://evil.example", false),
        ] {
            document["issuer"] = json!(named);
            let read = of_discovery(&connection, row, asked, &document);
            assert_eq!(read.is_ok(), is_good, "{named}");
        }
    }
}
