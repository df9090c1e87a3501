//! What each provider's own documents say of it: where it is, what it wants, what it answers. Written
//! apart from the catalogue, so that a row that departs from its provider fails here.

use serde_json::{Value, json};

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// What the account is known by; digits, since some providers count.
    pub id: String,
    pub email: String,
    /// What the provider says of whether the address is proven.
    pub flag: Value,
}

impl Person {
    pub fn number(&self) -> i64 {
        self.id.parse().unwrap()
    }
}

/// How the client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Basic,
    Form,
    Json,
    JsonAndBasic,
    Apple,
}

/// How a token opens the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// GET, under this scheme.
    Get(&'static str),
    /// The same, and this header must be there.
    With(&'static str, &'static str),
    Post,
    Query,
    Form,
    AppSecretProof,
}

/// What the address's flag is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proves {
    /// It gives no address.
    NoAddress,
    /// Nothing.
    Nothing,
    True,
    TrueOrText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alg {
    Rs256,
    Es256,
    /// Under the client secret.
    Hs256,
}

/// What it says as an OpenID provider.
#[derive(Clone, Copy)]
pub struct OpenId {
    pub discovery: &'static str,
    /// What discovery names.
    pub issuer: &'static str,
    /// What tokens name.
    pub token_issuer: &'static str,
    pub jwks: &'static str,
    pub alg: Alg,
    pub claims: fn(&Person) -> Value,
}

type Answer = fn(&Person) -> Value;

pub struct Spec {
    pub key: &'static str,
    /// Set on the connection where its provider has no one address.
    pub asks_issuer: Option<&'static str>,
    pub authorize: &'static str,
    pub client_param: &'static str,
    pub scope: &'static str,
    pub wants: &'static [(&'static str, &'static str)],
    pub pkce: bool,
    pub token: &'static str,
    pub proof: Proof,
    pub repeats: &'static [&'static str],
    /// What comes with the token.
    pub with_token: Answer,
    pub account: Option<&'static str>,
    pub opens: Opens,
    pub account_answer: Answer,
    pub emails: Option<(&'static str, Answer)>,
    pub open_id: Option<OpenId>,
    /// What is remembered: issuer, and the subject of [`Person::id`] `7001`.
    pub issuer: &'static str,
    pub subject: &'static str,
    /// What the profile is called.
    pub name: Option<&'static str>,
    pub proves: Proves,
}

fn nothing(_: &Person) -> Value {
    json!({})
}

const PLAIN: Spec = Spec {
    key: "",
    asks_issuer: None,
    authorize: "",
    client_param: "client_id",
    scope: "",
    wants: &[],
    pkce: false,
    token: "",
    proof: Proof::Form,
    repeats: &[],
    with_token: nothing,
    account: None,
    opens: Opens::Get("Bearer"),
    account_answer: nothing,
    emails: None,
    open_id: None,
    issuer: "",
    subject: "7001",
    name: Some("Ada Byron"),
    proves: Proves::Nothing,
};

