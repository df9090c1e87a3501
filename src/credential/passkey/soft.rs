//! An authenticator in software, for tests: it makes keys and answers as a good one would, and lets
//! a test spoil any field before it is signed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Asserted, Attested, Authentication, Registration};
use crate::kernel::secret::sha256;

pub(super) enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

impl Key {
    pub(super) fn es256() -> Self {
        Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    pub(super) fn eddsa() -> Self {
        Self::EdDsa(Ed25519KeyPair::generate().unwrap())
    }

    pub(super) fn rs256() -> Self {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        Self::Rs256(Box::new(pair))
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref();
                // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
                [
                    b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20",
                    &point[1..33],
                    b"\x22\x58\x20",
                    &point[33..],
                ]
                .concat()
            }
            Self::EdDsa(pair) => {
                // {1: 1, 3: -8, -1: 6, -2: x}
                let head = b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20".as_slice();
                [head, pair.public_key().as_ref()].concat()
            }
            Self::Rs256(pair) => {
                let key = pair.public_key();
                let n = key.modulus().big_endian_without_leading_zero().to_vec();
                let e = key.exponent().big_endian_without_leading_zero().to_vec();
                // {1: 3, 3: -257, -1: n, -2: e}
                let length = u8::try_from(e.len()).unwrap();
                [
                    b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00".as_slice(),
                    &n,
                    &[0x21, 0x40 | length],
                    &e,
                ]
                .concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

/// Everything an answer is made of, before it is encoded and signed.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) id: Vec<u8>,
    pub(super) raw_id: Vec<u8>,
    pub(super) kind: String,
    pub(super) client_type: String,
    pub(super) challenge: Vec<u8>,
    pub(super) origin: String,
    pub(super) more_client_data: String,
    pub(super) rp_id: String,
    pub(super) flags: u8,
    pub(super) counter: u32,
    pub(super) attested_id: Vec<u8>,
    pub(super) user_handle: Option<Vec<u8>>,
    pub(super) trailing: Vec<u8>,
}

impl Answer {
    /// What a good authenticator says: present, verified, may be copied and is.
    pub(super) fn good(client_type: &str) -> Self {
        let id = vec![7; 20];
        Self {
            id: id.clone(),
            raw_id: id.clone(),
            kind: "public-key".to_owned(),
            client_type: client_type.to_owned(),
            challenge: vec![9; 32],
            origin: "https://id.example.com".to_owned(),
            more_client_data: String::new(),
            rp_id: "id.example.com".to_owned(),
            flags: 0b0001_1101,
            counter: 5,
            attested_id: id,
            user_handle: Some(vec![3; 32]),
            trailing: vec![],
        }
    }

    fn client_data(&self) -> String {
        format!(
            r#"{{"type":"{}","challenge":"{}","origin":"{}"{}}}"#,
            self.client_type,
            URL_SAFE_NO_PAD.encode(&self.challenge),
            self.origin,
            self.more_client_data
        )
    }

    fn head(&self, more_flags: u8) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_bytes()).to_vec();
        data.push(self.flags | more_flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    pub(super) fn registration(&self, key: &Key) -> Registration {
        let mut data = self.head(1 << 6);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.attested_id.len()).unwrap().to_be_bytes());
        data.extend(&self.attested_id);
        data.extend(key.cose());
        data.extend(&self.trailing);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(&data);
        Registration {
            id: URL_SAFE_NO_PAD.encode(&self.id),
            raw_id: URL_SAFE_NO_PAD.encode(&self.raw_id),
            kind: self.kind.clone(),
            response: Attested {
                client_data: URL_SAFE_NO_PAD.encode(self.client_data()),
                attestation_object: URL_SAFE_NO_PAD.encode(object),
                transports: vec!["internal".to_owned(), "<script>".to_owned()],
            },
        }
    }

    pub(super) fn authentication(&self, key: &Key) -> Authentication {
        let mut data = self.head(0);
        data.extend(&self.trailing);
        let client_data = self.client_data();
        let message = [data.as_slice(), &sha256(client_data.as_bytes())].concat();
        Authentication {
            id: URL_SAFE_NO_PAD.encode(&self.id),
            raw_id: URL_SAFE_NO_PAD.encode(&self.raw_id),
            kind: self.kind.clone(),
            response: Asserted {
                client_data: URL_SAFE_NO_PAD.encode(client_data),
                authenticator_data: URL_SAFE_NO_PAD.encode(&data),
                signature: URL_SAFE_NO_PAD.encode(key.sign(&message)),
                user_handle: self.user_handle.as_ref().map(|h| URL_SAFE_NO_PAD.encode(h)),
            },
        }
    }
}
