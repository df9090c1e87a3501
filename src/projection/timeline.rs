//! Which of a brand's published rules hold when. Pure.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::kernel::id::RuleSetId;
use crate::stage::{Rules, Schedule};

/// Gaps between orders from which on their median says something.
pub const GAPS_MIN: i64 = 100;

/// A published version that was not taken back.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Its id.
    pub rule_set_id: RuleSetId,
    /// Its number.
    pub version: i32,
    /// From when it holds; none: it was applied to all history.
    pub from: Option<DateTime<Utc>>,
    /// The rules, as written: what is learnt is not in them.
    pub rules: Arc<Rules>,
}

/// A brand's rhythm as it was measured once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// From when it counts; none: for all history.
    pub from: Option<DateTime<Utc>>,
    /// The median gap between a customer's consecutive order days, in days.
    pub median_gap_days: f64,
}

/// All that decides which rules hold when: a brand's editions, and what was learnt.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// By version.
    editions: Vec<Edition>,
    /// As measured, one after the other.
    rhythms: Vec<Rhythm>,
    /// The editions that ever hold, in order of time.
    turns: Vec<Edition>,
    schedule: Schedule,
}

impl Timeline {
    /// Puts editions in order of their versions, and rhythms in the order in which they were
    /// measured, into one schedule. None without an edition.
    pub fn new(editions: Vec<Edition>, rhythms: Vec<Rhythm>) -> Option<Self> {
        let turns = turns(&editions);
        let schedule = schedule(&turns, &in_force(&rhythms))?;
        Some(Self {
            editions,
            rhythms,
            turns,
            schedule,
        })
    }

    /// The rules over time, for the fold.
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The edition that holds at `at`.
    pub fn edition_at(&self, at: DateTime<Utc>) -> &Edition {
        let begun = |edition: &&Edition| edition.from.is_none_or(|from| from <= at);
        let held = self.turns.iter().rev().find(begun);
        held.unwrap_or(&self.turns[0])
    }

    /// The latest edition: in force, unless it begins later.
    pub fn latest(&self) -> &Edition {
        self.editions.last().expect("a timeline has an edition")
    }

    /// As it would be if `edition` were published.
    #[must_use]
    pub fn with(&self, edition: Edition) -> Self {
        let mut editions = self.editions.clone();
        editions.push(edition);
        Self::new(editions, self.rhythms.clone()).expect("it has an edition more")
    }

    /// As it would be if this version were taken back; none if it is the only one.
    pub fn without(&self, version: i32) -> Option<Self> {
        let mut editions = self.editions.clone();
        editions.retain(|edition| edition.version != version);
        Self::new(editions, self.rhythms.clone())
    }

    /// As it would be if this were learnt.
    #[must_use]
    pub fn with_rhythm(&self, rhythm: Rhythm) -> Self {
        let mut rhythms = self.rhythms.clone();
        rhythms.push(rhythm);
        Self::new(self.editions.clone(), rhythms).expect("it has the same editions")
    }
}

/// The editions that ever hold: one that is applied to history leaves none before it, and each
/// takes the place of all that were to begin at its instant or later.
fn turns(editions: &[Edition]) -> Vec<Edition> {
    let mut turns: Vec<Edition> = Vec::new();
    for edition in editions {
        turns.retain(|earlier| match edition.from {
            None => false,
            Some(from) => earlier.from.is_none_or(|begins| begins < from),
        });
        turns.push(edition.clone());
    }
    turns
}

/// The rhythms that ever count, by the same rule.
fn in_force(rhythms: &[Rhythm]) -> Vec<Rhythm> {
    let mut counting: Vec<Rhythm> = Vec::new();
    for rhythm in rhythms {
        counting.retain(|earlier| match rhythm.from {
            None => false,
            Some(from) => earlier.from.is_none_or(|begins| begins < from),
        });
        counting.push(*rhythm);
    }
    counting
}

fn schedule(turns: &[Edition], rhythms: &[Rhythm]) -> Option<Schedule> {
    let mut schedule: Option<Schedule> = None;
    for (place, edition) in turns.iter().enumerate() {
        let ends = turns.get(place + 1).and_then(|next| next.from);
        let begun = |rhythm: &&Rhythm| match (rhythm.from, edition.from) {
            (None, _) => true,
            (Some(at), Some(from)) => at <= from,
            (Some(_), None) => false,
        };
        let first = rhythms.iter().rev().find(begun);
        let rules = learnt(edition, first);
        schedule = Some(match (schedule, edition.from) {
            (Some(before), Some(from)) => before.then(from, rules),
            (None, _) | (Some(_), None) => Schedule::single(rules),
        });
        if edition
            .rules
            .set()
            .half_life_days
            .investment
            .learnt()
            .is_none()
        {
            continue;
        }
        for rhythm in rhythms.iter().filter(|rhythm| !begun(rhythm)) {
            if let Some(at) = rhythm.from.filter(|at| ends.is_none_or(|ends| *at < ends)) {
                schedule = schedule.map(|before| before.then(at, learnt(edition, Some(rhythm))));
            }
        }
    }
    schedule
}

