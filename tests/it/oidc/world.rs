//! A brand with a site, a server and a customer who is signed in.

use befriend::application::{self, Application, Kind, Settings};
use befriend::brand::{self, Brand};
use befriend::kernel::id::{ApplicationId, BrandId, ProfileId, SessionId};
use befriend::kernel::{EmailAddress, Secret};
use befriend::key::{self, Presented};
use befriend::profile::{self, NewEmail, Profile, Status};
use befriend::session::{self, Method, Session};
use serde_json::{Value, json};
use url::Url;

use crate::harness::{Answer, Browser, TestApp};

/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const CALLBACK: &str = "https://shop.example/signed-in";
pub const AFTER_LOGOUT: &str = "https://shop.example/bye";
pub const SERVER_SECRET: &str = "a-server-secret-of-some-length";

pub struct World {
    pub test: TestApp,
    pub brand: Brand,
    pub site: Application,
}

impl World {
    pub async fn start() -> Self {
        let test = TestApp::start().await;
        Self::in_brand(test, "bakery").await
    }

    /// Another brand on the same installation.
    pub async fn in_brand(test: TestApp, slug: &str) -> Self {
        let now = test.clock.now();
        let entropy = &test.app.entropy;
        let brand = Brand {
            brand_id: BrandId::new(now, entropy),
            slug: slug.to_owned(),
            name: format!("The {slug}"),
            colour: "#b85207".to_owned(),
            links_by_email: false,
            asks_terms: true,
            terms_url: None,
            privacy_url: None,
            words: json!({}),
            logo: None,
            is_demo: false,
            created_at: now,
            disabled_at: None,
        };
        let application = |kind, name: &str, secret: Option<&str>| Application {
            brand_id: brand.brand_id,
            application_id: ApplicationId::new(now, entropy),
            client_id: format!("{slug}.{name}"),
            name: format!("{slug} {name}"),
            kind,
            secret_hash: secret.map(|secret| Secret::new(secret).hash().to_vec()),
            redirect_uris: vec![CALLBACK.to_owned()],
            logout_uris: vec![AFTER_LOGOUT.to_owned()],
            settings: Settings::default(),
        };
        let site = application(Kind::Browser, "web", None);
        let server = application(Kind::Server, "server", Some(SERVER_SECRET));
        let mut conn = test.app.pool.acquire().await.unwrap();
        brand::store::insert_brand(&mut conn, &brand).await.unwrap();
        for made in [&site, &server] {
            application::store::insert_application(&mut conn, made, now)
                .await
                .unwrap();
        }
        drop(conn);
        Self { test, brand, site }
    }

    /// Changes what the brand decided about its application `word`.
    pub async fn set(&self, word: &str, settings: &Settings) {
        let mut conn = self.test.app.pool.acquire().await.unwrap();
        let brand_id = self.brand.brand_id;
        let client_id = format!("{}.{word}", self.brand.slug);
        let found =
            application::store::find_application_by_client_id(&mut conn, brand_id, &client_id)
                .await
                .unwrap()
                .unwrap();
        let id = found.application_id;
        assert!(
            application::store::update_settings(&mut conn, brand_id, id, settings)
                .await
                .unwrap()
        );
    }

    /// A customer, Anna, with a proven address.
    pub async fn customer(&self) -> ProfileId {
        let now = self.test.clock.now();
        let entropy = &self.test.app.entropy;
        let profile = Profile {
            brand_id: self.brand.brand_id,
            profile_id: ProfileId::new(now, entropy),
            status: Status::Active,
            merged_into: None,
            display_name: Some("Anna Keller".to_owned()),
            given_name: Some("Anna".to_owned()),
            family_name: Some("Keller".to_owned()),
            picture_url: None,
            locale: Some("de".to_owned()),
            traits: json!({"favourite": "rye"}),
            first_encounter: json!({}),
            known_since: Some(now),
            created_at: now,
            last_seen_at: now,
        };
        let mut conn = self.test.app.pool.acquire().await.unwrap();
        profile::store::insert_profile(&mut conn, &profile)
            .await
            .unwrap();
        let address = EmailAddress::parse("anna@example.com").unwrap();
        let email = NewEmail {
            address: &address,
            is_verified: true,
            source: "google",
            at: now,
        };
        profile::store::upsert_email(&mut conn, profile.brand_id, profile.profile_id, email)
            .await
            .unwrap();
        profile.profile_id
    }

    /// A browser in which `profile_id` is signed in.
    pub async fn signed_in(&self, profile_id: ProfileId) -> (Browser, Session) {
        let mut browser = self.test.browser();
        let session = self.sign_in(&mut browser, profile_id).await;
        (browser, session)
    }

    pub async fn sign_in(&self, browser: &mut Browser, profile_id: ProfileId) -> Session {
        let now = self.test.clock.now();
        let entropy = &self.test.app.entropy;
        let token = Secret::random(entropy);
        let session = Session {
            brand_id: self.brand.brand_id,
            session_id: SessionId::new(now, entropy),
            profile_id,
            connection_id: None,
            method: Method::Social,
            authenticated_at: now,
            second_factor_at: None,
            created_at: now,
        };
        let mut conn = self.test.app.pool.acquire().await.unwrap();
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        session::store::insert_session(&mut conn, &session, &token, agent)
            .await
            .unwrap();
        let cookie = format!("bf_session_{}", self.brand.slug);
        browser.cookies.insert(cookie, token.expose().to_owned());
        session
    }

    /// A key of the brand.
    pub async fn key(&self, kind: key::Kind) -> String {
        let now = self.test.clock.now();
        let entropy = &self.test.app.entropy;
        let id = befriend::kernel::id::KeyId::new(now, entropy);
        let key = Presented::generate(kind, id, entropy);
        let mut conn = self.test.app.pool.acquire().await.unwrap();
        key::store::insert_key(&mut conn, self.brand.brand_id, &key, "Website", now)
            .await
            .unwrap();
        key.expose()
    }

    /// A code for the site, from a signed-in browser.
    pub async fn code(&self, browser: &mut Browser) -> String {
        let path = authorize_path(&self.site.client_id, &[]);
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        parameter(answer.location(), "code").expect("a code")
    }

    /// Exchanges a code for the site, some fields set otherwise.
    pub async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", self.site.client_id.as_str()),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        self.test.browser().post_form("/oauth/token", &pairs).await
    }

    /// The tokens that a signed-in browser gets for the site.
    pub async fn tokens(&self, browser: &mut Browser) -> Value {
        let code = self.code(browser).await;
        let answer = self.exchange(&code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let bearer = format!("Bearer {access_token}");
        self.test
            .browser()
            .send(
                axum::http::Method::GET,
                "/oauth/userinfo",
                &[("authorization", &bearer)],
                axum::body::Body::empty(),
            )
            .await
    }

    /// How many rows `table` holds.
    pub async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .fetch_one(&self.test.app.pool)
            .await
            .unwrap()
    }
}

/// A right authorization request of `client_id`, some parameters set otherwise; an empty value
/// leaves one out.
pub fn authorize_path(client_id: &str, changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email"),
        ("state", "st"),
        ("nonce", "no"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("/oauth/authorize?{query}")
}

/// A parameter of a URL's query.
pub fn parameter(location: &str, name: &str) -> Option<String> {
    Url::parse(location)
        .unwrap()
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Where a page leads that hands a browser over to another site.
pub fn hand_off(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
        .text()
        .split("content=\"0;url=")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a page that goes on")
        .replace("&#38;", "&")
}
