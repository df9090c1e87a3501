//! What the layers of a rule set must satisfy.

use std::collections::BTreeSet;

use super::condition_check::check_condition;
use super::validate::{DAYS_MAX, Faults};
use super::{Condition, DormantAfter, Keep, Layer, RuleSet};
use crate::stage::tier::Stage;

/// Most layers in a set.
pub(super) const LAYERS_MAX: usize = 16;
/// Most tiers, acts, milestones or entitlements of a layer.
pub(super) const LIST_MAX: usize = 100;
/// Longest window in which a layer's acts are counted: they are kept no longer.
pub(super) const KEEP_DAYS_MAX: u16 = 400;
/// Most half-lives of silence before somebody is dormant.
pub(super) const HALF_LIVES_MAX: f64 = 10.0;

pub(super) fn check_layers(set: &RuleSet, faults: &mut Faults) {
    if set.layers.len() > LAYERS_MAX {
        faults.add(
            "layers",
            "there are too many",
            format!("keep at most {LAYERS_MAX}"),
        );
    }
    let mut seen = BTreeSet::new();
    for (index, layer) in set.layers.iter().enumerate() {
        let path = format!("layers[{index}]");
        check_place(&path, layer, &seen, faults);
        if !seen.insert(layer.id.as_str()) {
            faults.add(
                &format!("{path}.id"),
                format!("the id \"{}\" is taken", layer.id),
                "give each layer its own id",
            );
        }
        check_layer(&path, layer, faults);
        check_acts(&path, layer, set, faults);
        check_tiers(&path, layer, faults);
    }
    check_resting(set, faults);
}

fn check_place(path: &str, layer: &Layer, before: &BTreeSet<&str>, faults: &mut Faults) {
    faults.name(&format!("{path}.id"), &layer.id);
    faults.name(&format!("{path}.name"), &layer.name);
    if let Some(after) = &layer.after
        && !before.contains(after.as_str())
    {
        faults.add(
            &format!("{path}.after"),
            format!("no layer before this one is \"{after}\""),
            "name a layer that is listed before it, or leave it out for the base",
        );
    }
}

fn check_layer(path: &str, layer: &Layer, faults: &mut Faults) {
    if !(1.0..=f64::from(DAYS_MAX)).contains(&layer.half_life_days) {
        faults.add(
            &format!("{path}.half_life_days"),
            format!("{} is not a usable half-life", layer.half_life_days),
            format!("give 1 to {DAYS_MAX} days"),
        );
    }
    for (name, share) in [
        ("trust_carried", layer.trust_carried),
        ("spill", layer.spill),
    ] {
        if !(0.0..=1.0).contains(&share) {
            faults.add(
                &format!("{path}.{name}"),
                format!("{share} is not a share"),
                "give a number from 0 to 1",
            );
        }
    }
    if let Some(days) = layer.hibernation_days_max {
        faults.days(&format!("{path}.hibernation_days_max"), days);
    }
    if let Some(keep) = layer.keep {
        check_keep(&format!("{path}.keep"), keep, faults);
    }
    let invitation = format!("{path}.invitation");
    let (open, again) = (
        layer.invitation.open_days,
        layer.invitation.again_after_days,
    );
    faults.days(&format!("{invitation}.open_days"), open);
    faults.days(&format!("{invitation}.again_after_days"), again);
    if let Some(when) = &layer.invitation.when {
        check_invitation(&format!("{invitation}.when"), when, faults);
    }
    for (name, list) in [
        ("entitlements", &layer.entitlements),
        ("invitation.milestones", &layer.invitation.milestones),
    ] {
        if list.len() > LIST_MAX {
            faults.add(
                &format!("{path}.{name}"),
                "there are too many",
                format!("keep at most {LIST_MAX}"),
            );
        }
        for (index, text) in list.iter().enumerate() {
            faults.name(&format!("{path}.{name}[{index}]"), text);
        }
    }
}

fn check_keep(path: &str, keep: Keep, faults: &mut Faults) {
    if keep.at_least == 0 {
        faults.add(
            &format!("{path}.at_least"),
            "it asks for no act",
            "ask for 1 act or more, or leave `keep` out",
        );
    }
    if keep.within_days == 0 || keep.within_days > KEEP_DAYS_MAX {
        faults.add(
            &format!("{path}.within_days"),
            format!("acts are not kept for {} days", keep.within_days),
            format!("give 1 to {KEEP_DAYS_MAX} days"),
        );
    }
    faults.days(&format!("{path}.notice_days"), keep.notice_days);
}

/// An invitation asks how things stand, not what just happened or how long a stage has been cold.
fn check_invitation(path: &str, when: &Condition, faults: &mut Faults) {
    check_condition(path, when, 0, faults);
    when.visit(&mut |condition| {
        if matches!(
            condition,
            Condition::ScoreBelowFor(_)
                | Condition::DetractorAnswer
                | Condition::RelationshipEnded
                | Condition::DisputeBreached
                | Condition::PromotingOrderRefunded { .. }
        ) {
            faults.add(
                path,
                "it asks for something that is no reason to invite",
                "ask for scores, counts, a stage, days in it, or no open dispute",
            );
        }
    });
}

