//! Talking to a provider: where to send the browser, and what its answer is worth.
//!
//! Nothing here takes a database connection, so none can be held while a provider thinks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use oauth2::{
    AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, TokenResponse as _,
};
use serde_json::Value;
use url::Url;

use super::attempt::Attempt;
use super::catalogue::{Habits, Provider, ResponseMode};
use super::claims::{Answers, NormalClaims, Unusable, normalise};
use super::client::{Carrier, Tokens, client, scopes, token_failure};
use super::connection::Connection;
use super::directory::Directory;
use super::id_token::{self, Claims, Expectations, Keys, Nonce, Rejection, verify};
use super::metadata::{self, Metadata, Signing};
use super::wire;
use crate::egress::{self, Egress, Request};
use crate::kernel::Secret;

/// The longest that finishing a sign-in with a provider may take, all its calls together: somebody
/// is looking at a blank page meanwhile (F17).
pub const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(9);

/// Which call to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The discovery document.
    Discovery,
    /// The key set.
    Keys,
    /// The code for tokens.
    Token,
    /// The account.
    Userinfo,
    /// The list of addresses.
    Emails,
}

/// Why a provider's answer leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Our own settings for it cannot be used.
    #[error("the connection cannot be used as it is set up")]
    Misconfigured,
    /// Its endpoints cannot be told.
    #[error("the provider's endpoints are unusable")]
    Metadata(#[source] metadata::Fault),
    /// A call was not answered, or not in a form that can be used.
    #[error("the provider did not answer as it should at {step:?}")]
    Unanswered {
        /// Which call.
        step: Step,
        /// What came instead.
        #[source]
        source: egress::Error,
    },
    /// All calls together took too long.
    #[error("the provider took too long")]
    TimedOut,
    /// It publishes no key set.
    #[error("the provider publishes no key set")]
    NoKeySet,
    /// The token endpoint refused, with an OAuth error code.
    #[error("the provider refused the code: {0}")]
    Denied(String),
    /// The token endpoint's answer is not one.
    #[error("the provider's token answer is unusable")]
    TokenAnswer,
    /// OpenID Connect without an ID token.
    #[error("the provider sent no ID token")]
    NoIdToken,
    /// The ID token is refused.
    #[error("the provider's ID token is refused")]
    IdToken(#[from] Rejection),
    /// The answers name nobody, or two people.
    #[error("the provider's answers are unusable")]
    Claims(#[from] Unusable),
    /// The answer is another provider's (A19).
    #[error("the answer came from another provider")]
    OtherIssuer,
}

impl Error {
    /// A word for logs and the audit record.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Misconfigured => "misconfigured",
            Self::Metadata(_) => "metadata",
            Self::Unanswered { step, .. } => match step {
                Step::Discovery => "discovery_unanswered",
                Step::Keys => "keys_unanswered",
                Step::Token => "token_unanswered",
                Step::Userinfo => "userinfo_unanswered",
                Step::Emails => "emails_unanswered",
            },
            Self::TimedOut => "timed_out",
            Self::NoKeySet => "no_key_set",
            Self::Denied(_) => "denied",
            Self::TokenAnswer => "token_answer",
            Self::NoIdToken => "no_id_token",
            Self::IdToken(rejection) => rejection.code(),
            Self::Claims(Unusable::Subject) => "subject_missing",
            Self::Claims(Unusable::SubjectMismatch) => "subject_mismatch",
            Self::OtherIssuer => "other_issuer",
        }
    }

    /// Whether the provider is at fault, so that trying again later may help.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Unanswered { .. } | Self::TimedOut | Self::NoKeySet | Self::TokenAnswer => true,
            Self::Misconfigured
            | Self::Metadata(_)
            | Self::Denied(_)
            | Self::NoIdToken
            | Self::IdToken(_)
            | Self::Claims(_)
            | Self::OtherIssuer => false,
        }
    }
}

/// Providers, as far as they can be talked to.
pub struct Federation {
    egress: Egress,
    built_in_issuer: String,
    directory: Directory,
}

/// A connection ready to be used: with its secret open and its redirect URI.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The connection.
    pub connection: Connection,
    /// Our secret there.
    pub secret: Option<Secret>,
    /// Where the provider sends people back to.
    pub redirect_uri: String,
}

/// A provider's answer as the browser brought it.
#[derive(Clone, Debug)]
pub struct Returned {
    /// The code.
    pub code: Secret,
    /// The issuer that the answer names, if it does.
    pub issuer: Option<String>,
    /// Every parameter, for providers whose token endpoint wants to see some again.
    pub parameters: Vec<(String, String)>,
}

/// An ID token that an app or a one-tap prompt got from a provider itself.
#[derive(Clone, Debug)]
pub struct HandedOver {
    /// The token.
    pub token: Secret,
    /// The nonce that the app asked for it with, if any.
    pub nonce: Option<String>,
}

impl Federation {
    /// Talks through `egress`; `built_in_issuer` is the issuer of the provider in this server.
    pub fn new(egress: Egress, built_in_issuer: String) -> Self {
        Self {
            egress,
            built_in_issuer,
            directory: Directory::default(),
        }
    }

