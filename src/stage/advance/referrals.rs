//! Converted referrals and their being taken back.
//!
//! A referee counts once, however many messages name them. A claw-back takes the referral's own
//! entry out of the day on which it stands, and nothing else: what that means for the stage, the
//! rules say as they do of any other score. One that comes before its referral waits for it.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::day::Day;
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::event::Act;
use crate::stage::referral::ReferralRecord;
use crate::stage::ruleset::Role;

/// A referral this old cannot be taken back any more, nor told from a repetition.
const CLAW_BACK_DAYS_MAX: i32 = 400;
/// Referrals kept for what may take them back; the oldest are forgotten first.
const REFERRALS_MAX: usize = 512;
/// Days of converted referrals kept for counting within a window.
const REFERRAL_DAYS_MAX: usize = 64;

impl Fold<'_> {
    /// How much of its weight the referral has; none if the referee is counted already, or was
    /// taken back.
    pub(super) fn take_referral(&mut self, act: &Act<'_>) -> Option<f64> {
        if self.referral_of(act.thing).is_some() {
            return None;
        }
        let share = self.rules.referrals().share(act.hop);
        let weights = self.rules.case(act.case).weights;
        self.keep_referral(ReferralRecord {
            referee: act.thing,
            at: act.at,
            case: Some(act.case),
            hop: act.hop,
            weights: weights.map(|weight| weight * share),
            void: false,
        });
        if act.hop == 1 {
            let referrals = &mut self.state.referrals;
            referrals.ever += 1;
            if referrals.days.len() == REFERRAL_DAYS_MAX {
                referrals.days.remove(0);
            }
            referrals.days.push(Day::of(act.at));
        }
        Some(share)
    }

    /// Takes a referral's entry back.
    pub(super) fn claw_back(&mut self, act: &Act<'_>) {
        if act.thing == 0 {
            return;
        }
        match self.referral_of(act.thing) {
            None => self.keep_referral(ReferralRecord {
                referee: act.thing,
                at: act.at,
                case: None,
                hop: act.hop,
                weights: [0.0; DIMENSIONS],
                void: true,
            }),
            Some(place) => self.void_referral(place, act.at),
        }
    }

    pub(super) fn forget_referrals(&mut self, day: Day) {
        let records = &mut self.state.referrals.records;
        let is_old = |kept: &&ReferralRecord| day.since(Day::of(kept.at)) > CLAW_BACK_DAYS_MAX;
        let gone = records.iter().take_while(is_old).count();
        records.drain(..gone);
    }

    fn referral_of(&self, referee: u64) -> Option<usize> {
        if referee == 0 {
            return None;
        }
        let records = &self.state.referrals.records;
        records.iter().position(|kept| kept.referee == referee)
    }

    fn keep_referral(&mut self, record: ReferralRecord) {
        let records = &mut self.state.referrals.records;
        if records.len() == REFERRALS_MAX {
            records.remove(0);
        }
        records.push(record);
    }

    fn void_referral(&mut self, place: usize, at: DateTime<Utc>) {
        let record = &self.state.referrals.records[place];
        let (Some(number), false) = (record.case, record.void) else {
            return;
        };
        let (day, hop, weights) = (Day::of(record.at), record.hop, record.weights);
        // It counted under the rules of its own time, and that is what is taken back.
        let (_, rules) = self.rules_at(record.at);
        let case = rules.case(number);
        let signal = rules.signal(case.signal);
        let before = self.referrals_on(day, &signal.event);
        self.state.referrals.records[place].void = true;
        self.lower_today(day, (&signal.event, Role::ReferralConverted), weights);
        for dimension in Dimension::ALL {
            let index = dimension.index();
            let (cap, after) = (signal.caps[index], before[index] - weights[index]);
            self.add(dimension, day, after.min(cap) - before[index].min(cap));
        }
        let record = &self.state.referrals.records[place];
        self.note_void((record.at, record.referee), at);
        if hop != 1 {
            return;
        }
        let referrals = &mut self.state.referrals;
        referrals.ever = referrals.ever.saturating_sub(1);
        if let Some(counted) = referrals.days.iter().rposition(|counted| *counted == day) {
            referrals.days.remove(counted);
        }
        if let Some(kind) = &signal.advocacy_kind
            && case.weights[Dimension::Advocacy.index()] > 0.0
        {
            self.uncount_advocacy(kind, day);
        }
    }

    /// What an event's referrals of a day weigh together, before caps and without what was taken
    /// back.
    fn referrals_on(&self, day: Day, event: &str) -> [f64; DIMENSIONS] {
        let mut sums = [0.0; DIMENSIONS];
        for record in &self.state.referrals.records {
            let (_, rules) = self.rules_at(record.at);
            let is_of = |case: u16| rules.signal(rules.case(case).signal).event == event;
            if !record.void && Day::of(record.at) == day && record.case.is_some_and(is_of) {
                for (sum, weight) in sums.iter_mut().zip(record.weights) {
                    *sum += weight;
                }
            }
        }
        sums
    }

    /// Takes one act of advocacy of `day` out of the count of its kind.
    fn uncount_advocacy(&mut self, kind: &str, day: Day) {
        let is_it = |kept: &crate::stage::state::AdvocacyRecord| kept.kind == kind;
        let Some(place) = self.state.advocacy.iter().position(is_it) else {
            return;
        };
        let left = self.last_referral_day(kind);
        let record = &mut self.state.advocacy[place];
        record.acts = record.acts.saturating_sub(1);
        if record.acts == 0 {
            self.state.advocacy.remove(place);
        } else if record.last == day
            && let Some(left) = left
        {
            record.last = left;
        }
    }

    /// The latest day of a referral of this kind that stands.
    fn last_referral_day(&self, kind: &str) -> Option<Day> {
        let is_of = |kept: &ReferralRecord, case: u16| {
            let (_, rules) = self.rules_at(kept.at);
            let signal = rules.signal(rules.case(case).signal);
            signal.advocacy_kind.as_deref() == Some(kind)
        };
        let records = self.state.referrals.records.iter();
        records
            .filter(|kept| !kept.void && kept.hop == 1)
            .filter(|kept| kept.case.is_some_and(|case| is_of(kept, case)))
            .map(|kept| Day::of(kept.at))
            .max()
    }
}
