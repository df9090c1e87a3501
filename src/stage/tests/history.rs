//! A few words in which to write histories down.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::stage::{
    self, Act, Day, Fact, LayerTransition, Outcome, RuleSet, Rules, Schedule, Transition,
};

/// Something that happened on a day, counted from 0.
#[derive(Debug, Clone)]
pub(super) struct Happening {
    pub(super) at: DateTime<Utc>,
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) properties: Value,
    pub(super) known: bool,
}

/// The day that histories count from.
pub(super) fn day_zero() -> Day {
    Day::from(NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date"))
}

/// The instant on `day` at which things happen, `minutes` after 09:00.
pub(super) fn instant(day: i32, minutes: i64) -> DateTime<Utc> {
    day_zero().plus(day).start() + TimeDelta::minutes(540 + minutes)
}

/// How many days after day zero `at` is.
pub(super) fn day_number(at: DateTime<Utc>) -> i32 {
    Day::of(at).since(day_zero())
}

/// The default rules, made once.
pub(super) fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::default_rules);
    &RULES
}

/// The default rules, holding for ever.
pub(super) fn schedule() -> &'static Schedule {
    static SCHEDULE: LazyLock<Schedule> =
        LazyLock::new(|| Schedule::single(Arc::new(rules().clone())));
    &SCHEDULE
}

/// [`mixed_rules`], holding for ever.
pub(super) fn mixed_schedule() -> &'static Schedule {
    static SCHEDULE: LazyLock<Schedule> =
        LazyLock::new(|| Schedule::single(Arc::new(mixed_rules().clone())));
    &SCHEDULE
}

/// Rules whose sums mix what rises in silence with what falls, and that look back in windows.
pub(super) fn mixed_rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        let mut set = RuleSet::default_set();
        for rule in &mut set.rules {
            let written = match rule.id.as_str() {
                "P3" => json!({ "all": [
                    { "score": { "of": ["investment", "trust"], "at_least": 6 } },
                    { "advocacy_kinds": { "at_least": 1, "within_days": 90 } },
                    { "not": { "converted_referrals": { "at_least": 2, "within_days": 40 } } },
                ] }),
                "D1" => json!({ "score_below_for":
                    { "of": ["trust", "advocacy"], "below": -1, "days": 5 } }),
                "D2" => json!({ "score_below_for":
                    { "of": ["familiarity", "investment", "trust"], "below": 3, "days": 20 } }),
                "D3" => json!({ "score_below_for":
                    { "of": ["familiarity", "trust"], "below": 1, "days": 30 } }),
                _ => continue,
            };
            rule.when = serde_json::from_value(written).expect("a condition");
        }
        Rules::new(set).expect("usable rules")
    });
    &RULES
}

/// Rules with layers upon layers that are easily entered, kept for a while, and left.
pub(super) fn layered_rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        let mut set = RuleSet::default_set();
        let layers = json!([
            {
                "id": "vip", "name": "VIP", "half_life_days": 40, "spill": 0.5,
                "acts": [{ "event": "Order Completed" }, { "event": "Event Attended", "points": 7 }],
                "tiers": [{ "stage": "friend", "enter": 15, "exit": 5 }],
                "invitation": {
                    "when": { "any": [
                        { "orders": { "at_least": 2, "within_days": 90 } },
                        { "all": [
                            { "stage_at_least": "acquaintance" },
                            { "score": { "of": ["trust"], "above": -3 } },
                            { "not": { "score": { "of": ["investment"], "at_least": 2 } } },
                        ] },
                    ] },
                    "open_days": 60, "again_after_days": 20,
                },
                "keep": { "at_least": 2, "within_days": 80, "notice_days": 10 },
                "hibernation_days_max": 60,
            },
            {
                "id": "council", "name": "Council", "after": "vip", "half_life_days": 300,
                "spill": 0.25, "trust_carried": 1,
                "acts": [{ "event": "Product Reviewed" }],
                "invitation": {
                    "when": { "days_in_stage": { "at_least": 12 } },
                    "open_days": 90, "again_after_days": 1,
                },
                "hibernation_days_max": 30,
            },
        ]);
        set.layers = serde_json::from_value(layers).expect("layers");
        set.resting.hibernation_days_max = 120;
        Rules::new(set).expect("usable rules")
    });
    &RULES
}

#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) happenings: Vec<Happening>,
    anonymous: bool,
}

impl History {
    pub(super) fn of_a_known_person() -> Self {
        Self {
            happenings: Vec::new(),
            anonymous: false,
        }
    }

    pub(super) fn of_an_anonymous_visitor() -> Self {
        Self {
            happenings: Vec::new(),
            anonymous: true,
        }
    }

    /// Adds what happened on `day`, a minute after what was added before.
    pub(super) fn on(mut self, day: i32, name: &'static str, properties: Value) -> Self {
        let number = self.happenings.len();
        self.happenings.push(Happening {
            at: instant(day, i64::try_from(number).expect("a short history")),
            id: format!("m{number}"),
            name,
            properties,
            known: !self.anonymous,
        });
        self
    }

    pub(super) fn order(self, day: i32) -> Self {
        let id = format!("order-{day}");
        self.on(
            day,
            "Order Completed",
            json!({ "order_id": id, "revenue": 50 }),
        )
    }

    pub(super) fn acts<'a>(&'a self, rules: &Rules) -> Vec<Act<'a>> {
        self.happenings
            .iter()
            .map(|happening| happening.act(rules))
            .collect()
    }

    pub(super) fn fold(&self, until_day: i32) -> Outcome {
        self.fold_under(rules(), until_day)
    }

    pub(super) fn fold_under(&self, rules: &Rules, until_day: i32) -> Outcome {
        stage::fold(rules, &self.acts(rules), None, instant(until_day, 600))
    }
}

impl Happening {
    pub(super) fn fact(&self) -> Fact<'_> {
        Fact {
            at: self.at,
            source: "shop",
            message_id: &self.id,
            name: self.name,
            properties: &self.properties,
            trusted: true,
            known_after: self.known,
            brand_initiated: false,
        }
    }

    pub(super) fn act<'a>(&'a self, rules: &Rules) -> Act<'a> {
        stage::interpret(rules, &self.fact())
    }
}

/// Changes of layers in words: "d120 vip invited (invitation)".
pub(super) fn layers_in_words(moves: &[LayerTransition]) -> Vec<String> {
    moves
        .iter()
        .map(|step| {
            let on = day_number(step.effective_at);
            format!("d{on} {} {} ({})", step.layer, step.kind.slug(), step.rule)
        })
        .collect()
}

/// A timeline in words: "d61 P2 friend".
pub(super) fn in_words(transitions: &[Transition]) -> Vec<String> {
    transitions
        .iter()
        .map(|step| {
            let stage = format!("{:?}", step.to).to_lowercase();
            format!("d{} {} {stage}", day_number(step.effective_at), step.rule)
        })
        .collect()
}
