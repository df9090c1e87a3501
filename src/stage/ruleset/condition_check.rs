//! What a condition must satisfy, wherever it stands.

use super::validate::{Faults, ORDER_DAYS_MAX, ORDERS_MAX};
use super::{Comparison, Condition, OrderCount, QualifyingDays, Within};
use crate::stage::dimension::Dimensions;

/// Deepest nesting of conditions.
const DEPTH_MAX: usize = 6;

pub(super) fn check_condition(
    path: &str,
    condition: &Condition,
    depth: usize,
    faults: &mut Faults,
) {
    if depth > DEPTH_MAX {
        faults.add(
            path,
            "the conditions nest too deep",
            format!("nest at most {DEPTH_MAX} deep"),
        );
        return;
    }
    let named = |name: &str| format!("{path}.{name}");
    match condition {
        Condition::All(list) => check_list(&named("all"), list, depth, faults),
        Condition::Any(list) => check_list(&named("any"), list, depth, faults),
        Condition::Not(inner) => check_condition(&named("not"), inner, depth + 1, faults),
        Condition::Score(test) => {
            let field = match test.is {
                Comparison::AtLeast(_) => "at_least",
                Comparison::Above(_) => "above",
                Comparison::Below(_) => "below",
            };
            check_sum(&named("score"), test.of, field, test.is.threshold(), faults);
        }
        Condition::ScoreBelowFor(test) => {
            let path = named("score_below_for");
            check_sum(&path, test.of, "below", test.below, faults);
            faults.days(&format!("{path}.days"), test.days);
        }
        Condition::Orders(test) => check_orders(&named("orders"), *test, faults),
        Condition::QualifyingDays(test) => {
            check_qualifying(&named("qualifying_days"), test, faults);
        }
        Condition::ConvertedReferrals(test) => {
            check_within(&named("converted_referrals"), *test, faults);
        }
        Condition::AdvocacyKinds(test) => check_within(&named("advocacy_kinds"), *test, faults),
        Condition::DaysInStage { at_least } => {
            faults.days(&named("days_in_stage.at_least"), *at_least);
        }
        Condition::PromotingOrderRefunded { within_days } => {
            faults.days(&named("promoting_order_refunded.within_days"), *within_days);
        }
        Condition::Known
        | Condition::NoOpenDispute
        | Condition::StageAtLeast(_)
        | Condition::DetractorAnswer
        | Condition::RelationshipEnded
        | Condition::DisputeBreached => {}
    }
}

fn check_list(path: &str, list: &[Condition], depth: usize, faults: &mut Faults) {
    if list.is_empty() {
        faults.add(path, "the list is empty", "give at least one condition");
    }
    for (index, inner) in list.iter().enumerate() {
        check_condition(&format!("{path}[{index}]"), inner, depth + 1, faults);
    }
}

fn check_orders(path: &str, test: OrderCount, faults: &mut Faults) {
    if test.within_days == 0 || test.within_days > ORDER_DAYS_MAX {
        faults.add(
            &format!("{path}.within_days"),
            format!("orders are not kept for {} days", test.within_days),
            format!("give 1 to {ORDER_DAYS_MAX} days"),
        );
    }
    if test.at_least == 0 || test.at_least > ORDERS_MAX {
        faults.add(
            &format!("{path}.at_least"),
            format!("{} orders cannot be asked for", test.at_least),
            format!("ask for 1 to {ORDERS_MAX} orders"),
        );
    }
}

fn check_qualifying(path: &str, test: &QualifyingDays, faults: &mut Faults) {
    faults.days(&format!("{path}.within_days"), test.within_days);
    if let Some(guard) = test.if_discounted
        && !(guard.share > 0.0 && guard.share <= 1.0)
    {
        faults.add(
            &format!("{path}.if_discounted.share"),
            "the share is not a share",
            "give a number above 0, at most 1",
        );
    }
}

fn check_within(path: &str, test: Within, faults: &mut Faults) {
    if let Some(days) = test.within_days {
        faults.days(&format!("{path}.within_days"), days);
    }
}

fn check_sum(path: &str, of: Dimensions, field: &str, threshold: f64, faults: &mut Faults) {
    if of.is_empty() {
        faults.add(
            &format!("{path}.of"),
            "no score is named",
            "name at least one dimension under `of`",
        );
    }
    faults.points(&format!("{path}.{field}"), threshold);
}
