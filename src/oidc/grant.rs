//! What an application presents for tokens: a code or a refresh token, and nothing else.

use super::{ErrorCode, Fault, Params, exchange, refresh};

/// What is presented (RFC 6749 §4.1.3 and §6).
#[derive(Debug)]
pub enum Grant {
    /// A code.
    Code(exchange::Presented),
    /// A refresh token.
    Refresh(refresh::Presented),
}

impl Grant {
    /// Reads the form.
    pub fn read(form: &Params) -> Result<Self, Fault> {
        match form.get("grant_type").map_err(Fault::invalid_request)? {
            Some("authorization_code") => exchange::Presented::read(form).map(Self::Code),
            Some("refresh_token") => refresh::Presented::read(form).map(Self::Refresh),
            Some(_) => Err(Fault::new(
                ErrorCode::UnsupportedGrantType,
                "only grant_type authorization_code and refresh_token are offered",
            )),
            None => Err(Fault::invalid_request("grant_type is missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_only_a_code_or_a_refresh_token_is_a_grant() {
        let read = |form: &str| Grant::read(&Params::parse(form)).map_err(|fault| fault.code);
        let code = "grant_type=authorization_code&code=c&redirect_uri=r&code_verifier=v";
        let refresh = "grant_type=refresh_token&refresh_token=t";

        assert!(matches!(read(code), Ok(Grant::Code(_))));
        assert!(matches!(read(refresh), Ok(Grant::Refresh(_))));
        let narrower = format!("{refresh}&scope=openid+email");
        assert!(matches!(read(&narrower), Ok(Grant::Refresh(_))));
        for (form, expected) in [
            ("", ErrorCode::InvalidRequest),
            ("grant_type=password", ErrorCode::UnsupportedGrantType),
            (
                "grant_type=client_credentials",
                ErrorCode::UnsupportedGrantType,
            ),
            ("grant_type=refresh_token", ErrorCode::InvalidRequest),
            (
                &format!("{refresh}&refresh_token=u"),
                ErrorCode::InvalidRequest,
            ),
            (&format!("{refresh}&scope=email"), ErrorCode::InvalidScope),
            (
                "grant_type=authorization_code&redirect_uri=r&code_verifier=v",
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=authorization_code&code=c&redirect_uri=r",
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=authorization_code&code=c&code=d&redirect_uri=r&code_verifier=v",
                ErrorCode::InvalidRequest,
            ),
        ] {
            assert_eq!(read(form).err(), Some(expected), "{form}");
        }
    }
}
