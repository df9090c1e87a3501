//! Layers: invitations, answers, what keeps people in, and what time alone does to all of it.
//!
//! Nothing here moves the base: a layer that begins, lapses or is left leaves the four stages as
//! they are. Each change is dated at its act, or at the midnight on which its rule held, and settles
//! the state, so that an act from before it folds everything anew.

use chrono::{DateTime, Utc};

use super::Fold;
use super::moves::{Trigger, figures_of};
use crate::stage::day::Day;
use crate::stage::dimension::Dimension;
use crate::stage::evaluate::{Moment, Stretch};
use crate::stage::layer::{LayerMove, LayerState, LayerStatus};
use crate::stage::ready_layer::ReadyLayer;
use crate::stage::state::Running;
use crate::stage::transition::LayerTransition;

/// Days over which acts are counted for the record where no rule asks for them.
const ACTS_DAYS: u16 = 365;

/// A change of a layer: what happens, by which of its rules.
pub(super) struct Change {
    kind: LayerMove,
    to: LayerStatus,
    rule: &'static str,
}

impl Change {
    pub(super) const fn new(kind: LayerMove, to: LayerStatus, rule: &'static str) -> Self {
        Self { kind, to, rule }
    }
}

impl Fold<'_> {
    /// Judges every layer, lowest first: who must go, who may stay, who is asked in.
    #[inline]
    pub(super) fn judge_layers(&mut self, at: DateTime<Utc>, trigger: Trigger<'_>) {
        if self.rules.layers().is_empty() {
            return;
        }
        if let Trigger::Act(act) = trigger
            && self.counted
        {
            self.take_into_layers(act);
        }
        for place in 0..self.rules.layers().len() {
            self.judge_layer(place, at, trigger);
        }
    }

    fn judge_layer(&mut self, place: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        let Some(status) = self.layer_status(place) else {
            return self.invite_if_due(place, at, trigger);
        };
        let is_in = status.is_member();
        if (is_in || status == LayerStatus::Invited) && !self.has_ground(place) {
            let rule = if self.state.estranged {
                "relationship"
            } else {
                "layer_below"
            };
            let change = if is_in {
                Change::new(LayerMove::Left, LayerStatus::Left, rule)
            } else {
                Change::new(LayerMove::Expired, LayerStatus::Expired, rule)
            };
            return self.change_layer(place, &change, at, trigger);
        }
        match status {
            LayerStatus::Invited => self.expire_if_due(place, at, trigger),
            LayerStatus::Hibernating => self.wake_layer_if_due(place, at, trigger),
            LayerStatus::Active | LayerStatus::Notice => {
                self.judge_keep(place, at, trigger);
                self.judge_tiers(place, at, trigger);
            }
            LayerStatus::Lapsed
            | LayerStatus::Declined
            | LayerStatus::Expired
            | LayerStatus::Left => self.invite_if_due(place, at, trigger),
        }
    }

    /// Whether what the layer lies on is there: a relationship that was not ended, and everybody's
    /// place in the layer below.
    pub(super) fn has_ground(&self, place: usize) -> bool {
        let below = self.rules.layers()[place].below;
        !self.state.estranged && below.is_none_or(|below| self.is_in_layer(below))
    }

    pub(super) fn is_in_layer(&self, place: usize) -> bool {
        self.layer_status(place).is_some_and(LayerStatus::is_member)
    }

    pub(super) fn layer_status(&self, place: usize) -> Option<LayerStatus> {
        self.kept(place).map(|kept| kept.status)
    }

    pub(super) fn kept(&self, place: usize) -> Option<&LayerState> {
        if self.state.layers.is_empty() {
            return None;
        }
        self.state.layer(&self.rules.layers()[place].id)
    }

    fn invite_if_due(&mut self, place: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        let day = Day::of(at);
        if self.would_invite(&self.moment(at), place, Stretch::day(day)) == Some(day) {
            self.invite(place, "invitation", at, trigger);
        }
    }

    /// The first day of the stretch on which the layer's own condition invites.
    fn would_invite(&self, moment: &Moment<'_>, place: usize, stretch: Stretch) -> Option<Day> {
        let layer = &self.rules.layers()[place];
        let when = layer.invitation.when.as_ref()?;
        if !moment.known || !self.has_ground(place) {
            return None;
        }
        let shut_until = self.kept(place).and_then(|kept| kept.shut_until);
        let first = shut_until.map_or(stretch.first, |day| day.max(stretch.first));
        moment.first_day(when, Stretch { first, ..stretch })
    }

    pub(super) fn invite(
        &mut self,
        place: usize,
        rule: &'static str,
        at: DateTime<Utc>,
        trigger: Trigger<'_>,
    ) {
        let change = Change::new(LayerMove::Invited, LayerStatus::Invited, rule);
        self.change_layer(place, &change, at, trigger);
    }

    fn expire_if_due(&mut self, place: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        if self.own_day(place).is_some_and(|due| due <= Day::of(at)) {
            let change = Change::new(LayerMove::Expired, LayerStatus::Expired, "invitation");
            self.change_layer(place, &change, at, trigger);
        }
    }

    fn wake_layer_if_due(&mut self, place: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        if self.own_day(place).is_some_and(|due| due <= Day::of(at)) {
            self.wake_layer(place, at, trigger);
        }
    }

    pub(super) fn wake_layer(&mut self, place: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        let change = Change::new(LayerMove::Woke, LayerStatus::Active, "hibernation");
        self.change_layer(place, &change, at, trigger);
    }

    fn judge_keep(&mut self, place: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        let layer = &self.rules.layers()[place];
        let (Some(keep), Some(kept)) = (layer.keep, self.kept(place)) else {
            return;
        };
        let day = Day::of(at);
        let is_enough = kept.acts(keep.within_days, day) >= u32::from(keep.at_least);
        let change = match (kept.status, is_enough) {
            (LayerStatus::Notice, true) => {
                Change::new(LayerMove::Kept, LayerStatus::Active, "keep")
            }
            (LayerStatus::Notice, false) if self.own_day(place) <= Some(day) => {
                Change::new(LayerMove::Lapsed, LayerStatus::Lapsed, "keep")
            }
            (LayerStatus::Active, false) if layer.asked_from(kept) <= Some(day) => {
                Change::new(LayerMove::Notice, LayerStatus::Notice, "keep")
            }
            _ => return,
        };
        self.change_layer(place, &change, at, trigger);
    }

    fn judge_tiers(&mut self, place: usize, at: DateTime<Utc>, trigger: Trigger<'_>) {
        let layer = &self.rules.layers()[place];
        let Some(kept) = self.kept(place).filter(|kept| kept.status.is_member()) else {
            return;
        };
        let stage = kept.stage.or(layer.first_stage());
        let Some(stage) = stage.filter(|_| !layer.tiers.is_empty()) else {
            return;
        };
        let status = kept.status;
        let to = layer.stage_at(stage, kept.points_on(&layer.decay, Day::of(at)));
        if kept.stage == Some(to) {
            return;
        }
        let kind = if to > stage {
            LayerMove::Warmed
        } else {
            LayerMove::Cooled
        };
        if let Some(kept) = self.kept_mut(place) {
            kept.stage = Some(to);
        }
        if to != stage {
            self.change_layer(place, &Change::new(kind, status, "tiers"), at, trigger);
        }
    }

    /// Carries a change out and records it.
    pub(super) fn change_layer(
        &mut self,
        place: usize,
        change: &Change,
        at: DateTime<Utc>,
        trigger: Trigger<'_>,
    ) {
        let day = Day::of(at);
        self.settle_at(at);
        let rules = self.rules;
        let layer = &rules.layers()[place];
        let figures = match (&layer.invitation.when, change.rule) {
            (Some(when), "invitation") if change.kind == LayerMove::Invited => {
                figures_of(&self.moment(at), when, day)
            }
            _ => Vec::new(),
        };
        let from = self.layer_status(place);
        let carried = layer.trust_carried * self.trust_below(place, day);
        let slot = self.state.layers.iter();
        let slot = slot.clone().position(|kept| kept.layer == layer.id);
        let slot = slot.unwrap_or_else(|| {
            let fresh = LayerState::new(&layer.id, change.to, at);
            self.state.layers.push(fresh);
            self.state.layers.len() - 1
        });
        let kept = &mut self.state.layers[slot];
        enter_status(kept, layer, change, at, carried);
        let within_days = layer.keep.map_or(ACTS_DAYS, |keep| keep.within_days);
        let transition = LayerTransition {
            layer: layer.id.clone(),
            kind: change.kind,
            from,
            to: change.to,
            stage: kept
                .stage
                .filter(|_| change.to.is_member() && !layer.tiers.is_empty()),
            effective_at: at,
            rule: change.rule.to_owned(),
            figures,
            keep: layer.keep.filter(|_| change.rule == "keep"),
            acts: kept.acts(within_days, day),
            points: kept.points_on(&layer.decay, day),
            trust: kept.trust_on(&layer.decay, day),
            cycle: kept.cycle,
            cause: self.cause(trigger),
        };
        self.layer_moves.push(transition);
        if change.kind == LayerMove::Joined {
            self.turn_with_layer(at);
        }
    }

    /// Marks `at` as the last change, with the record of low sums brought up to it.
    fn settle_at(&mut self, at: DateTime<Utc>) {
        if self.state.settled != Some(at) {
            let day = Day::of(at);
            self.carry_lows_to(day);
            self.state.settled = Some(at);
            self.judge_lows(day);
        }
    }

    /// Trust in the layer on which this one lies.
    fn trust_below(&self, place: usize, day: Day) -> f64 {
        match self.rules.layers()[place].below {
            None => self.state.score(self.rules, Dimension::Trust.index(), day),
            Some(below) => self.kept(below).map_or(0.0, |kept| {
                kept.trust_on(&self.rules.layers()[below].decay, day)
            }),
        }
    }

    pub(super) fn kept_mut(&mut self, place: usize) -> Option<&mut LayerState> {
        let id = &self.rules.layers()[place].id;
        self.state.layers.iter_mut().find(|kept| kept.layer == *id)
    }

    /// Takes an order out of every layer in which it counted.
    pub(super) fn void_in_layers(&mut self, order: u64) {
        let rules = self.rules;
        for layer in rules.layers() {
            let mut kept = self.state.layers.iter_mut();
            if let Some(kept) = kept.find(|kept| kept.layer == layer.id) {
                kept.void(&layer.decay, order);
            }
        }
    }

    /// The first day of the stretch on which silence changes any layer.
    pub(super) fn first_layer_day(&self, moment: &Moment<'_>, stretch: Stretch) -> Option<Day> {
        let mut found = None;
        let mut rest = stretch;
        for place in 0..self.rules.layers().len() {
            if rest.first > rest.last {
                return found;
            }
            let due = match self.layer_status(place) {
                Some(status) if status.is_member() || status == LayerStatus::Invited => {
                    let own = self.own_day(place).map(|day| day.max(rest.first));
                    own.filter(|day| *day <= rest.last)
                        .into_iter()
                        .chain(self.tier_day(place, rest))
                        .min()
                }
                _ => self.would_invite(moment, place, rest),
            };
            if let Some(day) = due {
                found = Some(day);
                rest.last = day.plus(-1);
            }
        }
        found
    }

    /// Whether a layer would invite on being told at `at` who the profile is.
    pub(super) fn layers_would_invite(&self, at: DateTime<Utc>) -> bool {
        let (moment, today) = (self.moment(at), Stretch::day(Day::of(at)));
        (0..self.rules.layers().len()).any(|place| {
            let is_out = self
                .layer_status(place)
                .is_none_or(|status| !status.is_member() && status != LayerStatus::Invited);
            is_out && self.would_invite(&moment, place, today).is_some()
        })
    }

    /// The day on which the status of a layer changes by itself.
    fn own_day(&self, place: usize) -> Option<Day> {
        let layer = &self.rules.layers()[place];
        let kept = self.kept(place)?;
        let since = Day::of(kept.since);
        match kept.status {
            LayerStatus::Invited => Some(since.plus(i32::from(layer.invitation.open_days) + 1)),
            LayerStatus::Hibernating => kept.rest.map(|rest| rest.until),
            LayerStatus::Notice => layer
                .keep
                .map(|keep| since.plus(i32::from(keep.notice_days))),
            LayerStatus::Active => {
                let keep = layer.keep?;
                let asked_from = layer.asked_from(kept)?;
                let too_few = kept.too_few_from(keep.at_least, keep.within_days);
                Some(too_few.map_or(asked_from, |day| day.max(asked_from)))
            }
            LayerStatus::Lapsed
            | LayerStatus::Declined
            | LayerStatus::Expired
            | LayerStatus::Left => None,
        }
    }

    /// The first day of the stretch on which the points are too few for the stage in the layer.
    fn tier_day(&self, place: usize, stretch: Stretch) -> Option<Day> {
        let layer = &self.rules.layers()[place];
        let kept = self.kept(place)?;
        let stage = kept
            .stage
            .filter(|_| matches!(kept.status, LayerStatus::Active | LayerStatus::Notice))?;
        let moves = |day| layer.stage_at(stage, kept.points_on(&layer.decay, day)) != stage;
        if stretch.first > stretch.last || !moves(stretch.last) {
            return None;
        }
        // Points only fade: once too few, always too few.
        let (mut low, mut high) = (stretch.first, stretch.last);
        while low < high {
            let middle = low.midpoint(high);
            if moves(middle) {
                high = middle;
            } else {
                low = middle.plus(1);
            }
        }
        Some(low)
    }
}

