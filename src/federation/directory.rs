//! What providers publish about themselves, fetched and remembered for a short while.
//!
//! Remembered by URL, and only what that URL itself answered, so brands that share a provider share
//! the memory and none can spoil it for another.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::catalogue::Protocol;
use super::connection::Connection;
use super::exchange::{Error, Step};
use super::id_token::Keys;
use super::metadata::{self, Metadata};
use crate::egress::{Egress, Request};

/// How long a discovery document and a key set are believed without asking again.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// How long known keys go on serving while the provider does not give new ones.
const KEYS_LIFE: TimeDelta = TimeDelta::hours(24);

/// How often an unknown key may make us ask (S28).
const ASK_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// The most documents that are remembered of each kind.
const REMEMBERED_MAX: usize = 1000;

/// The memory. Each process has its own.
#[derive(Default)]
pub(super) struct Directory {
    documents: Mutex<HashMap<Url, Document>>,
    rings: Mutex<HashMap<Url, Arc<tokio::sync::Mutex<Ring>>>>,
}

/// When a discovery document was got, and what it says.
type Document = (DateTime<Utc>, Arc<serde_json::Value>);

/// A provider's keys as last heard.
#[derive(Default)]
struct Ring {
    /// When they were got, and what they were.
    known: Option<(DateTime<Utc>, Keys)>,
    /// When the provider was last asked while keys were known.
    asked_at: Option<DateTime<Utc>>,
}

impl Ring {
    /// Keys that need no asking: fresh ones, or any that were asked for within the minute.
    fn at_hand(&self, now: DateTime<Utc>, are_doubted: bool) -> Option<Keys> {
        let (got_at, keys) = self.known.as_ref()?;
        let asked_lately = self
            .asked_at
            .is_some_and(|asked_at| now - asked_at < ASK_AGAIN_AFTER);
        let is_fresh = now - *got_at < FRESH && !are_doubted;
        (is_fresh || asked_lately).then(|| keys.clone())
    }

    /// Takes in what the provider answered: newer keys replace known ones; no answer, or one without
    /// a usable key, does not take good keys away.
    fn learn(&mut self, answer: Result<Keys, Error>, now: DateTime<Utc>) -> Result<Keys, Error> {
        let still_good = self
            .known
            .clone()
            .filter(|(got_at, keys)| now - *got_at < KEYS_LIFE && !keys.is_empty());
        self.asked_at = still_good.as_ref().map(|_| now);
        match (answer, still_good) {
            (Ok(keys), Some((_, good))) if keys.is_empty() => Ok(good),
            (Ok(keys), _) => {
                self.known = Some((now, keys.clone()));
                self.asked_at = Some(now);
                Ok(keys)
            }
            (Err(error), Some((_, good))) => {
                tracing::warn!(%error, "a provider's keys cannot be had; the known ones serve on");
                Ok(good)
            }
            (Err(error), None) => Err(error),
        }
    }
}