    /// Whether the provider answers, as far as that can be told while nobody signs in.
    pub async fn probe(&self, connection: &Connection, now: DateTime<Utc>) -> Result<(), Error> {
        let metadata = self
            .directory
            .metadata(&self.egress, connection, &self.built_in_issuer, now)
            .await?;
        if metadata.signing.is_none() {
            // It publishes no discovery document, so its front page has to do.
            let request = Request::get_json(metadata.authorize);
            let answer = self.egress.send(request).await;
            answer.map_err(|source| Error::Unanswered {
                step: Step::Discovery,
                source,
            })?;
        }
        Ok(())
    }

    /// Where to send the browser for `attempt`, within [`EXCHANGE_TIME_MAX`].
    pub async fn authorize_url(
        &self,
        ready: &Ready,
        attempt: &Attempt,
        state: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Url, Error> {
        let work = self.authorize_url_unbounded(ready, attempt, state, now);
        tokio::time::timeout(EXCHANGE_TIME_MAX, work)
            .await
            .map_err(|_| Error::TimedOut)?
    }

    async fn authorize_url_unbounded(
        &self,
        ready: &Ready,
        attempt: &Attempt,
        state: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Url, Error> {
        let metadata = self.metadata(ready, now).await?;
        let provider = provider(ready)?;
        let client = client(ready, provider, &metadata, None)?;
        let mut request = client.authorize_url(|| CsrfToken::new(state.expose().to_owned()));
        if let Some(scopes) = scopes(ready, provider) {
            request = request.add_scope(scopes);
        }
        if metadata.signing.is_some() {
            request = request.add_extra_param("nonce", attempt.nonce.clone());
        }
        if provider.response_mode == ResponseMode::FormPost {
            request = request.add_extra_param("response_mode", "form_post");
        }
        for (name, value) in provider.authorize_parameters {
            request = request.add_extra_param(*name, *value);
        }
        if provider.pkce {
            let verifier = PkceCodeVerifier::new(attempt.pkce_verifier.expose().to_owned());
            let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
            request = request.set_pkce_challenge(challenge);
        }
        Ok(wire::authorize_url(request.url().0, provider.habits))
    }

    /// Turns a returned code into what the provider says of the person, within
    /// [`EXCHANGE_TIME_MAX`].
    pub async fn exchange(
        &self,
        ready: &Ready,
        attempt: &Attempt,
        returned: &Returned,
        now: DateTime<Utc>,
    ) -> Result<NormalClaims, Error> {
        let work = self.exchange_unbounded(ready, attempt, returned, now);
        tokio::time::timeout(EXCHANGE_TIME_MAX, work)
            .await
            .map_err(|_| Error::TimedOut)?
    }

    async fn exchange_unbounded(
        &self,
        ready: &Ready,
        attempt: &Attempt,
        returned: &Returned,
        now: DateTime<Utc>,
    ) -> Result<NormalClaims, Error> {
        let provider = provider(ready)?;
        let metadata = self.metadata(ready, now).await?;
        // Before the code is shown to anybody: a code of another provider must not reach this one.
        if !metadata.is_from(returned.issuer.as_deref()) {
            return Err(Error::OtherIssuer);
        }
        let tokens = self
            .tokens(ready, &metadata, attempt, returned, now)
            .await?;
        let id_token = match &metadata.signing {
            Some(signing) => {
                let text = tokens.extra_fields().id_token.as_deref();
                let text = text.ok_or(Error::NoIdToken)?;
                let expectations = Expectations {
                    issuers: &signing.issuers,
                    audiences: &[&ready.connection.client_id],
                    nonce: Nonce::Sent(&attempt.nonce),
                    algorithms: &signing.algorithms,
                    now,
                };
                let secret = ready.secret.as_ref().filter(|_| signing.secret_signs);
                Some(self.verified(text, signing, &expectations, secret).await?)
            }
            None => None,
        };
        let access = Secret::new(tokens.access_token().secret().as_str());
        let call = (ready, provider.habits, &access);
        let userinfo = self.fetch(metadata.userinfo.as_ref(), call, Step::Userinfo);
        let mut userinfo = userinfo.await?;
        if metadata.userinfo.is_none() && metadata.signing.is_none() {
            // The account came with the token.
            userinfo.clone_from(&tokens.extra_fields().account);
        }
        let emails = self.fetch(metadata.emails.as_ref(), call, Step::Emails);
        let emails = emails.await?;
        let answers = Answers {
            id_token: id_token.as_ref(),
            userinfo: userinfo.as_ref(),
            emails: emails.as_ref(),
            posted_name: attempt.posted_name.as_ref(),
        };
        let overrides = ready.connection.overrides();
        Ok(normalise(provider, &metadata.issuer, &overrides, answers)?)
    }

    async fn metadata(&self, ready: &Ready, now: DateTime<Utc>) -> Result<Metadata, Error> {
        self.directory
            .metadata(&self.egress, &ready.connection, &self.built_in_issuer, now)
            .await
    }

    /// What a token says that an app or a one-tap prompt handed over, within
    /// [`EXCHANGE_TIME_MAX`]; and when it expires. Only the issuer, the keys and the audiences that
    /// the connection is configured with count: nothing of them is the caller's to say (A26).
    pub async fn judge_token(
        &self,
        ready: &Ready,
        handed: &HandedOver,
        now: DateTime<Utc>,
    ) -> Result<(NormalClaims, DateTime<Utc>), Error> {
        let work = self.judge_token_unbounded(ready, handed, now);
        tokio::time::timeout(EXCHANGE_TIME_MAX, work)
            .await
            .map_err(|_| Error::TimedOut)?
    }

    async fn judge_token_unbounded(
        &self,
        ready: &Ready,
        handed: &HandedOver,
        now: DateTime<Utc>,
    ) -> Result<(NormalClaims, DateTime<Utc>), Error> {
        let provider = provider(ready)?;
        if !provider.signs() {
            return Err(Error::NoIdToken);
        }
        let metadata = self.metadata(ready, now).await?;
        let signing = metadata.signing.as_ref().ok_or(Error::NoIdToken)?;
        let own = std::iter::once(&ready.connection.client_id);
        let audiences: Vec<&str> = own
            .chain(&ready.connection.audiences)
            .map(String::as_str)
            .collect();
        let expectations = Expectations {
            issuers: &signing.issuers,
            audiences: &audiences,
            nonce: Nonce::OfApp(handed.nonce.as_deref()),
            algorithms: &signing.algorithms,
            now,
        };
        // Never under our secret: whoever holds an app may hold that too.
        let claims = self
            .verified(handed.token.expose(), signing, &expectations, None)
            .await?;
        let expires = claims.all.get("exp").and_then(Value::as_f64);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "verified to be within reason"
        )]
        let expires = expires.and_then(|at| DateTime::from_timestamp(at as i64, 0));
        let answers = Answers {
            id_token: Some(&claims),
            ..Answers::default()
        };
        let overrides = ready.connection.overrides();
        let normal = normalise(provider, &metadata.issuer, &overrides, answers)?;
        Ok((normal, expires.ok_or(Rejection::Expired)?))
    }

