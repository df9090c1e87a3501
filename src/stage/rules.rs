//! A rule set made ready to run: names looked up, weights in arrays, decay in tables.

use std::collections::HashMap;
use std::sync::Arc;

use super::decay::Decay;
use super::dimension::{DIMENSIONS, Dimension, Dimensions};
use super::event::Act;
use super::ready_layer::ReadyLayer;
use super::ruleset::{
    Condition, ContactRules, DisputeRules, Fault, Guard, HalfLife, Mark, ReferralRules, Role, Rule,
    RuleSet, StageNames,
};
use super::tier::Stage;
use super::turn::Step;

/// Days for which qualifying acts are kept when no rule asks for longer.
const WINDOW_DAYS_MIN: u16 = 365;

/// A checked rule set, ready to interpret events and to fold acts. Make it once per version and
/// share it: making it fills tables, using it allocates nothing.
#[derive(Debug, Clone)]
pub struct Rules {
    set: Arc<RuleSet>,
    fingerprint: u64,
    half_lives: [f64; DIMENSIONS],
    by_event: HashMap<String, u16>,
    read_closely: Vec<String>,
    signals: Vec<ReadySignal>,
    cases: Vec<ReadyCase>,
    decay: [Decay; DIMENSIONS],
    up: [Vec<usize>; 4],
    down: [Vec<usize>; 4],
    watched: [Vec<(Dimensions, f64)>; 4],
    window_days: u16,
    layers: Vec<ReadyLayer>,
}

/// A signal's lasting part.
#[derive(Debug, Clone)]
pub(super) struct ReadySignal {
    pub(super) event: String,
    pub(super) caps: [f64; DIMENSIONS],
    pub(super) role: Option<Role>,
    pub(super) qualifying: bool,
    pub(super) advocacy_kind: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) brand_initiated: bool,
    pub(super) counts_untrusted: bool,
    pub(super) step: Option<Step>,
    pub(super) cases: std::ops::Range<u16>,
}

/// One way a signal can count. The signal's `add` is its last case, without guards.
#[derive(Debug, Clone)]
pub(super) struct ReadyCase {
    pub(super) signal: u16,
    pub(super) weights: [f64; DIMENSIONS],
    pub(super) guards: Vec<Guard>,
    pub(super) discounted: bool,
    pub(super) detractor: bool,
    /// Whether it matters which layer the event names.
    pub(super) names_layer: bool,
}

impl Rules {
    /// Checks the set and makes it ready; all its faults otherwise.
    pub fn new(set: RuleSet) -> Result<Self, Vec<Fault>> {
        let faults = set.validate();
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut rules = Self {
            fingerprint: set.fingerprint(),
            half_lives: set.half_life_days.to_array(),
            by_event: HashMap::new(),
            read_closely: Vec::new(),
            signals: Vec::with_capacity(set.signals.len()),
            cases: Vec::new(),
            decay: set.half_life_days.to_array().map(Decay::new),
            up: Stage::ALL.map(|stage| rules_from(&set, stage, |to| to > stage)),
            down: Stage::ALL.map(|stage| rules_from(&set, stage, |to| to < stage)),
            watched: Stage::ALL.map(|stage| watched_from(&set, stage)),
            window_days: longest_window(&set),
            layers: Vec::with_capacity(set.layers.len()),
            set: Arc::new(set),
        };
        rules.ready_signals();
        rules.ready_layers();
        Ok(rules)
    }

    /// The rules of [`RuleSet::default_set`].
    pub fn default_rules() -> Self {
        Self::new(RuleSet::default_set()).expect("the default rule set is valid: a test reads it")
    }

    /// The document these rules were made from.
    pub fn set(&self) -> &RuleSet {
        &self.set
    }

    /// [`RuleSet::fingerprint`] of the document.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The half-life of `dimension`, in days: as written, or as learnt.
    pub fn half_life(&self, dimension: Dimension) -> f64 {
        self.half_lives[dimension.index()]
    }