/// The edition's rules with what was learnt, if it asks for that.
fn learnt(edition: &Edition, rhythm: Option<&Rhythm>) -> Arc<Rules> {
    let written = edition.rules.set().half_life_days.investment.learnt();
    let (Some(written), Some(rhythm)) = (written, rhythm) else {
        return Arc::clone(&edition.rules);
    };
    let days = written.days(rhythm.median_gap_days);
    match edition.rules.with_investment_half_life(days) {
        Ok(rules) => Arc::new(rules),
        // The document's own bounds keep it usable.
        Err(_) => Arc::clone(&edition.rules),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::kernel::Entropy;
    use crate::stage::ruleset::HalfLife;
    use crate::stage::{Dimension, RuleSet};

    fn on(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    /// A version that is told from others by its half-life of advocacy.
    fn edition(version: i32, from: Option<i64>, investment: Option<f64>) -> Edition {
        let mut set = RuleSet::default_set();
        set.half_life_days.advocacy = f64::from(version);
        if let Some(days) = investment {
            set.half_life_days.investment = HalfLife::Days(days);
        }
        Edition {
            rule_set_id: RuleSetId::new(on(0), &Entropy::seeded(1)),
            version,
            from: from.map(on),
            rules: Arc::new(Rules::new(set).expect("usable")),
        }
    }

    fn rhythm(from: Option<i64>, median_gap_days: f64) -> Rhythm {
        Rhythm {
            from: from.map(on),
            median_gap_days,
        }
    }

    /// When each term begins, its version and its half-life of investment.
    fn terms(editions: Vec<Edition>, rhythms: Vec<Rhythm>) -> Vec<(Option<i64>, f64, f64)> {
        let timeline = Timeline::new(editions, rhythms).expect("editions");
        let terms = timeline.schedule().terms().iter();
        terms
            .map(|term| {
                let days = |dimension| term.rules().half_life(dimension);
                (
                    term.from().map(|from| (from - on(0)).num_days()),
                    days(Dimension::Advocacy),
                    days(Dimension::Investment),
                )
            })
            .collect()
    }

    #[test]
    fn versions_follow_each_other_from_their_dates_on() {
        let found = terms(
            vec![edition(1, None, None), edition(2, Some(10), Some(90.0))],
            vec![],
        );

        assert_eq!(found, [(None, 1.0, 180.0), (Some(10), 2.0, 90.0)]);
    }

    #[test]
    fn a_version_applied_to_history_leaves_none_before_it() {
        let editions = vec![
            edition(1, None, None),
            edition(2, Some(10), None),
            edition(3, None, Some(50.0)),
            edition(4, Some(30), Some(60.0)),
        ];

        assert_eq!(
            terms(editions, vec![]),
            [(None, 3.0, 50.0), (Some(30), 4.0, 60.0)]
        );
    }

    #[test]
    fn a_version_takes_the_place_of_what_was_to_begin_later() {
        let editions = vec![
            edition(1, None, Some(10.0)),
            edition(2, Some(90), Some(20.0)),
            edition(3, Some(30), Some(30.0)),
        ];

        assert_eq!(
            terms(editions, vec![]),
            [(None, 1.0, 10.0), (Some(30), 3.0, 30.0)]
        );
    }

    #[test]
    fn what_is_learnt_counts_from_its_month_on_where_the_rules_ask_for_it() {
        let editions = vec![
            edition(1, None, None),
            edition(2, Some(40), Some(77.0)),
            edition(3, Some(80), None),
        ];
        let rhythms = vec![
            rhythm(Some(30), 34.0),
            rhythm(Some(60), 28.0),
            rhythm(Some(90), 8.0),
            rhythm(Some(120), 8.0),
        ];

        assert_eq!(
            terms(editions, rhythms),
            [
                (None, 1.0, 180.0),
                (Some(30), 1.0, 170.0),
                (Some(40), 2.0, 77.0),
                (Some(80), 3.0, 140.0),
                (Some(90), 3.0, 40.0),
                (Some(120), 3.0, 40.0),
            ]
        );
    }

    #[test]
    fn what_is_learnt_for_all_history_holds_since_ever() {
        let rhythms = vec![
            rhythm(Some(30), 8.0),
            rhythm(None, 34.0),
            rhythm(Some(60), 28.0),
        ];

        assert_eq!(
            terms(vec![edition(1, None, None)], rhythms),
            [(None, 1.0, 170.0), (Some(60), 1.0, 140.0)]
        );
    }

    #[test]
    fn taking_a_version_back_leaves_what_would_be_without_it() {
        let one = edition(1, None, None);
        let two = edition(2, None, Some(40.0));
        let before = Timeline::new(vec![one], vec![]).expect("editions");

        let after = before.with(two).without(2).expect("one is left");

        let lineage = |timeline: &Timeline| timeline.schedule().terms()[0].lineage();
        assert_eq!(lineage(&after), lineage(&before));
        assert!(before.without(1).is_none());
        assert_eq!(after.edition_at(on(5)).version, 1);
    }
}
