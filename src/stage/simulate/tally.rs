//! Adding people up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::money::Money;
use super::preview::{Course, Earned, Preview, Sample};
use super::timeline::{count_flip_flops, days_in_stages, stage_at};
use super::{Purchase, Question, Subject, reason, warning};
use crate::stage::advance::Outcome;
use crate::stage::hash::fnv;
use crate::stage::layer::LayerStatus;
use crate::stage::tier::Stage;

/// Most people named in a preview.
const SAMPLES_MAX: usize = 20;

/// What has been found so far. Tallies of shards merge by adding; the sum does not depend on the
/// order, nor on how people were dealt to shards.
#[derive(Debug, Clone)]
pub struct Tally {
    question: Question,
    preview: Preview,
    earned: [Earnings; 2],
    samples: BTreeMap<(Stage, Stage), Vec<(u64, Sample)>>,
}

/// What each stage went on to earn, currency by currency ("" where an order names none).
#[derive(Debug, Clone, Default)]
struct Earnings([BTreeMap<String, Currency>; 4]);

#[derive(Debug, Clone, Copy, Default)]
struct Currency {
    orders: u64,
    revenue: Money,
}

impl Tally {
    /// Nobody yet.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            preview: Preview {
                at: question.at,
                reference: question.reference,
                horizon_days: question.horizon_days,
                ..Preview::default()
            },
            earned: [Earnings::default(), Earnings::default()],
            samples: BTreeMap::new(),
        }
    }

    /// What is asked.
    pub fn question(&self) -> Question {
        self.question
    }

    /// Takes a person in.
    pub fn add(&mut self, subject: &Subject<'_>) {
        let at = self.question.at;
        let from = subject.present.outcome.standing.stage;
        let to = subject.draft.outcome.standing.stage;
        self.preview.events += subject.events;
        let stays_unknown = !subject.is_known_at(at) && from == Stage::Stranger && from == to;
        if stays_unknown {
            self.preview.anonymous += u64::from(subject.events > 0);
            return;
        }
        self.preview.people += 1;
        self.preview.matrix[from.index()][to.index()] += 1;
        let changed = !same_timeline(subject.present.outcome, subject.draft.outcome);
        self.preview.timelines_changed += u64::from(changed);
        if from != to {
            self.add_move(subject, (from, to));
        }
        let outcomes = [subject.present.outcome, subject.hindsight];
        for (place, outcome) in outcomes.into_iter().enumerate() {
            self.add_course(place, subject, outcome);
        }
    }

    /// Takes in what another shard has found about the same question.
    pub fn merge(&mut self, other: Self) {
        let (into, from) = (&mut self.preview, other.preview);
        into.people += from.people;
        into.anonymous += from.anonymous;
        into.events += from.events;
        into.moved += from.moved;
        into.timelines_changed += from.timelines_changed;
        for (row, from) in into.matrix.iter_mut().zip(from.matrix) {
            add_all(row, from);
        }
        for (rule, people) in from.moved_by_rule {
            *into.moved_by_rule.entry(rule).or_default() += people;
        }
        merge_course(&mut into.present, &from.present);
        merge_course(&mut into.draft, &from.draft);
        for (into, from) in self.earned.iter_mut().zip(other.earned) {
            into.merge(from);
        }
        for (cell, samples) in other.samples {
            for (hash, sample) in samples {
                keep(self.samples.entry(cell).or_default(), hash, || sample);
            }
        }
    }

    /// The preview of everybody taken in.
    pub fn finish(mut self) -> Preview {
        let currency = self.main_currency();
        let key = currency.clone().unwrap_or_default();
        let courses = [&mut self.preview.present, &mut self.preview.draft];
        for (course, earnings) in courses.into_iter().zip(&self.earned) {
            for (earned, by_currency) in course.earned.iter_mut().zip(&earnings.0) {
                earned.revenue = by_currency.get(&key).copied().unwrap_or_default().revenue;
            }
        }
        self.preview.currency = currency;
        self.preview.samples = choose(self.samples);
        let others = self.earned[0].orders_by_currency();
        self.preview.warnings = warning::warnings(&self.preview, &others);
        self.preview
    }

    fn add_move(&mut self, subject: &Subject<'_>, cell: (Stage, Stage)) {
        self.preview.moved += 1;
        let rule = reason::deciding_rule(subject);
        if let Some(rule) = rule {
            *self.preview.moved_by_rule.entry(rule).or_default() += 1;
        }
        let kept = self.samples.entry(cell).or_default();
        let at = self.question.at;
        keep(kept, scattered(subject.id), || {
            reason::sample(subject, cell, at)
        });
    }

    fn add_course(&mut self, place: usize, subject: &Subject<'_>, outcome: &Outcome) {
        let question = self.question;
        let course = if place == 0 {
            &mut self.preview.present
        } else {
            &mut self.preview.draft
        };
        let moves = &outcome.transitions;
        course.transitions += u64::try_from(moves.len()).unwrap_or(u64::MAX);
        course.flip_flops += count_flip_flops(moves);
        for invited in invitations(outcome) {
            *course.invitations.entry(invited.clone()).or_default() += 1;
        }
        if let Some(began) = began(subject) {
            add_all(
                &mut course.stage_days,
                days_in_stages(moves, began, question.at),
            );
        }
        let stage = stage_at(moves, question.reference);
        if stage == Stage::Stranger && !subject.is_known_at(question.reference) {
            return;
        }
        let earned = &mut course.earned[stage.index()];
        let bought = subject.purchases.iter().filter(|purchase| {
            purchase.at > question.reference && purchase.at <= question.horizon()
        });
        let before = earned.orders;
        for purchase in bought {
            earned.orders += 1;
            self.earned[place].add(stage, purchase);
        }
        earned.people += 1;
        earned.bought_again += u64::from(earned.orders > before);
    }

    /// The currency of most of the orders that were earned, the first by name of equals.
    fn main_currency(&self) -> Option<String> {
        let orders = self.earned[0].orders_by_currency();
        orders
            .into_iter()
            .filter(|(currency, _)| !currency.is_empty())
            .max_by(|(one, more), (other, fewer)| more.cmp(fewer).then(other.cmp(one)))
            .map(|(currency, _)| currency)
    }
}

