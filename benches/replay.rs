//! How fast everybody's events become standings, on a database of its own.
//!
//! `cargo bench --bench replay` runs a small one, so that it ends soon. The figures of
//! docs/benchmarks.md come from `BEFRIEND_BENCH_EVENTS=10000000 cargo bench --bench replay`, which
//! needs ten gigabytes below the temporary folder (`TMPDIR`) and removes them.
//!
//! Writing takes long. With `BEFRIEND_BENCH_GATE=FILE` the measurement begins once that file is there,
//! so that a machine need be quiet for no longer than it must.
//!
//! Beside the time stand the seconds that processors worked for it, this process's and PostgreSQL's:
//! they mean the same on a machine that is busy with other things.
//!
//! In one run: the events are written as they would have arrived (in order of time, each of a person
//! drawn at random, so that a person's events lie as far apart as they can); all are read once by
//! COPY and thrown away, which is the measure; then everybody is replayed from nothing, compared
//! with what is stored, and replayed again where nothing differs.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program of its own: it takes its size from the environment and prints what it measured"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use befriend::kernel::id::{BrandId, ProfileId};
use befriend::kernel::{Clock, Entropy};
use befriend::postgres::embedded::Cluster;
use befriend::postgres::{Pool, migrate};
use befriend::projection::{Mode, Projector, ensure_default};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use sqlx::AssertSqlSafe;

/// Events of a run that nobody asked to be large.
const EVENTS: u64 = 20_000;
const EVENTS_PER_PERSON: u64 = 20;
/// Time from the first event to the last.
const SPAN: TimeDelta = TimeDelta::days(730);
/// Bytes sent to the database at once.
const CHUNK: usize = 1 << 20;
const CONNECTIONS: u32 = 8;

