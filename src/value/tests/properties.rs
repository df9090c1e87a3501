//! What holds for every history and every parameter.

use proptest::prelude::*;

use crate::value::{
    Error, History, PurchaseModel, REPEAT_BUYERS_MIN, SpendModel, Spending, ValueModel,
};

/// Any positive figure over `exponents` powers of ten.
fn size(exponents: std::ops::Range<f64>) -> impl Strategy<Value = f64> {
    exponents.prop_map(|exponent| 10_f64.powf(exponent))
}

fn histories() -> impl Strategy<Value = History> {
    (0_u32..=10_000, 0.0..=1.0_f64, size(-3.0..5.0)).prop_map(|(repeats, share, age)| {
        let repeats = if share < 0.1 { 0 } else { repeats };
        let recency = if repeats == 0 { 0.0 } else { share * age };
        History::new(repeats, recency, age).unwrap()
    })
}

fn models() -> impl Strategy<Value = ValueModel> {
    let purchases = (
        size(-3.0..4.0),
        size(-3.0..5.0),
        size(-3.0..4.0),
        size(-3.0..4.0),
    );
    let spending = (size(-3.0..4.0), size(-3.0..4.0), size(-3.0..5.0));
    (purchases, spending).prop_map(|((r, alpha, a, b), (p, q, v))| ValueModel {
        purchases: PurchaseModel::new(r, alpha, a, b).unwrap(),
        spending: Some(SpendModel::new(p, q, v).unwrap()),
    })
}

fn spendings() -> impl Strategy<Value = Option<Spending>> {
    (0_u32..10_000, size(-2.0..6.0)).prop_map(|(periods, mean)| Spending::new(periods, mean))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn forecasts_are_figures_in_range(
        model in models(),
        history in histories(),
        spent in spendings(),
        time in size(-2.0..5.0),
    ) {
        let forecast = model.forecast(&history, spent.as_ref(), time);

        prop_assert!((0.0..=1.0).contains(&forecast.alive), "{forecast:?}");
        prop_assert!(forecast.purchases >= 0.0 && forecast.purchases.is_finite(), "{forecast:?}");
        // Nobody is expected to buy more than they would if they never stopped.
        let shape = model.purchases.r() + f64::from(history.repeats());
        let most = shape * time / (model.purchases.alpha() + history.age());
        prop_assert!(forecast.purchases <= most * (1.0 + 1e-6), "{forecast:?} of {most}");
        prop_assert!(forecast.value.is_none_or(|value| value >= 0.0 && value.is_finite()));
    }

    #[test]
    fn more_time_brings_more_purchases(
        model in models(),
        history in histories(),
        time in size(-2.0..5.0),
        more in 1.001..10.0_f64,
    ) {
        let sooner = model.purchases.expected_purchases(&history, time);
        let later = model.purchases.expected_purchases(&history, time * more);

        prop_assert!(later >= sooner * (1.0 - 1e-6), "{sooner} then {later}");
    }

    #[test]
    fn silence_lowers_the_chance_of_being_active(
        model in models(),
        history in histories(),
        longer in 0.1..1e4_f64,
    ) {
        let silent =
            History::new(history.repeats(), history.recency(), history.age() + longer).unwrap();
        let now = model.purchases.probability_alive(&history);
        let then = model.purchases.probability_alive(&silent);

        prop_assert!(then <= now + 1e-12, "{now} then {then}");
        if history.repeats() == 0 {
            prop_assert_eq!(then.to_bits(), 1.0_f64.to_bits());
        }
    }

    #[test]
    fn the_unit_of_time_does_not_matter(
        model in models(),
        history in histories(),
        time in size(-1.0..3.0),
        unit in size(-1.0..2.0),
    ) {
        let model = model.purchases;
        let other =
            PurchaseModel::new(model.r(), model.alpha() / unit, model.a(), model.b()).unwrap();
        let same = history.in_units_of(unit);

        let (one, two) = (model.probability_alive(&history), other.probability_alive(&same));
        prop_assert!((one - two).abs() < 1e-6, "{one} and {two}");
        let one = model.expected_purchases(&history, time);
        let two = other.expected_purchases(&same, time / unit);
        prop_assert!((one - two).abs() <= 1e-6 * one.max(1e-6), "{one} and {two}");
    }

    #[test]
    fn any_customers_have_a_fit_or_a_reason(
        histories in proptest::collection::vec(histories(), 0..120),
    ) {
        match PurchaseModel::fit(&histories) {
            Ok(fit) => {
                prop_assert!(fit.log_likelihood.is_finite());
                for history in &histories {
                    let expected = fit.model.expected_purchases(history, 100.0);
                    prop_assert!(expected.is_finite() && expected >= 0.0);
                }
            }
            Err(Error::TooFewRepeatBuyers { found, needed }) => {
                prop_assert!(found < needed);
            }
            Err(error @ (Error::NotConverged | Error::Parameter { .. })) => {
                prop_assert!(false, "{error}");
            }
        }
    }

    #[test]
    fn any_spending_has_a_fit_or_a_reason(
        spent in proptest::collection::vec((1_u32..50, size(-2.0..5.0)), 0..120),
    ) {
        let spent: Vec<Spending> = spent
            .into_iter()
            .map(|(periods, mean)| Spending::new(periods, mean).unwrap())
            .collect();
        match SpendModel::fit(&spent) {
            Ok(fit) => prop_assert!(fit.log_likelihood.is_finite()),
            Err(Error::TooFewRepeatBuyers { .. }) => prop_assert!(spent.len() < REPEAT_BUYERS_MIN),
            Err(error @ (Error::NotConverged | Error::Parameter { .. })) => {
                prop_assert!(false, "{error}");
            }
        }
    }
}

#[test]
fn customers_who_are_all_alike_still_have_a_model() {
    let weekly = History::new(10, 70.0, 75.0).unwrap();
    let alike = vec![weekly; 50];

    let fit = PurchaseModel::fit(&alike).unwrap();

    assert!(fit.is_held, "one history cannot tell how customers differ");
    let expected = fit.model.expected_purchases(&weekly, 70.0);
    assert!((8.0..10.0).contains(&expected), "{expected}");
    let same = vec![Spending::new(3, 20.0).unwrap(); 50];
    let fit = SpendModel::fit(&same).unwrap();
    let amount = fit.model.expected_amount(Some(&same[0])).unwrap();
    assert!((amount - 20.0).abs() < 0.1, "{amount}");
}

#[test]
fn too_few_repeat_buyers_are_said_with_their_number() {
    let mut histories = vec![History::new(0, 0.0, 90.0).unwrap(); 500];
    histories.extend(vec![History::new(2, 20.0, 90.0).unwrap(); 12]);

    let error = PurchaseModel::fit(&histories).unwrap_err();

    assert_eq!(error.to_string(), "too few repeat buyers: 12 of 30 needed");
    assert!(SpendModel::fit(&[]).is_err());
    assert!(PurchaseModel::new(0.0, 1.0, 1.0, 1.0).is_err());
    assert!(PurchaseModel::new(1.0, f64::NAN, 1.0, 1.0).is_err());
}
