//! What a valid set had better not say: rules that nobody can meet, stages that nobody reaches or
//! leaves, signals that nothing reads.
//!
//! Doubts are certain of their cause: where it depends on what customers do, nothing is said.

use std::collections::BTreeSet;

use super::Vocabulary;
use super::supply::{Supply, names};
use crate::stage::dimension::{Dimension, Dimensions};
use crate::stage::ruleset::{
    Comparison, Condition, Fault, Mark, Rule, RuleSet, ScoreBelowFor, Signal, Trust,
};
use crate::stage::tier::Stage;

/// The doubts about a set that has no faults, signals first.
pub(super) fn of(set: &RuleSet, vocabulary: &Vocabulary) -> Vec<Fault> {
    let supply = Supply::of(set);
    let asked = Asked::of(set);
    let mut doubts = Vec::new();
    for (index, signal) in set.signals.iter().enumerate() {
        let path = format!("signals[{index}]");
        doubts.extend(unknown_event(&path, signal, vocabulary));
        doubts.extend(vain_trust(&path, signal));
        doubts.extend(hiding_caps(&path, signal));
        doubts.extend(unfelt(&path, signal, &asked));
    }
    for (index, rule) in set.rules.iter().enumerate() {
        supply.dead_ends(&format!("rules[{index}].when"), &rule.when, &mut doubts);
        doubts.extend(closed_window(&format!("rules[{index}]"), rule, set));
    }
    for (index, layer) in set.layers.iter().enumerate() {
        if let Some(when) = &layer.invitation.when {
            let path = format!("layers[{index}].invitation.when");
            supply.dead_ends(&path, when, &mut doubts);
        }
    }
    doubts.extend(flicker(&set.rules));
    doubts.extend(bounce(&set.rules));
    doubts.extend(unreachable(set, &supply));
    doubts.extend(no_way_back(set));
    doubts
}

fn doubt(path: &str, problem: impl Into<String>, mend: impl Into<String>) -> Fault {
    Fault {
        path: path.to_owned(),
        problem: problem.into(),
        mend: mend.into(),
    }
}

fn unknown_event(path: &str, signal: &Signal, vocabulary: &Vocabulary) -> Option<Fault> {
    let mut names = std::iter::once(&signal.event).chain(&signal.aliases);
    if names.any(|name| vocabulary.knows(name)) {
        return None;
    }
    let problem = if vocabulary.is_seen() {
        format!("nobody has sent \"{}\" so far", signal.event)
    } else {
        format!("\"{}\" is no name of the standard vocabulary", signal.event)
    };
    let mend = match vocabulary.nearest(&signal.event) {
        Some(near) => format!("did you mean \"{near}\"? names are compared letter by letter"),
        None => "check that your site or shop sends exactly this name".to_owned(),
    };
    Some(doubt(&format!("{path}.event"), problem, mend))
}

/// Asks for what no rule set can have: a page that is believed about an order or a consent.
fn vain_trust(path: &str, signal: &Signal) -> Option<Fault> {
    let name = signal
        .guarded_name()
        .filter(|_| signal.trust == Some(Trust::Any))?;
    Some(doubt(
        &format!("{path}.trust"),
        format!("\"{name}\" never counts from a page, whatever stands here"),
        "leave `trust` out, and send the event from your server with a secret key",
    ))
}

fn hiding_caps<'a>(path: &str, signal: &'a Signal) -> impl Iterator<Item = Fault> + use<'a> {
    let path = path.to_owned();
    Dimension::ALL.into_iter().filter_map(move |dimension| {
        let cap = signal.cap.of(dimension)?;
        let most = signal
            .amounts()
            .filter_map(|amounts| amounts.of(dimension))
            .fold(0.0, f64::max);
        let name = dimension.name();
        (most > cap).then(|| {
            doubt(
                &format!("{path}.cap.{name}"),
                format!("the cap of {cap} hides part of the weight of {most}"),
                format!("raise the cap to {most} or more, or lower the weight"),
            )
        })
    })
}

/// What the rules read of what signals say.
struct Asked {
    scores: BTreeSet<usize>,
    qualifying: bool,
    kinds: bool,
    detractor: bool,
    /// Events that count in a layer.
    acts: BTreeSet<String>,
}

