//! The provider built into this server, with which anybody can be anybody: for demos and tests.
//!
//! Owns a small OpenID provider: discovery, keys, codes with PKCE, ID tokens, userinfo. It is talked
//! to like every other provider and believed no more than them. It keeps nothing: codes and access
//! tokens are sealed under the installation's key, so several processes serve one another's; only
//! that a code is used once holds within one process. Never offered by a connection of another
//! provider. Start with [`TestProvider`].

mod person;
mod request;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

pub use person::{PEOPLE, Person, SamplePerson};
pub use request::{AuthorizeRequest, Malformed};

use crate::egress::{Local, LocalAnswer, Method, Request, Response};
use crate::kernel::secret::sha256;
use crate::kernel::{Cipher, Clock, Secret};

/// Where it stands below the public URL.
pub const PATH: &str = "/test-provider";

const CODE_LIFE: TimeDelta = TimeDelta::minutes(1);
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(5);
const CODE_CONTEXT: &str = "test-provider.code";
const TOKEN_CONTEXT: &str = "test-provider.token";
const KEY_ID: &str = "test-1";

/// The provider.
pub struct TestProvider {
    issuer: String,
    key: Ed25519KeyPair,
    cipher: Cipher,
    clock: Clock,
    /// Codes that were used, by hash, until they would have expired.
    used: Mutex<HashMap<[u8; 32], DateTime<Utc>>>,
}

/// What a code stands for.
#[derive(Serialize, serde::Deserialize)]
struct Code {
    request: AuthorizeRequest,
    person: Person,
    expires_at: DateTime<Utc>,
}

/// What an access token stands for.
#[derive(Serialize, serde::Deserialize)]
struct Access {
    person: Person,
    expires_at: DateTime<Utc>,
}

/// An answer of an endpoint: the status, and JSON.
pub type Answer = (u16, Value);

