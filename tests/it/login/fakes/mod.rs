//! Every provider of the catalogue, played at its own addresses: what its documents ask of a client
//! is asserted, what they say it answers is answered. No network is touched.

mod apple;
mod by_app;
mod inside;
mod spec;
mod table;
mod tenants;
mod trial;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use befriend::egress::{Local, LocalAnswer, Method, Request, Response};
use befriend::federation::Connection;
use befriend::kernel::secret::sha256;
use befriend::kernel::{Clock, Secret};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::world::{Wishes, World, go_to, open_login};
use crate::harness::{Answer, Browser, start_of_time};
use spec::{Alg, OpenId, Opens, Person, Proof, Proves, SPECS, Spec};

const CLIENT_ID: &str = "befriend client";
const SECRET: &str = "s3cret/with+signs";
const DEVICE: &str = "device-1";

/// All of them at once.
pub struct Fakes {
    clock: Clock,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    /// The key that Apple gave the brand.
    apple: EcdsaKeyPair,
    state: Mutex<State>,
}

struct State {
    person: Person,
    /// What is overwritten in ID tokens; null removes.
    twists: Vec<(&'static str, Value)>,
    /// Whom the account is about instead.
    account_subject: Option<&'static str>,
    grants: HashMap<String, Grant>,
    calls: Vec<String>,
}

#[derive(Clone)]
struct Grant {
    key: &'static str,
    nonce: Option<String>,
    challenge: Option<String>,
    redirect_uri: String,
    state: String,
}

/// How the browser comes back.
pub struct Back {
    pub path: String,
    pub parameters: Vec<(String, String)>,
    pub by_form: bool,
}

impl Back {
    pub fn url(&self) -> String {
        format!("{}?{}", self.path, self.body())
    }

    pub fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish()
    }
}

pub fn spec(key: &str) -> &'static Spec {
    let found = SPECS.iter().find(|spec| spec.key == key);
    found.unwrap_or_else(|| panic!("nobody plays {key}: write down what its documents say"))
}

/// A world in which all of them answer.
pub async fn world(wishes: Wishes) -> (World, Arc<Fakes>) {
    let fakes = Arc::new(Fakes::new(Clock::frozen(start_of_time())));
    let outside: Arc<dyn Local> = Arc::clone(&fakes) as _;
    (World::before(wishes, outside).await, fakes)
}

