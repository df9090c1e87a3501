//! ID tokens that apps and one-tap prompts hand over.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::super::world::{Wishes, World};
use super::{CLIENT_ID, Fakes, spec, world};
use crate::harness::Answer;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const APP: &str = "bakery.ios.apps.example";
const PATH: &str = "/v1/sign-in/id-token";

/// A brand with an app, whose tokens from these providers are taken.
async fn start(wishes: Wishes) -> (World, Arc<Fakes>) {
    let (world, fakes) = world(wishes).await;
    for key in ["google", "apple", "line", "github", "microsoft"] {
        let mut connection = fakes.connection(&world, key);
        connection.audiences = vec![APP.to_owned()];
        world.insert(&connection).await;
    }
    sqlx::query(
        "insert into application (brand_id, application_id, client_id, name, kind, redirect_uris,
                                  created_at)
         values ($1, gen_random_uuid(), 'bakery.app', 'App', 'browser', array['bakery://signed-in'],
                 now())",
    )
    .bind(world.brand.brand_id.uuid())
    .execute(&world.app.app.pool)
    .await
    .unwrap();
    (world, fakes)
}

fn token(fakes: &Fakes, key: &str, nonce: Option<&str>, audience: &str) -> String {
    let open_id = spec(key).open_id.unwrap();
    let person = fakes.state().person.clone();
    fakes.id_token(&open_id, &person, nonce, audience)
}

fn handing(connection: &str, token: &str) -> Value {
    json!({
        "client_id": "bakery.app", "connection": connection, "id_token": token, "nonce": "n-1",
        "authorization": {
            "redirect_uri": "bakery://signed-in", "scope": "openid email", "state": "s-1",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        },
    })
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    let answer = world.browser().post_json(path, &[], body).await;
    assert!(answer.headers.get("set-cookie").is_none());
    answer
}

async fn exchange(world: &World, code: &str, verifier: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "bakery.app"),
        ("redirect_uri", "bakery://signed-in"),
        ("code", code),
        ("code_verifier", verifier),
    ];
    world.browser().post_form("/oauth/token", &fields).await
}

#[tokio::test]
async fn an_apps_token_becomes_a_code_for_the_same_person_as_a_round_trip() {
    let (world, fakes) = start(Wishes::default()).await;
    let round_trip = super::sign_in(&mut world.browser(), &fakes, "google").await;
    super::super::world::assert_signed_in(&round_trip);

    for (key, audience) in [("google", CLIENT_ID), ("google", APP), ("apple", APP)] {
        if key == "apple" {
            fakes.seat("7002", "grace@gmail.com", json!(true));
        }
        let body = handing(key, &token(&fakes, key, Some("n-1"), audience));
        let answer = post(&world, PATH, &body).await;
        assert_eq!(answer.status, 200, "{key}: {}", answer.text());
        let given = answer.json();
        assert_eq!(given["state"], "s-1");
        assert_eq!(given["iss"], world.app.app.config.issuer());
        let code = given["code"].as_str().unwrap();
        let tokens = exchange(&world, code, VERIFIER).await;
        assert_eq!(tokens.status, 200, "{}", tokens.text());
        assert!(tokens.json()["id_token"].is_string());
    }

    // Google's is the person who signed up in a browser; Apple's is another account.
    assert_eq!(world.count("select count(*) from identity").await, 2);
    assert_eq!(world.count("select count(*) from session").await, 4);
}

