//! Hibernation of the whole relationship: scores stand still, and time alone moves nobody back.
//!
//! It ends on its day, when the customer says so, or with their next qualifying act. The grace of a
//! low score begins anew then. Clocks of disputes run on, because they are the brand's word.

use chrono::{DateTime, Utc};

use super::Fold;
use super::layer_acts::rest_until;
use crate::stage::day::Day;
use crate::stage::event::{Act, NO_LAYER};
use crate::stage::rest::Rest;
use crate::stage::state::State;

/// Rests kept: far more than anything that is kept reaches back over.
const RESTS_MAX: usize = 64;

impl Fold<'_> {
    /// The customer pauses the relationship, if it is the whole that they mean and it may be.
    pub(super) fn pause(&mut self, act: &Act<'_>) {
        if act.layer != NO_LAYER {
            return;
        }
        let day = Day::of(act.at);
        let longest = self.rules.set().resting.hibernation_days_max;
        let state = &mut self.state;
        let from = match state.rests.last() {
            Some(rest) if state.resting => rest.from,
            _ => day,
        };
        let until = rest_until(from, act.names_day, longest);
        if until <= day {
            return;
        }
        if state.resting {
            state.rests.pop();
        }
        self.note_rests();
        forget_rests(&mut self.state, self.rules, day);
        self.state.rests.push(Rest { from, until });
        self.state.resting = true;
        self.state.lows.clear();
    }

    /// The relationship is awake from `day` on, if it was not before.
    pub(super) fn wake(&mut self, day: Day) {
        if !self.state.resting {
            return;
        }
        self.state.resting = false;
        if let Some(rest) = self.state.rests.last_mut() {
            rest.until = rest.until.min(day);
            if rest.until <= rest.from {
                self.state.rests.pop();
            }
        }
    }

    /// Ends a rest whose day has come.
    pub(super) fn wake_by_itself(&mut self, at: DateTime<Utc>) {
        let day = Day::of(at);
        if self.state.wakes_on().is_some_and(|due| due <= day) {
            self.wake(day);
            self.state.settled = Some(at);
            self.judge_lows(day);
        }
    }
}

/// Forgets rests that nothing kept is older than.
fn forget_rests(state: &mut State, rules: &crate::stage::Rules, day: Day) {
    if state.rests.len() >= RESTS_MAX {
        for dimension in 0..state.scores.len() {
            let value = state.score(rules, dimension, day);
            state.scores[dimension] = crate::stage::state::Running { value, day };
        }
    }
    let scores = state.scores.iter().map(|running| running.day);
    let orders = state.orders.iter().map(|order| Day::of(order.at));
    let recent = state.recent.entries().iter().map(|entry| entry.day);
    let oldest = scores.chain(orders).chain(recent).min().unwrap_or(day);
    state.rests.retain(|rest| rest.until > oldest);
}
