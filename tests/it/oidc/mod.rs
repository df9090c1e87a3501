//! The OpenID Connect provider, as applications and browsers meet it.

mod authorize;
mod edge;
mod journey;
mod keys;
mod logout;
mod me;
mod refresh;
mod shop;
mod token;
pub mod world;
