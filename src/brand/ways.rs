//! Which ways in a brand offers beside its connections.

/// The settings. Codes by mail are a connection of their own and are switched with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Whether people may have a password.
    pub passwords: bool,
}
