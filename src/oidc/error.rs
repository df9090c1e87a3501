//! What the standards call the ways a request can be wrong.

use std::fmt;

/// An error code of OAuth or OpenID Connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Something is missing, twice there, or malformed (RFC 6749 §4.1.2.1, §5.2).
    InvalidRequest,
    /// Another response type than `code`.
    UnsupportedResponseType,
    /// No scope that is offered.
    InvalidScope,
    /// The person said no (RFC 6749 §4.1.2.1).
    AccessDenied,
    /// `prompt=none`, and nobody is signed in (OIDC Core §3.1.2.6).
    LoginRequired,
    /// `prompt=none`, and the person was not asked yet (OIDC Core §3.1.2.6).
    ConsentRequired,
    /// A request object (RFC 9101).
    RequestNotSupported,
    /// A request object by reference.
    RequestUriNotSupported,
    /// A registration within the request.
    RegistrationNotSupported,
    /// The application did not prove itself.
    InvalidClient,
    /// The code is not good, not theirs, or no longer good.
    InvalidGrant,
    /// Another grant than a code.
    UnsupportedGrantType,
    /// The bearer token is not good (RFC 6750 §3.1).
    InvalidToken,
}

impl ErrorCode {
    /// As written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidToken => "invalid_token",
        }
    }
}

/// A request is wrong: the code for programs, a sentence for the developer who reads it. The
/// sentence is always ours, so nothing that was sent comes back in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code.
    pub code: ErrorCode,
    /// What is wrong, without quotes or line breaks (RFC 6749 §5.2 restricts the characters).
    pub description: &'static str,
}

impl Fault {
    /// A fault with its sentence.
    pub const fn new(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description }
    }

    /// The commonest kind.
    pub const fn invalid_request(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.description)
    }
}

impl std::error::Error for Fault {}
