//! How fast the stage engine folds, interprets and explains, on one core.
//!
//! `cargo bench --bench stage`

use std::hint::black_box;

use befriend::stage::{self, Act, Fact, Rules};
use chrono::{DateTime, TimeDelta, Utc};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// Acts of one profile in a fold: a customer of several years.
const ACTS: usize = 1_000;

struct Happening {
    at: DateTime<Utc>,
    id: String,
    name: &'static str,
    properties: Value,
}

/// A customer who looks around most days, buys now and then, and once in a while does more.
fn history() -> Vec<Happening> {
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    (0..ACTS)
        .map(|number| {
            let (name, properties) = match number % 40 {
                5 => (
                    "Order Completed",
                    json!({ "order_id": number.to_string(), "revenue": 50 }),
                ),
                9 => ("Product Reviewed", json!({ "rating": "5" })),
                13 => ("Order Delivered", json!({ "on_time": true })),
                17 => ("Invite Sent", json!({})),
                n if n % 3 == 0 => ("Signed In", json!({})),
                _ => (
                    "Product Viewed",
                    json!({ "product_id": "p1", "price": 12.5 }),
                ),
            };
            let hours = i64::try_from(number * 9).expect("a short history");
            Happening {
                at: start + TimeDelta::hours(hours),
                id: format!("node-next-1700000000000-{number:032x}"),
                name,
                properties,
            }
        })
        .collect()
}

fn fact(happening: &Happening) -> Fact<'_> {
    Fact {
        at: happening.at,
        source: "shop",
        message_id: &happening.id,
        name: happening.name,
        properties: &happening.properties,
        trusted: true,
        known_after: true,
        brand_initiated: false,
    }
}

fn engine(criterion: &mut Criterion) {
    let rules = Rules::default_rules();
    let history = history();
    let acts: Vec<Act<'_>> = history
        .iter()
        .map(|happening| stage::interpret(&rules, &fact(happening)))
        .collect();
    let until = history.last().expect("a history").at + TimeDelta::days(30);
    let outcome = stage::fold(&rules, &acts, None, until);

    let mut group = criterion.benchmark_group("stage");
    group.throughput(Throughput::Elements(u64::try_from(ACTS).expect("small")));
    group.bench_function("fold, per act", |bencher| {
        bencher.iter(|| stage::fold(&rules, black_box(&acts), None, until));
    });
    group.bench_function("interpret, per fact", |bencher| {
        bencher.iter(|| {
            for happening in &history {
                black_box(stage::interpret(&rules, &fact(black_box(happening))));
            }
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("advance by one act", |bencher| {
        let (last, earlier) = acts.split_last().expect("a history");
        let state = stage::fold(&rules, earlier, None, last.at).state;
        bencher.iter_batched(
            || (),
            |()| stage::advance(&rules, black_box(&state), &[*last], None, last.at),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("explain", |bencher| {
        bencher.iter(|| stage::explain(&rules, black_box(&outcome.state), until));
    });
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
