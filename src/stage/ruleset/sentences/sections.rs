//! Names, fading, complaints, referrals.

use super::{Sentence, SlotKind, counted};
use crate::stage::dimension::Dimension;
use crate::stage::ruleset::{DisputeRules, HalfLife, RuleSet, SerialRules};
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
            .words(counted(half_lives.of(dimension), " day", " days"))
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
    vec![
        say("A complaint waits for a remedy for ")
            .days("disputes.clock_days", rules.clock_days, ", or ")
            .days(
                "disputes.public_clock_days",
                rules.public_clock_days,
                " if it was made in public",
            ),
        say("A friend or advocate grants ").days(
            "disputes.second_chance_days",
            rules.second_chance_days,
            " on top",
        ),
        say("If none comes it costs ")
            .slot(
                "disputes.breach_weight",
                rules.breach_weight,
                SlotKind::Points,
                "points of trust",
            )
            .words(" trust and a stage; two stages if it happens twice within ")
            .days("disputes.double_within_days", rules.double_within_days, ""),
        say("A remedy accepted within ").days(
            "disputes.reconcile_within_days",
            rules.reconcile_within_days,
            " after that gives the stage back",
        ),
        recovery(rules),
        say("A remedy that nobody answers for ").days(
            "disputes.quiet_days",
            rules.quiet_days,
            " ends the complaint",
        ),
        say("A settled complaint can be taken up again for ").days(
            "disputes.reopen_within_days",
            rules.reopen_within_days,
            "",
        ),
        serial(&rules.serial),
    ]
}

fn recovery(rules: &DisputeRules) -> Sentence {
    let mut sentence = Sentence::default().words("An accepted remedy earns ");
    for (index, weight) in rules.recovery_weights.iter().enumerate() {
        if index > 0 {
            sentence = sentence.words(", then ");
        }
        let path = format!("disputes.recovery_weights[{index}]");
        sentence = sentence.slot(&path, *weight, SlotKind::Points, "points of trust");
    }
    sentence.words(" trust, counted over ").days(
        "disputes.recovery_within_days",
        rules.recovery_within_days,
        "",
    )
}

fn serial(rules: &SerialRules) -> Sentence {
    let path = |field: &str| format!("disputes.serial.{field}");
    Sentence::default()
        .words("A person should look at whoever makes more than ")
        .count(&path("more_than"), rules.more_than, "complaints")
        .words(counted(
            f64::from(rules.more_than),
            " complaint per ",
            " complaints per ",
        ))
        .count(&path("per_orders"), rules.per_orders, "orders")
        .words(counted(
            f64::from(rules.per_orders),
            " order, and at least ",
            " orders, and at least ",
        ))
        .count(&path("at_least"), rules.at_least, "complaints in all")
        .words(", within ")
        .days(
            &path("within_days"),
            rules.within_days,
            "; until then their complaints weigh ",
        )
        .slot(&path("factor"), rules.factor, SlotKind::Percent, "percent")
        .words(" %")
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
            .words(counted(
                f64::from(rules.hops),
                " generation; each further one gets ",
                " generations; each further one gets ",
            ))
            .slot(
                "referrals.hop_factor",
                rules.hop_factor,
                SlotKind::Percent,
                "percent",
            )
            .words(" % of the one before"),
        say("It is taken back if the newcomer's first order is refunded within ").days(
            "referrals.claw_back_days",
            rules.claw_back_days,
            "",
        ),
        say("Nobody is credited for more than ")
            .slot(
                "referrals.per_day_max",
                f64::from(rules.per_day_max),
                SlotKind::Count,
                "people a day",
            )
            .words(counted(
                f64::from(rules.per_day_max),
                " person a day",
                " people a day",
            )),
    ]
}

pub(super) fn contact(set: &RuleSet) -> Vec<Sentence> {
    let rules = &set.contact;
    let say = |words: &str| Sentence::default().words(words);
    let mut caps =
        say("Within ").days("contact.per_days", rules.per_days, " people are written to");
    let counts = [
        ("stranger", rules.at_most.stranger),
        ("acquaintance", rules.at_most.acquaintance),
        ("friend", rules.at_most.friend),
        ("advocate", rules.at_most.advocate),
    ];
    for ((field, count), stage) in counts.into_iter().zip(Stage::ALL) {
        let lead = if stage == Stage::Stranger {
            " at most "
        } else {
            ", "
        };
        caps = caps
            .words(lead)
            .slot(
                &format!("contact.at_most.{field}"),
                f64::from(count),
                SlotKind::Count,
                "times",
            )
            .words(&format!(
                " {} at stage {}",
                counted(f64::from(count), "time", "times"),
                stage.rank()
            ));
    }
    let (after, factor) = (f64::from(rules.unanswered.after), rules.unanswered.factor);
    vec![
        caps,
        say("If the last ")
            .slot(
                "contact.unanswered.after",
                after,
                SlotKind::Count,
                "contacts",
            )
            .words(" drew no answer, ")
            .slot(
                "contact.unanswered.factor",
                factor,
                SlotKind::Percent,
                "percent",
            )
            .words(" % of that is left"),
        say("Whoever is close should hear from you after ").days(
            "contact.keep_in_touch.after_days",
            rules.keep_in_touch.after_days,
            " of silence",
        ),
    ]
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