impl TestProvider {
    /// The provider at `public_url`. Its key is derived from `installation_key`, so that every
    /// process of an installation has the same.
    ///
    /// # Panics
    /// Never: 32 bytes are a seed of Ed25519.
    pub fn new(
        public_url: &str,
        installation_key: &[u8; 32],
        cipher: Cipher,
        clock: Clock,
    ) -> Arc<Self> {
        let seed = sha256(&[b"befriend test provider".as_slice(), installation_key].concat());
        Arc::new(Self {
            issuer: format!("{public_url}{PATH}"),
            key: Ed25519KeyPair::from_seed_unchecked(&seed).expect("32 bytes are a seed"),
            cipher,
            clock,
            used: Mutex::default(),
        })
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its discovery document.
    pub fn metadata(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// Its key set.
    pub fn jwks(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KEY_ID, "x": x,
        }]})
    }

    /// Where to send the browser when its person is `person`.
    pub fn grant(&self, request: &AuthorizeRequest, person: Person) -> Url {
        let code = self.seal(
            CODE_CONTEXT,
            &Code {
                request: request.clone(),
                person,
                expires_at: self.clock.now() + CODE_LIFE,
            },
        );
        self.back(request, &[("code", &code)])
    }

    /// Where to send the browser when its person refuses.
    pub fn deny(&self, request: &AuthorizeRequest) -> Url {
        self.back(request, &[("error", "access_denied")])
    }

    fn back(&self, request: &AuthorizeRequest, parameters: &[(&str, &str)]) -> Url {
        let mut url = request.redirect_uri.clone();
        url.query_pairs_mut()
            .extend_pairs(parameters)
            .append_pair("state", &request.state)
            .append_pair("iss", &self.issuer);
        url
    }

    /// The token endpoint. `basic` is the client id of an `Authorization` header.
    pub fn token(&self, form: &[(String, String)], basic: Option<&str>) -> Answer {
        let field = |name: &str| {
            let mut found = form.iter().filter(|(key, _)| key == name);
            found.next().map(|(_, value)| value.as_str())
        };
        if field("grant_type") != Some("authorization_code") {
            return refusal("unsupported_grant_type");
        }
        let text = field("code").unwrap_or_default();
        let Some(code) = self.open::<Code>(CODE_CONTEXT, text) else {
            return refusal("invalid_grant");
        };
        let now = self.clock.now();
        let request = &code.request;
        let challenge = URL_SAFE_NO_PAD.encode(sha256(
            field("code_verifier").unwrap_or_default().as_bytes(),
        ));
        let is_right = code.expires_at > now
            && basic.or_else(|| field("client_id")) == Some(request.client_id.as_str())
            && field("redirect_uri") == Some(request.redirect_uri.as_str())
            && challenge == request.code_challenge;
        if !is_right || !self.use_up(text, code.expires_at) {
            return refusal("invalid_grant");
        }
        let access = Access {
            person: code.person.clone(),
            expires_at: now + TOKEN_LIFE,
        };
        let answer = json!({
            "access_token": self.seal(TOKEN_CONTEXT, &access),
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFE.num_seconds(),
            "scope": "openid email profile",
            "id_token": self.id_token(request, &code.person, now),
        });
        (200, answer)
    }

    /// Notes that a code was used. Returns whether it had not been.
    fn use_up(&self, code: &str, expires_at: DateTime<Utc>) -> bool {
        let now = self.clock.now();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        used.insert(sha256(code.as_bytes()), expires_at).is_none()
    }

    fn id_token(&self, request: &AuthorizeRequest, person: &Person, now: DateTime<Utc>) -> String {
        let mut claims = person.claims();
        let issued = now.timestamp();
        let about = json!({
            "iss": self.issuer,
            "aud": request.client_id,
            "iat": issued,
            "auth_time": issued,
            "exp": issued + TOKEN_LIFE.num_seconds(),
            "nonce": request.nonce,
        });
        claims.extend(about.as_object().cloned().unwrap_or_default());
        let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": KEY_ID});
        let part = |value: String| URL_SAFE_NO_PAD.encode(value);
        let message = format!(
            "{}.{}",
            part(header.to_string()),
            part(Value::Object(claims).to_string())
        );
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The userinfo endpoint. `authorization` is the header.
    pub fn userinfo(&self, authorization: Option<&str>) -> Answer {
        let access = authorization
            .and_then(|value| value.strip_prefix("Bearer "))
            .and_then(|token| self.open::<Access>(TOKEN_CONTEXT, token))
            .filter(|access| access.expires_at > self.clock.now());
        match access {
            Some(access) => (200, Value::Object(access.person.claims())),
            None => (401, json!({"error": "invalid_token"})),
        }
    }

    fn seal<T: Serialize>(&self, context: &str, value: &T) -> String {
        let plain = serde_json::to_vec(value).expect("plain data");
        URL_SAFE_NO_PAD.encode(self.cipher.seal(context, &plain))
    }

    fn open<T: DeserializeOwned>(&self, context: &str, text: &str) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = self.cipher.open(context, &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Answers a call to one of the endpoints that programs use.
    fn respond(&self, request: &Request) -> Answer {
        let authorization = request.authorization.as_ref().map(Secret::expose);
        let path = request.url.path();
        let end = path.rsplit_once(PATH).map_or("", |(_, end)| end);
        match (request.method, end) {
            (Method::Get, "/.well-known/openid-configuration") => (200, self.metadata()),
            (Method::Get, "/jwks") => (200, self.jwks()),
            (Method::Get, "/userinfo") => self.userinfo(authorization),
            (Method::Post, "/token") => {
                let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body)
                    .into_owned()
                    .collect();
                self.token(&form, authorization.and_then(basic_user).as_deref())
            }
            (Method::Get | Method::Post, _) => (404, json!({"error": "not_found"})),
        }
    }
}

/// The user name of an `Authorization: Basic` header: a client id.
pub fn basic_user(authorization: &str) -> Option<String> {
    let encoded = authorization.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, _) = text.split_once(':')?;
    let pair = format!("user={user}");
    let (_, user) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
    Some(user.into_owned())
}

fn refusal(error: &str) -> Answer {
    (400, json!({"error": error}))
}

/// Our own calls to it stay within the process: its public URL may lead through a proxy or a
/// container's port that cannot be reached from here.
impl Local for TestProvider {
    fn serves(&self, url: &Url) -> bool {
        url.as_str()
            .strip_prefix(&self.issuer)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    fn answer(&self, request: Request) -> LocalAnswer {
        let (status, body) = self.respond(&request);
        Box::pin(std::future::ready(Response {
            status,
            content_type: "application/json".to_owned(),
            body: body.to_string().into_bytes(),
        }))
    }
}
