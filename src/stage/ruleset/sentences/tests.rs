use super::*;
use crate::stage::ruleset::Preset;

fn default_words() -> Sentences {
    Sentences::of(&RuleSet::default_set())
}

#[test]
fn rules_read_as_sentences() {
    let words = default_words();
    let friend = words.rules.iter().find(|rule| rule.id == "P2").unwrap();
    let lines: Vec<String> = friend
        .lines
        .iter()
        .map(|line| line.sentence.text())
        .collect();

    assert_eq!(
        friend.lead,
        "Acquaintance warms to Friend when all of these hold:"
    );
    assert_eq!(
        lines,
        [
            "investment is at least 24 points",
            "orders or the like on 3 different days within 365 days; on 6 if 80 % or more of them \
             took a discount",
            "trust is above -2 points",
            "no complaint is open",
        ]
    );
    assert!(words.rules.iter().take(3).all(RuleSentence::warms));
    let advocate = words.rules.iter().find(|rule| rule.id == "P3").unwrap();
    assert_eq!(advocate.lines.iter().map(|line| line.depth).max(), Some(1));
}

#[test]
fn signals_and_sections_read_as_sentences() {
    let words = default_words();
    let order = words
        .signals
        .iter()
        .find(|signal| signal.part == "an order")
        .unwrap();
    let order: Vec<String> = order.sentences.iter().map(Sentence::text).collect();

    assert_eq!(
        order,
        [
            "with a discount of 20 % or more: 6 investment, and counts as bought at a discount",
            "otherwise: 10 investment",
            "at most 10 investment a day",
        ]
    );
    assert_eq!(words.fading[0].text(), "Familiarity halves every 60 days");
    assert!(words.disputes[0].text().contains("for 14 days, or 3 days"));
}

#[test]
fn every_slot_is_found_and_typing_what_it_says_changes_nothing() {
    for preset in Preset::ALL {
        let set = preset.set();
        let words = Sentences::of(&set);
        let slots: Vec<&Slot> = words.slots().collect();
        assert!(slots.len() > 80, "{}", preset.slug());

        for slot in &slots {
            assert!(!slot.label.is_empty(), "{}", slot.path);
            // A different text for the same value, so that it is read and written.
            let typed = match slot.kind {
                SlotKind::Name => format!(" {} ", slot.value),
                _ => format!(" {}", slot.value),
            };
            let changed = change(&set, [(slot.path.as_str(), typed.as_str())]);
            assert_eq!(changed, Ok(set.clone()), "{}", slot.path);
        }
    }
}

#[test]
fn a_figure_is_changed_where_it_stands() {
    let set = RuleSet::default_set();
    let path = "rules[1].when.all[1].qualifying_days.if_discounted.share";

    let changed = change(&set, [(path, "70"), ("half_life_days.trust", "400,5")]).unwrap();

    assert_eq!(changed.half_life_days.trust.to_string(), "400.5");
    let words = Sentences::of(&changed);
    let share = words.slots().find(|slot| slot.path == path).unwrap();
    assert_eq!(share.value, "70");
}

#[test]
fn what_cannot_be_used_is_told_at_its_place() {
    let set = RuleSet::default_set();
    let paths = |typed: &[(&str, &str)]| -> Vec<String> {
        let faults = change(&set, typed.iter().copied()).unwrap_err();
        faults.into_iter().map(|fault| fault.path).collect()
    };

    assert_eq!(
        paths(&[
            ("half_life_days.trust", "soon"),
            ("disputes.clock_days", "1.5"),
            ("rules[0].id", "P9"),
        ]),
        ["half_life_days.trust", "disputes.clock_days"]
    );
    assert_eq!(
        paths(&[("half_life_days.trust", "0")]),
        ["half_life_days.trust"]
    );
    assert_eq!(paths(&[("stages.friend", " ")]), ["stages.friend"]);
}

#[test]
fn what_changed_is_told_in_sentences_and_nothing_is_left_out() {
    let set = RuleSet::default_set();
    let mut changed = change(
        &set,
        [
            ("rules[1].when.all[0].score.at_least", "20"),
            ("stages.friend", "Regular"),
        ],
    )
    .unwrap();
    changed.signals[0].trust = Some(crate::stage::ruleset::Trust::Secret);

    let differences = differences(&set, &changed);

    let said: Vec<_> = differences
        .iter()
        .map(|one| (one.place.as_str(), one.was.as_deref(), one.is.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            (
                "Rule P2",
                Some("investment is at least 24 points"),
                Some("investment is at least 20 points")
            ),
            (
                "Names",
                Some("Stage 2 is called Friend"),
                Some("Stage 2 is called Regular")
            ),
            ("signals Signed Up › trust", None, Some("secret")),
        ]
    );
    assert_eq!(super::differences(&set, &set), []);
}
