//! What is refused, row by row of the threat table, and what is not.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::{
    Expectations, Issuers, Keys, Nonce, Rejection, SUBJECT_BYTES_MAX, TOKEN_BYTES_MAX, verify,
};
use crate::kernel::Secret;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const ISSUER: &str = "https://accounts.example";
const US: &str = "befriend-client";

/// A provider that signs with one RSA and one P-256 key.
struct Signer {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    keys: Keys,
}

impl Signer {
    fn new() -> Self {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let keys = Keys::parse(&json!({"keys": [
            rsa_jwk(&rsa, "rsa-1"),
            ec_jwk(&ec, "ec-1"),
            {"kty": "oct", "kid": "oct-1", "k": "c2VjcmV0"},
            {"kty": "RSA", "kid": "enc-1", "use": "enc", "n": "AQAB", "e": "AQAB"},
            {"kty": "made-up"},
            "not even an object",
        ]}))
        .unwrap();
        Self { rsa, ec, keys }
    }

    fn rs256(&self, header: &Value, claims: &Value) -> String {
        self.rs256_raw(&encode(header), &encode(claims))
    }

    fn rs256_raw(&self, header: &str, claims: &str) -> String {
        let message = format!("{header}.{claims}");
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn es256(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self
            .ec
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn verdict(&self, token: &str) -> Result<String, Rejection> {
        verify(token, &self.keys, &expectations(&[Algorithm::RS256])).map(|claims| claims.subject)
    }

    /// The verdict on otherwise good claims with `name` set to `value`, or removed by `null`.
    fn verdict_with(&self, name: &str, value: Value) -> Result<String, Rejection> {
        let mut claims = good_claims();
        let object = claims.as_object_mut().unwrap();
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.to_owned(), value);
        }
        self.verdict(&self.rs256(&json!({"alg": "RS256", "kid": "rsa-1"}), &claims))
    }
}

fn rsa_jwk(key: &RsaKeyPair, kid: &str) -> Value {
    let public = key.public_key();
    json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
        "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    })
}

fn ec_jwk(key: &EcdsaKeyPair, kid: &str) -> Value {
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid,
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    })
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn expectations(algorithms: &[Algorithm]) -> Expectations<'_> {
    Expectations {
        issuers: &Issuers::Aliased(ISSUER, &[]),
        audiences: &[US],
        nonce: Nonce::Sent("the-nonce"),
        algorithms,
        now: DateTime::<Utc>::from_timestamp(NOW, 0).unwrap(),
    }
}

fn good_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "person-1", "aud": US, "nonce": "the-nonce",
        "iat": NOW - 5, "exp": NOW + 300, "email": "ada@example.com",
    })
}

#[test]
fn a_good_token_is_accepted_and_its_claims_come_back_whole() {
    let signer = Signer::new();

    let by_rsa = signer.rs256(&json!({"alg": "RS256", "kid": "rsa-1"}), &good_claims());
    let claims = verify(&by_rsa, &signer.keys, &expectations(&[Algorithm::RS256])).unwrap();
    let by_ec = signer.es256(&json!({"alg": "ES256", "kid": "ec-1"}), &good_claims());
    let both = [Algorithm::RS256, Algorithm::ES256];

    assert_eq!(claims.subject, "person-1");
    assert_eq!(claims.issuer, ISSUER);
    assert_eq!(claims.all["email"], "ada@example.com");
    assert!(verify(&by_ec, &signer.keys, &expectations(&both)).is_ok());
}

#[test]
fn a16_the_nonce_is_there_and_the_one_that_was_sent() {
    let signer = Signer::new();

    for value in [
        Value::Null,
        json!(""),
        json!("an-older-nonce"),
        json!(["the-nonce"]),
        json!(7),
    ] {
        let verdict = signer.verdict_with("nonce", value.clone());
        assert_eq!(verdict, Err(Rejection::Nonce), "{value}");
    }
}

