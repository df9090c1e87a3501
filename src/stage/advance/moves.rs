//! Judging the rules and moving from stage to stage.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::day::Day;
use crate::stage::dimension::Dimensions;
use crate::stage::evaluate::Moment;
use crate::stage::event::Act;
use crate::stage::ruleset::{Condition, Role};
use crate::stage::state::{LowRun, Promoting};
use crate::stage::tier::Stage;
use crate::stage::transition::{Cause, Figure, MoveKind, RECONCILED, Transition};

/// What gives reason to judge the rules.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trigger<'a> {
    Act(&'a Act<'a>),
    Day(Day),
    Known,
    DisputeClock(&'a str),
    Rules,
}

impl Fold<'_> {
    /// Judges every rule that applies, those of the layers after those of the base.
    pub(super) fn evaluate(&mut self, at: DateTime<Utc>, trigger: Trigger<'_>) {
        self.judge_stages(at, trigger);
        self.judge_layers(at, trigger);
    }

    /// Judges the rules of the base and moves accordingly: back first, and then no deeper at the
    /// same instant; deeper as often as the rules allow.
    fn judge_stages(&mut self, at: DateTime<Utc>, trigger: Trigger<'_>) {
        let day = Day::of(at);
        if let Some(stage) = self.restoring.take()
            && stage > self.state.stage
        {
            self.restore(stage, at, trigger);
        }
        let steps = if self.signs.breached {
            self.breach_cost(day)
        } else {
            1
        };
        let mut fell = 0;
        while fell < steps
            && let Some(index) = self.rule_back(at)
        {
            self.follow(index, at, trigger);
            fell += 1;
        }
        let comes_back = !self.state.estranged
            || matches!(trigger, Trigger::Act(act) if act.by_customer && !self.signs.ended);
        if fell > 0 || !comes_back {
            return;
        }
        for _ in Stage::ALL {
            let Some(index) = self.rule_deeper(at) else {
                return;
            };
            self.follow(index, at, trigger);
        }
    }

    fn rule_back(&self, at: DateTime<Utc>) -> Option<usize> {
        let moment = self.moment(at);
        let mut rules = self.rules.down(self.state.stage);
        rules
            .find(|(_, rule)| moment.holds(&rule.when, Day::of(at)))
            .map(|(index, _)| index)
    }

    fn rule_deeper(&self, at: DateTime<Utc>) -> Option<usize> {
        let moment = self.moment(at);
        let mut rules = self.rules.up(self.state.stage);
        rules
            .find(|(_, rule)| moment.holds(&rule.when, Day::of(at)))
            .map(|(index, _)| index)
    }

    fn follow(&mut self, index: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        let rule = self.rules.rule(index);
        let moment = self.moment(at);
        let day = Day::of(at);
        let is_up = rule.to > self.state.stage;
        let is_reentry = is_up && self.state.stage == Stage::Stranger && self.state.cycle > 0;
        let kind = match (is_up, is_reentry) {
            (_, true) => MoveKind::Reentry,
            (true, false) => MoveKind::Promotion,
            (false, false) => kind_back(&moment, &rule.when, day),
        };
        let figures = figures_of(&moment, &rule.when, day);
        let id = match &rule.reentry_as {
            Some(id) if is_reentry => id,
            _ => &rule.id,
        };
        self.move_to(rule.to, kind, id, figures, (at, trigger));
    }

    /// Gives back the stage that a breach ended.
    fn restore(&mut self, stage: Stage, at: DateTime<Utc>, trigger: Trigger<'_>) {
        self.move_to(
            stage,
            MoveKind::Reconciliation,
            RECONCILED,
            Vec::new(),
            (at, trigger),
        );
    }

    fn move_to(
        &mut self,
        to: Stage,
        kind: MoveKind,
        rule: &str,
        figures: Vec<Figure>,
        (at, trigger): (DateTime<Utc>, Trigger<'_>),
    ) {
        let day = Day::of(at);
        let from = self.state.stage;
        let is_up = to > from;
        if is_up && from == Stage::Stranger && kind != MoveKind::Reconciliation {
            self.state.cycle += 1;
        }
        if is_up {
            self.state.estranged = false;
        } else if to == Stage::Stranger && matches!(kind, MoveKind::Breach | MoveKind::End) {
            self.state.estranged = true;
        }
        self.turn_with_move(to, kind, at);
        self.transitions.push(Transition {
            from,
            to,
            effective_at: at,
            rule: rule.to_owned(),
            kind,
            cause: self.cause(trigger),
            figures,
            scores: self.state.scores_on(self.rules, day).into(),
            added: self.added.into(),
            cycle: self.state.cycle,
        });
        self.state.stage = to;
        self.state.since = Some(at);
        self.state.settled = Some(at);
        self.state.promoting = self.promoting(is_up, trigger, day);
        self.watch_anew(day);
    }

    pub(super) fn cause(&self, trigger: Trigger<'_>) -> Cause {
        match trigger {
            Trigger::Act(act) => Cause::Act {
                source: act.source.to_owned(),
                message_id: act.message_id.to_owned(),
                event: if act.counts() {
                    self.rules
                        .signal(self.rules.case(act.case).signal)
                        .event
                        .clone()
                } else {
                    String::new()
                },
            },
            Trigger::Day(day) => Cause::Date { day: day.date() },
            Trigger::Known => Cause::Known,
            Trigger::DisputeClock(message_id) => Cause::DisputeClock {
                message_id: message_id.to_owned(),
            },
            Trigger::Rules => Cause::RulesChanged,
        }
    }

    /// The order to hold the new stage to, if an order earned it.
    fn promoting(&self, is_up: bool, trigger: Trigger<'_>, day: Day) -> Option<Promoting> {
        let Trigger::Act(act) = trigger else {
            return None;
        };
        if !is_up || !act.counts() || act.thing == 0 {
            return None;
        }
        let role = self.rules.signal(self.rules.case(act.case).signal).role;
        (role == Some(Role::Order)).then_some(Promoting {
            order: act.thing,
            day,
        })
    }

    /// Starts watching the sums that matter in the present stage; grace begins with the stage.
    fn watch_anew(&mut self, day: Day) {
        let rules = self.rules;
        self.state.lows.clear();
        if self.state.resting {
            return;
        }
        for (of, below) in rules.watched(self.state.stage) {
            let is_low = |of: Dimensions| {
                crate::stage::ruleset::Comparison::Below(*below)
                    .holds(self.state.sum(rules, of, day))
            };
            if is_low(*of) {
                self.state.lows.push(LowRun {
                    of: *of,
                    below: *below,
                    since: day,
                });
            }
        }
    }
}

