//! Broken documents, and what is said of each: the line, the fault, the mend.

use super::*;
use crate::stage::ruleset::Preset;

/// The default document with one passage replaced, and the line it starts on.
fn broken(passage: &str, by: &str) -> (String, u32) {
    let text = Preset::Default.yaml();
    let at = text
        .find(passage)
        .unwrap_or_else(|| panic!("no {passage} in the default document"));
    let line = u32::try_from(text[..at].matches('\n').count()).unwrap() + 1;
    (text.replacen(passage, by, 1), line)
}

fn findings(text: &str) -> Vec<Finding> {
    lint(text, &Vocabulary::standard()).findings
}

#[test]
fn every_preset_is_clean() {
    for preset in Preset::ALL {
        let lint = lint(preset.yaml(), &Vocabulary::standard());

        assert_eq!(lint.findings, [], "{}", preset.slug());
        assert_eq!(lint.set, Some(preset.set()));
    }
}

/// What stands there, what is written instead, lines further down, fault, mend.
type Case = (&'static str, &'static str, u32, &'static str, &'static str);

const FAULTS: &[Case] = &[
    (
        "half_life_days:\n",
        "half_live_days:\n",
        0,
        "there is no field `half_live_days` here",
        "did you mean `half_life_days`?",
    ),
    (
        "  trust: 365\n",
        "  trust: a year\n",
        0,
        "the text \"a year\" where a number is wanted",
        "give a number",
    ),
    (
        "  trust: 365\n",
        "  trust: 0\n",
        0,
        "0 is not a usable half-life",
        "give 1 to 3650 days",
    ),
    (
        "  advocacy: 180\n",
        "",
        0,
        "`advocacy` is missing",
        "add `advocacy`",
    ),
    (
        "event: Signed Up, add: { familiarity: 6 }",
        "event: Signed Up, add: { familiarty: 6 }",
        0,
        "there is no field `familiarty` here",
        "did you mean `familiarity`?",
    ),
    (
        "event: Signed Up,",
        "event: 404,",
        0,
        "the number 404 where text is wanted",
        "put it in quotes",
    ),
    (
        "event: Consent Given,",
        "event: Signed Up,",
        0,
        "\"Signed Up\" is already named by signals[0]",
        "name each event once",
    ),
    (
        "aliases: [Session Started]",
        "aliases: Session Started",
        0,
        "the text \"Session Started\" where a list is wanted",
        "write it as a list",
    ),
    (
        "    role: order\n",
        "    role: odrer\n",
        0,
        "`odrer` is not known here",
        "did you mean `order`?",
    ),
    (
        "    qualifying: true\n",
        "    qualifying: yes\n",
        0,
        "the text \"yes\" where true or false is wanted",
        "give true or false",
    ),
    (
        "- when: [{ property: $discount_share, at_least: 0.2 }]",
        "- when: [{ property: $discount_share }]",
        0,
        "it compares with nothing",
        "give exactly one of at_least",
    ),
    (
        "- when: [{ property: $discount_share, at_least: 0.2 }]",
        "- when: [{ property: $margin, at_least: 0.2 }]",
        0,
        "\"$margin\" is not a computed property",
        "the computed property is $discount_share",
    ),
    (
        "cap: { familiarity: 6 }",
        "cap: { familiarity: 0 }",
        0,
        "a cap of nothing hides the event",
        "give a cap above 0",
    ),
    (
        "    from: stranger\n",
        "    from: strager\n",
        0,
        "`strager` is not known here",
        "did you mean `stranger`?",
    ),
    (
        "        - known\n",
        "        - knwon\n",
        0,
        "`knwon` is not known here",
        "did you mean `known`?",
    ),
    (
        "        - known\n",
        "        - known: true\n",
        0,
        "`known` takes nothing after it",
        "write it by itself: known",
    ),
    (
        "        - known\n",
        "        - score\n",
        0,
        "`score` needs more than its name",
        "write what it asks for after it",
    ),
    (
        "- score: { of: [investment], at_least: 24 }",
        "- score: { of: [investment], at_least: 24, below: 90 }",
        0,
        "it compares 2 times: at_least, below",
        "give exactly one of at_least, above, below",
    ),
    (
        "- score: { of: [investment], at_least: 24 }",
        "- score: { of: [], at_least: 24 }",
        0,
        "no score is named",
        "name at least one dimension",
    ),
    (
        "- score: { of: [investment], at_least: 24 }",
        "- score: { of: [investment], at_least: 10 }",
        58,
        "D2 leaves at 10, P2 enters at 10",
        "leave at a lower figure",
    ),
    (
        "  - id: P2\n",
        "  - id: P1\n",
        0,
        "the id \"P1\" is taken",
        "give each rule its own id",
    ),
    (
        "  clock_days: 14\n",
        "  clock_days: 1.5\n",
        0,
        "the number 1.5 where a whole number is wanted",
        "give a whole number",
    ),
];

