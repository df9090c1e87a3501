//! Befriend: customer identity that knows how well a brand's customers know the brand.
//!
//! Modules in reading order, lowest first; a test keeps the arrows pointing down
//! (`tests/it/architecture.rs`).

// 0: words and rules; no I/O
pub mod kernel;
pub mod stage;
pub mod value;

// 1: the outside world
pub mod config;
pub mod egress;
pub mod postgres;
pub mod telemetry;
pub mod view;

// 2: what every change writes beside itself
pub mod audit;
pub mod mail;
pub mod outbox;

// 3: the domains
pub mod abuse;
pub mod account;
pub mod application;
pub mod brand;
pub mod contact;
pub mod credential;
pub mod event;
pub mod federation;
pub mod key;
pub mod profile;
pub mod referral;
pub mod session;
pub mod staff;
pub mod token;

// 4: what ties domains together
pub mod flow;
pub mod insight;
pub mod maintenance;
pub mod oidc;
pub mod projection;
pub mod setup;

// 5: the service
pub mod app;
pub mod http;

// 6: the command line
pub mod cli;
