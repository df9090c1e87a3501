//! Whether a condition holds: on a day, throughout a stretch of silent days, or from which day.
//!
//! Over silent days scores only decay, windows only empty and dwell only grows, so that most
//! questions about a stretch are answered at its two ends. Where the ends do not settle it the
//! stretch is halved; that finds the exact day on which something changes, however far off, for
//! every kind of condition and any nesting.

use super::day::Day;
use super::dimension::{Dimension, Dimensions};
use super::rules::Rules;
use super::ruleset::{
    Comparison, Condition, MARGIN, OrderCount, QualifyingDays, ScoreBelowFor, Within,
};
use super::state::State;
use super::transition::Figure;

/// What holds only at the very act or instant being judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Signs {
    pub(super) detractor: bool,
    pub(super) ended: bool,
    pub(super) breached: bool,
    /// Days since the promotion whose order was just taken back.
    pub(super) undone_after: Option<i32>,
}

/// How a condition holds over a stretch of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Never,
    Sometimes,
    Always,
}

impl Truth {
    const fn of(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }

    /// For what can only begin to hold within the stretch.
    const fn rising(at_first: bool, at_last: bool) -> Self {
        match (at_first, at_last) {
            (true, _) => Self::Always,
            (false, true) => Self::Sometimes,
            (false, false) => Self::Never,
        }
    }

    /// For what can only cease to hold within the stretch.
    const fn falling(at_first: bool, at_last: bool) -> Self {
        Self::rising(at_last, at_first)
    }
}

/// Days `first` to `last`, both within, with no act after the state's last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: Day,
    pub(super) last: Day,
}

impl Stretch {
    pub(super) const fn day(day: Day) -> Self {
        Self {
            first: day,
            last: day,
        }
    }

    fn is_single(self) -> bool {
        self.first >= self.last
    }

    fn halves(self) -> (Self, Self) {
        let middle = self.first.midpoint(self.last);
        (
            Self {
                first: self.first,
                last: middle,
            },
            Self {
                first: middle.plus(1),
                last: self.last,
            },
        )
    }
}

/// A state about to be judged.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) rules: &'a Rules,
    pub(super) state: &'a State,
    pub(super) known: bool,
    pub(super) signs: Signs,
}