#[test]
fn every_fault_names_its_line_and_its_mend() {
    for (passage, by, further, problem, mend) in FAULTS {
        let (text, line) = broken(passage, by);

        let findings = findings(&text);

        let found = findings.iter().find(|one| one.problem.contains(problem));
        let found = found.unwrap_or_else(|| panic!("{by}: {findings:?}"));
        assert_eq!(found.level, Level::Fault, "{by}");
        assert!(found.mend.contains(mend), "{by}: {found:?}");
        assert!(found.column >= 1, "{by}: {found:?}");
        // A missing field is told at what should hold it; a gap at the rule that leaves.
        if *further == 0 && !problem.contains("missing") {
            assert_eq!(found.line, line, "{by}: {found:?}");
        } else if *further > 0 {
            assert!(found.line > line, "{by}: {found:?}");
        }
        assert!(RuleSet::from_yaml(&text).is_err(), "{by} was read");
    }
}

#[test]
fn columns_are_those_of_the_word() {
    let (text, line) = broken("event: Signed Up, add", "event: Signed Up, ad");

    let findings = findings(&text);

    let place = (
        findings[0].line,
        findings[0].column,
        findings[0].path.as_str(),
    );
    assert_eq!(place, (line, 25, "signals[0].ad"), "{findings:?}");
}

