//! The hostile provider of the OpenID Foundation's client plans, against our social login: each
//! module under its name. `docs/conformance.md` lists them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::provider::{Endpoint, Provider, Twist};
use super::world::{World, assert_refused, assert_signed_in, go_to, open_login, person, sign_in};

/// What a module expects.
enum Verdict {
    SignedIn,
    /// With this code in the audit record.
    Refused(&'static str),
}

use Verdict::{Refused, SignedIn};

/// What the provider does otherwise than it should.
enum Lie {
    Nothing,
    /// In the ID token; null leaves the claim out.
    Claim(&'static str, Value),
    Twists(&'static [Twist]),
    Userinfo(&'static str),
}

impl Lie {
    fn tell(self, provider: &Provider) {
        match self {
            Self::Nothing => {}
            Self::Claim(name, value) => provider.say_in_id_token(name, value),
            Self::Twists(twists) => {
                for twist in twists {
                    provider.twist(*twist);
                }
            }
            Self::Userinfo(subject) => provider.say_in_userinfo(subject),
        }
    }
}

#[tokio::test]
async fn a16_a20_a21_a22_a29_the_modules_of_the_client_plans() {
    use Lie::{Claim, Nothing, Twists, Userinfo};

    for (module, lie, verdict) in [
        ("oidcc-client-test", Nothing, SignedIn),
        (
            "oidcc-client-test-invalid-iss",
            Claim("iss", json!("https://issuer.example")),
            Refused("id_token_issuer"),
        ),
        (
            "oidcc-client-test-missing-sub",
            Claim("sub", Value::Null),
            Refused("id_token_subject"),
        ),
        (
            "oidcc-client-test-invalid-aud",
            Claim("aud", json!("another-client")),
            Refused("id_token_audience"),
        ),
        (
            "oidcc-client-test-missing-aud",
            Claim("aud", Value::Null),
            Refused("id_token_audience"),
        ),
        (
            "oidcc-client-test-missing-iat",
            Claim("iat", Value::Null),
            Refused("id_token_not_yet"),
        ),
        (
            "oidcc-client-test-kid-absent-single-jwks",
            Twists(&[Twist::NoKeyId]),
            SignedIn,
        ),
        // Either end is right; guessing which of two keys is meant is not ours.
        (
            "oidcc-client-test-kid-absent-multiple-jwks",
            Twists(&[Twist::NoKeyId, Twist::SecondKey]),
            Refused("id_token_unknown_key"),
        ),
        (
            "oidcc-client-test-idtoken-sig-none",
            Twists(&[Twist::Unsigned]),
            Refused("id_token_algorithm"),
        ),
        (
            "oidcc-client-test-invalid-sig-es256",
            Twists(&[Twist::SpoiltSignature]),
            Refused("id_token_signature"),
        ),
        (
            "oidcc-client-test-userinfo-invalid-sub",
            Userinfo("somebody-else"),
            Refused("subject_mismatch"),
        ),
        (
            "oidcc-client-test-nonce-invalid",
            Claim("nonce", json!("another")),
            Refused("id_token_nonce"),
        ),
        (
            "oidcc-client-test-discovery-issuer-mismatch",
            Twists(&[Twist::OtherIssuer]),
            Refused("metadata"),
        ),
    ] {
        let world = World::new().await;
        let provider = world.connect("op").await;
        let mismatched = matches!(lie, Twists(&[Twist::OtherIssuer]));
        lie.tell(&provider);
        let mut browser = world.browser();
        let ada = person("ada", "ada@example.com");

        // A provider whose discovery is not its own is not even gone to.
        let answer = if mismatched {
            let login = open_login(&mut browser).await;
            browser.get(&format!("{login}&provider=op")).await
        } else {
            sign_in(&mut browser, &provider, "op", ada).await
        };

        match verdict {
            SignedIn => assert_signed_in(&answer),
            Refused(code) if mismatched => {
                assert_ne!(answer.status, 303, "{module} {code}");
                assert_eq!(provider.calls(Endpoint::Token), 0, "{module}");
            }
            Refused(code) => {
                assert_refused(&answer, 400);
                let told = "select detail->>'code' from audit where action = 'sign_in.failed'";
                assert_eq!(world.texts(told).await, [code], "{module}");
            }
        }
        let sessions = world.count("select count(*) from session").await;
        let expected = i64::from(matches!(verdict, SignedIn));
        assert_eq!(sessions, expected, "{module}");
    }
}

/// `oidcc-client-test-signing-key-rotation` and `-just-before-signing`.
#[tokio::test]
async fn oidcc_client_test_signing_key_rotation() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let ada = || person("ada", "ada@example.com");
    let mut first = world.browser();
    assert_signed_in(&sign_in(&mut first, &provider, "op", ada()).await);

    // Between two sign-ins. An unknown key is looked for once a minute at most.
    world.app.clock.advance(TimeDelta::seconds(61));
    provider.rotate("key-2");
    let mut second = world.browser();
    assert_signed_in(&sign_in(&mut second, &provider, "op", ada()).await);

    // Within one, after its request was sent.
    world.app.clock.advance(TimeDelta::seconds(61));
    let mut third = world.browser();
    let login = open_login(&mut third).await;
    let away = go_to(&mut third, &login, "op").await;
    let back = provider.agree(&away, ada());
    provider.rotate("key-3");
    assert_signed_in(&third.get(&back).await);
}

/// `oidcc-client-test-discovery-openid-config` and `-discovery-jwks-uri-keys`: both are fetched, and
/// what they say is used.
#[tokio::test]
async fn oidcc_client_test_discovery() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();

    let answer = sign_in(
        &mut browser,
        &provider,
        "op",
        person("ada", "ada@example.com"),
    )
    .await;

    assert_signed_in(&answer);
    assert_eq!(provider.calls(Endpoint::Discovery), 1);
    assert_eq!(provider.calls(Endpoint::Jwks), 1);
    assert_eq!(provider.calls(Endpoint::Token), 1);
    assert_eq!(provider.calls(Endpoint::Userinfo), 1);
}