#[test]
fn a20_only_the_providers_own_asymmetric_algorithms_sign() {
    let signer = Signer::new();
    let good = encode(&good_claims());
    let public_der = signer.rsa.public_key().as_der().unwrap();
    let hs256 = |secret: &[u8]| {
        let header = encode(&json!({"alg": "HS256", "kid": "rsa-1"}));
        let message = format!("{header}.{good}");
        let key = EncodingKey::from_secret(secret);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    };
    let unsigned = |alg: Value| format!("{}.{good}.", encode(&json!({"alg": alg, "kid": "rsa-1"})));

    for (name, token, rejection) in [
        ("none", unsigned(json!("none")), Rejection::Algorithm),
        ("None", unsigned(json!("None")), Rejection::Algorithm),
        ("NONE", unsigned(json!("NONE")), Rejection::Algorithm),
        ("null", unsigned(Value::Null), Rejection::Algorithm),
        (
            "empty signature",
            unsigned(json!("RS256")),
            Rejection::Signature,
        ),
        (
            "rs256, small",
            unsigned(json!("rs256")),
            Rejection::Algorithm,
        ),
        (
            "the public key as secret",
            hs256(public_der.as_ref()),
            Rejection::Algorithm,
        ),
        ("an empty secret", hs256(b""), Rejection::Algorithm),
        ("a published secret", hs256(b"secret"), Rejection::Algorithm),
    ] {
        assert_eq!(signer.verdict(&token), Err(rejection), "{name}");
    }
    let by_rsa = signer.rs256(&json!({"alg": "RS256", "kid": "rsa-1"}), &good_claims());
    let verdict = verify(&by_rsa, &signer.keys, &expectations(&[Algorithm::ES256]));
    assert_eq!(
        verdict.err(),
        Some(Rejection::Algorithm),
        "RS256 for an ES256 provider"
    );
    let even_if_listed = [Algorithm::HS256];
    let verdict = verify(&hs256(b""), &signer.keys, &expectations(&even_if_listed));
    assert_eq!(
        verdict.err(),
        Some(Rejection::Algorithm),
        "HS256 by mistake"
    );
}

