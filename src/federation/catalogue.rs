//! The providers that Befriend knows, as rows of data.
//!
//! A provider that follows the standards is one row here and nothing else; one that deviates names
//! its quirk in a field. Endpoints of a connection's own override the row's.

use jsonwebtoken::Algorithm;

/// A provider as Befriend knows it.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Its key in the `connection` table.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
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
    /// When an address of its counts as proven.
    pub email_trust: EmailTrust,
}

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
    /// Where the token opens the person's account.
    pub userinfo: &'static str,
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
}

/// How the answer to the authorization request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the redirect's query.
    Query,
    /// In a form that the browser posts.
    FormPost,
}

/// When an address counts as proven by its owner (linking, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailTrust {
    /// Never.
    Never,
    /// When the claim is the boolean `true`.
    Claim,
    /// When the claim is the boolean `true` and the address is one that Google itself manages:
    /// gmail.com, or an account with the `hd` claim.
    Google,
    /// When the entry in the separate list of addresses is verified, and primary.
    List,
}

/// Where claims stand in what a provider answers: names parted by dots. An empty path is nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// The account, for ever; a text or a whole number.
    pub subject: &'static str,
    /// The whole name.
    pub name: &'static str,
    /// The given name.
    pub given_name: &'static str,
    /// The family name.
    pub family_name: &'static str,
    /// The handle; never an identifier.
    pub username: &'static str,
    /// The address.
    pub email: &'static str,
    /// Whether the address is proven.
    pub email_verified: &'static str,
    /// The telephone number.
    pub phone: &'static str,
    /// The picture.
    pub picture: &'static str,
    /// The account's public page.
    pub profile: &'static str,
    /// Language and region.
    pub locale: &'static str,
    /// The time zone.
    pub zone: &'static str,
    /// The gender, as its owner says.
    pub gender: &'static str,
    /// The day of birth.
    pub birthdate: &'static str,
}

/// OIDC Core §5.1.
pub const STANDARD_PATHS: Paths = Paths {
    subject: "sub",
    name: "name",
    given_name: "given_name",
    family_name: "family_name",
    username: "preferred_username",
    email: "email",
    email_verified: "email_verified",
    phone: "phone_number",
    picture: "picture",
    profile: "profile",
    locale: "locale",
    zone: "zoneinfo",
    gender: "gender",
    birthdate: "birthdate",
};

const GITHUB_PATHS: Paths = Paths {
    subject: "id",
    name: "name",
    given_name: "",
    family_name: "",
    username: "login",
    // The profile's address is free text; the list of addresses is what counts (A3).
    email: "",
    email_verified: "",
    phone: "",
    picture: "avatar_url",
    profile: "html_url",
    locale: "",
    zone: "",
    gender: "",
    birthdate: "",
};

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

/// The provider in this server, with which anybody can be anybody.
pub const TEST: &str = "test";

/// Every provider, in the order in which they are offered.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        key: "google",
        label: "Google",
        protocol: Protocol::Oidc {
            issuer: Issuer::Fixed("https://accounts.google.com"),
            algorithms: &[Algorithm::RS256],
            hosts: &[
                "accounts.google.com",
                "oauth2.googleapis.com",
                "openidconnect.googleapis.com",
                "www.googleapis.com",
            ],
        },
        scopes: &["openid", "email", "profile"],
        pkce: true,
        client_auth: ClientAuth::Body,
        response_mode: ResponseMode::Query,
        authorize_parameters: &[],
        paths: &STANDARD_PATHS,
        email_trust: EmailTrust::Google,
    },
    Provider {
        key: "github",
        label: "GitHub",
        protocol: Protocol::OAuth2 {
            endpoints: Some(Endpoints {
                authorize: "https://github.com/login/oauth/authorize",
                token: "https://github.com/login/oauth/access_token",
                userinfo: "https://api.github.com/user",
                emails: Some("https://api.github.com/user/emails"),
            }),
        },
        scopes: &["read:user", "user:email"],
        pkce: true,
        client_auth: ClientAuth::Body,
        response_mode: ResponseMode::Query,
        authorize_parameters: &[],
        paths: &GITHUB_PATHS,
        email_trust: EmailTrust::List,
    },
    Provider {
        key: "oidc",
        label: "OpenID Connect",
        protocol: Protocol::Oidc {
            issuer: Issuer::OfConnection,
            algorithms: ASYMMETRIC,
            hosts: &[],
        },
        scopes: &["openid", "email", "profile"],
        pkce: true,
        client_auth: ClientAuth::Basic,
        response_mode: ResponseMode::Query,
        authorize_parameters: &[],
        paths: &STANDARD_PATHS,
        email_trust: EmailTrust::Claim,
    },
    Provider {
        key: "oauth2",
        label: "OAuth 2.0",
        protocol: Protocol::OAuth2 { endpoints: None },
        scopes: &[],
        pkce: true,
        client_auth: ClientAuth::Basic,
        response_mode: ResponseMode::Query,
        authorize_parameters: &[],
        paths: &STANDARD_PATHS,
        email_trust: EmailTrust::Claim,
    },
    Provider {
        key: TEST,
        label: "Test provider",
        protocol: Protocol::Oidc {
            issuer: Issuer::BuiltIn,
            algorithms: &[Algorithm::EdDSA],
            hosts: &[],
        },
        scopes: &["openid", "email", "profile"],
        pkce: true,
        client_auth: ClientAuth::Basic,
        response_mode: ResponseMode::Query,
        authorize_parameters: &[],
        paths: &STANDARD_PATHS,
        email_trust: EmailTrust::Claim,
    },
];

/// The provider with this key.
pub fn find(key: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use url::Url;

    use super::*;

    #[test]
    fn every_row_is_one_that_can_be_used() {
        let keys: BTreeSet<_> = PROVIDERS.iter().map(|provider| provider.key).collect();
        assert_eq!(keys.len(), PROVIDERS.len(), "keys are unique");
        for provider in PROVIDERS {
            assert!(!provider.label.is_empty(), "{}", provider.key);
            match provider.protocol {
                Protocol::Oidc {
                    issuer, algorithms, ..
                } => {
                    assert!(!algorithms.is_empty(), "{}", provider.key);
                    assert!(provider.scopes.contains(&"openid"), "{}", provider.key);
                    if let Issuer::Fixed(issuer) = issuer {
                        let issuer = Url::parse(issuer).unwrap();
                        assert_eq!(issuer.scheme(), "https", "{}", provider.key);
                    }
                }
                Protocol::OAuth2 { endpoints } => {
                    let Some(endpoints) = endpoints else { continue };
                    let all = [endpoints.authorize, endpoints.token, endpoints.userinfo];
                    for text in all.into_iter().chain(endpoints.emails) {
                        assert_eq!(Url::parse(text).unwrap().scheme(), "https", "{text}");
                    }
                }
            }
        }
    }
}
