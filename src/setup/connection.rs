//! A brand's new ways in.

use serde_json::{Map, Value, json};

use super::{Change, Error};
use crate::brand::Brand;
use crate::brand::draft::{is_slug, name_fault};
use crate::egress::Egress;
use crate::federation::catalogue::{self, ClientAuth, Provider};
use crate::federation::{Connection, Fault, apple, seal_secret, store};
use crate::kernel::id::{BrandId, ConnectionId};
use crate::kernel::{Cipher, Secret};
use crate::postgres::{self, Inconsistency, PgConnection};

/// Our client id at the test provider, which asks for none.
const TEST_CLIENT_ID: &str = "test";

/// The test provider stands below every real one.
const TEST_POSITION: i32 = 1_000;

/// What somebody typed about a new connection. Empty texts are left out.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The provider's key in the catalogue.
    pub provider: String,
    /// The name on the button; the provider's own if empty.
    pub label: String,
    /// The short name; the provider's key if empty.
    pub slug: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Option<Secret>,
    /// Generic OpenID Connect: who it is.
    pub issuer: String,
    /// Generic OAuth 2.0: where the browser is sent.
    pub authorize_url: String,
    /// Generic OAuth 2.0: where the code becomes a token.
    pub token_url: String,
    /// Generic OAuth 2.0: where the token opens the account.
    pub userinfo_url: String,
    /// What is asked for; the catalogue's scopes if empty.
    pub scopes: Vec<String>,
    /// Client ids of the brand's own apps, whose ID tokens are taken.
    pub audiences: Vec<String>,
    /// Apple: the team's id.
    pub team_id: String,
    /// Apple: the key's id.
    pub key_id: String,
    /// Domains whose addresses are believed, for linking.
    pub trusted_domains: Vec<String>,
    /// Generic OAuth 2.0: claims and where they stand in the account.
    pub claim_paths: Vec<(String, String)>,
}

/// What is wrong with a new connection: at each part, the fault and its mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The provider.
    pub provider: Option<String>,
    /// The name on the button.
    pub label: Option<String>,
    /// The short name.
    pub slug: Option<String>,
    /// The client id.
    pub client_id: Option<String>,
    /// The client secret.
    pub client_secret: Option<String>,
    /// The issuer, or a URL that is never called.
    pub urls: Option<String>,
    /// The endpoints of generic OAuth 2.0.
    pub endpoints: Option<String>,
    /// Apple's team and key.
    pub particulars: Option<String>,
}

impl Faults {
    /// Every fault, with the name of its part.
    pub fn list(&self) -> Vec<(&'static str, &str)> {
        [
            ("provider", &self.provider),
            ("label", &self.label),
            ("slug", &self.slug),
            ("client-id", &self.client_id),
            ("client-secret", &self.client_secret),
            ("issuer", &self.urls),
            ("authorize-url", &self.endpoints),
            ("team-id", &self.particulars),
        ]
        .into_iter()
        .filter_map(|(part, fault)| fault.as_deref().map(|fault| (part, fault)))
        .collect()
    }
}

/// A connection about to be made.
#[derive(Clone, Debug)]
pub struct Draft {
    provider: &'static Provider,
    typed: Typed,
}

impl Typed {
    /// Checks what was typed. Whether the provider answers is not asked here.
    pub fn check(self, egress: &Egress) -> Result<Draft, Box<Faults>> {
        self.check_with(egress, false)
    }

    /// The same for a connection that exists. `has_secret` tells that a secret is kept, so that none
    /// need be typed.
    fn check_with(mut self, egress: &Egress, has_secret: bool) -> Result<Draft, Box<Faults>> {
        self.trim();
        let Some(provider) = catalogue::find(&self.provider) else {
            return Err(Box::new(Faults {
                provider: Some(format!("Choose one of {}.", provider_keys())),
                ..Faults::default()
            }));
        };
        self.fill(provider);
        let asks_secret = provider.is_fixed() && provider.key != catalogue::TEST && !has_secret;
        let faults = Faults {
            label: name_fault(&self.label).map(str::to_owned),
            slug: (!is_slug(&self.slug)).then(|| {
                "Use 1 to 40 lower-case letters, digits and dashes, and begin with a letter or \
                 digit."
                    .to_owned()
            }),
            client_secret: match &self.client_secret {
                None if asks_secret => {
                    Some("Give the client secret that the provider shows.".to_owned())
                }
                Some(key) if provider.client_auth == ClientAuth::SignedSecret => {
                    let fault = apple::check_key(key).err();
                    fault.map(|fault| sentence(&fault.to_string()))
                }
                Some(_) | None => None,
            },
            ..Faults::default()
        };
        let draft = Draft {
            provider,
            typed: self,
        };
        let faults = draft.add_fault(faults, egress);
        if faults == Faults::default() {
            Ok(draft)
        } else {
            Err(Box::new(faults))
        }
    }

