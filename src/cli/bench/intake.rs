//! The measurement of event intake, from the brand that it makes to the report.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::current::{self, Prober};
use super::figures::{self, Figures};
use super::load::{self, Shape, Target};
use super::overload;
use super::raw::{self, Rows, Way};
use super::raw_store;
use super::story::{Story, Subjects};
use super::wire::Wire;
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::brand::{self, Brand};
use crate::cli::healthcheck;
use crate::cli::output::Output;
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::kernel::id::{KeyId, ProfileId};
use crate::key::grant::EVENTS_PER_SECOND_MAX;
use crate::key::{self, Grant, Presented};
use crate::postgres;
use crate::postgres::pool::Address;
use crate::setup;

/// The brand that is measured.
pub(super) const SLUG: &str = "befriend-bench";

const ONE: Shape = Shape {
    events: 1,
    subjects: Subjects::Spread,
};
const HUNDRED: Shape = Shape {
    events: 100,
    subjects: Subjects::Spread,
};
const ONE_PERSON: Shape = Shape {
    events: 1,
    subjects: Subjects::One,
};
/// People whose stages are asked for.
const PROBERS: usize = 4;

/// Measures how fast the running service takes events, beside its database with the same rows.
///
/// Start the service first, by the same settings. A brand `befriend-bench` and a schema
/// `befriend_bench` are made and removed; other brands are left alone, and are slower meanwhile.
#[derive(clap::Args)]
pub(super) struct Intake {
    /// Where the service listens: an address of this machine.
    #[arg(long, value_name = "ADDRESS:PORT")]
    address: Option<SocketAddr>,
    /// How many senders there are, each with one request under way.
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// How long each part lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How many people the events are about.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    people: u64,
    /// How often everything is measured; the medians are reported.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Measure these parts only.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// One event a request.
    Single,
    /// A hundred events a request.
    Batch,
    /// One event a request, all of one person.
    Hot,
    /// As fast as stages keep up, and how soon one is seen at half of that.
    Current,
    /// Ten times as much as can be taken.
    Overload,
}

const PARTS: [Part; 5] = [
    Part::Single,
    Part::Batch,
    Part::Hot,
    Part::Current,
    Part::Overload,
];

/// What is measured, and with what.
struct Bench {
    app: SharedApp,
    database: Address,
    brand: Brand,
    target: Arc<Target>,
    rows: Arc<Rows>,
    connections: usize,
    lasts: Duration,
    bar: ProgressBar,
}

impl Intake {
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
        raw_store::create_tables(&mut holding).await?;
        let bench = self.prepare(app, database, address, output).await?;
        bench.seed().await?;
        let parts = if self.only.is_empty() {
            PARTS.as_slice()
        } else {
            &self.only
        };
        let mut figures = Figures::default();
        for _ in 0..self.rounds {
            for part in parts {
                Box::pin(bench.part(*part, &mut figures)).await?;
            }
        }
        bench.bar.finish_and_clear();
        let (lines, goals) = (figures.lines(), figures.goals());
        let data = json!({
            "connections": self.connections, "seconds": self.seconds, "people": self.people,
            "rounds": self.rounds, "measured": lines, "goals": goals,
        });
        output.result(&data, &figures::in_words(&lines, &goals));
        Ok(())
    }

    async fn prepare(
        &self,
        app: &SharedApp,
        database: &Address,
        address: SocketAddr,
        output: Output,
    ) -> anyhow::Result<Bench> {
        let draft = brand::draft::Draft::parse(SLUG, "Measurement", "#444444")
            .map_err(|faults| anyhow::anyhow!("the brand to measure: {:?}", faults.list()))?;
        let (brand, _) = app.create_brand(Actor::Operator, draft, true).await?;
        let key = postgres::tx(&app.pool, async |conn| {
            let change = app.change(Actor::Operator);
            let kind = (key::Kind::Secret, "Measurement");
            // What is measured is the service, not the quota.
            let grant = Grant {
                events_per_second: Some(EVENTS_PER_SECOND_MAX),
                ..Grant::default()
            };
            setup::create_key_with(conn, change, brand.brand_id, kind, &grant).await
        })
        .await?;
        let now = app.clock.now();
        let [one, two, three, four] = app.entropy.bytes::<4>();
        let story = Arc::new(Story {
            run: format!("{one:02x}{two:02x}{three:02x}{four:02x}"),
            people: (0..self.people)
                .map(|_| ProfileId::new(now, &app.entropy))
                .collect(),
        });
        Ok(Bench {
            app: app.clone(),
            database: database.clone(),
            target: Arc::new(Target {
                address,
                key: key.expose(),
                story: Arc::clone(&story),
                next: AtomicU64::new(0),
            }),
            rows: Arc::new(Rows {
                brand_id: brand.brand_id,
                story,
                at: now,
                next: AtomicU64::new(0),
            }),
            brand,
            connections: usize::from(self.connections),
            lasts: Duration::from_secs(self.seconds),
            bar: progress_bar(output),
        })
    }
}

