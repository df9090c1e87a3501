//! A brand with ways in, and a person at a browser.

use befriend::brand::ways::Ways;
use std::sync::Arc;

use befriend::brand::{self, Brand};
use befriend::egress::Local;
use befriend::federation::{self, Connection};
use befriend::kernel::id::{BrandId, ConnectionId, IdentityId, MailId, ProfileId};
use befriend::mail::Letter;
use serde_json::{Value, json};

use super::provider::Provider;
use crate::harness::{Answer, Browser, TestApp};

/// A service with one brand, `bakery`.
pub struct World {
    pub app: TestApp,
    pub brand: Brand,
}

/// What the brand wants.
#[derive(Clone, Copy, Default)]
pub struct Wishes {
    pub links_by_email: bool,
    pub asks_terms: bool,
}

impl World {
    /// A brand that asks for nothing.
    pub async fn new() -> Self {
        Self::with(Wishes::default()).await
    }

    pub async fn with(wishes: Wishes) -> Self {
        let app = TestApp::start_with(&[("egress_allows_private", "true")]).await;
        let brand = insert_brand(&app, "bakery", wishes).await;
        Self { app, brand }
    }

    /// The same on a server with a name, which passkeys can be bound to.
    pub async fn on_localhost(wishes: Wishes) -> Self {
        let app = TestApp::start_with(&[("public_url", "http://localhost:7700")]).await;
        let brand = insert_brand(&app, "bakery", wishes).await;
        Self { app, brand }
    }

    /// The same with something that answers for outside URLs.
    pub async fn before(wishes: Wishes, outside: Arc<dyn Local>) -> Self {
        let app = TestApp::start_before(outside).await;
        let brand = insert_brand(&app, "bakery", wishes).await;
        Self { app, brand }
    }

    /// Another brand in the same service.
    pub async fn insert_brand(&self, slug: &str) -> Brand {
        insert_brand(&self.app, slug, Wishes::default()).await
    }

    /// A connection to the built-in provider, called `test`.
    pub async fn connect_test_provider(&self) {
        let mut connection = self.connection("test", "test");
        "Test provider".clone_into(&mut connection.label);
        self.insert(&connection).await;
    }

    /// Codes by mail.
    pub async fn connect_mailbox(&self) {
        let mut connection = self.connection("email", "email");
        "Email".clone_into(&mut connection.label);
        self.insert(&connection).await;
    }

    /// Lets people have passwords.
    pub async fn offer_passwords(&self) {
        let mut conn = self.app.app.pool.acquire().await.unwrap();
        let (id, ways) = (self.brand.brand_id, Ways { passwords: true });
        let now = self.app.clock.now();
        brand::ways_store::upsert_ways(&mut conn, id, ways, now)
            .await
            .unwrap();
    }

    /// A provider on loopback, connected as `slug`.
    pub async fn connect(&self, slug: &str) -> Provider {
        self.connect_trusting(slug, &[]).await
    }

    pub async fn connect_trusting(&self, slug: &str, domains: &[&str]) -> Provider {
        let provider = Provider::start(&self.app.clock).await;
        let mut connection = self.connection("oidc", slug);
        connection.issuer = Some(provider.issuer.clone());
        connection.trusted_domains = domains.iter().map(|&domain| domain.to_owned()).collect();
        self.insert(&connection).await;
        provider
    }

    /// A provider on loopback that is spoken to by plain OAuth 2.0.
    pub async fn connect_oauth2(&self, slug: &str) -> Provider {
        let provider = Provider::start(&self.app.clock).await;
        let mut connection = self.connection("oauth2", slug);
        let endpoint = |name: &str| Some(format!("{}/{name}", provider.issuer));
        connection.authorize_url = endpoint("authorize");
        connection.token_url = endpoint("token");
        connection.userinfo_url = endpoint("userinfo");
        self.insert(&connection).await;
        provider
    }

    pub fn connection(&self, provider: &str, slug: &str) -> Connection {
        let app = &self.app.app;
        Connection {
            brand_id: self.brand.brand_id,
            connection_id: ConnectionId::new(app.clock.now(), &app.entropy),
            slug: slug.to_owned(),
            provider: provider.to_owned(),
            label: slug.to_owned(),
            client_id: "befriend".to_owned(),
            client_secret: None,
            issuer: None,
            authorize_url: None,
            token_url: None,
            userinfo_url: None,
            jwks_url: None,
            scopes: Vec::new(),
            claim_paths: json!({}),
            audiences: Vec::new(),
            particulars: json!({}),
            trusted_domains: Vec::new(),
            position: 0,
            is_enabled: true,
        }
    }

    pub async fn insert(&self, connection: &Connection) {
        let mut conn = self.app.app.pool.acquire().await.unwrap();
        let now = self.app.clock.now();
        federation::store::insert_connection(&mut conn, connection, now)
            .await
            .unwrap();
    }

    pub async fn enable(&self, slug: &str, is_enabled: bool) {
        let mut conn = self.app.app.pool.acquire().await.unwrap();
        let id = self.brand.brand_id;
        let found = federation::store::find_connection_by_slug(&mut conn, id, slug)
            .await
            .unwrap()
            .unwrap();
        federation::store::update_connection_enabled(
            &mut conn,
            id,
            found.connection_id,
            is_enabled,
        )
        .await
        .unwrap();
    }

    pub fn browser(&self) -> Browser {
        self.app.browser()
    }

