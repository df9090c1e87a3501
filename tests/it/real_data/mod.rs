//! Figures of two real purchase histories. They lie beside the repository, not in it: where they
//! are missing, these tests say so and prove nothing.

mod cdnow;
mod history;
mod online_retail;
mod value;
