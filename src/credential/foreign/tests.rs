use serde::Deserialize;

use super::*;

/// A line of `tests/vectors/foreign_hashes.ndjson`, which tells how each was made.
#[derive(Deserialize)]
struct Vector {
    name: String,
    hash: String,
    password: String,
    format: Option<String>,
    salt: Option<String>,
    firebase: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    signer_key: String,
    salt_separator: String,
    rounds: u32,
    memory_cost: u32,
}

impl Vector {
    fn export(&self) -> Export<'_> {
        Export {
            format: self.format.as_deref(),
            hash: &self.hash,
            salt: self.salt.as_deref(),
            firebase: self.firebase.as_ref().map(|project| FirebaseProject {
                signer_key: &project.signer_key,
                salt_separator: &project.salt_separator,
                rounds: project.rounds,
                memory_cost: project.memory_cost,
            }),
        }
    }
}

fn vectors() -> Vec<Vector> {
    include_str!("../../../tests/vectors/foreign_hashes.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a vector"))
        .collect()
}

fn is_right(stored: &str, password: &str) -> bool {
    let foreign = Foreign::parse(stored).expect("a known format");
    foreign.verify(&Secret::new(password))
}

#[test]
fn hashes_of_other_makers_prove_their_password_and_no_other() {
    let vectors = vectors();
    assert!(vectors.len() >= 50, "{}", vectors.len());

    for vector in &vectors {
        let name = &vector.name;
        let stored = stored_text(&vector.export()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(is_right(&stored, &vector.password), "{name}");
        let mut other = vector.password.clone();
        other.pop();
        assert!(!is_right(&stored, &other), "{name} without its last letter");
        assert!(!is_right(&stored, ""), "{name} and no password");
        let shouted = vector.password.to_uppercase();
        assert!(!is_right(&stored, &shouted), "{name} in capitals");
    }
}

#[test]
fn at_least_thirteen_formats_are_known() {
    let formats: std::collections::BTreeSet<&str> = vectors()
        .iter()
        .map(|vector| {
            let stored = stored_text(&vector.export()).expect("a known format");
            Foreign::parse(&stored).expect("a known format").format()
        })
        .collect();

    // Families; within PBKDF2, scrypt, argon2 and digests several notations each.
    assert_eq!(formats.len(), 13, "{formats:?}");
}

/// The example of the documentation of Firebase's own command-line tool for its scrypt.
#[test]
fn firebase_s_published_example_verifies() {
    let stored = stored_text(&Export {
        format: Some("firebase"),
        hash: "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        salt: Some("42xEC+ixf3L2lw=="),
        firebase: Some(FirebaseProject {
            signer_key: "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
            salt_separator: "Bw==",
            rounds: 8,
            memory_cost: 14,
        }),
    })
    .expect("a known format");

    assert!(is_right(&stored, "user1password"));
    assert!(!is_right(&stored, "user2password"));
}

#[test]
fn a55_what_bcrypt_would_cut_off_proves_nothing() {
    // Of 72 letters `a`, made by PyPI's bcrypt; it would be met by any longer password too.
    let stored = vectors()
        .into_iter()
        .find(|vector| vector.name == "bcrypt of 72 bytes")
        .expect("the vector");

    assert!(is_right(&stored.hash, &"a".repeat(72)));
    for twin in [
        format!("{}b", "a".repeat(72)),
        format!("{}\0", "a".repeat(72)),
        format!("{}\0b", "a".repeat(71)),
    ] {
        assert!(!is_right(&stored.hash, &twin), "{twin:?}");
    }
    let plain = &vectors()[0];
    let with_tail = format!("{}\0tail", plain.password);
    assert!(!is_right(&plain.hash, &with_tail));
    let with_space = format!("{} ", plain.password);
    assert!(!is_right(&plain.hash, &with_space));
}

#[test]
fn a58_cost_is_bounded_before_anything_is_computed() {
    let salt = "AwQFBgcICQoLDA0ODxAREg";
    let hash = "sDJ8nG0t4FWftQeFEEAihwAxhzK2eLKT9m0plVCyBbQ";
    let body = "abcdefghijklmnopqrstuuBQ3J9KdpnXpkBB1GWEVJrWmXTjGkNUW";
    for bomb in [
        format!("$2b$31${body}"),
        format!("$2y$15${body}"),
        format!("bcrypt_sha256$$2b$31${body}"),
        format!("$6$rounds=999999999$salt${}", "a".repeat(86)),
        format!("$5$rounds=1000001$salt${}", "a".repeat(43)),
        format!("$P$Ssaltsalt{}", "a".repeat(22)),
        format!("$S$Ssaltsalt{}", "a".repeat(43)),
        format!("$pbkdf2-sha512$i=4294967295${salt}${hash}"),
        format!("pbkdf2_sha256$2000001$salt${hash}"),
        format!("$scrypt$ln=30,r=8,p=1${salt}${hash}"),
        format!("$scrypt$ln=63,r=8,p=1${salt}${hash}"),
        format!("$scrypt$ln=14,r=8,p=100${salt}${hash}"),
        format!("$scrypt$ln=2,r=4294967295,p=1${salt}${hash}"),
        format!("scrypt:1073741824:8:1$salt${}", "ab".repeat(32)),
        format!("$firebase-scrypt$ln=22,r=8${salt}$Bw${hash}${hash}"),
        format!("$argon2id$v=19$m=4194304,t=1,p=1${salt}${hash}"),
        format!("$argon2id$v=19$m=65536,t=1000,p=1${salt}${hash}"),
        format!("$argon2i$v=19$m=65536,t=1,p=64${salt}${hash}"),
    ] {
        assert!(
            matches!(Foreign::parse(&bomb), Err(Unreadable::Costly(_))),
            "{bomb}: {:?}",
            Foreign::parse(&bomb).map(|hash| hash.format())
        );
    }
}

#[test]
fn what_is_no_hash_is_refused_with_a_reason() {
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let b64 = "sDJ8nG0t4FWftQeFEEAihwAxhzK2eLKT9m0plVCyBbQ";
    for text in [
        "",
        "hunter2",
        "$",
        "$$$$",
        "$2b$",
        "$2b$05$short",
        "$2x$05$abcdefghijklmnopqrstuuBQ3J9KdpnXpkBB1GWEVJrWmXTjGkNUW",
        "$9$salt$hash",
        "$6$rounds=10$salt$hash",
        "$1$rounds=5000$salt$hash",
        "$P$",
        "$pbkdf2-sha256$1000$c2FsdA$",
        "$pbkdf2-sha256$0$c2FsdA$sDJ8nG0t4FWftQeFEEAihwAxhzK2eLKT9m0plVCyBbQ",
        "$pbkdf2-md5$1000$c2FsdA$sDJ8nG0t4FWftQeFEEAihwAxhzK2eLKT9m0plVCyBbQ",
        "$pbkdf2",
        "$pbkdf2é$1$a$b",
        "pbkdf2_sha256$1000$salt$",
        "$scrypt$ln=4,r=8,p=1$c2FsdA$",
        "$scrypt$ln=4,r=0,p=1$c2FsdA$sDJ8nG0t4FWftQeFEEAihwAxhzK2eLKT9m0plVCyBbQ",
        "scrypt:17:8:1$salt$00",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
        "$argon2id$",
        "$aspnet-identity$",
        "$aspnet-identity$AQ==",
        "$aspnet-identity$AQAAAAAAAAakAAAA/wME",
        "{SSHA}",
        "{SSHA}AAAA",
        "{SHA}sDJ8nG0t4FWftQeFEEAihwAxhzK2eLKT9m0plVCyBbQ",
        "{CRYPT}",
        "{PLAIN}hunter2",
        "md5$salt$zz",
        "$salted$sha256$salt+password$c2FsdA$AAAA",
        "$salted$sha256$pepper+password$c2FsdA$AAAA",
        "ééééééé",
        &long,
    ] {
        let refused = Foreign::parse(text).expect_err(text);
        assert!(!refused.to_string().is_empty());
    }
    for format in [
        "firebase",
        "sha256:salt+password:hex",
        "nonsense",
        "sha9:password:hex",
    ] {
        let export = Export {
            format: Some(format),
            hash: b64,
            ..Export::default()
        };
        assert!(stored_text(&export).is_err(), "{format}");
    }
}

proptest::proptest! {
    /// Nothing that a file may hold brings the reader down.
    #[test]
    fn any_text_is_read_or_refused(
        start in proptest::sample::select(vec![
            "", "$2b$05$", "$5$", "$6$rounds=", "$1$", "$P$", "$S$", "$pbkdf2", "pbkdf2:", "pbkdf2_",
            "$scrypt$", "scrypt:", "scrypt$", "$argon2", "$aspnet-identity$", "$firebase-scrypt$",
            "{SSHA}", "{CRYPT}", "md5$", "$salted$", "$wp$", "bcrypt$", "argon2$",
        ]),
        rest in "[ -~é]{0,80}",
    ) {
        let text = format!("{start}{rest}");
        let _ = Foreign::parse(&text);
        let _ = stored_text(&Export { hash: &text, ..Export::default() });
    }
}