#[test]
fn a20_a_signature_is_by_the_named_key_over_these_bytes() {
    let signer = Signer::new();
    let other = Signer::new();
    let header = json!({"alg": "RS256", "kid": "rsa-1"});
    let token = signer.rs256(&header, &good_claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut altered = good_claims();
    altered["sub"] = json!("person-2");
    let grafted = format!("{}.{}.{signature}", encode(&header), encode(&altered));
    let key_of_another_kind = signer.rs256(&json!({"alg": "RS256", "kid": "ec-1"}), &good_claims());

    assert_eq!(signer.verdict(&grafted), Err(Rejection::Signature));
    assert_eq!(other.verdict(&token), Err(Rejection::Signature));
    assert_eq!(
        signer.verdict(&format!("{message}.AAAA")),
        Err(Rejection::Signature)
    );
    assert_eq!(
        signer.verdict(&format!("{message}.!!!")),
        Err(Rejection::Signature)
    );
    assert_eq!(
        signer.verdict(&key_of_another_kind),
        Err(Rejection::UnknownKey)
    );
}

#[test]
fn a21_issuer_audience_and_subject_agree_to_the_letter() {
    let signer = Signer::new();
    let long = "s".repeat(SUBJECT_BYTES_MAX + 1);
    let longest = "s".repeat(SUBJECT_BYTES_MAX);

    for (name, value, rejection) in [
        ("iss", json!("https://accounts.example/"), Rejection::Issuer),
        ("iss", json!("http://accounts.example"), Rejection::Issuer),
        ("iss", json!("https://ACCOUNTS.example"), Rejection::Issuer),
        ("iss", json!("https://evil.example"), Rejection::Issuer),
        ("iss", json!([ISSUER]), Rejection::Issuer),
        ("iss", Value::Null, Rejection::Issuer),
        ("aud", json!("another-client"), Rejection::Audience),
        ("aud", json!(""), Rejection::Audience),
        ("aud", json!([]), Rejection::Audience),
        ("aud", json!(["another-client"]), Rejection::Audience),
        ("aud", json!([US, "another-client"]), Rejection::Audience),
        ("aud", json!([US, 7]), Rejection::Audience),
        ("aud", json!({"0": US}), Rejection::Audience),
        ("aud", Value::Null, Rejection::Audience),
        ("azp", json!("another-client"), Rejection::Audience),
        ("azp", json!(7), Rejection::Audience),
        ("sub", Value::Null, Rejection::Subject),
        ("sub", json!(""), Rejection::Subject),
        ("sub", json!(12345), Rejection::Subject),
        ("sub", json!("a\u{0}b"), Rejection::Subject),
        ("sub", json!(long), Rejection::Subject),
    ] {
        let verdict = signer.verdict_with(name, value.clone());
        assert_eq!(verdict, Err(rejection), "{name}: {value}");
    }
    assert!(signer.verdict_with("aud", json!([US])).is_ok());
    assert!(signer.verdict_with("azp", json!(US)).is_ok());
    assert_eq!(
        signer.verdict_with("sub", json!(longest.clone())),
        Ok(longest)
    );
}

#[test]
fn a21_several_audiences_need_us_as_the_authorized_party() {
    let signer = Signer::new();
    let verdict = |azp: &str| {
        let mut claims = good_claims();
        claims["aud"] = json!([US, "another-client"]);
        claims["azp"] = json!(azp);
        signer.verdict(&signer.rs256(&json!({"alg": "RS256", "kid": "rsa-1"}), &claims))
    };

    assert!(verdict(US).is_ok());
    assert_eq!(verdict("another-client"), Err(Rejection::Audience));
}

#[test]
fn a22_times_are_numbers_within_reason_and_a_minute_of_skew() {
    let signer = Signer::new();

    for (name, value, rejection) in [
        ("exp", json!(NOW - 61), Rejection::Expired),
        ("exp", json!((NOW + 300).to_string()), Rejection::Expired),
        ("exp", json!(1e30), Rejection::Expired),
        ("exp", json!(-1), Rejection::Expired),
        ("exp", json!(true), Rejection::Expired),
        ("exp", json!(u64::MAX), Rejection::Expired),
        ("exp", Value::Null, Rejection::Expired),
        ("nbf", json!(NOW + 61), Rejection::NotYet),
        ("nbf", json!(NOW + DAY), Rejection::NotYet),
        ("nbf", json!("soon"), Rejection::NotYet),
        ("iat", Value::Null, Rejection::NotYet),
        ("iat", json!(NOW + 61), Rejection::NotYet),
        ("iat", json!(NOW + DAY), Rejection::NotYet),
        ("iat", json!(-NOW), Rejection::NotYet),
        ("iat", json!(NOW.to_string()), Rejection::NotYet),
        ("iat", json!(1e30), Rejection::NotYet),
    ] {
        let verdict = signer.verdict_with(name, value.clone());
        assert_eq!(verdict, Err(rejection), "{name}: {value}");
    }
    for (name, value) in [
        ("exp", json!(NOW - 59)),
        ("nbf", json!(NOW + 60)),
        ("nbf", json!(NOW - DAY)),
        ("iat", json!(NOW + 60)),
        ("exp", json!(1_800_000_300.5)),
    ] {
        let verdict = signer.verdict_with(name, value.clone());
        assert!(verdict.is_ok(), "{name}: {value}: {verdict:?}");
    }
}

#[test]
fn a23_a_key_id_is_compared_and_nothing_else() {
    let signer = Signer::new();
    let verdict = |header: Value| signer.verdict(&signer.rs256(&header, &good_claims()));

    for kid in [
        json!("../../etc/passwd"),
        json!("' or 1=1 --"),
        json!("https://evil.example/jwks"),
        json!(""),
        json!("RSA-1"),
        json!("k".repeat(1000)),
        json!(7),
        Value::Null,
    ] {
        let verdict = verdict(json!({"alg": "RS256", "kid": kid.clone()}));
        assert_eq!(verdict, Err(Rejection::UnknownKey), "{kid}");
    }
    let megabyte = json!({"alg": "RS256", "kid": "k".repeat(1024 * 1024)});
    assert_eq!(verdict(megabyte), Err(Rejection::TooLarge));
    assert!(verdict(json!({"alg": "RS256"})).is_ok(), "one key fits");
}

#[test]
fn a_token_without_key_id_is_refused_when_several_keys_fit() {
    let signer = Signer::new();
    let two = Keys::parse(&json!({"keys": [
        rsa_jwk(&signer.rsa, "a"), rsa_jwk(&signer.rsa, "b"),
    ]}))
    .unwrap();
    let token = signer.rs256(&json!({"alg": "RS256"}), &good_claims());

    let verdict = verify(&token, &two, &expectations(&[Algorithm::RS256]));

    assert_eq!(verdict.err(), Some(Rejection::UnknownKey));
}

#[test]
fn a24_keys_named_in_the_header_are_ignored_and_extensions_refused() {
    let signer = Signer::new();
    let attacker = Signer::new();
    let named = |name: &str, value: Value| {
        let mut header = json!({"alg": "RS256", "kid": "rsa-1"});
        header[name] = value;
        header
    };

    for (name, value) in [
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", rsa_jwk(&attacker.rsa, "rsa-1")),
        ("x5c", json!(["MIIB"])),
    ] {
        let theirs = attacker.rs256(&named(name, value.clone()), &good_claims());
        let ours = signer.rs256(&named(name, value), &good_claims());
        assert_eq!(signer.verdict(&theirs), Err(Rejection::Signature), "{name}");
        assert!(signer.verdict(&ours).is_ok(), "{name} is only ignored");
    }
    for (name, value) in [
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
    ] {
        let token = signer.rs256(&named(name, value), &good_claims());
        assert_eq!(signer.verdict(&token), Err(Rejection::Extension), "{name}");
    }
}

#[test]
fn a25_huge_encrypted_and_broken_tokens_are_refused() {
    let signer = Signer::new();
    let jwe = encode(&json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 1_000_000_000}));
    let not_json = signer.rs256_raw(
        &encode(&json!({"alg": "RS256", "kid": "rsa-1"})),
        &URL_SAFE_NO_PAD.encode("{\"iss\":"),
    );

    for (name, token, rejection) in [
        ("10 MB", "a".repeat(10 * 1024 * 1024), Rejection::TooLarge),
        (
            "just too large",
            "a".repeat(TOKEN_BYTES_MAX + 1),
            Rejection::TooLarge,
        ),
        ("five parts", format!("{jwe}.a.b.c.d"), Rejection::Malformed),
        ("two parts", format!("{jwe}.a"), Rejection::Malformed),
        ("empty", String::new(), Rejection::Malformed),
        ("dots", "..".to_owned(), Rejection::Malformed),
        (
            "a list",
            format!("{}.{}.AAAA", encode(&json!([])), encode(&json!({}))),
            Rejection::Malformed,
        ),
        ("padded", "e30=.e30=.AAAA".to_owned(), Rejection::Malformed),
        ("claims that are not JSON", not_json, Rejection::Malformed),
    ] {
        assert_eq!(signer.verdict(&token), Err(rejection), "{name}");
    }
}