/// The kind of a move back, by the first of its conditions that holds.
fn kind_back(moment: &Moment<'_>, condition: &Condition, day: Day) -> MoveKind {
    let mut kind = None;
    condition.visit(&mut |inner| {
        let found = match inner {
            Condition::ScoreBelowFor(_) => MoveKind::Decay,
            Condition::DetractorAnswer => MoveKind::Answer,
            Condition::RelationshipEnded => MoveKind::End,
            Condition::DisputeBreached => MoveKind::Breach,
            Condition::PromotingOrderRefunded { .. } => MoveKind::Annulment,
            Condition::All(_)
            | Condition::Any(_)
            | Condition::Not(_)
            | Condition::Score(_)
            | Condition::Known
            | Condition::NoOpenDispute
            | Condition::StageAtLeast(_)
            | Condition::Orders(_)
            | Condition::QualifyingDays(_)
            | Condition::ConvertedReferrals(_)
            | Condition::AdvocacyKinds(_)
            | Condition::DaysInStage { .. } => return,
        };
        if kind.is_none() && moment.holds(inner, day) {
            kind = Some(found);
        }
    });
    kind.unwrap_or(MoveKind::Fall)
}

/// Everything within the condition that is not a list, with what it saw.
pub(super) fn figures_of(moment: &Moment<'_>, when: &Condition, day: Day) -> Vec<Figure> {
    let mut figures = Vec::new();
    when.visit(&mut |condition| {
        if !matches!(
            condition,
            Condition::All(_) | Condition::Any(_) | Condition::Not(_)
        ) {
            figures.push(moment.figure(condition, day));
        }
    });
    figures
}
