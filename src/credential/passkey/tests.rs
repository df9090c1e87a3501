use super::soft::{Answer, Key};
use super::*;

const CHALLENGE: [u8; 32] = [9; 32];
const HANDLE: [u8; 32] = [3; 32];

fn party() -> RelyingParty {
    RelyingParty::of(&"https://id.example.com/some/page".parse().unwrap()).unwrap()
}

fn registered(key: &Key) -> Made {
    let answer = Answer::good("webauthn.create").registration(key);
    register(&answer, &CHALLENGE, &HANDLE, &party()).expect("a good answer")
}

fn use_it(made: &Made, answer: &Authentication) -> Result<Used, Refusal> {
    let known = (made.credential_id.as_slice(), &made.passkey);
    authenticate(answer, &CHALLENGE, known, &party())
}

fn next() -> Answer {
    Answer {
        counter: 6,
        ..Answer::good("webauthn.get")
    }
}

#[test]
fn a_passkey_of_each_algorithm_is_made_and_used() {
    for key in [Key::es256(), Key::eddsa(), Key::rs256()] {
        let made = registered(&key);

        assert_eq!(made.credential_id, [7; 20]);
        assert_eq!(made.passkey.transports, ["internal"]);
        let used = use_it(&made, &next().authentication(&key));
        assert_eq!(
            used,
            Ok(Used {
                counter: 6,
                backed_up: true
            })
        );
        // What is stored is what was made.
        let stored = serde_json::to_value(&made.passkey).unwrap();
        assert_eq!(
            serde_json::from_value::<Passkey>(stored).unwrap(),
            made.passkey
        );
    }
}

#[test]
fn a_port_is_part_of_the_origin_and_not_of_the_domain() {
    let party = RelyingParty::of(&"http://localhost:8080/".parse().unwrap()).unwrap();

    assert_eq!(party.id, "localhost");
    assert_eq!(party.origin, "http://localhost:8080");
    for number in ["http://127.0.0.1:7700", "http://[::1]:7700"] {
        assert_eq!(RelyingParty::of(&number.parse().unwrap()), None);
    }
}

type Spoil = fn(&mut Answer);

/// What spoils a new passkey and a use of one alike.
const SHARED: [(&str, Spoil, Refusal); 14] = [
    ("id", |a| a.id[0] ^= 1, Refusal::Id),
    ("rawId", |a| a.raw_id[0] ^= 1, Refusal::Id),
    ("kind", |a| a.kind = "password".to_owned(), Refusal::Id),
    ("challenge", |a| a.challenge[31] ^= 1, Refusal::Challenge),
    ("no challenge", |a| a.challenge.clear(), Refusal::Challenge),
    (
        "a longer challenge",
        |a| a.challenge.push(9),
        Refusal::Challenge,
    ),
    (
        "origin",
        |a| a.origin = "https://id.example.com.evil.example".to_owned(),
        Refusal::Origin,
    ),
    (
        "scheme",
        |a| a.origin = "http://id.example.com".to_owned(),
        Refusal::Origin,
    ),
    (
        "port",
        |a| a.origin = "https://id.example.com:8443".to_owned(),
        Refusal::Origin,
    ),
    (
        "crossOrigin",
        |a| a.more_client_data = r#","crossOrigin":true"#.to_owned(),
        Refusal::CrossOrigin,
    ),
    (
        "topOrigin",
        |a| a.more_client_data = r#","topOrigin":"https://evil.example""#.to_owned(),
        Refusal::CrossOrigin,
    ),
    (
        "rpIdHash",
        |a| a.rp_id = "example.com".to_owned(),
        Refusal::RelyingParty,
    ),
    ("user presence", |a| a.flags &= !1, Refusal::UserPresence),
    (
        "user verification",
        |a| a.flags &= !4,
        Refusal::UserVerification,
    ),
];

#[test]
fn a61_a_new_passkey_with_any_one_field_spoilt_is_refused() {
    let key = Key::es256();
    let own: [(&str, Spoil, Refusal); 7] = [
        (
            "type",
            |a| a.client_type = "webauthn.get".to_owned(),
            Refusal::Type,
        ),
        (
            "both ids",
            |a| {
                a.id[0] ^= 1;
                a.raw_id[0] ^= 1;
            },
            Refusal::Id,
        ),
        (
            "the authenticator's id",
            |a| a.attested_id[0] ^= 1,
            Refusal::Id,
        ),
        (
            "a short id",
            |a| a.attested_id.truncate(15),
            Refusal::Malformed,
        ),
        ("copied, but cannot be", |a| a.flags &= !8, Refusal::Backup),
        (
            "bytes after the key",
            |a| a.trailing = vec![0xa0],
            Refusal::Malformed,
        ),
        (
            "extensions that are none",
            |a| a.flags |= 128,
            Refusal::Malformed,
        ),
    ];
    for (field, spoil, refusal) in SHARED.into_iter().chain(own) {
        let mut answer = Answer::good("webauthn.create");
        spoil(&mut answer);

        let result = register(&answer.registration(&key), &CHALLENGE, &HANDLE, &party());

        assert_eq!(result.unwrap_err(), refusal, "{field}");
    }
}

