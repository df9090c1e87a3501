//! The authorization request: is it one, is it answered now, and with what. Pure.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::params::with_query;
use super::{ErrorCode, Fault, Params, Scope, pkce};
use crate::application::Application;
use crate::kernel::Secret;
use crate::kernel::id::ProfileId;
use crate::session::Session;

/// The longest nonce, in bytes: it comes back in every ID token.
const NONCE_LENGTH_MAX: usize = 512;

/// A request that is right. Stored with the flow that signs the person in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes; one of the application's own.
    pub redirect_uri: String,
    /// What is asked.
    pub scope: Scope,
    /// Sent back as it came.
    pub state: Option<String>,
    /// Put into the ID token as it came.
    pub nonce: Option<String>,
    /// The S256 challenge.
    pub code_challenge: String,
    /// Whether the person may, must or must not be asked.
    pub prompt: Prompt,
    /// Whether the person is asked what the application may learn, even if they allowed it before.
    #[serde(default)]
    pub asks_consent: bool,
    /// Who is meant, by an ID token that the application sent along and that was proven.
    #[serde(default)]
    pub hinted: Option<ProfileId>,
    /// How long ago, in seconds, the person may have signed in.
    pub max_age: Option<u32>,
    /// The languages wished for, best first, as sent.
    pub ui_locales: Option<String>,
    /// The connection to go to at once, by its slug.
    pub provider: Option<String>,
    /// The hash of what only the page knows that opened a window for this; the answer is kept for it.
    #[serde(default)]
    pub handoff: Option<String>,
}

/// Whether the person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// As needed.
    Needed,
    /// Never; what needs a page is an error.
    Never,
    /// Always, signed in or not.
    Always,
}

/// A request that cannot be answered to the application: the person is told, on a page of ours.
/// Redirecting here would make us an open redirector (RFC 9700 §4.11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageFault {
    /// No application, or one that is switched off.
    #[error("no application with that client_id")]
    Client,
    /// Not an address of that application.
    #[error("not a redirect_uri of that application")]
    RedirectUri,
    /// A reference to a pushed request that is not known, not theirs, used or too old.
    #[error("no pushed request by that request_uri")]
    Pushed,
}

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// On a page of ours.
    Page(PageFault),
    /// To the application.
    Redirect(ErrorAnswer),
}

/// An error for the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorAnswer {
    redirect_uri: String,
    state: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl ErrorAnswer {
    /// Where to send the browser (RFC 6749 §4.1.2.1, RFC 9207).
    pub fn location(&self, issuer: &str) -> String {
        let mut pairs = vec![
            ("error", self.fault.code.as_str()),
            ("error_description", self.fault.description),
        ];
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", issuer));
        with_query(&self.redirect_uri, &pairs)
    }
}

/// Who asks, as far as the request says it once and plainly.
pub fn client_id(params: &Params) -> Result<&str, PageFault> {
    match params.get("client_id") {
        Ok(Some(client_id)) => Ok(client_id),
        Ok(None) | Err(_) => Err(PageFault::Client),
    }
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// In the browser's address, where its person and others can have touched it.
    Front,
    /// From the application itself, ahead of the browser (RFC 9126).
    Pushed,
}

/// Checks a request of `application` that came through `channel`.
pub fn check(
    params: &Params,
    application: &Application,
    channel: Channel,
) -> Result<Authorization, Refusal> {
    let redirect_uri = match params.get("redirect_uri") {
        Ok(Some(uri)) if application.accepts_redirect(uri) => uri,
        Ok(_) | Err(_) => return Err(Refusal::Page(PageFault::RedirectUri)),
    };
    // From here on the answer has somewhere to go. A state that is malformed is not sent back.
    let state = params.get("state").ok().flatten().map(str::to_owned);
    let checked = if application.settings.requires_par && channel == Channel::Front {
        Err(Fault::invalid_request(
            "this application must push its requests first",
        ))
    } else {
        check_rest(params, application, redirect_uri, state.clone())
    };
    checked.map_err(|fault| {
        Refusal::Redirect(ErrorAnswer {
            redirect_uri: redirect_uri.to_owned(),
            state,
            fault,
        })
    })
}

fn check_rest(
    params: &Params,
    application: &Application,
    redirect_uri: &str,
    state: Option<String>,
) -> Result<Authorization, Fault> {
    let get = |name: &str| params.get(name).map_err(Fault::invalid_request);
    get("state")?;
    refuse_what_is_not_offered(params)?;
    match get("response_type")? {
        Some("code") => {}
        Some(_) => {
            let text = "only response_type code is offered";
            return Err(Fault::new(ErrorCode::UnsupportedResponseType, text));
        }
        None => return Err(Fault::invalid_request("response_type is missing")),
    }
    if !matches!(get("response_mode")?, None | Some("query")) {
        return Err(Fault::invalid_request(
            "only response_mode query is offered",
        ));
    }
    let scope = get("scope")?.and_then(Scope::parse).ok_or(Fault::new(
        ErrorCode::InvalidScope,
        "the scope must include openid",
    ))?;
    let code_challenge = match (get("code_challenge")?, get("code_challenge_method")?) {
        (Some(challenge), Some("S256")) if pkce::is_challenge(challenge) => challenge,
        (Some(_), Some("S256")) => {
            return Err(Fault::invalid_request("the code_challenge is not SHA-256"));
        }
        (Some(_), _) => {
            return Err(Fault::invalid_request("code_challenge_method must be S256"));
        }
        (None, _) => return Err(Fault::invalid_request("code_challenge is missing")),
    };
    let nonce = get("nonce")?;
    if nonce.is_some_and(|nonce| nonce.len() > NONCE_LENGTH_MAX) {
        return Err(Fault::invalid_request("the nonce is too long"));
    }
    let (prompt, asks_consent) = prompt(get("prompt")?)?;
    Ok(Authorization {
        client_id: application.client_id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scope: scope.allowed_to(&application.settings),
        state,
        nonce: nonce.map(str::to_owned),
        code_challenge: code_challenge.to_owned(),
        prompt,
        asks_consent,
        hinted: None,
        max_age: get("max_age")?
            .map(|text| {
                text.parse()
                    .map_err(|_| Fault::invalid_request("max_age must be a number of seconds"))
            })
            .transpose()?,
        ui_locales: get("ui_locales")?.map(str::to_owned),
        provider: get("provider")?.map(str::to_owned),
        handoff: get("handoff")?.map(str::to_owned),
    })
}

