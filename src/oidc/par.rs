//! Pushed authorization requests (RFC 9126): an application sends its request ahead, over its own
//! connection, and the browser carries only a reference to it.
//!
//! Any other `request_uri` is refused and never fetched (A119).

use chrono::{DateTime, TimeDelta, Utc};

use super::{Fault, Params, par_store};
use crate::application::Application;
use crate::kernel::{Entropy, Secret};
use crate::postgres::{self, PgConnection};

/// How long a pushed request waits for its browser (RFC 9126 §2.2 suggests 5 to 600 seconds).
pub const PUSHED_LIFE: TimeDelta = TimeDelta::seconds(60);

/// How a reference of ours begins (RFC 9126 §2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// The longest request that is kept, in bytes as a query.
const REQUEST_LENGTH_MAX: usize = 16 * 1024;

/// What proves the application, and is no part of the request.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// A request that was kept.
pub struct Pushed {
    /// What the browser carries as `request_uri`.
    pub request_uri: String,
    /// How long it is good, in seconds.
    pub expires_in: i64,
}

/// What `uri` refers to, if it has the form of a reference of ours.
pub fn reference(uri: &str) -> Option<Secret> {
    let text = uri.strip_prefix(PREFIX)?;
    let fits = text.len() == 43
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    fits.then(|| Secret::new(text))
}

/// Takes what proves the application out of a form; the rest is its request.
///
/// # Errors
/// When the form refers to another request (RFC 9126 §2.1), or is too long to keep.
pub fn request_of(form: Params) -> Result<Params, Fault> {
    if !matches!(form.get("request_uri"), Ok(None)) {
        return Err(Fault::invalid_request(
            "a pushed request cannot refer to another",
        ));
    }
    let params = form.without(&CREDENTIALS);
    if params.to_query().len() > REQUEST_LENGTH_MAX {
        return Err(Fault::invalid_request("the request is too long"));
    }
    Ok(params)
}

/// Keeps a request of `application` that was found right.
pub async fn push(
    conn: &mut PgConnection,
    application: &Application,
    params: &Params,
    (now, entropy): (DateTime<Utc>, &Entropy),
) -> Result<Pushed, postgres::Error> {
    let reference = Secret::random(entropy);
    let request = par_store::NewRequest {
        application_id: application.application_id,
        params: params.to_query(),
        created_at: now,
        expires_at: now + PUSHED_LIFE,
    };
    par_store::insert_pushed_request(conn, application.brand_id, &request, &reference).await?;
    Ok(Pushed {
        request_uri: format!("{PREFIX}{}", reference.expose()),
        expires_in: PUSHED_LIFE.num_seconds(),
    })
}

/// The request of `application` that `reference` stands for, this once.
pub async fn take(
    conn: &mut PgConnection,
    application: &Application,
    reference: &Secret,
    now: DateTime<Utc>,
) -> Result<Option<Params>, postgres::Error> {
    let own = (application.brand_id, application.application_id);
    let query = par_store::use_pushed_request(conn, own, reference, now).await?;
    Ok(query.map(|query| Params::parse(&query)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s21_a119_only_a_reference_of_ours_is_one() {
        let secret = Secret::random(&Entropy::seeded(1));
        let ours = format!("{PREFIX}{}", secret.expose());

        assert_eq!(
            reference(&ours).as_ref().map(Secret::expose),
            Some(secret.expose())
        );
        for other in [
            "https://evil.example/request.jwt",
            "http://169.254.169.254/latest/meta-data",
            "urn:ietf:params:oauth:request_uri:",
            "urn:ietf:params:oauth:request_uri:short",
            "URN:ietf:params:oauth:request_uri:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "urn:ietf:params:oauth:request_uri:../AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "",
        ] {
            assert!(reference(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_form_is_kept_without_what_proves_its_sender() {
        let form = Params::parse("client_id=a.b&client_secret=s&scope=openid&client_assertion=x");

        let request = request_of(form).expect("a request");

        assert_eq!(request.to_query(), "client_id=a.b&scope=openid");
        let nested = Params::parse("client_id=a.b&request_uri=urn%3Ax");
        assert!(request_of(nested).is_err());
        let twice = Params::parse("request_uri=a&request_uri=b");
        assert!(request_of(twice).is_err());
        let long = format!("p={}&", "x".repeat(4000)).repeat(8);
        assert!(request_of(Params::parse(&long)).is_err());
    }
}