impl Directory {
    /// The connection's endpoints.
    pub(super) async fn metadata(
        &self,
        egress: &Egress,
        connection: &Connection,
        built_in_issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<Metadata, Error> {
        let provider = connection.provider().map_err(|_| Error::Misconfigured)?;
        let Protocol::Oidc { issuer, .. } = provider.protocol else {
            return metadata::of_oauth2(connection, provider.protocol).map_err(Error::Metadata);
        };
        let issuer =
            metadata::issuer_of(connection, issuer, built_in_issuer).map_err(Error::Metadata)?;
        let url = metadata::discovery_url(&issuer).map_err(Error::Metadata)?;
        let document = self.document(egress, url, now).await?;
        metadata::of_discovery(connection, provider.protocol, &issuer, &document)
            .map_err(Error::Metadata)
    }

    async fn document(
        &self,
        egress: &Egress,
        url: Url,
        now: DateTime<Utc>,
    ) -> Result<Arc<serde_json::Value>, Error> {
        if let Some((got_at, document)) = locked(&self.documents).get(&url)
            && now - *got_at < FRESH
        {
            return Ok(Arc::clone(document));
        }
        let answer = egress.send(Request::get_json(url.clone())).await;
        let document =
            answer
                .and_then(|answer| answer.json())
                .map_err(|source| Error::Unanswered {
                    step: Step::Discovery,
                    source,
                })?;
        let document = Arc::new(document);
        let mut documents = locked(&self.documents);
        make_room(&mut documents);
        documents.insert(url, (now, Arc::clone(&document)));
        Ok(document)
    }

    /// The keys published at `url`. When `are_doubted`, a token did not verify by the known ones, so
    /// the provider is asked again, at most once a minute.
    pub(super) async fn keys(
        &self,
        egress: &Egress,
        url: &Url,
        now: DateTime<Utc>,
        are_doubted: bool,
    ) -> Result<Keys, Error> {
        let ring = {
            let mut rings = locked(&self.rings);
            make_room(&mut rings);
            Arc::clone(rings.entry(url.clone()).or_default())
        };
        // Held while asking, so that a crowd that arrives together asks once.
        let mut ring = ring.lock().await;
        if let Some(keys) = ring.at_hand(now, are_doubted) {
            return Ok(keys);
        }
        let answer = egress.send(Request::get_json(url.clone())).await;
        let keys = answer
            .and_then(|answer| answer.json())
            .map_err(|source| Error::Unanswered {
                step: Step::Keys,
                source,
            })
            .and_then(|set| Keys::parse(&set).ok_or(Error::NoKeySet));
        ring.learn(keys, now)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets everything rather than grow without bound; what is needed is asked for again.
fn make_room<K: Eq + Hash, V>(map: &mut HashMap<K, V>) {
    if map.len() >= REMEMBERED_MAX {
        map.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Keys {
        // The public key of RFC 8037, appendix A.2.
        let keys = Keys::parse(&json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }]}));
        keys.unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn broken() -> Result<Keys, Error> {
        Err(Error::NoKeySet)
    }

    #[test]
    fn a23_doubt_asks_at_most_once_a_minute() {
        let mut ring = Ring::default();
        assert!(ring.at_hand(at(0), false).is_none(), "nothing is known");
        ring.learn(Ok(good()), at(0)).unwrap();

        assert!(
            ring.at_hand(at(59), true).is_some(),
            "asked within the minute"
        );
        assert!(ring.at_hand(at(60), true).is_none());
        assert!(ring.at_hand(at(60), false).is_some(), "fresh");
        assert!(ring.at_hand(at(600), false).is_none(), "no longer fresh");
    }

    #[test]
    fn f19_good_keys_survive_an_empty_or_broken_answer_for_a_day() {
        let mut ring = Ring::default();
        ring.learn(Ok(good()), at(0)).unwrap();

        assert!(!ring.learn(Ok(Keys::default()), at(700)).unwrap().is_empty());
        assert!(!ring.learn(broken(), at(1400)).unwrap().is_empty());
        assert!(
            ring.at_hand(at(1459), false).is_some(),
            "asked within the minute"
        );
        assert!(
            ring.learn(broken(), at(86_400)).is_err(),
            "too old to serve on"
        );
    }

    #[test]
    fn without_any_key_every_sign_in_may_ask_but_an_empty_set_is_remembered() {
        let mut ring = Ring::default();
        assert!(ring.learn(broken(), at(0)).is_err());
        assert!(
            ring.at_hand(at(1), false).is_none(),
            "a failure is not remembered"
        );

        assert!(ring.learn(Ok(Keys::default()), at(2)).unwrap().is_empty());
        assert!(
            ring.at_hand(at(3), true).is_some(),
            "asked within the minute"
        );
        assert!(!ring.learn(Ok(good()), at(70)).unwrap().is_empty());
    }
}
