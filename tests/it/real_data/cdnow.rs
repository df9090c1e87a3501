//! CDNOW: 69,659 purchases of 23,570 customers, 1997-01-01 to 1998-06-30. The figures that an
//! independent evaluator found stand beside ours wherever the two differ; `docs/data.md` says why.

use std::sync::LazyLock;

use befriend::stage::simulate::{Earned, Preview, Question, count_flip_flops, stage_at};
use befriend::stage::{MoveKind, Outcome, Rules, Stage, Transition};
use chrono::{DateTime, Utc};

use super::history::{
    History, end_of, of_5_000, path, rules_with_half_life, shares_who_went_on, two_threads,
    without_hysteresis,
};

const FILE: &str = "cdnow_master.txt.gz";

fn history() -> Option<&'static History> {
    static HISTORY: LazyLock<Option<History>> =
        LazyLock::new(|| path(FILE).map(|path| History::read(&path)));
    HISTORY.as_ref()
}

/// Investment halves in five times the median gap between orders, 34 days.
fn rules() -> Rules {
    rules_with_half_life(170.0)
}

/// The end of the file.
fn end() -> DateTime<Utc> {
    end_of(1998, 6, 30)
}

/// As percentages and amounts are written in the reference table.
fn row(earned: &Earned, share: f64) -> (u64, String, String, String) {
    (
        earned.people,
        format!("{:.1} %", 100.0 * earned.again_share()),
        format!("{:.2}", earned.revenue_per_head()),
        format!("{:.1} %", 100.0 * share),
    )
}

fn rows(preview: &Preview) -> [(u64, String, String, String); 3] {
    [Stage::Friend, Stage::Acquaintance, Stage::Stranger].map(|stage| {
        let earned = &preview.present.earned[usize::from(stage.rank())];
        row(earned, preview.present.revenue_share(stage))
    })
}

fn text(people: u64, again: &str, per_head: &str, share: &str) -> (u64, String, String, String) {
    (
        people,
        again.to_owned(),
        per_head.to_owned(),
        share.to_owned(),
    )
}

#[test]
fn each_stage_went_on_to_earn_what_the_reference_found() {
    let Some(history) = history() else { return };
    let question = Question::about(end(), 273);
    assert_eq!(question.reference, end_of(1997, 9, 30));

    let preview = history.preview((&rules(), &Rules::default_rules()), question, two_threads());

    assert_eq!((preview.people, preview.events), (23_570, 69_659));
    assert_eq!(
        rows(&preview),
        [
            text(3_941, "67.1 %", "115.47", "58.6 %"),
            text(17_169, "23.8 %", "17.38", "38.4 %"),
            text(2_460, "13.4 %", "9.58", "3.0 %"),
        ]
    );
    let orders = [2, 1, 0].map(|stage| preview.present.earned[stage].orders);
    assert_eq!(orders, [11_506, 8_486, 581], "lines of the file");
    assert_eq!(
        [Stage::Friend, Stage::Acquaintance, Stage::Stranger].map(|stage| preview.before(stage)),
        [4_003, 5_349, 14_218],
        "at the end of the file"
    );
    // What moving from 170 days to the default 180 would change: nobody cools.
    assert_eq!(
        preview.matrix,
        [
            [13_878, 340, 0, 0],
            [0, 5_129, 220, 0],
            [0, 0, 4_003, 0],
            [0; 4]
        ]
    );
    assert_eq!(preview.samples.len(), 20);
    // Nobody in the file can accept, so an invitation runs out and comes again.
    assert_eq!(preview.present.invitations["vip"], 5_696);
    assert_eq!(preview.currency.as_deref(), Some("USD"));
}

/// The reference counted days on which a customer bought; the file has several lines for some.
#[test]
fn orders_per_head_are_the_references_when_days_are_counted() {
    let Some(history) = history() else { return };
    let (rules, reference) = (rules(), end_of(1997, 9, 30));

    let each = history.for_all(two_threads(), |person| {
        let outcome = person.fold(&rules, end());
        let days = person.order_days();
        let later = days.iter().filter(|day| **day > reference.date_naive());
        (
            stage_at(&outcome.transitions, reference).rank(),
            later.count(),
        )
    });

    let days = |stage: u8| -> usize {
        let of_stage = each.iter().filter(|(rank, _)| *rank == stage);
        of_stage.map(|(_, days)| days).sum()
    };
    // 2.759, 0.480 and 0.230 per head.
    assert_eq!([days(2), days(1), days(0)], [10_872, 8_245, 567]);
    assert_eq!(
        days(2) + days(1) + days(0),
        19_684,
        "the published number of later purchase days"
    );
}

fn count(outcomes: &[Outcome], is_meant: impl Fn(&Transition) -> bool) -> usize {
    let moves = outcomes.iter().flat_map(|outcome| &outcome.transitions);
    moves.filter(|step| is_meant(step)).count()
}

fn moves_and_flip_flops(outcomes: &[Outcome]) -> (usize, u64) {
    (
        count(outcomes, |_| true),
        outcomes
            .iter()
            .map(|outcome| count_flip_flops(&outcome.transitions))
            .sum(),
    )
}

#[test]
fn hysteresis_halves_the_moves_and_ends_the_flicker() {
    let Some(history) = history() else { return };
    let (with, without) = (rules(), without_hysteresis(&rules()));

    let fold = |rules: &Rules| history.for_all(two_threads(), |person| person.fold(rules, end()));
    let (calm, nervous) = (fold(&with), fold(&without));

    let is_promotion = |step: &Transition| step.to == Stage::Friend && step.is_up();
    let is_decay = |step: &Transition| step.from == Stage::Friend && step.kind == MoveKind::Decay;
    assert_eq!(count(&calm, is_promotion), 5_280);
    assert_eq!(count(&calm, is_decay), 1_277);
    assert_eq!(moves_and_flip_flops(&calm), (47_943, 408));
    assert_eq!(moves_and_flip_flops(&nervous), (76_740, 26_500));
    let is_invited = |outcome: &&Outcome| !outcome.layer_moves.is_empty();
    let invited = calm.iter().filter(is_invited).count();
    // The reference drew 5,000 at random: 10,213 and 89 with, 16,386 and 5,617 without.
    let (calm, nervous) = (of_5_000(history, &calm), of_5_000(history, &nervous));
    let of_some = (moves_and_flip_flops(&calm), moves_and_flip_flops(&nervous));
    assert_eq!(of_some, ((10_199, 88), (16_234, 5_607)));
    // 3,180 there: days with an order were counted, and a window of one day more.
    assert_eq!(invited, 3_290, "people invited into the VIP layer");
}

#[test]
fn the_chance_of_a_further_order_flattens_after_the_third() {
    let Some(history) = history() else { return };

    assert_eq!(
        shares_who_went_on(history),
        ["0.489", "0.649", "0.705", "0.728"]
    );
}
