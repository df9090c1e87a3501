//! What is kept of a profile in a layer, and what is shown of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::decay::Decay;
use super::exact;
use super::rest::Rest;
use super::state::Running;
use super::tier::Stage;

/// Orders of a layer can be taken back, and its acts are counted, for this many days.
const DAYS_KEPT: i32 = 400;
/// Orders kept for the refunds that may come; the oldest are forgotten first.
const ORDERS_MAX: usize = 512;

/// How somebody stands to a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerStatus {
    /// Asked in; the answer is open.
    Invited,
    /// In it.
    Active,
    /// In it, and told that it lapses unless more comes.
    Notice,
    /// In it, at rest: nothing fades and nothing lapses.
    Hibernating,
    /// Out of it again: too little came.
    Lapsed,
    /// Asked in, and did not want to.
    Declined,
    /// Asked in, and did not answer in time.
    Expired,
    /// Out of it again, by choice or with the layer below or the whole relationship.
    Left,
}

impl LayerStatus {
    /// Whether somebody is in the layer.
    pub const fn is_member(self) -> bool {
        match self {
            Self::Active | Self::Notice | Self::Hibernating => true,
            Self::Invited | Self::Lapsed | Self::Declined | Self::Expired | Self::Left => false,
        }
    }

    /// Whether what the layer entitles to is theirs at present.
    pub const fn is_entitled(self) -> bool {
        matches!(self, Self::Active | Self::Notice)
    }
}

/// What is kept of a profile in one layer. It names the layer and holds points, not places in a rule
/// set, so that it outlives a change of rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LayerState {
    pub(super) layer: String,
    pub(super) status: LayerStatus,
    /// When the status began.
    pub(super) since: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) invited_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) joined_at: Option<DateTime<Utc>>,
    /// How often they have joined.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) cycle: u16,
    #[serde(default, skip_serializing_if = "Running::is_nothing")]
    pub(super) points: Running,
    #[serde(default, skip_serializing_if = "Running::is_nothing")]
    pub(super) trust: Running,
    /// The stage within the layer, where it has tiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stage: Option<Stage>,
    /// Acts per day, without those that were taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) days: Vec<(Day, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) orders: Vec<LayerOrder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rest: Option<Rest>,
    /// From this day on enough acts are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept_until: Option<Day>,
    /// Before this day the condition does not invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shut_until: Option<Day>,
}

/// An order that counted in a layer and may still be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct LayerOrder {
    pub(super) order: u64,
    pub(super) day: Day,
    /// The day as the layer ages: later by the days of rest since.
    pub(super) aged: Day,
    #[serde(with = "exact")]
    pub(super) points: f64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

impl LayerState {
    pub(super) fn new(layer: &str, status: LayerStatus, at: DateTime<Utc>) -> Self {
        Self {
            layer: layer.to_owned(),
            status,
            since: at,
            invited_at: None,
            joined_at: None,
            cycle: 0,
            points: Running::default(),
            trust: Running::default(),
            stage: None,
            days: Vec::new(),
            orders: Vec::new(),
            rest: None,
            kept_until: None,
            shut_until: None,
        }
    }

    /// What a sum of the layer is worth on `day`.
    fn worth(&self, running: Running, decay: &Decay, day: Day) -> f64 {
        let rested = self.rest.map_or(0, |rest| rest.between(running.day, day));
        running.value * decay.factor(day.since(running.day) - rested)
    }

    pub(super) fn points_on(&self, decay: &Decay, day: Day) -> f64 {
        self.worth(self.points, decay, day)
    }

    pub(super) fn trust_on(&self, decay: &Decay, day: Day) -> f64 {
        self.worth(self.trust, decay, day)
    }

    /// Brings all that fades to `day`, so that it fades by another half-life from there.
    pub(super) fn bring_to(&mut self, decay: &Decay, day: Day) {
        let (points, trust) = (self.points_on(decay, day), self.trust_on(decay, day));
        self.points = Running { value: points, day };
        self.trust = Running { value: trust, day };
        let rested = self.rest.map_or(0, |rest| rest.between(rest.from, day));
        for order in &mut self.orders {
            order.points *= decay.factor(day.since(order.aged) - rested);
            order.aged = day;
        }
        if let Some(rest) = &mut self.rest {
            rest.from = rest.from.max(day);
        }
    }

    /// Adds to both sums on `day`, which nothing in the layer is later than.
    pub(super) fn add(&mut self, decay: &Decay, day: Day, points: f64, trust: f64) {
        for (running, amount) in [(&mut self.points, points), (&mut self.trust, trust)] {
            running.value = running.value * decay.factor(day.since(running.day)) + amount;
            running.day = day;
        }
    }

