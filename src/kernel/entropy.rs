//! Randomness as a parameter.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;

/// A source of random bytes. Our own type, so that no random-number library is part of any signature.
#[derive(Clone, Debug)]
pub struct Entropy(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<Mutex<Seeded>>),
}

#[derive(Debug)]
struct Seeded {
    seed: u64,
    counter: u64,
}

impl Entropy {
    /// The operating system's generator.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A repeatable stream for tests and demo data. Never for secrets of a real brand.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(Seeded {
            seed,
            counter: 0,
        }))))
    }

    /// Fills `buffer` with random bytes.
    ///
    /// # Panics
    /// When the operating system cannot give randomness: nothing secure can go on then.
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Source::System => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the one place that asks the system"
                )]
                getrandom::fill(buffer).expect("the operating system gives randomness");
            }
            Source::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in buffer.chunks_mut(digest::SHA256_OUTPUT_LEN) {
                    let mut block = [0_u8; 16];
                    block[..8].copy_from_slice(&state.seed.to_le_bytes());
                    block[8..].copy_from_slice(&state.counter.to_le_bytes());
                    state.counter += 1;
                    let hash = digest::digest(&digest::SHA256, &block);
                    chunk.copy_from_slice(&hash.as_ref()[..chunk.len()]);
                }
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }

    /// A uniform number in `0..1`.
    pub fn unit(&self) -> f64 {
        let bits = u64::from_le_bytes(self.bytes()) >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
        let unit = bits as f64 / (1_u64 << 53) as f64;
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_another_seed_another() {
        let stream = |seed| Entropy::seeded(seed).bytes::<80>();

        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
    }

    #[test]
    fn system_bytes_differ() {
        let entropy = Entropy::system();

        assert_ne!(entropy.bytes::<32>(), entropy.bytes::<32>());
    }
}