    fn trim(&mut self) {
        for text in [
            &mut self.provider,
            &mut self.label,
            &mut self.slug,
            &mut self.client_id,
            &mut self.issuer,
            &mut self.authorize_url,
            &mut self.token_url,
            &mut self.userinfo_url,
            &mut self.team_id,
            &mut self.key_id,
        ] {
            *text = text.trim().to_owned();
        }
        self.client_secret = self
            .client_secret
            .take()
            .map(|secret| Secret::new(secret.expose().trim()))
            .filter(|secret| !secret.expose().is_empty());
        for list in [
            &mut self.scopes,
            &mut self.audiences,
            &mut self.trusted_domains,
        ] {
            for text in list.iter_mut() {
                *text = text.trim().to_owned();
            }
            list.retain(|text| !text.is_empty());
        }
    }

    fn fill(&mut self, provider: &Provider) {
        for (text, default) in [
            (&mut self.label, provider.label),
            (&mut self.slug, provider.key),
        ] {
            if text.is_empty() {
                default.clone_into(text);
            }
        }
        if provider.key == catalogue::TEST && self.client_id.is_empty() {
            TEST_CLIENT_ID.clone_into(&mut self.client_id);
        }
    }
}

impl Draft {
    fn add_fault(&self, mut faults: Faults, egress: &Egress) -> Faults {
        let nobody = ConnectionId::from_uuid(crate::audit::INSTALLATION.uuid());
        let connection = self.connection(crate::audit::INSTALLATION, nobody, 0);
        match connection.check(egress) {
            Ok(()) => {}
            Err(Fault::ClientId) => {
                faults.client_id = Some("Give the client id that the provider shows.".to_owned());
            }
            Err(fault @ Fault::Provider) => faults.provider = Some(fault.to_string()),
            Err(fault @ (Fault::Issuer | Fault::Url)) => {
                faults.urls = Some(sentence(&fault.to_string()));
            }
            Err(fault @ Fault::Endpoints) => {
                faults.endpoints = Some(sentence(&fault.to_string()));
            }
            Err(fault @ Fault::Particulars) => {
                faults.particulars = Some(sentence(&fault.to_string()));
            }
        }
        faults
    }

    fn connection(
        &self,
        brand_id: BrandId,
        connection_id: ConnectionId,
        position: i32,
    ) -> Connection {
        let typed = self.typed.clone();
        let given = |text: String| (!text.is_empty()).then_some(text);
        let paths: Map<String, Value> = typed
            .claim_paths
            .into_iter()
            .map(|(claim, path)| (claim, Value::String(path)))
            .collect();
        Connection {
            brand_id,
            connection_id,
            slug: typed.slug,
            provider: self.provider.key.to_owned(),
            label: typed.label,
            client_id: typed.client_id,
            client_secret: None,
            issuer: given(typed.issuer),
            authorize_url: given(typed.authorize_url),
            token_url: given(typed.token_url),
            userinfo_url: given(typed.userinfo_url),
            jwks_url: None,
            scopes: typed.scopes,
            claim_paths: Value::Object(paths),
            audiences: typed.audiences,
            particulars: if self.provider.client_auth == ClientAuth::SignedSecret {
                json!({ "team_id": typed.team_id, "key_id": typed.key_id })
            } else {
                json!({})
            },
            trusted_domains: typed.trusted_domains,
            position,
            is_enabled: true,
        }
    }
}

/// Writes a connection, switched on.
pub async fn create_connection(
    conn: &mut PgConnection,
    change: Change<'_>,
    cipher: &Cipher,
    brand: &Brand,
    draft: &Draft,
) -> Result<Connection, Error> {
    let id = ConnectionId::new(change.at, change.entropy);
    let others = store::list_connections(conn, brand.brand_id).await?;
    let position = if draft.provider.key == catalogue::TEST {
        TEST_POSITION
    } else {
        i32::try_from(others.len()).unwrap_or(i32::MAX)
    };
    let mut connection = draft.connection(brand.brand_id, id, position);
    let secret = draft.typed.client_secret.as_ref();
    connection.client_secret = secret.map(|secret| seal_secret(cipher, id, secret));
    store::insert_connection(conn, &connection, change.at).await?;
    let detail = json!({
        "slug": connection.slug,
        "provider": connection.provider,
        "client_id": connection.client_id,
    });
    change
        .record(
            conn,
            brand.brand_id,
            "connection.created",
            id.to_string(),
            detail,
        )
        .await?;
    Ok(connection)
}

/// Checks what was typed over the settings of `connection`. Its provider and its short name stay.
pub fn check_change(
    connection: &Connection,
    typed: Typed,
    egress: &Egress,
) -> Result<Draft, Box<Faults>> {
    let typed = Typed {
        provider: connection.provider.clone(),
        slug: connection.slug.clone(),
        ..typed
    };
    typed.check_with(egress, connection.client_secret.is_some())
}

