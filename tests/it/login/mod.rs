//! Signing in and signing up: through the built-in provider, through one that misbehaves, and
//! through attackers.

mod attacks;
mod authenticator;
mod conformance;
mod devices;
mod fakes;
mod faults;
mod joining;
mod leaving;
mod linking;
mod mailbox;
mod moved;
mod passkeys;
mod password;
mod post;
mod provider;
mod second_factor;
mod sign_up;
mod squatting;
mod unlinking;
mod world;
