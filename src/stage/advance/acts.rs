//! What an act adds.

use super::Fold;
use super::moves::Trigger;
use crate::stage::day::Day;
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::evaluate::Signs;
use crate::stage::event::{Act, NO_LAYER};
use crate::stage::ledger::LedgerEntry;
use crate::stage::ruleset::{Comparison, Role};
use crate::stage::state::{AdvocacyRecord, LowRun, QualifyingDay, Running, SignalSum, TREND_DAYS};

impl Fold<'_> {
    /// Takes the next act, after everything that time brought about before it.
    pub(super) fn take(&mut self, act: &Act<'_>) {
        if act.by_customer {
            self.state.last_act = self.state.last_act.max(Some(act.at));
            self.note_answer(act);
        }
        let identifies = act.known_after && !self.state.is_known_at(act.at);
        if !act.counts() && !identifies {
            return;
        }
        self.come_to(act.at);
        // What the brand sends is noted, and gives no reason to judge anything.
        if act.counts() && !identifies && self.is_contact(act) {
            self.note_contact(act);
            return;
        }
        self.state.since.get_or_insert(act.at);
        if identifies {
            self.state.known_since = Some(act.at);
        }
        self.signs = Signs::default();
        self.added = [0.0; DIMENSIONS];
        self.counted = false;
        let day = Day::of(act.at);
        self.carry_lows_to(day);
        let mut share = None;
        if act.counts() {
            self.begin_day(day);
            share = self.record(act, day);
        }
        self.note_act(act, share, identifies);
        self.state.settled = Some(act.at);
        self.judge_lows(day);
        self.evaluate(act.at, Trigger::Act(act));
    }

    fn is_contact(&self, act: &Act<'_>) -> bool {
        let signal = self.rules.case(act.case).signal;
        self.rules.signal(signal).role == Some(Role::ContactSent)
    }

    /// Records the act; how much of its weight it has, none if it does not count.
    fn record(&mut self, act: &Act<'_>, day: Day) -> Option<f64> {
        let rules = self.rules;
        let signal = rules.signal(rules.case(act.case).signal);
        let whole = |counts: bool| counts.then_some(1.0);
        let share = match signal.role {
            Some(Role::Order) => whole(self.take_order(act)),
            Some(Role::Refund) => whole(self.take_refund(act)),
            Some(Role::DisputeOpened) => self.open_dispute(act),
            Some(
                role @ (Role::DisputeAcknowledged
                | Role::RemedyProposed
                | Role::DisputeResolved
                | Role::DisputeReopened
                | Role::DisputeWithdrawn
                | Role::DisputeHandedOff),
            ) => whole(self.follow_dispute(role, act)),
            Some(Role::DisputesReviewed) => whole(self.state.flag.take().is_some()),
            Some(Role::ReferralConverted) => self.take_referral(act),
            Some(Role::ReferralClawedBack) => {
                self.claw_back(act);
                None
            }
            Some(Role::RelationshipEnded) => {
                self.signs.ended = true;
                self.state.estranged = true;
                Some(1.0)
            }
            Some(Role::ContactSent) => {
                self.note_contact(act);
                Some(1.0)
            }
            Some(Role::ChannelClosed) => {
                self.close_channel(act);
                Some(1.0)
            }
            Some(Role::RelationshipPaused) => {
                self.pause(act);
                Some(1.0)
            }
            Some(Role::RelationshipResumed) => {
                if act.layer == NO_LAYER {
                    self.wake(day);
                }
                Some(1.0)
            }
            None
            | Some(
                Role::LayerInvited
                | Role::InvitationAccepted
                | Role::InvitationDeclined
                | Role::LayerLeft
                | Role::MilestoneReached,
            ) => Some(1.0),
        };
        if let Some(share) = share {
            self.count(act, day, share);
        }
        share
    }

    fn count(&mut self, act: &Act<'_>, day: Day, share: f64) {
        let rules = self.rules;
        let case = rules.case(act.case);
        let signal = rules.signal(case.signal);
        self.signs.detractor = case.detractor;
        self.counted = true;
        if signal.qualifying {
            self.count_qualifying(day, case.discounted);
            self.wake(day);
        }
        self.turn_with_act(signal, act.at);
        if let Some(kind) = &signal.advocacy_kind
            && case.weights[Dimension::Advocacy.index()] > 0.0
            && act.hop == 1
        {
            self.count_advocacy(kind, day);
        }
        let weights = self.spilt(act, case.weights.map(|weight| weight * share));
        self.add_capped(case.signal, weights, day);
    }

    /// Adds weights of one signal to its day, as far as the day's caps allow.
    fn add_capped(&mut self, signal: u16, weights: [f64; DIMENSIONS], day: Day) {
        let caps = self.rules.signal(signal).caps;
        let sums = &mut self.state.today.sums;
        let known = sums.iter().position(|sum| sum.signal == signal);
        let place = known.unwrap_or_else(|| {
            sums.push(SignalSum {
                signal,
                uncapped: [0.0; DIMENSIONS],
            });
            sums.len() - 1
        });
        let before = sums[place].uncapped;
        for (dimension, weight) in weights.into_iter().enumerate() {
            sums[place].uncapped[dimension] = before[dimension] + weight;
        }
        let after = sums[place].uncapped;
        for dimension in Dimension::ALL {
            let index = dimension.index();
            let counted = after[index].min(caps[index]) - before[index].min(caps[index]);
            self.add(dimension, day, counted);
        }
    }

    /// Adds to (or takes from) a dimension on a day that is today or earlier.
    pub(super) fn add(&mut self, dimension: Dimension, day: Day, amount: f64) {
        if amount.abs() < f64::MIN_POSITIVE {
            return;
        }
        let index = dimension.index();
        let running = self.state.scores[index];
        if day > running.day {
            let aged = self.state.age(running.day, day);
            let left = self.rules.decay(index).factor(aged);
            self.state.scores[index] = Running {
                value: running.value * left + amount,
                day,
            };
        } else {
            let left = self.left(index, day, running.day);
            self.state.scores[index].value += amount * left;
        }
        self.added[index] += amount;
        let entry = LedgerEntry {
            day,
            dimension,
            amount,
        };
        self.ledger.add(entry);
        if self.state.today.day.since(day) < TREND_DAYS {
            self.state.recent.add(entry);
        }
    }

    /// Forgets what no rule can ask about any more.
    pub(super) fn begin_day(&mut self, day: Day) {
        let state = &mut self.state;
        if state.today.day == day {
            return;
        }
        state.today.day = day;
        state.today.sums.clear();
        state.recent.forget_before(day.plus(1 - TREND_DAYS));
        let window = i32::from(self.rules.window_days());
        let gone = state
            .qualifying
            .iter()
            .take_while(|kept| day.since(kept.day) >= window)
            .count();
        state.qualifying.drain(..gone);
        self.forget_orders(day);
        self.forget_referrals(day);
        self.forget_disputes(day);
    }

    fn count_qualifying(&mut self, day: Day, discounted: bool) {
        let days = &mut self.state.qualifying;
        match days.last_mut() {
            Some(last) if last.day == day => {
                last.acts += 1;
                last.discounted += u32::from(discounted);
            }
            _ => days.push(QualifyingDay {
                day,
                acts: 1,
                discounted: u32::from(discounted),
            }),
        }
    }

    fn count_advocacy(&mut self, kind: &str, day: Day) {
        match self
            .state
            .advocacy
            .iter_mut()
            .find(|record| record.kind == kind)
        {
            Some(record) => {
                record.last = day;
                record.acts += 1;
            }
            None => self.state.advocacy.push(AdvocacyRecord {
                kind: kind.to_owned(),
                last: day,
                acts: 1,
            }),
        }
    }

    /// Brings the record of low sums up to the morning of `day`, before anything is added to it.
    pub(super) fn carry_lows_to(&mut self, day: Day) {
        if self.state.resting {
            return;
        }
        if self
            .state
            .settled
            .is_some_and(|settled| Day::of(settled) == day)
        {
            return;
        }
        for (of, below) in self.rules.watched(self.state.stage) {
            let Some(settled) = self.state.settled else {
                return;
            };
            let since = self.moment(settled).low_since(*of, *below, day);
            self.set_low(
                LowRun {
                    of: *of,
                    below: *below,
                    since: day,
                },
                since,
            );
        }
    }

    /// Brings the record of low sums up to the present scores.
    pub(super) fn judge_lows(&mut self, day: Day) {
        if self.state.resting {
            return self.state.lows.clear();
        }
        for (of, below) in self.rules.watched(self.state.stage) {
            let run = LowRun {
                of: *of,
                below: *below,
                since: day,
            };
            if Comparison::Below(*below).holds(self.state.sum(self.rules, *of, day)) {
                let since = self
                    .low_of(&run)
                    .map_or(day, |place| self.state.lows[place].since);
                self.set_low(run, Some(since));
            } else {
                self.set_low(run, None);
            }
        }
    }

    fn low_of(&self, run: &LowRun) -> Option<usize> {
        self.state
            .lows
            .iter()
            .position(|low| low.of == run.of && low.below.total_cmp(&run.below).is_eq())
    }

    fn set_low(&mut self, run: LowRun, since: Option<Day>) {
        match (self.low_of(&run), since) {
            (None, None) => {}
            (Some(place), None) => {
                self.state.lows.remove(place);
            }
            (Some(place), Some(since)) => self.state.lows[place].since = since,
            (None, Some(since)) => self.state.lows.push(LowRun { since, ..run }),
        }
    }
}
