//! The engine as a whole: the worked examples, and laws that hold for every history.

mod contacts;
mod crossings;
mod disputes;
mod explanations;
mod foresight;
mod history;
mod layers;
mod over_time;
mod pinned;
mod presets;
mod properties;
mod referrals;
mod simulate;
mod worked_examples;