    async fn tokens(
        &self,
        ready: &Ready,
        metadata: &Metadata,
        attempt: &Attempt,
        returned: &Returned,
        now: DateTime<Utc>,
    ) -> Result<Tokens, Error> {
        let provider = provider(ready)?;
        let client = client(ready, provider, metadata, Some(now))?;
        let code = AuthorizationCode::new(returned.code.expose().to_owned());
        let mut request = client.exchange_code(code);
        if provider.pkce {
            let verifier = PkceCodeVerifier::new(attempt.pkce_verifier.expose().to_owned());
            request = request.set_pkce_verifier(verifier);
        }
        let carrier = Carrier {
            egress: &self.egress,
            habits: provider.habits,
            callback: &returned.parameters,
        };
        request.request_async(&carrier).await.map_err(token_failure)
    }

    /// Verifies an ID token; when no known key made it, asks for newer keys once. `secret` is ours,
    /// where the provider signs with it.
    async fn verified(
        &self,
        token: &str,
        signing: &Signing,
        expectations: &Expectations<'_>,
        secret: Option<&Secret>,
    ) -> Result<Claims, Error> {
        if token.len() > id_token::TOKEN_BYTES_MAX {
            return Err(Error::IdToken(Rejection::TooLarge));
        }
        let is_symmetric = id_token::announced_algorithm(token) == Some(Algorithm::HS256);
        if let Some(secret) = secret.filter(|_| is_symmetric) {
            let expectations = Expectations {
                algorithms: &[Algorithm::HS256],
                ..*expectations
            };
            return Ok(verify(token, &Keys::of_secret(secret), &expectations)?);
        }
        let now = expectations.now;
        let keys = self.directory.keys(&self.egress, &signing.jwks, now, false);
        match verify(token, &keys.await?, expectations) {
            Err(rejection) if rejection.may_be_rotation() => {
                let newer = self.directory.keys(&self.egress, &signing.jwks, now, true);
                Ok(verify(token, &newer.await?, expectations)?)
            }
            verdict => Ok(verdict?),
        }
    }

    async fn fetch(
        &self,
        url: Option<&Url>,
        (ready, habits, access): (&Ready, &Habits, &Secret),
        step: Step,
    ) -> Result<Option<Value>, Error> {
        let Some(url) = url else { return Ok(None) };
        let client = (ready.connection.client_id.as_str(), ready.secret.as_ref());
        let request = wire::account_request(url, access, habits, client);
        let answer = self.egress.send(request).await;
        answer
            .and_then(|answer| answer.json())
            .map(Some)
            .map_err(|source| Error::Unanswered { step, source })
    }
}

fn provider(ready: &Ready) -> Result<&'static Provider, Error> {
    ready
        .connection
        .provider()
        .map_err(|_| Error::Misconfigured)
}
