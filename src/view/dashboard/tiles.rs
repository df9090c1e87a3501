//! One stage in one tile: how many, how that changed, and the shape of its course.

use crate::view::StageTag;
use crate::view::chart::spark::{Spark, spark};
use crate::view::format;

/// How many weeks back the change is counted from.
pub(super) const CHANGE_WEEKS: usize = 4;

/// A tile of the overview.
#[derive(Debug, Clone, PartialEq)]
pub struct StageTile {
    /// The stage.
    pub stage: StageTag,
    /// People at the stage now.
    pub people: u64,
    /// The change over four weeks; none where there is less history.
    pub change: Option<i64>,
    /// The course so far; none for fewer than two weeks.
    pub spark: Option<Spark>,
}

impl StageTile {
    /// A tile from the people at the stage at the end of each week, oldest first.
    pub fn new(stage: StageTag, course: &[u64]) -> Self {
        let people = course.last().copied().unwrap_or(0);
        let before = course
            .len()
            .checked_sub(CHANGE_WEEKS + 1)
            .and_then(|index| course.get(index));
        Self {
            stage,
            people,
            change: before.map(|&before| difference(people, before)),
            spark: spark(course),
        }
    }

    pub(super) fn people_text(&self) -> String {
        format::count(self.people)
    }

    pub(super) fn change_text(&self) -> Option<String> {
        self.change.map(format::signed)
    }
}

/// `now - before`, held at the limits of what fits.
fn difference(now: u64, before: u64) -> i64 {
    let gap = i64::try_from(now.abs_diff(before)).unwrap_or(i64::MAX);
    if now >= before { gap } else { -gap }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_counted_over_four_weeks() {
        let tile = StageTile::new(StageTag::Friend, &[3, 9, 8, 7, 6, 5]);

        assert_eq!(tile.people, 5);
        assert_eq!(tile.change_text().unwrap(), "−4");
    }

    #[test]
    fn change_is_left_out_where_history_is_short() {
        let tile = StageTile::new(StageTag::Friend, &[9, 8, 7, 6]);

        assert_eq!(tile.change, None);
        assert_eq!(StageTile::new(StageTag::Friend, &[]).people, 0);
    }
}
