//! Where people meet, play, listen and write.

use jsonwebtoken::Algorithm;

use super::{
    Category, ClientAuth, EmailTrust, Endpoints, Habits, Issuer, NO_HABITS, NO_PATHS, OAUTH2, OIDC,
    Paths, Protocol, Provider, Setup, USUAL_SETUP, endpoints,
};

const DISCORD: Paths = Paths {
    subject: "id",
    name: "global_name",
    username: "username",
    email: "email",
    email_verified: "verified",
    picture: "https://cdn.discordapp.com/avatars/{id}/{avatar}.png",
    locale: "locale",
    ..NO_PATHS
};

const TIKTOK: Paths = Paths {
    // Unique within the application that asks.
    subject: "data.user.open_id",
    name: "data.user.display_name",
    picture: "data.user.avatar_url",
    ..NO_PATHS
};

const SPOTIFY: Paths = Paths {
    subject: "id",
    name: "display_name",
    email: "email",
    picture: "images.0.url",
    profile: "external_urls.spotify",
    ..NO_PATHS
};

const REDDIT: Paths = Paths {
    subject: "id",
    username: "name",
    picture: "icon_img",
    ..NO_PATHS
};

const STRAVA: Paths = Paths {
    subject: "athlete.id",
    given_name: "athlete.firstname",
    family_name: "athlete.lastname",
    username: "athlete.username",
    picture: "athlete.profile",
    ..NO_PATHS
};

const PATREON: Paths = Paths {
    subject: "data.id",
    name: "data.attributes.full_name",
    username: "data.attributes.vanity",
    email: "data.attributes.email",
    email_verified: "data.attributes.is_email_verified",
    picture: "data.attributes.image_url",
    profile: "data.attributes.url",
    ..NO_PATHS
};

const WORDPRESS: Paths = Paths {
    subject: "ID",
    name: "display_name",
    username: "username",
    email: "email",
    email_verified: "email_verified",
    picture: "avatar_URL",
    profile: "profile_URL",
    locale: "language",
    ..NO_PATHS
};

const BATTLENET: Paths = Paths {
    subject: "sub",
    username: "battletag",
    ..NO_PATHS
};

const ROBLOX: Paths = Paths {
    subject: "sub",
    name: "name",
    username: "preferred_username",
    picture: "picture",
    profile: "profile",
    ..NO_PATHS
};

