//! Who is let in, before the body is read where the key is known by then; and what they pay.

use axum::body::Body;
use axum::http::{HeaderMap, header};

use super::Gate;
use super::answer::Refusal;
use super::auth::{self, Credentials};
use super::body::{Held, UNKNOWN_LENGTH_MAX};
use crate::app::App;
use crate::event::decode::{self, BODY_LENGTH_MAX};
use crate::event::{Form, Judged, Rejection, Sender, Submission, Trust};
use crate::kernel::{Network, Secret};
use crate::key::{self, Key, Scope, Spent};

/// What is known of a request before its body.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) app: &'a App,
    pub(super) gate: &'a Gate,
    pub(super) headers: &'a HeaderMap,
    pub(super) network: Network,
}

/// What the headers, and for a beacon the URL, bring.
pub(super) struct Early {
    /// The key; where there is none yet, the body may bring one.
    pub(super) key: Option<Key>,
    /// A bearer token that is no key: it may prove who is signed in.
    pub(super) token: Option<Secret>,
}

impl Asked<'_> {
    /// Lets in by the headers. `in_url` is the key that the URL brings, where one may stand.
    pub(super) async fn admit(self, in_url: InUrl) -> Result<Early, Refusal> {
        let paid = self.pay_by_address();
        let Credentials { key, token } = match paid {
            // Of a network in debt only a secret key is let in: nothing else is looked at.
            Err(_) => auth::credentials(self.headers).unwrap_or_default(),
            Ok(()) => auth::credentials(self.headers)?,
        };
        let key = match (key, paid) {
            (Some(presented), Err(spent)) if presented.kind == key::Kind::Secret => {
                let key = self.find_for_debtor(&presented, spent).await?;
                self.accept(&key).await?;
                return Ok(Early {
                    key: Some(key),
                    token,
                });
            }
            (_, Err(spent)) => return Err(self.quota(spent)),
            (key, Ok(())) => key,
        };
        let keys = &self.gate.keys;
        let key = match (key, in_url) {
            (Some(presented), _) => Some(keys.find(self.app, &presented).await?),
            (None, InUrl::Allowed(text)) => Some(keys.find_in_url(self.app, &text).await?),
            (None, InUrl::Refused) => return Err(Refusal::key_in_url()),
            (None, InUrl::None) => None,
        };
        if let Some(key) = &key {
            self.pay_back(key);
            self.accept(key).await?;
        }
        Ok(Early { key, token })
    }

    /// The key in a body, where neither headers nor URL brought one.
    pub(super) async fn admit_by_body(self, write_key: Option<&str>) -> Result<Key, Refusal> {
        let text = write_key
            .filter(|text| !text.is_empty())
            .ok_or_else(Refusal::key_missing)?;
        let presented = key::Presented::parse(text).ok_or_else(Refusal::key_unknown)?;
        let key = self.gate.keys.find(self.app, &presented).await?;
        self.pay_back(&key);
        self.accept(&key).await?;
        Ok(key)
    }

    /// The key of an address: an image's, or one of those that SDKs ask before they send.
    pub(super) async fn admit_by_url(self, write_key: Option<&str>) -> Result<Key, Refusal> {
        self.pay_by_address().map_err(|spent| self.quota(spent))?;
        let text = write_key.ok_or_else(Refusal::key_missing)?;
        let key = self.gate.keys.find_in_url(self.app, text).await?;
        self.accept(&key).await?;
        Ok(key)
    }

    /// Every request pays by its address, and is paid back if a secret key answers for it: who tries
    /// keys pays for each.
    fn pay_by_address(self) -> Result<(), Spent> {
        let quotas = &self.app.quotas;
        quotas.take_of_address(self.network, 1, self.app.clock.now())
    }

    fn pay_back(self, key: &Key) {
        if key.kind == key::Kind::Secret {
            self.app.quotas.give_back_to_address(self.network, 1);
        }
    }

    /// The secret key of somebody whose neighbours have spent what the network may send. A key that
    /// was good a moment ago is found at once; any other waits for its turn. What is no key is told
    /// of the debt alone.
    async fn find_for_debtor(
        self,
        presented: &key::Presented,
        spent: Spent,
    ) -> Result<Key, Refusal> {
        let keys = &self.gate.keys;
        if keys.remembers(presented) {
            return keys.find(self.app, presented).await;
        }
        let _turn = self.app.quotas.turn_of_debtor().await;
        let found = keys.find_apart(self.app, presented).await?;
        found.ok_or_else(|| self.quota(spent))
    }

    fn quota(self, spent: Spent) -> Refusal {
        Refusal::quota(spent, self.app.clock.now())
    }

    /// Whether a key that was found may send events here and now.
    async fn accept(self, key: &Key) -> Result<(), Refusal> {
        if key.kind == key::Kind::Secret && self.headers.contains_key(header::ORIGIN) {
            return Err(expose(self.app, sender(key)).await);
        }
        if !key.may(Scope::EventsWrite) {
            return Err(Refusal::scope_missing(Scope::EventsWrite));
        }
        self.app
            .quotas
            .take_of_key(key, 1, self.app.clock.now())
            .map_err(|spent| self.quota(spent))
    }

    /// Pays for all but the first event of a body.
    pub(super) fn pay_for_more(self, key: &Key, events: usize) {
        let (now, more) = (self.app.clock.now(), events.saturating_sub(1));
        self.app.quotas.charge_key(key, more, now);
        if key.kind == key::Kind::Browser {
            self.app.quotas.charge_address(self.network, more, now);
        }
    }
}

