//! Signing in and signing up: through the built-in provider, through one that misbehaves, and
//! through attackers.

mod attacks;
mod faults;
mod linking;
mod mailbox;
mod password;
mod post;
mod provider;
mod sign_up;
mod world;
