//! What further acts would change: found by folding them, never by guessing.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::examples::{Example, Wanted, examples};
use super::ground::Ground;
use super::plan::{self, ACTS_MAX, Goal, Reached, Start, Timing};
use super::reading::RuleReading;
use super::{Forecast, date_of, phrases};
use crate::stage::advance::Trace;
use crate::stage::ruleset::{Condition, Rule};
use crate::stage::state::State;

/// Ways told for one condition or rule.
const WAYS_MAX: usize = 3;
/// Signals tried before giving up on one condition.
const TRIED_MAX: usize = 8;

/// Acts that would bring something about, one a day. That they would was found by folding them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// The acts, in the order in which they would be done.
    pub acts: Vec<Needed>,
    /// The first day on which to begin.
    pub from: NaiveDate,
    /// The last day on which the last of them still suffices, with nothing else happening in the
    /// meantime; none where it would for years.
    pub by: Option<NaiveDate>,
    /// The day of the move they lead to, if done as soon as can be; for what keeps somebody, the
    /// day to which it keeps them, if done at the last. None where no move follows.
    pub then: Option<NaiveDate>,
    /// In words: "1 more order by 15 April 2027".
    pub text: String,
}

/// An act that is needed, so many times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Needed {
    /// The event's name in the rule set.
    pub event: String,
    /// Properties with which it counts as told.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub properties: Value,
    /// Whether it must name them by an identifier.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identifies: bool,
    /// On so many days.
    pub times: u16,
    /// In words: "2 more reviews".
    pub text: String,
}

fn is_empty(properties: &Value) -> bool {
    properties.as_object().is_none_or(serde_json::Map::is_empty)
}

/// The view ahead from a state.
pub(super) struct Outlook<'o> {
    start: Start<'o>,
    trace: &'o Trace,
}

