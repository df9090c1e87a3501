//! Rules over time: which rules hold when, and a fold that lives through a change of them.
//!
//! Rules that take effect from an instant on leave what was before as it was: acts are interpreted
//! under the rules of their own time, and at the instant a state is *adopted* by the new rules. So a
//! timeline is still a function of (schedule, acts, now), and publishing rules is one more thing
//! that happened, not an exception to the laws of the fold.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::advance::{self, AdvanceError, Outcome};
use super::day::Day;
use super::dimension::{Dimension, Scores};
use super::event::{Act, Fact, interpret};
use super::hash::fnv;
use super::ledger::Ledger;
use super::rules::Rules;
use super::state::State;

/// Which rules hold when. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// In order of time; never empty.
    terms: Vec<Term>,
}

/// Rules, and the instant from which they hold.
#[derive(Debug, Clone)]
pub struct Term {
    from: Option<DateTime<Utc>>,
    rules: Arc<Rules>,
    /// Says under which rules, and since when each, a state of this term has come about: two
    /// schedules share it only if they are the same up to this term.
    lineage: u64,
}

impl Term {
    /// When the rules begin to hold; none for the first ones, which hold since ever.
    pub fn from(&self) -> Option<DateTime<Utc>> {
        self.from
    }

    /// The rules.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// A number that stands for this term and all terms before it: what a state keeps of them.
    pub fn lineage(&self) -> u64 {
        self.lineage
    }
}

impl Schedule {
    /// Rules that hold since ever and for ever.
    pub fn single(rules: Arc<Rules>) -> Self {
        let lineage = rules.fingerprint();
        Self {
            terms: vec![Term {
                from: None,
                rules,
                lineage,
            }],
        }
    }

    /// The same, but with `rules` from `from` on. What would have begun then or later never begins:
    /// who changes the rules at an instant changes all that was to come.
    #[must_use]
    pub fn then(mut self, from: DateTime<Utc>, rules: Arc<Rules>) -> Self {
        self.terms
            .retain(|term| term.from.is_none_or(|begins| begins < from));
        let last = self.last();
        // Rules that compute the same begin nothing: a state does not notice them.
        let lineage = if last.rules.fingerprint() == rules.fingerprint() {
            last.lineage
        } else {
            continued(last.lineage, from, &rules)
        };
        self.terms.push(Term {
            from: Some(from),
            rules,
            lineage,
        });
        self
    }

    /// The terms, in order of time.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The rules that hold at `at`.
    pub fn in_force_at(&self, at: DateTime<Utc>) -> &Arc<Rules> {
        &self.terms[place_at(&self.terms, at)].rules
    }

    /// The rules that come last: those in force, unless later ones are already known.
    pub fn latest(&self) -> &Arc<Rules> {
        &self.last().rules
    }

    fn last(&self) -> &Term {
        self.terms.last().expect("a schedule has a first term")
    }

    /// What the rules of its time make of `fact`. Acts for [`Schedule::fold`] and
    /// [`Schedule::advance`] must have been interpreted by this schedule.
    pub fn interpret<'a>(&self, fact: &Fact<'a>) -> Act<'a> {
        interpret(self.in_force_at(fact.at), fact)
    }

    /// The names of the events whose properties the rules of one time or another look at: see
    /// [`Rules::events_read_closely`].
    pub fn events_read_closely(&self) -> Vec<String> {
        let terms = self.terms.iter();
        let mut names: Vec<String> = terms
            .flat_map(|term| term.rules.events_read_closely())
            .cloned()
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// A profile of which nothing is known.
    pub fn blank(&self) -> State {
        State::new(&self.terms[0].rules)
    }

    /// Whether a state with this [`State::lineage`] has come about under this schedule, so that it
    /// may be continued.
    pub fn includes(&self, lineage: u64) -> bool {
        self.terms.iter().any(|term| term.lineage == lineage)
    }

    /// [`fold`](super::fold) under the rules of each act's own time.
    pub fn fold(
        &self,
        acts: &[Act<'_>],
        known_since: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
    ) -> Outcome {
        advance::fold_within(&self.terms, acts, known_since, until)
    }

    /// [`advance`](super::advance()) under the rules of each act's own time.
    /// [`AdvanceError::OtherRules`] also says that a change of rules has been learnt of that lies
    /// before what the state has settled.
    pub fn advance(
        &self,
        state: &State,
        acts: &[Act<'_>],
        known_since: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
    ) -> Result<Outcome, AdvanceError> {
        advance::advance_within(&self.terms, state, acts, known_since, until)
    }

    /// What is left on day `to` of what was added on day `from`, 0 to 1: it fades under the rules of
    /// each time.
    pub fn left(&self, dimension: Dimension, from: Day, to: Day) -> f64 {
        let place = place_at(
            &self.terms,
            to.plus(1).start() - chrono::TimeDelta::nanoseconds(1),
        );
        let age = |from, to: Day| to.since(from);
        left(&self.terms[..=place], dimension.index(), (from, to), age)
    }

    /// The scores on `day` from a ledger's entries up to and including it.
    pub fn scores(&self, ledger: &Ledger, day: Day) -> Scores {
        let mut sums = [0.0; 4];
        for entry in ledger.entries().iter().filter(|entry| entry.day <= day) {
            let left = self.left(entry.dimension, entry.day, day);
            sums[entry.dimension.index()] += entry.amount * left;
        }
        sums.into()
    }
}

fn continued(lineage: u64, from: DateTime<Utc>, rules: &Rules) -> u64 {
    let mut bytes = Vec::with_capacity(28);
    bytes.extend(lineage.to_be_bytes());
    bytes.extend(from.timestamp().to_be_bytes());
    bytes.extend(from.timestamp_subsec_nanos().to_be_bytes());
    bytes.extend(rules.fingerprint().to_be_bytes());
    fnv(&bytes)
}

/// The place of the term that holds at `at`.
pub(super) fn place_at(terms: &[Term], at: DateTime<Utc>) -> usize {
    let begun = terms.partition_point(|term| term.from.is_none_or(|from| from <= at));
    begun.saturating_sub(1)
}

/// The place of the first term after `place` that computes otherwise, and when it begins.
pub(super) fn next_turn(terms: &[Term], place: usize) -> Option<(usize, DateTime<Utc>)> {
    let lineage = terms.get(place)?.lineage;
    let ahead = terms[place..]
        .iter()
        .position(|term| term.lineage != lineage)?;
    terms[place + ahead].from.map(|from| (place + ahead, from))
}

/// What is left on day `to` of what was added on day `from`, by the terms begun by then. A state is
/// adopted on the day on which a term begins, so that day ends one half-life and begins the next.
/// `age` says by how many days anything ages from one day to another.
pub(super) fn left(
    terms: &[Term],
    dimension: usize,
    (from, to): (Day, Day),
    age: impl Fn(Day, Day) -> i32,
) -> f64 {
    let mut left = 1.0;
    let mut ends = to;
    for (place, term) in terms.iter().enumerate().rev() {
        let is_turn = place > 0 && terms[place - 1].lineage != term.lineage;
        let begins = term.from.filter(|_| is_turn).map(Day::of);
        let decay = term.rules.decay(dimension);
        match begins {
            Some(begins) if begins > from => {
                left *= decay.factor(age(begins, ends));
                ends = begins;
            }
            None if place > 0 => {}
            _ => return left * decay.factor(age(from, ends)),
        }
    }
    left
}
