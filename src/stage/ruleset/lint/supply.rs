//! What a set's signals can bring about, and so which conditions can hold at all.

use std::collections::BTreeSet;

use crate::stage::dimension::{DIMENSIONS, Dimension, Dimensions};
use crate::stage::ruleset::{
    Comparison, Condition, Fault, Mark, QualifyingDays, Role, RuleSet, ScoreTest, Signal,
};

/// What signals can bring about.
pub(super) struct Supply {
    rises: [bool; DIMENSIONS],
    falls: [bool; DIMENSIONS],
    qualifying: bool,
    kinds: usize,
    detractor: bool,
    roles: Vec<Role>,
}

impl Supply {
    pub(super) fn of(set: &RuleSet) -> Self {
        let mut supply = Self {
            rises: [false; DIMENSIONS],
            falls: [false; DIMENSIONS],
            qualifying: set.signals.iter().any(|signal| signal.qualifying),
            kinds: set
                .signals
                .iter()
                .filter_map(|signal| signal.advocacy_kind.as_ref())
                .collect::<BTreeSet<_>>()
                .len(),
            detractor: set
                .signals
                .iter()
                .flat_map(|signal| &signal.cases)
                .any(|case| case.marks.contains(&Mark::Detractor)),
            roles: set
                .signals
                .iter()
                .filter_map(|signal| signal.role)
                .collect(),
        };
        let trust = Dimension::Trust.index();
        for amounts in set.signals.iter().flat_map(Signal::amounts) {
            for dimension in Dimension::ALL {
                let points = amounts.of(dimension).unwrap_or(0.0);
                supply.rises[dimension.index()] |= points > 0.0;
                supply.falls[dimension.index()] |= points < 0.0;
            }
        }
        if supply.has(Role::DisputeOpened) {
            supply.falls[trust] |= set.disputes.breach_weight < 0.0;
            supply.rises[trust] |= supply.has(Role::DisputeResolved)
                && set
                    .disputes
                    .recovery_weights
                    .iter()
                    .any(|weight| *weight > 0.0);
        }
        supply
    }

    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether anybody could ever meet `condition`.
    pub(super) fn can_hold(&self, condition: &Condition) -> bool {
        match condition {
            Condition::All(list) => {
                list.iter().all(|inner| self.can_hold(inner)) && contradiction(list).is_none()
            }
            Condition::Any(list) => list.iter().any(|inner| self.can_hold(inner)),
            _ => self.hindrance(condition).is_none(),
        }
    }

    /// Adds a doubt for every part of `condition` that nobody can meet, or that everybody does.
    pub(super) fn dead_ends(&self, path: &str, condition: &Condition, doubts: &mut Vec<Fault>) {
        match condition {
            Condition::All(list) | Condition::Any(list) => {
                let is_all = matches!(condition, Condition::All(_));
                let path = format!("{path}.{}", if is_all { "all" } else { "any" });
                for (index, inner) in list.iter().enumerate() {
                    self.dead_ends(&format!("{path}[{index}]"), inner, doubts);
                }
                if let Some(problem) = contradiction(list).filter(|_| is_all) {
                    doubts.push(Fault {
                        path,
                        problem,
                        mend: "drop one of the two, or let the two figures overlap".to_owned(),
                    });
                }
            }
            Condition::Not(inner) => self.dead_ends(&format!("{path}.not"), inner, doubts),
            one => {
                let says = self.hindrance(one).map_or_else(
                    || always(one).map(|why| (format!("it always holds: {why}"), "drop it")),
                    |why| {
                        let problem = format!("it can never hold: {why}");
                        Some((problem, "give a signal that brings it about, or drop it"))
                    },
                );
                doubts.extend(says.map(|(problem, mend)| Fault {
                    path: path.to_owned(),
                    problem,
                    mend: mend.to_owned(),
                }));
            }
        }
    }