#[test]
fn a61_a_use_with_any_one_field_spoilt_is_refused() {
    let key = Key::es256();
    let made = registered(&key);
    let own: [(&str, Spoil, Refusal); 10] = [
        (
            "type",
            |a| a.client_type = "webauthn.create".to_owned(),
            Refusal::Type,
        ),
        (
            "both ids",
            |a| {
                a.id[0] ^= 1;
                a.raw_id[0] ^= 1;
            },
            Refusal::Id,
        ),
        (
            "somebody else",
            |a| a.user_handle = Some(vec![4; 32]),
            Refusal::UserHandle,
        ),
        ("nobody", |a| a.user_handle = None, Refusal::UserHandle),
        ("copied, but cannot be", |a| a.flags &= !8, Refusal::Backup),
        (
            "other than it was made",
            |a| a.flags &= !0b1_1000,
            Refusal::Backup,
        ),
        ("the same counter", |a| a.counter = 5, Refusal::Counter),
        ("a lower counter", |a| a.counter = 4, Refusal::Counter),
        ("no counter any more", |a| a.counter = 0, Refusal::Counter),
        (
            "bytes after the data",
            |a| a.trailing = vec![0],
            Refusal::Malformed,
        ),
    ];
    for (field, spoil, refusal) in SHARED.into_iter().chain(own) {
        let mut answer = next();
        spoil(&mut answer);

        let result = use_it(&made, &answer.authentication(&key));

        assert_eq!(result.unwrap_err(), refusal, "{field}");
    }
}

#[test]
fn a61_only_the_key_s_own_signature_over_this_very_answer_counts() {
    let (key, other) = (Key::es256(), Key::es256());
    let made = registered(&key);
    let good = next().authentication(&key);
    let earlier = Answer {
        counter: 7,
        ..next()
    }
    .authentication(&key);

    let forged = next().authentication(&other);
    assert_eq!(use_it(&made, &forged), Err(Refusal::Signature));
    let mut swapped = good.clone();
    swapped.response.signature = earlier.response.signature.clone();
    assert_eq!(use_it(&made, &swapped), Err(Refusal::Signature));
    let mut edited = good.clone();
    edited.response.authenticator_data = earlier.response.authenticator_data;
    assert_eq!(use_it(&made, &edited), Err(Refusal::Signature));
    for signature in ["", "AA", "!"] {
        let mut bad = good.clone();
        bad.response.signature = signature.to_owned();
        assert!(use_it(&made, &bad).is_err(), "{signature}");
    }
    assert!(use_it(&made, &good).is_ok());
}

#[test]
fn a61_a_key_of_another_algorithm_never_verifies() {
    let key = Key::es256();
    let made = registered(&key);
    let answer = next().authentication(&key);
    for other in [Key::eddsa(), Key::rs256()] {
        let swapped = Made {
            passkey: Passkey {
                key: registered(&other).passkey.key,
                ..made.passkey.clone()
            },
            ..made.clone()
        };

        assert_eq!(use_it(&swapped, &answer), Err(Refusal::Signature));
    }
}

#[test]
fn a61_a_key_that_is_not_asked_for_is_refused() {
    use super::cbor::{Value, read_whole};
    let x = [1; 32];
    let key = |kty: i64, alg: i64, curve: i64, x: &'static [u8]| {
        Value::Map(vec![
            (Value::Integer(1), Value::Integer(kty)),
            (Value::Integer(3), Value::Integer(alg)),
            (Value::Integer(-1), Value::Integer(curve)),
            (Value::Integer(-2), Value::Bytes(x)),
            (Value::Integer(-3), Value::Bytes(x)),
        ])
    };
    let x: &'static [u8] = Box::leak(Box::new(x));

    assert!(PublicKey::from_cose(&key(1, -8, 6, x)).is_some());
    for (name, bad) in [
        ("a point off the curve", key(2, -7, 1, x)),
        ("ES384", key(2, -35, 2, x)),
        ("P-384 under ES256", key(2, -7, 2, x)),
        ("an elliptic key called EdDSA", key(2, -8, 6, x)),
        ("Ed25519 called ES256", key(1, -7, 1, x)),
        ("Ed448", key(1, -8, 7, x)),
        ("a short point", key(1, -8, 6, &x[1..])),
        ("a symmetric key", key(4, 5, 0, x)),
        ("RSA with SHA-1", key(3, -65535, 0, x)),
        ("nothing", read_whole(b"\xa0").unwrap()),
    ] {
        assert!(PublicKey::from_cose(&bad).is_none(), "{name}");
    }
}

#[test]
fn parts_too_long_are_not_read() {
    let key = Key::es256();
    let mut answer = Answer::good("webauthn.create").registration(&key);
    answer.response.attestation_object = "A".repeat(PART_BYTES_MAX + 1);

    let result = register(&answer, &CHALLENGE, &HANDLE, &party());

    assert_eq!(result.unwrap_err(), Refusal::Malformed);
}

#[test]
fn a_counter_of_nothing_stays_nothing() {
    let key = Key::eddsa();
    let answer = Answer {
        counter: 0,
        ..Answer::good("webauthn.create")
    };
    let made = register(&answer.registration(&key), &CHALLENGE, &HANDLE, &party()).unwrap();
    let again = Answer {
        counter: 0,
        ..next()
    };

    assert!(use_it(&made, &again.authentication(&key)).is_ok());
}
