//! Where people work and build.

use jsonwebtoken::Algorithm;

use super::{
    AccountCall, Category, ClientAuth, EmailTrust, Endpoints, Habits, Issuer, ListPaths, NO_HABITS,
    NO_PATHS, OAUTH2, OIDC, Paths, Protocol, Provider, Setup, USUAL_SETUP, endpoints, rs256,
};

const GITHUB: Paths = Paths {
    subject: "id",
    name: "name",
    username: "login",
    // The profile's address is free text; the list of addresses is what counts (A3).
    picture: "avatar_url",
    profile: "html_url",
    ..NO_PATHS
};

const BITBUCKET: Paths = Paths {
    // Names and handles change hands.
    subject: "uuid",
    name: "display_name",
    username: "nickname",
    picture: "links.avatar.href",
    profile: "links.html.href",
    ..NO_PATHS
};

const ATLASSIAN: Paths = Paths {
    subject: "account_id",
    name: "name",
    username: "nickname",
    email: "email",
    email_verified: "email_verified",
    picture: "picture",
    locale: "locale",
    zone: "zoneinfo",
    ..NO_PATHS
};

const NOTION: Paths = Paths {
    subject: "owner.user.id",
    name: "owner.user.name",
    email: "owner.user.person.email",
    picture: "owner.user.avatar_url",
    ..NO_PATHS
};

const ZOOM: Paths = Paths {
    subject: "id",
    name: "display_name",
    given_name: "first_name",
    family_name: "last_name",
    email: "email",
    picture: "pic_url",
    locale: "language",
    zone: "timezone",
    ..NO_PATHS
};

const FIGMA: Paths = Paths {
    subject: "id",
    name: "handle",
    email: "email",
    picture: "img_url",
    ..NO_PATHS
};

const DROPBOX: Paths = Paths {
    subject: "account_id",
    name: "name.display_name",
    given_name: "name.given_name",
    family_name: "name.surname",
    email: "email",
    email_verified: "email_verified",
    picture: "profile_photo_url",
    locale: "locale",
    ..NO_PATHS
};

const BOX: Paths = Paths {
    subject: "id",
    name: "name",
    email: "login",
    phone: "phone",
    picture: "avatar_url",
    locale: "language",
    zone: "timezone",
    ..NO_PATHS
};

const ASANA: Paths = Paths {
    subject: "data.gid",
    name: "data.name",
    email: "data.email",
    picture: "data.photo.image_128x128",
    ..NO_PATHS
};

const DIGITALOCEAN: Paths = Paths {
    subject: "account.uuid",
    name: "account.name",
    email: "account.email",
    email_verified: "account.email_verified",
    ..NO_PATHS
};

const HEROKU: Paths = Paths {
    subject: "id",
    name: "name",
    email: "email",
    ..NO_PATHS
};

