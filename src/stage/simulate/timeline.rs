//! What can be read off a timeline of moves.

use chrono::{DateTime, Utc};

use crate::stage::day::Day;
use crate::stage::tier::Stage;
use crate::stage::transition::Transition;

/// A move and its reverse within this many whole UTC days are a flip-flop.
const FLIP_FLOP_DAYS: i32 = 30;

/// The stage at `at`, by a timeline in order. A move at that very instant has been made.
pub fn stage_at(transitions: &[Transition], at: DateTime<Utc>) -> Stage {
    transitions
        .iter()
        .take_while(|step| step.effective_at <= at)
        .last()
        .map_or(Stage::Stranger, |step| step.to)
}

/// How many moves of a timeline in order are followed, as the very next one and within 30 days, by
/// their reverse.
pub fn count_flip_flops(transitions: &[Transition]) -> u64 {
    let pairs = transitions.iter().zip(transitions.iter().skip(1));
    let reversed = pairs.filter(|(step, next)| {
        (step.from, step.to) == (next.to, next.from)
            && Day::of(next.effective_at).since(Day::of(step.effective_at)) <= FLIP_FLOP_DAYS
    });
    u64::try_from(reversed.count()).unwrap_or(u64::MAX)
}

/// Whole days spent in each stage from `began` until `at`.
pub(super) fn days_in_stages(
    transitions: &[Transition],
    began: DateTime<Utc>,
    at: DateTime<Utc>,
) -> [u64; 4] {
    let mut days = [0; 4];
    let mut stage = Stage::Stranger;
    let mut since = Day::of(began);
    let mut spend = |stage: Stage, until: Day, since: Day| {
        days[stage.index()] += u64::try_from(until.since(since)).unwrap_or(0);
    };
    for step in transitions.iter().filter(|step| step.effective_at <= at) {
        let day = Day::of(step.effective_at).max(since);
        spend(stage, day, since);
        (stage, since) = (step.to, day);
    }
    spend(stage, Day::of(at), since);
    days
}
