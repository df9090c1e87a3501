//! Online Retail: 20,028 orders and cancellations of 4,339 customers who bought, 2010-12-01 to
//! 2011-12-09.

use befriend::stage::Rules;
use befriend::stage::simulate::{Money, Question};

use super::history::{
    History, end_of, path, rules_with_half_life, shares_who_went_on, two_threads,
    without_hysteresis,
};

const FILE: &str = "online_retail.csv.gz";

#[test]
#[ignore = "reads half a million lines, which takes a debug build a minute of one core"]
fn a_year_of_wholesale_under_three_sets_of_rules() {
    let Some(file) = path(FILE) else { return };
    let history = History::read(&file);
    let rules = Rules::default_rules();
    let question = Question::about(end_of(2011, 12, 9), 162);
    assert_eq!(question.reference, end_of(2011, 6, 30));

    // 140 days: five times the median gap of 28.
    let learnt = history.preview(
        (&rules, &rules_with_half_life(140.0)),
        question,
        two_threads(),
    );
    let nervous = history.preview(
        (&rules, &without_hysteresis(&rules)),
        question,
        two_threads(),
    );

    assert_eq!((learnt.people, learnt.events), (4_339, 20_028));
    assert_eq!(
        learnt.matrix,
        [
            [353, 0, 0, 0],
            [200, 2_223, 0, 0],
            [0, 139, 1_424, 0],
            [0; 4]
        ]
    );
    let friends = &learnt.present.earned[2];
    assert_eq!(
        (friends.people, friends.bought_again, friends.orders),
        (787, 720, 4_368)
    );
    let acquaintances = &learnt.present.earned[1];
    assert_eq!(
        (
            friends.revenue,
            acquaintances.people,
            acquaintances.bought_again,
            acquaintances.orders,
            acquaintances.revenue,
        ),
        (
            Money::of(2_620_482.76),
            2_170,
            1_264,
            2_828,
            Money::of(1_107_468.19)
        )
    );
    assert_eq!(learnt.present.invitations["vip"], 1_401);
    let moves = |preview: &befriend::stage::simulate::Preview| {
        (preview.draft.transitions, preview.draft.flip_flops)
    };
    assert_eq!(
        (learnt.present.transitions, learnt.present.flip_flops),
        (6_505, 60)
    );
    assert_eq!(moves(&learnt), (6_820, 95));
    assert_eq!(moves(&nervous), (13_915, 5_395));
    assert_eq!(learnt.currency.as_deref(), Some("GBP"));
    assert_eq!(
        shares_who_went_on(&history),
        ["0.643", "0.687", "0.739", "0.726"]
    );
}
