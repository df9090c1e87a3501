//! Our side of the token endpoint: the `oauth2` crate's client, over our own guarded one.

use std::borrow::Cow;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ExtraTokenFields,
    RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::apple::{self, Team};
use super::catalogue::{ClientAuth, Habits, Provider};
use super::exchange::{Error, Ready, Step};
use super::metadata::Metadata;
use super::wire;
use crate::egress::{self, Egress, Method, Request};
use crate::kernel::Secret;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Extras {
    pub(super) id_token: Option<String>,
    #[serde(rename = "befriend_account")]
    pub(super) account: Option<Value>,
}
impl ExtraTokenFields for Extras {}

pub(super) type Tokens = StandardTokenResponse<Extras, BasicTokenType>;
pub(super) type Client<A = EndpointSet, T = EndpointSet> = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    A,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    T,
>;

/// Carries the token request of the `oauth2` crate over our own client.
pub(super) struct Carrier<'a> {
    pub(super) egress: &'a Egress,
    pub(super) habits: &'a Habits,
    pub(super) callback: &'a [(String, String)],
}

impl Carrier<'_> {
    async fn send(
        &self,
        outgoing: oauth2::HttpRequest,
    ) -> Result<oauth2::HttpResponse, egress::Error> {
        let (parts, body) = outgoing.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| egress::Error::Malformed)?;
        let text =
            |value: &oauth2::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let authorization = parts.headers.get("authorization").map(text);
        let (content_type, body) = wire::token_body(&body, self.habits, self.callback);
        let mut headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "authorization" | "content-type"))
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect();
        headers.push(("content-type".to_owned(), content_type.to_owned()));
        wire::add_headers(&mut headers, self.habits);
        let answer = self
            .egress
            .send(Request {
                method: Method::Post,
                url,
                headers,
                authorization: authorization.map(Secret::new),
                body,
            })
            .await?;
        // An error of OAuth comes as JSON with status 400 or 401; any other failure is none.
        if !answer.is_json() {
            return Err(egress::Error::ContentType);
        }
        if !answer.is_success() && !matches!(answer.status, 400 | 401 | 403) {
            return Err(egress::Error::Status(answer.status));
        }
        let read = serde_json::from_slice(&answer.body).map_err(egress::Error::Json)?;
        let (status, read) = wire::token_answer(answer.status, read);
        oauth2::http::Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(read.to_string().into_bytes())
            .map_err(|_| egress::Error::Malformed)
    }
}

impl<'c> oauth2::AsyncHttpClient<'c> for Carrier<'_> {
    type Error = egress::Error;
    type Future =
        Pin<Box<dyn Future<Output = Result<oauth2::HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// What is asked for, as the provider writes it; `None` where nothing is.
pub(super) fn scopes(ready: &Ready, provider: &Provider) -> Option<Scope> {
    let own = &ready.connection.scopes;
    let separator = provider.habits.scope_separator;
    let text = if own.is_empty() {
        provider.scopes.join(separator)
    } else {
        own.join(separator)
    };
    (!text.is_empty()).then(|| Scope::new(text))
}

/// Our client there. `now` is given where it has to prove itself.
pub(super) fn client(
    ready: &Ready,
    provider: &Provider,
    metadata: &Metadata,
    now: Option<DateTime<Utc>>,
) -> Result<Client, Error> {
    let redirect =
        RedirectUrl::new(ready.redirect_uri.clone()).map_err(|_| Error::Misconfigured)?;
    let auth_type = match provider.client_auth {
        ClientAuth::Basic => AuthType::BasicAuth,
        ClientAuth::Body | ClientAuth::SignedSecret => AuthType::RequestBody,
    };
    let client = oauth2::Client::new(ClientId::new(ready.connection.client_id.clone()));
    let mut client: Client<EndpointNotSet, EndpointNotSet> = client;
    let secret = now.map(|now| secret(ready, provider, now)).transpose()?;
    if let Some(secret) = secret.flatten() {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    Ok(client
        .set_auth_uri(AuthUrl::from_url(metadata.authorize.clone()))
        .set_token_uri(TokenUrl::from_url(metadata.token.clone()))
        .set_auth_type(auth_type)
        .set_redirect_uri(redirect))
}

/// What proves at the token endpoint that it is us: our secret, or one made with our key.
fn secret(ready: &Ready, provider: &Provider, now: DateTime<Utc>) -> Result<Option<Secret>, Error> {
    if provider.client_auth != ClientAuth::SignedSecret {
        return Ok(ready.secret.clone());
    }
    let connection = &ready.connection;
    let (team_id, key_id) = connection.apple().ok_or(Error::Misconfigured)?;
    let key = ready.secret.as_ref().ok_or(Error::Misconfigured)?;
    let team = Team {
        team_id,
        key_id,
        client_id: &connection.client_id,
    };
    let made = apple::client_secret(key, team, now);
    made.map(Some).map_err(|_| Error::Misconfigured)
}

pub(super) fn token_failure(error: RequestTokenError<egress::Error, BasicErrorResponse>) -> Error {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            // A code, not a sentence: what the provider wrote for people is not repeated.
            let code: Cow<'_, str> = answer.error().as_ref().into();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let plain: String = code.chars().filter(|c| is_plain(*c)).take(60).collect();
            Error::Denied(plain)
        }
        RequestTokenError::Request(source) => Error::Unanswered {
            step: Step::Token,
            source,
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Error::TokenAnswer,
    }
}
