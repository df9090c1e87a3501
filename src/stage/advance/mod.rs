//! The fold: acts in, stages out.
//!
//! Owns how a state changes: by an act (`acts.rs`, `orders.rs`, `referrals.rs`, `disputes.rs`,
//! `layer_acts.rs`, `rests.rs`, `turns.rs`), by time alone (`silence.rs`), by new rules (`terms.rs`),
//! from one stage to another (`moves.rs`), and in and out of layers (`layers.rs`). Never reads a
//! clock: `until` says how far time has come. Start with [`fold`].
//!
//! A state changes only at acts, at moves and where other rules begin. Looking at it later, more often or after an outage
//! changes nothing, because what time brings about is worked out from the last change and dated
//! when it came about.

mod acts;
mod contacts;
mod disputes;
mod imagine;
mod layer_acts;
mod layers;
mod moves;
mod orders;
mod referrals;
mod rests;
mod silence;
mod terms;
mod trace;
mod turns;

use chrono::{DateTime, Utc};

use super::dimension::DIMENSIONS;
use super::evaluate::{Moment, Signs};
use super::event::Act;
use super::ledger::Ledger;
use super::rules::Rules;
use super::schedule::Term;
use super::state::{ActKey, Standing, State};
use super::tier::Stage;
use super::transition::{LayerTransition, Transition};

pub(super) use trace::{Trace, Traced};

/// What a fold computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The state to store.
    pub state: State,
    /// The standing at `until` (or at the last act, if that is later).
    pub standing: Standing,
    /// The moves made, in order. From [`advance`], the new ones.
    pub transitions: Vec<Transition>,
    /// What happened to their places in layers, in order. From [`advance`], what is new.
    pub layer_moves: Vec<LayerTransition>,
    /// What the acts added to the ledger: from [`fold`] the whole ledger, from [`advance`] amounts
    /// to add to what is stored (negative where a refund took something back).
    pub ledger: Ledger,
    /// The next instant at which something changes if nothing happens.
    pub review_at: Option<DateTime<Utc>>,
}

/// Why a state cannot be continued. Fold all of the profile's events instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdvanceError {
    /// An act, or the instant the profile became known, lies before what the state has settled.
    #[error("an act lies before the last change of the state")]
    Late,
    /// The state was computed under other rules.
    #[error("the state was computed under another rule set")]
    OtherRules,
}