    /// Counts an act, and the order that it is about if it may be taken back.
    pub(super) fn count(&mut self, day: Day, order: u64, points: f64) {
        match self.days.last_mut() {
            Some(last) if last.0 == day => last.1 += 1,
            _ => self.days.push((day, 1)),
        }
        self.days.retain(|kept| day.since(kept.0) < DAYS_KEPT);
        self.orders.retain(|kept| day.since(kept.day) <= DAYS_KEPT);
        if order != 0 {
            if self.orders.len() == ORDERS_MAX {
                self.orders.remove(0);
            }
            self.orders.push(LayerOrder {
                order,
                day,
                aged: day,
                points,
            });
        }
    }

    /// Takes an order out of the layer again.
    pub(super) fn void(&mut self, decay: &Decay, order: u64) {
        let Some(place) = self.orders.iter().position(|kept| kept.order == order) else {
            return;
        };
        let gone = self.orders.remove(place);
        self.points.value -= gone.points * decay.factor(self.points.day.since(gone.aged));
        if let Some(place) = self.days.iter().position(|kept| kept.0 == gone.day) {
            self.days[place].1 = self.days[place].1.saturating_sub(1);
            if self.days[place].1 == 0 {
                self.days.remove(place);
            }
        }
    }

    /// Acts in the window that ends with `day`.
    pub(super) fn acts(&self, within_days: u16, day: Day) -> u32 {
        let within = |kept: &&(Day, u32)| day.since(kept.0) < i32::from(within_days);
        self.days.iter().filter(within).map(|kept| kept.1).sum()
    }

    /// The day, if no act comes, from which fewer than `at_least` acts are in the window.
    pub(super) fn too_few_from(&self, at_least: u16, within_days: u16) -> Option<Day> {
        let mut acts = 0_u32;
        for (day, of_day) in self.days.iter().rev() {
            acts = acts.saturating_add(*of_day);
            if acts >= u32::from(at_least) {
                return Some(day.plus(i32::from(within_days)));
            }
        }
        None
    }

    /// Wakes on `day`: what was of before the rest is as old as it was when the rest began.
    pub(super) fn wake(&mut self, day: Day) {
        let Some(rest) = self.rest.take() else { return };
        let rested = day.min(rest.until).since(rest.from).max(0);
        for running in [&mut self.points, &mut self.trust] {
            running.day = running.day.plus(rested);
        }
        for order in &mut self.orders {
            order.aged = order.aged.plus(rested);
        }
    }
}

/// How somebody stands to a layer, as shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerStanding {
    /// The layer's id.
    pub layer: String,
    /// What people call it.
    pub name: String,
    /// How they stand to it.
    pub status: LayerStatus,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When they were last invited, if by then they were.
    pub invited_at: Option<DateTime<Utc>>,
    /// When they last joined, if they ever have.
    pub joined_at: Option<DateTime<Utc>>,
    /// How often they have joined.
    pub cycle: u16,
    /// Their stage within the layer, where it has tiers of its own and they are in it.
    pub stage: Option<Stage>,
    /// Their points in the layer.
    pub points: f64,
    /// Their trust within the layer, signed.
    pub trust: f64,
    /// Until when it hibernates; none while it is awake.
    pub hibernating_until: Option<DateTime<Utc>>,
    /// What they are entitled to at present; nothing while out of the layer or at rest.
    pub entitlements: Vec<String>,
}

/// What happened to somebody's place in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerMove {
    /// Asked in.
    Invited,
    /// Accepted.
    Joined,
    /// Refused.
    Declined,
    /// The invitation ran out.
    Expired,
    /// Told that it lapses unless more comes.
    Notice,
    /// More came in time.
    Kept,
    /// Too little came.
    Lapsed,
    /// Went, by choice or with the layer below or the whole relationship.
    Left,
    /// Went to rest.
    Hibernated,
    /// Awake again.
    Woke,
    /// To a deeper stage within the layer.
    Warmed,
    /// To a shallower stage within the layer.
    Cooled,
}

impl LayerMove {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Invited,
        Self::Joined,
        Self::Declined,
        Self::Expired,
        Self::Notice,
        Self::Kept,
        Self::Lapsed,
        Self::Left,
        Self::Hibernated,
        Self::Woke,
        Self::Warmed,
        Self::Cooled,
    ];

    /// As stored and sent: "invited".
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Joined => "joined",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Notice => "notice",
            Self::Kept => "kept",
            Self::Lapsed => "lapsed",
            Self::Left => "left",
            Self::Hibernated => "hibernated",
            Self::Woke => "woke",
            Self::Warmed => "warmed",
            Self::Cooled => "cooled",
        }
    }
}
