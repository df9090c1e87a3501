//! What the shop asks of Befriend, over HTTP like any brand's server.

use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;

use super::{ShopError, ShopSettings};
use crate::egress::{self, Egress, Method, Policy, Request};
use crate::kernel::id::ProfileId;
use crate::kernel::{Clock, Secret};
use crate::token::{Expected, PublicKeys, VerifyError};

/// How often at most the key set is fetched.
const FETCH_INTERVAL_MIN: TimeDelta = TimeDelta::seconds(30);

/// Befriend, from outside.
pub(super) struct Befriend {
    egress: Egress,
    clock: Clock,
    issuer: String,
    base: Url,
    client_id: String,
    secret_key: Secret,
    keys: RwLock<Option<Fetched>>,
}

#[derive(Clone)]
struct Fetched {
    keys: PublicKeys,
    at: DateTime<Utc>,
}

/// Befriend could not be asked, or said no.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The customer did not prove who they are.
    #[error("the ID token is not good")]
    Token(#[from] VerifyError),
    /// No answer that can be used.
    #[error("Befriend gave no answer that can be used")]
    Away(#[from] egress::Error),
    /// An answer that is not what was asked for.
    #[error("Befriend answered something else")]
    Strange,
}

impl Befriend {
    pub(super) fn new(settings: ShopSettings, clock: Clock) -> Result<Self, ShopError> {
        let base = match settings.service_url {
            Some(url) => url,
            None => Url::parse(&settings.issuer)?,
        };
        Ok(Self {
            // The one address that is called is the operator's own choice, and mostly this machine.
            egress: Egress::new(Policy::new(true), None),
            clock,
            issuer: settings.issuer,
            base,
            client_id: settings.client_id,
            secret_key: settings.secret_key,
            keys: RwLock::new(None),
        })
    }

    /// Who the ID token says is signed in, proven by the published keys.
    pub(super) async fn customer(&self, id_token: &str) -> Result<ProfileId, Error> {
        let now = self.clock.now();
        let expected = Expected {
            issuer: &self.issuer,
            audience: Some(&self.client_id),
            now,
        };
        let held = self.held();
        let known = held
            .as_ref()
            .map(|held| held.keys.verify(id_token, expected));
        let claims = match known {
            Some(Err(VerifyError::UnknownKey)) | None => {
                let may_fetch = held.is_none_or(|held| now - held.at >= FETCH_INTERVAL_MIN);
                if !may_fetch {
                    return Err(VerifyError::UnknownKey.into());
                }
                self.fetch_keys(now).await?.verify(id_token, expected)?
            }
            Some(read) => read?,
        };
        Ok(claims.subject)
    }

    fn held(&self) -> Option<Fetched> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn fetch_keys(&self, now: DateTime<Utc>) -> Result<PublicKeys, Error> {
        let request = Request::get_json(self.url(&["oauth", "jwks"])?);
        let document = self.egress.send(request).await?.json()?;
        let keys = PublicKeys::from_jwks(&document).ok_or(Error::Strange)?;
        let fetched = Fetched {
            keys: keys.clone(),
            at: now,
        };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
        Ok(keys)
    }

    /// Tells of something that happened. `message_id` makes telling it twice count once.
    pub(super) async fn track(
        &self,
        customer: ProfileId,
        event: &str,
        message_id: &str,
        properties: &Value,
    ) -> Result<(), Error> {
        let body = json!({
            "userId": customer,
            "event": event,
            "messageId": message_id,
            "timestamp": self.clock.now(),
            "properties": properties,
        });
        let request = Request {
            method: Method::Post,
            url: self.url(&["v1", "track"])?,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            authorization: None,
            body: body.to_string().into_bytes(),
        };
        let answer = self.egress.send(request.bearer(&self.secret_key)).await?;
        if answer.is_success() {
            Ok(())
        } else {
            Err(egress::Error::Status(answer.status).into())
        }
    }

    /// Where the customer stands, as the API says it.
    pub(super) async fn standing(&self, customer: ProfileId) -> Result<Value, Error> {
        let customer = customer.to_string();
        let url = self.url(&["api", "v1", "profiles", &customer, "standing"])?;
        let request = Request::get_json(url).bearer(&self.secret_key);
        Ok(self.egress.send(request).await?.json()?)
    }

    fn url(&self, path: &[&str]) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Strange)?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }
}
