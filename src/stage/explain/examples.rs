//! Acts that a customer might do: one example for each signal of the rule set that would count.
//!
//! An example is an event like any other, with properties that meet the guards of its case, and is
//! interpreted like any other: what it is worth is not assumed but found out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::stage::advance::Trace;
use crate::stage::dimension::{Dimension, Dimensions};
use crate::stage::event::{Act, Fact, Verdict, interpret};
use crate::stage::rules::Rules;
use crate::stage::ruleset::{Case, Condition, DISCOUNT_SHARE, Guard, Role, Scalar, Signal};

/// The event that stands for "they came to be known".
const SIGN_IN: &str = "Signed In";

/// What an example is looked for to add.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// Points of any of these scores.
    Points(Dimensions),
    /// A day with a qualifying act.
    Qualifying,
    /// An order.
    Order,
    /// A converted referral.
    Referral,
    /// An advocacy act of a kind of its own.
    Kind,
    /// An identifier.
    Identifier,
    /// The end of a dispute, by the customer's word.
    Settlement,
    /// A remedy, offered by the brand.
    Remedy,
}

impl Wanted {
    /// What an unmet condition wants; none where no act can supply it.
    pub(super) fn by(condition: &Condition) -> Option<Self> {
        use crate::stage::ruleset::Comparison;

        match condition {
            Condition::Score(test) => match test.is {
                Comparison::AtLeast(_) | Comparison::Above(_) => Some(Self::Points(test.of)),
                Comparison::Below(_) => None,
            },
            Condition::QualifyingDays(_) => Some(Self::Qualifying),
            Condition::Orders(_) => Some(Self::Order),
            Condition::ConvertedReferrals(_) => Some(Self::Referral),
            Condition::AdvocacyKinds(_) => Some(Self::Kind),
            Condition::Known => Some(Self::Identifier),
            Condition::NoOpenDispute => Some(Self::Settlement),
            Condition::All(_)
            | Condition::Any(_)
            | Condition::Not(_)
            | Condition::ScoreBelowFor(_)
            | Condition::StageAtLeast(_)
            | Condition::DaysInStage { .. }
            | Condition::DetractorAnswer
            | Condition::RelationshipEnded
            | Condition::DisputeBreached
            | Condition::PromotingOrderRefunded { .. } => None,
        }
    }
}

/// An act that nobody has done.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) event: String,
    pub(super) properties: Value,
    pub(super) advocacy_kind: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) identifies: bool,
}

impl Example {
    /// The act, done at `at`.
    pub(super) fn act<'a>(
        &'a self,
        rules: &Rules,
        at: chrono::DateTime<chrono::Utc>,
        message_id: &'a str,
    ) -> Act<'a> {
        interpret(
            rules,
            &Fact {
                at,
                source: "",
                message_id,
                name: &self.event,
                properties: &self.properties,
                trusted: true,
                known_after: self.identifies,
                brand_initiated: false,
            },
        )
    }
}

/// One example for each signal that supplies what is wanted, the most usual first: an order, then
/// what this customer has done on most days, then the order of the document.
pub(super) fn examples(rules: &Rules, wanted: Wanted, done: &Trace) -> Vec<Example> {
    let mut days: BTreeMap<&str, Vec<crate::stage::Day>> = BTreeMap::new();
    for one in &done.acts {
        let known = days.entry(one.event.as_str()).or_default();
        if known.last() != Some(&one.day()) {
            known.push(one.day());
        }
    }
    let mut found: Vec<Example> = rules
        .set()
        .signals
        .iter()
        .filter(|signal| may_supply(signal, wanted))
        .filter_map(|signal| example(rules, signal, wanted))
        .collect();
    found.sort_by_key(|example| {
        let times = days.get(example.event.as_str()).map_or(0, Vec::len);
        (example.role != Some(Role::Order), std::cmp::Reverse(times))
    });
    if matches!(wanted, Wanted::Identifier) {
        found.truncate(1);
    }
    found
}

fn may_supply(signal: &Signal, wanted: Wanted) -> bool {
    let is_plain = matches!(
        signal.role,
        None | Some(Role::Order | Role::ReferralConverted)
    );
    match wanted {
        Wanted::Remedy => signal.role == Some(Role::RemedyProposed),
        Wanted::Settlement => signal.role == Some(Role::DisputeResolved),
        Wanted::Identifier => signal.event == SIGN_IN,
        Wanted::Order => signal.role == Some(Role::Order),
        Wanted::Referral => signal.role == Some(Role::ReferralConverted),
        Wanted::Qualifying => is_plain && signal.qualifying && !signal.brand_initiated,
        Wanted::Kind => is_plain && signal.advocacy_kind.is_some() && !signal.brand_initiated,
        Wanted::Points(_) => is_plain && !signal.brand_initiated,
    }
}

/// The first of the signal's cases that supplies it: what it adds as a rule before what it adds
/// under conditions.
fn example(rules: &Rules, signal: &Signal, wanted: Wanted) -> Option<Example> {
    let plain = match wanted {
        Wanted::Settlement => json!({ "satisfied": true }),
        _ => json!({}),
    };
    let guarded = signal.cases.iter().filter_map(properties_for);
    std::iter::once(plain)
        .chain(guarded)
        .map(|properties| Example {
            event: signal.event.clone(),
            properties,
            advocacy_kind: signal.advocacy_kind.clone(),
            role: signal.role,
            identifies: matches!(wanted, Wanted::Identifier),
        })
        .find(|example| supplies(rules, example, wanted))
}

fn supplies(rules: &Rules, example: &Example, wanted: Wanted) -> bool {
    let act = example.act(rules, chrono::DateTime::UNIX_EPOCH, "");
    if act.verdict != Verdict::Counted {
        return false;
    }
    let worth = act.worth(rules);
    match wanted {
        Wanted::Points(of) => of.iter().map(|one| worth.of(one)).sum::<f64>() > 0.0,
        Wanted::Kind => worth.of(Dimension::Advocacy) > 0.0,
        Wanted::Qualifying
        | Wanted::Order
        | Wanted::Referral
        | Wanted::Identifier
        | Wanted::Settlement
        | Wanted::Remedy => true,
    }
}

/// Properties that meet all guards of a case, if one value each can.
fn properties_for(case: &Case) -> Option<Value> {
    let mut properties = Map::new();
    for guard in &case.when {
        if guard.property == DISCOUNT_SHARE {
            let share = guard.at_least?;
            properties.insert(String::from("discount"), json!(share));
            properties.insert(String::from("revenue"), json!(1.0 - share));
        } else {
            properties.insert(guard.property.clone(), value_for(guard)?);
        }
    }
    Some(Value::Object(properties))
}

fn value_for(guard: &Guard) -> Option<Value> {
    if let Some(expected) = &guard.equals {
        return Some(match expected {
            Scalar::Bool(value) => json!(value),
            Scalar::Number(value) => json!(value),
            Scalar::Text(value) => json!(value),
        });
    }
    if let Some(present) = guard.present {
        return Some(json!(present));
    }
    guard.at_least.or(guard.at_most).map(|figure| json!(figure))
}
