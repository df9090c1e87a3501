//! What the processors hash with nothing before them: the measure of signing in by password.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::load::per_second;
use crate::credential::password::{LANES, MEMORY_KIB, PASSES};

/// Hashes a second over `threads` threads, each with memory that it keeps, by the parameters of the
/// service.
pub(super) fn drive(threads: usize, lasts: Duration) -> anyhow::Result<f64> {
    let until = Instant::now() + lasts;
    let started = Instant::now();
    let workers: Vec<_> = (0..threads)
        .map(|_| std::thread::spawn(move || hash_until(until)))
        .collect();
    let mut hashes = 0;
    for worker in workers {
        let done = worker.join();
        hashes += done.map_err(|_| anyhow::anyhow!("a hashing thread broke"))??;
    }
    Ok(per_second(hashes, started.elapsed()))
}

fn hash_until(until: Instant) -> anyhow::Result<u64> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hashes: u64 = 0;
    while Instant::now() < until {
        let mut out = [0; 32];
        let salt = hashes.to_le_bytes().repeat(2);
        argon2
            .hash_password_into_with_memory(
                b"a password of the bench",
                &salt,
                &mut out,
                &mut memory,
            )
            .map_err(|error| anyhow::anyhow!("argon2: {error}"))
            .context("hash")?;
        std::hint::black_box(out);
        hashes += 1;
    }
    Ok(hashes)
}
