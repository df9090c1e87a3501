//! Two who turn out to be one, and one who turns out to be two.
//!
//! A merged person is folded from the acts of both. When the merge is undone, each is folded from
//! their own acts again, and goes on from there.

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::history::{Happening, instant};
use super::properties::{DAYS, acts, either, end, history, reread, stored};
use crate::stage::{self, Outcome, Rules};

/// One of two people, by the ids of what they did.
fn told_of<'a>(who: &str, all: &[&'a Happening]) -> Vec<&'a Happening> {
    let mut own = all.to_vec();
    own.retain(|happening| happening.id.starts_with(who));
    own
}

fn fold(rules: &Rules, happenings: &[&Happening], until: DateTime<Utc>) -> Outcome {
    let past: Vec<_> = happenings
        .iter()
        .filter(|happening| happening.at <= until)
        .map(|happening| happening.act(rules))
        .collect();
    stage::fold(rules, &past, None, until)
}

/// What is known at `seen`, as it is stored, and all that came after it.
fn going_on(
    rules: &Rules,
    happenings: &[&Happening],
    seen: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Outcome {
    let before = fold(rules, happenings, seen);
    let mut later: Vec<_> = happenings
        .iter()
        .filter(|happening| happening.at > seen && happening.at <= until)
        .map(|happening| happening.act(rules))
        .collect();
    later.sort_by(|left, right| left.key().cmp(&right.key()));
    let after = stage::advance(rules, &reread(&before.state), &later, None, until)
        .expect("the acts come after what is known");
    let mut ledger = before.ledger;
    ledger.merge(&after.ledger);
    Outcome {
        transitions: [before.transitions, after.transitions].concat(),
        layer_moves: [before.layer_moves, after.layer_moves].concat(),
        ledger,
        state: after.state,
        standing: after.standing,
        review_at: after.review_at,
    }
}

/// Two histories, with ids that say whose they are, and both of them together in some order.
fn two() -> impl Strategy<Value = (Vec<Happening>, Vec<Happening>, Vec<Happening>)> {
    let of = |who: &'static str| {
        history().prop_map(move |mut happenings| {
            for happening in &mut happenings {
                happening.id.insert_str(0, who);
            }
            happenings
        })
    };
    (of("one-"), of("other-")).prop_flat_map(|(one, other)| {
        let both = [one.clone(), other.clone()].concat();
        (Just(one), Just(other), Just(both).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(super::histories(200))]

    #[test]
    fn merging_and_then_unmerging_gives_both_what_they_had(
        (one, other, both) in two(),
        merged_on in 0..DAYS,
        merged_for in 1..200_i32,
        rules in either(),
    ) {
        let merged_at = instant(merged_on, 0);
        let unmerged_at = instant(merged_on + merged_for, 0);
        let both: Vec<_> = both.iter().collect();

        // Merged, they go on as one who had done all of it, in whatever order it was told.
        let merged = going_on(rules, &both, merged_at, unmerged_at);
        let in_turn: Vec<_> = one.iter().chain(&other).collect();
        prop_assert_eq!(stored(&merged), stored(&fold(rules, &in_turn, unmerged_at)));

        // Apart again, each has what they would have had were they never merged, and goes on so.
        for (who, alone) in [("one-", &one), ("other-", &other)] {
            let own = told_of(who, &both);
            let never_merged = stage::fold(rules, &acts(rules, alone), None, end());

            let unmerged = going_on(rules, &own, unmerged_at, end());

            prop_assert_eq!(stored(&unmerged), stored(&never_merged));
        }
    }
}