impl Asked {
    fn of(set: &RuleSet) -> Self {
        let mut asked = Self {
            scores: BTreeSet::new(),
            qualifying: false,
            kinds: false,
            detractor: false,
            acts: set
                .layers
                .iter()
                .flat_map(|layer| layer.acts.iter().map(|act| act.event.clone()))
                .collect(),
        };
        let invitations = set
            .layers
            .iter()
            .filter_map(|layer| layer.invitation.when.as_ref());
        for when in set.rules.iter().map(|rule| &rule.when).chain(invitations) {
            when.visit(&mut |condition| match condition {
                Condition::Score(test) => asked.read(test.of),
                Condition::ScoreBelowFor(test) => asked.read(test.of),
                Condition::QualifyingDays(_) => asked.qualifying = true,
                Condition::AdvocacyKinds(_) => asked.kinds = true,
                Condition::DetractorAnswer => asked.detractor = true,
                _ => {}
            });
        }
        asked
    }

    fn read(&mut self, of: Dimensions) {
        self.scores.extend(of.iter().map(Dimension::index));
    }
}

fn unfelt(path: &str, signal: &Signal, asked: &Asked) -> Option<Fault> {
    let says_worth_nothing =
        signal.cases.is_empty() && signal.add.is_some_and(|amounts| amounts.is_empty());
    let marks = |mark| signal.cases.iter().any(|case| case.marks.contains(&mark));
    let adds = |dimension: Dimension| {
        signal
            .amounts()
            .any(|amounts| amounts.of(dimension).is_some_and(|points| points != 0.0))
    };
    let is_felt = signal.role.is_some()
        || asked.acts.contains(&signal.event)
        || (signal.qualifying && asked.qualifying)
        || (signal.advocacy_kind.is_some() && asked.kinds)
        || (marks(Mark::Detractor) && asked.detractor)
        || Dimension::ALL
            .into_iter()
            .any(|dimension| asked.scores.contains(&dimension.index()) && adds(dimension));
    (!is_felt && !says_worth_nothing).then(|| {
        doubt(
            path,
            format!("no rule can feel \"{}\"", signal.event),
            "let it add to a score that a rule reads, or say `add: {}` if it is worth nothing",
        )
    })
}

/// A dwell that outlasts the stage: whoever just entered cools before it is over.
fn closed_window(path: &str, rule: &Rule, set: &RuleSet) -> Option<Fault> {
    let from = rule.from?;
    let dwell = longest_dwell(&rule.when)?;
    let stay = set
        .rules
        .iter()
        .filter(|exit| exit.from == Some(from) && exit.to < from)
        .flat_map(|exit| lows(&exit.when))
        .filter_map(|low| silent_stay(set, from, &low))
        .min_by(f64::total_cmp)?;
    (f64::from(dwell) > stay).then(|| {
        doubt(
            &format!("{path}.when"),
            format!(
                "whoever just became {} and does nothing more cools after {stay:.0} days, before \
                 the {dwell} days in the stage are over",
                set.stages.of(from)
            ),
            "ask for fewer days in the stage, or let the score fade more slowly",
        )
    })
}

fn longest_dwell(condition: &Condition) -> Option<u16> {
    let mut dwell = None;
    condition.visit(&mut |inner| {
        if let Condition::DaysInStage { at_least } = inner {
            dwell = dwell.max(Some(*at_least));
        }
    });
    dwell
}

fn lows(condition: &Condition) -> Vec<ScoreBelowFor> {
    let mut lows = Vec::new();
    condition.visit(&mut |inner| {
        if let Condition::ScoreBelowFor(test) = inner {
            lows.push(*test);
        }
    });
    lows
}

/// Days that somebody stays at `stage` who entered it with just enough and then is silent, if the
/// way in and the way out read the same sum.
fn silent_stay(set: &RuleSet, stage: Stage, low: &ScoreBelowFor) -> Option<f64> {
    let entry = set
        .rules
        .iter()
        .filter(|rule| rule.to == stage && rule.from.is_some_and(|from| from < stage))
        .flat_map(|rule| entries(&rule.when, low.of))
        .max_by(f64::total_cmp)?;
    if low.below <= 0.0 || entry <= low.below {
        return None;
    }
    let slowest = low
        .of
        .iter()
        .map(|dimension| set.half_life_days.of(dimension))
        .fold(0.0, f64::max);
    Some(slowest * (entry / low.below).log2() + f64::from(low.days))
}

/// The figures at which `condition` lets somebody in by the sum `of`.
fn entries(condition: &Condition, of: Dimensions) -> Vec<f64> {
    let mut entries = Vec::new();
    condition.visit(&mut |inner| {
        if let Condition::Score(test) = inner
            && let Comparison::AtLeast(least) | Comparison::Above(least) = test.is
            && test.of == of
        {
            entries.push(least);
        }
    });
    entries
}

