//! What changes in a recorded timeline when a profile is folded anew.
//!
//! Moves are never overwritten: each row keeps when it took effect and when it was recorded, and a
//! row that no longer holds is marked as superseded. This module says which rows those are, and
//! what to tell others. It never stores or sends anything.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::transition::{Cause, LayerTransition, Transition};

/// An act that arrives within this time of happening is on time. Offline devices and nightly
/// imports are; what comes later corrects what was believed in the meantime.
pub const ON_TIME: TimeDelta = TimeDelta::hours(24);

/// Something that is recorded for good: a move between stages, or in and out of a layer.
pub trait Recorded {
    /// Whether both are the same move for the same reason.
    fn is_same_move(&self, other: &Self) -> bool;
    /// When it took effect.
    fn effective_at(&self) -> DateTime<Utc>;
    /// What set it off.
    fn cause(&self) -> &Cause;
}

impl Recorded for Transition {
    fn is_same_move(&self, other: &Self) -> bool {
        Self::is_same_move(self, other)
    }

    fn effective_at(&self) -> DateTime<Utc> {
        self.effective_at
    }

    fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl Recorded for LayerTransition {
    fn is_same_move(&self, other: &Self) -> bool {
        Self::is_same_move(self, other)
    }

    fn effective_at(&self) -> DateTime<Utc> {
        self.effective_at
    }

    fn cause(&self) -> &Cause {
        &self.cause
    }
}

/// The difference between a recorded timeline and the one just folded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Corrections {
    /// Positions, in the recorded timeline, of the rows that no longer hold.
    pub superseded: Vec<usize>,
    /// Positions, in the folded timeline, of the moves to record.
    pub added: Vec<usize>,
    /// What to tell others.
    pub notice: Notice,
}

/// What others are told about a change of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Nothing changed.
    #[default]
    Nothing,
    /// `stage.changed`: each added move is news, later than all that was recorded.
    Changed,
    /// `stage.corrected`, once: what was believed was wrong.
    Corrected,
}

/// Compares the rows in force (none of them superseded) with a newly folded timeline. Both are in
/// the order in which the moves took effect.
///
/// `arrived_at` is when the newest act behind the fold was received; for time alone, when the time
/// is up to. It tells a late act from a late look: a move found days after its date because the
/// sweeper stood still was not believed otherwise.
pub fn correct<M: Recorded>(
    recorded: &[M],
    folded: &[M],
    arrived_at: DateTime<Utc>,
) -> Corrections {
    let mut superseded = Vec::new();
    let mut added = Vec::new();
    let mut next = 0;
    for (row, old) in recorded.iter().enumerate() {
        match folded[next..].iter().position(|new| new.is_same_move(old)) {
            Some(ahead) => {
                added.extend(next..next + ahead);
                next += ahead + 1;
            }
            None => superseded.push(row),
        }
    }
    let inserted = !added.is_empty();
    added.extend(next..folded.len());
    let came_late = |position: &usize| {
        let step = &folded[*position];
        matches!(step.cause(), Cause::Act { .. } | Cause::Known)
            && arrived_at - step.effective_at() > ON_TIME
    };
    let notice = if superseded.is_empty() && added.is_empty() {
        Notice::Nothing
    } else if !superseded.is_empty() || inserted || added.iter().any(came_late) {
        Notice::Corrected
    } else {
        Notice::Changed
    };
    Corrections {
        superseded,
        added,
        notice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::dimension::Scores;
    use crate::stage::tier::Stage;
    use crate::stage::transition::MoveKind;

    fn on(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn step(day: i64, from: Stage, to: Stage) -> Transition {
        Transition {
            from,
            to,
            effective_at: on(day),
            rule: String::from("P"),
            kind: MoveKind::Promotion,
            cause: Cause::Act {
                source: String::from("shop"),
                message_id: format!("m{day}"),
                event: String::from("Order Completed"),
            },
            figures: Vec::new(),
            scores: Scores::default(),
            added: Scores::default(),
            cycle: 1,
        }
    }

    fn met(day: i64) -> Transition {
        step(day, Stage::Stranger, Stage::Acquaintance)
    }

    fn befriended(day: i64) -> Transition {
        step(day, Stage::Acquaintance, Stage::Friend)
    }

    fn cooled(day: i64) -> Transition {
        let cause = Cause::Date {
            day: on(day).date_naive(),
        };
        Transition {
            cause,
            ..step(day, Stage::Friend, Stage::Acquaintance)
        }
    }

    #[test]
    fn a_timeline_folded_again_changes_nothing() {
        let timeline = [met(0), befriended(61)];

        assert_eq!(
            correct(&timeline, &timeline, on(90)),
            Corrections::default()
        );
    }

    #[test]
    fn a_move_that_follows_on_time_is_a_change() {
        let found = correct(&[met(0)], &[met(0), befriended(61)], on(61));

        assert_eq!((found.superseded, found.added), (vec![], vec![1]));
        assert_eq!(found.notice, Notice::Changed);
    }

    #[test]
    fn an_order_that_arrives_five_days_late_corrects() {
        let found = correct(&[met(0)], &[met(0), befriended(61)], on(66));

        assert_eq!(found.added, [1]);
        assert_eq!(found.notice, Notice::Corrected);
    }

    #[test]
    fn a_day_is_on_time_and_a_moment_more_is_not() {
        let notice = |late: TimeDelta| {
            let folded = [met(0), befriended(61)];
            correct(&[met(0)], &folded, on(61) + late).notice
        };

        assert_eq!(notice(TimeDelta::hours(24)), Notice::Changed);
        let more = TimeDelta::hours(24) + TimeDelta::nanoseconds(1);
        assert_eq!(notice(more), Notice::Corrected);
    }

    #[test]
    fn a_move_found_before_one_that_is_recorded_corrects() {
        let recorded = [met(10), cooled(348)];
        let folded = [met(10), befriended(61), cooled(348), met(400)];

        let found = correct(&recorded, &folded, on(61));

        assert_eq!((found.superseded, found.added), (vec![], vec![1, 3]));
        assert_eq!(found.notice, Notice::Corrected);
    }

    #[test]
    fn a_sweeper_that_stood_still_for_a_week_corrects_nothing() {
        let recorded = [met(0), befriended(61)];
        let folded = [met(0), befriended(61), cooled(348)];

        assert_eq!(correct(&recorded, &folded, on(355)).notice, Notice::Changed);
    }

    #[test]
    fn a_move_that_vanishes_or_shifts_is_superseded() {
        let recorded = [met(0), befriended(61), cooled(348)];
        let folded = [met(0), befriended(61), cooled(400)];

        let found = correct(&recorded, &folded, on(350));
        assert_eq!((found.superseded, found.added), (vec![2], vec![2]));
        assert_eq!(found.notice, Notice::Corrected);

        let gone = correct(&recorded, &folded[..1], on(350));
        assert_eq!((gone.superseded, gone.added), (vec![1, 2], vec![]));
        assert_eq!(gone.notice, Notice::Corrected);
    }

    #[test]
    fn other_figures_for_the_same_move_leave_the_record_as_it_was() {
        let mut again = befriended(61);
        again.scores.investment = 30.0;

        assert_eq!(
            correct(&[befriended(61)], &[again], on(70)).notice,
            Notice::Nothing
        );
    }
}