#[test]
fn f19_key_sets_without_usable_keys_are_told_from_what_is_no_key_set() {
    assert!(Keys::parse(&json!({"keys": []})).unwrap().is_empty());
    assert!(
        Keys::parse(&json!({"keys": [{"kty": "oct", "k": "AA"}]}))
            .unwrap()
            .is_empty()
    );
    assert!(Keys::parse(&json!({})).is_none());
    assert!(Keys::parse(&json!([])).is_none());
}

#[test]
fn a16_the_nonce_that_an_app_sent_comes_back_plain_or_hashed() {
    let signer = Signer::new();
    let judged = |carried: Value, sent: Option<&str>| {
        let mut claims = good_claims();
        claims["nonce"] = carried.clone();
        if carried.is_null() {
            claims.as_object_mut().unwrap().remove("nonce");
        }
        let token = signer.rs256(&json!({"alg": "RS256", "kid": "rsa-1"}), &claims);
        let expectations = Expectations {
            nonce: Nonce::OfApp(sent),
            ..expectations(&[Algorithm::RS256])
        };
        verify(&token, &signer.keys, &expectations).map(|_| ())
    };
    // As `printf raw | sha256sum` writes it.
    let hashed = "d7439bee24773bcbfa2d0a97947ee36227b10d1022b1a55847e928965bb6bfde";

    assert_eq!(judged(json!("raw"), Some("raw")), Ok(()));
    assert_eq!(judged(json!(hashed), Some("raw")), Ok(()));
    assert_eq!(judged(Value::Null, None), Ok(()));
    for (carried, sent) in [
        (json!("raw"), None),
        (json!(""), None),
        (json!(7), None),
        (Value::Null, Some("raw")),
        (json!("other"), Some("raw")),
        (json!("raw"), Some("other")),
    ] {
        let verdict = judged(carried.clone(), sent);
        assert_eq!(verdict, Err(Rejection::Nonce), "{carried} {sent:?}");
    }
}

