//! The database: the pool, the transaction helper, errors, migrations, and the private cluster.
//!
//! Owns how a connection is had and given back. Never holds SQL of a domain (that stands in each
//! domain's `store.rs`). Start with [`mod@tx`], then [`pool`]; [`embedded`] is a story of its own.

pub mod check;
pub mod embedded;
mod error;
mod id;
pub mod migrate;
pub mod pool;
pub mod tx;

pub use error::{Error, Inconsistency};
pub use pool::Pool;
pub use sqlx::PgConnection;
pub use tx::tx;
