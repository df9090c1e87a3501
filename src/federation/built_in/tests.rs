//! The built-in provider, called by the same code that calls every other.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use serde_json::json;
use url::Url;

use super::{AuthorizeRequest, Person, TestProvider};
use crate::egress::{Egress, Policy};
use crate::federation::attempt::Attempt;
use crate::federation::id_token::Rejection;
use crate::federation::{Connection, Error, Federation, NormalClaims, Ready, Returned};
use crate::kernel::id::{BrandId, ConnectionId, FlowId};
use crate::kernel::{Cipher, Clock, EmailAddress, Entropy, Secret};

const PUBLIC: &str = "https://id.brand.example";

struct Service {
    clock: Clock,
    entropy: Entropy,
    provider: Arc<TestProvider>,
    federation: Federation,
    ready: Ready,
}

impl Service {
    fn new() -> Self {
        let entropy = Entropy::seeded(1);
        let clock = Clock::frozen(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let cipher = Cipher::new([1; 32], entropy.clone());
        let provider = TestProvider::new(PUBLIC, &[1; 32], cipher, clock.clone());
        let local = Arc::clone(&provider);
        let egress = Egress::new(Policy::new(false), Some(local));
        let now = clock.now();
        let connection = Connection {
            brand_id: BrandId::new(now, &entropy),
            connection_id: ConnectionId::new(now, &entropy),
            slug: "test".to_owned(),
            provider: "test".to_owned(),
            label: "Test provider".to_owned(),
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
        };
        Self {
            federation: Federation::new(egress, provider.issuer().to_owned()),
            ready: Ready {
                redirect_uri: crate::federation::redirect_uri(PUBLIC, "bakery", "test"),
                secret: None,
                connection,
            },
            clock,
            entropy,
            provider,
        }
    }

    fn attempt(&self) -> (Attempt, Secret) {
        let now = self.clock.now();
        let flow_id = FlowId::new(now, &self.entropy);
        let connection_id = self.ready.connection.connection_id;
        Attempt::new(flow_id, connection_id, now, &self.entropy)
    }

    async fn request(&self, attempt: &Attempt, state: &Secret) -> AuthorizeRequest {
        let now = self.clock.now();
        let url = self
            .federation
            .authorize_url(&self.ready, attempt, state, now)
            .await
            .unwrap();
        assert!(
            url.as_str()
                .starts_with("https://id.brand.example/test-provider/authorize?")
        );
        AuthorizeRequest::parse(url.query().unwrap()).unwrap()
    }

    async fn exchange(&self, attempt: &Attempt, back: &Url) -> Result<NormalClaims, Error> {
        let find = |name: &str| {
            let mut pairs = back.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let returned = Returned {
            code: Secret::new(find("code").unwrap()),
            issuer: find("iss"),
            parameters: Vec::new(),
        };
        let now = self.clock.now();
        self.federation
            .exchange(&self.ready, attempt, &returned, now)
            .await
    }
}

#[tokio::test]
async fn a_round_trip_says_who_the_person_chose_to_be() {
    let service = Service::new();
    let (attempt, state) = service.attempt();

    let request = service.request(&attempt, &state).await;
    let back = service
        .provider
        .grant(&request, Person::sample("ada").unwrap());
    let claims = service.exchange(&attempt, &back).await.unwrap();

    assert_eq!(request.state, state.expose());
    assert_eq!(claims.issuer, "https://id.brand.example/test-provider");
    assert_eq!(claims.subject, "ada");
    assert_eq!(claims.name().as_deref(), Some("Ada Lindqvist"));
    let verified: Vec<_> = claims.verified_emails().map(EmailAddress::as_str).collect();
    assert_eq!(verified, ["ada@example.com"]);
}

#[tokio::test]
async fn a17_a_code_works_once_and_for_a_minute() {
    let service = Service::new();
    let (attempt, state) = service.attempt();
    let request = service.request(&attempt, &state).await;
    let grant = || {
        service
            .provider
            .grant(&request, Person::sample("ada").unwrap())
    };

    let back = grant();
    assert!(service.exchange(&attempt, &back).await.is_ok());
    let again = service.exchange(&attempt, &back).await;
    assert!(matches!(again, Err(Error::Denied(code)) if code == "invalid_grant"));

    let late = grant();
    service.clock.advance(TimeDelta::minutes(1));
    assert!(matches!(
        service.exchange(&attempt, &late).await,
        Err(Error::Denied(_))
    ));
}

#[tokio::test]
async fn a18_a_code_of_another_attempt_does_not_fit() {
    let service = Service::new();
    let (victim, victim_state) = service.attempt();
    let (attacker, _) = service.attempt();
    let request = service.request(&victim, &victim_state).await;

    let stolen = service
        .provider
        .grant(&request, Person::sample("ada").unwrap());
    let by_verifier = service.exchange(&attacker, &stolen).await;
    let mixed = Attempt {
        pkce_verifier: victim.pkce_verifier.clone(),
        ..attacker
    };
    let fresh = service
        .provider
        .grant(&request, Person::sample("ada").unwrap());
    let by_nonce = service.exchange(&mixed, &fresh).await;

    assert!(
        matches!(by_verifier, Err(Error::Denied(_))),
        "the verifier differs"
    );
    assert!(
        matches!(by_nonce, Err(Error::IdToken(Rejection::Nonce))),
        "the nonce differs"
    );
}

#[tokio::test]
async fn a19_an_answer_that_names_another_issuer_is_not_redeemed() {
    let service = Service::new();
    let (attempt, state) = service.attempt();
    let request = service.request(&attempt, &state).await;

    for issuer in ["iss=https%3A%2F%2Fhonest.example", ""] {
        let granted = service
            .provider
            .grant(&request, Person::sample("ada").unwrap());
        let ours = "iss=https%3A%2F%2Fid.brand.example%2Ftest-provider";
        assert!(granted.as_str().contains(ours));
        let forged = Url::parse(&granted.as_str().replace(ours, issuer)).unwrap();
        let verdict = service.exchange(&attempt, &forged).await;
        assert!(matches!(verdict, Err(Error::OtherIssuer)), "{issuer}");
    }
}

#[test]
fn a_request_names_everything_once() {
    let good = "response_type=code&client_id=befriend&redirect_uri=https%3A%2F%2Fa.example%2F\
        &scope=openid%20email&state=s&nonce=n&code_challenge=c&code_challenge_method=S256";
    assert!(AuthorizeRequest::parse(good).is_ok());

    for (what, query) in [
        ("state", good.replace("&state=s", "")),
        ("state", good.replace("&state=s", "&state=")),
        ("state", format!("{good}&state=t")),
        ("nonce", good.replace("&nonce=n", "")),
        ("code_challenge", good.replace("&code_challenge=c", "")),
        ("code_challenge_method", good.replace("S256", "plain")),
        ("response_type", good.replace("=code&", "=token&")),
        ("scope", good.replace("openid", "profile")),
        ("redirect_uri", good.replace("https%3A%2F%2F", "")),
    ] {
        let verdict = AuthorizeRequest::parse(&query);
        assert_eq!(
            verdict.map_err(|fault| fault.0).err(),
            Some(what),
            "{query}"
        );
    }
}

#[test]
fn somebody_made_up_comes_back_as_the_same_account() {
    let first = Person::made_up("", "Eve", "Eve@example.com", true).unwrap();
    let second = Person::made_up("", "Eve Moreau", "eve@example.com", false).unwrap();
    let unnamed = Person::made_up("", "Eve", "", true).unwrap();

    assert_eq!(first.subject, second.subject);
    assert_ne!(first.subject, unnamed.subject);
    assert!(!unnamed.email_verified, "there is nothing to verify");
    assert_eq!(Person::made_up("", " ", "", true), None);
    assert_eq!(
        Person::made_up("x-1", "", "", false).unwrap().subject,
        "x-1"
    );
}