/// Where the service is ready, on this machine.
pub(super) async fn ready(
    config: &Config,
    given: Option<SocketAddr>,
) -> anyhow::Result<SocketAddr> {
    let address = given.unwrap_or_else(|| healthcheck::reachable(config.listen));
    if !address.ip().is_loopback() {
        bail!(
            "{address} is not an address of this machine alone: run the measurement beside the \
             service, with --address 127.0.0.1:{}",
            address.port()
        );
    }
    let ready = tokio::task::spawn_blocking(move || healthcheck::ask(address)).await?;
    if ready.ok().as_deref() != Some("200") {
        bail!("no service is ready on {address}: start it with `befriend serve`, then try again");
    }
    Ok(address)
}

pub(super) fn progress_bar(output: Output) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {elapsed}  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Removes what a measurement made, this one or one that was killed.
pub(super) async fn remove(app: &SharedApp, database: &Address) -> anyhow::Result<()> {
    let mut conn = database.connect().await?;
    raw_store::drop_tables(&mut conn).await?;
    let Some(brand) = brand::store::find_brand_by_slug(&mut conn, SLUG).await? else {
        return Ok(());
    };
    if !brand.is_demo {
        bail!("there is a brand {SLUG} that was not made for measuring: it is left alone");
    }
    current::settle(app, brand.brand_id).await?;
    for last in [false, false, true] {
        let removed = postgres::tx(&app.pool, async |conn| {
            raw_store::take_time(conn).await?;
            brand::store::delete_demo_brand(conn, brand.brand_id).await
        })
        .await;
        match removed {
            // The service worked out something of these people meanwhile.
            Err(error) if error.constraint().is_some() && !last => {}
            done => return Ok(done?),
        }
    }
    Ok(())
}

