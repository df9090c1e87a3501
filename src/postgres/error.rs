//! What the database says, in words a domain can act on.

use std::fmt;

/// A database call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection could be had, or it broke: the same call may work in a moment.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// A named constraint refused the write; the domain maps the name to its own error.
    #[error("the database constraint {name} refused the write")]
    Constraint {
        /// The constraint's name in the schema.
        name: String,
        /// What Postgres said.
        #[source]
        source: sqlx::Error,
    },
    /// A row contradicts what the code relies on.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistency),
    /// Anything else, which no caller can mend.
    #[error("a database statement failed")]
    Statement(#[source] sqlx::Error),
}

impl Error {
    /// The violated constraint's name, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint { name, .. } => Some(name),
            Self::Unavailable(_) | Self::Inconsistent(_) | Self::Statement(_) => None,
        }
    }

    /// Whether trying the very same call again may succeed (deadlock, serialisation, lost
    /// connection).
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Statement(source) => source
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| matches!(&*code, "40001" | "40P01" | "55P03")),
            Self::Constraint { .. } | Self::Inconsistent(_) => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        match &source {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(source),
            sqlx::Error::Database(database) => {
                // Class 57: operator intervention (shutdown, crash); 53: insufficient resources.
                let unavailable = database
                    .code()
                    .is_some_and(|code| code.starts_with("57P") || code.starts_with("53"));
                match database.constraint() {
                    Some(name) => Self::Constraint {
                        name: name.to_owned(),
                        source,
                    },
                    None if unavailable => Self::Unavailable(source),
                    None => Self::Statement(source),
                }
            }
            _ => Self::Statement(source),
        }
    }
}

/// A row that should not be possible, or a write that touched another number of rows than it must.
#[derive(Debug)]
pub struct Inconsistency {
    table: &'static str,
    subject: String,
    fault: &'static str,
}

impl Inconsistency {
    /// Names the table, the row and what is wrong with it.
    pub fn new(table: &'static str, subject: impl fmt::Display, fault: &'static str) -> Self {
        Self {
            table,
            subject: subject.to_string(),
            fault,
        }
    }

    /// Checks that a write touched exactly one row.
    pub fn unless_one(
        affected: u64,
        table: &'static str,
        subject: impl fmt::Display,
    ) -> Result<(), Self> {
        if affected == 1 {
            Ok(())
        } else {
            Err(Self::new(table, subject, "one row was expected"))
        }
    }
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "table {}, row {}: {}",
            self.table, self.subject, self.fault
        )
    }
}

impl std::error::Error for Inconsistency {}
