//! From how often something was tried to how long the next try waits. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// A level is kept in thousandths of a try.
pub const TRY: i64 = 1_000;

/// Tries in vain before the first wait, for one account from one network.
pub const PAIR_FREE: u32 = 5;
/// For one account, from anywhere but browsers it was signed in to in before.
pub const ACCOUNT_FREE: u32 = 20;
/// Consecutive tries in vain at one account, after which it waits for [`FORGOTTEN_AFTER`]. NIST SP
/// 800-63B allows 100; the rest is left for tries under way in other processes.
pub const ACCOUNT_MOST: u32 = 90;
/// After this long without a try, those before it are forgotten.
pub const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);
/// The longest wait before [`ACCOUNT_MOST`].
pub const WAIT_MAX: TimeDelta = TimeDelta::minutes(15);
/// Tries in vain at once from one network, whatever the account: an office, or a street, shares one.
pub const NETWORK_FREE: u32 = 100;
/// Tries in vain at once at all accounts of a brand.
pub const BRAND_FREE: u32 = 2_000;

/// One account from one network.
pub const PAIR: Rule = Rule::delays(PAIR_FREE, ACCOUNT_MOST);
/// One account, from browsers that are not known.
pub const ACCOUNT: Rule = Rule::delays(ACCOUNT_FREE, ACCOUNT_MOST);
/// One account in one browser that is known.
pub const DEVICE: Rule = Rule::delays(PAIR_FREE, ACCOUNT_MOST);
/// One network: one more try every three seconds.
pub const NETWORK: Rule = Rule::bucket(NETWORK_FREE, 333);
/// One brand: ten more a second.
pub const BRAND: Rule = Rule::bucket(BRAND_FREE, 10 * TRY);
/// Mail asked for from one network: one more a minute.
pub const MAIL_NETWORK: Rule = Rule::bucket(30, 17);
/// Mail asked for in one browser that is known: one more in eight minutes or so.
pub const MAIL_DEVICE: Rule = Rule::bucket(5, 2);
/// Mail asked for at one brand: ten more a second.
pub const MAIL_BRAND: Rule = Rule::bucket(5_000, 10 * TRY);

/// How tries in vain turn into waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Tries that wait for nothing.
    free: u32,
    /// Tries after which nothing goes until all are forgotten; none: waits stay short.
    most: Option<u32>,
    /// What drains from the level each second; zero: waits double instead.
    drained_per_second: i64,
}

/// A counter as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Tries in vain, in thousandths.
    pub level: i64,
    /// When the last was made.
    pub last: DateTime<Utc>,
}

impl Rule {
    /// Each try in vain beyond `free` doubles the wait, from two seconds to [`WAIT_MAX`]; after `most`
    /// it is [`FORGOTTEN_AFTER`].
    const fn delays(free: u32, most: u32) -> Self {
        Self {
            free,
            most: Some(most),
            drained_per_second: 0,
        }
    }

    /// `free` tries at once, and then as many as drain.
    const fn bucket(free: u32, drained_per_second: i64) -> Self {
        Self {
            free,
            most: None,
            drained_per_second,
        }
    }

    /// What drains from the level each second, in thousandths of a try.
    pub const fn drained_per_second(self) -> i64 {
        self.drained_per_second
    }

    /// How much of `count` still counts at `now`.
    pub fn level(self, count: Option<Count>, now: DateTime<Utc>) -> i64 {
        let Some(count) = count else { return 0 };
        let passed = now - count.last;
        if passed >= FORGOTTEN_AFTER {
            return 0;
        }
        let drained = passed.num_seconds().max(0) * self.drained_per_second;
        (count.level - drained).max(0)
    }

    /// The count after one more try in vain at `now`. The database does the same sum.
    pub fn after_failure(self, count: Option<Count>, now: DateTime<Utc>) -> Count {
        Count {
            level: self.level(count, now) + TRY,
            last: count.map_or(now, |count| count.last.max(now)),
        }
    }

    /// How long a try at `now` has to wait, with `under_way` others begun and not ended: zero if it
    /// may go on.
    pub fn wait(self, count: Option<Count>, under_way: u32, now: DateTime<Utc>) -> TimeDelta {
        let level = self.level(count, now) + i64::from(under_way) * TRY;
        let free = i64::from(self.free) * TRY;
        if level + TRY <= free {
            return TimeDelta::zero();
        }
        if self.drained_per_second > 0 {
            let over = level + TRY - free;
            let seconds = (over + self.drained_per_second - 1) / self.drained_per_second;
            return TimeDelta::seconds(seconds).min(FORGOTTEN_AFTER);
        }
        let tries = u32::try_from(level / TRY).unwrap_or(u32::MAX);
        let since = match count {
            Some(count) if under_way == 0 => count.last,
            Some(_) | None => now,
        };
        let delay = if self.most.is_some_and(|most| tries >= most) {
            FORGOTTEN_AFTER
        } else {
            doubled(tries.saturating_sub(self.free))
        };
        (since + delay - now).clamp(TimeDelta::zero(), FORGOTTEN_AFTER)
    }
}

