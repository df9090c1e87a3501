//! Times as senders write them, and the correction of their clocks.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;

/// A sender's clock that is off by less is taken as right: network delay would shift the times of
/// backdated imports otherwise.
const SKEW_IGNORED: TimeDelta = TimeDelta::seconds(2);
/// How far ahead of receipt an event may lie as it is.
const AHEAD_TOLERATED: TimeDelta = TimeDelta::minutes(5);
/// How far ahead it may lie to be set to its receipt; beyond that it is refused.
const AHEAD_CLAMPED: TimeDelta = TimeDelta::hours(24);
/// 1980-01-01, in seconds since the epoch: earlier ones come from clocks that were never set.
const EARLIEST_SECONDS: i64 = 315_532_800;
/// Numbers from here on are milliseconds since the epoch (as seconds they would lie in year 5138).
const MILLISECONDS_FROM: f64 = 1e11;
/// Numbers up to here can be times (the year 9999, in milliseconds).
const NUMBER_MAX: f64 = 253_402_300_799_000.0;
/// Years that a clock may claim; Postgres could not hold every year that can be written.
const YEARS: std::ops::RangeInclusive<i32> = 1_900..=9_999;
/// No way of writing a time is longer.
const LENGTH_MAX: usize = 64;

/// When an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    pub(super) event_time: DateTime<Utc>,
    pub(super) clamped: bool,
}

/// Why a time cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooOld,
    Future,
}

/// A time that was given, and whether its zone had to be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) at: DateTime<Utc>,
    pub(super) zone_guessed: bool,
}

/// Reads a time: RFC 3339 and its near relations, or a number of seconds or milliseconds since the
/// epoch. `Ok(None)` when nothing was given.
pub(super) fn parse(value: Option<&Value>) -> Result<Option<Given>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_f64().and_then(from_number).map(Some).ok_or(()),
        Some(Value::String(text)) => {
            let text = text.trim();
            if text.is_empty() {
                return Ok(None);
            }
            from_text(text).map(Some).ok_or(())
        }
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(()),
    }
}

fn from_number(number: f64) -> Option<Given> {
    if !(0.0..=NUMBER_MAX).contains(&number) {
        return None;
    }
    let milliseconds = if number >= MILLISECONDS_FROM {
        number
    } else {
        number * 1e3
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "microseconds of the years 1970 to 9999 fit 64 bits"
    )]
    let micros = (milliseconds * 1e3).round() as i64;
    Some(Given {
        at: DateTime::from_timestamp_micros(micros)?,
        zone_guessed: false,
    })
}

fn from_text(text: &str) -> Option<Given> {
    if text.len() > LENGTH_MAX {
        return None;
    }
    let zoned = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%z"));
    if let Ok(at) = zoned {
        return given(at.to_utc(), false);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().and_then(from_number);
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|_| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(<_>::default()))
        });
    naive.ok().and_then(|at| given(at.and_utc(), true))
}

/// To the microsecond, as Postgres keeps it; this also makes a leap second the one after it.
fn given(at: DateTime<Utc>, zone_guessed: bool) -> Option<Given> {
    let at = DateTime::from_timestamp_micros(at.timestamp_micros())?;
    YEARS
        .contains(&at.year())
        .then_some(Given { at, zone_guessed })
}