/// A way out, without grace, at or above the way in. At zero the two may meet: scores fade towards
/// zero and never across it.
fn flicker(rules: &[Rule]) -> Vec<Fault> {
    let mut doubts = Vec::new();
    for (index, exit) in rules.iter().enumerate() {
        let into = |enter: &&Rule| Some(enter.to) == exit.from && enter.from == Some(exit.to);
        for enter in rules.iter().filter(into).filter(|enter| enter.to > exit.to) {
            exit.when.visit(&mut |condition| {
                let Condition::Score(test) = condition else {
                    return;
                };
                let Comparison::Below(low) = test.is else {
                    return;
                };
                for high in entries(&enter.when, test.of) {
                    if low > high || (low >= high && low != 0.0) {
                        doubts.push(doubt(
                            &format!("rules[{index}].when"),
                            format!(
                                "{} leaves below {low} at once, {} enters at {high}: people would \
                                 flicker between the two",
                                exit.id, enter.id
                            ),
                            "leave at a lower figure than the one that enters",
                        ));
                    }
                }
            });
        }
    }
    doubts
}

/// A way out that reads what the way in does not: whoever is out can be in again the next day.
fn bounce(rules: &[Rule]) -> Vec<Fault> {
    let mut doubts = Vec::new();
    for (index, exit) in rules.iter().enumerate() {
        let into = |enter: &&Rule| Some(enter.to) == exit.from && enter.from == Some(exit.to);
        for enter in rules.iter().filter(into).filter(|enter| enter.to > exit.to) {
            for way in alternatives(&exit.when) {
                let Some(low) = lowest_unguarded(&way, &enter.when) else {
                    continue;
                };
                doubts.push(doubt(
                    &format!("rules[{index}].when"),
                    format!(
                        "{} lets people go by {}, of which {} asks too little: they could be back \
                         the next day",
                        exit.id,
                        names(low.of),
                        enter.id
                    ),
                    format!(
                        "let both read the same score, or let {} ask for some",
                        enter.id
                    ),
                ));
            }
        }
    }
    doubts
}

/// The conditions each of which is enough.
fn alternatives(condition: &Condition) -> Vec<Vec<&Condition>> {
    match condition {
        Condition::Any(list) => list.iter().flat_map(alternatives).collect(),
        Condition::All(list) => vec![list.iter().collect()],
        one => vec![vec![one]],
    }
}

/// The first low sum of a way out that is made of low sums only, if the way in keeps none of them
/// from being low.
fn lowest_unguarded(way: &[&Condition], enter: &Condition) -> Option<ScoreBelowFor> {
    let lows: Vec<ScoreBelowFor> = way
        .iter()
        .map(|condition| match condition {
            Condition::ScoreBelowFor(test) => Some(*test),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let asked: Vec<&Condition> = match enter {
        Condition::All(list) => list.iter().collect(),
        one => vec![one],
    };
    let guards = |low: &ScoreBelowFor| {
        asked.iter().any(|condition| {
            matches!(condition, Condition::Score(test)
                if test.of.iter().all(|dimension| low.of.contains(dimension))
                    && matches!(test.is, Comparison::AtLeast(least) | Comparison::Above(least)
                        if least >= low.below))
        })
    };
    if lows.iter().any(guards) {
        None
    } else {
        lows.first().copied()
    }
}

fn unreachable(set: &RuleSet, supply: &Supply) -> Option<Fault> {
    let stage = Stage::ALL
        .into_iter()
        .filter(|stage| *stage != Stage::Stranger)
        .find(|stage| {
            !set.rules.iter().any(|rule| {
                rule.to == *stage
                    && rule.from.is_some_and(|from| from < *stage)
                    && supply.can_hold(&rule.when)
            })
        })?;
    let name = set.stages.of(stage);
    let has_rule = set
        .rules
        .iter()
        .any(|rule| rule.to == stage && rule.from.is_some_and(|from| from < stage));
    let problem = if has_rule {
        format!("nobody can ever become {name}: no rule that leads there can hold")
    } else {
        format!("nobody can ever become {name}: no rule leads there")
    };
    Some(doubt(
        "rules",
        problem,
        "give a rule from the stage before it that somebody can meet",
    ))
}

fn no_way_back(set: &RuleSet) -> Option<Fault> {
    let stage = Stage::ALL
        .into_iter()
        .filter(|stage| *stage != Stage::Stranger)
        .find(|stage| {
            !set.rules
                .iter()
                .any(|rule| rule.from == Some(*stage) && rule.to < *stage)
        })?;
    Some(doubt(
        "rules",
        format!(
            "nobody ever cools from {}: no rule leads back from it",
            set.stages.of(stage)
        ),
        "give a rule back, such as `score_below_for` with some days of grace",
    ))
}
