//! The engine as a whole: the worked examples, and laws that hold for every history.

mod crossings;
mod explanations;
mod foresight;
mod history;
mod properties;
mod worked_examples;
