//! How an application proves itself at the token endpoint (RFC 6749 §2.3). Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ErrorCode, Fault, Params};
use crate::application::{Application, Kind};
use crate::kernel::Secret;

/// What was presented.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who it claims to be.
    pub client_id: String,
    /// What proves it, if anything was sent.
    pub secret: Option<Secret>,
}

/// The application did not prove itself.
pub const INVALID_CLIENT: Fault = Fault::new(
    ErrorCode::InvalidClient,
    "the client is not known or did not prove itself",
);

/// Reads the credentials from the `Authorization` header or the form, but not both.
pub fn credentials(authorization: Option<&str>, form: &Params) -> Result<Credentials, Fault> {
    let get = |name: &str| form.get(name).map_err(Fault::invalid_request);
    let client_id = get("client_id")?;
    let secret = get("client_secret")?;
    if get("client_assertion")?.is_some() || get("client_assertion_type")?.is_some() {
        return Err(INVALID_CLIENT);
    }
    let Some(header) = authorization else {
        return Ok(Credentials {
            client_id: client_id
                .ok_or(Fault::invalid_request("client_id is missing"))?
                .to_owned(),
            secret: secret.map(Secret::new),
        });
    };
    let basic = read_basic(header).ok_or(INVALID_CLIENT)?;
    if secret.is_some() {
        return Err(Fault::invalid_request("the client proved itself twice"));
    }
    if client_id.is_some_and(|client_id| client_id != basic.client_id) {
        return Err(Fault::invalid_request("two different clients are named"));
    }
    Ok(basic)
}

fn read_basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    Some(Credentials {
        client_id: form_decoded(client_id)?,
        secret: Some(Secret::new(form_decoded(secret)?)),
    })
}

/// Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
fn form_decoded(text: &str) -> Option<String> {
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    let (name, value) = url::form_urlencoded::parse(escaped.as_bytes()).next()?;
    value.is_empty().then(|| name.into_owned())
}

/// Whether `credentials` are those of `application`. A browser has no secret and sends none; PKCE
/// alone binds its code.
pub fn proves(application: &Application, credentials: &Credentials) -> bool {
    match (
        application.kind,
        &application.secret_hash,
        &credentials.secret,
    ) {
        (Kind::Browser, None, None) => true,
        (Kind::Server, Some(stored), Some(secret)) => secret.hash().matches(stored),
        (Kind::Browser | Kind::Server, _, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::kernel::Entropy;
    use crate::kernel::id::{ApplicationId, BrandId};

    fn application(kind: Kind, secret: Option<&str>) -> Application {
        let entropy = Entropy::seeded(1);
        Application {
            brand_id: BrandId::new(DateTime::UNIX_EPOCH, &entropy),
            application_id: ApplicationId::new(DateTime::UNIX_EPOCH, &entropy),
            client_id: "bakery.web".to_owned(),
            name: "Shop".to_owned(),
            kind,
            secret_hash: secret.map(|secret| Secret::new(secret).hash().to_vec()),
            redirect_uris: Vec::new(),
            logout_uris: Vec::new(),
            settings: crate::application::Settings::default(),
        }
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn credentials_come_by_header_or_form() {
        for (header, form, client_id, secret) in [
            (None, "client_id=bakery.web", "bakery.web", None),
            (
                None,
                "client_id=bakery.web&client_secret=s",
                "bakery.web",
                Some("s"),
            ),
            (Some(basic("bakery.web:s")), "", "bakery.web", Some("s")),
            (
                Some(basic("bakery.web:a%3Ab+c%26")),
                "client_id=bakery.web",
                "bakery.web",
                Some("a:b c&"),
            ),
        ] {
            let read = credentials(header.as_deref(), &Params::parse(form)).expect("credentials");
            assert_eq!(read.client_id, client_id);
            assert_eq!(read.secret.as_ref().map(Secret::expose), secret);
        }
    }

    #[test]
    fn mixtures_and_other_schemes_are_refused() {
        for (header, form) in [
            (None, ""),
            (None, "client_id=a&client_id=b"),
            (Some(basic("a:s")), "client_secret=s"),
            (Some(basic("a:s")), "client_id=b"),
            (Some("Bearer x".to_owned()), "client_id=a"),
            (Some("Basic ?".to_owned()), "client_id=a"),
            (Some(basic("a")), ""),
            (None, "client_id=a&client_assertion=ey"),
        ] {
            assert!(
                credentials(header.as_deref(), &Params::parse(form)).is_err(),
                "{header:?} {form}"
            );
        }
    }

    #[test]
    fn a111_only_the_right_secret_proves_a_server_and_none_a_browser() {
        let sent = |secret: Option<&str>| Credentials {
            client_id: "bakery.web".to_owned(),
            secret: secret.map(Secret::new),
        };
        let server = application(Kind::Server, Some("right"));
        let browser = application(Kind::Browser, None);

        assert!(proves(&server, &sent(Some("right"))));
        assert!(!proves(&server, &sent(Some("wrong"))));
        assert!(!proves(&server, &sent(None)));
        assert!(proves(&browser, &sent(None)));
        assert!(!proves(&browser, &sent(Some("any"))));
        assert!(!proves(&application(Kind::Server, None), &sent(None)));
        assert!(!proves(&application(Kind::Browser, Some("s")), &sent(None)));
    }
}
