//! The providers that Befriend knows, as rows of data.
//!
//! Owns where each provider is, how it is spoken to and what its word is worth. A provider that
//! follows the standards is one row and nothing else; one that deviates says so in a field of its
//! row. Rows hold no behaviour: what a field means is done by the code that speaks to providers.
//! Endpoints of a connection's own override the row's. Start with [`Provider`], then a file of rows.

mod communities;
mod everyday;
mod paths;
mod regional;
mod standard;
#[cfg(test)]
mod tests;
mod work;

use jsonwebtoken::Algorithm;

pub use paths::{NO_PATHS, Paths, STANDARD_PATHS};

/// A provider as Befriend knows it.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Its key in the `connection` table.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Among which others it is looked for.
    pub category: Category,
    /// What it speaks.
    pub protocol: Protocol,
    /// What is asked for: no more than signing in needs (S30).
    pub scopes: &'static [&'static str],
    /// Whether it understands PKCE.
    pub pkce: bool,
    /// How the client proves itself at the token endpoint.
    pub client_auth: ClientAuth,
    /// How it answers the authorization request.
    pub response_mode: ResponseMode,
    /// Parameters that its authorization request needs beside the standard ones.
    pub authorize_parameters: &'static [(&'static str, &'static str)],
    /// Where its claims stand.
    pub paths: &'static Paths,
    /// Claims of the ID token that name the account together. Its subject where there are none.
    pub account_key: &'static [&'static str],
    /// When an address of its counts as proven.
    pub email_trust: EmailTrust,
    /// Where its requests deviate from the standard.
    pub habits: &'static Habits,
    /// What whoever sets it up must know.
    pub setup: Setup,
}

/// Among which others a provider is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Accounts that nearly everybody has one of.
    Everyday,
    /// Where people meet, play, listen and write.
    Communities,
    /// Where people work and build.
    Work,
    /// What is at home in some countries.
    Regional,
    /// Anything that speaks a standard.
    Standard,
}

impl Category {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Everyday,
        Self::Communities,
        Self::Work,
        Self::Regional,
        Self::Standard,
    ];

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Everyday => "Everyday accounts",
            Self::Communities => "Communities and play",
            Self::Work => "Work and building",
            Self::Regional => "At home in some countries",
            Self::Standard => "Anything that speaks a standard",
        }
    }
}

/// What whoever sets a provider up must know.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Where it hands out client ids; empty where each connection's provider has its own place.
    pub console: &'static str,
    /// What it calls the client id.
    pub client_id: &'static str,
    /// What it calls the client secret.
    pub client_secret: &'static str,
    /// What to do there beside registering the callback address and copying id and secret.
    pub steps: &'static [&'static str],
}

/// A provider's words for id and secret when they are the usual ones.
pub const USUAL_SETUP: Setup = Setup {
    console: "",
    client_id: "Client ID",
    client_secret: "Client secret",
    steps: &[],
};

/// What a provider speaks.
#[derive(Clone, Copy, Debug)]
pub enum Protocol {
    /// OpenID Connect: endpoints and keys come from discovery, the person from a signed ID token.
    Oidc {
        /// Who it is.
        issuer: Issuer,
        /// What it signs with.
        algorithms: &'static [Algorithm],
        /// Hosts beside the issuer's that its metadata may name.
        hosts: &'static [&'static str],
        /// Whether ID tokens from its token endpoint are signed with our client secret (HS256, OIDC
        /// Core §10.1). A token that comes any other way never may be.
        secret_signs: bool,
    },
    /// OAuth 2.0: the person comes from an endpoint that the access token opens.
    OAuth2 {
        /// The endpoints; `None` where each connection names its own.
        endpoints: Option<Endpoints>,
    },
}

/// Whose signature counts.
#[derive(Clone, Copy, Debug)]
pub enum Issuer {
    /// Always this.
    Fixed(&'static str),
    /// This, which is what is remembered, or another of its names.
    Aliased(&'static str, &'static [&'static str]),
    /// What the connection says, or else this.
    Usual(&'static str),
    /// A tenant below this origin: the token's own `tid` says which. The connection may narrow it.
    Tenants(&'static str),
    /// What the connection says.
    OfConnection,
    /// The provider built into this server.
    BuiltIn,
}

/// Where an OAuth 2.0 provider is.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// Where the browser is sent.
    pub authorize: &'static str,
    /// Where the code becomes a token.
    pub token: &'static str,
    /// Where the token opens the person's account. `None` where the account comes with the token.
    pub userinfo: Option<&'static str>,
    /// Where it opens the list of their addresses, if that stands apart.
    pub emails: Option<&'static str>,
}

/// How the client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the `Authorization` header.
    Basic,
    /// In the form.
    Body,
    /// In the form, by a token that we sign with a key of ours (Apple).
    SignedSecret,
}

/// How the answer to the authorization request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the redirect's query.
    Query,
    /// In a form that the browser posts.
    FormPost,
}

/// Where a provider's requests deviate from the standard.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Its word for `client_id`.
    pub client_id_name: &'static str,
    /// What stands between two scopes.
    pub scope_separator: &'static str,
    /// Whether the token endpoint takes JSON instead of a form.
    pub token_takes_json: bool,
    /// Parameters of its callback that the token endpoint wants to see again.
    pub token_repeats: &'static [&'static str],
    /// Headers that it asks for, at the token endpoint and at the account.
    pub headers: &'static [(&'static str, &'static str)],
    /// How the access token opens the account.
    pub account: AccountCall,
}

