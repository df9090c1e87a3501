//! Finding PostgreSQL's server programs on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest PostgreSQL that Befriend runs on.
pub const MAJOR_MIN: u32 = 14;

/// A folder that holds `postgres` and `initdb`, and their major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The folder.
    pub folder: PathBuf,
    /// The major version, for example 15.
    pub major: u32,
}

/// No server programs were found.
#[derive(Debug, thiserror::Error)]
#[error(
    "no PostgreSQL {MAJOR_MIN} or later was found on this machine. Install its server \
     (Debian and Ubuntu: `apt-get install postgresql`, Fedora: `dnf install postgresql-server`, \
     macOS: `brew install postgresql@17`), or set DATABASE_URL to a PostgreSQL that runs elsewhere"
)]
pub struct NotFound;

/// The newest programs among `PATH`, what `pg_config` says, and the places where Debian and
/// Homebrew put them.
pub fn find() -> Result<Programs, NotFound> {
    candidates()
        .into_iter()
        .filter_map(|folder| inspect(&folder))
        .filter(|programs| programs.major >= MAJOR_MIN)
        .max_by_key(|programs| programs.major)
        .ok_or(NotFound)
}

fn candidates() -> Vec<PathBuf> {
    let mut folders = crate::config::path_folders();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    for parent in [
        "/usr/lib/postgresql",
        "/opt/homebrew/opt",
        "/usr/local/opt",
        "/usr/pgsql",
    ] {
        let Ok(entries) = std::fs::read_dir(parent) else {
            continue;
        };
        folders.extend(entries.flatten().map(|entry| entry.path().join("bin")));
    }
    folders
}

fn inspect(folder: &Path) -> Option<Programs> {
    let server = folder.join("postgres");
    if !server.is_file() || !folder.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(&server).arg("--version").output().ok()?;
    let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
    // A link leads away from the libraries and time zones that lie beside the real program.
    let real = server.canonicalize().ok()?;
    let folder = real
        .parent()
        .filter(|real| real.join("initdb").is_file())
        .unwrap_or(folder);
    Some(Programs {
        folder: folder.to_owned(),
        major,
    })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major_of(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_printed() {
        for (text, major) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL)", None),
            ("", None),
        ] {
            assert_eq!(major_of(text), major, "{text}");
        }
    }
}