/// Writes down what a status brings with it.
fn enter_status(
    kept: &mut LayerState,
    layer: &ReadyLayer,
    change: &Change,
    at: DateTime<Utc>,
    carried: f64,
) {
    let day = Day::of(at);
    match change.kind {
        LayerMove::Invited => kept.invited_at = Some(at),
        LayerMove::Joined => {
            kept.joined_at = Some(at);
            kept.cycle = kept.cycle.saturating_add(1);
            kept.points = Running { value: 0.0, day };
            kept.trust = Running {
                value: carried,
                day,
            };
            kept.days.clear();
            kept.orders.clear();
            kept.stage = layer.first_stage();
            kept.kept_until = layer.keep.map(|keep| day.plus(i32::from(keep.within_days)));
        }
        LayerMove::Woke => {
            kept.wake(day);
            kept.kept_until = layer.keep.map(|keep| day.plus(i32::from(keep.within_days)));
        }
        LayerMove::Declined | LayerMove::Expired | LayerMove::Lapsed | LayerMove::Left => {
            kept.wake(day);
            kept.shut_until = Some(day.plus(i32::from(layer.invitation.again_after_days)));
        }
        LayerMove::Notice | LayerMove::Kept | LayerMove::Hibernated => {}
        LayerMove::Warmed | LayerMove::Cooled => return,
    }
    kept.status = change.to;
    kept.since = at;
}
