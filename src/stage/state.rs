//! What is kept of a profile between folds: all that the next act needs, and no more.
//!
//! Its size is bounded: days within the rules' longest window, the last orders and disputes. The
//! whole ledger is not in it; that has a table of its own.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::contact::ContactRecord;
use super::day::Day;
use super::dimension::{DIMENSIONS, Dimension, Dimensions, Scores};
use super::dispute::{DisputeRecord, DisputeStatus, Flag};
use super::exact;
use super::layer::{LayerStanding, LayerState};
use super::ledger::Ledger;
use super::referral::{FirstOrder, Referrals};
use super::rest::Rest;
use super::rules::Rules;
use super::tier::Stage;
use super::turn::{Step, Turn, TurnState};

/// The days over which warming and cooling are judged.
pub(super) const TREND_DAYS: i32 = 30;
/// Changes of the summed scores smaller than this are no trend.
const TREND_MARGIN: f64 = 1e-9;

/// A profile's stored stage state. Serialise it as it is; continue from it with
/// [`advance`](super::advance()).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    /// Under which rules it has come about: [`Rules::fingerprint`], or the lineage of the term.
    pub(super) rules: u64,
    pub(super) stage: Stage,
    pub(super) since: Option<DateTime<Utc>>,
    /// How often the customer has left stranger.
    pub(super) cycle: u16,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) estranged: bool,
    pub(super) known_since: Option<DateTime<Utc>>,
    pub(super) scores: [Running; DIMENSIONS],
    /// What the last days added, for the trend.
    #[serde(default, skip_serializing_if = "Ledger::is_empty")]
    pub(super) recent: Ledger,
    #[serde(default)]
    pub(super) today: Today,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lows: Vec<LowRun>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) qualifying: Vec<QualifyingDay>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) orders: Vec<OrderRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) promoting: Option<Promoting>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) advocacy: Vec<AdvocacyRecord>,
    #[serde(default, skip_serializing_if = "Referrals::is_none")]
    pub(super) referrals: Referrals,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first_order: Option<FirstOrder>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) disputes: Vec<DisputeRecord>,
    /// Set while somebody complains so often that a person should look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) flag: Option<Flag>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) breaches: Vec<Day>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) recoveries: Vec<Day>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) layers: Vec<LayerState>,
    /// When the relationship hibernated, as far back as anything kept reaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rests: Vec<Rest>,
    /// Whether the last of these lasts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) resting: bool,
    #[serde(default, skip_serializing_if = "TurnState::is_blank")]
    pub(super) turn: TurnState,
    #[serde(default, skip_serializing_if = "ContactRecord::is_blank")]
    pub(super) contact: ContactRecord,
    pub(super) last: Option<ActKey>,
    pub(super) last_act: Option<DateTime<Utc>>,
    /// The last instant at which anything here changed; silence since then.
    pub(super) settled: Option<DateTime<Utc>>,
}

/// A score as it stood at the end of `day`, undecayed since.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Running {
    #[serde(with = "exact")]
    pub(super) value: f64,
    pub(super) day: Day,
}

impl Running {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What each signal has added on the latest day, before caps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Today {
    pub(super) day: Day,
    pub(super) sums: Vec<SignalSum>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct SignalSum {
    pub(super) signal: u16,
    #[serde(with = "exact::array")]
    pub(super) uncapped: [f64; DIMENSIONS],
}

/// A watched sum that is low, and the first day of its being so in this stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct LowRun {
    pub(super) of: Dimensions,
    pub(super) below: f64,
    pub(super) since: Day,
}

/// Qualifying acts of one day that were not taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct QualifyingDay {
    pub(super) day: Day,
    pub(super) acts: u32,
    pub(super) discounted: u32,
}

/// An order that may still be taken back, or a refund that waits for its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OrderRecord {
    /// The order's hashed id; 0 when it has none.
    pub(super) order: u64,
    pub(super) at: DateTime<Utc>,
    /// How it counted; none for a refund that came before its order.
    pub(super) case: Option<u16>,
    pub(super) message_id: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) void: bool,
}

/// The order that earned the present stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Promoting {
    pub(super) order: u64,
    pub(super) day: Day,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AdvocacyRecord {
    pub(super) kind: String,
    pub(super) last: Day,
    pub(super) acts: u32,
}

/// Where the last folded act stands among acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ActKey {
    pub(super) at: DateTime<Utc>,
    pub(super) source: String,
    pub(super) message_id: String,
}

impl ActKey {
    pub(super) fn key(&self) -> (DateTime<Utc>, &str, &str) {
        (self.at, &self.source, &self.message_id)
    }
}

/// Whether a relationship is getting closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// The summed scores are higher than 30 days ago.
    Warming,
    /// As high as 30 days ago, or nothing there.
    #[default]
    Steady,
    /// Lower than 30 days ago.
    Cooling,
}

/// A profile's stage, and what goes with it, at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "conditions beside the stage, each of which may hold with any other"
)]
pub struct Standing {
    /// The stage.
    pub stage: Stage,
    /// Since when; none for a profile of which nothing is known yet.
    pub since: Option<DateTime<Utc>>,
    /// The four scores.
    pub scores: Scores,
    /// A complaint is being waited on.
    pub strained: bool,
    /// A complaint has run out, and a few days are left to mend it.
    pub second_chance: bool,
    /// They complain so often, for what they buy, that a person should look. It moves nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_review: bool,
    /// The relationship was ended, by a breached dispute or by the customer.
    pub estranged: bool,
    /// The direction of the last 30 days, by the half-lives in force.
    pub trend: Trend,
    /// How often the customer has left stranger; 0 for somebody who never has.
    pub cycle: u16,
    /// How many turns of the spiral have begun; the last of them lasts, unless they are a stranger.
    pub turn: u32,
    /// Where in the turn they are; none before anything said so.
    pub step: Option<Step>,
    /// Silent for as long as the rule set calls dormant, and not hibernating.
    pub dormant: bool,
    /// Until when the whole relationship hibernates; none while it is awake.
    pub hibernating_until: Option<DateTime<Utc>>,
    /// The layers they were ever invited to, in the order of the rule set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerStanding>,
    /// The customer's last act, whether it counted or not.
    pub last_act: Option<DateTime<Utc>>,
}

