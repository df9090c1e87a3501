//! The CDNOW purchase history, by which such models are compared.
//!
//! The published parameters are those of a sample of 2,357 customers over 39 weeks. Which customers
//! those are follows from no rule that the master file would show (they are not every tenth), so
//! their ids are kept here; published summaries round weeks and dollars to two places.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use chrono::NaiveDate;

use crate::value::{History, Purchase, PurchaseModel, SpendModel, Spending};

const SAMPLE: &str = include_str!("cdnow_sample.txt");
const WEEK: f64 = 7.0;
/// The horizon of the published predictions.
const WEEKS_AHEAD: f64 = 39.0;

type Customers = BTreeMap<u32, Vec<Purchase>>;

/// Every customer's purchases by day; none, said loudly, where the file is not.
#[expect(
    clippy::disallowed_macros,
    reason = "whoever runs the tests must see what was not tested"
)]
fn customers() -> Option<Customers> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cdnow_master.txt.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("SKIPPED: the CDNOW history is not at {}", path.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let mut customers = Customers::new();
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [id, date, _, dollars] = words[..] else {
            continue;
        };
        let date = NaiveDate::parse_from_str(date, "%Y%m%d").unwrap();
        customers
            .entry(id.parse().unwrap())
            .or_default()
            .push(Purchase {
                period: date.to_epoch_days(),
                amount: Some(dollars.parse().unwrap()),
            });
    }
    assert_eq!(customers.len(), 23_570);
    Some(customers)
}

fn day(year: i32, month: u32, day: u32) -> i32 {
    NaiveDate::from_ymd_opt(year, month, day)
        .unwrap()
        .to_epoch_days()
}

fn rounded(value: f64) -> f64 {
    // Half cents are up, whatever the binary fraction makes of them.
    (value * 100.0 + 1e-6).round() / 100.0
}

/// The sample after 39 weeks, in weeks.
fn sample(customers: &Customers) -> Vec<(History, Option<Spending>)> {
    SAMPLE
        .split_whitespace()
        .map(|id| {
            let purchases = &customers[&id.parse().unwrap()];
            let (history, spent) = History::of(purchases, day(1997, 9, 30)).unwrap();
            (history.in_units_of(WEEK), spent)
        })
        .collect()
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < tolerance,
            "{found} is not {expected}"
        );
    }
}

fn parameters(model: &PurchaseModel) -> [f64; 4] {
    [model.r(), model.alpha(), model.a(), model.b()]
}

#[test]
fn the_samples_purchases_have_the_published_parameters() {
    let Some(customers) = customers() else { return };
    let histories: Vec<History> = sample(&customers).into_iter().map(|(one, _)| one).collect();
    assert_eq!(histories.len(), 2_357);
    assert_eq!(
        histories.iter().filter(|one| one.repeats() > 0).count(),
        946
    );

    let exact = PurchaseModel::fit(&histories).unwrap();
    let summary: Vec<History> = histories
        .iter()
        .map(|one| {
            let (recency, age) = (rounded(one.recency()), rounded(one.age()));
            History::new(one.repeats(), recency, age).unwrap()
        })
        .collect();
    let published = PurchaseModel::fit(&summary).unwrap();

    let expected = [0.242_59, 4.413_53, 0.792_89, 2.425_75];
    assert_near(&parameters(&exact.model), &expected, 1e-3);
    assert_near(&parameters(&published.model), &expected, 1e-5);
    // The paper's table 2.
    assert_near(&[published.log_likelihood], &[-9_582.4], 0.05);
    assert!(!exact.is_held);
}

#[test]
fn the_samples_spending_has_the_published_parameters() {
    let Some(customers) = customers() else { return };
    let spent: Vec<Spending> = sample(&customers)
        .into_iter()
        .filter_map(|(_, spent)| spent)
        .map(|one| Spending::new(one.periods, rounded(one.mean)).unwrap())
        .collect();
    assert_eq!(spent.len(), 946);

    let fit = SpendModel::fit(&spent).unwrap();

    let found = [fit.model.p(), fit.model.q(), fit.model.v()];
    assert_near(&found, &[6.248_80, 3.744_59, 15.447_75], 1e-4);
    let amounts = spent
        .iter()
        .map(|one| fit.model.expected_amount(Some(one)).unwrap());
    let mean = amounts.sum::<f64>() / 946.0;
    assert_near(&[mean], &[35.375_2], 1e-4);
    assert_near(&[fit.log_likelihood], &[-4.287_445_289 * 946.0], 1e-2);
}

#[test]
fn everybody_by_day_has_the_published_parameters() {
    let Some(customers) = customers() else { return };
    let histories: Vec<History> = customers
        .values()
        .map(|purchases| History::of(purchases, day(1998, 6, 30)).unwrap().0)
        .collect();

    let fit = PurchaseModel::fit(&histories).unwrap();

    let expected = [0.267_13, 41.905_4, 0.483_52, 2.111_61];
    assert_near(&parameters(&fit.model), &expected, 1e-3);
    assert_eq!(fit.customers, 23_570);
}

/// Calendar weeks (Monday to Sunday), cut off after 30 September 1997, predict the next 39 weeks.
#[test]
fn the_first_39_weeks_predict_the_next_as_published() {
    let Some(customers) = customers() else { return };
    let end = day(1997, 9, 30);
    // 1 January 1970 was a Thursday.
    let week = |day: i32| (day + 3).div_euclid(7);
    let histories: Vec<History> = customers
        .values()
        .map(|purchases| {
            let weeks: Vec<Purchase> = purchases
                .iter()
                .filter(|purchase| purchase.period <= end)
                .map(|purchase| Purchase {
                    period: week(purchase.period),
                    ..*purchase
                })
                .collect();
            History::of(&weeks, week(end)).unwrap().0
        })
        .collect();

    let model = PurchaseModel::fit(&histories).unwrap().model;
    let (mut predicted, mut bought, mut missed) = (0.0, 0.0, 0.0);
    for (history, purchases) in histories.iter().zip(customers.values()) {
        let mut later: Vec<i32> = purchases
            .iter()
            .map(|purchase| purchase.period)
            .filter(|period| *period > end)
            .collect();
        later.dedup();
        let later = f64::from(u32::try_from(later.len()).unwrap());
        let expected = model.expected_purchases(history, WEEKS_AHEAD);
        predicted += expected;
        bought += later;
        missed += (expected - later).abs();
    }

    assert_near(&[predicted], &[16_507.0], 0.5);
    assert_near(&[bought], &[19_684.0], 0.5);
    assert_near(&[missed / 23_570.0], &[0.831], 5e-4);
}
