//! From stored events to standings, on a real database.

mod api;
mod arrival;
mod corrections;
mod disputes;
mod failure;
mod insight;
mod order;
mod referrals;
mod shop;
mod silence;
