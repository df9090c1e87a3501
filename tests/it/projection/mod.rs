//! From stored events to standings, on a real database.

mod api;
mod arrival;
mod corrections;
mod failure;
mod insight;
mod order;
mod replay;
mod rules_over_time;
mod shop;
mod silence;