pub(super) const ROWS: &[Provider] = &[
    Provider {
        key: "discord",
        label: "Discord",
        category: Category::Communities,
        protocol: endpoints(
            "https://discord.com/oauth2/authorize",
            "https://discord.com/api/oauth2/token",
            "https://discord.com/api/users/@me",
        ),
        scopes: &["identify", "email"],
        pkce: true,
        paths: &DISCORD,
        email_trust: EmailTrust::Claim,
        setup: Setup {
            console: "https://discord.com/developers/applications",
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "tiktok",
        label: "TikTok",
        category: Category::Communities,
        // developers.tiktok.com/doc/tiktok-api-v2-get-user-info: the fields must be named.
        protocol: endpoints(
            "https://www.tiktok.com/v2/auth/authorize/",
            "https://open.tiktokapis.com/v2/oauth/token/",
            "https://open.tiktokapis.com/v2/user/info/?fields=open_id,union_id,avatar_url,display_name",
        ),
        scopes: &["user.info.basic"],
        paths: &TIKTOK,
        habits: &Habits {
            client_id_name: "client_key",
            scope_separator: ",",
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://developers.tiktok.com/apps/",
            client_id: "Client key",
            steps: &[
                "Add the product Login Kit with the scope user.info.basic, and have it reviewed.",
            ],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "twitch",
        label: "Twitch",
        category: Category::Communities,
        protocol: Protocol::Oidc {
            issuer: Issuer::Fixed("https://id.twitch.tv/oauth2"),
            algorithms: &[Algorithm::RS256],
            hosts: &["id.twitch.tv"],
            secret_signs: false,
        },
        scopes: &["openid", "user:read:email"],
        pkce: false,
        client_auth: ClientAuth::Body,
        // It tells nothing but the subject unless each claim is asked for by name.
        authorize_parameters: &[(
            "claims",
            r#"{"id_token":{"email":null,"email_verified":null,"picture":null,"preferred_username":null},"userinfo":{"picture":null,"preferred_username":null}}"#,
        )],
        setup: Setup {
            console: "https://dev.twitch.tv/console/apps",
            steps: &["Choose the client type Confidential."],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "spotify",
        label: "Spotify",
        category: Category::Communities,
        // Its address was never proven, as its own reference says.
        protocol: endpoints(
            "https://accounts.spotify.com/authorize",
            "https://accounts.spotify.com/api/token",
            "https://api.spotify.com/v1/me",
        ),
        scopes: &["user-read-email"],
        pkce: true,
        client_auth: ClientAuth::Basic,
        paths: &SPOTIFY,
        setup: Setup {
            console: "https://developer.spotify.com/dashboard",
            steps: &["Ask for extended quota, or only people on the app's list can sign in."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "reddit",
        label: "Reddit",
        category: Category::Communities,
        protocol: endpoints(
            "https://www.reddit.com/api/v1/authorize",
            "https://www.reddit.com/api/v1/access_token",
            "https://oauth.reddit.com/api/v1/me",
        ),
        scopes: &["identity"],
        client_auth: ClientAuth::Basic,
        authorize_parameters: &[("duration", "temporary")],
        paths: &REDDIT,
        habits: &Habits {
            // It turns away callers that name themselves as every library does.
            headers: &[("user-agent", "web:befriend:v1 (sign-in)")],
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://www.reddit.com/prefs/apps",
            client_secret: "Secret",
            steps: &["Create an app of the type web app."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "strava",
        label: "Strava",
        category: Category::Communities,
        // The athlete comes with the token.
        protocol: Protocol::OAuth2 {
            endpoints: Some(Endpoints {
                authorize: "https://www.strava.com/oauth/authorize",
                token: "https://www.strava.com/api/v3/oauth/token",
                userinfo: None,
                emails: None,
            }),
        },
        scopes: &["read"],
        paths: &STRAVA,
        habits: &Habits {
            scope_separator: ",",
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://www.strava.com/settings/api",
            steps: &[
                "Set the authorization callback domain to the domain of the callback address.",
            ],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "patreon",
        label: "Patreon",
        category: Category::Communities,
        protocol: endpoints(
            "https://www.patreon.com/oauth2/authorize",
            "https://www.patreon.com/api/oauth2/token",
            "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified,url,vanity",
        ),
        scopes: &["identity", "identity[email]"],
        paths: &PATREON,
        email_trust: EmailTrust::Claim,
        setup: Setup {
            console: "https://www.patreon.com/portal/registration/register-clients",
            steps: &["Choose API version 2."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "wordpress",
        label: "WordPress.com",
        category: Category::Communities,
        protocol: endpoints(
            "https://public-api.wordpress.com/oauth2/authorize",
            "https://public-api.wordpress.com/oauth2/token",
            "https://public-api.wordpress.com/rest/v1.1/me",
        ),
        scopes: &["auth"],
        paths: &WORDPRESS,
        email_trust: EmailTrust::Claim,
        setup: Setup {
            console: "https://developer.wordpress.com/apps/",
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "battlenet",
        label: "Battle.net",
        category: Category::Communities,
        protocol: endpoints(
            "https://oauth.battle.net/authorize",
            "https://oauth.battle.net/token",
            "https://oauth.battle.net/userinfo",
        ),
        scopes: &["openid"],
        client_auth: ClientAuth::Basic,
        paths: &BATTLENET,
        setup: Setup {
            console: "https://develop.battle.net/access/clients",
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "roblox",
        label: "Roblox",
        category: Category::Communities,
        protocol: Protocol::Oidc {
            issuer: Issuer::Fixed("https://apis.roblox.com/oauth/"),
            algorithms: &[Algorithm::ES256],
            hosts: &["apis.roblox.com", "authorize.roblox.com"],
            secret_signs: false,
        },
        scopes: &["openid", "profile"],
        client_auth: ClientAuth::Body,
        paths: &ROBLOX,
        email_trust: EmailTrust::Never,
        setup: Setup {
            console: "https://create.roblox.com/dashboard/credentials?activeTab=OAuthTab",
            client_secret: "Secret",
            steps: &["Have the app reviewed, or only few people can sign in."],
            ..USUAL_SETUP
        },
        ..OIDC
    },
];
