//! From published parameters to predictions: these need no data.
//!
//! Parameters are those of the paper's table 2 (CDNOW, weeks), with the digits that the reference
//! implementation (Python's `lifetimes` 0.11.3) gives; its predictions are the expected ones.

use crate::value::{History, PurchaseModel, SpendModel, Spending, ValueModel};

/// What predictions may differ by.
const TOLERANCE: f64 = 1e-6;

fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < TOLERANCE,
        "{found} is not {expected}"
    );
}

fn weekly() -> PurchaseModel {
    PurchaseModel::new(
        0.242_592_928_279_822,
        4.413_532_265_271_825,
        0.792_885_966_440_675_8,
        2.425_752_382_625_813_4,
    )
    .unwrap()
}

fn dollars() -> SpendModel {
    SpendModel::new(
        6.248_802_496_075_072,
        3.744_588_460_923_138,
        15.447_748_064_929_88,
    )
    .unwrap()
}

#[test]
fn the_chance_of_being_active_and_the_orders_to_come_are_the_published_ones() {
    let model = weekly();
    // Repeats, last and first purchase in weeks; P(alive); orders expected in 1, 39 and 520 weeks.
    let table = [
        (
            2,
            30.43,
            38.86,
            0.726_609_136_8,
            [0.037_443_193_3, 1.225_910_424_2, 7.319_496_851_8],
        ),
        (
            10,
            36.0,
            38.86,
            0.877_352_344_8,
            [0.206_065_083_3, 6.384_978_036_7, 33.315_976_516_2],
        ),
        (
            10,
            5.0,
            38.86,
            2.361_920e-6,
            [5.547_5e-7, 1.718_900_1e-5, 8.968_994_8e-5],
        ),
        (
            0,
            0.0,
            38.86,
            1.0,
            [0.005_586_351_3, 0.194_780_857_9, 1.462_405_212_3],
        ),
        (
            1,
            1.71,
            38.86,
            0.212_227_388_1,
            [0.006_064_650_6, 0.203_250_624_3, 1.307_999_421_6],
        ),
        (
            29,
            38.0,
            38.86,
            0.955_227_599_4,
            [0.640_026_195_6, 19.453_012_968_2, 97.929_345_609],
        ),
        (
            3,
            10.0,
            20.0,
            0.502_691_655_9,
            [0.066_040_431_6, 1.913_181_246_7, 9.105_463_627_6],
        ),
    ];

    for (repeats, recency, age, alive, purchases) in table {
        let history = History::new(repeats, recency, age).unwrap();

        close(model.probability_alive(&history), alive);
        for (time, expected) in [1.0, 39.0, 520.0].into_iter().zip(purchases) {
            close(model.expected_purchases(&history, time), expected);
        }
    }
}

#[test]
fn a_chance_in_half_a_million_keeps_its_figures() {
    let history = History::new(10, 5.0, 38.86).unwrap();

    let alive = weekly().probability_alive(&history);

    assert!(
        (alive / 2.361_920_460_575_664e-6 - 1.0).abs() < 1e-9,
        "{alive}"
    );
}

#[test]
fn amounts_are_the_published_ones() {
    let model = dollars();
    let table = [
        (None, 35.171_002_152_5),
        (Spending::new(1, 12.0), 19.071_288_843_1),
        (Spending::new(2, 22.35), 24.658_616_189_2),
        (Spending::new(10, 80.0), 78.113_870_597),
    ];

    for (spent, expected) in table {
        close(model.expected_amount(spent.as_ref()).unwrap(), expected);
    }
}

#[test]
fn value_is_orders_times_amount() {
    let model = ValueModel {
        purchases: weekly(),
        spending: Some(dollars()),
    };
    let history = History::new(2, 30.43, 38.86).unwrap();

    let forecast = model.forecast(&history, Spending::new(2, 22.35).as_ref(), 39.0);

    close(forecast.value.unwrap(), 1.225_910_424_2 * 24.658_616_189_2);
    let without = ValueModel {
        spending: None,
        ..model
    };
    assert_eq!(without.forecast(&history, None, 39.0).value, None);
}