fn main() {
    let events = std::env::var("BEFRIEND_BENCH_EVENTS")
        .ok()
        .map_or(EVENTS, |text| text.parse().expect("a number of events"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run(events));
}

async fn run(events: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    open_to_others(folder.path());
    let cluster = Cluster::start(folder.path())
        .await
        .expect("a private cluster");
    migrate::run(cluster.address()).await.expect("the schema");
    let world = World::new(cluster.address().pool(CONNECTIONS), events);

    let started = Instant::now();
    world.fill().await;
    println!(
        "{events} events of {} people written in {:.1} s; load average {}",
        world.people,
        started.elapsed().as_secs_f64(),
        std::fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim()
    );
    wait_at_gate();
    let watch = Watch::begin(folder.path());
    let read = world.measure("read by COPY, thrown away", &watch, None, world.read_all());
    let read = read.await;
    let from_nothing = world.replay(Mode::Rewrite);
    let label = "replay from no standings";
    world.measure(label, &watch, Some(read), from_nothing).await;
    let check = world.replay(Mode::Check);
    let label = "compare with what is stored";
    world.measure(label, &watch, Some(read), check).await;
    let again = world.replay(Mode::Rewrite);
    let label = "replay where nothing differs";
    world.measure(label, &watch, Some(read), again).await;
    watch.end();
    world.pool.close().await;
    cluster.stop().await;
}

/// Waits for the file that says that the measurement may begin, if one is asked for.
fn wait_at_gate() {
    let Some(gate) = std::env::var_os("BEFRIEND_BENCH_GATE") else {
        return;
    };
    let gate = Path::new(&gate);
    while !gate.exists() {
        std::thread::sleep(Duration::from_millis(100));
    }
    println!(
        "the gate is open; load average {}",
        std::fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim()
    );
}

/// The server may have to run as another user, who must be able to reach its folder.
fn open_to_others(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .expect("a folder of our own");
}

struct World {
    pool: Pool,
    brand_id: BrandId,
    projector: Projector,
    start: DateTime<Utc>,
    events: u64,
    people: u64,
    ids: Vec<ProfileId>,
}

impl World {
    fn new(pool: Pool, events: u64) -> Self {
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(19_700);
        let entropy = Entropy::seeded(7);
        let people = (events / EVENTS_PER_PERSON).max(1);
        let clock = Clock::frozen(start + SPAN + TimeDelta::days(1));
        Self {
            brand_id: BrandId::new(start, &entropy),
            projector: Projector::new(pool.clone(), clock, Entropy::system()),
            ids: (0..people)
                .map(|_| ProfileId::new(start, &entropy))
                .collect(),
            pool,
            start,
            events,
            people,
        }
    }

    /// Writes the brand, its people and their events, the indexes last, as a restored backup is.
    async fn fill(&self) {
        sqlx::query(
            "insert into brand (brand_id, slug, name, created_at) values ($1, 'b', 'b', $2)",
        )
        .bind(self.brand_id.uuid())
        .bind(self.start)
        .execute(&self.pool)
        .await
        .expect("a brand");
        let mut conn = self.pool.acquire().await.expect("a connection");
        ensure_default(&mut conn, self.brand_id, self.start, &Entropy::system())
            .await
            .expect("rules");
        drop(conn);
        let people = self.ids.iter().map(|id| {
            format!(
                "{}\t{id}\tactive\t{start}\t{start}\t{start}\n",
                self.brand_id.uuid(),
                id = id.uuid(),
                start = self.start.to_rfc3339()
            )
        });
        self.copy_in(
            "profile (brand_id, profile_id, status, known_since, created_at, last_seen_at)",
            people,
        )
        .await;
        let indexes = self.drop_indexes().await;
        self.copy_in(
            "event (brand_id, message_id, profile_id, kind, name, trusted, identifies, event_time,
                    received_at, payload, payload_hash)",
            (0..self.events).map(|number| self.event(number)),
        )
        .await;
        for index in indexes {
            self.execute(index).await;
        }
        self.execute(String::from("vacuum analyze")).await;
    }

    /// Drops the indexes of the events and returns the statements that make them again.
    async fn drop_indexes(&self) -> Vec<String> {
        let names: Vec<(String, String)> = sqlx::query_as(
            "select indexname::text, indexdef from pg_indexes
             where tablename = 'event' and indexname <> 'event_pkey'",
        )
        .fetch_all(&self.pool)
        .await
        .expect("the indexes");
        let mut made = vec![String::from(
            "alter table event add constraint event_pkey primary key (brand_id, message_id)",
        )];
        self.execute(String::from("alter table event drop constraint event_pkey"))
            .await;
        for (name, definition) in names {
            self.execute(format!("drop index {name}")).await;
            made.push(definition);
        }
        made
    }

    async fn execute(&self, sql: String) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        sqlx::raw_sql("set statement_timeout = 0; set maintenance_work_mem = '512MB'")
            .execute(&mut *conn)
            .await
            .expect("no limit");
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *conn)
            .await
            .expect("a statement");
        conn.detach();
    }

    async fn copy_in(&self, target: &str, rows: impl Iterator<Item = String>) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        sqlx::raw_sql("set statement_timeout = 0")
            .execute(&mut *conn)
            .await
            .expect("no limit");
        let sql = format!("copy {target} from stdin");
        let mut copy = conn.copy_in_raw(&sql).await.expect("a table to copy into");
        let mut chunk = String::with_capacity(2 * CHUNK);
        for row in rows {
            chunk.push_str(&row);
            if chunk.len() >= CHUNK {
                copy.send(chunk.as_bytes()).await.expect("rows");
                chunk.clear();
            }
        }
        copy.send(chunk.as_bytes()).await.expect("rows");
        copy.finish().await.expect("rows");
        drop(conn.detach());
    }

    /// One event as a row of COPY's text.
    fn event(&self, number: u64) -> String {
        let person = self.ids[usize::try_from(scatter(number) % self.people).expect("few people")];
        let span = u64::try_from(SPAN.num_milliseconds()).expect("a span");
        let share = u128::from(number) * u128::from(span) / u128::from(self.events);
        let at = self.start + TimeDelta::milliseconds(i64::try_from(share).expect("a span"));
        let dice = scatter(number ^ 0x5eed);
        let (name, properties) = match dice % 20 {
            0 | 1 => (
                "Order Completed",
                format!(
                    r#"{{"order_id": "{number}", "revenue": {}, "discount": {}, "currency": "EUR"}}"#,
                    dice % 90,
                    dice % 7
                ),
            ),
            2 => (
                "Product Reviewed",
                format!(
                    r#"{{"rating": {}, "product_id": "p{}"}}"#,
                    dice % 6,
                    dice % 500
                ),
            ),
            3 => ("Order Delivered", String::from(r#"{"on_time": true}"#)),
            4 => ("Invite Sent", String::from("{}")),
            5..=9 => ("Signed In", String::from("{}")),
            _ => (
                "Product Viewed",
                format!(
                    r#"{{"product_id": "p{}", "price": 12.5, "category": "bread", "name": "Rye, dark"}}"#,
                    dice % 500
                ),
            ),
        };
        let mut row = String::with_capacity(640);
        let (id, at) = (person.uuid(), at.to_rfc3339());
        writeln!(
            row,
            "{}\tnode-next-{number:020}-{dice:016x}\t{id}\ttrack\t{name}\tt\tf\t{at}\t{at}\t\
             {{\"properties\": {properties}, \"context\": {{\"page\": {{\"url\": \
             \"https://shop.example/products/{}\", \"title\": \"Bread\"}}, \"userAgent\": \
             \"Mozilla/5.0 (X11; Linux x86_64)\", \"locale\": \"de-DE\"}}}}\t\\\\x{dice:064x}",
            self.brand_id.uuid(),
            dice % 500,
        )
        .expect("text");
        row
    }

    /// Reads what a replay needs of each event, in the order in which it lies there.
    async fn read_all(&self) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        sqlx::raw_sql("set statement_timeout = 0")
            .execute(&mut *conn)
            .await
            .expect("no limit");
        let mut conn = conn.detach();
        let mut rows = conn
            .copy_out_raw(
                "copy (select profile_id, message_id, name, trusted, identifies, event_time,
                              payload -> 'properties' from event) to stdout binary",
            )
            .await
            .expect("the events");
        let mut bytes = 0;
        while let Some(chunk) = rows.next().await {
            bytes += chunk.expect("the events").len();
        }
        assert!(bytes > 0, "there is something to read");
    }

    async fn replay(&self, mode: Mode) {
        let report = self
            .projector
            .replay(self.brand_id, mode, |_| ())
            .await
            .expect("a replay");
        assert_eq!(report.people, self.people, "{report:?}");
        assert_eq!(report.events, self.events, "{report:?}");
        assert_eq!(report.differing, 0, "{:#?}", report.differences);
    }

    /// Runs a part and prints what it took. Returns its seconds.
    async fn measure(
        &self,
        label: &str,
        watch: &Watch,
        beside: Option<f64>,
        part: impl Future<Output = ()>,
    ) -> f64 {
        watch.forget();
        let started = Instant::now();
        let (own, servers) = (own_ticks(), server_ticks(&watch.cluster));
        part.await;
        let seconds = started.elapsed().as_secs_f64();
        let own = (own_ticks() - own) / TICKS_PER_SECOND;
        let servers = (server_ticks(&watch.cluster) - servers) / TICKS_PER_SECOND;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = self.events as f64 / seconds;
        let ratio = beside.map_or(String::new(), |read| {
            format!(", {:.1} times as long as reading", seconds / read)
        });
        println!(
            "{label}: {seconds:.2} s, {rate:.0} events/s{ratio}; processors worked {own:.1} s here and \
             {servers:.1} s in PostgreSQL; peak memory {} MiB, and {} MiB of PostgreSQL's processes \
             beside its shared buffers",
            kib_of("/proc/self/status", "VmHWM:") / 1024,
            watch.peak.load(Ordering::Relaxed) / 1024,
        );
        seconds
    }
}

