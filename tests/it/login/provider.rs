//! An OpenID provider on loopback that does whatever a test tells it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::body::{Body, Bytes};
use axum::extract::{RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use befriend::kernel::Clock;
use befriend::kernel::secret::sha256;
use serde_json::{Value, json};
use url::Url;

/// What an endpoint does instead of its duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    Hang,
    Status(u16),
    Html,
    Truncated,
    WrongType,
    Huge,
    Redirect,
}

/// An endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Discovery,
    Jwks,
    Token,
    Userinfo,
}

/// How a provider departs from what is right in everything it signs and publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// The ID token names no key.
    NoKeyId,
    /// A second key is published, under another id.
    SecondKey,
    /// The ID token says it is not signed, and is not.
    Unsigned,
    /// The ID token is signed, but not as it stands.
    SpoiltSignature,
    /// Discovery speaks for somebody else.
    OtherIssuer,
}

pub struct Provider {
    pub issuer: String,
    shared: Arc<Shared>,
}

struct Shared {
    issuer: String,
    clock: Clock,
    state: Mutex<Inner>,
}

struct Inner {
    key: EcdsaKeyPair,
    key_id: String,
    publishes_keys: bool,
    faults: HashMap<Endpoint, Fault>,
    calls: HashMap<Endpoint, usize>,
    grants: HashMap<String, Grant>,
    /// What userinfo says instead of the ID token's subject.
    userinfo_subject: Option<String>,
    /// What is overwritten in ID tokens; null removes.
    overrides: Vec<(String, Value)>,
    twists: Vec<Twist>,
    second_key: EcdsaKeyPair,
}

#[derive(Clone)]
struct Grant {
    claims: Value,
    nonce: String,
    challenge: String,
}

fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

impl Provider {
    pub async fn start(clock: &Clock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            issuer: issuer.clone(),
            clock: clock.clone(),
            state: Mutex::new(Inner {
                key: new_key(),
                key_id: "key-1".to_owned(),
                publishes_keys: true,
                faults: HashMap::new(),
                calls: HashMap::new(),
                grants: HashMap::new(),
                userinfo_subject: None,
                overrides: Vec::new(),
                twists: Vec::new(),
                second_key: new_key(),
            }),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, shared }
    }

    fn inner<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.shared.state.lock().unwrap())
    }

    pub fn fail(&self, endpoint: Endpoint, fault: Fault) {
        self.inner(|inner| inner.faults.insert(endpoint, fault));
    }

    pub fn mend(&self) {
        self.inner(|inner| {
            inner.faults.clear();
            inner.publishes_keys = true;
        });
    }

    pub fn calls(&self, endpoint: Endpoint) -> usize {
        self.inner(|inner| inner.calls.get(&endpoint).copied().unwrap_or(0))
    }

    /// Signs with a new key from now on, under a new or the same key id.
    pub fn rotate(&self, key_id: &str) {
        self.inner(|inner| {
            inner.key = new_key();
            key_id.clone_into(&mut inner.key_id);
        });
    }

    pub fn twist(&self, twist: Twist) {
        self.inner(|inner| inner.twists.push(twist));
    }

    pub fn publish_no_keys(&self) {
        self.inner(|inner| inner.publishes_keys = false);
    }

    pub fn say_in_userinfo(&self, subject: &str) {
        self.inner(|inner| inner.userinfo_subject = Some(subject.to_owned()));
    }

    pub fn say_in_id_token(&self, name: &str, value: Value) {
        self.inner(|inner| inner.overrides.push((name.to_owned(), value)));
    }

    /// The person agrees: the path and query by which the browser comes back from `authorize_url`.
    pub fn agree(&self, authorize_url: &str, claims: Value) -> String {
        let url = Url::parse(authorize_url).unwrap();
        assert!(authorize_url.starts_with(&format!("{}/authorize?", self.issuer)));
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let code = self.inner(|inner| {
            let code = format!("code-{}", inner.grants.len());
            let grant = Grant {
                claims,
                // Plain OAuth 2.0 sends none.
                nonce: query.get("nonce").cloned().unwrap_or_default(),
                challenge: query["code_challenge"].clone(),
            };
            inner.grants.insert(code.clone(), grant);
            code
        });
        assert_eq!(query["code_challenge_method"], "S256");
        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &query["state"]);
        format!("{}?{}", back.path(), back.query().unwrap())
    }
}

