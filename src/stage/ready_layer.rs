//! A layer made ready to run.

use super::day::Day;
use super::decay::Decay;
use super::dimension::Dimension;
use super::layer::{LayerStanding, LayerState};
use super::rules::Rules;
use super::ruleset::{Invitation, Keep, Layer, LayerTier, MARGIN};
use super::state::{Standing, State};
use super::tier::Stage;

/// A layer with its names looked up and its decay in tables.
#[derive(Debug, Clone)]
pub(super) struct ReadyLayer {
    pub(super) id: String,
    pub(super) name: String,
    /// Place of the layer it lies on; none for the base.
    pub(super) below: Option<usize>,
    /// How many layers it lies on.
    pub(super) depth: usize,
    pub(super) decay: Decay,
    /// Cases of signals whose acts are the layer's too, in order, with the points they add.
    acts: Vec<(u16, f64)>,
    pub(super) invitation: Invitation,
    pub(super) keep: Option<Keep>,
    pub(super) tiers: Vec<LayerTier>,
    pub(super) trust_carried: f64,
    pub(super) spill: f64,
    pub(super) hibernation_days_max: Option<u16>,
    entitlements: Vec<String>,
}

impl ReadyLayer {
    pub(super) fn new(layer: &Layer, rules: &Rules) -> Self {
        let below = layer
            .after
            .as_ref()
            .and_then(|after| rules.layers().iter().position(|one| one.id == *after));
        let mut acts = Vec::new();
        for act in &layer.acts {
            acts.extend(rules.cases_named(&act.event).map(|(case, ready)| {
                let base: f64 = Dimension::ALL
                    .into_iter()
                    .filter(|dimension| *dimension != Dimension::Trust)
                    .map(|dimension| ready.weights[dimension.index()])
                    .sum();
                (case, act.points.unwrap_or(base))
            }));
        }
        acts.sort_by_key(|(case, _)| *case);
        Self {
            id: layer.id.clone(),
            name: layer.name.clone(),
            below,
            depth: below.map_or(0, |below| rules.layers()[below].depth + 1),
            decay: Decay::new(layer.half_life_days),
            acts,
            invitation: layer.invitation.clone(),
            keep: layer.keep,
            tiers: layer.tiers.clone(),
            trust_carried: layer.trust_carried,
            spill: layer.spill,
            hibernation_days_max: layer.hibernation_days_max,
            entitlements: layer.entitlements.clone(),
        }
    }

    /// The points that an act counted by `case` adds, if it is an act of the layer.
    pub(super) fn points_of(&self, case: u16) -> Option<f64> {
        let place = self.acts.binary_search_by_key(&case, |act| act.0).ok()?;
        Some(self.acts[place].1)
    }

    /// The cases of signals whose acts are the layer's.
    pub(super) fn cases(&self) -> impl Iterator<Item = u16> {
        self.acts.iter().map(|act| act.0)
    }

    /// The stage of a beginner, if the layer has stages.
    pub(super) fn first_stage(&self) -> Option<Stage> {
        (!self.tiers.is_empty()).then_some(Stage::Acquaintance)
    }

    /// The stage to which somebody at `stage` goes with so many points; `stage` itself if they stay.
    pub(super) fn stage_at(&self, stage: Stage, points: f64) -> Stage {
        let mut now = stage;
        for tier in self.tiers.iter().rev() {
            if tier.stage == now && points < tier.exit - MARGIN {
                let below = self.tiers.iter().rev().find(|other| other.stage < now);
                now = below.map_or(Stage::Acquaintance, |tier| tier.stage);
            }
        }
        for tier in &self.tiers {
            if tier.stage > now && points >= tier.enter - MARGIN {
                now = tier.stage;
            }
        }
        now
    }

    /// From which day on enough acts are asked for.
    pub(super) fn asked_from(&self, kept: &LayerState) -> Option<Day> {
        let window = i32::from(self.keep?.within_days);
        let joined = Day::of(kept.joined_at.unwrap_or(kept.since));
        Some(kept.kept_until.unwrap_or(joined.plus(window)))
    }

    pub(super) fn standing(&self, kept: &LayerState, day: Day) -> LayerStanding {
        LayerStanding {
            layer: self.id.clone(),
            name: self.name.clone(),
            status: kept.status,
            since: kept.since,
            invited_at: kept.invited_at,
            joined_at: kept.joined_at,
            cycle: kept.cycle,
            stage: kept
                .stage
                .filter(|_| kept.status.is_member() && !self.tiers.is_empty()),
            points: kept.points_on(&self.decay, day),
            trust: kept.trust_on(&self.decay, day),
            hibernating_until: kept.rest.map(|rest| rest.until.start()),
            entitlements: if kept.status.is_entitled() {
                self.entitlements.clone()
            } else {
                Vec::new()
            },
        }
    }
}

impl Rules {
    /// The deepest layer that somebody is in; of equally deep ones the last in the rule set.
    pub(super) fn deepest_layer(&self, state: &State) -> Option<usize> {
        let is_in = |layer: &ReadyLayer| {
            state
                .layer(&layer.id)
                .is_some_and(|kept| kept.status.is_member())
        };
        let layers = self.layers().iter().enumerate();
        layers
            .filter(|(_, layer)| is_in(layer))
            .max_by_key(|(place, layer)| (layer.depth, *place))
            .map(|(place, _)| place)
    }

    /// The stage shown for a standing, layers included: "Friend", or "Friend · VIP" for somebody in
    /// a layer. The stage is that of the deepest layer that has stages of its own, else the base's.
    pub fn overall_name(&self, standing: &Standing) -> String {
        let names = &self.set().stages;
        match self.overall(standing) {
            (stage, None) => names.of(stage).to_owned(),
            (stage, Some(layer)) => format!("{} · {}", names.of(stage), layer.name),
        }
    }

    /// The stage shown for a standing, and the deepest layer that they are in.
    pub fn overall<'s>(&self, standing: &'s Standing) -> (Stage, Option<&'s LayerStanding>) {
        let mut found: Vec<(usize, usize, &LayerStanding)> = self
            .layers()
            .iter()
            .enumerate()
            .filter_map(|(place, layer)| {
                let one = standing.layers.iter().find(|one| one.layer == layer.id)?;
                one.status.is_member().then_some((layer.depth, place, one))
            })
            .collect();
        found.sort_by_key(|(depth, place, _)| (*depth, *place));
        let stage = found.iter().rev().find_map(|(_, _, one)| one.stage);
        let deepest = found.last().map(|(_, _, one)| *one);
        (stage.unwrap_or(standing.stage), deepest)
    }
}
