//! Anything that speaks a standard: products that every organisation runs at an address of its own,
//! and the generic rows.

use jsonwebtoken::Algorithm;

use super::{
    Category, ClientAuth, EmailTrust, Issuer, OAUTH2, OIDC, Protocol, Provider, Setup, TEST,
    USUAL_SETUP,
};

pub(super) const ROWS: &[Provider] = &[
    Provider {
        key: "okta",
        label: "Okta",
        category: Category::Work,
        setup: Setup {
            steps: &[
                "Create an app integration for OIDC, of the type Web Application.",
                "The issuer is your Okta domain, as in https://example.okta.com, or one of its \
                 authorization servers.",
            ],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "auth0",
        label: "Auth0",
        category: Category::Work,
        setup: Setup {
            steps: &[
                "Create a Regular Web Application.",
                "The issuer is your tenant's address with a slash at its end, as in \
                 https://example.eu.auth0.com/.",
            ],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "keycloak",
        label: "Keycloak",
        category: Category::Work,
        setup: Setup {
            steps: &[
                "Create a client of the type OpenID Connect, with client authentication on.",
                "The issuer is your realm's address, as in https://login.example/realms/main.",
            ],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "oidc",
        label: "OpenID Connect",
        setup: Setup {
            steps: &["Ask whoever runs it for an issuer, a client id and a client secret."],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "oauth2",
        label: "OAuth 2.0",
        pkce: true,
        client_auth: ClientAuth::Basic,
        paths: &super::STANDARD_PATHS,
        email_trust: EmailTrust::Claim,
        setup: Setup {
            steps: &["Name its three endpoints, and where the account's claims stand."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: TEST,
        label: "Test provider",
        protocol: Protocol::Oidc {
            issuer: Issuer::BuiltIn,
            algorithms: &[Algorithm::EdDSA],
            hosts: &[],
            secret_signs: false,
        },
        ..OIDC
    },
];
