//! From stored events to standings, on a real database.

mod api;
mod arrival;
mod contact;
mod corrections;
mod disputes;
mod explanation;
mod failure;
mod insight;
mod layers;
mod merging;
mod order;
mod preview;
mod publishing;
mod referrals;
mod referrals_told;
mod replay;
mod rhythm;
mod rules_api;
mod rules_over_time;
mod shop;
mod silence;
