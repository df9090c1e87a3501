//! When a turn of the spiral begins and ends.
//!
//! The first begins when somebody first leaves stranger. From then on a turn ends, and the next
//! begins, with an order when something was ordered in it already, and with joining a layer. Becoming
//! a stranger again ends the turn, and the next begins with the return.

use chrono::{DateTime, Utc};

use super::Fold;
use crate::stage::rules::ReadySignal;
use crate::stage::ruleset::Role;
use crate::stage::tier::Stage;
use crate::stage::transition::MoveKind;
use crate::stage::turn::{Step, TurnOutcome};

impl Fold<'_> {
    /// Follows an act that has just been counted.
    #[inline]
    pub(super) fn turn_with_act(&mut self, signal: &ReadySignal, at: DateTime<Utc>) {
        match signal.role {
            Some(Role::Order) => self.turn_with_order(at),
            Some(Role::ReferralConverted) => self.state.turn.referred = true,
            _ => {}
        }
        if signal.step.is_some() {
            self.state.turn.step = signal.step;
        }
    }

    /// The deepest layer they are in.
    fn layer_of_turn(&self) -> Option<String> {
        if self.state.layers.is_empty() {
            return None;
        }
        let place = self.rules.deepest_layer(&self.state)?;
        Some(self.rules.layers()[place].id.clone())
    }

    fn turn_with_order(&mut self, at: DateTime<Utc>) {
        let turn = &mut self.state.turn;
        if turn.bought && turn.since.is_some() {
            let outcome = if turn.referred {
                TurnOutcome::Referral
            } else {
                TurnOutcome::Refill
            };
            turn.end(at, outcome);
            let layer = self.layer_of_turn();
            self.state.turn.begin(at, layer);
        }
        self.state.turn.bought = true;
    }

    /// Follows a move between stages.
    pub(super) fn turn_with_move(&mut self, to: Stage, kind: MoveKind, at: DateTime<Utc>) {
        if to == Stage::Stranger {
            let is_break = matches!(kind, MoveKind::Breach | MoveKind::End);
            let outcome = if is_break {
                TurnOutcome::Break
            } else {
                TurnOutcome::DropOut
            };
            self.state.turn.end(at, outcome);
        } else {
            let layer = self.layer_of_turn();
            self.state.turn.begin(at, layer);
        }
    }

    /// Follows somebody into a layer.
    pub(super) fn turn_with_layer(&mut self, at: DateTime<Utc>) {
        let layer = self.layer_of_turn();
        let turn = &mut self.state.turn;
        if turn.since.is_some() {
            turn.end(at, TurnOutcome::Graduation);
            turn.begin(at, layer);
            turn.step = Some(Step::Discover);
        }
    }
}