impl Moment<'_> {
    /// Whether `condition` holds on `day`.
    #[inline]
    pub(super) fn holds(&self, condition: &Condition, day: Day) -> bool {
        self.over(condition, Stretch::day(day)) == Truth::Always
    }

    /// The first day of `stretch` on which `condition` holds.
    pub(super) fn first_day(&self, condition: &Condition, stretch: Stretch) -> Option<Day> {
        if stretch.first > stretch.last {
            return None;
        }
        match self.over(condition, stretch) {
            Truth::Never => None,
            Truth::Always => Some(stretch.first),
            Truth::Sometimes if stretch.is_single() => None,
            Truth::Sometimes => {
                let (early, late) = stretch.halves();
                self.first_day(condition, early)
                    .or_else(|| self.first_day(condition, late))
            }
        }
    }

    /// How `condition` holds over `stretch`; never `Sometimes` for a single day.
    pub(super) fn over(&self, condition: &Condition, stretch: Stretch) -> Truth {
        match condition {
            Condition::All(list) => self.all(list, stretch),
            Condition::Any(list) => self.any(list, stretch),
            Condition::Not(inner) => match self.over(inner, stretch) {
                Truth::Never => Truth::Always,
                Truth::Sometimes => Truth::Sometimes,
                Truth::Always => Truth::Never,
            },
            Condition::Score(test) => self.score(test.of, test.is, stretch),
            Condition::ScoreBelowFor(test) => self.below_for(test, stretch),
            Condition::Known => Truth::of(self.known),
            Condition::NoOpenDispute => Truth::of(!self.state.has_open_dispute()),
            Condition::StageAtLeast(stage) => Truth::of(self.state.stage >= *stage),
            Condition::Orders(test) => Truth::falling(
                self.has_orders(*test, stretch.first),
                self.has_orders(*test, stretch.last),
            ),
            Condition::QualifyingDays(test) => self.qualifying(test, stretch),
            Condition::ConvertedReferrals(test) => Truth::falling(
                self.referrals(*test, stretch.first) >= u32::from(test.at_least),
                self.referrals(*test, stretch.last) >= u32::from(test.at_least),
            ),
            Condition::AdvocacyKinds(test) => Truth::falling(
                self.kinds(*test, stretch.first) >= usize::from(test.at_least),
                self.kinds(*test, stretch.last) >= usize::from(test.at_least),
            ),
            Condition::DaysInStage { at_least } => Truth::rising(
                self.days_in_stage(stretch.first) >= i32::from(*at_least),
                self.days_in_stage(stretch.last) >= i32::from(*at_least),
            ),
            Condition::DetractorAnswer => Truth::of(self.signs.detractor),
            Condition::RelationshipEnded => Truth::of(self.signs.ended),
            Condition::DisputeBreached => Truth::of(self.signs.breached),
            Condition::PromotingOrderRefunded { within_days } => Truth::of(
                self.signs
                    .undone_after
                    .is_some_and(|days| days <= i32::from(*within_days)),
            ),
        }
    }

    fn all(&self, list: &[Condition], stretch: Stretch) -> Truth {
        let mut truth = Truth::Always;
        for condition in list {
            match self.over(condition, stretch) {
                Truth::Never => return Truth::Never,
                Truth::Sometimes => truth = Truth::Sometimes,
                Truth::Always => {}
            }
        }
        truth
    }

    fn any(&self, list: &[Condition], stretch: Stretch) -> Truth {
        let mut truth = Truth::Never;
        for condition in list {
            match self.over(condition, stretch) {
                Truth::Always => return Truth::Always,
                Truth::Sometimes => truth = Truth::Sometimes,
                Truth::Never => {}
            }
        }
        truth
    }

    /// The least and the greatest that the sum can be within the stretch: each score moves towards
    /// zero, so its ends bound it.
    #[inline]
    fn bounds(&self, of: Dimensions, stretch: Stretch) -> (f64, f64) {
        if stretch.is_single() {
            let sum = self.state.sum(self.rules, of, stretch.first);
            return (sum, sum);
        }
        let (mut low, mut high) = (0.0, 0.0);
        for dimension in Dimension::ALL {
            if of.contains(dimension) {
                let first = self
                    .state
                    .score(self.rules, dimension.index(), stretch.first);
                let last = self
                    .state
                    .score(self.rules, dimension.index(), stretch.last);
                low += first.min(last);
                high += first.max(last);
            }
        }
        (low, high)
    }

    #[inline]
    fn score(&self, of: Dimensions, is: Comparison, stretch: Stretch) -> Truth {
        let (low, high) = self.bounds(of, stretch);
        match (is.holds(low), is.holds(high)) {
            (true, true) => Truth::Always,
            (false, false) => Truth::Never,
            _ => Truth::Sometimes,
        }
    }

    fn is_low(&self, of: Dimensions, below: f64, day: Day) -> bool {
        Comparison::Below(below).holds(self.state.sum(self.rules, of, day))
    }

    /// The first day of the stretch of low days that `day` is the latest of.
    pub(super) fn low_since(&self, of: Dimensions, below: f64, day: Day) -> Option<Day> {
        if !self.is_low(of, below, day) {
            return None;
        }
        let silence = Stretch {
            first: self.quiet_after().plus(1),
            last: day,
        };
        if let (Some(since), true) = (self.recorded_low(of, below), self.can_only_fall(of)) {
            return Some(since);
        }
        if let Some(high) = self.last_high_day(of, below, silence) {
            return Some(high.plus(1));
        }
        Some(
            self.recorded_low(of, below)
                .unwrap_or_else(|| silence.first.min(day)),
        )
    }

    /// The day of the state's last change: the recorded low runs are as of its end.
    fn quiet_after(&self) -> Day {
        self.state.settled.map(Day::of).unwrap_or_default()
    }

    fn recorded_low(&self, of: Dimensions, below: f64) -> Option<Day> {
        let is_same =
            |run: &&super::state::LowRun| run.of == of && run.below.total_cmp(&below).is_eq();
        self.state.lows.iter().find(is_same).map(|run| run.since)
    }

    fn last_high_day(&self, of: Dimensions, below: f64, stretch: Stretch) -> Option<Day> {
        if stretch.first > stretch.last || self.bounds(of, stretch).1 < below - MARGIN {
            return None;
        }
        if !self.is_low(of, below, stretch.last) {
            return Some(stretch.last);
        }
        if stretch.is_single() {
            return None;
        }
        let (early, late) = stretch.halves();
        self.last_high_day(of, below, late)
            .or_else(|| self.last_high_day(of, below, early))
    }

    fn below_for(&self, test: &ScoreBelowFor, stretch: Stretch) -> Truth {
        let earliest = self
            .recorded_low(test.of, test.below)
            .unwrap_or_else(|| self.quiet_after().plus(1));
        if stretch.last.since(earliest) < i32::from(test.days) {
            return Truth::Never;
        }
        if self.can_only_fall(test.of) {
            return Truth::rising(
                self.has_fallen_for(test, stretch.first),
                self.has_fallen_for(test, stretch.last),
            );
        }
        if stretch.is_single() {
            return Truth::of(self.has_lasted(test, stretch.first));
        }
        let (low, high) = self.bounds(test.of, stretch);
        let is_high = |sum: f64| !Comparison::Below(test.below).holds(sum);
        let grace_outlasts = || {
            stretch.last.since(stretch.first) <= i32::from(test.days)
                && !self.is_low(test.of, test.below, stretch.first)
        };
        if is_high(low) || grace_outlasts() {
            Truth::Never
        } else if !is_high(high) && self.has_lasted(test, stretch.first) {
            Truth::Always
        } else {
            Truth::Sometimes
        }
    }

    /// Whether silence can only lower the sum: nothing in it is below zero.
    fn can_only_fall(&self, of: Dimensions) -> bool {
        of.iter()
            .all(|dimension| self.state.scores[dimension.index()].value >= 0.0)
    }

    /// [`Self::has_lasted`] for a sum that can only fall: once low, always low.
    fn has_fallen_for(&self, test: &ScoreBelowFor, day: Day) -> bool {
        let from = day.plus(-i32::from(test.days));
        match self.recorded_low(test.of, test.below) {
            Some(since) => since <= from,
            None => from > self.quiet_after() && self.is_low(test.of, test.below, from),
        }
    }

    /// Whether the sum is low on `day` and has been for all of the grace before it.
    fn has_lasted(&self, test: &ScoreBelowFor, day: Day) -> bool {
        let from = day.plus(-i32::from(test.days));
        let silent_from = self.quiet_after().plus(1);
        let silence = Stretch {
            first: from.max(silent_from),
            last: day,
        };
        let was_low_before = || {
            self.recorded_low(test.of, test.below)
                .is_some_and(|since| since <= from)
        };
        self.is_low(test.of, test.below, day)
            && (from >= silent_from || was_low_before())
            && self.last_high_day(test.of, test.below, silence).is_none()
    }

    fn qualifying(&self, test: &QualifyingDays, stretch: Stretch) -> Truth {
        let (at_first, asked_first) = self.qualifying_days(test, stretch.first);
        let (at_last, asked_last) = self.qualifying_days(test, stretch.last);
        if at_first == at_last {
            return Truth::of(at_first >= asked_first);
        }
        let guarded = test
            .if_discounted
            .map_or(test.at_least, |guard| guard.at_least);
        let hardest = usize::from(test.at_least.max(guarded));
        let easiest = usize::from(test.at_least.min(guarded));
        if at_first < easiest {
            Truth::Never
        } else if at_last >= hardest.max(asked_last) {
            Truth::Always
        } else {
            Truth::Sometimes
        }
    }

    /// What the condition is judged by, as a number: points, days or a count; 1 or 0 for yes or no.
    pub(super) fn figure(&self, condition: &Condition, day: Day) -> Figure {
        let met = self.holds(condition, day);
        let figure = match condition {
            Condition::Score(test) => self.state.sum(self.rules, test.of, day),
            Condition::ScoreBelowFor(test) => self
                .low_since(test.of, test.below, day)
                .map_or(0.0, |since| f64::from(day.since(since))),
            Condition::Orders(test) => count(self.orders(*test, day).count()),
            Condition::QualifyingDays(test) => count(self.qualifying_days(test, day).0),
            Condition::ConvertedReferrals(test) => f64::from(self.referrals(*test, day)),
            Condition::AdvocacyKinds(test) => count(self.kinds(*test, day)),
            Condition::DaysInStage { .. } => f64::from(self.days_in_stage(day)),
            Condition::All(_)
            | Condition::Any(_)
            | Condition::Not(_)
            | Condition::Known
            | Condition::NoOpenDispute
            | Condition::StageAtLeast(_)
            | Condition::DetractorAnswer
            | Condition::RelationshipEnded
            | Condition::DisputeBreached
            | Condition::PromotingOrderRefunded { .. } => f64::from(u8::from(met)),
        };
        Figure {
            condition: condition.clone(),
            figure,
            met,
        }
    }

    /// Days with a qualifying act in the window that ends with `day`, and how many are asked for.
    pub(super) fn qualifying_days(&self, test: &QualifyingDays, day: Day) -> (usize, usize) {
        let (mut days, mut acts, mut discounted) = (0, 0_u32, 0_u32);
        for record in self.state.qualifying.iter().rev() {
            if day.since(record.day) >= i32::from(test.within_days) {
                break;
            }
            days += 1;
            acts = acts.saturating_add(record.acts);
            discounted = discounted.saturating_add(record.discounted);
        }
        let asked = match test.if_discounted {
            Some(guard)
                if acts > 0 && f64::from(discounted) >= guard.share * f64::from(acts) - MARGIN =>
            {
                guard.at_least
            }
            _ => test.at_least,
        };
        (days, usize::from(asked))
    }

    /// The days of the orders in the window that ends with `day`, latest first.
    pub(super) fn orders(&self, test: OrderCount, day: Day) -> impl Iterator<Item = Day> {
        let window = i32::from(test.within_days);
        let orders = self.state.orders.iter().rev();
        orders
            .map(|order| (order, Day::of(order.at)))
            .take_while(move |(_, placed)| day.since(*placed) < window)
            .filter(|(order, _)| !order.void)
            .map(|(_, placed)| placed)
    }

    fn has_orders(&self, test: OrderCount, day: Day) -> bool {
        let asked = usize::from(test.at_least);
        self.state.orders.len() >= asked && self.orders(test, day).take(asked).count() == asked
    }

    pub(super) fn referrals(&self, test: Within, day: Day) -> u32 {
        let referrals = &self.state.referrals;
        let Some(window) = test.within_days else {
            return referrals.ever;
        };
        let is_within = |made: &&Day| day.since(**made) < i32::from(window);
        u32::try_from(referrals.days.iter().filter(is_within).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn kinds(&self, test: Within, day: Day) -> usize {
        self.state
            .advocacy
            .iter()
            .filter(|record| {
                test.within_days
                    .is_none_or(|window| day.since(record.last) < i32::from(window))
            })
            .count()
    }

    pub(super) fn days_in_stage(&self, day: Day) -> i32 {
        self.state
            .since
            .map_or(0, |since| day.since(Day::of(since)))
    }
}

fn count(things: usize) -> f64 {
    f64::from(u32::try_from(things).unwrap_or(u32::MAX))
}
