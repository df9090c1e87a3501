//! A history spun on: what would come of acts that nobody has done.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::event::Act;
use crate::stage::state::State;
use crate::stage::transition::Transition;

/// Steps of disputes, which move nobody by themselves, looked through for the next move.
const STEPS_MAX: usize = 200;

impl Fold<'_> {
    /// Lets time pass until the act, and takes it.
    pub(in crate::stage) fn imagine(&mut self, act: &Act<'_>) {
        self.take(act);
    }

    /// Lets silence last until `until`.
    pub(in crate::stage) fn be_silent(&mut self, until: DateTime<Utc>) {
        self.pass_time(until);
    }

    /// The first move that silence would bring about from here, if any.
    pub(in crate::stage) fn next_move(&self) -> Option<Transition> {
        let mut fold = Fold::new(self.rules, self.state.clone());
        for _ in 0..STEPS_MAX {
            let then = fold.next_change()?;
            fold.be_silent(then);
            if let Some(step) = fold.transitions.first() {
                return Some(step.clone());
            }
        }
        None
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