/// Requests by value or by reference are never fetched or read (A119). The one kind of reference that
/// is taken, to a pushed request, was replaced by what it stands for before this.
fn refuse_what_is_not_offered(params: &Params) -> Result<(), Fault> {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if !matches!(params.get(name), Ok(None)) {
            return Err(Fault::new(code, "that parameter is not supported"));
        }
    }
    Ok(())
}

/// Whether the person is asked to sign in, and whether to consent.
fn prompt(text: Option<&str>) -> Result<(Prompt, bool), Fault> {
    let words = || {
        text.unwrap_or_default()
            .split(' ')
            .filter(|word| !word.is_empty())
    };
    let known = |word| matches!(word, "none" | "login" | "consent" | "select_account");
    if !words().all(known) {
        return Err(Fault::invalid_request("the prompt is not known"));
    }
    let has = |wanted| words().any(|word| word == wanted);
    if has("none") {
        return if words().all(|word| word == "none") {
            Ok((Prompt::Never, false))
        } else {
            Err(Fault::invalid_request("prompt none stands alone"))
        };
    }
    // Choosing an account is signing in with one.
    let signs_in = has("login") || has("select_account");
    let prompt = if signs_in {
        Prompt::Always
    } else {
        Prompt::Needed
    };
    Ok((prompt, has("consent")))
}

/// What happens next to a right request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The session answers it: a code is issued.
    Issue,
    /// The person signs in first.
    SignIn,
    /// It cannot be answered.
    Refuse(ErrorAnswer),
}

/// Whether the person is asked what the application may learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// They need not be.
    Given,
    /// On a page of ours.
    Ask,
    /// They would have to be, and must not.
    Refuse(ErrorAnswer),
}

impl Authorization {
    /// Decides by the browser's session, if it has one. `asked_at` is when the sign-in began that
    /// this request waited for: only a proof made since then is a fresh one.
    pub fn next(
        &self,
        session: Option<&Session>,
        asked_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Next {
        let just_now = session
            .is_some_and(|session| asked_at.is_some_and(|asked| session.authenticated_at >= asked));
        let is_meant = session.is_none_or(|session| {
            self.hinted
                .is_none_or(|hinted| hinted == session.profile_id)
        });
        let answers = session.is_some_and(|session| {
            let too_old = self.max_age.is_some_and(|seconds| {
                now - session.authenticated_at > TimeDelta::seconds(seconds.into())
            });
            just_now || (!too_old && self.prompt != Prompt::Always)
        });
        match (answers && is_meant, self.prompt) {
            (true, _) => Next::Issue,
            (false, Prompt::Never) => Next::Refuse(self.refuse(Fault::new(
                ErrorCode::LoginRequired,
                "nobody is signed in here, or not the person that is meant",
            ))),
            // They were asked and are somebody else: asking again leads nowhere new.
            (false, _) if just_now => Next::Refuse(self.refuse(Fault::new(
                ErrorCode::LoginRequired,
                "somebody else signed in than the person that is meant",
            ))),
            (false, Prompt::Needed | Prompt::Always) => Next::SignIn,
        }
    }

    /// Decides whether the person is asked what `application` may learn, by what they `granted` it
    /// before. Only applications of others are asked about unless they ask for it themselves: a
    /// brand's own site is the brand.
    pub fn consent(&self, application: &Application, granted: Option<Scope>) -> Consent {
        let allowed = granted.is_some_and(|granted| self.scope.is_within(granted));
        let is_due = self.asks_consent || (application.settings.is_third_party && !allowed);
        match (is_due, self.prompt) {
            (false, _) => Consent::Given,
            (true, Prompt::Never) => Consent::Refuse(self.refuse(Fault::new(
                ErrorCode::ConsentRequired,
                "the person was not asked yet what this application may learn",
            ))),
            (true, Prompt::Needed | Prompt::Always) => Consent::Ask,
        }
    }

    /// An error as the answer to this request.
    pub fn refuse(&self, fault: Fault) -> ErrorAnswer {
        ErrorAnswer {
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            fault,
        }
    }

    /// Where to send the browser with a code (RFC 6749 §4.1.2, RFC 9207).
    pub fn location(&self, code: &Secret, issuer: &str) -> String {
        let mut pairs = vec![("code", code.expose())];
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", issuer));
        with_query(&self.redirect_uri, &pairs)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(fault) => fault.fmt(f),
            Self::Redirect(answer) => answer.fault.fmt(f),
        }
    }
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