impl State {
    /// A profile of which nothing is known.
    pub fn new(rules: &Rules) -> Self {
        Self {
            rules: rules.fingerprint(),
            ..Self::default()
        }
    }

    /// The stage reached.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// When the stage began.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.since
    }

    /// The customer's last act, whether it counted or not.
    pub fn last_act(&self) -> Option<DateTime<Utc>> {
        self.last_act
    }

    /// Whether the state was computed under `rules`, held since ever.
    pub fn is_under(&self, rules: &Rules) -> bool {
        self.rules == rules.fingerprint()
    }

    /// [`Term::lineage`](super::Term::lineage) of the rules that the state has come to; the
    /// [`Rules::fingerprint`] where they hold since ever.
    pub fn lineage(&self) -> u64 {
        self.rules
    }

    /// The [`Self::lineage`] of a state as it is stored, if it can be read.
    pub fn lineage_in(stored: &serde_json::Value) -> Option<u64> {
        stored.get("rules")?.as_u64()
    }

    /// The four scores at `at`, if nothing happens until then.
    pub fn scores(&self, rules: &Rules, at: DateTime<Utc>) -> Scores {
        self.scores_on(rules, Day::of(at)).into()
    }

    /// The standing at `at`, if nothing happens until then. Advance the state to `at` first, so that
    /// the stage is the one that time has brought about.
    pub fn standing(&self, rules: &Rules, at: DateTime<Utc>) -> Standing {
        let is_in = |status| self.disputes.iter().any(|dispute| dispute.status == status);
        Standing {
            stage: self.stage,
            since: self.since,
            scores: self.scores(rules, at),
            strained: self.has_open_dispute(),
            second_chance: is_in(DisputeStatus::SecondChance),
            needs_review: self
                .needs_review_until(rules)
                .is_some_and(|until| at < until),
            estranged: self.estranged,
            trend: self.trend(rules, Day::of(at)),
            cycle: self.cycle,
            turn: self.turn.number,
            step: self.turn.step,
            dormant: self.is_dormant(rules, Day::of(at)),
            hibernating_until: self.hibernating_until(),
            layers: self.layer_standings(rules, Day::of(at)),
            last_act: self.last_act,
        }
    }

    #[inline]
    pub(super) fn score(&self, rules: &Rules, dimension: usize, day: Day) -> f64 {
        let running = self.scores[dimension];
        running.value * rules.decay(dimension).factor(self.age(running.day, day))
    }

    pub(super) fn scores_on(&self, rules: &Rules, day: Day) -> [f64; DIMENSIONS] {
        Dimension::ALL.map(|dimension| self.score(rules, dimension.index(), day))
    }

    #[inline]
    pub(super) fn sum(&self, rules: &Rules, of: Dimensions, day: Day) -> f64 {
        let mut sum = 0.0;
        for dimension in Dimension::ALL {
            if of.contains(dimension) {
                sum += self.score(rules, dimension.index(), day);
            }
        }
        sum
    }

    pub(super) fn has_open_dispute(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.status.is_open())
    }

    pub(super) fn is_known_at(&self, at: DateTime<Utc>) -> bool {
        self.known_since.is_some_and(|since| since <= at)
    }

    /// Silent for longer than the rules call silence.
    fn is_dormant(&self, rules: &Rules, day: Day) -> bool {
        let silent = |last| self.age(Day::of(last), day) >= rules.dormant_days();
        !self.resting && self.last_act.is_some_and(silent)
    }

    /// The latest turns of the spiral, earliest first, the present one included.
    pub fn turns(&self) -> Vec<Turn> {
        self.turn.list()
    }

    /// How they stand to each layer of the rules that they were ever invited to.
    fn layer_standings(&self, rules: &Rules, day: Day) -> Vec<LayerStanding> {
        if self.layers.is_empty() {
            return Vec::new();
        }
        let layers = rules.layers().iter();
        layers
            .filter_map(|layer| Some(layer.standing(self.layer(&layer.id)?, day)))
            .collect()
    }

    /// What is kept of a layer.
    pub(super) fn layer(&self, id: &str) -> Option<&LayerState> {
        self.layers.iter().find(|kept| kept.layer == id)
    }

    fn trend(&self, rules: &Rules, day: Day) -> Trend {
        let mut change = 0.0;
        for dimension in Dimension::ALL {
            let index = dimension.index();
            let decay = rules.decay(index);
            let now = self.score(rules, index, day);
            let fresh: f64 = self
                .recent
                .entries()
                .iter()
                .filter(|entry| entry.dimension == dimension && day.since(entry.day) < TREND_DAYS)
                .map(|entry| entry.amount * decay.factor(self.age(entry.day, day)))
                .sum();
            let before = day.plus(-TREND_DAYS);
            change += now - (now - fresh) / decay.factor(self.age(before, day));
        }
        if change > TREND_MARGIN {
            Trend::Warming
        } else if change < -TREND_MARGIN {
            Trend::Cooling
        } else {
            Trend::Steady
        }
    }
}
