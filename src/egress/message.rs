//! What is sent out, what comes back, and what can go wrong.

use url::Url;

use super::target::Refusal;
use crate::kernel::Secret;

/// The two methods that outbound calls use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends `body`.
    Post,
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Header names and values. `Authorization` is given by `authorization`.
    pub headers: Vec<(String, String)>,
    /// The value of `Authorization`.
    pub authorization: Option<Secret>,
    /// What is sent; empty for GET.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET that asks for JSON.
    pub fn get_json(url: Url) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            authorization: None,
            body: Vec::new(),
        }
    }

    /// Adds a bearer token.
    #[must_use]
    pub fn bearer(mut self, token: &Secret) -> Self {
        self.authorization = Some(Secret::new(format!("Bearer {}", token.expose())));
        self
    }
}

/// What came back: never a redirect, never more than the limit.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header; empty when absent.
    pub content_type: String,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// Whether the content type is JSON: `application/json` or `application/…+json`.
    pub fn is_json(&self) -> bool {
        let kind = self.content_type.split(';').next().unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        kind.strip_prefix("application/")
            .is_some_and(|rest| rest == "json" || rest.ends_with("+json"))
    }

    /// The body as JSON, if it succeeded and says that it is JSON.
    pub fn json(&self) -> Result<serde_json::Value, Error> {
        if !self.is_success() {
            return Err(Error::Status(self.status));
        }
        if !self.is_json() {
            return Err(Error::ContentType);
        }
        serde_json::from_slice(&self.body).map_err(Error::Json)
    }
}

/// A call did not give an answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL, or what it leads to, is not called. Nothing was sent.
    #[error("the address is refused")]
    Refused(#[source] Refusal),
    /// A header or URL cannot be sent.
    #[error("the request cannot be sent")]
    Malformed,
    /// No answer in time.
    #[error("there was no answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("the server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It answered with a redirect, which is never followed.
    #[error("the answer was a redirect, which is not followed")]
    Redirected,
    /// The answer is larger than it may be.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer is not a success.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The answer is not said to be JSON.
    #[error("the answer is not JSON by its content type")]
    ContentType,
    /// The answer is not JSON.
    #[error("the answer is not JSON")]
    Json(#[source] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_succeeds_and_says_that_it_is_json() {
        let answer = |status, content_type: &str, body: &str| Response {
            status,
            content_type: content_type.to_owned(),
            body: body.as_bytes().to_vec(),
        };
        assert!(answer(200, "application/json", "{}").json().is_ok());
        assert!(
            answer(200, "Application/JSON; charset=utf-8", "{}")
                .json()
                .is_ok()
        );
        assert!(answer(200, "application/jwk-set+json", "{}").json().is_ok());
        for (status, kind, body) in [
            (500, "application/json", "{}"),
            (429, "application/json", "{}"),
            (200, "text/html", "{}"),
            (200, "", "{}"),
            (200, "text/json", "{}"),
            (200, "application/json", "{\"sub\":"),
            (200, "application/json", "<html>"),
            (200, "application/json", ""),
        ] {
            assert!(
                answer(status, kind, body).json().is_err(),
                "{status} {kind} {body}"
            );
        }
    }
}
