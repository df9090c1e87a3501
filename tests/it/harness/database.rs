//! A database per test, copied from a migrated template, on a private cluster that all test runs of
//! this checkout share.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use befriend::kernel::secret::sha256;
use befriend::postgres::migrate;
use befriend::postgres::pool::Address;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::sync::OnceCell;

/// Runs `befriend postgres` for as long as this process lives: it stops when its input closes.
struct Cluster {
    address: Address,
    _process: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COUNT: AtomicU64 = AtomicU64::new(1);

/// One test's database.
pub struct Database {
    address: Address,
    number: u64,
}

impl Database {
    /// An empty database with the present schema.
    pub async fn create() -> Self {
        let cluster = cluster();
        let template = TEMPLATE
            .get_or_init(|| make_template(&cluster.address))
            .await;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut admin = cluster.address.connect().await.unwrap();
        let sql = format!("create database {name} template {template}");
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
        admin.close().await.unwrap();
        Self {
            address: cluster.address.with_database(&name),
            number,
        }
    }

    /// A database without any table.
    pub async fn create_empty() -> Self {
        let cluster = cluster();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut admin = cluster.address.connect().await.unwrap();
        admin
            .execute(AssertSqlSafe(format!("create database {name}")))
            .await
            .unwrap();
        admin.close().await.unwrap();
        Self {
            address: cluster.address.with_database(&name),
            number,
        }
    }

    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Differs between the databases of one run; seeds a test's randomness.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        // Below the system's temporary folder, since the server may have to run as another user,
        // who must be able to pass through every folder above. One per checkout, kept between runs.
        let hash = sha256(env!("CARGO_TARGET_TMPDIR").as_bytes());
        let name = u64::from_le_bytes(hash[..8].try_into().unwrap());
        let folder: PathBuf = std::env::temp_dir().join(format!("befriend-tests-{name:016x}"));
        let mut process = Command::new(env!("CARGO_BIN_EXE_befriend"))
            .args(["postgres", "--json", "--data-dir"])
            .arg(&folder)
            .env_remove("DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("`befriend postgres` did not start; it said {line:?}"));
        let address = Address::parse(said["url"].as_str().unwrap()).unwrap();
        Cluster {
            address,
            _process: process,
        }
    })
}

/// Migrates a database once per schema and clears what earlier runs left behind.
async fn make_template(cluster: &Address) -> String {
    let mut admin = cluster.connect().await.unwrap();
    // Held until the connection closes: of several test runs at once, one makes the template.
    admin.execute("select pg_advisory_lock(42)").await.unwrap();
    drop_leftovers(&mut admin).await;
    let text: String = migration_texts().concat();
    let hash = u64::from_le_bytes(sha256(text.as_bytes())[..8].try_into().unwrap());
    let name = format!("template_{hash:016x}");
    let known: bool =
        sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await
            .unwrap();
    if !known {
        let draft = format!("{name}_draft");
        admin
            .execute(AssertSqlSafe(format!("drop database if exists {draft}")))
            .await
            .unwrap();
        admin
            .execute(AssertSqlSafe(format!("create database {draft}")))
            .await
            .unwrap();
        migrate::run(&cluster.with_database(&draft)).await.unwrap();
        let rename = format!("alter database {draft} rename to {name}");
        admin.execute(AssertSqlSafe(rename)).await.unwrap();
    }
    admin.close().await.unwrap();
    name
}

async fn drop_leftovers(admin: &mut befriend::postgres::PgConnection) {
    let names: Vec<String> =
        sqlx::query_scalar(r"select datname::text from pg_database where datname like 'test\_%'")
            .fetch_all(&mut *admin)
            .await
            .unwrap();
    for name in names {
        let owner = name.split('_').nth(1).unwrap();
        if !std::path::Path::new(&format!("/proc/{owner}")).exists() {
            let sql = format!("drop database if exists {name} with (force)");
            admin.execute(AssertSqlSafe(sql)).await.unwrap();
        }
    }
}

fn migration_texts() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}