impl<'o> Outlook<'o> {
    pub(super) fn new(
        ground: Ground<'o>,
        state: &'o State,
        trace: &'o Trace,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            start: Start { ground, state, at },
            trace,
        }
    }

    /// Adds to a rule that would lead deeper what would meet its conditions, and itself.
    pub(super) fn fill_in(&self, rule: &Rule, reading: &mut RuleReading) {
        for condition in reading.conditions.iter_mut().filter(|one| !one.met) {
            condition.ways = self.to_meet(rule, &condition.condition);
        }
        reading.ways = self.to_move(rule);
    }

    /// The ways to meet one condition, each by one kind of act, the most usual first.
    fn to_meet(&self, rule: &Rule, condition: &Condition) -> Vec<Way> {
        let Some(wanted) = Wanted::by(condition) else {
            return Vec::new();
        };
        let goal = Goal::Meet(rule, condition);
        let found = self.examples(wanted);
        if matches!(wanted, Wanted::Kind) {
            let kinds = self.new_kinds(found);
            return self
                .fewest(&kinds.iter().collect::<Vec<_>>(), goal)
                .into_iter()
                .collect();
        }
        found
            .iter()
            .take(TRIED_MAX)
            .filter_map(|example| self.fewest(&[example; ACTS_MAX], goal))
            .take(WAYS_MAX)
            .collect()
    }

    /// The first acts of `plan` that suffice.
    fn fewest(&self, plan: &[&Example], goal: Goal<'_>) -> Option<Way> {
        (1..=plan.len()).find_map(|count| {
            let acts = &plan[..count];
            self.start
                .timing(acts, goal)
                .map(|timing| self.way(acts, timing, None))
        })
    }

    /// The ways to make the whole move, the fewest acts first.
    fn to_move(&self, rule: &Rule) -> Vec<Way> {
        let choices = count_of_any(&rule.when).max(1);
        let mut found: Vec<Way> = Vec::new();
        for choice in 0..choices {
            let Some(plan) = self.plan(rule, choice) else {
                continue;
            };
            let acts = grouped(&plan);
            let Some(timing) = self.start.timing(&acts, Goal::Move(rule)) else {
                continue;
            };
            let way = self.way(&acts, timing, Some(rule));
            if !found.iter().any(|known| known.acts == way.acts) {
                found.push(way);
            }
        }
        found.sort_by_key(|way| way.acts.iter().map(|one| one.times).sum::<u16>());
        found.truncate(WAYS_MAX);
        found
    }

    /// Acts that make the move, found one at a time: each for the first thing still unmet. None if
    /// there is nothing to do, or nothing that does it.
    fn plan(&self, rule: &Rule, choice: usize) -> Option<Vec<Example>> {
        let goal = Goal::Move(rule);
        let mut plan: Vec<Example> = Vec::new();
        // From tomorrow: today's caps may be used up.
        let first = 1;
        loop {
            let acts: Vec<&Example> = plan.iter().collect();
            let last = first + i32::try_from(acts.len()).ok()? - 1;
            if self.start.reaches(&acts, last.max(0), goal).is_some() {
                break;
            }
            if plan.len() == ACTS_MAX {
                return None;
            }
            let (fold, at) = self.start.done_from(&acts, first);
            let unmet = |condition: &Condition| !plan::holds(&fold, condition, at);
            let need = self.need(&rule.when, choice, &unmet, &plan)?;
            plan.push(need);
        }
        self.pared(&mut plan, first, goal);
        (!plan.is_empty()).then_some(plan)
    }

    /// Drops the acts that later ones have made needless.
    fn pared(&self, plan: &mut Vec<Example>, first: i32, goal: Goal<'_>) {
        let mut place = 0;
        while place < plan.len() && plan.len() > 1 {
            let rest: Vec<&Example> = plan
                .iter()
                .enumerate()
                .filter_map(|(other, example)| (other != place).then_some(example))
                .collect();
            let last = first + i32::try_from(rest.len()).unwrap_or(i32::MAX) - 1;
            if self.start.reaches(&rest, last, goal).is_some() {
                plan.remove(place);
            } else {
                place += 1;
            }
        }
    }

    /// The act that supplies the first unmet thing of a condition; of alternatives the chosen one.
    fn need(
        &self,
        condition: &Condition,
        choice: usize,
        unmet: &dyn Fn(&Condition) -> bool,
        plan: &[Example],
    ) -> Option<Example> {
        match condition {
            Condition::All(list) => list
                .iter()
                .filter(|inner| unmet(inner))
                .find_map(|inner| self.need(inner, choice, unmet, plan)),
            Condition::Any(list) => {
                let chosen = list.get(choice % list.len().max(1))?;
                self.need(chosen, choice, unmet, plan)
            }
            leaf => {
                let wanted = Wanted::by(leaf)?;
                let found = self.examples(wanted);
                if matches!(wanted, Wanted::Kind) {
                    let is_new = |one: &Example| {
                        plan.iter()
                            .all(|other| other.advocacy_kind != one.advocacy_kind)
                    };
                    return self.new_kinds(found).into_iter().find(is_new);
                }
                found.into_iter().next()
            }
        }
    }

    /// What would keep them where silence would end their stage; at the last moment.
    pub(super) fn keep(&self, next: &Forecast) -> Option<Way> {
        let rule = next
            .rule
            .as_ref()
            .filter(|_| next.to < Some(self.start.state.stage()))?;
        let stage = self.start.state.stage();
        let (_, rule) = self
            .start
            .ground
            .rules
            .down(stage)
            .find(|(_, one)| one.id == *rule)?;
        let goal = Goal::Stay(next.at);
        let last = next.days_left - 1;
        let mut wants = Vec::new();
        rule.when.visit(&mut |condition| match condition {
            Condition::ScoreBelowFor(test) => wants.push(Wanted::Points(test.of)),
            Condition::Score(test) => wants.push(Wanted::Points(test.of)),
            Condition::DisputeBreached => wants.push(Wanted::Remedy),
            _ => {}
        });
        for wanted in wants {
            for example in self.examples(wanted).iter().take(TRIED_MAX) {
                for count in 1..=ACTS_MAX {
                    let acts = vec![example; count];
                    let Some(reached) = self.start.reaches(&acts, last, goal) else {
                        continue;
                    };
                    let first = last - i32::try_from(count).ok()? + 1;
                    let timing = Timing {
                        first: first.min(0),
                        last: Some(last),
                        reached,
                    };
                    return Some(self.kept(&acts, timing));
                }
            }
        }
        None
    }

    fn kept(&self, acts: &[&Example], timing: Timing) -> Way {
        let mut way = self.way(acts, timing, None);
        way.then = timing.reached.on.map(date_of);
        way
    }

    fn examples(&self, wanted: Wanted) -> Vec<Example> {
        examples(self.start.ground.rules, wanted, self.trace)
    }

    /// One example for each kind of advocacy act that this customer has not done.
    fn new_kinds(&self, found: Vec<Example>) -> Vec<Example> {
        let mut kinds: Vec<Option<String>> = Vec::new();
        let state = self.start.state;
        let is_done = |kind: &Option<String>| {
            kind.as_ref()
                .is_some_and(|kind| state.advocacy.iter().any(|record| record.kind == *kind))
        };
        found
            .into_iter()
            .filter(|example| {
                let is_new =
                    !is_done(&example.advocacy_kind) && !kinds.contains(&example.advocacy_kind);
                kinds.push(example.advocacy_kind.clone());
                is_new
            })
            .collect()
    }

    fn way(&self, acts: &[&Example], timing: Timing, rule: Option<&Rule>) -> Way {
        let mut needed: Vec<Needed> = Vec::new();
        for example in acts {
            match needed.iter_mut().find(|one| one.event == example.event) {
                Some(known) => known.times += 1,
                None => needed.push(Needed {
                    event: example.event.clone(),
                    properties: example.properties.clone(),
                    identifies: example.identifies,
                    times: 1,
                    text: String::new(),
                }),
            }
        }
        for one in &mut needed {
            let example = acts.iter().find(|example| example.event == one.event);
            one.text =
                example.map_or_else(String::new, |example| phrases::needed(example, one.times));
        }
        let Reached { on } = timing.reached;
        let mut way = Way {
            acts: needed,
            from: date_of(self.start.after(timing.first)),
            by: timing.last.map(|last| date_of(self.start.after(last))),
            then: on.map(date_of).filter(|_| rule.is_some()),
            text: String::new(),
        };
        way.text = phrases::way(&way);
        way
    }
}

/// The acts with those of one event side by side.
fn grouped(plan: &[Example]) -> Vec<&Example> {
    let place = |event: &str| plan.iter().position(|other| other.event == event);
    let mut acts: Vec<&Example> = plan.iter().collect();
    acts.sort_by_key(|example| place(&example.event));
    acts
}

/// The most alternatives that any list of alternatives has.
fn count_of_any(condition: &Condition) -> usize {
    let mut most = 0;
    condition.visit(&mut |inner| {
        if let Condition::Any(list) = inner {
            most = most.max(list.len());
        }
    });
    most.min(WAYS_MAX)
}
