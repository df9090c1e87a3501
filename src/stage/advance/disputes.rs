//! Complaints: their clocks, what a breach costs and what a recovery earns.

use chrono::{DateTime, Utc};

use super::Fold;
use super::moves::Trigger;
use crate::stage::day::{Day, days_after};
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::dispute::{DisputeRecord, DisputeStatus, Flag};
use crate::stage::evaluate::Signs;
use crate::stage::event::Act;
use crate::stage::ruleset::Role;
use crate::stage::tier::Stage;

/// Disputes kept; the oldest are forgotten first.
const DISPUTES_MAX: usize = 64;
/// A dispute that is over is kept this long, in case it is reopened or made good.
const DISPUTE_DAYS_MAX: i32 = 400;

impl Fold<'_> {
    /// A complaint begins: how much of its weight it has. A second message about one that is known
    /// adds nothing.
    pub(super) fn open_dispute(&mut self, act: &Act<'_>) -> Option<f64> {
        if act.thing != 0 && self.dispute_named(act.thing).is_some() {
            return None;
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
            public: act.public,
            hand_offs: 0,
            damped: false,
        });
        if let Some(flag) = self.serial_at(act.at) {
            self.state.flag = Some(flag);
            if let Some(dispute) = self.state.disputes.last_mut() {
                dispute.damped = true;
            }
        }
        let dispute = self.state.disputes.last();
        dispute.map(|dispute| dispute.share(self.rules))
    }

    /// Whether there are too many complaints for the orders of the same days. What the customer
    /// took back is no complaint, and an order that was taken back is none.
    fn serial_at(&self, at: DateTime<Utc>) -> Option<Flag> {
        let serial = self.rules.disputes().serial;
        let day = Day::of(at);
        let is_recent = |at| day.since(Day::of(at)) < i32::from(serial.within_days);
        let disputes = self.state.disputes.iter().filter(|dispute| {
            dispute.status != DisputeStatus::Withdrawn && is_recent(dispute.opened_at)
        });
        let orders = self.state.orders.iter();
        let orders = orders.filter(|order| !order.void && is_recent(order.at));
        let (disputes, orders) = (disputes.count(), orders.count());
        let number = |count| u16::try_from(count).unwrap_or(u16::MAX);
        serial.is_serial(disputes, orders).then_some(Flag {
            since: at,
            disputes: number(disputes),
            orders: number(orders),
        })
    }

    /// A complaint goes on; whether the message counts.
    pub(super) fn follow_dispute(&mut self, role: Role, act: &Act<'_>) -> bool {
        let Some(place) = self.dispute_meant(role, act.thing, act.at) else {
            return false;
        };
        let quiet_days = self.rules.disputes().quiet_days;
        let rules = self.rules;
        let dispute = &mut self.state.disputes[place];
        let was = dispute.status_at(rules, act.at);
        match role {
            Role::DisputeHandedOff if was.is_open() => {
                dispute.hand_offs = dispute.hand_offs.saturating_add(1);
                return true;
            }
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
        let dispute = &mut self.state.disputes[place];
        if dispute.status_at(rules, act.at) != was {
            dispute.changed_at = act.at;
        }
        true
    }

    /// The dispute that a message means: the one it names, else the latest that it can be about.
    fn dispute_meant(&self, role: Role, dispute: u64, at: DateTime<Utc>) -> Option<usize> {
        if dispute != 0 {
            return self.dispute_named(dispute);
        }
        self.state.disputes.iter().rposition(|kept| match role {
            Role::DisputeResolved => {
                kept.status.is_open() || kept.status == DisputeStatus::Breached
            }
            Role::DisputeReopened => {
                let status = kept.status_at(self.rules, at);
                status == DisputeStatus::Resolved || status.is_open()
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
        let share = dispute.share(self.rules);
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
            let weight = weight * share;
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
                let share = self.state.disputes[place].share(self.rules);
                let weight = self.rules.disputes().breach_weight * share;
                self.add(Dimension::Trust, Day::of(at), weight);
                self.state.breaches.push(Day::of(at));
                let opened_by = self.state.disputes[place].message_id.clone();
                self.note_breach(&opened_by, at);
                true
            }
            DisputeStatus::Resolved
            | DisputeStatus::Closed
            | DisputeStatus::Withdrawn
            | DisputeStatus::Breached => false,
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