/// Spreads numbers evenly (the finaliser of splitmix64).
fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Watches the memory of the server's processes.
struct Watch {
    cluster: PathBuf,
    peak: Arc<std::sync::atomic::AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn begin(data_dir: &Path) -> Self {
        let cluster = data_dir.join("postgres");
        let file = cluster.clone();
        let peak = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, ended) = (Arc::clone(&peak), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                seen.fetch_max(server_kib(&file), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Self {
            cluster,
            peak,
            stop,
            thread,
        }
    }

    /// Forgets the peaks so far, of the server and of this process.
    fn forget(&self) {
        self.peak.store(0, Ordering::Relaxed);
        // Linux forgets the peak of a process that writes 5 here.
        drop(std::fs::write("/proc/self/clear_refs", "5"));
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.thread.join());
    }
}

/// Private memory of all processes that work in this cluster, in KiB.
fn server_kib(cluster: &Path) -> u64 {
    let folders = server_processes(cluster).into_iter();
    folders
        .map(|folder| kib_of(&folder.join("status").to_string_lossy(), "RssAnon:"))
        .sum()
}

fn server_processes(cluster: &Path) -> Vec<PathBuf> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let is_ours = |folder: &PathBuf| {
        std::fs::read_link(folder.join("cwd")).is_ok_and(|cwd| cwd.starts_with(cluster))
    };
    let folders = processes.flatten().map(|process| process.path());
    folders.filter(is_ours).collect()
}

/// Linux counts processor time in hundredths of a second, whatever its kernel's clock.
const TICKS_PER_SECOND: f64 = 100.0;

fn own_ticks() -> f64 {
    ticks(Path::new("/proc/self"), 11..13)
}

/// Of the server's processes that live, and of those that have ended.
fn server_ticks(cluster: &Path) -> f64 {
    let folders = server_processes(cluster);
    folders.iter().map(|folder| ticks(folder, 11..15)).sum()
}

/// The sum of fields of a process's `stat`, counted from the one after its name.
fn ticks(process: &Path, fields: std::ops::Range<usize>) -> f64 {
    let text = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let words: Vec<&str> = rest.split_whitespace().collect();
    let wanted = words.get(fields).unwrap_or_default();
    wanted
        .iter()
        .filter_map(|word| word.parse::<f64>().ok())
        .sum()
}

fn kib_of(status: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
