//! A move from one stage to another, with all that is needed to explain it for ever.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::dimension::Scores;
use super::layer::{LayerMove, LayerStatus};
use super::ruleset::{Condition, Keep};
use super::tier::Stage;

/// The rule id of a stage restored by an accepted remedy; it belongs to the dispute rules.
pub const RECONCILED: &str = "reconciled";

/// A recorded move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// The stage left.
    pub from: Stage,
    /// The stage entered.
    pub to: Stage,
    /// When it took effect: the instant of the act, or the midnight on which the condition held.
    pub effective_at: DateTime<Utc>,
    /// The id of the rule that moved it.
    pub rule: String,
    /// What kind of move it was.
    pub kind: MoveKind,
    /// What set it off.
    pub cause: Cause,
    /// Each condition of the rule with the figure it saw.
    pub figures: Vec<Figure>,
    /// The scores at that instant, the act included.
    pub scores: Scores,
    /// What the act that set it off added to the scores; zero when time did.
    pub added: Scores,
    /// How often the customer had left stranger, this move included.
    pub cycle: u16,
}

impl Transition {
    /// Whether both are the same move for the same reason. The figures may differ: what was seen
    /// at the time is kept as it was recorded.
    pub fn is_same_move(&self, other: &Self) -> bool {
        self.from == other.from
            && self.to == other.to
            && self.effective_at == other.effective_at
            && self.rule == other.rule
            && self.cause == other.cause
    }

    /// Whether the move leads to a deeper stage.
    pub fn is_up(&self) -> bool {
        self.to > self.from
    }
}

/// A recorded change of somebody's place in a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerTransition {
    /// The layer's id.
    pub layer: String,
    /// What happened.
    pub kind: LayerMove,
    /// How they stood to the layer before; none for somebody never invited.
    pub from: Option<LayerStatus>,
    /// How they stand to it from then on.
    pub to: LayerStatus,
    /// The stage within the layer from then on, where it has tiers and they are in it.
    pub stage: Option<Stage>,
    /// When it took effect: the instant of the act, or the midnight on which the rule held.
    pub effective_at: DateTime<Utc>,
    /// Which of the layer's rules did it: `invitation`, `by_event`, `acceptance`, `refusal`,
    /// `keep`, `tiers`, `hibernation`, `departure`, `layer_below` or `relationship`.
    pub rule: String,
    /// What set it off.
    pub cause: Cause,
    /// Each condition of the invitation with the figure it saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// What is asked for to stay, where that was the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// Acts of the layer in the window of the rule that keeps people in it; of the last 365 days
    /// where it has none.
    pub acts: u32,
    /// Points in the layer at that instant.
    pub points: f64,
    /// Trust within the layer at that instant, signed.
    pub trust: f64,
    /// How often they had joined, this move included.
    pub cycle: u16,
}

impl LayerTransition {
    /// Whether both are the same move for the same reason.
    pub fn is_same_move(&self, other: &Self) -> bool {
        self.layer == other.layer
            && self.kind == other.kind
            && self.from == other.from
            && self.to == other.to
            && self.stage == other.stage
            && self.effective_at == other.effective_at
            && self.rule == other.rule
            && self.cause == other.cause
    }
}

/// What kind of move a transition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// Deeper, for what the customer did.
    Promotion,
    /// Out of stranger once more; a new cycle.
    Reentry,
    /// Back, for silence.
    Decay,
    /// Back, for a score that fell under the bar.
    Fall,
    /// Back, for a detractor's answer.
    Answer,
    /// Taken back: the order that earned the stage was refunded.
    Annulment,
    /// Back, for a dispute that ran out.
    Breach,
    /// Deeper again, for a remedy that was accepted.
    Reconciliation,
    /// Ended by the customer.
    End,
}

/// What set a transition off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An act.
    Act {
        /// Who sent it.
        source: String,
        /// The sender's id of it.
        message_id: String,
        /// The event's name in the rule set.
        event: String,
    },
    /// A day on which a condition came to hold with no act.
    Date {
        /// The day; the move took effect as it began.
        day: NaiveDate,
    },
    /// The profile came to be known by an identifier.
    Known,
    /// A dispute's clock ran out.
    DisputeClock {
        /// The message that opened the dispute.
        message_id: String,
    },
    /// Other rules came into force; the move took effect as they did.
    RulesChanged,
}

/// A condition as it stood when a rule was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The condition, with its threshold.
    pub condition: Condition,
    /// The figure compared with the threshold: points, days or a count; 1 or 0 for yes and no.
    pub figure: f64,
    /// Whether it was met.
    pub met: bool,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_move_is_the_same_with_other_figures_and_another_with_anything_else() {
        let step = Transition {
            from: Stage::Acquaintance,
            to: Stage::Friend,
            effective_at: DateTime::UNIX_EPOCH,
            rule: String::from("P2"),
            kind: MoveKind::Promotion,
            cause: Cause::Known,
            figures: Vec::new(),
            scores: Scores::default(),
            added: Scores::default(),
            cycle: 1,
        };
        let is_same = |change: &dyn Fn(&mut Transition)| {
            let mut other = step.clone();
            change(&mut other);
            step.is_same_move(&other)
        };

        assert!(is_same(&|_| {}));
        assert!(is_same(&|other| other.scores.trust = 9.0));
        assert!(!is_same(&|other| other.from = Stage::Advocate));
        assert!(!is_same(&|other| other.to = Stage::Advocate));
        assert!(!is_same(
            &|other| other.effective_at += TimeDelta::seconds(1)
        ));
        assert!(!is_same(&|other| other.rule = String::from("P3")));
        assert!(!is_same(&|other| other.cause = Cause::RulesChanged));
    }

    #[test]
    fn so_is_a_move_of_a_layer() {
        let step = LayerTransition {
            layer: String::from("vip"),
            kind: LayerMove::Warmed,
            from: Some(LayerStatus::Active),
            to: LayerStatus::Active,
            stage: Some(Stage::Friend),
            effective_at: DateTime::UNIX_EPOCH,
            rule: String::from("tiers"),
            cause: Cause::Known,
            figures: Vec::new(),
            keep: None,
            acts: 0,
            points: 0.0,
            trust: 0.0,
            cycle: 1,
        };
        let is_same = |change: &dyn Fn(&mut LayerTransition)| {
            let mut other = step.clone();
            change(&mut other);
            step.is_same_move(&other)
        };

        assert!(is_same(&|_| {}));
        assert!(is_same(&|other| (other.points, other.acts) = (9.0, 9)));
        assert!(!is_same(&|other| other.layer = String::from("club")));
        assert!(!is_same(&|other| other.kind = LayerMove::Cooled));
        assert!(!is_same(&|other| other.from = None));
        assert!(!is_same(&|other| other.to = LayerStatus::Invited));
        assert!(!is_same(&|other| other.stage = None));
        assert!(!is_same(
            &|other| other.effective_at += TimeDelta::seconds(1)
        ));
        assert!(!is_same(&|other| other.rule = String::from("keep")));
        assert!(!is_same(&|other| other.cause = Cause::RulesChanged));
    }
}
