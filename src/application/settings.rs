//! What a brand decides about an application after it was made.

use super::redirect_uri_fault;

/// Everything is off until the brand says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Settings {
    /// Somebody else's: people are asked what it may learn before it learns anything.
    pub is_third_party: bool,
    /// Takes authorization requests only through the pushed request endpoint (RFC 9126 §6).
    pub requires_par: bool,
    /// It may learn a customer's stage, if it asks for it.
    pub may_learn_stage: bool,
    /// Where it is told of a sign-out (OpenID Connect Back-Channel Logout 1.0 §2.2).
    pub backchannel_logout_uri: Option<String>,
}

impl Settings {
    /// What is wrong with these settings, in a sentence with its mend; `None` if nothing is.
    pub fn fault(&self) -> Option<String> {
        let uri = self.backchannel_logout_uri.as_deref()?;
        redirect_uri_fault(uri).map(|fault| format!("{uri}: {fault}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s20_news_of_a_sign_out_goes_to_a_whole_https_address() {
        for (uri, fits) in [
            (None, true),
            (Some("https://shop.example/logged-out"), true),
            (Some("http://127.0.0.1:4000/logged-out"), true),
            (Some("http://shop.example/logged-out"), false),
            (Some("https://shop.example/#x"), false),
            (Some("/logged-out"), false),
        ] {
            let settings = Settings {
                backchannel_logout_uri: uri.map(str::to_owned),
                ..Settings::default()
            };
            assert_eq!(settings.fault().is_none(), fits, "{uri:?}");
        }
    }
}