    /// Why nobody can ever meet a condition that holds no others.
    fn hindrance(&self, condition: &Condition) -> Option<String> {
        let unless = |can: bool, why: &str| (!can).then(|| why.to_owned());
        match condition {
            Condition::Score(test) => self.score_hindrance(*test),
            Condition::ScoreBelowFor(test) => {
                let is = Comparison::Below(test.below);
                self.score_hindrance(ScoreTest { of: test.of, is })
            }
            Condition::QualifyingDays(test) => self.qualifying_hindrance(test),
            Condition::Orders(_) => unless(self.has(Role::Order), "no signal has the role order"),
            Condition::ConvertedReferrals(_) => unless(
                self.has(Role::ReferralConverted),
                "no signal has the role referral_converted",
            ),
            Condition::AdvocacyKinds(test) => (self.kinds < usize::from(test.at_least))
                .then(|| format!("signals know {} kinds of advocacy act in all", self.kinds)),
            Condition::DetractorAnswer => {
                unless(self.detractor, "no case of a signal marks a detractor")
            }
            Condition::RelationshipEnded => unless(
                self.has(Role::RelationshipEnded),
                "no signal has the role relationship_ended",
            ),
            Condition::DisputeBreached => unless(
                self.has(Role::DisputeOpened),
                "no signal has the role dispute_opened",
            ),
            Condition::PromotingOrderRefunded { .. } => unless(
                self.has(Role::Order) && self.has(Role::Refund),
                "no signals have the roles order and refund",
            ),
            _ => None,
        }
    }

    fn score_hindrance(&self, test: ScoreTest) -> Option<String> {
        let name = names(test.of);
        let any =
            |which: [bool; DIMENSIONS]| test.of.iter().any(|dimension| which[dimension.index()]);
        match test.is {
            Comparison::AtLeast(least) if least > 0.0 && !any(self.rises) => {
                Some(format!("no signal adds to {name}"))
            }
            Comparison::Above(least) if least >= 0.0 && !any(self.rises) => {
                Some(format!("no signal adds to {name}"))
            }
            Comparison::Below(most) if most <= 0.0 && !any(self.falls) => Some(format!(
                "no signal takes from {name}, so it is never below {most}"
            )),
            Comparison::AtLeast(_) | Comparison::Above(_) | Comparison::Below(_) => None,
        }
    }

    fn qualifying_hindrance(&self, test: &QualifyingDays) -> Option<String> {
        let asked = test
            .if_discounted
            .map_or(test.at_least, |guard| guard.at_least.max(test.at_least));
        if !self.qualifying {
            Some("no signal is qualifying".to_owned())
        } else if asked > test.within_days {
            Some(format!(
                "{asked} different days do not fit into {}",
                test.within_days
            ))
        } else {
            None
        }
    }
}

fn always(condition: &Condition) -> Option<&'static str> {
    let asks_for_none = match condition {
        Condition::QualifyingDays(test) => test.at_least == 0,
        Condition::ConvertedReferrals(test) | Condition::AdvocacyKinds(test) => test.at_least == 0,
        _ => false,
    };
    asks_for_none.then_some("everybody has at least 0")
}

/// Two of the conditions that no sum can meet together.
fn contradiction(list: &[Condition]) -> Option<String> {
    let tests = |list: &[Condition]| -> Vec<ScoreTest> {
        list.iter()
            .filter_map(|condition| match condition {
                Condition::Score(test) => Some(*test),
                Condition::ScoreBelowFor(test) => Some(ScoreTest {
                    of: test.of,
                    is: Comparison::Below(test.below),
                }),
                _ => None,
            })
            .collect()
    };
    let tests = tests(list);
    for one in &tests {
        let Comparison::Below(most) = one.is else {
            continue;
        };
        for other in tests.iter().filter(|other| other.of == one.of) {
            if let Comparison::AtLeast(least) | Comparison::Above(least) = other.is
                && least >= most
            {
                return Some(format!(
                    "it can never hold: {} cannot be below {most} and {least} or more",
                    names(one.of)
                ));
            }
        }
    }
    None
}

pub(super) fn names(of: Dimensions) -> String {
    of.iter()
        .map(Dimension::name)
        .collect::<Vec<_>>()
        .join(" and ")
}
