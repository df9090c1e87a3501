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
