//! The private cluster: with no `DATABASE_URL`, Befriend runs its own PostgreSQL.
//!
//! Owns finding the server's programs ([`binaries`]), creating the cluster once, and its life as a
//! child process ([`server`]). Never deletes the data folder, never runs two servers on one folder,
//! never switches durability off.

pub mod binaries;
mod owner;
mod remains;
mod server;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnectOptions;

use super::pool::Address;
use owner::Owner;
use server::Server;

/// The database and the role inside the private cluster.
const NAME: &str = "befriend";

/// How long another process's cluster may take to answer.
const ATTACH_WAIT_MAX: Duration = Duration::from_mins(1);

/// The longest path of a Unix socket is 107 bytes; this leaves room for its file name.
const SOCKET_FOLDER_LENGTH_MAX: usize = 80;

/// A private cluster in use by this process.
pub struct Cluster {
    address: Address,
    sockets: PathBuf,
    /// Present in the process that runs the server; others merely use it.
    owned: Option<(Server, File)>,
}

/// The private cluster could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no PostgreSQL on this machine.
    #[error(transparent)]
    NoBinaries(#[from] binaries::NotFound),
    /// Running as root, and there is no ordinary user to run the server as.
    #[error(
        "PostgreSQL refuses to run as root and there is neither a user `postgres` nor `nobody` to \
         run it as. Create one (`useradd --system postgres`), or run Befriend as an ordinary user"
    )]
    NoOwner,
    /// A file or folder could not be made or read.
    #[error("{doing} {path}: {source}", path = path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("PostgreSQL could not create its data folder: {0}")]
    Create(String),
    /// The cluster was made by another major version.
    #[error(
        "the data in {path} was made by PostgreSQL {theirs}, and this machine has {ours}. Install \
         PostgreSQL {theirs}, or move the data with pg_upgrade", path = path.display()
    )]
    Version {
        /// The cluster's folder.
        path: PathBuf,
        /// The version that made it.
        theirs: String,
        /// The version found.
        ours: u32,
    },
    /// The server ended or never answered.
    #[error("PostgreSQL did not start: {reason}. Its log is {log}", log = log.display())]
    Start {
        /// What was seen.
        reason: String,
        /// Where to read more.
        log: PathBuf,
    },
    /// It answered, then refused.
    #[error(transparent)]
    Database(#[from] super::Error),
}

pub(super) fn file_error(
    doing: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File {
        doing,
        path,
        source,
    }
}

/// Where the parts of a private cluster lie.
struct Layout {
    cluster: PathBuf,
    sockets: PathBuf,
    log: PathBuf,
    lock: PathBuf,
}

impl Layout {
    fn of(data_dir: &Path) -> Self {
        let home = data_dir.join("postgres");
        let beside = home.join("run");
        let sockets = if beside.as_os_str().len() <= SOCKET_FOLDER_LENGTH_MAX {
            beside
        } else {
            // A deep data folder: a short path that only this folder leads to.
            let hash = crate::kernel::secret::sha256(home.as_os_str().as_encoded_bytes());
            let name = u64::from_le_bytes(hash[..8].try_into().expect("eight bytes"));
            std::env::temp_dir().join(format!("befriend-{name:016x}"))
        };
        Self {
            cluster: home.join("cluster"),
            sockets,
            log: home.join("server.log"),
            lock: data_dir.join("befriend.lock"),
        }
    }
}

impl Cluster {
    /// Starts the cluster in `data_dir`, creating it on first use; adopts the server that a killed
    /// Befriend left behind; joins the one that another Befriend is running.
    pub async fn start(data_dir: &Path) -> Result<Self, Error> {
        let layout = Layout::of(data_dir);
        std::fs::create_dir_all(data_dir).map_err(file_error("create the folder", data_dir))?;
        let lock = File::create(&layout.lock).map_err(file_error("open the file", &layout.lock))?;
        let sockets = layout.sockets.clone();
        let options = PgConnectOptions::new_without_pgpass()
            .socket(&layout.sockets)
            .username(NAME)
            .database("postgres");
        let owned = match lock.try_lock() {
            Ok(()) => {
                let programs = binaries::find()?;
                let owner = Owner::choose()?;
                create_once(&layout, &programs, &owner).await?;
                Some((
                    Server::start(layout, programs, owner, options.clone()).await?,
                    lock,
                ))
            }
            Err(TryLockError::WouldBlock) => {
                server::wait_until_answering(&options, ATTACH_WAIT_MAX, &layout.log).await?;
                None
            }
            Err(TryLockError::Error(source)) => {
                return Err(Error::File {
                    doing: "lock the file",
                    path: layout.lock,
                    source,
                });
            }
        };
        create_database(&options).await?;
        Ok(Self {
            address: Address::new(options.database(NAME)),
            sockets,
            owned,
        })
    }

    /// Where to connect.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The same as a URL, for `psql` and other programs.
    pub fn url(&self) -> String {
        let folder = self.sockets.display().to_string().replace('/', "%2F");
        format!("postgres://{NAME}@{folder}/{NAME}")
    }

    /// Whether this process runs the server, rather than using another's.
    pub const fn is_owner(&self) -> bool {
        self.owned.is_some()
    }

    /// Stops the server if this process runs it. Waits until its files are safe.
    pub async fn stop(self) {
        if let Some((server, lock)) = self.owned {
            server.stop().await;
            drop(lock);
        }
    }
}

/// Runs `initdb` into a folder beside the final one and renames it, so that a kill half-way leaves
/// nothing that looks like a cluster.
async fn create_once(
    layout: &Layout,
    programs: &binaries::Programs,
    owner: &Owner,
) -> Result<(), Error> {
    let home = layout
        .cluster
        .parent()
        .expect("the cluster lies in a folder");
    for folder in [home, layout.sockets.as_path()] {
        owner.private_folder(folder)?;
    }
    let marker = layout.cluster.join("PG_VERSION");
    match std::fs::read_to_string(&marker) {
        Ok(version) if version.trim() == programs.major.to_string() => return Ok(()),
        Ok(version) => {
            return Err(Error::Version {
                path: layout.cluster.clone(),
                theirs: version.trim().to_owned(),
                ours: programs.major,
            });
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(file_error("read", &marker)(error)),
    }
    let unfinished = home.join("cluster.unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(file_error("clear", &unfinished))?;
    }
    tracing::info!(folder = %layout.cluster.display(), "creating a private PostgreSQL cluster");
    let mut initdb = owner.command(&programs.folder.join("initdb"));
    initdb
        .arg("--pgdata")
        .arg(&unfinished)
        .args(["--username", NAME, "--auth", "trust", "--encoding", "UTF8"])
        .args(["--locale", "C", "--data-checksums"])
        .current_dir(home);
    let output = initdb
        .output()
        .await
        .map_err(file_error("run", &programs.folder))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Create(said.trim().to_owned()));
    }
    std::fs::rename(&unfinished, &layout.cluster).map_err(file_error("name", &layout.cluster))
}

async fn create_database(options: &PgConnectOptions) -> Result<(), Error> {
    let run = async {
        let mut connection = sqlx::PgConnection::connect_with(options).await?;
        let exists: bool =
            sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
                .bind(NAME)
                .fetch_one(&mut connection)
                .await?;
        if !exists {
            match sqlx::query("create database befriend")
                .execute(&mut connection)
                .await
            {
                // 42P04: another process was quicker.
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
                other => {
                    other?;
                }
            }
        }
        connection.close().await
    };
    run.await
        .map_err(|error: sqlx::Error| Error::Database(error.into()))
}