    /// The same rules with another half-life of investment, in days, as learnt from the gaps
    /// between a brand's orders. The document stays as it is.
    pub fn with_investment_half_life(&self, days: f64) -> Result<Self, Vec<Fault>> {
        let mut written = RuleSet::clone(&self.set);
        written.half_life_days.investment = HalfLife::Days(days);
        let faults = written.validate();
        if !faults.is_empty() {
            return Err(faults);
        }
        let place = Dimension::Investment.index();
        let mut rules = self.clone();
        rules.half_lives[place] = days;
        rules.decay[place] = Decay::new(days);
        rules.fingerprint = self.set.fingerprint_with(rules.half_lives);
        Ok(rules)
    }

    fn ready_signals(&mut self) {
        let set = Arc::clone(&self.set);
        let has_layers = !set.layers.is_empty();
        for (index, signal) in set.signals.iter().enumerate() {
            let index = u16::try_from(index).expect("validation limits the number of signals");
            let first = self.cases.len();
            for case in &signal.cases {
                self.cases.push(ReadyCase {
                    signal: index,
                    weights: case.add.to_array(0.0),
                    guards: case.when.clone(),
                    discounted: case.marks.contains(&Mark::Discounted),
                    detractor: case.marks.contains(&Mark::Detractor),
                    names_layer: has_layers && case.add.trust.is_some(),
                });
            }
            if signal.add.is_some() || signal.cases.is_empty() {
                self.cases.push(ReadyCase {
                    signal: index,
                    weights: signal.add.unwrap_or_default().to_array(0.0),
                    guards: Vec::new(),
                    discounted: false,
                    detractor: false,
                    names_layer: has_layers && signal.add.is_some_and(|add| add.trust.is_some()),
                });
            }
            let number =
                |cases: usize| u16::try_from(cases).expect("a document's length limits cases");
            self.signals.push(ReadySignal {
                event: signal.event.clone(),
                caps: signal.cap.to_array(f64::INFINITY),
                role: signal.role,
                qualifying: signal.qualifying,
                advocacy_kind: signal.advocacy_kind.clone(),
                channel: signal.channel.clone(),
                brand_initiated: signal.brand_initiated,
                counts_untrusted: signal.counts_untrusted(),
                step: signal
                    .step
                    .or((signal.role == Some(Role::Order)).then_some(Step::Use)),
                cases: number(first)..number(self.cases.len()),
            });
            let looks = |case: &ReadyCase| case.names_layer || !case.guards.is_empty();
            let is_read = signal.role.is_some() || self.cases[first..].iter().any(looks);
            for name in std::iter::once(&signal.event).chain(&signal.aliases) {
                self.by_event.insert(name.clone(), index);
                if is_read {
                    self.read_closely.push(name.clone());
                }
            }
        }
    }

    /// The names of the events whose properties [`interpret`](super::interpret) looks at: those that
    /// play a part, and those that count in one case and not in another. Of any other event, unless
    /// it has one of [`READ_OF_ANY`](super::READ_OF_ANY), it makes the same whatever its properties
    /// are, so that they need not be read.
    pub fn events_read_closely(&self) -> &[String] {
        &self.read_closely
    }

    fn ready_layers(&mut self) {
        let set = Arc::clone(&self.set);
        for layer in &set.layers {
            let ready = ReadyLayer::new(layer, self);
            self.layers.push(ready);
        }
    }

    /// The layers, each after the one it lies on.
    #[inline]
    pub(super) fn layers(&self) -> &[ReadyLayer] {
        &self.layers
    }

    /// Days of silence after which somebody is dormant.
    pub(super) fn dormant_days(&self) -> i32 {
        let after = self.set.resting.dormant_after;
        after.days(self.half_life(Dimension::Investment))
    }

    /// Every case of the signal that names `event`.
    pub(super) fn cases_named(&self, event: &str) -> impl Iterator<Item = (u16, &ReadyCase)> {
        let cases = self.signal_named(event).map(|signal| signal.cases.clone());
        cases
            .into_iter()
            .flatten()
            .map(|case| (case, self.case(case)))
    }

    pub(super) fn signal_named(&self, event: &str) -> Option<&ReadySignal> {
        self.by_event
            .get(event)
            .map(|index| &self.signals[usize::from(*index)])
    }