pub(super) const ROWS: &[Provider] = &[
    Provider {
        key: "github",
        label: "GitHub",
        category: Category::Work,
        protocol: Protocol::OAuth2 {
            endpoints: Some(Endpoints {
                authorize: "https://github.com/login/oauth/authorize",
                token: "https://github.com/login/oauth/access_token",
                userinfo: Some("https://api.github.com/user"),
                emails: Some("https://api.github.com/user/emails"),
            }),
        },
        scopes: &["read:user", "user:email"],
        pkce: true,
        paths: &GITHUB,
        email_trust: EmailTrust::List(&ListPaths {
            list: "",
            address: "email",
            primary: "primary",
            verified: "verified",
        }),
        setup: Setup {
            console: "https://github.com/settings/developers",
            steps: &["Create an OAuth app; a GitHub App needs the permission to read addresses."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "gitlab",
        label: "GitLab",
        category: Category::Work,
        protocol: Protocol::Oidc {
            // One's own server is named by the connection.
            issuer: Issuer::Usual("https://gitlab.com"),
            algorithms: &[Algorithm::RS256],
            hosts: &["gitlab.com"],
            secret_signs: false,
        },
        client_auth: ClientAuth::Body,
        setup: Setup {
            console: "https://gitlab.com/-/user_settings/applications",
            client_id: "Application ID",
            client_secret: "Secret",
            steps: &["Give the application the scopes openid, profile and email."],
        },
        ..OIDC
    },
    Provider {
        key: "bitbucket",
        label: "Bitbucket",
        category: Category::Work,
        protocol: Protocol::OAuth2 {
            endpoints: Some(Endpoints {
                authorize: "https://bitbucket.org/site/oauth2/authorize",
                token: "https://bitbucket.org/site/oauth2/access_token",
                userinfo: Some("https://api.bitbucket.org/2.0/user"),
                emails: Some("https://api.bitbucket.org/2.0/user/emails"),
            }),
        },
        scopes: &["account", "email"],
        client_auth: ClientAuth::Basic,
        paths: &BITBUCKET,
        email_trust: EmailTrust::List(&ListPaths {
            list: "values",
            address: "email",
            primary: "is_primary",
            verified: "is_confirmed",
        }),
        setup: Setup {
            console: "https://bitbucket.org/account/workspaces/",
            client_id: "Key",
            client_secret: "Secret",
            steps: &[
                "Add an OAuth consumer in the workspace's settings, that may read account and address.",
            ],
        },
        ..OAUTH2
    },
    Provider {
        key: "atlassian",
        label: "Atlassian",
        category: Category::Work,
        protocol: endpoints(
            "https://auth.atlassian.com/authorize",
            "https://auth.atlassian.com/oauth/token",
            "https://api.atlassian.com/me",
        ),
        scopes: &["read:me"],
        authorize_parameters: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
        paths: &ATLASSIAN,
        email_trust: EmailTrust::Claim,
        habits: &Habits {
            token_takes_json: true,
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://developer.atlassian.com/console/myapps/",
            client_secret: "Secret",
            steps: &["Create an OAuth 2.0 integration and add the User identity API."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "salesforce",
        label: "Salesforce",
        category: Category::Work,
        protocol: Protocol::Oidc {
            issuer: Issuer::Usual("https://login.salesforce.com"),
            algorithms: &[Algorithm::RS256],
            hosts: &["login.salesforce.com"],
            secret_signs: false,
        },
        client_auth: ClientAuth::Body,
        setup: Setup {
            console: "https://login.salesforce.com/lightning/setup/NavigationMenus/home",
            client_id: "Consumer key",
            client_secret: "Consumer secret",
            steps: &["Give the app the scopes openid, email and profile."],
        },
        ..OIDC
    },
    Provider {
        key: "slack",
        label: "Slack",
        category: Category::Work,
        protocol: rs256("https://slack.com", &["slack.com"]),
        pkce: false,
        client_auth: ClientAuth::Body,
        // A user's id is unique within the workspace.
        account_key: &["https://slack.com/team_id", "https://slack.com/user_id"],
        setup: Setup {
            console: "https://api.slack.com/apps",
            steps: &["Add the user scopes openid, email and profile."],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "notion",
        label: "Notion",
        category: Category::Work,
        // developers.notion.com/reference/create-a-token: the person comes with the token.
        protocol: Protocol::OAuth2 {
            endpoints: Some(Endpoints {
                authorize: "https://api.notion.com/v1/oauth/authorize",
                token: "https://api.notion.com/v1/oauth/token",
                userinfo: None,
                emails: None,
            }),
        },
        client_auth: ClientAuth::Basic,
        authorize_parameters: &[("owner", "user")],
        paths: &NOTION,
        habits: &Habits {
            token_takes_json: true,
            headers: &[("notion-version", "2022-06-28")],
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://www.notion.so/profile/integrations",
            client_id: "OAuth client ID",
            client_secret: "OAuth client secret",
            steps: &["Create a public integration that may read user information with addresses."],
        },
        ..OAUTH2
    },
    Provider {
        key: "zoom",
        label: "Zoom",
        category: Category::Work,
        protocol: endpoints(
            "https://zoom.us/oauth/authorize",
            "https://zoom.us/oauth/token",
            "https://api.zoom.us/v2/users/me",
        ),
        pkce: true,
        client_auth: ClientAuth::Basic,
        paths: &ZOOM,
        setup: Setup {
            console: "https://marketplace.zoom.us/user/build",
            steps: &["Create a general app managed by users, with the scope user:read:user."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "figma",
        label: "Figma",
        category: Category::Work,
        // developers.figma.com/docs/rest-api/users-types says what stands where.
        protocol: endpoints(
            "https://www.figma.com/oauth",
            "https://api.figma.com/v1/oauth/token",
            "https://api.figma.com/v1/me",
        ),
        scopes: &["current_user:read"],
        client_auth: ClientAuth::Basic,
        paths: &FIGMA,
        setup: Setup {
            console: "https://www.figma.com/developers/apps",
            steps: &["Give the app the scope current_user:read and publish it."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "dropbox",
        label: "Dropbox",
        category: Category::Work,
        protocol: endpoints(
            "https://www.dropbox.com/oauth2/authorize",
            "https://api.dropboxapi.com/oauth2/token",
            "https://api.dropboxapi.com/2/users/get_current_account",
        ),
        scopes: &["account_info.read"],
        pkce: true,
        paths: &DROPBOX,
        email_trust: EmailTrust::Claim,
        habits: &Habits {
            account: AccountCall::PostBearer,
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://www.dropbox.com/developers/apps",
            client_id: "App key",
            client_secret: "App secret",
            steps: &["Give the app the permission account_info.read."],
        },
        ..OAUTH2
    },
    Provider {
        key: "box",
        label: "Box",
        category: Category::Work,
        protocol: endpoints(
            "https://account.box.com/api/oauth2/authorize",
            "https://api.box.com/oauth2/token",
            "https://api.box.com/2.0/users/me",
        ),
        paths: &BOX,
        setup: Setup {
            console: "https://app.box.com/developers/console",
            steps: &["Create a custom app with user authentication (OAuth 2.0)."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "asana",
        label: "Asana",
        category: Category::Work,
        protocol: endpoints(
            "https://app.asana.com/-/oauth_authorize",
            "https://app.asana.com/-/oauth_token",
            "https://app.asana.com/api/1.0/users/me",
        ),
        scopes: &["users:read"],
        pkce: true,
        paths: &ASANA,
        setup: Setup {
            console: "https://app.asana.com/0/my-apps",
            steps: &["Give the app the scope users:read."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "digitalocean",
        label: "DigitalOcean",
        category: Category::Work,
        protocol: endpoints(
            "https://cloud.digitalocean.com/v1/oauth/authorize",
            "https://cloud.digitalocean.com/v1/oauth/token",
            "https://api.digitalocean.com/v2/account",
        ),
        scopes: &["account:read"],
        paths: &DIGITALOCEAN,
        email_trust: EmailTrust::Claim,
        setup: Setup {
            console: "https://cloud.digitalocean.com/account/api/applications",
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "heroku",
        label: "Heroku",
        category: Category::Work,
        protocol: endpoints(
            "https://id.heroku.com/oauth/authorize",
            "https://id.heroku.com/oauth/token",
            "https://api.heroku.com/account",
        ),
        scopes: &["identity"],
        paths: &HEROKU,
        habits: &Habits {
            headers: &[("accept", "application/vnd.heroku+json; version=3")],
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://dashboard.heroku.com/account/applications",
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "huggingface",
        label: "Hugging Face",
        category: Category::Work,
        protocol: rs256("https://huggingface.co", &["huggingface.co"]),
        setup: Setup {
            console: "https://huggingface.co/settings/applications/new",
            client_secret: "App secret",
            steps: &["Give the app the scopes openid, profile and email."],
            ..USUAL_SETUP
        },
        ..OIDC
    },
    Provider {
        key: "xero",
        label: "Xero",
        category: Category::Work,
        protocol: rs256(
            "https://identity.xero.com",
            &["identity.xero.com", "login.xero.com", "api.xero.com"],
        ),
        // It sends an address without a word on whether it is proven.
        email_trust: EmailTrust::Never,
        setup: Setup {
            console: "https://developer.xero.com/app/manage",
            steps: &["Create a web app."],
            ..USUAL_SETUP
        },
        ..OIDC
    },
];
