//! How fast the value model is fitted and applied, on one core.
//!
//! `cargo bench --bench value`. The CDNOW history is read from `../shared/data` where it is there;
//! otherwise as many customers are made up, and the name says so.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;

use befriend::value::{History, Purchase, PurchaseModel, SpendModel, Spending, ValueModel};
use chrono::NaiveDate;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The horizon of forecasts, in days.
const HORIZON_DAYS: f64 = 273.0;

fn cdnow() -> Option<Vec<Vec<Purchase>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cdnow_master.txt.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).ok()?)
        .read_to_string(&mut text)
        .ok()?;
    let mut customers: BTreeMap<u32, Vec<Purchase>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut words = line.split_whitespace();
        let (id, date) = (words.next()?, words.next()?);
        let amount = words.nth(1)?;
        let date = NaiveDate::parse_from_str(date, "%Y%m%d").ok()?;
        customers
            .entry(id.parse().ok()?)
            .or_default()
            .push(Purchase {
                period: date.to_epoch_days(),
                amount: amount.parse().ok(),
            });
    }
    Some(customers.into_values().collect())
}

/// As many customers, who differ in how often they come.
fn made_up() -> Vec<Vec<Purchase>> {
    let mut seed = 1_u64;
    let mut random = move |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((seed >> 33) % below).expect("a small figure")
    };
    (0..23_570)
        .map(|_| {
            let (mut day, pause) = (random(84), u64::try_from(10 + random(200)).unwrap_or(10));
            (0..=random(6))
                .map(|_| {
                    day += 1 + random(pause);
                    Purchase {
                        period: day,
                        amount: Some(f64::from(10 + random(60))),
                    }
                })
                .collect()
        })
        .collect()
}

fn value(criterion: &mut Criterion) {
    let real = cdnow();
    let name = if real.is_some() { "CDNOW" } else { "made up" };
    let customers = real.unwrap_or_else(made_up);
    let end = customers
        .iter()
        .flatten()
        .map(|purchase| purchase.period)
        .max()
        .expect("customers");
    let summarise = || -> Vec<(History, Option<Spending>)> {
        let summaries = customers.iter();
        summaries
            .filter_map(|purchases| History::of(purchases, end))
            .collect()
    };
    let known = summarise();
    let histories: Vec<History> = known.iter().map(|(history, _)| *history).collect();
    let spent: Vec<Spending> = known.iter().filter_map(|(_, spent)| *spent).collect();
    let model = ValueModel {
        purchases: PurchaseModel::fit(&histories).expect("a fit").model,
        spending: Some(SpendModel::fit(&spent).expect("a fit").model),
    };

    let mut group = criterion.benchmark_group(format!("value, {name}"));
    group.sample_size(20);
    group.bench_function("summaries of all customers", |bencher| {
        bencher.iter(|| black_box(summarise()));
    });
    group.bench_function("BG/NBD fit of all customers", |bencher| {
        bencher.iter(|| PurchaseModel::fit(black_box(&histories)));
    });
    group.bench_function("Gamma-Gamma fit of repeat buyers", |bencher| {
        bencher.iter(|| SpendModel::fit(black_box(&spent)));
    });
    group.throughput(Throughput::Elements(
        u64::try_from(known.len()).expect("few"),
    ));
    group.bench_function("forecasts, per customer", |bencher| {
        bencher.iter(|| -> f64 {
            let forecasts = known
                .iter()
                .map(|(history, spent)| model.forecast(history, spent.as_ref(), HORIZON_DAYS));
            forecasts.map(|forecast| forecast.purchases).sum()
        });
    });
    group.finish();
}

criterion_group!(benches, value);
criterion_main!(benches);