impl Earnings {
    fn add(&mut self, stage: Stage, purchase: &Purchase<'_>) {
        let Some(amount) = purchase.amount else {
            return;
        };
        let by_currency = &mut self.0[stage.index()];
        let currency = purchase.currency.unwrap_or_default().to_ascii_uppercase();
        let sum = by_currency.entry(currency).or_default();
        sum.orders += 1;
        sum.revenue = sum.revenue.plus(amount);
    }

    fn merge(&mut self, other: Self) {
        for (into, from) in self.0.iter_mut().zip(other.0) {
            for (currency, more) in from {
                let sum = into.entry(currency).or_default();
                sum.orders += more.orders;
                sum.revenue = sum.revenue.plus(more.revenue);
            }
        }
    }

    fn orders_by_currency(&self) -> BTreeMap<String, u64> {
        let mut orders = BTreeMap::new();
        for (currency, sum) in self.0.iter().flatten() {
            *orders.entry(currency.clone()).or_default() += sum.orders;
        }
        orders
    }
}

fn began(subject: &Subject<'_>) -> Option<DateTime<Utc>> {
    [subject.first_at, subject.known_since]
        .into_iter()
        .flatten()
        .min()
}

fn same_timeline(one: &Outcome, other: &Outcome) -> bool {
    let (moves, others) = (&one.transitions, &other.transitions);
    let (entries, other_entries) = (&one.layer_moves, &other.layer_moves);
    moves.len() == others.len()
        && entries.len() == other_entries.len()
        && moves
            .iter()
            .zip(others)
            .all(|(one, other)| one.is_same_move(other))
        && entries
            .iter()
            .zip(other_entries)
            .all(|(one, other)| one.is_same_move(other))
}

/// The layers that somebody was invited to, once for each invitation.
fn invitations(outcome: &Outcome) -> impl Iterator<Item = &String> {
    let moves = outcome.layer_moves.iter();
    moves
        .filter(|step| step.to == LayerStatus::Invited)
        .map(|step| &step.layer)
}

fn merge_course(into: &mut Course, from: &Course) {
    for (layer, invited) in &from.invitations {
        *into.invitations.entry(layer.clone()).or_default() += invited;
    }
    into.transitions += from.transitions;
    into.flip_flops += from.flip_flops;
    add_all(&mut into.stage_days, from.stage_days);
    for (into, from) in into.earned.iter_mut().zip(&from.earned) {
        let Earned {
            people,
            bought_again,
            orders,
            revenue: _,
        } = from;
        into.people += people;
        into.bought_again += bought_again;
        into.orders += orders;
    }
}

fn add_all(into: &mut [u64; 4], from: [u64; 4]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += from;
    }
}

/// Keeps those with the lowest hashes, in order of them; a sample is made only if it is kept.
fn keep(kept: &mut Vec<(u64, Sample)>, hash: u64, sample: impl FnOnce() -> Sample) {
    let place = kept.partition_point(|(lower, _)| *lower < hash);
    if place < SAMPLES_MAX {
        kept.insert(place, (hash, sample()));
        kept.truncate(SAMPLES_MAX);
    }
}

/// Takes one from every kind of move in turn until there are enough, or all.
fn choose(cells: BTreeMap<(Stage, Stage), Vec<(u64, Sample)>>) -> Vec<Sample> {
    let mut cells: Vec<_> = cells
        .into_values()
        .map(|kept| kept.into_iter().map(|(_, sample)| sample))
        .collect();
    let mut chosen = Vec::new();
    while chosen.len() < SAMPLES_MAX {
        let before = chosen.len();
        for cell in &mut cells {
            chosen.extend(cell.next());
        }
        if chosen.len() == before {
            break;
        }
    }
    chosen.truncate(SAMPLES_MAX);
    chosen.sort_by_key(|sample| (sample.from, sample.to));
    chosen
}

/// A number in which ids that differ in little lie far apart.
fn scattered(id: &str) -> u64 {
    let mut hash = fnv(id.as_bytes());
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
