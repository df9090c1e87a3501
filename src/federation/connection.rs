//! A brand's configured provider.

use serde_json::{Map, Value};
use url::Url;

use super::catalogue::{self, ClientAuth, Issuer, Protocol, Provider};
use crate::egress::Egress;
use crate::kernel::cipher::OpenError;
use crate::kernel::id::{BrandId, ConnectionId};
use crate::kernel::{Cipher, EmailAddress, Secret};

/// A connection as stored.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Whose it is.
    pub brand_id: BrandId,
    /// Its id.
    pub connection_id: ConnectionId,
    /// Its name in URLs: lower-case letters, digits, hyphens; at most 40. It is part of the
    /// redirect URI that is registered with the provider, so it never changes.
    pub slug: String,
    /// The key of its provider in the catalogue.
    pub provider: String,
    /// Its name for people.
    pub label: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there, sealed; see [`seal_secret`].
    pub client_secret: Option<Vec<u8>>,
    /// Generic OpenID Connect: the issuer. OAuth 2.0: what vouches, if not the authorize URL's host.
    pub issuer: Option<String>,
    /// Replaces the catalogue's, or discovery's, endpoint.
    pub authorize_url: Option<String>,
    /// Replaces the catalogue's, or discovery's, endpoint.
    pub token_url: Option<String>,
    /// Replaces the catalogue's, or discovery's, endpoint.
    pub userinfo_url: Option<String>,
    /// Replaces discovery's key set.
    pub jwks_url: Option<String>,
    /// What is asked for; the catalogue's scopes if empty.
    pub scopes: Vec<String>,
    /// Generic OAuth 2.0: where the claims stand, by the names of [`catalogue::Paths`].
    pub claim_paths: Value,
    /// Client ids of the brand's own apps at this provider, whose ID tokens are taken beside those
    /// for `client_id`: an iOS app's, say.
    pub audiences: Vec<String>,
    /// What only its provider asks for, by name: Apple's `team_id` and `key_id`.
    pub particulars: Value,
    /// Domains whose addresses this connection is believed about, for linking.
    pub trusted_domains: Vec<String>,
    /// Its place among the buttons, smallest first.
    pub position: i32,
    /// Whether people may sign in by it now.
    pub is_enabled: bool,
}

/// What is wrong with a connection's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The catalogue has no such provider.
    #[error("there is no provider with this key")]
    Provider,
    /// The provider needs an issuer.
    #[error("this provider needs an issuer: the https URL under which it publishes its discovery")]
    Issuer,
    /// The provider needs its endpoints.
    #[error("this provider needs the URLs of its authorize, token and userinfo endpoints")]
    Endpoints,
    /// An URL is none, or is one that is never called.
    #[error("a URL must be https and lead to the public internet")]
    Url,
    /// The client id is missing.
    #[error("the client id is missing")]
    ClientId,
    /// Apple's team or key is not one.
    #[error("the team id and the key id are ten letters and digits each")]
    Particulars,
}

/// The provider of the connection that proves mailboxes. Its identities' issuer is ours and their
/// subject the address, so that an address proven by a code is decided on like any account.
pub const MAILBOX: &str = "email";

impl Connection {
    /// Whether it proves mailboxes by a code, with no provider to go to.
    pub fn is_mailbox(&self) -> bool {
        self.provider == MAILBOX
    }

    /// Its row of the catalogue.
    pub fn provider(&self) -> Result<&'static Provider, Fault> {
        catalogue::find(&self.provider).ok_or(Fault::Provider)
    }

    /// The paths that it sets itself.
    pub(super) fn overrides(&self) -> Map<String, Value> {
        self.claim_paths.as_object().cloned().unwrap_or_default()
    }

    /// Apple's team and key, if both are ones.
    pub fn apple(&self) -> Option<(&str, &str)> {
        let part = |name: &str| {
            let text = self.particulars.get(name)?.as_str()?;
            let is_one = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_one.then_some(text)
        };
        Some((part("team_id")?, part("key_id")?))
    }

    /// Whether its word on this address is believed, for linking without asking. Without a list of
    /// domains nothing is.
    pub fn is_trusted_for(&self, address: &EmailAddress) -> bool {
        self.trusted_domains
            .iter()
            .any(|domain| domain.eq_ignore_ascii_case(address.domain()))
    }

    /// Our secret at the provider.
    pub fn secret(&self, cipher: &Cipher) -> Result<Option<Secret>, OpenError> {
        self.client_secret
            .as_ref()
            .map(|sealed| cipher.open_text(&secret_context(self.connection_id), sealed))
            .transpose()
    }

    /// Checks the settings before they are saved. The same checks run again at every call.
    pub fn check(&self, egress: &Egress) -> Result<(), Fault> {
        let provider = self.provider()?;
        if self.client_id.trim().is_empty() {
            return Err(Fault::ClientId);
        }
        if provider.client_auth == ClientAuth::SignedSecret && self.apple().is_none() {
            return Err(Fault::Particulars);
        }
        match provider.protocol {
            Protocol::Oidc {
                issuer: Issuer::OfConnection,
                ..
            } if self.issuer.is_none() => return Err(Fault::Issuer),
            Protocol::OAuth2 { endpoints: None } => {
                let all = [&self.authorize_url, &self.token_url, &self.userinfo_url];
                if all.into_iter().any(Option::is_none) {
                    return Err(Fault::Endpoints);
                }
            }
            Protocol::Oidc { .. } | Protocol::OAuth2 { .. } => {}
        }
        let urls = [
            &self.issuer,
            &self.authorize_url,
            &self.token_url,
            &self.userinfo_url,
            &self.jwks_url,
        ];
        for text in urls.into_iter().flatten() {
            let url = Url::parse(text).map_err(|_| Fault::Url)?;
            egress.judge(&url).map_err(|_| Fault::Url)?;
        }
        Ok(())
    }
}

/// Seals our secret at a provider for storing with the connection.
pub fn seal_secret(cipher: &Cipher, connection_id: ConnectionId, secret: &Secret) -> Vec<u8> {
    cipher.seal(&secret_context(connection_id), secret.expose().as_bytes())
}

fn secret_context(connection_id: ConnectionId) -> String {
    format!("connection.client_secret/{connection_id}")
}

/// Where the provider sends people back to. Each connection has its own, so that an answer meant
/// for one provider is never taken for another's (S26).
pub fn redirect_uri(issuer: &str, brand_slug: &str, connection_slug: &str) -> String {
    format!("{issuer}/login/callback/{brand_slug}/{connection_slug}")
}
