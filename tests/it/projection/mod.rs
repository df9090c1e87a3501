//! From stored events to standings, on a real database.

mod arrival;
mod corrections;
mod failure;
mod order;
mod shop;
mod silence;