impl Fakes {
    fn new(clock: Clock) -> Self {
        Self {
            clock,
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            apple: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            state: Mutex::new(State {
                person: Person {
                    id: "7001".to_owned(),
                    email: "ada@gmail.com".to_owned(),
                    flag: json!(true),
                },
                twists: Vec::new(),
                account_subject: None,
                grants: HashMap::new(),
                calls: Vec::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Who sits at the browser from now on.
    pub fn seat(&self, id: &str, email: &str, flag: Value) {
        self.state().person = Person {
            id: id.to_owned(),
            email: email.to_owned(),
            flag,
        };
    }

    pub fn twist(&self, twists: &[(&'static str, Value)]) {
        self.state().twists = twists.to_vec();
    }

    pub fn speak_of(&self, subject: Option<&'static str>) {
        self.state().account_subject = subject;
    }

    /// The calls since the last time, as `METHOD origin/path`.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// The key as Apple hands it out.
    pub fn apple_key(&self) -> String {
        let body = STANDARD.encode(self.apple.to_pkcs8v1().unwrap().as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----")
    }

    /// A connection as staff set it up.
    pub fn connection(&self, world: &World, key: &'static str) -> Connection {
        let spec = spec(key);
        let mut connection = world.connection(key, key);
        CLIENT_ID.clone_into(&mut connection.client_id);
        connection.issuer = spec.asks_issuer.map(str::to_owned);
        if key == "oauth2" {
            connection.authorize_url = Some(spec.authorize.to_owned());
            connection.token_url = Some(spec.token.to_owned());
            connection.userinfo_url = spec.account.map(str::to_owned);
        }
        let mut secret = SECRET.to_owned();
        if key == "apple" {
            secret = self.apple_key();
            connection.particulars = json!({ "team_id": "TEAM123456", "key_id": "KEY1234567" });
        }
        let id = connection.connection_id;
        let cipher = &world.app.app.cipher;
        let sealed = befriend::federation::seal_secret(cipher, id, &Secret::new(secret));
        connection.client_secret = Some(sealed);
        connection
    }

    /// The person agrees, after the authorization request was found to be as documented.
    pub fn agree(&self, away: &str) -> Back {
        let url = Url::parse(away).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let place = away.split('?').next().unwrap();
        let redirect = Url::parse(&query["redirect_uri"]).unwrap();
        let key = redirect.path().rsplit('/').next().unwrap();
        let spec = spec(key);
        assert_eq!(place, spec.authorize, "{key}");
        assert_eq!(query[spec.client_param], CLIENT_ID, "{key}");
        let others = ["client_id", "client_key"].into_iter();
        assert_eq!(
            others.filter(|name| query.contains_key(*name)).count(),
            1,
            "{key}"
        );
        assert_eq!(query["response_type"], "code", "{key}");
        assert_eq!(
            query.get("scope").map_or("", String::as_str),
            spec.scope,
            "{key}"
        );
        for (name, value) in spec.wants {
            assert!(query[*name].contains(value), "{key} wants {name}");
        }
        let challenge = query.get("code_challenge").cloned();
        assert_eq!(challenge.is_some(), spec.pkce, "{key}: PKCE");
        assert_eq!(
            query.contains_key("nonce"),
            spec.open_id.is_some(),
            "{key}: nonce"
        );
        let code = format!("code-{}", self.state().grants.len());
        let grant = Grant {
            key: spec.key,
            nonce: query.get("nonce").cloned(),
            challenge,
            redirect_uri: query["redirect_uri"].clone(),
            state: query["state"].clone(),
        };
        self.state().grants.insert(code.clone(), grant);
        let mut parameters = vec![
            ("code".to_owned(), code),
            ("state".to_owned(), query["state"].clone()),
        ];
        if spec.repeats.contains(&"device_id") {
            parameters.push(("device_id".to_owned(), DEVICE.to_owned()));
        }
        Back {
            path: redirect.path().to_owned(),
            parameters,
            by_form: spec.wants.contains(&("response_mode", "form_post")),
        }
    }

    fn respond(&self, request: &Request) -> (u16, Value) {
        let place = format!(
            "{}{}",
            request.url.origin().ascii_serialization(),
            request.url.path()
        );
        self.state()
            .calls
            .push(format!("{:?} {place}", request.method));
        let is_at = |text: &str| text.split('?').next() == Some(place.as_str());
        for spec in SPECS {
            if let Some(open_id) = &spec.open_id {
                if is_at(open_id.discovery) {
                    return (200, discovery(spec, open_id));
                }
                if is_at(open_id.jwks) {
                    return (200, self.jwks());
                }
            }
            if is_at(spec.token) {
                return self.token(spec, request);
            }
            if spec.account.is_some_and(is_at) {
                return (200, self.account(spec, request));
            }
            if let Some((url, answer)) = spec.emails.filter(|(url, _)| is_at(url)) {
                assert!(bearer(request).is_some(), "{url}");
                return (200, answer(&self.state().person));
            }
        }
        panic!("nobody documents {place}")
    }

    fn jwks(&self) -> Value {
        let (x, y) = self.ec.public_key().as_ref()[1..].split_at(32);
        let rsa = self.rsa.public_key();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "use": "sig", "kid": "ec", "x": encode(x), "y": encode(y) },
            {
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa",
                "n": encode(rsa.modulus().big_endian_without_leading_zero()),
                "e": encode(rsa.exponent().big_endian_without_leading_zero()),
            },
        ] })
    }

    fn token(&self, spec: &Spec, request: &Request) -> (u16, Value) {
        let key = spec.key;
        let form = fields(
            request,
            matches!(spec.proof, Proof::Json | Proof::JsonAndBasic),
        );
        self.check_proof(spec, request, &form);
        assert_eq!(form["grant_type"], "authorization_code", "{key}");
        let grants = self.state().grants.clone();
        let Some(grant) = grants.get(&form["code"]).filter(|grant| grant.key == key) else {
            return (400, json!({ "error": "invalid_grant" }));
        };
        assert_eq!(form["redirect_uri"], grant.redirect_uri, "{key}");
        let challenge = form
            .get("code_verifier")
            .map(|verifier| URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())));
        assert_eq!(challenge, grant.challenge, "{key}: PKCE");
        for name in spec.repeats {
            let sent = if *name == "state" {
                grant.state.as_str()
            } else {
                DEVICE
            };
            assert_eq!(form[*name], sent, "{key} wants {name} again");
        }
        let person = self.state().person.clone();
        let mut answer = (spec.with_token)(&person);
        answer["access_token"] = json!(format!("access-{key}"));
        answer["refresh_token"] = json!("refresh-that-nobody-keeps");
        if let Some(open_id) = &spec.open_id {
            let nonce = grant.nonce.as_deref();
            answer["id_token"] = json!(self.id_token(open_id, &person, nonce, CLIENT_ID));
        }
        (200, answer)
    }

    fn check_proof(&self, spec: &Spec, request: &Request, form: &HashMap<String, String>) {
        let key = spec.key;
        let basic = request
            .authorization
            .as_ref()
            .and_then(|value| value.expose().strip_prefix("Basic ").map(str::to_owned));
        match spec.proof {
            Proof::Basic | Proof::JsonAndBasic => {
                let decoded = STANDARD
                    .decode(basic.unwrap_or_else(|| panic!("{key}")))
                    .unwrap();
                let decoded = String::from_utf8(decoded).unwrap();
                let (id, secret) = decoded.split_once(':').unwrap();
                let plain = |text: &str| {
                    let pair = format!("v={text}");
                    form_urlencoded::parse(pair.as_bytes())
                        .next()
                        .unwrap()
                        .1
                        .into_owned()
                };
                assert_eq!(
                    (plain(id), plain(secret)),
                    (CLIENT_ID.to_owned(), SECRET.to_owned())
                );
                assert!(!form.contains_key("client_secret"), "{key}");
            }
            Proof::Form | Proof::Json => {
                assert_eq!(basic, None, "{key}");
                assert_eq!(form[spec.client_param], CLIENT_ID, "{key}");
                assert_eq!(form["client_secret"], SECRET, "{key}");
            }
            Proof::Apple => {
                assert_eq!(form["client_id"], CLIENT_ID, "{key}");
                self.check_apple(&form["client_secret"]);
            }
        }
    }

    fn check_apple(&self, secret: &str) {
        let (message, signature) = secret.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.apple.public_key());
        public.verify(message.as_bytes(), &signature).unwrap();
        let (_, claims) = message.split_once('.').unwrap();
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], CLIENT_ID);
        let now = self.clock.now().timestamp();
        assert!(
            claims["exp"].as_i64().unwrap() > now,
            "made anew for every call"
        );
    }

    fn account(&self, spec: &Spec, request: &Request) -> Value {
        let key = spec.key;
        let token = format!("access-{key}");
        let query: HashMap<String, String> = request.url.query_pairs().into_owned().collect();
        let documented = Url::parse(spec.account.unwrap()).unwrap();
        for (name, value) in documented.query_pairs() {
            assert_eq!(query[&*name], value, "{key}");
        }
        let header = |name: &str| {
            let mut named = request.headers.iter().filter(|(other, _)| other == name);
            let found = named.next().map(|(_, value)| value.clone());
            assert!(named.next().is_none(), "{key} gets {name} once");
            found.unwrap_or_default()
        };
        let authorization = request
            .authorization
            .as_ref()
            .map(|value| value.expose().to_owned());
        match spec.opens {
            Opens::Get(scheme) => {
                assert_eq!(request.method, Method::Get, "{key}");
                assert_eq!(authorization, Some(format!("{scheme} {token}")), "{key}");
            }
            Opens::With(name, value) => {
                assert_eq!(bearer(request), Some(token), "{key}");
                assert!(header(name).starts_with(value), "{key}");
            }
            Opens::Post => {
                assert_eq!(request.method, Method::Post, "{key}");
                assert_eq!(bearer(request), Some(token), "{key}");
            }
            Opens::Query => assert_eq!(query["access_token"], token, "{key}"),
            Opens::Form => {
                let form = fields(request, false);
                assert_eq!(
                    (&form["access_token"], form["client_id"].as_str()),
                    (&token, CLIENT_ID)
                );
            }
            Opens::AppSecretProof => {
                let tag = hmac::sign(
                    &hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()),
                    token.as_bytes(),
                );
                let digits = befriend::kernel::hex(tag.as_ref());
                assert_eq!(query["appsecret_proof"], digits, "{key}");
                assert_eq!(bearer(request), Some(token), "{key}");
            }
        }
        let state = self.state();
        let mut answer = (spec.account_answer)(&state.person);
        if let Some(subject) = state.account_subject {
            answer["sub"] = json!(subject);
        }
        answer
    }

    /// An ID token as the provider signs it for `audience`.
    fn id_token(
        &self,
        open_id: &OpenId,
        person: &Person,
        nonce: Option<&str>,
        audience: &str,
    ) -> String {
        let now = self.clock.now().timestamp();
        let mut claims = (open_id.claims)(person);
        for (name, value) in [
            ("iss", json!(open_id.token_issuer)),
            ("aud", json!(audience)),
            ("iat", json!(now)),
            ("exp", json!(now + 300)),
            ("nonce", json!(nonce)),
        ] {
            claims[name] = value;
        }
        for (name, value) in self.state().twists.clone() {
            claims[name] = value;
        }
        let claims = claims.as_object_mut().unwrap();
        claims.retain(|_, value| !value.is_null());
        let (alg, kid) = match open_id.alg {
            Alg::Rs256 => ("RS256", json!("rsa")),
            Alg::Es256 => ("ES256", json!("ec")),
            Alg::Hs256 => ("HS256", Value::Null),
        };
        let mut header = json!({ "alg": alg, "typ": "JWT" });
        if !kid.is_null() {
            header["kid"] = kid;
        }
        let claims = Value::Object(claims.clone());
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.sign(open_id.alg, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn sign(&self, alg: Alg, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match alg {
            Alg::Rs256 => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                let signed = self
                    .rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.unwrap();
                signature
            }
            Alg::Es256 => self.ec.sign(&random, message).unwrap().as_ref().to_vec(),
            Alg::Hs256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
                hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }
}

impl Local for Fakes {
    fn serves(&self, url: &Url) -> bool {
        let is_of = |text: &str| Url::parse(text).is_ok_and(|known| known.origin() == url.origin());
        SPECS.iter().any(|spec| {
            is_of(spec.token)
                || spec.account.is_some_and(is_of)
                || spec.emails.is_some_and(|(url, _)| is_of(url))
                || spec
                    .open_id
                    .is_some_and(|open_id| is_of(open_id.discovery) || is_of(open_id.jwks))
        })
    }

    fn answer(&self, request: Request) -> LocalAnswer {
        let (status, body) = self.respond(&request);
        Box::pin(std::future::ready(Response {
            status,
            content_type: "application/json; charset=utf-8".to_owned(),
            body: body.to_string().into_bytes(),
        }))
    }
}

fn discovery(spec: &Spec, open_id: &OpenId) -> Value {
    let signs_with = match open_id.alg {
        Alg::Rs256 => "RS256",
        // Whatever it signs web sign-ins with, this is what LINE announces.
        Alg::Es256 | Alg::Hs256 => "ES256",
    };
    let mut document = json!({
        "issuer": open_id.issuer,
        "authorization_endpoint": spec.authorize,
        "token_endpoint": spec.token,
        "jwks_uri": open_id.jwks,
        "id_token_signing_alg_values_supported": [signs_with],
    });
    if let Some(account) = spec.account {
        document["userinfo_endpoint"] = json!(account);
    }
    document
}

fn bearer(request: &Request) -> Option<String> {
    let value = request.authorization.as_ref()?.expose();
    value.strip_prefix("Bearer ").map(str::to_owned)
}

fn fields(request: &Request, is_json: bool) -> HashMap<String, String> {
    let kind = request
        .headers
        .iter()
        .find(|(name, _)| name == "content-type");
    let kind = kind.map_or("", |(_, value)| value.as_str());
    if is_json {
        assert_eq!(kind, "application/json");
        return serde_json::from_slice(&request.body).unwrap();
    }
    assert_eq!(kind, "application/x-www-form-urlencoded");
    form_urlencoded::parse(&request.body).into_owned().collect()
}

/// Goes to the provider and comes back as its person agrees; gives the answer of the callback.
pub async fn sign_in(browser: &mut Browser, fakes: &Fakes, key: &str) -> Answer {
    let login = open_login(browser).await;
    let away = go_to(browser, &login, key).await;
    come_back(browser, &fakes.agree(&away)).await
}

/// Comes back from a provider, by its form where it posts one.
pub async fn come_back(browser: &mut Browser, back: &Back) -> Answer {
    if !back.by_form {
        return browser.get(&back.url()).await;
    }
    let relayed = post_from_elsewhere(browser, &back.path, &back.body()).await;
    assert_eq!(relayed.status, 303);
    browser.get(relayed.location()).await
}

/// A form posted from the provider's own site, to which our cookies do not come along.
pub async fn post_from_elsewhere(browser: &Browser, path: &str, body: &str) -> Answer {
    let mut elsewhere = browser.clone();
    elsewhere.cookies.clear();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://appleid.apple.com"),
    ];
    elsewhere
        .send(
            axum::http::Method::POST,
            path,
            &headers,
            body.to_owned().into(),
        )
        .await
}
