//! Figures by week, worked out backwards from the present: a week's end is the next one's less what
//! happened in between, so that only the weeks shown are read, however long the history.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};

use super::overview_store::{self, Moves, Newcomers};
use crate::kernel::id::BrandId;
use crate::postgres::{Error, PgConnection};

/// Days of a week.
const WEEK_DAYS: u64 = 7;

/// A week of a brand, Monday to Sunday, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub start: NaiveDate,
    /// Known people at each stage at its end (now, for the week under way), strangers first.
    pub people: [u64; 4],
    /// Moves to a deeper stage within it.
    pub warmed: u64,
    /// Moves back within it.
    pub cooled: u64,
    /// People who became known within it.
    pub newcomers: u64,
}

/// A brand's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Known people at each stage now, strangers first. Anonymous visitors are in none.
    pub people: [u64; 4],
    /// The weeks, oldest first without gaps, the last one under way. Weeks before the brand knew
    /// anybody are left out, so a new brand has one.
    pub weeks: Vec<Week>,
}

impl Overview {
    /// People at each stage at the end of the week that lies `weeks` before the present one; none if
    /// the brand is younger than that.
    pub fn people_before(&self, weeks: usize) -> Option<[u64; 4]> {
        let place = self.weeks.len().checked_sub(weeks + 1)?;
        self.weeks.get(place).map(|week| week.people)
    }
}

/// The figures of the last `weeks` weeks (at least 1), the present one included.
pub async fn overview(
    conn: &mut PgConnection,
    brand_id: BrandId,
    now: DateTime<Utc>,
    weeks: usize,
) -> Result<Overview, Error> {
    let starts = week_starts(now, weeks);
    let since = starts[0].and_time(NaiveTime::MIN).and_utc();
    let people = overview_store::count_people(conn, brand_id).await?;
    let moves = overview_store::count_moves(conn, brand_id, since).await?;
    let newcomers = overview_store::count_newcomers(conn, brand_id, since).await?;
    Ok(Overview {
        people,
        weeks: without_blank_start(series(&starts, people, &moves, &newcomers)),
    })
}

/// The Mondays of the last weeks, oldest first.
fn week_starts(now: DateTime<Utc>, weeks: usize) -> Vec<NaiveDate> {
    let today = now.date_naive();
    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    (0..u64::try_from(weeks.max(1)).unwrap_or(1))
        .rev()
        .map(|back| monday - Days::new(back * WEEK_DAYS))
        .collect()
}

fn series(
    starts: &[NaiveDate],
    people: [u64; 4],
    moves: &[Moves],
    newcomers: &[Newcomers],
) -> Vec<Week> {
    let mut weeks: Vec<Week> = starts
        .iter()
        .map(|start| Week {
            start: *start,
            people,
            warmed: 0,
            cooled: 0,
            newcomers: 0,
        })
        .collect();
    let mut deltas = vec![[0_i64; 4]; weeks.len()];
    // What is dated after the present week (clocks differ) belongs to it.
    let place_of = |start: NaiveDate| {
        starts
            .partition_point(|known| *known <= start)
            .checked_sub(1)
    };
    for row in moves {
        let Some(place) = place_of(row.week) else {
            continue;
        };
        let count = row.count;
        deltas[place][row.from_stage] -= count;
        deltas[place][row.to_stage] += count;
        let way = if row.to_stage > row.from_stage {
            &mut weeks[place].warmed
        } else {
            &mut weeks[place].cooled
        };
        *way += count.unsigned_abs();
    }
    for row in newcomers {
        if let Some(place) = place_of(row.week) {
            deltas[place][0] += row.people;
            weeks[place].newcomers += row.people.unsigned_abs();
        }
    }
    for place in (1..weeks.len()).rev() {
        let later = weeks[place].people;
        for (stage, count) in later.into_iter().enumerate() {
            weeks[place - 1].people[stage] =
                count.saturating_add_signed(deltas[place][stage].saturating_neg());
        }
    }
    weeks
}

fn without_blank_start(mut weeks: Vec<Week>) -> Vec<Week> {
    let is_blank = |week: &Week| week.people == [0; 4] && week.warmed + week.cooled == 0;
    let blank = weeks.iter().take_while(|week| is_blank(week)).count();
    weeks.drain(..blank.min(weeks.len().saturating_sub(1)));
    weeks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monday(week: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() + Days::new(week * WEEK_DAYS)
    }

    fn moves(week: u64, from_stage: usize, to_stage: usize, count: i64) -> Moves {
        Moves {
            week: monday(week),
            from_stage,
            to_stage,
            count,
        }
    }

    fn newcomers(week: u64, people: i64) -> Newcomers {
        Newcomers {
            week: monday(week),
            people,
        }
    }

    #[test]
    fn weeks_begin_on_monday_and_end_with_the_present_one() {
        let thursday = NaiveDate::from_ymd_opt(2026, 1, 22).unwrap();

        let starts = week_starts(thursday.and_time(NaiveTime::MIN).and_utc(), 3);

        assert_eq!(starts, [monday(0), monday(1), monday(2)]);
        let sunday = monday(2) + Days::new(6);
        let late = sunday.and_hms_opt(23, 59, 59).unwrap().and_utc();
        assert_eq!(week_starts(late, 1), [monday(2)]);
    }

    #[test]
    fn each_weeks_end_is_the_next_ones_less_what_happened_in_between() {
        let starts = [monday(0), monday(1), monday(2)];
        let moves = [
            moves(0, 0, 1, 4),
            moves(1, 0, 1, 2),
            moves(1, 1, 2, 3),
            moves(2, 2, 1, 1),
            // Dated ahead of the clock.
            moves(3, 0, 1, 1),
        ];
        let newcomers = [newcomers(0, 5), newcomers(1, 4), newcomers(2, 1)];

        let weeks = series(&starts, [3, 5, 2, 0], &moves, &newcomers);

        let people: Vec<_> = weeks.iter().map(|week| week.people).collect();
        assert_eq!(people, [[1, 4, 0, 0], [3, 3, 3, 0], [3, 5, 2, 0]]);
        let flows: Vec<_> = weeks
            .iter()
            .map(|week| (week.warmed, week.cooled, week.newcomers))
            .collect();
        assert_eq!(flows, [(4, 0, 5), (5, 0, 4), (1, 1, 1)]);
    }

    #[test]
    fn a_young_brand_begins_with_its_first_people() {
        let week = |week, people| Week {
            start: monday(week),
            people,
            warmed: 0,
            cooled: 0,
            newcomers: 0,
        };
        let none = [0; 4];

        let shown = without_blank_start(vec![week(0, none), week(1, [1, 0, 0, 0]), week(2, none)]);
        assert_eq!(shown.len(), 2);
        let blank = without_blank_start(vec![week(0, none), week(1, none)]);
        assert_eq!(blank, [week(1, none)]);
    }

    #[test]
    fn the_past_is_asked_for_by_weeks() {
        let overview = Overview {
            people: [9, 0, 0, 0],
            weeks: series(
                &[monday(0), monday(1)],
                [9, 0, 0, 0],
                &[],
                &[newcomers(1, 2)],
            ),
        };

        assert_eq!(overview.people_before(1), Some([7, 0, 0, 0]));
        assert_eq!(overview.people_before(4), None);
    }
}
