//! The modules of the OpenID Foundation's plans that apply to us, each rebuilt as a test of our own
//! under its name. `docs/conformance.md` says which apply and why others do not.
//!
//! They speak to the service as an application and a browser do. The application proves itself by
//! `client_secret_basic` and sends PKCE with every request, because we insist on it (S3).

mod backchannel;
mod basic;
mod config;
mod rp_initiated_logout;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use befriend::kernel::id::ProfileId;
use befriend::token::{Expected, IdClaims, PublicKeys};
use serde_json::Value;

use super::world::{CALLBACK, SERVER_SECRET, VERIFIER, World, authorize_path, hand_off, parameter};
use crate::harness::{Answer, Browser};

/// The plans' client.
const CLIENT: &str = "bakery.server";

/// The provider under test, an application of it, and a person at a browser.
pub struct Plan {
    pub world: World,
    pub browser: Browser,
    pub person: ProfileId,
}

impl Plan {
    /// Nobody is signed in yet.
    pub async fn start() -> Self {
        Self::of(World::start().await).await
    }

    pub async fn of(world: World) -> Self {
        let person = world.customer().await;
        Self {
            browser: world.test.browser(),
            person,
            world,
        }
    }

    /// Sends the browser with a request, some parameters set otherwise.
    pub async fn visit(&mut self, changes: &[(&str, &str)]) -> Answer {
        self.browser.get(&authorize_path(CLIENT, changes)).await
    }

    /// The person signs in on the page that `answer` led to. Where the browser is sent then.
    pub async fn sign_in(&mut self, answer: &Answer) -> String {
        let flow = answer
            .location()
            .strip_prefix("/login?flow=")
            .unwrap_or_else(|| panic!("no sign-in page: {} {}", answer.location(), answer.text()))
            .to_owned();
        // Half a minute passes until they have.
        self.world
            .test
            .clock
            .advance(chrono::TimeDelta::seconds(30));
        self.world.sign_in(&mut self.browser, self.person).await;
        sqlx::query("update flow set finished_at = $1 where finished_at is null")
            .bind(self.world.test.clock.now())
            .execute(&self.world.test.app.pool)
            .await
            .unwrap();
        let resume = format!("/oauth/authorize/resume?flow={flow}");
        hand_off(&self.browser.get(&resume).await)
    }

    /// A whole authorization: the person signs in if they are asked to. Gives the answer's address.
    pub async fn authorize(&mut self, changes: &[(&str, &str)]) -> String {
        let answer = self.visit(changes).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        if answer.location().starts_with("/login?") {
            return self.sign_in(&answer).await;
        }
        answer.location().to_owned()
    }

    /// The same, and the tokens that the code gives.
    pub async fn tokens(&mut self, changes: &[(&str, &str)]) -> Value {
        let location = self.authorize(changes).await;
        let code = code_of(&location);
        let answer = self.exchange(&code).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.json()
    }

    /// Exchanges a code, proving the application by the header.
    pub async fn exchange(&self, code: &str) -> Answer {
        self.token_request(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub async fn token_request(&self, fields: &[(&str, &str)]) -> Answer {
        let basic = format!(
            "Basic {}",
            STANDARD.encode(format!("{CLIENT}:{SERVER_SECRET}"))
        );
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.world
            .test
            .browser()
            .send(
                Method::POST,
                "/oauth/token",
                &[
                    ("authorization", &basic),
                    ("content-type", "application/x-www-form-urlencoded"),
                ],
                Body::from(body),
            )
            .await
    }

    /// The claims of an ID token that proves itself by the published keys and is for the plans'
    /// client, now.
    pub async fn id_token(&self, tokens: &Value) -> IdClaims {
        let jwks = self.world.test.browser().get("/oauth/jwks").await.json();
        let expected = Expected {
            issuer: self.world.test.app.config.issuer(),
            audience: Some(CLIENT),
            now: self.world.test.clock.now(),
        };
        PublicKeys::from_jwks(&jwks)
            .unwrap()
            .verify(tokens["id_token"].as_str().unwrap(), expected)
            .unwrap()
    }

    pub async fn userinfo(&self, tokens: &Value) -> Value {
        let access_token = tokens["access_token"].as_str().unwrap();
        let answer = self.world.userinfo(access_token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }
}

/// The code in a right answer: with the state that was sent, and our issuer (RFC 9207).
pub fn code_of(location: &str) -> String {
    assert!(location.starts_with(CALLBACK), "{location}");
    assert_eq!(parameter(location, "error"), None, "{location}");
    assert_eq!(parameter(location, "state").as_deref(), Some("st"));
    assert!(parameter(location, "iss").is_some());
    parameter(location, "code").expect("a code")
}

/// The error in an answer that has no code.
pub fn error_of(location: &str) -> String {
    assert!(location.starts_with(CALLBACK), "{location}");
    assert_eq!(parameter(location, "code"), None);
    assert_eq!(parameter(location, "state").as_deref(), Some("st"));
    parameter(location, "error").expect("an error")
}
