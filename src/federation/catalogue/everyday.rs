//! Accounts that nearly everybody has one of.

use jsonwebtoken::Algorithm;

use super::{
    AccountCall, Category, ClientAuth, EmailTrust, Habits, Issuer, NO_HABITS, NO_PATHS, OAUTH2,
    OIDC, Paths, Protocol, Provider, ResponseMode, STANDARD_PATHS, Setup, USUAL_SETUP, endpoints,
};

const FACEBOOK: Paths = Paths {
    subject: "id",
    name: "name",
    given_name: "first_name",
    family_name: "last_name",
    email: "email",
    picture: "picture.data.url",
    ..NO_PATHS
};

const X: Paths = Paths {
    subject: "data.id",
    name: "data.name",
    username: "data.username",
    picture: "data.profile_image_url",
    ..NO_PATHS
};

const AMAZON: Paths = Paths {
    subject: "user_id",
    name: "name",
    email: "email",
    ..NO_PATHS
};

const PAYPAL: Paths = Paths {
    subject: "user_id",
    ..STANDARD_PATHS
};

pub(super) const ROWS: &[Provider] = &[
    Provider {
        key: "google",
        label: "Google",
        category: Category::Everyday,
        protocol: Protocol::Oidc {
            // Tokens of its native kits name it without the scheme.
            issuer: Issuer::Aliased("https://accounts.google.com", &["accounts.google.com"]),
            algorithms: &[Algorithm::RS256],
            hosts: &[
                "accounts.google.com",
                "oauth2.googleapis.com",
                "openidconnect.googleapis.com",
                "www.googleapis.com",
            ],
            secret_signs: false,
        },
        client_auth: ClientAuth::Body,
        email_trust: EmailTrust::Google,
        setup: Setup {
            console: "https://console.cloud.google.com/apis/credentials",
            steps: &[
                "Create an OAuth client of the type Web application.",
                "Publish the consent screen, or only test users can sign in.",
            ],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "apple",
        label: "Apple",
        category: Category::Everyday,
        protocol: Protocol::Oidc {
            // Its discovery and its tokens have each named either.
            issuer: Issuer::Aliased("https://appleid.apple.com", &["https://account.apple.com"]),
            algorithms: &[Algorithm::RS256],
            hosts: &["appleid.apple.com", "account.apple.com"],
            secret_signs: false,
        },
        scopes: &["openid", "name", "email"],
        pkce: false,
        client_auth: ClientAuth::SignedSecret,
        // It answers by form whenever name or address is asked for.
        response_mode: ResponseMode::FormPost,
        email_trust: EmailTrust::ClaimOrText,
        setup: Setup {
            console: "https://developer.apple.com/account/resources/identifiers/list/serviceId",
            client_id: "Services ID",
            client_secret: "Private key (.p8)",
            steps: &[
                "Create a Services ID with Sign in with Apple, for the domain of the callback address.",
                "Create a key with Sign in with Apple. Apple lets you download it once.",
                "Copy the key's ID and your Team ID. Befriend makes and renews the client secret.",
                "Register the domain that you send mail from, so that relay addresses can be written to.",
            ],
        },
        ..OIDC
    },
    Provider {
        key: "facebook",
        label: "Facebook",
        category: Category::Everyday,
        // The version is pinned: an older or newer one may answer otherwise.
        protocol: endpoints(
            "https://www.facebook.com/v25.0/dialog/oauth",
            "https://graph.facebook.com/v25.0/oauth/access_token",
            "https://graph.facebook.com/v25.0/me?fields=id,name,first_name,last_name,email,picture",
        ),
        scopes: &["public_profile", "email"],
        paths: &FACEBOOK,
        habits: &Habits {
            scope_separator: ",",
            account: AccountCall::Proven,
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://developers.facebook.com/apps",
            client_id: "App ID",
            client_secret: "App secret",
            steps: &[
                "Add the use case for signing in with Facebook, with the permission email.",
                "Switch Require app secret on: Befriend proves every call.",
                "Go live after the review, or only people with a role in the app can sign in.",
            ],
        },
        ..OAUTH2
    },
    Provider {
        key: "microsoft",
        label: "Microsoft",
        category: Category::Everyday,
        protocol: Protocol::Oidc {
            issuer: Issuer::Tenants("https://login.microsoftonline.com"),
            algorithms: &[Algorithm::RS256],
            hosts: &["login.microsoftonline.com", "graph.microsoft.com"],
            secret_signs: false,
        },
        client_auth: ClientAuth::Body,
        // `sub` differs between applications; the pair does not, and no tenant can take another's.
        account_key: &["tid", "oid"],
        email_trust: EmailTrust::Microsoft,
        setup: Setup {
            console: "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
            client_id: "Application (client) ID",
            client_secret: "Client secret value",
            steps: &[
                "Choose which accounts may sign in: of your tenant, of any, or personal ones too.",
                "Add the optional claim xms_edov to ID tokens, or work addresses never count as proven.",
            ],
        },
        ..OIDC
    },
    Provider {
        key: "x",
        label: "X",
        category: Category::Everyday,
        protocol: endpoints(
            "https://x.com/i/oauth2/authorize",
            "https://api.x.com/2/oauth2/token",
            "https://api.x.com/2/users/me?user.fields=profile_image_url",
        ),
        scopes: &["users.read", "tweet.read"],
        pkce: true,
        client_auth: ClientAuth::Basic,
        paths: &X,
        setup: Setup {
            console: "https://developer.x.com/en/portal/dashboard",
            steps: &["Switch user authentication on, as a Web App."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "linkedin",
        label: "LinkedIn",
        category: Category::Everyday,
        // Its ID tokens do not repeat the nonce, so the person is read from the account instead.
        // With a secret it refuses PKCE.
        protocol: endpoints(
            "https://www.linkedin.com/oauth/v2/authorization",
            "https://www.linkedin.com/oauth/v2/accessToken",
            "https://api.linkedin.com/v2/userinfo",
        ),
        scopes: &["openid", "profile", "email"],
        email_trust: EmailTrust::Claim,
        setup: Setup {
            console: "https://www.linkedin.com/developers/apps",
            client_secret: "Primary client secret",
            steps: &["Add the product Sign In with LinkedIn using OpenID Connect."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "amazon",
        label: "Amazon",
        category: Category::Everyday,
        protocol: endpoints(
            "https://www.amazon.com/ap/oa",
            "https://api.amazon.com/auth/o2/token",
            "https://api.amazon.com/user/profile",
        ),
        scopes: &["profile"],
        pkce: true,
        paths: &AMAZON,
        setup: Setup {
            console: "https://developer.amazon.com/loginwithamazon/console/site/lwa/overview.html",
            steps: &[
                "Create a security profile, and add the callback address in its web settings.",
            ],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "yahoo",
        label: "Yahoo",
        category: Category::Everyday,
        protocol: Protocol::Oidc {
            issuer: Issuer::Fixed("https://api.login.yahoo.com"),
            algorithms: &[Algorithm::ES256, Algorithm::RS256],
            hosts: &["api.login.yahoo.com"],
            secret_signs: false,
        },
        setup: Setup {
            console: "https://developer.yahoo.com/apps/",
            client_id: "Client ID (consumer key)",
            client_secret: "Client secret (consumer secret)",
            steps: &["Give the app the OpenID Connect permissions email and profile."],
        },
        ..OIDC
    },
    Provider {
        key: "paypal",
        label: "PayPal",
        category: Category::Everyday,
        protocol: endpoints(
            "https://www.paypal.com/signin/authorize",
            "https://api-m.paypal.com/v1/oauth2/token",
            "https://api-m.paypal.com/v1/identity/openidconnect/userinfo?schema=openid",
        ),
        scopes: &["openid", "email", "profile"],
        client_auth: ClientAuth::Basic,
        paths: &PAYPAL,
        email_trust: EmailTrust::Claim,
        setup: Setup {
            console: "https://developer.paypal.com/dashboard/applications/live",
            steps: &["Switch Log in with PayPal on, with full name and email address."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
];
