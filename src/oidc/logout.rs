//! Signing out at an application's wish (OpenID Connect RP-Initiated Logout 1.0). Pure.

use super::Params;
use super::params::with_query;
use crate::application::Application;
use crate::kernel::id::{ProfileId, SessionId};
use crate::session::Session;
use crate::token::IdClaims;

/// What an application asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// An ID token that says who is meant, unproven.
    pub hint: Option<String>,
    /// Which signed-in browser or who is meant, in the application's words.
    pub logout_hint: Option<String>,
    /// Who asks.
    pub client_id: Option<String>,
    /// Where the person should be sent after.
    pub return_uri: Option<String>,
    /// Sent along there.
    pub state: Option<String>,
}

impl Wish {
    /// Reads the parameters; a malformed one counts as absent, so that the person is asked.
    pub fn read(params: &Params) -> Self {
        let get = |name| params.get(name).ok().flatten().map(str::to_owned);
        Self {
            hint: get("id_token_hint"),
            logout_hint: get("logout_hint"),
            client_id: get("client_id"),
            return_uri: get("post_logout_redirect_uri"),
            state: get("state"),
        }
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The session ends at once.
    End,
    /// Nobody is signed in here.
    Already,
    /// The person decides: another site must not sign people out behind their back (A120).
    Ask,
}

/// Where the person should be sent after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// Nowhere in particular, or to a registered address.
    Fine,
    /// To an address that is not registered: nobody is sent there, and the whole wish is in doubt.
    Unregistered,
}

/// Decides by a proven hint and the browser's session. A `logout_hint` proves nothing; where it names
/// another of our sessions or profiles, the person is asked.
pub fn next(to: Return, wish: &Wish, hint: Option<&IdClaims>, session: Option<&Session>) -> Next {
    let Some(session) = session else {
        return Next::Already;
    };
    let names_them = hint.is_some_and(|hint| {
        hint.brand_id == session.brand_id
            && (hint.session_id == session.session_id || hint.subject == session.profile_id)
    });
    let means_another = wish.logout_hint.as_deref().is_some_and(|text| {
        let session_id = text.parse::<SessionId>();
        let profile_id = text.parse::<ProfileId>();
        session_id.is_ok_and(|id| id != session.session_id)
            || profile_id.is_ok_and(|id| id != session.profile_id)
    });
    match to {
        Return::Fine if names_them && !means_another => Next::End,
        Return::Fine | Return::Unregistered => Next::Ask,
    }
}

/// Where to send the person after, if it is an address that `application` registered for it.
pub fn return_location(application: &Application, wish: &Wish) -> Option<String> {
    let uri = wish.return_uri.as_deref()?;
    if !application.accepts_logout_redirect(uri) {
        return None;
    }
    Some(match &wish.state {
        Some(state) => with_query(uri, &[("state", state)]),
        None => uri.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::application::Kind;
    use crate::kernel::Entropy;
    use crate::kernel::id::{ApplicationId, BrandId, ProfileId, SessionId};
    use crate::session::Method;

    const NOW: DateTime<chrono::Utc> = DateTime::UNIX_EPOCH;

    fn session(entropy: &Entropy) -> Session {
        Session {
            brand_id: BrandId::new(NOW, entropy),
            session_id: SessionId::new(NOW, entropy),
            profile_id: ProfileId::new(NOW, entropy),
            connection_id: None,
            method: Method::Social,
            authenticated_at: NOW,
            second_factor_at: None,
            created_at: NOW,
        }
    }

    fn hint(session: &Session) -> IdClaims {
        IdClaims {
            issuer: String::new(),
            subject: session.profile_id,
            audience: "bakery.web".to_owned(),
            authorized_party: "bakery.web".to_owned(),
            expires_at: NOW,
            issued_at: NOW,
            authenticated_at: NOW,
            nonce: None,
            session_id: session.session_id,
            brand_id: session.brand_id,
            acr: None,
            amr: Vec::new(),
            stage: None,
            stage_since: None,
        }
    }

    #[test]
    fn a120_only_a_hint_at_who_is_signed_in_ends_the_session_unasked() {
        let entropy = Entropy::seeded(1);
        let (mine, other) = (session(&entropy), session(&entropy));
        let older = IdClaims {
            session_id: other.session_id,
            ..hint(&mine)
        };
        let foreign = IdClaims {
            brand_id: other.brand_id,
            ..hint(&mine)
        };

        assert_eq!(
            next(
                Return::Fine,
                &Wish::default(),
                Some(&hint(&mine)),
                Some(&mine)
            ),
            Next::End
        );
        assert_eq!(
            next(Return::Fine, &Wish::default(), Some(&older), Some(&mine)),
            Next::End
        );
        assert_eq!(
            next(
                Return::Fine,
                &Wish::default(),
                Some(&hint(&other)),
                Some(&mine)
            ),
            Next::Ask
        );
        assert_eq!(
            next(Return::Fine, &Wish::default(), Some(&foreign), Some(&mine)),
            Next::Ask
        );
        assert_eq!(
            next(Return::Fine, &Wish::default(), None, Some(&mine)),
            Next::Ask
        );
        assert_eq!(
            next(Return::Fine, &Wish::default(), Some(&hint(&mine)), None),
            Next::Already
        );
        let strange = next(
            Return::Unregistered,
            &Wish::default(),
            Some(&hint(&mine)),
            Some(&mine),
        );
        assert_eq!(strange, Next::Ask);
    }

    #[test]
    fn s19_only_a_registered_address_is_returned_to() {
        let entropy = Entropy::seeded(1);
        let application = Application {
            brand_id: BrandId::new(NOW, &entropy),
            application_id: ApplicationId::new(NOW, &entropy),
            client_id: "bakery.web".to_owned(),
            name: "Shop".to_owned(),
            kind: Kind::Browser,
            secret_hash: None,
            redirect_uris: vec!["https://shop.example/cb".to_owned()],
            logout_uris: vec!["https://shop.example/bye".to_owned()],
            settings: crate::application::Settings::default(),
        };
        let to = |uri: &str, state: Option<&str>| {
            let wish = Wish {
                return_uri: Some(uri.to_owned()),
                state: state.map(str::to_owned),
                ..Wish::default()
            };
            return_location(&application, &wish)
        };

        assert_eq!(
            to("https://shop.example/bye", Some("a b")).as_deref(),
            Some("https://shop.example/bye?state=a+b")
        );
        assert_eq!(
            to("https://shop.example/bye", None).as_deref(),
            Some("https://shop.example/bye")
        );
        assert_eq!(to("https://shop.example/cb", None), None);
        assert_eq!(to("https://shop.example/bye/", None), None);
        assert_eq!(to("https://evil.example", None), None);
        assert_eq!(return_location(&application, &Wish::default()), None);
    }
}
