//! Rules that change: how a state is carried from one term of a schedule to the next.

use chrono::{DateTime, Utc};

use super::Fold;
use super::moves::Trigger;
use crate::stage::day::Day;
use crate::stage::dimension::DIMENSIONS;
use crate::stage::evaluate::Signs;
use crate::stage::rules::Rules;
use crate::stage::schedule::{self, Term};
use crate::stage::state::{Running, SignalSum, State};

/// The place of the term that `state` has come to, if it may be continued from there: nothing that
/// it holds belongs to a later term.
pub(super) fn place_of(terms: &[Term], state: &State) -> Option<usize> {
    let place = terms
        .iter()
        .position(|term| term.lineage() == state.lineage())?;
    let Some((_, ends)) = schedule::next_turn(terms, place) else {
        return Some(place);
    };
    // What silence brings about as a term ends still belongs to it; an act of that instant does not.
    let is_within = state.settled.is_none_or(|settled| settled <= ends)
        && state.last.as_ref().is_none_or(|last| last.at < ends);
    is_within.then_some(place)
}

impl<'r> Fold<'r> {
    /// A fold under the terms of a schedule, of which the state has come to the one at `place`.
    pub(super) fn within(terms: &'r [Term], place: usize, state: State) -> Self {
        Self {
            terms,
            place,
            ..Self::new(terms[place].rules(), state)
        }
    }

    /// Brings about all that time and new rules bring about up to and including `until`.
    pub(super) fn come_to(&mut self, until: DateTime<Utc>) {
        while let Some((place, begins)) = schedule::next_turn(self.terms, self.place)
            && begins <= until
        {
            self.pass_time(begins);
            self.adopt(place, begins);
        }
        self.pass_time(until);
    }

    /// The next instant at which something changes by itself or other rules begin.
    pub(super) fn next_change_or_turn(&self) -> Option<DateTime<Utc>> {
        let turn = schedule::next_turn(self.terms, self.place).map(|(_, begins)| begins);
        match (self.next_change(), turn) {
            (Some(change), Some(turn)) => Some(change.min(turn)),
            (change, turn) => change.or(turn),
        }
    }

    /// Lets the rules at `place` take over. What was added stays; it has faded by the old half-lives
    /// until today and fades by the new ones from here on. Then the new rules judge.
    fn adopt(&mut self, place: usize, at: DateTime<Utc>) {
        let day = Day::of(at);
        let is_blank = self.state.settled.is_none();
        if !is_blank {
            self.carry_lows_to(day);
            self.fade_to(day);
        }
        let terms = self.terms;
        let rules: &'r Rules = terms[place].rules();
        self.keep_sums_under(rules);
        self.rules = rules;
        self.place = place;
        self.state.rules = terms[place].lineage();
        if is_blank {
            return;
        }
        self.begin_day(day);
        self.state.settled = Some(at);
        self.signs = Signs::default();
        self.added = [0.0; DIMENSIONS];
        // A sum that was watched before keeps its first low day; any other is low from today.
        let watched = rules.watched(self.state.stage);
        let is_watched = |of, below: f64| {
            let mut same = watched.iter();
            same.any(|(sum, bar)| *sum == of && bar.total_cmp(&below).is_eq())
        };
        self.state.lows.retain(|low| is_watched(low.of, low.below));
        self.judge_lows(day);
        self.evaluate(at, Trigger::Rules);
    }

    fn fade_to(&mut self, day: Day) {
        let rules = self.rules;
        for index in 0..DIMENSIONS {
            let running = self.state.scores[index];
            if day > running.day {
                let left = rules.decay(index).factor(self.state.age(running.day, day));
                let value = running.value * left;
                self.state.scores[index] = Running { value, day };
            }
        }
        for layer in rules.layers() {
            let mut kept = self.state.layers.iter_mut();
            if let Some(kept) = kept.find(|kept| kept.layer == layer.id) {
                kept.bring_to(&layer.decay, day);
            }
        }
    }

    /// Keeps what the day's events weigh together, so that their caps go on; under other rules the
    /// same event has another number. One that plays another part there begins anew.
    fn keep_sums_under(&mut self, rules: &Rules) {
        let old = self.rules;
        let mut kept: Vec<SignalSum> = Vec::new();
        for sum in self.state.today.sums.drain(..) {
            let before = old.signal(sum.signal);
            let Some(signal) = rules.number_of_signal(&before.event) else {
                continue;
            };
            if rules.signal(signal).role != before.role {
                continue;
            }
            match kept.iter_mut().find(|other| other.signal == signal) {
                Some(other) => {
                    for (together, more) in other.uncapped.iter_mut().zip(sum.uncapped) {
                        *together += more;
                    }
                }
                None => kept.push(SignalSum { signal, ..sum }),
            }
        }
        self.state.today.sums = kept;
    }

    /// The rules that held at `at`, which is not after what the fold has come to, and the lineage of
    /// their term.
    pub(super) fn rules_at(&self, at: DateTime<Utc>) -> (u64, &'r Rules) {
        if self.terms.is_empty() {
            return (self.state.rules, self.rules);
        }
        let term = &self.terms[schedule::place_at(self.terms, at)];
        (term.lineage(), term.rules())
    }

    /// What is left on day `to` of what was added on day `from`.
    #[inline]
    pub(super) fn left(&self, dimension: usize, from: Day, to: Day) -> f64 {
        if self.place == 0 {
            let aged = self.state.age(from, to);
            return self.rules.decay(dimension).factor(aged);
        }
        let terms = &self.terms[..=self.place];
        schedule::left(terms, dimension, (from, to), |from, to| {
            self.state.age(from, to)
        })
    }
}