/// What a provider by the book says.
fn standard(person: &Person) -> Value {
    json!({
        "sub": person.id, "name": "Ada Byron", "given_name": "Ada", "family_name": "Byron",
        "email": person.email, "email_verified": person.flag,
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "its place in a row is empty where a provider speaks OAuth 2.0 alone"
)]
const fn open_id(
    discovery: &'static str,
    issuer: &'static str,
    jwks: &'static str,
    alg: Alg,
) -> Option<OpenId> {
    Some(OpenId {
        discovery,
        issuer,
        token_issuer: issuer,
        jwks,
        alg,
        claims: standard,
    })
}

const BY_THE_BOOK: Spec = Spec {
    scope: "openid email profile",
    pkce: true,
    account_answer: standard,
    proves: Proves::True,
    ..PLAIN
};

pub const SPECS: &[Spec] = &[
    Spec {
        key: "google",
        authorize: "https://accounts.google.com/o/oauth2/v2/auth",
        token: "https://oauth2.googleapis.com/token",
        account: Some("https://openidconnect.googleapis.com/v1/userinfo"),
        open_id: open_id(
            "https://accounts.google.com/.well-known/openid-configuration",
            "https://accounts.google.com",
            "https://www.googleapis.com/oauth2/v3/certs",
            Alg::Rs256,
        ),
        issuer: "https://accounts.google.com",
        ..BY_THE_BOOK
    },
    Spec {
        key: "apple",
        authorize: "https://appleid.apple.com/auth/authorize",
        scope: "openid name email",
        wants: &[("response_mode", "form_post")],
        pkce: false,
        token: "https://appleid.apple.com/auth/token",
        proof: Proof::Apple,
        open_id: Some(OpenId {
            discovery: "https://appleid.apple.com/.well-known/openid-configuration",
            issuer: "https://account.apple.com",
            token_issuer: "https://appleid.apple.com",
            jwks: "https://appleid.apple.com/auth/keys",
            alg: Alg::Rs256,
            claims: |person| json!({ "sub": person.id, "email": person.email, "email_verified": person.flag }),
        }),
        issuer: "https://appleid.apple.com",
        proves: Proves::TrueOrText,
        ..BY_THE_BOOK
    },
    Spec {
        key: "facebook",
        authorize: "https://www.facebook.com/v25.0/dialog/oauth",
        scope: "public_profile,email",
        token: "https://graph.facebook.com/v25.0/oauth/access_token",
        account: Some(
            "https://graph.facebook.com/v25.0/me?fields=id,name,first_name,last_name,email,picture",
        ),
        opens: Opens::AppSecretProof,
        account_answer: |person| {
            json!({
                "id": person.id, "name": "Ada Byron", "first_name": "Ada", "last_name": "Byron",
                "email": person.email, "email_verified": person.flag, "verified": person.flag,
                "picture": {"data": {"url": "https://platform-lookaside.fbsbx.com/p"}},
            })
        },
        issuer: "https://www.facebook.com",
        ..PLAIN
    },
    Spec {
        key: "microsoft",
        authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        account: Some("https://graph.microsoft.com/oidc/userinfo"),
        account_answer: |person| json!({ "sub": person.id, "email": person.email }),
        open_id: Some(OpenId {
            discovery: "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
            issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
            token_issuer: "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0",
            jwks: "https://login.microsoftonline.com/common/discovery/v2.0/keys",
            alg: Alg::Rs256,
            claims: |person| {
                json!({
                    "sub": person.id, "name": "Ada Byron", "email": person.email,
                    "tid": "11111111-2222-4333-8444-555555555555", "oid": person.id,
                    "xms_edov": person.flag, "email_verified": true,
                })
            },
        }),
        issuer: "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0",
        subject: "11111111-2222-4333-8444-555555555555/7001",
        ..BY_THE_BOOK
    },
    Spec {
        key: "x",
        authorize: "https://x.com/i/oauth2/authorize",
        scope: "users.read tweet.read",
        pkce: true,
        token: "https://api.x.com/2/oauth2/token",
        proof: Proof::Basic,
        account: Some("https://api.x.com/2/users/me?user.fields=profile_image_url"),
        account_answer: |person| json!({"data": {"id": person.id, "name": "Ada Byron", "username": "ada"}}),
        issuer: "https://x.com",
        proves: Proves::NoAddress,
        ..PLAIN
    },
    Spec {
        key: "linkedin",
        authorize: "https://www.linkedin.com/oauth/v2/authorization",
        scope: "openid profile email",
        token: "https://www.linkedin.com/oauth/v2/accessToken",
        // An ID token without the nonce comes along, and is not read.
        with_token: |_| json!({"id_token": "e30.e30.", "scope": "email,openid,profile"}),
        account: Some("https://api.linkedin.com/v2/userinfo"),
        account_answer: |person| {
            let mut answer = standard(person);
            answer["locale"] = json!({"country": "US", "language": "en"});
            answer
        },
        issuer: "https://www.linkedin.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "amazon",
        authorize: "https://www.amazon.com/ap/oa",
        scope: "profile",
        pkce: true,
        token: "https://api.amazon.com/auth/o2/token",
        account: Some("https://api.amazon.com/user/profile"),
        account_answer: |person| json!({ "user_id": person.id, "name": "Ada Byron", "email": person.email }),
        issuer: "https://www.amazon.com",
        ..PLAIN
    },
    Spec {
        key: "yahoo",
        authorize: "https://api.login.yahoo.com/oauth2/request_auth",
        token: "https://api.login.yahoo.com/oauth2/get_token",
        proof: Proof::Basic,
        account: Some("https://api.login.yahoo.com/openid/v1/userinfo"),
        open_id: open_id(
            "https://api.login.yahoo.com/.well-known/openid-configuration",
            "https://api.login.yahoo.com",
            "https://api.login.yahoo.com/openid/v1/certs",
            Alg::Es256,
        ),
        issuer: "https://api.login.yahoo.com",
        ..BY_THE_BOOK
    },
    Spec {
        key: "paypal",
        authorize: "https://www.paypal.com/signin/authorize",
        scope: "openid email profile",
        token: "https://api-m.paypal.com/v1/oauth2/token",
        proof: Proof::Basic,
        account: Some("https://api-m.paypal.com/v1/identity/openidconnect/userinfo?schema=openid"),
        account_answer: |person| {
            let mut answer = standard(person);
            answer["user_id"] = json!(person.id);
            answer["sub"] = json!("https://www.paypal.com/webapps/auth/identity/user/x");
            answer
        },
        issuer: "https://www.paypal.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "discord",
        authorize: "https://discord.com/oauth2/authorize",
        scope: "identify email",
        pkce: true,
        token: "https://discord.com/api/oauth2/token",
        account: Some("https://discord.com/api/users/@me"),
        account_answer: |person| {
            json!({
                "id": person.id, "username": "ada", "global_name": "Ada Byron", "avatar": "a1",
                "email": person.email, "verified": person.flag, "locale": "en-GB",
            })
        },
        issuer: "https://discord.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "tiktok",
        authorize: "https://www.tiktok.com/v2/auth/authorize/",
        client_param: "client_key",
        scope: "user.info.basic",
        token: "https://open.tiktokapis.com/v2/oauth/token/",
        with_token: |person| json!({"open_id": person.id, "scope": "user.info.basic"}),
        account: Some(
            "https://open.tiktokapis.com/v2/user/info/?fields=open_id,union_id,avatar_url,display_name",
        ),
        account_answer: |person| {
            json!({
                "data": {"user": {"open_id": person.id, "display_name": "Ada Byron"}},
                "error": {"code": "ok", "message": "", "log_id": "1"},
            })
        },
        issuer: "https://www.tiktok.com",
        proves: Proves::NoAddress,
        ..PLAIN
    },
    Spec {
        key: "twitch",
        authorize: "https://id.twitch.tv/oauth2/authorize",
        scope: "openid user:read:email",
        wants: &[("claims", "email_verified")],
        pkce: false,
        token: "https://id.twitch.tv/oauth2/token",
        // Scopes in a list, where the standard has a text.
        with_token: |_| json!({"scope": ["openid", "user:read:email"]}),
        account: Some("https://id.twitch.tv/oauth2/userinfo"),
        account_answer: |person| json!({ "sub": person.id, "preferred_username": "Ada" }),
        open_id: Some(OpenId {
            discovery: "https://id.twitch.tv/oauth2/.well-known/openid-configuration",
            issuer: "https://id.twitch.tv/oauth2",
            token_issuer: "https://id.twitch.tv/oauth2",
            jwks: "https://id.twitch.tv/oauth2/keys",
            alg: Alg::Rs256,
            claims: |person| {
                json!({
                    "sub": person.id, "preferred_username": "Ada", "email": person.email,
                    "email_verified": person.flag,
                })
            },
        }),
        issuer: "https://id.twitch.tv/oauth2",
        name: None,
        ..BY_THE_BOOK
    },
    Spec {
        key: "spotify",
        authorize: "https://accounts.spotify.com/authorize",
        scope: "user-read-email",
        pkce: true,
        token: "https://accounts.spotify.com/api/token",
        proof: Proof::Basic,
        account: Some("https://api.spotify.com/v1/me"),
        account_answer: |person| {
            json!({
                "id": person.id, "display_name": "Ada Byron", "email": person.email,
                "images": [{"url": "https://i.scdn.co/image/1", "height": 64}],
                "external_urls": {"spotify": "https://open.spotify.com/user/1"},
            })
        },
        issuer: "https://accounts.spotify.com",
        ..PLAIN
    },
    Spec {
        key: "reddit",
        authorize: "https://www.reddit.com/api/v1/authorize",
        scope: "identity",
        wants: &[("duration", "temporary")],
        token: "https://www.reddit.com/api/v1/access_token",
        proof: Proof::Basic,
        account: Some("https://oauth.reddit.com/api/v1/me"),
        opens: Opens::With("user-agent", "web:befriend:"),
        account_answer: |person| json!({ "id": person.id, "name": "ada" }),
        issuer: "https://www.reddit.com",
        name: None,
        proves: Proves::NoAddress,
        ..PLAIN
    },
    Spec {
        key: "strava",
        authorize: "https://www.strava.com/oauth/authorize",
        scope: "read",
        token: "https://www.strava.com/api/v3/oauth/token",
        with_token: |person| {
            json!({"athlete": {
                "id": person.number(), "firstname": "Ada", "lastname": "Byron", "username": null,
            }})
        },
        issuer: "https://www.strava.com",
        proves: Proves::NoAddress,
        ..PLAIN
    },
    Spec {
        key: "patreon",
        authorize: "https://www.patreon.com/oauth2/authorize",
        scope: "identity identity[email]",
        token: "https://www.patreon.com/api/oauth2/token",
        account: Some(
            "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified,url,vanity",
        ),
        account_answer: |person| {
            json!({"data": {"id": person.id, "type": "user", "attributes": {
                "full_name": "Ada Byron", "email": person.email, "is_email_verified": person.flag,
            }}})
        },
        issuer: "https://www.patreon.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "wordpress",
        authorize: "https://public-api.wordpress.com/oauth2/authorize",
        scope: "auth",
        token: "https://public-api.wordpress.com/oauth2/token",
        account: Some("https://public-api.wordpress.com/rest/v1.1/me"),
        account_answer: |person| {
            json!({
                "ID": person.number(), "display_name": "Ada Byron", "username": "ada",
                "email": person.email, "email_verified": person.flag,
            })
        },
        issuer: "https://public-api.wordpress.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "battlenet",
        authorize: "https://oauth.battle.net/authorize",
        scope: "openid",
        token: "https://oauth.battle.net/token",
        proof: Proof::Basic,
        account: Some("https://oauth.battle.net/userinfo"),
        account_answer: |person| json!({ "sub": person.id, "id": person.number(), "battletag": "Ada#1815" }),
        issuer: "https://oauth.battle.net",
        name: None,
        proves: Proves::NoAddress,
        ..PLAIN
    },
    Spec {
        key: "roblox",
        authorize: "https://apis.roblox.com/oauth/v1/authorize",
        scope: "openid profile",
        token: "https://apis.roblox.com/oauth/v1/token",
        account: Some("https://apis.roblox.com/oauth/v1/userinfo"),
        open_id: open_id(
            "https://apis.roblox.com/oauth/.well-known/openid-configuration",
            "https://apis.roblox.com/oauth/",
            "https://apis.roblox.com/oauth/v1/certs",
            Alg::Es256,
        ),
        issuer: "https://apis.roblox.com/oauth/",
        proves: Proves::NoAddress,
        ..BY_THE_BOOK
    },
    Spec {
        key: "github",
        authorize: "https://github.com/login/oauth/authorize",
        scope: "read:user user:email",
        pkce: true,
        token: "https://github.com/login/oauth/access_token",
        account: Some("https://api.github.com/user"),
        account_answer: |person| {
            json!({
                "id": person.number(), "login": "ada", "name": "Ada Byron",
                "email": "anybody@example.com",
            })
        },
        emails: Some(("https://api.github.com/user/emails", |person| {
            json!([
                {"email": "other@example.com", "primary": false, "verified": true},
                {"email": person.email, "primary": true, "verified": person.flag},
            ])
        })),
        issuer: "https://github.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "gitlab",
        authorize: "https://gitlab.com/oauth/authorize",
        token: "https://gitlab.com/oauth/token",
        account: Some("https://gitlab.com/oauth/userinfo"),
        open_id: open_id(
            "https://gitlab.com/.well-known/openid-configuration",
            "https://gitlab.com",
            "https://gitlab.com/oauth/discovery/keys",
            Alg::Rs256,
        ),
        issuer: "https://gitlab.com",
        ..BY_THE_BOOK
    },
    Spec {
        key: "bitbucket",
        authorize: "https://bitbucket.org/site/oauth2/authorize",
        scope: "account email",
        token: "https://bitbucket.org/site/oauth2/access_token",
        proof: Proof::Basic,
        account: Some("https://api.bitbucket.org/2.0/user"),
        account_answer: |person| {
            json!({
                "uuid": format!("{{{}}}", person.id), "account_id": "557058:1", "nickname": "ada",
                "display_name": "Ada Byron",
            })
        },
        emails: Some(("https://api.bitbucket.org/2.0/user/emails", |person| {
            json!({"values": [
                {"email": person.email, "is_primary": true, "is_confirmed": person.flag},
            ]})
        })),
        issuer: "https://bitbucket.org",
        subject: "{7001}",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "atlassian",
        authorize: "https://auth.atlassian.com/authorize",
        scope: "read:me",
        wants: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
        token: "https://auth.atlassian.com/oauth/token",
        proof: Proof::Json,
        account: Some("https://api.atlassian.com/me"),
        account_answer: |person| {
            json!({
                "account_id": person.id, "name": "Ada Byron", "email": person.email,
                "email_verified": person.flag,
            })
        },
        issuer: "https://auth.atlassian.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "salesforce",
        authorize: "https://login.salesforce.com/services/oauth2/authorize",
        token: "https://login.salesforce.com/services/oauth2/token",
        account: Some("https://login.salesforce.com/services/oauth2/userinfo"),
        open_id: open_id(
            "https://login.salesforce.com/.well-known/openid-configuration",
            "https://login.salesforce.com",
            "https://login.salesforce.com/id/keys",
            Alg::Rs256,
        ),
        issuer: "https://login.salesforce.com",
        ..BY_THE_BOOK
    },
    Spec {
        key: "slack",
        authorize: "https://slack.com/openid/connect/authorize",
        pkce: false,
        token: "https://slack.com/api/openid.connect.token",
        with_token: |_| json!({"ok": true}),
        account: Some("https://slack.com/api/openid.connect.userInfo"),
        open_id: Some(OpenId {
            discovery: "https://slack.com/.well-known/openid-configuration",
            issuer: "https://slack.com",
            token_issuer: "https://slack.com",
            jwks: "https://slack.com/openid/connect/keys",
            alg: Alg::Rs256,
            claims: |person| {
                let mut claims = standard(person);
                claims["https://slack.com/team_id"] = json!("T1");
                claims["https://slack.com/user_id"] = json!(person.id);
                claims
            },
        }),
        issuer: "https://slack.com",
        subject: "T1/7001",
        ..BY_THE_BOOK
    },
    Spec {
        key: "notion",
        authorize: "https://api.notion.com/v1/oauth/authorize",
        wants: &[("owner", "user")],
        token: "https://api.notion.com/v1/oauth/token",
        proof: Proof::JsonAndBasic,
        with_token: |person| {
            json!({"bot_id": "b", "owner": {"type": "user", "user": {
                "object": "user", "id": person.id, "name": "Ada Byron", "type": "person",
                "person": {"email": person.email},
            }}})
        },
        issuer: "https://api.notion.com",
        ..PLAIN
    },
    Spec {
        key: "zoom",
        authorize: "https://zoom.us/oauth/authorize",
        pkce: true,
        token: "https://zoom.us/oauth/token",
        proof: Proof::Basic,
        account: Some("https://api.zoom.us/v2/users/me"),
        account_answer: |person| {
            json!({
                "id": person.id, "display_name": "Ada Byron", "first_name": "Ada",
                "last_name": "Byron", "email": person.email, "verified": 1,
            })
        },
        issuer: "https://zoom.us",
        ..PLAIN
    },
    Spec {
        key: "figma",
        authorize: "https://www.figma.com/oauth",
        scope: "current_user:read",
        token: "https://api.figma.com/v1/oauth/token",
        proof: Proof::Basic,
        account: Some("https://api.figma.com/v1/me"),
        account_answer: |person| json!({ "id": person.id, "handle": "Ada Byron", "email": person.email, "img_url": "https://s3.example/a" }),
        issuer: "https://www.figma.com",
        ..PLAIN
    },
    Spec {
        key: "dropbox",
        authorize: "https://www.dropbox.com/oauth2/authorize",
        scope: "account_info.read",
        pkce: true,
        token: "https://api.dropboxapi.com/oauth2/token",
        account: Some("https://api.dropboxapi.com/2/users/get_current_account"),
        opens: Opens::Post,
        account_answer: |person| {
            json!({
                "account_id": format!("dbid:{}", person.id), "email": person.email,
                "email_verified": person.flag,
                "name": {"display_name": "Ada Byron", "given_name": "Ada", "surname": "Byron"},
            })
        },
        issuer: "https://www.dropbox.com",
        subject: "dbid:7001",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "box",
        authorize: "https://account.box.com/api/oauth2/authorize",
        token: "https://api.box.com/oauth2/token",
        account: Some("https://api.box.com/2.0/users/me"),
        account_answer: |person| json!({ "type": "user", "id": person.id, "name": "Ada Byron", "login": person.email }),
        issuer: "https://account.box.com",
        ..PLAIN
    },
    Spec {
        key: "asana",
        authorize: "https://app.asana.com/-/oauth_authorize",
        scope: "users:read",
        pkce: true,
        token: "https://app.asana.com/-/oauth_token",
        with_token: |_| json!({"data": {"gid": "another"}}),
        account: Some("https://app.asana.com/api/1.0/users/me"),
        account_answer: |person| json!({"data": {"gid": person.id, "name": "Ada Byron", "email": person.email}}),
        issuer: "https://app.asana.com",
        ..PLAIN
    },
    Spec {
        key: "digitalocean",
        authorize: "https://cloud.digitalocean.com/v1/oauth/authorize",
        scope: "account:read",
        token: "https://cloud.digitalocean.com/v1/oauth/token",
        account: Some("https://api.digitalocean.com/v2/account"),
        account_answer: |person| {
            json!({"account": {
                "uuid": person.id, "name": "Ada Byron", "email": person.email,
                "email_verified": person.flag,
            }})
        },
        issuer: "https://cloud.digitalocean.com",
        proves: Proves::True,
        ..PLAIN
    },
    Spec {
        key: "heroku",
        authorize: "https://id.heroku.com/oauth/authorize",
        scope: "identity",
        token: "https://id.heroku.com/oauth/token",
        account: Some("https://api.heroku.com/account"),
        opens: Opens::With("accept", "application/vnd.heroku+json; version=3"),
        account_answer: |person| {
            // Here the flag says whether a card was left, not whether the address is proven.
            json!({ "id": person.id, "name": "Ada Byron", "email": person.email, "verified": true })
        },
        issuer: "https://id.heroku.com",
        ..PLAIN
    },
    Spec {
        key: "huggingface",
        authorize: "https://huggingface.co/oauth/authorize",
        token: "https://huggingface.co/oauth/token",
        proof: Proof::Basic,
        account: Some("https://huggingface.co/oauth/userinfo"),
        open_id: open_id(
            "https://huggingface.co/.well-known/openid-configuration",
            "https://huggingface.co",
            "https://huggingface.co/oauth/jwks",
            Alg::Rs256,
        ),
        issuer: "https://huggingface.co",
        ..BY_THE_BOOK
    },
    Spec {
        key: "xero",
        authorize: "https://login.xero.com/identity/connect/authorize",
        token: "https://identity.xero.com/connect/token",
        proof: Proof::Basic,
        account: Some("https://identity.xero.com/connect/userinfo"),
        open_id: open_id(
            "https://identity.xero.com/.well-known/openid-configuration",
            "https://identity.xero.com",
            "https://identity.xero.com/.well-known/openid-configuration/jwks",
            Alg::Rs256,
        ),
        issuer: "https://identity.xero.com",
        proves: Proves::Nothing,
        ..BY_THE_BOOK
    },
    Spec {
        key: "line",
        authorize: "https://access.line.me/oauth2/v2.1/authorize",
        token: "https://api.line.me/oauth2/v2.1/token",
        account: Some("https://api.line.me/oauth2/v2.1/userinfo"),
        account_answer: |person| json!({ "sub": person.id, "name": "Ada Byron" }),
        open_id: open_id(
            "https://access.line.me/.well-known/openid-configuration",
            "https://access.line.me",
            "https://api.line.me/oauth2/v2.1/certs",
            Alg::Hs256,
        ),
        issuer: "https://access.line.me",
        proves: Proves::Nothing,
        ..BY_THE_BOOK
    },
    Spec {
        key: "kakao",
        authorize: "https://kauth.kakao.com/oauth/authorize",
        scope: "openid,profile_nickname,profile_image,account_email",
        pkce: false,
        token: "https://kauth.kakao.com/oauth/token",
        account: Some("https://kapi.kakao.com/v1/oidc/userinfo"),
        account_answer: |person| {
            json!({
                "sub": person.id, "nickname": "Ada Byron", "email": person.email,
                "email_verified": person.flag,
            })
        },
        open_id: Some(OpenId {
            discovery: "https://kauth.kakao.com/.well-known/openid-configuration",
            issuer: "https://kauth.kakao.com",
            token_issuer: "https://kauth.kakao.com",
            jwks: "https://kauth.kakao.com/.well-known/jwks.json",
            alg: Alg::Rs256,
            // The token has the address without the flag; the account has both.
            claims: |person| json!({ "sub": person.id, "email": person.email }),
        }),
        issuer: "https://kauth.kakao.com",
        ..BY_THE_BOOK
    },
    Spec {
        key: "naver",
        authorize: "https://nid.naver.com/oauth2.0/authorize",
        token: "https://nid.naver.com/oauth2.0/token",
        repeats: &["state"],
        with_token: |_| json!({"expires_in": "3600"}),
        account: Some("https://openapi.naver.com/v1/nid/me"),
        account_answer: |person| {
            json!({"resultcode": "00", "message": "success", "response": {
                "id": person.id, "name": "Ada Byron", "email": person.email,
            }})
        },
        issuer: "https://nid.naver.com",
        ..PLAIN
    },
    Spec {
        key: "vk",
        authorize: "https://id.vk.com/authorize",
        scope: "vkid.personal_info email",
        pkce: true,
        token: "https://id.vk.com/oauth2/auth",
        repeats: &["device_id", "state"],
        account: Some("https://id.vk.com/oauth2/user_info"),
        opens: Opens::Form,
        account_answer: |person| {
            json!({"user": {
                "user_id": person.id, "first_name": "Ada", "last_name": "Byron",
                "email": person.email, "verified": true,
            }})
        },
        issuer: "https://id.vk.com",
        ..PLAIN
    },
    Spec {
        key: "yandex",
        authorize: "https://oauth.yandex.com/authorize",
        scope: "login:info login:email login:avatar",
        pkce: true,
        token: "https://oauth.yandex.com/token",
        proof: Proof::Basic,
        account: Some("https://login.yandex.ru/info?format=json"),
        opens: Opens::Get("OAuth"),
        account_answer: |person| {
            json!({
                "id": person.id, "login": "ada", "real_name": "Ada Byron",
                "default_email": person.email, "emails": [person.email],
            })
        },
        issuer: "https://oauth.yandex.com",
        ..PLAIN
    },
    Spec {
        key: "mailru",
        authorize: "https://oauth.mail.ru/login",
        scope: "userinfo",
        token: "https://oauth.mail.ru/token",
        proof: Proof::Basic,
        account: Some("https://oauth.mail.ru/userinfo"),
        opens: Opens::Query,
        account_answer: |person| json!({ "id": person.id, "name": "Ada Byron", "email": person.email }),
        issuer: "https://oauth.mail.ru",
        ..PLAIN
    },
    Spec {
        key: "okta",
        asks_issuer: Some("https://bakery.okta.example"),
        authorize: "https://bakery.okta.example/oauth2/v1/authorize",
        token: "https://bakery.okta.example/oauth2/v1/token",
        proof: Proof::Basic,
        account: Some("https://bakery.okta.example/oauth2/v1/userinfo"),
        open_id: open_id(
            "https://bakery.okta.example/.well-known/openid-configuration",
            "https://bakery.okta.example",
            "https://bakery.okta.example/oauth2/v1/keys",
            Alg::Rs256,
        ),
        issuer: "https://bakery.okta.example",
        ..BY_THE_BOOK
    },
    Spec {
        key: "auth0",
        asks_issuer: Some("https://bakery.auth0.example/"),
        authorize: "https://bakery.auth0.example/authorize",
        token: "https://bakery.auth0.example/oauth/token",
        proof: Proof::Basic,
        account: Some("https://bakery.auth0.example/userinfo"),
        open_id: open_id(
            "https://bakery.auth0.example/.well-known/openid-configuration",
            "https://bakery.auth0.example/",
            "https://bakery.auth0.example/.well-known/jwks.json",
            Alg::Rs256,
        ),
        issuer: "https://bakery.auth0.example/",
        ..BY_THE_BOOK
    },
    Spec {
        key: "keycloak",
        asks_issuer: Some("https://keycloak.example/realms/bakery"),
        authorize: "https://keycloak.example/realms/bakery/protocol/openid-connect/auth",
        token: "https://keycloak.example/realms/bakery/protocol/openid-connect/token",
        proof: Proof::Basic,
        account: Some("https://keycloak.example/realms/bakery/protocol/openid-connect/userinfo"),
        open_id: open_id(
            "https://keycloak.example/realms/bakery/.well-known/openid-configuration",
            "https://keycloak.example/realms/bakery",
            "https://keycloak.example/realms/bakery/protocol/openid-connect/certs",
            Alg::Rs256,
        ),
        issuer: "https://keycloak.example/realms/bakery",
        ..BY_THE_BOOK
    },
    Spec {
        key: "oidc",
        asks_issuer: Some("https://login.partner.example"),
        authorize: "https://login.partner.example/authorize",
        token: "https://login.partner.example/token",
        proof: Proof::Basic,
        account: Some("https://login.partner.example/userinfo"),
        open_id: open_id(
            "https://login.partner.example/.well-known/openid-configuration",
            "https://login.partner.example",
            "https://login.partner.example/jwks",
            Alg::Es256,
        ),
        issuer: "https://login.partner.example",
        ..BY_THE_BOOK
    },
    Spec {
        key: "oauth2",
        authorize: "https://plain.partner.example/authorize",
        pkce: true,
        token: "https://plain.partner.example/token",
        proof: Proof::Basic,
        account: Some("https://plain.partner.example/me"),
        account_answer: standard,
        issuer: "https://plain.partner.example",
        proves: Proves::True,
        ..PLAIN
    },
];