impl Bench {
    /// Tells of everybody once, so that what is measured is people who are known.
    async fn seed(&self) -> anyhow::Result<()> {
        self.bar.set_message("telling of the people");
        let story = &self.target.story;
        let mut wire = Wire::new(self.target.address);
        let (mut body, mut request) = (String::new(), Vec::new());
        let people: Vec<usize> = (0..story.people.len()).collect();
        for some in people.chunks(100) {
            body.clear();
            body.push_str(r#"{"batch":["#);
            for (place, person) in some.iter().enumerate() {
                if place > 0 {
                    body.push(',');
                }
                // From the far end of the numbers, which the measurement never comes to.
                let number = u64::MAX - u64::try_from(*person).unwrap_or(0);
                story.write(number, *person, &mut body);
            }
            body.push_str("]}");
            self.target.post("/v1/batch", &body, &mut request);
            let answer = wire.exchange(&request).await?;
            match answer.status {
                200 => {}
                401 => bail!(
                    "the service on {} does not know a key made just now: it runs on another \
                     database, so start it by the same settings",
                    self.target.address
                ),
                other => bail!("the service answered {other} to the first events"),
            }
        }
        current::settle(&self.app, self.brand.brand_id).await
    }

    async fn part(&self, part: Part, figures: &mut Figures) -> anyhow::Result<()> {
        match part {
            Part::Single => {
                self.database(figures, figures::RAW_INSERT, Way::Insert, self.connections)
                    .await?;
                self.service(figures, figures::SINGLE, ONE).await
            }
            Part::Batch => {
                let (way, many) = (Way::Copy(100), self.connections);
                self.database(figures, figures::RAW_COPY, way, many).await?;
                self.database(figures, figures::RAW_COPY_LARGE, Way::Copy(1_000), 2)
                    .await?;
                self.service(figures, figures::BATCH, HUNDRED).await
            }
            Part::Hot => {
                let (way, many) = (Way::InsertHot, self.connections);
                self.database(figures, figures::RAW_HOT, way, many).await?;
                self.service(figures, figures::HOT, ONE_PERSON).await
            }
            Part::Current => self.current(figures).await,
            Part::Overload => self.overload(figures).await,
        }
    }

    /// The database alone.
    async fn database(
        &self,
        figures: &mut Figures,
        name: &'static str,
        way: Way,
        connections: usize,
    ) -> anyhow::Result<()> {
        self.bar.set_message(name);
        current::settle(&self.app, self.brand.brand_id).await?;
        let rate = raw::drive(&self.database, &self.rows, way, connections, self.lasts).await?;
        figures.rate(name, rate);
        Ok(())
    }

    /// The service as fast as it answers.
    async fn service(
        &self,
        figures: &mut Figures,
        name: &'static str,
        shape: Shape,
    ) -> anyhow::Result<()> {
        self.bar.set_message(name);
        let load = load::drive(&self.target, shape, self.connections, self.lasts, None).await?;
        figures.rate(name, load.rate());
        figures.latency(name, &load.latency);
        self.bar.set_message("waiting until stages are current");
        current::settle(&self.app, self.brand.brand_id).await
    }

    async fn current(&self, figures: &mut Figures) -> anyhow::Result<()> {
        let way = Way::UnnestAndState(1_000);
        self.database(figures, figures::RAW_STATE, way, 1).await?;
        self.database(figures, figures::RAW_STATE_2, way, 2).await?;
        self.bar.set_message(figures::CURRENT);
        let brand_id = self.brand.brand_id;
        let target = (&self.target, HUNDRED, self.connections);
        let guess = figures.median(figures::RAW_STATE).unwrap_or(5_000.0) / 8.0;
        let (load, lag) = current::keep_up(&self.app, brand_id, target, self.lasts, guess).await?;
        figures.rate(figures::CURRENT, load.rate());
        figures.latency(figures::CURRENT, &load.latency);
        figures.rate(figures::CURRENT_LAG, lag);
        current::settle(&self.app, brand_id).await?;

        self.bar.set_message(figures::VISIBLE);
        let probers = self.probers().await?;
        let half = load.rate() / 2.0;
        let clock = &self.app.clock;
        let seen = current::visible(clock, target, probers, half, self.lasts).await?;
        figures.latency(figures::VISIBLE, &seen);
        current::settle(&self.app, brand_id).await
    }

    async fn probers(&self) -> anyhow::Result<Vec<Prober>> {
        let mut conn = self.app.pool.acquire().await?;
        let mut probers = Vec::with_capacity(PROBERS);
        for person in 0..PROBERS {
            let user_id = self.target.story.user_id(person);
            let found = raw_store::find_profile(&mut conn, self.brand.brand_id, &user_id).await?;
            let profile_id = found.context("everybody was told of")?;
            let profile_id = ProfileId::from_uuid(profile_id).to_string();
            probers.push(Prober {
                user_id,
                profile_id,
            });
        }
        Ok(probers)
    }

    async fn overload(&self, figures: &mut Figures) -> anyhow::Result<()> {
        self.bar.set_message(figures::OVERLOAD);
        let id = KeyId::new(self.app.clock.now(), &self.app.entropy);
        let unknown = Presented::generate(key::Kind::Secret, id, &self.app.entropy).expose();
        let target = (&self.target, HUNDRED, self.connections);
        let overload = overload::drive(target, &unknown, self.lasts).await?;
        figures.rate(figures::OVERLOAD, overload.load.rate());
        figures.latency(figures::OVERLOAD, &overload.load.latency);
        figures.latency(figures::REFUSED_429, &overload.load.refused);
        figures.latency(figures::REFUSED_503, &overload.load.unavailable);
        figures.latency(figures::REFUSED_401, &overload.unknown_key);
        figures.latency(figures::REFUSED_413, &overload.too_large);
        if let Some((before, most)) = overload.memory {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 bytes")]
            let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
            figures.rate(figures::MEMORY_BEFORE, mib(before));
            figures.rate(figures::MEMORY_AFTER, mib(most));
        }
        self.bar.set_message("waiting until stages are current");
        current::settle(&self.app, self.brand.brand_id).await
    }
}