/// Counts the call, and fails it if that is told.
async fn arrive(shared: &Shared, endpoint: Endpoint) -> Result<(), Response> {
    let fault = {
        let mut inner = shared.state.lock().unwrap();
        *inner.calls.entry(endpoint).or_default() += 1;
        inner.faults.get(&endpoint).copied()
    };
    let typed = |kind: &'static str, body: &'static str| ([("content-type", kind)], body);
    Err(match fault {
        None => return Ok(()),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, Json(json!({ "error": "server_error" }))).into_response()
        }
        Some(Fault::Html) => typed("text/html", "<h1>Down for maintenance</h1>").into_response(),
        Some(Fault::Truncated) => typed("application/json", "{\"keys\": [").into_response(),
        Some(Fault::WrongType) => typed("text/plain", "{}").into_response(),
        Some(Fault::Redirect) => {
            (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response()
        }
        Some(Fault::Huge) => {
            let chunk = Bytes::from(vec![b' '; 64 * 1024]);
            let chunks = (0..1600).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
            let body = Body::from_stream(futures_util::stream::iter(chunks));
            ([("content-type", "application/json")], body).into_response()
        }
    })
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Response> {
    arrive(&shared, Endpoint::Discovery).await?;
    let issuer = &shared.issuer;
    let inner = shared.state.lock().unwrap();
    let named = if inner.twists.contains(&Twist::OtherIssuer) {
        "https://issuer.example"
    } else {
        issuer
    };
    Ok(Json(json!({
        "issuer": named,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "id_token_signing_alg_values_supported": ["ES256"],
    })))
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Response> {
    arrive(&shared, Endpoint::Jwks).await?;
    let inner = shared.state.lock().unwrap();
    if !inner.publishes_keys {
        return Ok(Json(json!({ "keys": [] })));
    }
    let jwk = |key: &EcdsaKeyPair, id: &str| {
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "kid": id,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    };
    let mut keys = vec![jwk(&inner.key, &inner.key_id)];
    if inner.twists.contains(&Twist::SecondKey) {
        keys.push(jwk(&inner.second_key, "another-key"));
    }
    Ok(Json(json!({ "keys": keys })))
}

async fn token(
    State(shared): State<Arc<Shared>>,
    RawForm(form): RawForm,
) -> Result<Response, Response> {
    arrive(&shared, Endpoint::Token).await?;
    let form: HashMap<String, String> = url::form_urlencoded::parse(&form).into_owned().collect();
    let inner = shared.state.lock().unwrap();
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
    let grant = form
        .get("code")
        .and_then(|code| inner.grants.get(code))
        .filter(|grant| grant.challenge == challenge);
    let Some(grant) = grant else {
        let refusal = Json(json!({ "error": "invalid_grant" }));
        return Err((StatusCode::BAD_REQUEST, refusal).into_response());
    };
    let now = shared.clock.now().timestamp();
    let mut claims = grant.claims.clone();
    for (name, value) in [
        ("iss", json!(shared.issuer)),
        ("aud", json!("befriend")),
        ("iat", json!(now)),
        ("exp", json!(now + 300)),
        ("nonce", json!(grant.nonce)),
    ] {
        claims[name] = value;
    }
    for (name, value) in &inner.overrides {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let twisted = |twist| inner.twists.contains(&twist);
    let mut header = json!({ "alg": "ES256", "kid": inner.key_id });
    if twisted(Twist::NoKeyId) {
        header = json!({ "alg": "ES256" });
    }
    if twisted(Twist::Unsigned) {
        header = json!({ "alg": "none" });
    }
    let message = format!("{}.{}", part(&header), part(&claims));
    let mut signed = message.clone();
    if twisted(Twist::SpoiltSignature) {
        signed.push('x');
    }
    let signature = inner
        .key
        .sign(&SystemRandom::new(), signed.as_bytes())
        .unwrap();
    let signature = if twisted(Twist::Unsigned) {
        String::new()
    } else {
        URL_SAFE_NO_PAD.encode(signature)
    };
    let id_token = format!("{message}.{signature}");
    let access_token = URL_SAFE_NO_PAD.encode(grant.claims["sub"].as_str().unwrap_or(""));
    Ok(Json(json!({
        "access_token": access_token, "token_type": "Bearer", "id_token": id_token,
    }))
    .into_response())
}

async fn userinfo(
    State(shared): State<Arc<Shared>>,
    headers: axum::http::HeaderMap,
) -> Result<Json<Value>, Response> {
    arrive(&shared, Endpoint::Userinfo).await?;
    let bearer = headers["authorization"].to_str().unwrap();
    let subject = URL_SAFE_NO_PAD
        .decode(bearer.strip_prefix("Bearer ").unwrap())
        .unwrap();
    let subject = String::from_utf8(subject).unwrap();
    let inner = shared.state.lock().unwrap();
    let subject = inner.userinfo_subject.clone().unwrap_or(subject);
    Ok(Json(json!({ "sub": subject })))
}