#[test]
fn a20_our_own_secret_signs_only_where_it_is_the_key() {
    let signer = Signer::new();
    let secret = Secret::new("channel-secret");
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let message = format!("{}.{}", encode(&header), encode(&good_claims()));
    let sign = |key: &[u8]| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
        let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let token = sign(secret.expose().as_bytes());
    let ours = Keys::of_secret(&secret);
    let both = [Algorithm::RS256, Algorithm::HS256];

    assert!(verify(&token, &ours, &expectations(&both)).is_ok());
    for (token, keys, algorithms, verdict) in [
        (&token, &ours, &both[..1], Rejection::Algorithm),
        (&token, &signer.keys, &both[..], Rejection::Algorithm),
        (&sign(b""), &ours, &both[..], Rejection::Signature),
        (
            &sign(b"channel-secreT"),
            &ours,
            &both[..],
            Rejection::Signature,
        ),
    ] {
        let judged = verify(token, keys, &expectations(algorithms));
        assert_eq!(judged.err(), Some(verdict));
    }
    let by_rsa = signer.rs256(&json!({"alg": "RS256", "kid": "rsa-1"}), &good_claims());
    let judged = verify(&by_rsa, &ours, &expectations(&both));
    assert_eq!(judged.err(), Some(Rejection::UnknownKey));
}

#[test]
fn a26_another_audience_is_taken_only_where_it_is_listed() {
    let signer = Signer::new();
    let judged = |audience: Value, party: Option<&str>| {
        let mut claims = good_claims();
        claims["aud"] = audience;
        if let Some(party) = party {
            claims["azp"] = json!(party);
        }
        let token = signer.rs256(&json!({"alg": "RS256", "kid": "rsa-1"}), &claims);
        let listed = [US, "ios.app"];
        let expectations = Expectations {
            audiences: &listed,
            ..expectations(&[Algorithm::RS256])
        };
        verify(&token, &signer.keys, &expectations).map(|_| ())
    };

    assert_eq!(judged(json!("ios.app"), None), Ok(()));
    assert_eq!(judged(json!(US), Some("ios.app")), Ok(()));
    for (audience, party) in [
        (json!("another.app"), None),
        (json!("ios.app"), Some("another.app")),
        (json!(["ios.app", "another.app"]), None),
    ] {
        assert_eq!(judged(audience, party), Err(Rejection::Audience));
    }
}