/// When an event happened, by our clock: the time it gives, shifted by how far the sender's clock
/// was off when it sent.
pub(super) fn correct(
    original: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
) -> Result<Timing, Fault> {
    let Some(original) = original else {
        return Ok(Timing {
            event_time: received_at,
            clamped: false,
        });
    };
    let skew = sent_at.map_or(TimeDelta::zero(), |sent| received_at - sent);
    let event_time = if skew.abs() > SKEW_IGNORED {
        original.checked_add_signed(skew).ok_or(Fault::Future)?
    } else {
        original
    };
    if event_time.timestamp() < EARLIEST_SECONDS {
        return Err(Fault::TooOld);
    }
    let ahead = event_time - received_at;
    if ahead > AHEAD_CLAMPED {
        return Err(Fault::Future);
    }
    let clamped = ahead > AHEAD_TOLERATED;
    Ok(Timing {
        event_time: if clamped { received_at } else { event_time },
        clamped,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn every_shape_seen_is_read() {
        let expected = at("2026-11-22T03:18:13.288Z");
        for value in [
            json!("2026-11-22T03:18:13.288Z"),
            json!("2026-11-22T03:18:13.288+00:00"),
            json!("2026-11-22T03:18:13.288000+00:00"),
            json!("2026-11-22T04:18:13.288+01:00"),
            json!("2026-11-22T04:18:13.288+0100"),
            json!("2026-11-22 03:18:13.288Z"),
            json!("2026-11-22 03:18:13.288 +0000"),
            json!(1_795_317_493_288_i64),
            json!(1_795_317_493.288),
            json!("1795317493288"),
            json!(" 2026-11-22T03:18:13.288Z "),
        ] {
            let given = parse(Some(&value)).expect("a time").expect("not absent");
            assert_eq!(given.at, expected, "{value}");
            assert!(!given.zone_guessed, "{value}");
        }
        for value in [json!("2026-11-22T03:18:13.288"), json!("2026-11-22")] {
            let given = parse(Some(&value)).expect("a time").expect("not absent");
            assert!(given.zone_guessed, "{value}");
        }
    }

    #[test]
    fn a80_what_is_no_time_is_refused_and_nothing_is_absent() {
        for value in [
            json!("yesterday"),
            json!("2026-11-22T03:18:13+14:61"),
            json!("2026-13-01T00:00:00Z"),
            json!("infinity"),
            json!("-4800-01-01T00:00:00Z"),
            json!("+12000-01-01T00:00:00Z"),
            json!(-1),
            json!(1e300),
            json!(true),
            json!({}),
            json!("9".repeat(65)),
        ] {
            assert_eq!(parse(Some(&value)), Err(()), "{value}");
        }
        for value in [None, Some(json!(null)), Some(json!("")), Some(json!("  "))] {
            assert_eq!(parse(value.as_ref()), Ok(None), "{value:?}");
        }
    }

    #[test]
    fn a80_a_leap_second_is_stored_as_the_next() {
        let given = parse(Some(&json!("2016-12-31T23:59:60Z"))).expect("a time");

        assert_eq!(given.expect("given").at, at("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_a_right_one_left_alone() {
        let received = at("2026-11-22T12:00:00Z");
        let timing = |original: &str, sent: Option<&str>| {
            correct(Some(at(original)), sent.map(at), received).map(|timing| timing.event_time)
        };

        // An hour fast, and the event a minute before sending.
        assert_eq!(
            timing("2026-11-22T12:59:00Z", Some("2026-11-22T13:00:00Z")),
            Ok(at("2026-11-22T11:59:00Z"))
        );
        // A clock that was never set.
        assert_eq!(
            timing("1970-01-01T00:00:10Z", Some("1970-01-01T00:00:20Z")),
            Ok(at("2026-11-22T11:59:50Z"))
        );
        // Two seconds are the network.
        assert_eq!(
            timing("2026-11-01T00:00:00Z", Some("2026-11-22T11:59:58Z")),
            Ok(at("2026-11-01T00:00:00Z"))
        );
        assert_eq!(
            timing("1997-01-01T00:00:00Z", None),
            Ok(at("1997-01-01T00:00:00Z"))
        );
        assert_eq!(
            correct(None, None, received).map(|timing| timing.event_time),
            Ok(received)
        );
    }

    #[test]
    fn a80_the_future_is_clamped_then_refused() {
        let received = at("2026-11-22T12:00:00Z");
        let timing = |original| correct(Some(at(original)), None, received);

        assert_eq!(timing("2026-11-22T12:05:00Z").map(|t| t.clamped), Ok(false));
        assert_eq!(
            timing("2026-11-22T12:05:01Z"),
            Ok(Timing {
                event_time: received,
                clamped: true
            })
        );
        assert_eq!(timing("2026-11-23T12:00:01Z"), Err(Fault::Future));
        assert_eq!(timing("9999-12-31T00:00:00Z"), Err(Fault::Future));
        assert_eq!(timing("1979-12-31T23:59:59Z"), Err(Fault::TooOld));
    }

    proptest! {
        #[test]
        fn no_time_makes_it_panic(text in ".{0,40}", number in any::<f64>(), sent in any::<i64>()) {
            let received = at("2026-11-22T12:00:00Z");
            let sent_at = parse(Some(&json!(sent))).ok().flatten();
            for value in [json!(text), json!(number)] {
                if let Ok(given) = parse(Some(&value)) {
                    let original = given.map(|given| given.at);
                    if let Ok(timing) = correct(original, sent_at.map(|sent| sent.at), received) {
                        prop_assert!(timing.event_time <= received + AHEAD_TOLERATED);
                    }
                }
            }
        }
    }
}
