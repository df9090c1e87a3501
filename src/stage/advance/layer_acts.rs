//! What acts mean to layers: points and trust, answers to invitations, departures and rest.

use super::Fold;
use super::layers::Change;
use super::moves::Trigger;
use crate::stage::day::Day;
use crate::stage::dimension::{DIMENSIONS, Dimension};
use crate::stage::event::{Act, NO_LAYER};
use crate::stage::layer::{LayerMove, LayerStatus};
use crate::stage::rest::Rest;
use crate::stage::ruleset::Role;

impl Fold<'_> {
    /// Lets an act that has just been counted do to layers what it does.
    pub(super) fn take_into_layers(&mut self, act: &Act<'_>) {
        let rules = self.rules;
        let case = rules.case(act.case);
        self.count_in_layers(act, Trigger::Act(act));
        if let Some(role) = rules.signal(case.signal).role {
            self.answer(role, act, Trigger::Act(act));
        }
    }

    /// Counts the act in each layer that has it among its acts, and in the one that it names.
    fn count_in_layers(&mut self, act: &Act<'_>, trigger: Trigger<'_>) {
        if self.state.layers.is_empty() {
            return;
        }
        let rules = self.rules;
        let trust = rules.case(act.case).weights[Dimension::Trust.index()];
        let day = Day::of(act.at);
        for (place, layer) in rules.layers().iter().enumerate() {
            let Some(points) = layer
                .points_of(act.case)
                .filter(|_| self.is_in_layer(place))
            else {
                continue;
            };
            if self.layer_status(place) == Some(LayerStatus::Hibernating) {
                self.wake_layer(place, act.at, trigger);
            }
            if let Some(kept) = self.kept_mut(place) {
                kept.add(&layer.decay, day, points, trust);
                kept.count(day, act.thing, points);
            }
        }
        self.trust_in_named_layer(act, trust, day);
    }

    /// What an act that names a layer does to trust there, and in the layers on which that lies.
    fn trust_in_named_layer(&mut self, act: &Act<'_>, trust: f64, day: Day) {
        let mut next = self.named_layer(act);
        let mut amount = trust;
        while let Some(place) = next {
            let layer = &self.rules.layers()[place];
            if layer.points_of(act.case).is_none()
                && let Some(kept) = self.kept_mut(place)
            {
                kept.add(&layer.decay, day, 0.0, amount);
            }
            if amount < 0.0 {
                amount *= layer.spill;
            }
            next = layer.below;
        }
    }

    /// What the act adds below all layers: of what it takes from trust within a layer only a share
    /// reaches the base.
    pub(super) fn spilt(&self, act: &Act<'_>, weights: [f64; DIMENSIONS]) -> [f64; DIMENSIONS] {
        let trust = Dimension::Trust.index();
        let mut weights = weights;
        let mut next = self.named_layer(act).filter(|_| weights[trust] < 0.0);
        while let Some(place) = next {
            let layer = &self.rules.layers()[place];
            weights[trust] *= layer.spill;
            next = layer.below;
        }
        weights
    }

    /// The layer that the act names, if they are in it.
    fn named_layer(&self, act: &Act<'_>) -> Option<usize> {
        let place = usize::from(act.layer);
        (place < self.rules.layers().len() && self.is_in_layer(place)).then_some(place)
    }

    fn answer(&mut self, role: Role, act: &Act<'_>, trigger: Trigger<'_>) {
        let change = match role {
            Role::LayerInvited | Role::MilestoneReached => {
                return self.invite_by_event(act, trigger);
            }
            Role::InvitationAccepted => {
                Change::new(LayerMove::Joined, LayerStatus::Active, "acceptance")
            }
            Role::InvitationDeclined => {
                Change::new(LayerMove::Declined, LayerStatus::Declined, "refusal")
            }
            Role::LayerLeft => Change::new(LayerMove::Left, LayerStatus::Left, "departure"),
            Role::RelationshipPaused => return self.pause_layers(act, trigger),
            Role::RelationshipResumed => return self.resume_layers(act, trigger),
            Role::Order
            | Role::Refund
            | Role::DisputeOpened
            | Role::DisputeAcknowledged
            | Role::RemedyProposed
            | Role::DisputeResolved
            | Role::DisputeReopened
            | Role::DisputeWithdrawn
            | Role::DisputeHandedOff
            | Role::DisputesReviewed
            | Role::ReferralConverted
            | Role::ReferralClawedBack
            | Role::RelationshipEnded
            | Role::ContactSent
            | Role::ChannelClosed => return,
        };
        let Some(place) = self.layer_meant(role, act) else {
            return;
        };
        let status = self.layer_status(place);
        let is_possible = match role {
            Role::LayerLeft => status.is_some_and(LayerStatus::is_member),
            Role::InvitationAccepted => {
                status == Some(LayerStatus::Invited)
                    || self.has_named_invitation(place, act) && self.has_ground(place)
            }
            _ => status == Some(LayerStatus::Invited),
        };
        if is_possible {
            self.change_layer(place, &change, act.at, trigger);
        }
    }

    /// The layer that an answer or a departure means.
    fn layer_meant(&self, role: Role, act: &Act<'_>) -> Option<usize> {
        if act.layer != NO_LAYER {
            let place = usize::from(act.layer);
            return (place < self.rules.layers().len()).then_some(place);
        }
        if role == Role::LayerLeft {
            return self.rules.deepest_layer(&self.state);
        }
        let invited = (0..self.rules.layers().len())
            .filter(|place| self.layer_status(*place) == Some(LayerStatus::Invited));
        invited.max_by_key(|place| self.kept(*place).map(|kept| kept.since))
    }

    /// Whether the acceptance says of which invitation it speaks, and that one is still good: so
    /// that an invitation once sent holds, even if by what became known later it should not have
    /// been sent.
    fn has_named_invitation(&self, place: usize, act: &Act<'_>) -> bool {
        let open_days = i32::from(self.rules.layers()[place].invitation.open_days);
        let is_in = self.is_in_layer(place);
        !is_in
            && act
                .names_day
                .is_some_and(|invited| (0..=open_days).contains(&Day::of(act.at).since(invited)))
    }

    fn invite_by_event(&mut self, act: &Act<'_>, trigger: Trigger<'_>) {
        let place = usize::from(act.layer);
        if place >= self.rules.layers().len() || !self.has_ground(place) {
            return;
        }
        let status = self.layer_status(place);
        let is_out =
            status.is_none_or(|status| !status.is_member() && status != LayerStatus::Invited);
        if is_out && self.state.is_known_at(act.at) {
            self.invite(place, "by_event", act.at, trigger);
        }
    }

    /// The layer that the act names, or all of them.
    fn layers_of(&self, act: &Act<'_>) -> std::ops::Range<usize> {
        let all = self.rules.layers().len();
        let place = usize::from(act.layer);
        match act.layer {
            NO_LAYER => 0..all,
            _ if place < all => place..place + 1,
            _ => 0..0,
        }
    }

    fn pause_layers(&mut self, act: &Act<'_>, trigger: Trigger<'_>) {
        let from = Day::of(act.at);
        for place in self.layers_of(act) {
            let Some(longest) = self.rules.layers()[place].hibernation_days_max else {
                continue;
            };
            let until = rest_until(from, act.names_day, longest);
            let status = self.layer_status(place);
            if status.is_some_and(LayerStatus::is_entitled) && until > from {
                if let Some(kept) = self.kept_mut(place) {
                    kept.rest = Some(Rest { from, until });
                }
                let change = Change::new(
                    LayerMove::Hibernated,
                    LayerStatus::Hibernating,
                    "hibernation",
                );
                self.change_layer(place, &change, act.at, trigger);
            }
        }
    }

    fn resume_layers(&mut self, act: &Act<'_>, trigger: Trigger<'_>) {
        for place in self.layers_of(act) {
            if self.layer_status(place) == Some(LayerStatus::Hibernating) {
                self.wake_layer(place, act.at, trigger);
            }
        }
    }
}

/// The day on which a rest ends: as asked, but no later than allowed.
pub(super) fn rest_until(from: Day, asked: Option<Day>, longest: u16) -> Day {
    let latest = from.plus(i32::from(longest));
    asked.map_or(latest, |until| until.min(latest))
}
