//! An authorization request to the test provider.

use serde::{Deserialize, Serialize};
use url::Url;

/// The longest value of a parameter, in bytes.
const VALUE_BYTES_MAX: usize = 2000;

/// A request that can be granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    /// Whose.
    pub client_id: String,
    /// Where the answer goes. Whoever takes this from a browser checks it before answering.
    pub redirect_uri: Url,
    /// Given back as it came.
    pub state: String,
    /// Carried by the ID token.
    pub nonce: String,
    /// What the code's redeemer must know the origin of (S256).
    pub code_challenge: String,
}

/// Why a request cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request's {0} is missing, repeated or not supported")]
pub struct Malformed(pub &'static str);

impl AuthorizeRequest {
    /// Reads the query of an authorization request.
    pub fn parse(query: &str) -> Result<Self, Malformed> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let one = |name: &'static str| {
            let mut found = pairs.iter().filter(|(key, _)| key == name);
            match (found.next(), found.next()) {
                (Some((_, value)), None) if !value.is_empty() && value.len() <= VALUE_BYTES_MAX => {
                    Ok(value.clone())
                }
                _ => Err(Malformed(name)),
            }
        };
        if one("response_type")? != "code" {
            return Err(Malformed("response_type"));
        }
        if one("code_challenge_method")? != "S256" {
            return Err(Malformed("code_challenge_method"));
        }
        if !one("scope")?.split(' ').any(|scope| scope == "openid") {
            return Err(Malformed("scope"));
        }
        Ok(Self {
            client_id: one("client_id")?,
            redirect_uri: Url::parse(&one("redirect_uri")?)
                .map_err(|_| Malformed("redirect_uri"))?,
            state: one("state")?,
            nonce: one("nonce")?,
            code_challenge: one("code_challenge")?,
        })
    }
}
