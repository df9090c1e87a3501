//! What an application presents for tokens: a code or a refresh token, and nothing else.

use super::{ErrorCode, Fault, Params, Scope, exchange, refresh, refresh_store, store};
use crate::application::Application;
use crate::kernel::id::ProfileId;
use crate::postgres::{self, PgConnection};

/// What is presented (RFC 6749 §4.1.3 and §6).
#[derive(Debug)]
pub enum Grant {
    /// A code.
    Code(exchange::Presented),
    /// A refresh token.
    Refresh(refresh::Presented),
}

impl Grant {
    /// Whose stage the tokens of this grant may speak of, presented by `application`; none where they
    /// may not. Whether the grant is good is not judged here.
    pub async fn stage_subject(
        &self,
        conn: &mut PgConnection,
        application: &Application,
    ) -> Result<Option<ProfileId>, postgres::Error> {
        if !application.settings.may_learn_stage {
            return Ok(None);
        }
        let brand_id = application.brand_id;
        let found = match self {
            Self::Code(code) => store::find_subject_of_code(conn, brand_id, code.code()).await?,
            Self::Refresh(renewal) => match renewal.token() {
                Some(token) => {
                    refresh_store::find_subject_of_token(conn, brand_id, &token.secret).await?
                }
                None => None,
            },
        };
        Ok(found.and_then(|(profile_id, scope)| {
            let asked = Scope::parse(&scope).is_some_and(|scope| scope.stage);
            asked.then_some(profile_id)
        }))
    }

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
