//! Providers that are at home in some countries.

use jsonwebtoken::Algorithm;

use super::{
    AccountCall, Category, ClientAuth, EmailTrust, Habits, Issuer, NO_HABITS, NO_PATHS, OAUTH2,
    OIDC, Paths, Protocol, Provider, STANDARD_PATHS, Setup, USUAL_SETUP, endpoints,
};

const KAKAO: Paths = Paths {
    name: "nickname",
    ..STANDARD_PATHS
};

const NAVER: Paths = Paths {
    subject: "response.id",
    name: "response.name",
    username: "response.nickname",
    email: "response.email",
    phone: "response.mobile",
    picture: "response.profile_image",
    gender: "response.gender",
    ..NO_PATHS
};

const VK: Paths = Paths {
    subject: "user.user_id",
    given_name: "user.first_name",
    family_name: "user.last_name",
    email: "user.email",
    phone: "user.phone",
    picture: "user.avatar",
    birthdate: "user.birthday",
    ..NO_PATHS
};

const YANDEX: Paths = Paths {
    subject: "id",
    name: "real_name",
    given_name: "first_name",
    family_name: "last_name",
    username: "login",
    email: "default_email",
    phone: "default_phone.number",
    picture: "https://avatars.yandex.net/get-yapic/{default_avatar_id}/islands-200",
    gender: "sex",
    birthdate: "birthday",
    ..NO_PATHS
};

const MAILRU: Paths = Paths {
    subject: "id",
    name: "name",
    given_name: "first_name",
    family_name: "last_name",
    username: "nickname",
    email: "email",
    picture: "image",
    locale: "locale",
    gender: "gender",
    birthdate: "birthday",
    ..NO_PATHS
};

pub(super) const ROWS: &[Provider] = &[
    Provider {
        key: "line",
        label: "LINE",
        category: Category::Regional,
        // developers.line.biz/en/docs/line-login/verify-id-token: native kits get tokens under
        // ES256, a web sign-in gets them under HS256 with the channel secret, whatever the
        // discovery document says.
        protocol: Protocol::Oidc {
            issuer: Issuer::Fixed("https://access.line.me"),
            algorithms: &[Algorithm::ES256],
            hosts: &["access.line.me", "api.line.me"],
            secret_signs: true,
        },
        client_auth: ClientAuth::Body,
        // It says nothing of whether the address is proven.
        email_trust: EmailTrust::Never,
        setup: Setup {
            console: "https://developers.line.biz/console/",
            client_id: "Channel ID",
            client_secret: "Channel secret",
            steps: &[
                "Create a LINE Login channel of the type Web app.",
                "Ask for permission to read addresses, if you want them.",
            ],
        },
        ..OIDC
    },
    Provider {
        key: "kakao",
        label: "Kakao",
        category: Category::Regional,
        protocol: Protocol::Oidc {
            issuer: Issuer::Fixed("https://kauth.kakao.com"),
            algorithms: &[Algorithm::RS256],
            hosts: &["kauth.kakao.com", "kapi.kakao.com"],
            secret_signs: false,
        },
        scopes: &[
            "openid",
            "profile_nickname",
            "profile_image",
            "account_email",
        ],
        pkce: false,
        client_auth: ClientAuth::Body,
        paths: &KAKAO,
        habits: &Habits {
            scope_separator: ",",
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://developers.kakao.com/console/app",
            client_id: "REST API key",
            client_secret: "Client secret",
            steps: &[
                "Switch Kakao Login and OpenID Connect on.",
                "Ask for the consent items nickname, picture and address.",
            ],
        },
        ..OIDC
    },
    Provider {
        key: "naver",
        label: "Naver",
        category: Category::Regional,
        // The address is one to write to, as its owner typed it.
        protocol: endpoints(
            "https://nid.naver.com/oauth2.0/authorize",
            "https://nid.naver.com/oauth2.0/token",
            "https://openapi.naver.com/v1/nid/me",
        ),
        paths: &NAVER,
        habits: &Habits {
            token_repeats: &["state"],
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://developers.naver.com/apps/",
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "vk",
        label: "VK",
        category: Category::Regional,
        // VK ID: the callback names a device, and the token endpoint wants to hear of it.
        protocol: endpoints(
            "https://id.vk.com/authorize",
            "https://id.vk.com/oauth2/auth",
            "https://id.vk.com/oauth2/user_info",
        ),
        scopes: &["vkid.personal_info", "email"],
        pkce: true,
        paths: &VK,
        habits: &Habits {
            token_repeats: &["device_id", "state"],
            account: AccountCall::PostForm,
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://id.vk.com/about/business/go",
            client_id: "App ID",
            client_secret: "Protected key",
            steps: &["Create an app of the type Web, with access to addresses."],
        },
        ..OAUTH2
    },
    Provider {
        key: "yandex",
        label: "Yandex",
        category: Category::Regional,
        protocol: endpoints(
            "https://oauth.yandex.com/authorize",
            "https://oauth.yandex.com/token",
            "https://login.yandex.ru/info?format=json",
        ),
        scopes: &["login:info", "login:email", "login:avatar"],
        pkce: true,
        client_auth: ClientAuth::Basic,
        paths: &YANDEX,
        habits: &Habits {
            account: AccountCall::Scheme("OAuth"),
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://oauth.yandex.com/",
            client_id: "ClientID",
            steps: &["Give the app access to name, address and portrait."],
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
    Provider {
        key: "mailru",
        label: "Mail.ru",
        category: Category::Regional,
        protocol: endpoints(
            "https://oauth.mail.ru/login",
            "https://oauth.mail.ru/token",
            "https://oauth.mail.ru/userinfo",
        ),
        scopes: &["userinfo"],
        client_auth: ClientAuth::Basic,
        paths: &MAILRU,
        habits: &Habits {
            account: AccountCall::Query,
            ..NO_HABITS
        },
        setup: Setup {
            console: "https://o2.mail.ru/app/",
            ..USUAL_SETUP
        },
        ..OAUTH2
    },
];
