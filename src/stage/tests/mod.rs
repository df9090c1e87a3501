//! The engine as a whole: the worked examples, and laws that hold for every history.

mod contacts;
mod crossings;
mod disputes;
mod explanations;
mod foresight;
mod history;
mod layers;
mod merging;
mod over_time;
mod pinned;
mod presets;
mod properties;
mod readings;
mod referrals;
mod simulate;
mod windows;
mod worked_examples;

/// On how many histories a law is tried: `usual`, in proportion more where the environment's
/// `PROPTEST_CASES` asks for more than its usual 256.
fn histories(usual: u32) -> proptest::prelude::ProptestConfig {
    let mut config = proptest::prelude::ProptestConfig::default();
    config.cases = usual.saturating_mul(config.cases) / 256;
    config
}
