//! The measurement of signing in by password, beside what the processors hash alone.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use indicatif::ProgressBar;
use serde_json::json;

use super::crowd::Crowd;
use super::figures::{self, Figures, Goal};
use super::intake::{SLUG, progress_bar, ready, remove};
use super::{hashing, raw_store};
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::brand::{self, ways::Ways};
use crate::cli::output::Output;
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::postgres::pool::Address;

const RAW: &str = "argon2id alone, on every core";
const SIGN_INS: &str = "service: sign-ins by password";
const FLOOD: &str = "service: sign-ins by password over ten times the connections";
const BUSY: &str = "service: answer 503 meanwhile";
const LIMITED: &str = "service: answer 429 meanwhile";
const CHECK_IDLE: &str = "service: signed-in page, with nothing else going on";
const CHECK_FLOOD: &str = "service: signed-in page, in the flood";

/// Browsers that look at the page of somebody signed in, and how often each does.
const CHECKERS: usize = 4;
const CHECK_EVERY: Duration = Duration::from_millis(20);
/// Sign-ins begun for each that the processors could hash.
const BEGUN_PER_HASH: f64 = 1.3;
/// And for each connection of a flood, since what is refused has to be begun again.
const BEGUN_PER_FLOODER: usize = 60;

/// Measures how many sign-ins by password the running service takes, beside the hash alone, and
/// what a flood of them does to those who are signed in.
///
/// Start the service first, by the same settings. A brand `befriend-bench` is made and removed.
#[derive(clap::Args)]
pub(super) struct SignIn {
    /// Where the service listens: an address of this machine.
    #[arg(long, value_name = "ADDRESS:PORT")]
    address: Option<SocketAddr>,
    /// How many browsers sign in, each with one request under way; four for each core if not given.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: Option<u16>,
    /// How long each part lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=120))]
    seconds: u64,
    /// How many people there are.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(100..=10_000))]
    people: u16,
    /// How often everything is measured; the medians are reported.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
}

/// What every part is measured with.
struct Bench {
    crowd: Arc<Crowd>,
    cores: usize,
    connections: usize,
    lasts: Duration,
    bar: ProgressBar,
}

impl SignIn {
    pub(super) async fn run(self, config: Config, output: Output) -> anyhow::Result<ExitCode> {
        let address = ready(&config, self.address).await?;
        let runtime = Runtime::start(config).await?;
        let app = runtime.app.clone();
        let database = runtime.database.address().clone();
        let done = tokio::select! {
            done = self.measure(&app, &database, address, output) => done,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        };
        let removed = remove(&app, &database).await;
        runtime.close().await;
        done?;
        removed?;
        Ok(ExitCode::SUCCESS)
    }

    async fn measure(
        &self,
        app: &SharedApp,
        database: &Address,
        address: SocketAddr,
        output: Output,
    ) -> anyhow::Result<()> {
        let mut holding = database.connect().await?;
        if !raw_store::try_hold(&mut holding).await? {
            bail!("another measurement is under way on this database");
        }
        remove(app, database).await?;
        let draft = brand::draft::Draft::parse(SLUG, "Measurement", "#444444")
            .map_err(|faults| anyhow::anyhow!("the brand to measure: {:?}", faults.list()))?;
        let (brand, _) = app.create_brand(Actor::Operator, draft, true).await?;
        let ways = Ways { passwords: true };
        let mut conn = app.pool.acquire().await?;
        brand::ways_store::upsert_ways(&mut conn, brand.brand_id, ways, app.clock.now()).await?;
        drop(conn);
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let bench = Bench {
            crowd: Arc::new(Crowd::make(app, &brand, address, usize::from(self.people)).await?),
            cores,
            connections: self.connections.map_or(cores * 4, usize::from),
            lasts: Duration::from_secs(self.seconds),
            bar: progress_bar(output),
        };
        // Connections, plans and caches are there before anything is measured.
        let warm = Duration::from_secs(1);
        bench
            .crowd
            .sign_in(bench.connections, warm, 50 * cores)
            .await?;
        let mut figures = Figures::default();
        for _ in 0..self.rounds {
            bench.round(&mut figures).await?;
        }
        bench.bar.finish_and_clear();
        let (lines, goals) = (figures.lines(), goals(&figures));
        let data = json!({
            "connections": bench.connections, "cores": cores, "seconds": self.seconds,
            "people": self.people, "rounds": self.rounds, "measured": lines, "goals": goals,
        });
        output.result(&data, &figures::in_words(&lines, &goals));
        Ok(())
    }
}

impl Bench {
    async fn round(&self, figures: &mut Figures) -> anyhow::Result<()> {
        self.bar.set_message(CHECK_IDLE);
        let idle = self.crowd.check(CHECKERS, CHECK_EVERY, self.lasts).await?;
        figures.latency(CHECK_IDLE, &idle);

        self.bar.set_message(RAW);
        let (cores, lasts) = (self.cores, self.lasts);
        let raw = tokio::task::spawn_blocking(move || hashing::drive(cores, lasts)).await??;
        figures.rate(RAW, raw);

        self.bar.set_message(SIGN_INS);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of sign-ins from zero up"
        )]
        let begun = (raw * lasts.as_secs_f64() * BEGUN_PER_HASH) as usize + self.connections;
        let load = self.crowd.sign_in(self.connections, lasts, begun).await?;
        figures.rate(SIGN_INS, load.rate());
        figures.latency(SIGN_INS, &load.latency);

        self.bar.set_message(FLOOD);
        let many = self.connections * 10;
        let seconds = usize::try_from(lasts.as_secs()).unwrap_or(1);
        let begun = begun + many * BEGUN_PER_FLOODER * seconds;
        let flood = self.crowd.sign_in(many, lasts, begun);
        let checks = async {
            // The flood begins its sign-ins first; only what happens while it lasts is measured.
            self.crowd.flooded().await;
            self.crowd.check(CHECKERS, CHECK_EVERY, lasts).await
        };
        let (flood, checks) = tokio::try_join!(flood, checks)?;
        figures.rate(FLOOD, flood.rate());
        figures.latency(FLOOD, &flood.latency);
        figures.latency(BUSY, &flood.busy);
        figures.latency(LIMITED, &flood.limited);
        figures.latency(CHECK_FLOOD, &checks);
        Ok(())
    }
}

fn goals(figures: &Figures) -> Vec<Goal> {
    let ratio = || {
        let figure = figures.median(SIGN_INS)? / figures.median(RAW)?;
        Some(Goal {
            number: 9,
            what: "sign-ins by password over argon2id alone",
            figure,
            unit: "times",
            wanted: "at least 0.95",
            met: figure >= 0.95,
        })
    };
    let slower = || {
        let figure = figures.middle(CHECK_FLOOD)?.p99_ms / figures.middle(CHECK_IDLE)?.p99_ms;
        Some(Goal {
            number: 11,
            what: "signed-in page in a flood over idle, p99",
            figure,
            unit: "times",
            wanted: "at most 2",
            met: figure <= 2.0,
        })
    };
    [ratio(), slower()].into_iter().flatten().collect()
}