#[tokio::test]
async fn the_code_is_good_only_for_whoever_holds_the_verifier() {
    let (world, fakes) = start(Wishes::default()).await;
    let body = handing("google", &token(&fakes, "google", Some("n-1"), APP));
    let given = post(&world, PATH, &body).await.json();
    let code = given["code"].as_str().unwrap();

    let refused = exchange(&world, code, &"x".repeat(43)).await;

    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a26_only_the_configured_issuer_and_audiences_are_taken() {
    let (world, fakes) = start(Wishes::default()).await;
    let good = || token(&fakes, "google", Some("n-1"), APP);
    let twisted = |name, value| {
        fakes.twist(&[(name, value)]);
        let token = good();
        fakes.twist(&[]);
        token
    };
    let change = |name: &str, value: Value| {
        let mut body = handing("google", &good());
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value;
        }
        body
    };
    for (body, status, code) in [
        (change("connection", json!("")), 404, "not_found"),
        (change("connection", json!("nothing")), 404, "not_found"),
        (change("client_id", json!("florist.app")), 404, "not_found"),
        (
            change("issuer", json!("https://evil.example")),
            422,
            "body_malformed",
        ),
        (
            change("jwks_uri", json!("https://evil.example")),
            422,
            "body_malformed",
        ),
        (change("nonce", json!("another")), 400, "id_token_nonce"),
        (change("nonce", Value::Null), 400, "id_token_nonce"),
        (
            handing("google", &token(&fakes, "google", None, APP)),
            400,
            "id_token_nonce",
        ),
        (
            handing(
                "google",
                &token(&fakes, "google", Some("n-1"), "another.app"),
            ),
            400,
            "id_token_audience",
        ),
        (
            handing("google", &twisted("iss", json!("https://evil.example"))),
            400,
            "id_token_issuer",
        ),
        (
            handing("google", &twisted("azp", json!("another.app"))),
            400,
            "id_token_audience",
        ),
        (
            handing("google", &twisted("exp", json!(1))),
            400,
            "id_token_expired",
        ),
        // One provider's token at another's connection.
        (handing("apple", &good()), 400, "id_token_issuer"),
        (handing("microsoft", &good()), 400, "id_token_issuer"),
        // LINE signs like this for its token endpoint alone: an app could hold the secret.
        (
            handing("line", &token(&fakes, "line", Some("n-1"), APP)),
            400,
            "id_token_algorithm",
        ),
        (handing("github", &good()), 400, "no_id_token"),
        (handing("google", "x.y.z"), 400, "id_token_malformed"),
        (handing("google", ""), 400, "id_token_malformed"),
    ] {
        let answer = post(&world, PATH, &body).await;
        assert_eq!(answer.status, status, "{code}: {}", answer.text());
        assert_eq!(answer.json()["code"], code);
    }
    assert_eq!(world.count("select count(*) from profile").await, 0);
    assert_eq!(world.count("select count(*) from session").await, 0);
    let calls = fakes.calls();
    assert!(calls.iter().all(|call| !call.contains("evil")), "{calls:?}");
}

#[tokio::test]
async fn a17_a_token_that_was_copied_signs_nobody_in() {
    let (world, fakes) = start(Wishes::default()).await;
    let body = handing("google", &token(&fakes, "google", Some("n-1"), APP));

    let all = (0..20).map(|_| post(&world, PATH, &body));
    let answers = join_all(all).await;

    let won = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(won.count(), 1);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(lost.json()["code"], "id_token_used");
    }
    assert_eq!(world.count("select count(*) from session").await, 1);
}

