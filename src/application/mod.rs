//! A brand's OAuth clients: sites, apps and servers that send people to sign in.
//!
//! Owns the `application` table and what a new application must satisfy. Redirect URIs are compared
//! as exact strings (RFC 9700 §2.1); only a loopback address may vary in its port.

pub mod draft;
mod redirect;
mod settings;
pub mod store;

pub use redirect::redirect_uri_fault;
pub use settings::Settings;

use crate::kernel::id::{ApplicationId, BrandId};

/// What an application can keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs in a browser: no secret, PKCE only.
    Browser,
    /// Runs on a server: has a secret.
    Server,
}

impl Kind {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Server => "server",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "browser" => Some(Self::Browser),
            "server" => Some(Self::Server),
            _ => None,
        }
    }
}

/// An application as stored.
#[derive(Clone, Debug)]
pub struct Application {
    /// Whose it is.
    pub brand_id: BrandId,
    /// Its id.
    pub application_id: ApplicationId,
    /// Its name in OAuth: the brand's slug, a dot, a short name; for example `bakery.web`.
    pub client_id: String,
    /// Its name for people.
    pub name: String,
    /// What it can keep.
    pub kind: Kind,
    /// SHA-256 of the secret, for a server.
    pub secret_hash: Option<Vec<u8>>,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after signing out.
    pub logout_uris: Vec<String>,
    /// What the brand decided about it.
    pub settings: Settings,
}

impl Application {
    /// Whether people may be sent to `uri` with an answer to this application.
    pub fn accepts_redirect(&self, uri: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|registered| redirect::is_same(registered, uri))
    }

    /// Whether its pages have this origin, as browsers write it: that of one of the addresses to
    /// which people may be sent back.
    pub fn has_origin(&self, origin: &str) -> bool {
        self.redirect_uris
            .iter()
            .filter_map(|uri| url::Url::parse(uri).ok())
            .any(|uri| uri.origin().is_tuple() && uri.origin().ascii_serialization() == origin)
    }

    /// Whether people may be sent to `uri` after signing out.
    pub fn accepts_logout_redirect(&self, uri: &str) -> bool {
        self.logout_uris.iter().any(|registered| registered == uri)
    }
}

/// The brand's slug within a client id.
pub fn brand_slug_of(client_id: &str) -> Option<&str> {
    client_id.split_once('.').map(|(slug, _)| slug)
}