#[test]
fn all_faults_are_told_at_once_and_in_order() {
    let mut text = Preset::Default.yaml().to_owned();
    for (passage, by) in [
        ("  trust: 365\n", "  trust: soon\n"),
        ("event: Consent Given,", "event: Signed Up,"),
        ("    role: order\n", "    rol: order\n"),
        ("        - known\n", "        - knwon\n"),
        ("  - id: P3\n", "  - id: P2\n"),
        ("  clock_days: 14\n", "  clock_days: 0\n"),
    ] {
        assert!(text.contains(passage), "{passage}");
        text = text.replacen(passage, by, 1);
    }

    let lint = lint(&text, &Vocabulary::standard());

    let problems: Vec<&str> = lint.faults().map(|one| one.problem.as_str()).collect();
    for problem in [
        "\"soon\"",
        "\"Signed Up\" is already named",
        "no field `rol`",
        "`knwon` is not known",
        "the id \"P2\" is taken",
        "0 days cannot be used here",
    ] {
        assert!(
            problems.iter().any(|one| one.contains(problem)),
            "{problem}: {problems:?}"
        );
    }
    let lines: Vec<u32> = lint.findings.iter().map(|one| one.line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
    assert_eq!(lint.warnings().count(), 0);
    assert_eq!(lint.set, None);
}

#[test]
fn what_is_no_yaml_is_told_where_it_breaks() {
    for text in [
        "",
        "name: [",
        "- a\nb: c",
        "name: A\nname: B",
        "\t- x",
        "just words",
    ] {
        let lint = lint(text, &Vocabulary::standard());

        assert!(lint.faults().count() > 0, "{text:?}");
        assert!(lint.findings.iter().all(|one| one.line >= 1), "{lint:?}");
    }
}

/// What stands there, what is written instead, the warning.
const WARNINGS: &[(&str, &str, &str)] = &[
    (
        "event: Signed Up,",
        "event: Signed UP,",
        "\"Signed UP\" is no name of the standard vocabulary",
    ),
    (
        "    aliases: [Completed Order]\n",
        "    aliases: [Completed Order]\n    trust: any\n",
        "\"Order Completed\" never counts from a page",
    ),
    (
        "event: Signed Up,",
        "event: Signed Up, aliases: [Joined, Consent Withdrawn], trust: any,",
        "\"Consent Withdrawn\" never counts from a page",
    ),
    (
        "add: { familiarity: 6 }, cap: { familiarity: 6 }",
        "add: { familiarity: 6 }, cap: { familiarity: 5 }",
        "the cap of 5 hides part of the weight of 6",
    ),
    (
        "        - days_in_stage: { at_least: 14 }",
        "        - days_in_stage: { at_least: 300 }",
        "and does nothing more cools after 257 days, before the 300 days",
    ),
    (
        "            at_least: 3\n            within_days: 365",
        "            at_least: 3\n            within_days: 5",
        "6 different days do not fit into 5",
    ),
    (
        "            - advocacy_kinds: { at_least: 2 }",
        "            - advocacy_kinds: { at_least: 40 }",
        "kinds of advocacy act in all",
    ),
    (
        "            - converted_referrals: { at_least: 1 }",
        "            - converted_referrals: { at_least: 0 }",
        "it always holds: everybody has at least 0",
    ),
    (
        "        - score: { of: [trust], above: -2 }",
        "        - score: { of: [investment], below: 20 }",
        "investment cannot be below 20 and 24 or more",
    ),
    (
        "        - score_below_for: { of: [investment], below: 10, days: 30 }",
        "        - score_below_for: { of: [familiarity], below: 2, days: 30 }",
        "they could be back the next day",
    ),
    (
        "        - score: { of: [trust], below: 0 }",
        "        - score: { of: [trust], below: 5 }",
        "people would flicker between the two",
    ),
    (
        "  - id: P3\n    from: friend\n    to: advocate",
        "  - id: P3\n    from: advocate\n    to: friend",
        "nobody can ever become Advocate: no rule leads there",
    ),
];

#[test]
fn what_is_probably_not_meant_is_doubted() {
    for (passage, by, problem) in WARNINGS {
        let (text, _) = broken(passage, by);

        let lint = lint(&text, &Vocabulary::standard());

        assert_eq!(lint.faults().count(), 0, "{by}: {:?}", lint.findings);
        let found = lint.warnings().find(|one| one.problem.contains(problem));
        let found = found.unwrap_or_else(|| panic!("{by}: {:?}", lint.findings));
        assert!(found.line > 1 && !found.mend.is_empty(), "{found:?}");
        assert!(lint.set.is_some(), "a doubt is no fault");
    }
}

#[test]
fn a_set_that_lacks_a_part_is_doubted() {
    let said = |change: &dyn Fn(&mut RuleSet)| -> Vec<String> {
        let mut set = RuleSet::default_set();
        set.layers.clear();
        change(&mut set);
        assert_eq!(set.validate(), []);
        let found = doubts(&set, &Vocabulary::standard());
        found.into_iter().map(|one| one.problem).collect()
    };
    let has = |list: &[String], what: &str| list.iter().any(|one| one.contains(what));

    let kept = said(&|set| set.rules.retain(|rule| rule.id != "D2"));
    assert!(has(&kept, "nobody ever cools from Friend"), "{kept:?}");
    let unread = said(&|set| {
        for rule in &mut set.rules {
            if ["P3", "D1"].contains(&rule.id.as_str()) {
                rule.when = super::super::Condition::DetractorAnswer;
            }
        }
    });
    assert!(
        has(&unread, "no rule can feel \"Mention Posted\""),
        "{unread:?}"
    );
    let silent = said(&|set| set.signals.retain(|signal| signal.role.is_none()));
    assert!(
        has(&silent, "no signal has the role dispute_opened"),
        "{silent:?}"
    );
    assert!(
        has(&silent, "no signal has the role relationship_ended"),
        "{silent:?}"
    );
}

#[test]
fn a_brand_s_own_history_says_which_events_come() {
    let text = Preset::Default.yaml();
    let seen = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        lint(text, &Vocabulary::seen(names)).findings.len()
    };
    let signals = RuleSet::default_set().signals.len();

    assert_eq!(seen(&[]), 0, "a brand that just began is not doubted");
    assert_eq!(seen(&["Completed Order"]), signals - 1, "by its alias");
}