/// Two seconds, doubled `times` times, at most [`WAIT_MAX`].
fn doubled(times: u32) -> TimeDelta {
    let seconds = 2_i64.checked_shl(times.min(32)).unwrap_or(i64::MAX);
    TimeDelta::seconds(seconds.min(WAIT_MAX.num_seconds()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a valid instant")
    }

    /// Tries as fast as `rule` lets, from `start` until `end`, all in vain; says when.
    fn tries(rule: Rule, start: i64, end: i64) -> Vec<i64> {
        let (mut now, mut count, mut made) = (start, None, Vec::new());
        while now < end {
            let wait = rule.wait(count, 0, at(now));
            if wait > TimeDelta::zero() {
                now += wait.num_seconds().max(1);
                continue;
            }
            count = Some(rule.after_failure(count, at(now)));
            made.push(now);
        }
        made
    }

    #[test]
    fn the_wait_doubles_to_a_quarter_of_an_hour() {
        let made = tries(PAIR, 0, 3_600);
        let gaps: Vec<i64> = made.windows(2).map(|pair| pair[1] - pair[0]).collect();

        let mut expected = vec![0; 4];
        expected.extend([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(gaps[..expected.len()], expected);
    }

    #[test]
    fn s34_at_most_a_hundred_consecutive_tries_at_an_account_and_never_for_ever() {
        let week = 7 * 86_400;

        let made = tries(ACCOUNT, 0, week);

        let pauses: Vec<usize> = made
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| pair[1] - pair[0] >= FORGOTTEN_AFTER.num_seconds())
            .map(|(n, _)| n + 1)
            .collect();
        assert!(!pauses.is_empty(), "it opens again");
        let runs = pauses.iter().scan(0, |start, end| {
            let run = end - *start;
            *start = *end;
            Some(run)
        });
        assert!(runs.max() <= Some(100));
    }

    #[test]
    fn a41_a_network_tries_its_fill_and_then_one_in_three_seconds() {
        let made = tries(NETWORK, 0, 3_600);

        assert_eq!(made.iter().filter(|second| **second == 0).count(), 100);
        let hour = made.len();
        assert!((1_250..=1_300).contains(&hour), "{hour}");
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let count = Count {
            level: 95 * TRY,
            last: at(0),
        };
        let day = FORGOTTEN_AFTER.num_seconds();

        assert_eq!(
            ACCOUNT.wait(Some(count), 0, at(10)),
            TimeDelta::seconds(day - 10)
        );
        assert_eq!(ACCOUNT.wait(Some(count), 0, at(day)), TimeDelta::zero());
        assert_eq!(ACCOUNT.after_failure(Some(count), at(day)).level, TRY);
    }

    fn rules() -> impl Strategy<Value = Rule> {
        prop::sample::select(vec![
            PAIR,
            ACCOUNT,
            DEVICE,
            NETWORK,
            BRAND,
            MAIL_NETWORK,
            MAIL_DEVICE,
            MAIL_BRAND,
        ])
    }

    proptest! {
        #[test]
        fn whoever_waits_as_told_gets_in(rule in rules(), tries in 0_i64..5_000, after in 0_i64..90_000) {
            let count = Some(Count { level: tries * TRY, last: at(0) });

            let wait = rule.wait(count, 0, at(after));

            prop_assert!(wait >= TimeDelta::zero() && wait <= FORGOTTEN_AFTER);
            prop_assert_eq!(rule.wait(count, 0, at(after) + wait), TimeDelta::zero());
        }

        #[test]
        fn more_tries_never_shorten_a_wait(rule in rules(), tries in 0_i64..200, under_way in 0_u32..50, after in 0_i64..1_000) {
            let count = |tries| Some(Count { level: tries * TRY, last: at(0) });

            let fewer = rule.wait(count(tries), under_way, at(after));
            let more = rule.wait(count(tries + 1), under_way, at(after));

            prop_assert!(more >= fewer);
            prop_assert!(rule.wait(count(tries), under_way + 1, at(after)) >= fewer);
        }

        #[test]
        fn a_clock_that_goes_back_breaks_nothing(rule in rules(), tries in 0_i64..200, back in 0_i64..100_000) {
            let count = Some(Count { level: tries * TRY, last: at(0) });

            let wait = rule.wait(count, 0, at(-back));

            prop_assert!(wait <= FORGOTTEN_AFTER);
            prop_assert_eq!(rule.after_failure(count, at(-back)).last, at(0));
        }
    }
}
