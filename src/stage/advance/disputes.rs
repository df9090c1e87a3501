//! Complaints: their clocks, what a breach costs and what a recovery earns.

use chrono::{DateTime, Utc};

use super::Fold;
use super::moves::Trigger;
use crate::stage::day::{Day, days_after};
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::evaluate::Signs;
use crate::stage::event::Act;
use crate::stage::ruleset::Role;
use crate::stage::state::{DisputeRecord, DisputeStatus};
use crate::stage::tier::Stage;

/// Disputes kept; the oldest are forgotten first.
const DISPUTES_MAX: usize = 64;
/// A dispute that is over is kept this long, in case it is reopened or made good.
const DISPUTE_DAYS_MAX: i32 = 400;

impl Fold<'_> {
    /// A complaint begins. A second message about one that is known adds nothing.
    pub(super) fn open_dispute(&mut self, act: &Act<'_>) -> bool {
        if act.thing != 0 && self.dispute_named(act.thing).is_some() {
            return false;
        }
        let rules = self.rules.disputes();
        let clock_days = if act.public {
            rules.public_clock_days
        } else {
            rules.clock_days
        };
        if self.state.disputes.len() == DISPUTES_MAX {
            self.state.disputes.remove(0);
        }
        self.state.disputes.push(DisputeRecord {
            dispute: act.thing,
            status: DisputeStatus::Open,
            opened_at: act.at,
            changed_at: act.at,
            clock_days,
            due: Some(days_after(act.at, clock_days)),
            credited: false,
            breached_at: None,
            fell_from: None,
            message_id: act.message_id.to_owned(),
        });
        true
    }

    /// A complaint goes on; whether the message counts.
    pub(super) fn follow_dispute(&mut self, role: Role, act: &Act<'_>) -> bool {
        let Some(place) = self.dispute_meant(role, act.thing) else {
            return false;
        };
        let quiet_days = self.rules.disputes().quiet_days;
        let dispute = &mut self.state.disputes[place];
        let was = dispute.status;
        match role {
            Role::DisputeAcknowledged if was == DisputeStatus::Open => {
                dispute.status = DisputeStatus::Acknowledged;
            }
            Role::DisputeResolved if act.satisfied == Some(true) => self.recover(place, act.at),
            // The brand's word alone that it is over is an offer; the customer's "no" is not even that.
            Role::RemedyProposed | Role::DisputeResolved
                if was.is_open() && act.satisfied != Some(false) =>
            {
                if was != DisputeStatus::RemedyProposed {
                    dispute.status = DisputeStatus::RemedyProposed;
                    dispute.due = Some(days_after(act.at, quiet_days));
                }
            }
            Role::DisputeReopened
                if matches!(was, DisputeStatus::Resolved | DisputeStatus::RemedyProposed) =>
            {
                dispute.status = DisputeStatus::Open;
                dispute.due = Some(days_after(act.at, dispute.clock_days));
            }
            Role::DisputeWithdrawn if was.is_open() => {
                dispute.status = DisputeStatus::Withdrawn;
                dispute.due = None;
            }
            _ => return false,
        }
        self.state.disputes[place].changed_at = act.at;
        true
    }

    /// The dispute that a message means: the one it names, else the latest that it can be about.
    fn dispute_meant(&self, role: Role, dispute: u64) -> Option<usize> {
        if dispute != 0 {
            return self.dispute_named(dispute);
        }
        self.state.disputes.iter().rposition(|kept| match role {
            Role::DisputeResolved => {
                kept.status.is_open() || kept.status == DisputeStatus::Breached
            }
            Role::DisputeReopened => {
                kept.status == DisputeStatus::Resolved || kept.status.is_open()
            }
            _ => kept.status.is_open(),
        })
    }

    fn dispute_named(&self, dispute: u64) -> Option<usize> {
        self.state
            .disputes
            .iter()
            .position(|kept| kept.dispute == dispute)
    }

    pub(super) fn forget_disputes(&mut self, day: Day) {
        let is_old = |at| day.since(Day::of(at)) > DISPUTE_DAYS_MAX;
        self.state
            .disputes
            .retain(|kept| kept.status.is_open() || !is_old(kept.changed_at));
        self.state
            .breaches
            .retain(|breach| day.since(*breach) <= DISPUTE_DAYS_MAX);
        let kept = i32::from(self.rules.disputes().recovery_within_days);
        self.state
            .recoveries
            .retain(|recovery| day.since(*recovery) < kept);
    }

    /// The customer accepts: trust grows, once per dispute, and a recent breach is made good.
    fn recover(&mut self, place: usize, at: DateTime<Utc>) {
        let day = Day::of(at);
        let rules = self.rules.disputes();
        let dispute = &mut self.state.disputes[place];
        if matches!(dispute.status, DisputeStatus::Withdrawn) {
            return;
        }
        dispute.status = DisputeStatus::Resolved;
        dispute.due = None;
        let breached_at = dispute.breached_at;
        if !dispute.credited {
            dispute.credited = true;
            // Bad then good ends higher than good then bad: after a breach the full weight.
            let earlier = if breached_at.is_some() {
                0
            } else {
                self.state.recoveries.len()
            };
            let weights = &rules.recovery_weights;
            let weight = weights
                .get(earlier)
                .or(weights.last())
                .copied()
                .unwrap_or_default();
            self.state.recoveries.push(day);
            self.add(Dimension::Trust, day, weight);
        }
        let within = i32::from(rules.reconcile_within_days);
        if breached_at.is_some_and(|breach| day.since(Day::of(breach)) <= within) {
            let restored = self.state.disputes[place].fell_from.take();
            self.restoring = restored.map(|stage| stage.min(Stage::Friend));
        }
    }

    /// Carries out what is due by `at`.
    pub(super) fn run_out(&mut self, at: DateTime<Utc>) {
        let day = Day::of(at);
        self.carry_lows_to(day);
        self.begin_day(day);
        let mut breached = None;
        for place in 0..self.state.disputes.len() {
            if self.state.disputes[place].due.is_some_and(|due| due <= at)
                && self.run_out_one(place, at)
            {
                breached = Some(self.state.disputes[place].message_id.clone());
            }
        }
        self.state.settled = Some(at);
        self.judge_lows(day);
        match breached {
            Some(message_id) => {
                self.signs = Signs {
                    breached: true,
                    ..Signs::default()
                };
                self.evaluate(at, Trigger::DisputeClock(&message_id));
            }
            None => self.evaluate(at, Trigger::Day(day)),
        }
    }

    /// Moves one dispute on; whether it is thereby breached.
    fn run_out_one(&mut self, place: usize, at: DateTime<Utc>) -> bool {
        let stage = self.state.stage;
        let second_chance_days = self.rules.disputes().second_chance_days;
        let dispute = &mut self.state.disputes[place];
        dispute.changed_at = at;
        dispute.due = None;
        match dispute.status {
            DisputeStatus::RemedyProposed => {
                dispute.status = DisputeStatus::Resolved;
                false
            }
            DisputeStatus::Open | DisputeStatus::Acknowledged if stage >= Stage::Friend => {
                dispute.status = DisputeStatus::SecondChance;
                dispute.due = Some(days_after(at, second_chance_days));
                false
            }
            DisputeStatus::Open | DisputeStatus::Acknowledged | DisputeStatus::SecondChance => {
                dispute.status = DisputeStatus::Breached;
                dispute.breached_at = Some(at);
                dispute.fell_from = Some(stage);
                self.added = [0.0; DIMENSIONS];
                let weight = self.rules.disputes().breach_weight;
                self.add(Dimension::Trust, Day::of(at), weight);
                self.state.breaches.push(Day::of(at));
                let opened_by = self.state.disputes[place].message_id.clone();
                self.note_breach(&opened_by, at);
                true
            }
            DisputeStatus::Resolved | DisputeStatus::Withdrawn | DisputeStatus::Breached => false,
        }
    }

    /// How many stages a breach on `day` costs: the second within a year costs two.
    pub(super) fn breach_cost(&self, day: Day) -> usize {
        let within = i32::from(self.rules.disputes().double_within_days);
        let recent = self
            .state
            .breaches
            .iter()
            .filter(|breach| day.since(**breach) < within);
        if recent.count() > 1 { 2 } else { 1 }
    }
}
