//! How much of the queue each brand holds: a flood of one must leave room for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::kernel::id::BrandId;

/// What each brand has waiting, in events.
#[derive(Clone)]
pub(super) struct Shares {
    waiting: Arc<Mutex<HashMap<BrandId, usize>>>,
    /// The most that one brand may have waiting.
    events_max: usize,
}

/// A brand's part of the queue, until dropped.
pub(super) struct Share {
    shares: Shares,
    brand_id: BrandId,
    events: usize,
}

impl Shares {
    /// Each brand may fill half of a queue.
    pub(super) fn of_queue(queue_events_max: usize) -> Self {
        Self {
            waiting: Arc::default(),
            events_max: queue_events_max.div_ceil(2),
        }
    }

    /// Takes a share, unless the brand has too much waiting. A brand that has nothing waiting gets
    /// what it asks for, or a large batch could never pass.
    pub(super) fn try_take(&self, brand_id: BrandId, events: usize) -> Option<Share> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let own = waiting.entry(brand_id).or_default();
        if *own > 0 && *own + events > self.events_max {
            return None;
        }
        *own += events;
        Some(Share {
            shares: self.clone(),
            brand_id,
            events,
        })
    }
}

impl Shares {
    /// Whether the brand has as much waiting as it may.
    pub(super) fn is_used_up(&self, brand_id: BrandId) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting
            .get(&brand_id)
            .is_some_and(|own| *own >= self.events_max)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut waiting = self
            .shares
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = waiting.get_mut(&self.brand_id) {
            *own = own.saturating_sub(self.events);
            if *own == 0 {
                waiting.remove(&self.brand_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::kernel::Entropy;

    #[test]
    fn a92_a_flood_of_one_brand_leaves_room_for_another() {
        let entropy = Entropy::seeded(1);
        let [one, other] = [0; 2].map(|_| BrandId::new(DateTime::UNIX_EPOCH, &entropy));
        let shares = Shares::of_queue(100);

        let large = shares.try_take(one, 80).expect("nothing waits yet");
        assert!(shares.try_take(one, 1).is_none());
        assert!(shares.is_used_up(one) && !shares.is_used_up(other));
        let fair = shares.try_take(other, 30).expect("another brand has room");
        let more = shares.try_take(other, 20).expect("up to half");
        assert!(shares.try_take(other, 1).is_none());

        drop((large, fair));
        assert!(shares.try_take(one, 50).is_some());
        assert!(shares.try_take(other, 30).is_some());
        drop(more);
        assert!(shares.waiting.lock().expect("not poisoned").is_empty());
    }
}