#[tokio::test]
async fn a_request_that_is_wrong_in_itself_does_not_use_the_token_up() {
    let (world, fakes) = start(Wishes::default()).await;
    let token = token(&fakes, "google", Some("n-1"), APP);
    for (name, value) in [
        ("redirect_uri", json!("bakery://elsewhere")),
        ("redirect_uri", json!("bakery://signed-in/")),
        ("code_challenge_method", json!("plain")),
        ("code_challenge", json!("")),
        ("scope", json!("email")),
    ] {
        let mut body = handing("google", &token);
        body["authorization"][name] = value.clone();
        let answer = post(&world, PATH, &body).await;
        assert_eq!(answer.status, 400, "{name} {value}");
        assert_eq!(answer.json()["code"], "authorization_refused");
    }
    let answer = post(&world, PATH, &handing("google", &token)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn nothing_is_stored_before_the_person_agrees_in_the_app() {
    let (world, fakes) = start(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    let body = handing("google", &token(&fakes, "google", Some("n-1"), APP));
    let asked = post(&world, PATH, &body).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let asked = asked.json();
    assert_eq!(asked["step"], "consent");
    assert!(
        asked["consent"]["stored"]
            .to_string()
            .contains("ada@gmail.com")
    );
    assert_eq!(world.count("select count(*) from profile").await, 0);

    let path = "/v1/sign-in/id-token/answer";
    let answering = |secret: &Value, accepts: bool| {
        json!({
            "client_id": "bakery.app", "flow": asked["flow"], "flow_secret": secret,
            "accepts_terms": accepts,
        })
    };
    let stranger = post(&world, path, &answering(&json!("guessed"), true)).await;
    assert_eq!(stranger.status, 400);
    assert_eq!(stranger.json()["code"], "flow_over");
    let again = post(&world, path, &answering(&asked["flow_secret"], false)).await;
    assert_eq!(again.json()["step"], "consent");
    assert_eq!(world.count("select count(*) from profile").await, 0);
    let done = post(&world, path, &answering(&asked["flow_secret"], true)).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let code = done.json()["code"].as_str().unwrap().to_owned();
    assert_eq!(exchange(&world, &code, VERIFIER).await.status, 200);
    assert_eq!(
        world
            .count("select count(*) from consent where granted")
            .await,
        1
    );
    let late = post(&world, path, &answering(&asked["flow_secret"], true)).await;
    assert_eq!(late.json()["code"], "flow_over");
}

#[tokio::test]
async fn whoever_may_be_known_proves_it_with_another_token_or_goes_on_as_new() {
    let (world, fakes) = start(Wishes::default()).await;
    let first = handing("google", &token(&fakes, "google", Some("n-1"), APP));
    assert_eq!(post(&world, PATH, &first).await.status, 200);

    // Apple proves the same address: is it the same person?
    let body = handing("apple", &token(&fakes, "apple", Some("n-1"), APP));
    let asked = post(&world, PATH, &body).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let asked = asked.json();
    assert_eq!(asked["step"], "link");
    assert_eq!(asked["link"]["ways"][0]["connection"], "google");

    world.app.clock.advance(chrono::TimeDelta::seconds(1));
    fakes.clock.advance(chrono::TimeDelta::seconds(1));
    let mut proof = handing("google", &token(&fakes, "google", Some("n-1"), APP));
    proof["flow"] = asked["flow"].clone();
    proof["flow_secret"] = asked["flow_secret"].clone();
    let done = post(&world, PATH, &proof).await;

    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(world.count("select count(*) from profile").await, 1);
    assert_eq!(world.count("select count(*) from identity").await, 2);
}

#[tokio::test]
async fn a32_a33_neither_a_connection_switched_off_nor_somebody_suspended_gets_in() {
    let (world, fakes) = start(Wishes::default()).await;
    let fresh = |fakes: &Fakes| {
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
        fakes.clock.advance(chrono::TimeDelta::seconds(1));
        handing("google", &token(fakes, "google", Some("n-1"), APP))
    };
    assert_eq!(post(&world, PATH, &fresh(&fakes)).await.status, 200);
    world.run("update profile set status = 'suspended'").await;
    let suspended = post(&world, PATH, &fresh(&fakes)).await;
    assert_eq!(suspended.status, 403);
    assert_eq!(suspended.json()["code"], "sign_in_refused");
    world.enable("google", false).await;
    let off = post(&world, PATH, &fresh(&fakes)).await;
    assert_eq!(off.status, 403);
    assert_eq!(off.json()["code"], "connection_disabled");
    assert_eq!(world.count("select count(*) from session").await, 1);
}

#[tokio::test]
async fn an_application_of_others_is_sent_to_a_browser_where_its_person_is_asked() {
    let (world, fakes) = start(Wishes::default()).await;
    world
        .run("update application set is_third_party = true")
        .await;
    let body = handing("google", &token(&fakes, "google", Some("n-1"), APP));

    let answer = post(&world, PATH, &body).await;

    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json()["step"], "browser");
    assert_eq!(answer.json()["browser"]["provider"], "google");
    assert_eq!(world.count("select count(*) from session").await, 0);
    assert_eq!(world.count("select count(*) from spent_id_token").await, 0);
}