/// A provider that deviates nowhere.
pub const NO_HABITS: Habits = Habits {
    client_id_name: "client_id",
    scope_separator: " ",
    token_takes_json: false,
    token_repeats: &[],
    headers: &[],
    account: AccountCall::Bearer,
};

/// How an access token opens the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountCall {
    /// GET, with the token as a bearer token (RFC 6750 §2.1).
    Bearer,
    /// The same by POST.
    PostBearer,
    /// GET, in the `Authorization` header under this scheme.
    Scheme(&'static str),
    /// GET, as `access_token` in the query.
    Query,
    /// POST of a form with `access_token` and `client_id`.
    PostForm,
    /// GET, as a bearer token with `appsecret_proof`: the token's HMAC under our secret.
    Proven,
}

/// When an address counts as proven by its owner (linking, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailTrust {
    /// Never.
    Never,
    /// When the claim is the boolean `true`.
    Claim,
    /// When the claim is the boolean `true` or the text `"true"`: Apple sends either.
    ClaimOrText,
    /// When the claim is the boolean `true` and the address is one that Google itself manages:
    /// gmail.com, or an account with the `hd` claim.
    Google,
    /// When Microsoft says that the address's domain is the tenant's (`xms_edov`), or the account is
    /// a consumer's, whose address Microsoft itself checks. The plain claim is whatever a tenant's
    /// administrator wrote (A1).
    Microsoft,
    /// When the entry in a list of addresses is both verified and primary.
    List(&'static ListPaths),
}

/// Where a list of addresses stands, and what its entries say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPaths {
    /// Where the list stands in the answer of [`Endpoints::emails`]; empty where it is the answer.
    pub list: &'static str,
    /// An entry's address.
    pub address: &'static str,
    /// Whether it is the primary one.
    pub primary: &'static str,
    /// Whether it is verified.
    pub verified: &'static str,
}

/// The provider in this server, with which anybody can be anybody.
pub const TEST: &str = "test";

/// What standard providers sign with, strongest habit first.
const ASYMMETRIC: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::ES256,
    Algorithm::PS256,
    Algorithm::EdDSA,
    Algorithm::ES384,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS384,
    Algorithm::PS512,
];

const OPENID: &[&str] = &["openid", "email", "profile"];

/// What rows of OpenID Connect start from.
const OIDC: Provider = Provider {
    key: "",
    label: "",
    category: Category::Standard,
    protocol: Protocol::Oidc {
        issuer: Issuer::OfConnection,
        algorithms: ASYMMETRIC,
        hosts: &[],
        secret_signs: false,
    },
    scopes: OPENID,
    pkce: true,
    client_auth: ClientAuth::Basic,
    response_mode: ResponseMode::Query,
    authorize_parameters: &[],
    paths: &STANDARD_PATHS,
    account_key: &[],
    email_trust: EmailTrust::Claim,
    habits: &NO_HABITS,
    setup: USUAL_SETUP,
};

/// What rows of OAuth 2.0 start from.
const OAUTH2: Provider = Provider {
    protocol: Protocol::OAuth2 { endpoints: None },
    scopes: &[],
    pkce: false,
    client_auth: ClientAuth::Body,
    email_trust: EmailTrust::Never,
    ..OIDC
};

/// An OpenID provider that is always the same and signs with RS256.
const fn rs256(issuer: &'static str, hosts: &'static [&'static str]) -> Protocol {
    Protocol::Oidc {
        issuer: Issuer::Fixed(issuer),
        algorithms: &[Algorithm::RS256],
        hosts,
        secret_signs: false,
    }
}

/// An OAuth 2.0 provider with an account endpoint.
const fn endpoints(
    authorize: &'static str,
    token: &'static str,
    userinfo: &'static str,
) -> Protocol {
    Protocol::OAuth2 {
        endpoints: Some(Endpoints {
            authorize,
            token,
            userinfo: Some(userinfo),
            emails: None,
        }),
    }
}

/// Every provider, in the order in which they are offered.
pub fn all() -> impl Iterator<Item = &'static Provider> + Clone {
    const GROUPS: [&[Provider]; 5] = [
        everyday::ROWS,
        communities::ROWS,
        work::ROWS,
        regional::ROWS,
        standard::ROWS,
    ];
    GROUPS.into_iter().flatten()
}

/// The provider with this key.
pub fn find(key: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.key == key)
}

impl Provider {
    /// Whether its row says where it is, so that a connection need not.
    pub const fn is_fixed(&self) -> bool {
        match self.protocol {
            Protocol::Oidc { issuer, .. } => !matches!(issuer, Issuer::OfConnection),
            Protocol::OAuth2 { endpoints } => endpoints.is_some(),
        }
    }

    /// Whether a connection may name an issuer of its own.
    pub const fn takes_issuer(&self) -> bool {
        match self.protocol {
            Protocol::Oidc { issuer, .. } => matches!(
                issuer,
                Issuer::OfConnection | Issuer::Usual(_) | Issuer::Tenants(_)
            ),
            Protocol::OAuth2 { .. } => false,
        }
    }

    /// Whether its ID tokens can be verified wherever they come from, so that native apps and
    /// one-tap prompts can hand them over.
    pub const fn signs(&self) -> bool {
        matches!(self.protocol, Protocol::Oidc { .. })
    }
}
