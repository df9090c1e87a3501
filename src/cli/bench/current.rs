//! The fastest that events can come while stages keep up, and how soon a stage is seen at half of it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::figures::Latency;
use super::load::{self, Load, Pace, Shape, Target};
use super::raw_store;
use super::wire::Wire;
use crate::app::SharedApp;
use crate::kernel::Clock;
use crate::kernel::id::BrandId;

/// The lag at which the pace slows down, and the one below which it quickens: well below what is
/// allowed, so that it is not exceeded in between.
const LAG_HIGH: f64 = 1.2;
const LAG_LOW: f64 = 0.7;
/// How long it takes until a slower pace shows in the lag.
const TELLING: Duration = Duration::from_millis(1_500);
/// How often the lag is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long the pace may look for itself before it is measured, at least.
const SEARCH_MIN: Duration = Duration::from_secs(10);
/// How often a stage is asked for until it is there.
const ASK_PAUSE: Duration = Duration::from_millis(2);
/// After which it counts as lost.
const ASK_MAX: Duration = Duration::from_secs(30);

/// How old the oldest event is that no stage shows yet, in seconds.
async fn lag(app: &SharedApp, brand_id: BrandId) -> anyhow::Result<f64> {
    let mut conn = app.pool.acquire().await?;
    let oldest = raw_store::oldest_waiting(&mut conn, brand_id).await?;
    let age = |oldest: DateTime<Utc>| (app.clock.now() - oldest).as_seconds_f64().max(0.0);
    Ok(oldest.map_or(0.0, age))
}

/// Waits until nothing waits any more.
pub(super) async fn settle(app: &SharedApp, brand_id: BrandId) -> anyhow::Result<()> {
    const WAIT_MAX: Duration = Duration::from_mins(5);
    let started = Instant::now();
    while lag(app, brand_id).await? > 0.0 {
        if started.elapsed() > WAIT_MAX {
            bail!("stages are not current after {} s", WAIT_MAX.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Sends as fast as stages keep up; returns the load of the measured stretch and the longest lag in
/// it.
pub(super) async fn keep_up(
    app: &SharedApp,
    brand_id: BrandId,
    (target, shape, connections): (&Arc<Target>, Shape, usize),
    lasts: Duration,
    first_guess: f64,
) -> anyhow::Result<(Load, f64)> {
    let pace = Pace::new(rounded(first_guess));
    let (longest, mut slowed) = (Cell::new(0.0_f64), None::<Instant>);
    let steering = async {
        loop {
            let lag = lag(app, brand_id).await?;
            longest.set(longest.get().max(lag));
            // What was sent before the pace slowed down is behind for a while yet.
            let is_told = slowed.is_none_or(|at| at.elapsed() > TELLING);
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 events")]
            let rate = pace.rate() as f64;
            if lag > LAG_HIGH && is_told {
                pace.set(rounded(rate * 0.75));
                slowed = Some(Instant::now());
            } else if lag < LAG_LOW {
                pace.set(rounded(rate * 1.03));
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    // Both stretches are steered; only the second is measured, and it begins as the first ends.
    let driving = async |lasts| load::drive(target, shape, connections, lasts, Some(&pace)).await;
    tokio::pin!(steering);
    let mut measured = None;
    for lasts in [lasts.max(SEARCH_MIN), lasts] {
        longest.set(lag(app, brand_id).await?);
        tokio::select! {
            load = driving(lasts) => measured = Some(load?),
            ended = &mut steering => {
                let ended: anyhow::Result<()> = ended;
                ended?;
                bail!("the lag is no longer watched");
            }
        }
    }
    let load = measured.context("the stretch was measured")?;
    Ok((load, longest.get()))
}

fn rounded(rate: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "far below 2^53 events, and at least one"
    )]
    let rate = rate.max(1.0) as u64;
    rate
}

/// Somebody whose stage is asked for again and again.
pub(super) struct Prober {
    pub(super) user_id: String,
    pub(super) profile_id: String,
}

/// Sends single orders of probers while `target` is driven at `rate`, and measures from the answer
/// 200 to the first answer that shows the order in the person's standing.
pub(super) async fn visible(
    clock: &Clock,
    (target, shape, connections): (&Arc<Target>, Shape, usize),
    probers: Vec<Prober>,
    rate: f64,
    lasts: Duration,
) -> anyhow::Result<Latency> {
    let pace = Pace::new(rounded(rate));
    let mut tasks = JoinSet::new();
    let until = Instant::now() + lasts;
    for prober in probers {
        let (target, clock) = (Arc::clone(target), clock.clone());
        tasks.spawn(async move { probe(&target, &clock, &prober, until).await });
    }
    let load = load::drive(target, shape, connections, lasts, Some(&pace)).await;
    let mut all = Latency::default();
    while let Some(done) = tasks.join_next().await {
        all.merge(done.context("a prober broke")??);
    }
    load?;
    Ok(all)
}

async fn probe(
    target: &Target,
    clock: &Clock,
    prober: &Prober,
    until: Instant,
) -> anyhow::Result<Latency> {
    let mut wire = Wire::new(target.address);
    let mut seen = Latency::default();
    let mut request = Vec::new();
    let ask = target.get(&format!("/api/v1/profiles/{}/standing", prober.profile_id));
    let mut number = 0_u32;
    while Instant::now() < until {
        number += 1;
        let at = clock.now().trunc_subsecs(3);
        let body = json!({
            "type": "track", "event": "Order Completed", "userId": prober.user_id,
            "messageId": format!("{}-probe-{number}", prober.user_id), "timestamp": at,
            "properties": { "order_id": format!("{}-{number}", prober.user_id), "revenue": 12 },
        });
        target.post("/v1/track", &body.to_string(), &mut request);
        if wire.exchange(&request).await?.status != 200 {
            continue;
        }
        let stored = Instant::now();
        loop {
            let answer = wire.exchange(&ask).await?;
            let shown = match answer.status {
                200 => last_act(answer.body)?,
                404 => None,
                other => bail!("the API answered {other} about a standing"),
            };
            if shown.is_some_and(|shown| shown >= at) {
                seen.add(stored.elapsed());
                break;
            }
            if stored.elapsed() > ASK_MAX {
                bail!("a stage was not there after {} s", ASK_MAX.as_secs());
            }
            tokio::time::sleep(ASK_PAUSE).await;
        }
    }
    Ok(seen)
}

fn last_act(body: &[u8]) -> anyhow::Result<Option<DateTime<Utc>>> {
    let body: Value = serde_json::from_slice(body).context("read a standing")?;
    Ok(serde_json::from_value(body["last_act"].clone())?)
}
