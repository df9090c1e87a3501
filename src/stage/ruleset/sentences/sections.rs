//! Names, fading, complaints, referrals.

use super::{Sentence, SlotKind};
use crate::stage::dimension::Dimension;
use crate::stage::ruleset::{HalfLife, RuleSet};
use crate::stage::tier::Stage;

pub(super) fn names(set: &RuleSet) -> Vec<Sentence> {
    let fields = ["stranger", "acquaintance", "friend", "advocate"];
    let stages = Stage::ALL.into_iter().zip(fields).map(|(stage, field)| {
        Sentence::default()
            .words(&format!("Stage {} is called ", stage.rank()))
            .name(
                &format!("stages.{field}"),
                set.stages.of(stage),
                &format!("name of stage {}", stage.rank()),
            )
    });
    let title = Sentence::default().words("These rules are called ").name(
        "name",
        &set.name,
        "name of the rules",
    );
    std::iter::once(title).chain(stages).collect()
}

pub(super) fn fading(set: &RuleSet) -> Vec<Sentence> {
    let half_lives = &set.half_life_days;
    let halves = |dimension: Dimension| {
        let name = dimension.name();
        let label = format!("days in which {name} halves");
        Sentence::default()
            .words(&format!("{} halves every ", capitalised(name)))
            .slot(
                &format!("half_life_days.{name}"),
                half_lives.of(dimension),
                SlotKind::HalfLife,
                &label,
            )
            .words(" days")
    };
    Dimension::ALL
        .into_iter()
        .map(|dimension| match (dimension, half_lives.investment) {
            (Dimension::Investment, HalfLife::Learnt(learnt)) => {
                let path = |field: &str| format!("half_life_days.investment.learnt.{field}");
                let (days, half_life) = ("days", SlotKind::HalfLife);
                Sentence::default()
                    .words("Investment halves in ")
                    .slot(&path("factor"), learnt.factor, SlotKind::Factor, "times the usual gap")
                    .words(" times the usual gap between a customer's orders, learnt every month: never under ")
                    .slot(&path("at_least"), learnt.at_least, half_life, days)
                    .words(" days, never over ")
                    .slot(&path("at_most"), learnt.at_most, half_life, days)
                    .words(", and ")
                    .slot(&path("until_known"), learnt.until_known, half_life, days)
                    .words(" days until there are orders enough")
            }
            _ => halves(dimension),
        })
        .collect()
}

pub(super) fn disputes(set: &RuleSet) -> Vec<Sentence> {
    let rules = &set.disputes;
    let say = |words: &str| Sentence::default().words(words);
    let days = |sentence: Sentence, field: &str, days: u16| {
        sentence.slot(
            &format!("disputes.{field}"),
            f64::from(days),
            SlotKind::Days,
            "days",
        )
    };
    let mut recovery = say("An accepted remedy earns ");
    for (index, weight) in rules.recovery_weights.iter().enumerate() {
        if index > 0 {
            recovery = recovery.words(", then ");
        }
        let path = format!("disputes.recovery_weights[{index}]");
        recovery = recovery.slot(&path, *weight, SlotKind::Points, "points of trust");
    }
    let recovery = days(
        recovery.words(" trust, counted over "),
        "recovery_within_days",
        rules.recovery_within_days,
    )
    .words(" days");
    let clock = days(
        say("A complaint waits for a remedy for "),
        "clock_days",
        rules.clock_days,
    );
    let clock = days(
        clock.words(" days, or "),
        "public_clock_days",
        rules.public_clock_days,
    );
    let chance = say("A friend or advocate grants ");
    let breach = say("If none comes it costs ").slot(
        "disputes.breach_weight",
        rules.breach_weight,
        SlotKind::Points,
        "points of trust",
    );
    let serial = |field: &str| format!("disputes.serial.{field}");
    vec![
        clock.words(" days if it was made in public"),
        days(chance, "second_chance_days", rules.second_chance_days).words(" days on top"),
        days(
            breach.words(" trust and a stage; two stages if it happens twice within "),
            "double_within_days",
            rules.double_within_days,
        )
        .words(" days"),
        days(
            say("A remedy accepted within "),
            "reconcile_within_days",
            rules.reconcile_within_days,
        )
        .words(" days after that gives the stage back"),
        recovery,
        days(
            say("A remedy that nobody answers for "),
            "quiet_days",
            rules.quiet_days,
        )
        .words(" days ends the complaint"),
        days(
            say("A settled complaint can be taken up again for "),
            "reopen_within_days",
            rules.reopen_within_days,
        )
        .words(" days"),
        say("A person should look at whoever makes more than ")
            .slot(
                &serial("more_than"),
                f64::from(rules.serial.more_than),
                SlotKind::Count,
                "complaints",
            )
            .words(" complaints per ")
            .slot(
                &serial("per_orders"),
                f64::from(rules.serial.per_orders),
                SlotKind::Count,
                "orders",
            )
            .words(" orders, and at least ")
            .slot(
                &serial("at_least"),
                f64::from(rules.serial.at_least),
                SlotKind::Count,
                "complaints in all",
            )
            .words(", within ")
            .slot(
                &serial("within_days"),
                f64::from(rules.serial.within_days),
                SlotKind::Days,
                "days",
            )
            .words(" days; until then their complaints weigh ")
            .slot(
                &serial("factor"),
                rules.serial.factor,
                SlotKind::Percent,
                "percent",
            )
            .words(" %"),
    ]
}

pub(super) fn referrals(set: &RuleSet) -> Vec<Sentence> {
    let rules = &set.referrals;
    let say = |words: &str| Sentence::default().words(words);
    vec![
        say("Credit reaches ")
            .slot(
                "referrals.hops",
                f64::from(rules.hops),
                SlotKind::Count,
                "generations",
            )
            .words(" generations; each further one gets ")
            .slot(
                "referrals.hop_factor",
                rules.hop_factor,
                SlotKind::Percent,
                "percent",
            )
            .words(" % of the one before"),
        say("It is taken back if the newcomer's first order is refunded within ")
            .slot(
                "referrals.claw_back_days",
                f64::from(rules.claw_back_days),
                SlotKind::Days,
                "days",
            )
            .words(" days"),
        say("Nobody is credited for more than ")
            .slot(
                "referrals.per_day_max",
                f64::from(rules.per_day_max),
                SlotKind::Count,
                "people a day",
            )
            .words(" people a day"),
    ]
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
