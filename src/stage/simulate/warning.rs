//! What somebody should think about before publishing.

use std::collections::BTreeMap;

use super::preview::{Course, Preview, as_f64};
use crate::stage::tier::Stage;

/// From this share of people on, it is said how many move.
const MOVED_SHARE: f64 = 0.25;
/// Fewer flip-flops than this are not worth a word.
const FLIP_FLOPS_MIN: u64 = 10;
/// Fewer people than this in a stage say nothing about what the stage earns.
const PEOPLE_MIN: u64 = 30;

/// The warnings of a preview whose figures are complete. `orders` counts the orders that were
/// earned, by currency.
pub(super) fn warnings(preview: &Preview, orders: &BTreeMap<String, u64>) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(empty_stages(preview));
    found.extend(many_move(preview));
    found.extend(flip_flops(preview));
    found.extend(earnings(preview));
    found.extend(currencies(preview, orders));
    found
}

fn empty_stages(preview: &Preview) -> Option<String> {
    let emptied: Vec<String> = Stage::ALL
        .into_iter()
        .filter(|stage| preview.before(*stage) > 0 && preview.after(*stage) == 0)
        .map(|stage| one(stage).to_owned())
        .collect();
    (!emptied.is_empty()).then(|| format!("Nobody would be {} any more.", emptied.join(" or ")))
}

fn many_move(preview: &Preview) -> Option<String> {
    let share = as_f64(preview.moved) / as_f64(preview.people.max(1));
    (share >= MOVED_SHARE).then(|| {
        format!(
            "{} of {} customers would move at once.",
            preview.moved, preview.people
        )
    })
}

fn flip_flops(preview: &Preview) -> Option<String> {
    let (before, after) = (preview.present.flip_flops, preview.draft.flip_flops);
    (after >= FLIP_FLOPS_MIN && after >= 2 * before).then(|| {
        format!(
            "Moves that are reversed within 30 days rise from {before} to {after}: the ways in and out \
             of a stage may lie too close."
        )
    })
}

fn earnings(preview: &Preview) -> Option<String> {
    let course = &preview.draft;
    let people: u64 = course.earned.iter().map(|earned| earned.people).sum();
    let date = preview.reference.format("%-d %B %Y");
    if people == 0 {
        return Some(format!(
            "Nobody was known on {date}, so what each stage went on to earn cannot be told yet."
        ));
    }
    let out_of_order = out_of_order(course)?;
    let (lower, higher) = out_of_order;
    Some(format!(
        "Those who were {} on {date} went on to earn more per head than those who were {}.",
        one(lower),
        one(higher)
    ))
}

fn out_of_order(course: &Course) -> Option<(Stage, Stage)> {
    let stages: Vec<Stage> = Stage::ALL
        .into_iter()
        .filter(|stage| course.earned[stage.index()].people >= PEOPLE_MIN)
        .collect();
    let per_head = |stage: Stage| course.earned[stage.index()].revenue_per_head();
    stages
        .iter()
        .zip(stages.iter().skip(1))
        .map(|(lower, higher)| (*lower, *higher))
        .find(|(lower, higher)| per_head(*lower) > per_head(*higher))
}

fn currencies(preview: &Preview, orders: &BTreeMap<String, u64>) -> Option<String> {
    let main = preview.currency.clone().unwrap_or_default();
    let others: Vec<String> = orders
        .iter()
        .filter(|(currency, _)| **currency != main)
        .map(|(currency, orders)| match currency.as_str() {
            "" => format!("{orders} that name no currency"),
            currency => format!("{orders} in {currency}"),
        })
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "Amounts are in {main}; of other orders only the number counts: {}.",
            others.join(", ")
        )
    })
}

const fn one(stage: Stage) -> &'static str {
    match stage {
        Stage::Stranger => "a stranger",
        Stage::Acquaintance => "an acquaintance",
        Stage::Friend => "a friend",
        Stage::Advocate => "an advocate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::simulate::Money;

    /// A hundred people, all of them friends under either set, of whom nothing is remarkable.
    fn quiet() -> Preview {
        let mut preview = Preview {
            people: 100,
            currency: Some(String::from("EUR")),
            ..Preview::default()
        };
        preview.matrix[2][2] = 100;
        preview.draft.earned[2].people = 100;
        preview
    }

    fn told(change: impl Fn(&mut Preview)) -> Vec<String> {
        let mut preview = quiet();
        change(&mut preview);
        warnings(&preview, &BTreeMap::new())
    }

    #[test]
    fn a_quiet_preview_warns_of_nothing() {
        assert_eq!(told(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn a_stage_that_loses_everybody_is_named() {
        let emptied = told(|preview| {
            preview.matrix = [[0; 4]; 4];
            preview.matrix[3][1] = 3;
            preview.matrix[0][1] = 1;
        });
        let shared = told(|preview| {
            preview.matrix[3][1] = 3;
            preview.matrix[1][3] = 1;
        });

        assert_eq!(
            emptied,
            ["Nobody would be a stranger or an advocate any more."]
        );
        assert_eq!(shared, Vec::<String>::new());
    }

    #[test]
    fn a_quarter_is_many() {
        assert_eq!(told(|preview| preview.moved = 24), Vec::<String>::new());
        assert_eq!(
            told(|preview| preview.moved = 25),
            ["25 of 100 customers would move at once."]
        );
    }

    #[test]
    fn ten_reversals_and_twice_as_many_as_before_are_worth_a_word() {
        let warns = |before, after| {
            let told = told(|preview| {
                preview.present.flip_flops = before;
                preview.draft.flip_flops = after;
            });
            !told.is_empty()
        };

        for (before, after, expected) in [
            (0, 9, false),
            (0, 10, true),
            (5, 10, true),
            (6, 11, false),
            (6, 12, true),
            (20, 39, false),
        ] {
            assert_eq!(warns(before, after), expected, "{before} {after}");
        }
    }

    #[test]
    fn a_lower_stage_that_earns_more_is_told_once_thirty_people_are_in_each() {
        let warns = |people: [u64; 2], revenue: [f64; 2]| {
            told(|preview| {
                for (index, (people, revenue)) in people.into_iter().zip(revenue).enumerate() {
                    let earned = &mut preview.draft.earned[1 + 2 * index];
                    (earned.people, earned.revenue) = (people, Money::of(revenue));
                }
                preview.draft.earned[2].people = 0;
            })
        };

        let told = warns([30, 30], [31.0, 30.0]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("were an acquaintance on"), "{told:?}");
        assert!(
            told[0].ends_with("than those who were an advocate."),
            "{told:?}"
        );
        for (people, revenue) in [
            ([30, 30], [30.0, 30.0]),
            ([30, 30], [30.0, 31.0]),
            ([29, 30], [31.0, 30.0]),
            ([30, 29], [31.0, 3.0]),
        ] {
            assert_eq!(
                warns(people, revenue),
                Vec::<String>::new(),
                "{people:?} {revenue:?}"
            );
        }
        let nobody = warns([0, 0], [0.0, 0.0]);
        assert!(nobody[0].starts_with("Nobody was known on"), "{nobody:?}");
    }

    #[test]
    fn orders_in_other_currencies_are_counted() {
        let orders = |list: &[(&str, u64)]| {
            let orders = list
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count));
            warnings(&quiet(), &orders.collect())
        };

        assert_eq!(orders(&[("EUR", 5)]), Vec::<String>::new());
        assert_eq!(
            orders(&[("", 2), ("EUR", 5), ("USD", 1)]),
            [
                "Amounts are in EUR; of other orders only the number counts: 2 that name no currency, \
              1 in USD."
            ]
        );
    }
}