    /// The number under which [`Self::signal`] knows an event.
    pub(super) fn number_of_signal(&self, event: &str) -> Option<u16> {
        self.by_event.get(event).copied()
    }

    #[inline]
    pub(super) fn case(&self, case: u16) -> &ReadyCase {
        &self.cases[usize::from(case)]
    }

    #[inline]
    pub(super) fn signal(&self, signal: u16) -> &ReadySignal {
        &self.signals[usize::from(signal)]
    }

    #[inline]
    pub(super) fn decay(&self, dimension: usize) -> &Decay {
        &self.decay[dimension]
    }

    /// Rules that lead deeper from `stage`, in document order.
    pub(super) fn up(&self, stage: Stage) -> impl Iterator<Item = (usize, &Rule)> {
        self.up[stage.index()]
            .iter()
            .map(|index| (*index, &self.set.rules[*index]))
    }

    /// Rules that lead back from `stage`, in document order.
    pub(super) fn down(&self, stage: Stage) -> impl Iterator<Item = (usize, &Rule)> {
        self.down[stage.index()]
            .iter()
            .map(|index| (*index, &self.set.rules[*index]))
    }

    pub(super) fn rule(&self, index: usize) -> &Rule {
        &self.set.rules[index]
    }

    /// The sums whose lowness somebody at `stage` is watched for.
    #[inline]
    pub(super) fn watched(&self, stage: Stage) -> &[(Dimensions, f64)] {
        &self.watched[stage.index()]
    }

    /// Days for which acts are kept for counting.
    pub(super) fn window_days(&self) -> u16 {
        self.window_days
    }

    pub(super) fn disputes(&self) -> &DisputeRules {
        &self.set.disputes
    }

    pub(super) fn referrals(&self) -> ReferralRules {
        self.set.referrals
    }

    pub(super) fn contact(&self) -> &ContactRules {
        &self.set.contact
    }

    /// The signal of an act that these rules interpreted, if it counts.
    pub(super) fn signal_of(&self, act: &Act<'_>) -> Option<&ReadySignal> {
        act.counts()
            .then(|| self.signal(self.case(act.case).signal))
    }

    pub(super) fn names(&self) -> &StageNames {
        &self.set.stages
    }
}

fn rules_from(set: &RuleSet, stage: Stage, leads: impl Fn(Stage) -> bool) -> Vec<usize> {
    (0..set.rules.len())
        .filter(|index| set.rules[*index].applies_from(stage) && leads(set.rules[*index].to))
        .collect()
}

fn watched_from(set: &RuleSet, stage: Stage) -> Vec<(Dimensions, f64)> {
    let mut watched: Vec<(Dimensions, f64)> = Vec::new();
    for rule in set.rules.iter().filter(|rule| rule.applies_from(stage)) {
        rule.when.visit(&mut |condition| {
            if let Condition::ScoreBelowFor(test) = condition {
                let sum = (test.of, test.below);
                if !watched.contains(&sum) {
                    watched.push(sum);
                }
            }
        });
    }
    watched
}

fn longest_window(set: &RuleSet) -> u16 {
    let mut longest = WINDOW_DAYS_MIN;
    let invitations = set
        .layers
        .iter()
        .filter_map(|layer| layer.invitation.when.as_ref());
    for when in set.rules.iter().map(|rule| &rule.when).chain(invitations) {
        when.visit(&mut |condition| {
            let days = match condition {
                Condition::QualifyingDays(test) => test.within_days,
                Condition::ConvertedReferrals(test) | Condition::AdvocacyKinds(test) => {
                    test.within_days.unwrap_or_default()
                }
                Condition::All(_)
                | Condition::Any(_)
                | Condition::Not(_)
                | Condition::Score(_)
                | Condition::ScoreBelowFor(_)
                | Condition::Known
                | Condition::NoOpenDispute
                | Condition::StageAtLeast(_)
                | Condition::Orders(_)
                | Condition::DaysInStage { .. }
                | Condition::DetractorAnswer
                | Condition::RelationshipEnded
                | Condition::DisputeBreached
                | Condition::PromotingOrderRefunded { .. } => 0,
            };
            longest = longest.max(days);
        });
    }
    longest
}