/// Writes changed settings. A secret that was not typed stays as it is.
pub async fn change_connection(
    conn: &mut PgConnection,
    change: Change<'_>,
    cipher: &Cipher,
    connection: &Connection,
    draft: &Draft,
) -> Result<(), postgres::Error> {
    let id = connection.connection_id;
    let mut changed = draft.connection(connection.brand_id, id, connection.position);
    let secret = draft.typed.client_secret.as_ref();
    changed.client_secret = match secret {
        Some(secret) => Some(seal_secret(cipher, id, secret)),
        None => connection.client_secret.clone(),
    };
    changed.jwks_url.clone_from(&connection.jwks_url);
    store::update_connection(conn, &changed).await?;
    let detail = json!({
        "slug": changed.slug,
        "client_id": changed.client_id,
        "client_id_before": connection.client_id,
        "issuer": changed.issuer,
        "audiences": changed.audiences,
        "trusted_domains": changed.trusted_domains,
        "secret_changed": secret.is_some(),
    });
    change
        .record(
            conn,
            connection.brand_id,
            "connection.changed",
            id.to_string(),
            detail,
        )
        .await
}

/// Switches a connection on or off.
pub async fn switch_connection(
    conn: &mut PgConnection,
    change: Change<'_>,
    connection: &Connection,
    is_enabled: bool,
) -> Result<(), postgres::Error> {
    let (brand_id, id) = (connection.brand_id, connection.connection_id);
    store::update_connection_enabled(conn, brand_id, id, is_enabled).await?;
    let action = if is_enabled {
        "connection.enabled"
    } else {
        "connection.disabled"
    };
    let detail = json!({ "slug": connection.slug });
    change
        .record(conn, brand_id, action, id.to_string(), detail)
        .await
}

/// Writes the connection to the test provider that every brand begins with.
pub(super) async fn create_test_connection(
    conn: &mut PgConnection,
    change: Change<'_>,
    cipher: &Cipher,
    brand: &Brand,
) -> Result<Connection, Error> {
    let provider = catalogue::find(catalogue::TEST).ok_or_else(|| {
        let fault = Inconsistency::new("connection", catalogue::TEST, "it is in no catalogue");
        postgres::Error::from(fault)
    })?;
    let mut typed = Typed::default();
    typed.fill(provider);
    let draft = Draft { provider, typed };
    create_connection(conn, change, cipher, brand, &draft).await
}

/// The keys of all providers, parted by commas.
pub fn provider_keys() -> String {
    let keys: Vec<&str> = catalogue::all().map(|p| p.key).collect();
    keys.join(", ")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::Policy;

    fn check(typed: Typed) -> Result<Draft, Box<Faults>> {
        typed.check(&Egress::new(Policy::new(false), None))
    }

    fn typed(provider: &str) -> Typed {
        Typed {
            provider: provider.to_owned(),
            client_id: " id ".to_owned(),
            client_secret: Some(Secret::new("secret")),
            ..Typed::default()
        }
    }

    #[test]
    fn a_known_provider_needs_no_more_than_id_and_secret() {
        let draft = check(typed("google")).expect("all that Google needs");

        assert_eq!(
            (
                draft.typed.slug.as_str(),
                draft.typed.label.as_str(),
                draft.typed.client_id.as_str()
            ),
            ("google", "Google", "id")
        );
        let bare = check(Typed {
            client_id: String::new(),
            client_secret: Some(Secret::new("  ")),
            ..typed("google")
        });
        let faults = bare.expect_err("neither is there");
        assert!(faults.client_id.is_some() && faults.client_secret.is_some());
    }

    #[test]
    fn a_generic_provider_says_where_it_is_and_not_inside() {
        assert!(check(typed("oidc")).expect_err("no issuer").urls.is_some());
        assert!(
            check(typed("oauth2"))
                .expect_err("no endpoints")
                .endpoints
                .is_some()
        );
        for (issuer, good) in [
            ("https://login.partner.example", true),
            ("http://login.partner.example", false),
            ("https://127.0.0.1/", false),
            ("https://169.254.169.254/", false),
            ("partner", false),
        ] {
            let judged = check(Typed {
                issuer: issuer.to_owned(),
                ..typed("oidc")
            });
            assert_eq!(judged.is_ok(), good, "{issuer}");
        }
    }

    #[test]
    fn an_unknown_provider_is_told_the_known_ones() {
        let faults = check(typed("myspace")).expect_err("no such provider");

        assert!(
            faults
                .provider
                .is_some_and(|fault| fault.contains("google"))
        );
    }

    #[test]
    fn the_test_provider_needs_nothing() {
        let typed = Typed {
            provider: catalogue::TEST.to_owned(),
            ..Typed::default()
        };

        assert!(check(typed).is_ok());
    }
}