    /// A number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.app.app.pool)
            .await
            .unwrap()
    }

    /// Texts from the database.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql)
            .fetch_all(&self.app.app.pool)
            .await
            .unwrap()
    }

    /// The one text that a query gives.
    pub async fn text(&self, sql: &'static str) -> String {
        sqlx::query_scalar(sql)
            .fetch_one(&self.app.app.pool)
            .await
            .unwrap()
    }

    /// The profile that this subject signs in.
    pub async fn profile_of(&self, subject: &str) -> ProfileId {
        let id = sqlx::query_scalar("select profile_id from identity where subject = $1")
            .bind(subject)
            .fetch_one(&self.app.app.pool)
            .await
            .unwrap();
        ProfileId::from_uuid(id)
    }

    /// The id of the identity of this subject.
    pub async fn identity_of(&self, subject: &str) -> IdentityId {
        let id = sqlx::query_scalar("select identity_id from identity where subject = $1")
            .bind(subject)
            .fetch_one(&self.app.app.pool)
            .await
            .unwrap();
        IdentityId::from_uuid(id)
    }

    /// Gives a profile a credential, as the pages for it would.
    pub async fn insert_credential(&self, profile_id: ProfileId, kind: &str) {
        let entropy = &self.app.app.entropy;
        sqlx::query(
            "insert into credential (brand_id, credential_id, profile_id, kind, handle, data,
                                     created_at)
             values ($1, $2, $3, $4, $5, '{}', $6)",
        )
        .bind(self.brand.brand_id.uuid())
        .bind(uuid::Uuid::from_bytes(entropy.bytes()))
        .bind(profile_id.uuid())
        .bind(kind)
        .bind((kind == "passkey").then(|| entropy.bytes::<16>().to_vec()))
        .bind(self.app.clock.now())
        .execute(&self.app.app.pool)
        .await
        .unwrap();
    }

    /// What mail of a kind says, with whom it went to; in the order of the addresses.
    pub async fn letters(&self, kind: &str) -> Vec<(String, String)> {
        let rows: Vec<(uuid::Uuid, String, Vec<u8>)> = sqlx::query_as(
            "select mail_id, recipient, body from mail where kind = $1 order by recipient, mail_id",
        )
        .bind(kind)
        .fetch_all(&self.app.app.pool)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(id, recipient, body)| {
                let (cipher, brand_id) = (&self.app.app.cipher, self.brand.brand_id);
                let letter = Letter::open(cipher, brand_id, MailId::from_uuid(id), &body).unwrap();
                (recipient, letter.text)
            })
            .collect()
    }

    /// The path of the first link of ours in a letter.
    pub fn link_in(&self, letter: &str) -> String {
        let issuer = self.app.app.config.issuer();
        let (_, rest) = letter.split_once(issuer).unwrap();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest[..end].to_owned()
    }

    /// Signs somebody in through a provider, in a browser of their own.
    pub async fn signed_in(&self, provider: &Provider, slug: &str, claims: Value) -> Browser {
        let mut browser = self.browser();
        assert_signed_in(&sign_in(&mut browser, provider, slug, claims).await);
        browser
    }

    /// Runs a statement.
    pub async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.app.app.pool).await.unwrap();
    }
}

async fn insert_brand(app: &TestApp, slug: &str, wishes: Wishes) -> Brand {
    let now = app.clock.now();
    let brand = Brand {
        brand_id: BrandId::new(now, &app.app.entropy),
        slug: slug.to_owned(),
        name: format!("The {slug}"),
        colour: "#b85207".to_owned(),
        links_by_email: wishes.links_by_email,
        asks_terms: wishes.asks_terms,
        terms_url: None,
        privacy_url: None,
        words: json!({}),
        logo: None,
        is_demo: false,
        created_at: now,
        disabled_at: None,
    };
    let mut conn = app.app.pool.acquire().await.unwrap();
    brand::store::insert_brand(&mut conn, &brand).await.unwrap();
    brand
}

/// Somebody with a proven address.
pub fn person(subject: &str, email: &str) -> Value {
    json!({ "sub": subject, "name": subject, "email": email, "email_verified": true })
}

/// Opens the sign-in page; gives its path, which holds the flow.
pub async fn open_login(browser: &mut Browser) -> String {
    let answer = browser.get("/login?brand=bakery").await;
    assert_eq!(answer.status, 303);
    answer.location().to_owned()
}

/// Goes off to the provider `slug`; gives the provider's URL.
pub async fn go_to(browser: &mut Browser, login: &str, slug: &str) -> String {
    let answer = browser.get(&format!("{login}&provider={slug}")).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.location().to_owned()
}

/// Signs in through a provider on loopback; gives the answer of the callback.
pub async fn sign_in(
    browser: &mut Browser,
    provider: &Provider,
    slug: &str,
    claims: Value,
) -> Answer {
    let login = open_login(browser).await;
    let away = go_to(browser, &login, slug).await;
    browser.get(&provider.agree(&away, claims)).await
}

/// Asserts that somebody was signed in.
pub fn assert_signed_in(answer: &Answer) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.location(), "/me?brand=bakery");
    let mut cookies = answer.headers.get_all("set-cookie").iter();
    let is_session = |text: &str| text.starts_with("bf_session_bakery=");
    assert!(cookies.any(|value| is_session(value.to_str().unwrap())));
}

/// Asserts that nobody was, and that it was our decision or the provider's fault.
pub fn assert_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert!(cookies.is_empty(), "{cookies:?}");
}

/// The address that a hand-off page goes on to.
pub fn href(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("href=\"http://127.0.0.1").unwrap();
    let (rest, _) = rest.split_once('"').unwrap();
    format!("http://127.0.0.1{rest}")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
