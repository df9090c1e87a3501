//! Signing in and signing up: through the built-in provider, through one that misbehaves, and
//! through attackers.

mod attacks;
mod conformance;
mod faults;
mod linking;
mod provider;
mod sign_up;
mod world;