/// The key that a URL brings.
pub(super) enum InUrl {
    /// None.
    None,
    /// One, where it may stand.
    Allowed(String),
    /// One, where it may not.
    Refused,
}

impl Gate {
    /// Reads a body and unpacks it. Unpacking is work, which is done for those who have a key.
    pub(in crate::http) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        has_key: bool,
    ) -> Result<Held, Refusal> {
        let length_max = if has_key {
            BODY_LENGTH_MAX
        } else {
            UNKNOWN_LENGTH_MAX
        };
        let mut held = self.room.read(headers, body, length_max).await?;
        let encoding = headers.get(header::CONTENT_ENCODING);
        let encoding = encoding.map_or(Some(""), |value| value.to_str().ok());
        if decode::is_packed(encoding.or(Some("?")), &held.bytes)? {
            if !has_key {
                return Err(Refusal::key_missing());
            }
            let inflated = decode::inflate(&held.bytes)?;
            self.room.take(&mut held, inflated.len())?;
            held.bytes = inflated;
        }
        Ok(held)
    }
}

/// Who a key's holder is to the intake.
pub(in crate::http) const fn sender(key: &Key) -> Sender {
    Sender {
        brand_id: key.brand_id,
        key_id: Some(key.key_id),
        trust: match key.kind {
            key::Kind::Secret => Trust::Trusted,
            key::Kind::Browser => Trust::Browser,
        },
    }
}

/// Refuses a secret key that a page sends, and leaves word of it where the brand looks.
async fn expose(app: &App, sender: Sender) -> Refusal {
    tracing::warn!(brand = %sender.brand_id, key = ?sender.key_id, "a page sent a secret key");
    let word = Judged::Rejected(Box::new(Rejection {
        code: "secret_key_exposed",
        detail: "a web page sent events with this secret key: revoke it, and use a browser key"
            .to_owned(),
        pointer: "",
        message_id: None,
        name: None,
        payload: String::new(),
        form: Form::Tracking,
        is_noted: true,
        routed_kind: None,
        sent_at: None,
        received_at: app.clock.now(),
    }));
    let submission = Submission {
        sender,
        items: vec![word],
    };
    match app.intake.submit(submission).await {
        Ok(_) => Refusal::key_exposed(),
        Err(error) => error.into(),
    }
}