/// Folds all acts of a profile. They may come in any order and more than once: they are put in
/// order of time, source and message id, and repetitions dropped.
///
/// `known_since` is when the profile came to carry an identifier, if an act does not say so itself.
/// `until` is how far time has come; an act after it counts all the same.
pub fn fold(
    rules: &Rules,
    acts: &[Act<'_>],
    known_since: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> Outcome {
    let mut state = State::new(rules);
    state.known_since = known_since;
    Fold::new(rules, state).run(&in_order(acts), until)
}

/// Continues from a stored state with acts that all come after the last one folded. The acts may
/// be none: then only time passes.
pub fn advance(
    rules: &Rules,
    state: &State,
    acts: &[Act<'_>],
    known_since: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> Result<Outcome, AdvanceError> {
    if !state.is_under(rules) {
        return Err(AdvanceError::OtherRules);
    }
    Fold::new(rules, state.clone()).resume(None, acts, known_since, until)
}

/// [`fold`] under rules that change: see [`Schedule`](super::Schedule).
pub(super) fn fold_within(
    terms: &[Term],
    acts: &[Act<'_>],
    known_since: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> Outcome {
    let mut state = State::new(terms[0].rules());
    state.known_since = known_since;
    Fold::within(terms, 0, state).run(&in_order(acts), until)
}

/// [`fold_within`], and what each act added.
pub(super) fn fold_traced(
    terms: &[Term],
    acts: &[Act<'_>],
    known_since: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> (Outcome, Trace) {
    let mut state = State::new(terms[0].rules());
    state.known_since = known_since;
    Fold::within(terms, 0, state)
        .traced()
        .run_noting(&in_order(acts), until)
}

/// [`advance`] under rules that change: see [`Schedule`](super::Schedule).
pub(super) fn advance_within(
    terms: &[Term],
    state: &State,
    acts: &[Act<'_>],
    known_since: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> Result<Outcome, AdvanceError> {
    let place = terms::place_of(terms, state).ok_or(AdvanceError::OtherRules)?;
    let fold = Fold::within(terms, place, state.clone());
    fold.resume(terms[place].from(), acts, known_since, until)
}

fn in_order<'a, 'b>(acts: &'a [Act<'b>]) -> Vec<&'a Act<'b>> {
    let mut ordered: Vec<_> = acts.iter().collect();
    if !ordered.is_sorted_by(|left, right| left.key() < right.key()) {
        ordered.sort_by(|left, right| left.key().cmp(&right.key()));
        ordered.dedup_by(|right, left| left.key() == right.key());
    }
    ordered
}

/// A fold under way.
pub(super) struct Fold<'r> {
    /// The rules that hold at the instant the fold has come to.
    rules: &'r Rules,
    /// The terms that these are one of; empty when they hold for ever.
    terms: &'r [Term],
    /// Which of the terms they are.
    place: usize,
    state: State,
    transitions: Vec<Transition>,
    layer_moves: Vec<LayerTransition>,
    ledger: Ledger,
    /// Whether the present act counts, as far as is known.
    counted: bool,
    /// What the present act means to the rules.
    signs: Signs,
    /// What the present act has added.
    added: [f64; DIMENSIONS],
    /// The stage that an accepted remedy gives back.
    restoring: Option<Stage>,
    /// What each act adds, where somebody asks.
    trace: Option<Box<trace::Trace>>,
}

impl<'r> Fold<'r> {
    pub(super) fn new(rules: &'r Rules, state: State) -> Self {
        Self {
            rules,
            terms: &[],
            place: 0,
            state,
            transitions: Vec::new(),
            layer_moves: Vec::new(),
            counted: false,
            ledger: Ledger::default(),
            signs: Signs::default(),
            added: [0.0; DIMENSIONS],
            restoring: None,
            trace: None,
        }
    }

    /// Goes on with acts that all come after the last one folded. The rules have held since `begins`.
    fn resume(
        mut self,
        begins: Option<DateTime<Utc>>,
        acts: &[Act<'_>],
        known_since: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
    ) -> Result<Outcome, AdvanceError> {
        let state = &self.state;
        let mut acts = in_order(acts);
        if let Some(last) = &state.last {
            let repeated = acts
                .iter()
                .take_while(|act| act.key() == last.key())
                .count();
            acts.drain(..repeated);
            if acts.first().is_some_and(|act| act.key() < last.key()) {
                return Err(AdvanceError::Late);
            }
        }
        let settled = state.settled.max(begins);
        let is_settled = |at| settled.is_some_and(|settled| at < settled);
        if acts.first().is_some_and(|act| is_settled(act.at)) {
            return Err(AdvanceError::Late);
        }
        if let Some(known) = known_since
            && !state.is_known_at(known)
        {
            if is_settled(known) {
                return Err(AdvanceError::Late);
            }
            self.state.known_since = Some(known);
        }
        Ok(self.run(&acts, until))
    }

    fn run(self, acts: &[&Act<'_>], until: DateTime<Utc>) -> Outcome {
        self.run_noting(acts, until).0
    }

    fn run_noting(mut self, acts: &[&Act<'_>], until: DateTime<Utc>) -> (Outcome, Trace) {
        for act in acts {
            self.take(act);
        }
        let mut now = until;
        if let Some(act) = acts.last() {
            now = now.max(act.at);
            self.state.last = Some(ActKey {
                at: act.at,
                source: act.source.to_owned(),
                message_id: act.message_id.to_owned(),
            });
        }
        self.come_to(now);
        self.note_rests();
        let outcome = Outcome {
            review_at: self.next_change_or_turn(),
            standing: self.state.standing(self.rules, now),
            state: self.state,
            transitions: self.transitions,
            layer_moves: self.layer_moves,
            ledger: self.ledger,
        };
        (outcome, self.trace.map(|trace| *trace).unwrap_or_default())
    }

    /// Lets silence last until `until` and returns the moves it brought about.
    pub(super) fn forecast(mut self, until: DateTime<Utc>) -> (State, Vec<Transition>) {
        self.come_to(until);
        (self.state, self.transitions)
    }

    /// What silence until `until` does to layers.
    pub(super) fn forecast_layers(
        mut self,
        until: DateTime<Utc>,
    ) -> (&'r Rules, Vec<LayerTransition>) {
        self.come_to(until);
        (self.rules, self.layer_moves)
    }

    fn moment(&self, at: DateTime<Utc>) -> Moment<'_> {
        Moment {
            rules: self.rules,
            state: &self.state,
            known: self.state.is_known_at(at),
            signs: self.signs,
        }
    }
}