fn check_acts(path: &str, layer: &Layer, set: &RuleSet, faults: &mut Faults) {
    if layer.acts.len() > LIST_MAX {
        faults.add(
            &format!("{path}.acts"),
            "there are too many",
            format!("keep at most {LIST_MAX}"),
        );
    }
    for (index, act) in layer.acts.iter().enumerate() {
        let path = format!("{path}.acts[{index}]");
        let named = |name: &String| *name == act.event;
        let signal = set.signals.iter().find(|signal| {
            std::iter::once(&signal.event)
                .chain(&signal.aliases)
                .any(named)
        });
        match signal {
            None => faults.add(
                &format!("{path}.event"),
                format!("no signal names \"{}\"", act.event),
                "add a signal for it, or drop it",
            ),
            Some(signal) if signal.brand_initiated => faults.add(
                &format!("{path}.event"),
                "what the brand does is counted as an act of the customer",
                "drop it",
            ),
            Some(_) => {}
        }
        if let Some(points) = act.points {
            faults.points(&format!("{path}.points"), points);
        }
    }
    if layer.keep.is_some() && layer.acts.is_empty() {
        faults.add(
            &format!("{path}.keep"),
            "it asks for acts of the layer, which has none",
            "list its acts",
        );
    }
}

fn check_tiers(path: &str, layer: &Layer, faults: &mut Faults) {
    let mut below = (Stage::Stranger, f64::NEG_INFINITY);
    for (index, tier) in layer.tiers.iter().enumerate() {
        let path = format!("{path}.tiers[{index}]");
        faults.points(&format!("{path}.enter"), tier.enter);
        faults.points(&format!("{path}.exit"), tier.exit);
        if tier.stage <= Stage::Acquaintance || tier.stage <= below.0 || tier.enter <= below.1 {
            faults.add(
                &path,
                "the tiers do not rise",
                "list friend, then advocate, each at more points; everybody begins as an acquaintance",
            );
        }
        if !(tier.exit >= 0.0 && tier.exit < tier.enter) {
            faults.add(
                &format!("{path}.exit"),
                format!("it is left at {} and entered at {}", tier.exit, tier.enter),
                "leave at a lower figure than the one that enters, 0 or more",
            );
        }
        below = (tier.stage, tier.enter);
    }
}

fn check_resting(set: &RuleSet, faults: &mut Faults) {
    let path = "resting.dormant_after";
    match set.resting.dormant_after {
        DormantAfter::Days(days) => faults.days(&format!("{path}.days"), days),
        DormantAfter::InvestmentHalfLives(times) if times > 0.0 && times <= HALF_LIVES_MAX => {}
        DormantAfter::InvestmentHalfLives(times) => faults.add(
            &format!("{path}.investment_half_lives"),
            format!("{times} half-lives cannot be used here"),
            format!("give a number above 0, at most {HALF_LIVES_MAX}"),
        ),
    }
    if set.resting.hibernation_days_max > DAYS_MAX {
        faults.add(
            "resting.hibernation_days_max",
            "it is too long",
            format!("give at most {DAYS_MAX} days"),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(layer: serde_json::Value) -> Vec<String> {
        let mut set = RuleSet::default_set();
        set.layers = vec![serde_json::from_value(layer).unwrap()];
        set.validate().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn a_plain_layer_has_no_fault() {
        let layer = json!({
            "id": "alumni", "name": "Alumni", "half_life_days": 900,
            "invitation": { "milestones": ["graduated"], "open_days": 90 },
        });

        assert_eq!(faults(layer), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_told_with_its_place() {
        let layer = json!({
            "id": "club", "name": " ", "after": "nowhere", "half_life_days": 0,
            "acts": [{ "event": "Promise Kept" }, { "event": "Sneezed", "points": 1e9 }],
            "invitation": {
                "when": { "all": ["known", "dispute_breached", { "orders": { "at_least": 5, "within_days": 900 } }] },
                "open_days": 0,
            },
            "keep": { "at_least": 3, "within_days": 500, "notice_days": 0 },
            "tiers": [
                { "stage": "friend", "enter": 20, "exit": 20 },
                { "stage": "acquaintance", "enter": 30, "exit": 10 },
            ],
            "trust_carried": 1.5, "spill": -1, "hibernation_days_max": 0,
        });

        let expected = [
            "layers[0].name",
            "layers[0].after",
            "layers[0].half_life_days",
            "layers[0].trust_carried",
            "layers[0].spill",
            "layers[0].hibernation_days_max",
            "layers[0].keep.within_days",
            "layers[0].keep.notice_days",
            "layers[0].invitation.open_days",
            "layers[0].invitation.when.all[2].orders.within_days",
            "layers[0].invitation.when",
            "layers[0].acts[0].event",
            "layers[0].acts[1].event",
            "layers[0].acts[1].points",
            "layers[0].tiers[0].exit",
            "layers[0].tiers[1]",
        ];
        assert_eq!(faults(layer), expected);
    }

    #[test]
    fn silence_must_have_a_length() {
        let mut set = RuleSet::default_set();
        set.resting.dormant_after = DormantAfter::InvestmentHalfLives(0.0);
        set.resting.hibernation_days_max = 4_000;

        let paths: Vec<_> = set.validate().into_iter().map(|fault| fault.path).collect();

        assert_eq!(
            paths,
            [
                "resting.dormant_after.investment_half_lives",
                "resting.hibernation_days_max"
            ]
        );
    }
}
