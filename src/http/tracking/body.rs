//! Reading a body: bounded in size, in time, and in how much all of them hold together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::answer::Refusal;
use crate::event::decode::{BODY_LENGTH_MAX, Malformed};

/// How much bodies under way hold together, in KiB.
const ROOM_KIB: usize = 256 * 1024;
/// The largest body that is read before its key is known.
pub(super) const UNKNOWN_LENGTH_MAX: usize = 512 * 1024;
/// How long a body may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(30);

/// Room for bodies, and how long each may take to arrive.
pub(super) struct Room {
    kib: Arc<Semaphore>,
    arrival_max: Duration,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            kib: Arc::new(Semaphore::new(ROOM_KIB)),
            arrival_max: ARRIVAL_MAX,
        }
    }
}

/// A body, and the room that it takes until dropped.
pub(in crate::http) struct Held {
    pub(in crate::http) bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Reads a body of at most `length_max` bytes.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        length_max: usize,
    ) -> Result<Held, Refusal> {
        let length_max = length_max.min(BODY_LENGTH_MAX);
        let stated = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if stated.is_some_and(|length| length > length_max) {
            return Err(Malformed::TooLarge.into());
        }
        timeout(self.arrival_max, self.collect(body, length_max))
            .await
            .map_err(|_| Refusal::too_slow())?
    }

    /// Room is taken for what has arrived, so that a promised length alone takes none.
    async fn collect(&self, body: Body, length_max: usize) -> Result<Held, Refusal> {
        let mut held = Held {
            bytes: Vec::new(),
            room: None,
        };
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| {
                Refusal::bad_request("body_incomplete", "the body ended before its end")
            })?;
            if held.bytes.len() + chunk.len() > length_max {
                return Err(Malformed::TooLarge.into());
            }
            self.take(&mut held, chunk.len())?;
            held.bytes.extend_from_slice(&chunk);
        }
        Ok(held)
    }

    /// Takes room for `more` bytes that `held` grows by.
    pub(super) fn take(&self, held: &mut Held, more: usize) -> Result<(), Refusal> {
        let kib = u32::try_from(more / 1024 + 1).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.kib)
            .try_acquire_many_owned(kib)
            .map_err(|_| Refusal::busy())?;
        match &mut held.room {
            Some(room) => room.merge(permit),
            room @ None => *room = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::response::IntoResponse as _;
    use futures_util::stream;

    use super::*;

    async fn read(body: Body, length: Option<&'static str>) -> Result<usize, u16> {
        let mut headers = HeaderMap::new();
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length.parse().expect("a header"));
        }
        Room::default()
            .read(&headers, body, 10_000)
            .await
            .map(|held| held.bytes.len())
            .map_err(|refusal| refusal.into_response().status().as_u16())
    }

    #[tokio::test]
    async fn a77_a_body_ends_at_its_limit_whatever_it_promised() {
        let endless = || {
            let chunk = Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1_000]));
            Body::from_stream(stream::iter(std::iter::repeat_with(move || {
                Ok::<_, std::io::Error>(chunk.as_ref().expect("bytes").clone())
            })))
        };

        assert_eq!(read(Body::from(vec![0; 10_000]), None).await, Ok(10_000));
        assert_eq!(read(Body::from(vec![0; 10_001]), None).await, Err(413));
        assert_eq!(read(endless(), None).await, Err(413));
        assert_eq!(read(endless(), Some("5")).await, Err(413));
        assert_eq!(read(Body::empty(), Some("1000000000")).await, Err(413));
    }

    #[tokio::test]
    async fn a77_a_body_that_trickles_is_given_up() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let hasty = Room {
            arrival_max: Duration::from_millis(10),
            ..Room::default()
        };

        let read = hasty.read(&HeaderMap::new(), never, 10_000).await;

        let status = read.err().map(|refusal| refusal.into_response().status());
        assert_eq!(status.map(|status| status.as_u16()), Some(408));
    }

    #[tokio::test]
    async fn bodies_together_take_only_so_much_room() {
        let room = Room::default();
        let headers = HeaderMap::new();
        let mut held = Vec::new();
        let refused = loop {
            let body = Body::from(vec![0; BODY_LENGTH_MAX]);
            match room.read(&headers, body, BODY_LENGTH_MAX).await {
                Ok(one) => held.push(one),
                Err(refusal) => break refusal.into_response(),
            }
        };

        assert_eq!(refused.status().as_u16(), 429);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        assert!((60..=64).contains(&held.len()), "{} bodies fit", held.len());
        held.clear();
        let body = Body::from(vec![0; BODY_LENGTH_MAX]);
        assert!(room.read(&headers, body, BODY_LENGTH_MAX).await.is_ok());
    }
}
