//! A history spun on: what would come of acts that nobody has done.

use chrono::{DateTime, Utc};

use super::Fold;
use super::terms::place_of;
use crate::stage::event::Act;
use crate::stage::rules::Rules;
use crate::stage::schedule::Term;
use crate::stage::state::State;
use crate::stage::transition::Transition;

/// Steps of disputes, which move nobody by themselves, looked through for the next move.
const STEPS_MAX: usize = 200;

impl<'r> Fold<'r> {
    /// A fold that goes on from `state` under the terms of a schedule, or under `rules` for ever
    /// where there are no terms.
    pub(in crate::stage) fn going_on(rules: &'r Rules, terms: &'r [Term], state: State) -> Self {
        match place_of(terms, &state) {
            Some(place) => Self::within(terms, place, state),
            None => Self::new(rules, state),
        }
    }

    /// Lets time pass until the act, and takes it. It must have been interpreted by the rules that
    /// hold at that time.
    pub(in crate::stage) fn imagine(&mut self, act: &Act<'_>) {
        self.take(act);
    }

    /// Lets silence last until `until`.
    pub(in crate::stage) fn be_silent(&mut self, until: DateTime<Utc>) {
        self.come_to(until);
    }

    /// The next thing that silence brings about from here: when, and the moves; no move where only
    /// a dispute goes on. None if nothing ever happens.
    pub(in crate::stage) fn next_step(mut self) -> Option<(DateTime<Utc>, Vec<Transition>)> {
        for _ in 0..STEPS_MAX {
            let change = self.next_change();
            let then = self.next_change_or_turn()?;
            self.transitions.clear();
            self.come_to(then);
            if change == Some(then) || !self.transitions.is_empty() {
                return Some((then, self.transitions));
            }
        }
        None
    }

    /// The first move that silence would bring about from here, if any.
    pub(in crate::stage) fn next_move(&self) -> Option<Transition> {
        let mut fold = Fold::going_on(self.rules, self.terms, self.state.clone());
        for _ in 0..STEPS_MAX {
            let then = fold.next_change_or_turn()?;
            fold.come_to(then);
            if let Some(step) = fold.transitions.first() {
                return Some(step.clone());
            }
        }
        None
    }

    /// The rules that hold at the instant reached.
    pub(in crate::stage) const fn rules(&self) -> &'r Rules {
        self.rules
    }

    /// The state reached.
    pub(in crate::stage) const fn state(&self) -> &State {
        &self.state
    }

    /// The moves made since the beginning of what is imagined.
    pub(in crate::stage) fn moves(&self) -> &[Transition] {
        &self.transitions
    }
}
