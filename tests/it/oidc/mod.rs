//! The OpenID Connect provider, as applications and browsers meet it.

mod authorize;
mod backchannel;
mod conformance;
mod consent;
mod edge;
mod journey;
mod keys;
mod logout;
mod me;
mod par;
mod receiver;
mod refresh;
mod shop;
mod stage;
mod token;
pub mod world;
