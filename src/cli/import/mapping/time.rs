//! Times as files hold them, and the zone whose clocks they were read from.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;

/// How times are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// RFC 3339, or a date and time without a zone.
    Rfc3339,
    /// Seconds since 1970.
    EpochSeconds,
    /// Thousandths of seconds since 1970.
    EpochMilliseconds,
    /// As `strftime` writes it.
    Pattern {
        pattern: String,
        has_time: bool,
        has_zone: bool,
    },
}

/// How to read a time.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) format: Format,
    /// Whose clocks those are that name no zone.
    pub(super) zone: Tz,
}

/// Why a time cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is not so written.
    Other,
    /// The clocks of the zone were put forward over it.
    Skipped,
}

impl Format {
    /// Reads the mapping's word for a format.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "rfc3339" => return Ok(Self::Rfc3339),
            "epoch_seconds" => return Ok(Self::EpochSeconds),
            "epoch_milliseconds" => return Ok(Self::EpochMilliseconds),
            _ => {}
        }
        if !text.contains('%') || StrftimeItems::new(text).any(|item| item == Item::Error) {
            return Err(format!(
                "{text:?} is no format of times: rfc3339, epoch_seconds, epoch_milliseconds, or a \
                 pattern such as \"%Y-%m-%d\" or \"%d.%m.%Y %H:%M\""
            ));
        }
        let holds = |any: &[&str]| any.iter().any(|part| text.contains(part));
        Ok(Self::Pattern {
            pattern: text.to_owned(),
            has_time: holds(&[
                "%H", "%I", "%k", "%l", "%T", "%R", "%r", "%X", "%s", "%c", "%+",
            ]),
            has_zone: holds(&["%z", "%:z", "%#z", "%+", "%s"]),
        })
    }
}

impl Reading {
    /// Reads a time.
    pub(super) fn read(&self, text: &str) -> Result<DateTime<Utc>, Unread> {
        let text = text.trim();
        match &self.format {
            Format::Rfc3339 => self.read_rfc3339(text),
            Format::EpochSeconds => epoch(text, 1e6),
            Format::EpochMilliseconds => epoch(text, 1e3),
            Format::Pattern {
                pattern,
                has_zone: true,
                ..
            } => DateTime::parse_from_str(text, pattern)
                .map(|at| at.to_utc())
                .map_err(|_| Unread::Other),
            Format::Pattern {
                pattern,
                has_time: true,
                ..
            } => NaiveDateTime::parse_from_str(text, pattern)
                .map_err(|_| Unread::Other)
                .and_then(|at| self.local(at)),
            Format::Pattern { pattern, .. } => NaiveDate::parse_from_str(text, pattern)
                .map_err(|_| Unread::Other)
                .and_then(|day| self.local(day.and_time(NaiveTime::MIN))),
        }
    }

    fn read_rfc3339(&self, text: &str) -> Result<DateTime<Utc>, Unread> {
        let with_zone = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"));
        if let Ok(at) = with_zone {
            return Ok(at.to_utc());
        }
        let local = [
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%d %H:%M",
        ]
        .iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok())
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(day.and_time(NaiveTime::MIN))
        });
        self.local(local.ok_or(Unread::Other)?)
    }

    /// The instant at which the zone's clocks showed `at`: the first, in the hour that they show twice.
    fn local(&self, at: NaiveDateTime) -> Result<DateTime<Utc>, Unread> {
        match self.zone.from_local_datetime(&at) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.to_utc()),
            // Midnight is no time that anybody read: a day begins when its clocks do.
            LocalResult::None if at.time() == NaiveTime::MIN => self
                .zone
                .from_local_datetime(&(at + chrono::TimeDelta::hours(1)))
                .earliest()
                .map(|at| at.to_utc())
                .ok_or(Unread::Skipped),
            LocalResult::None => Err(Unread::Skipped),
        }
    }
}

fn epoch(text: &str, micros: f64) -> Result<DateTime<Utc>, Unread> {
    let number: f64 = text.parse().map_err(|_| Unread::Other)?;
    let micros = (number * micros).round();
    // 2^53 microseconds are the year 2255: beyond, a double no longer tells one from the next.
    if !(0.0..9e15).contains(&micros) {
        return Err(Unread::Other);
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 2^53")]
    DateTime::from_timestamp_micros(micros as i64).ok_or(Unread::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, zone: Tz, text: &str) -> Result<String, Unread> {
        let reading = Reading {
            format: Format::parse(format).expect("a format"),
            zone,
        };
        reading
            .read(text)
            .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    #[test]
    fn times_are_read_in_every_form() {
        let zurich = chrono_tz::Europe::Zurich;
        for (format, text, expected) in [
            (
                "rfc3339",
                "2026-01-15T12:00:00.5+01:00",
                "2026-01-15T11:00:00.500Z",
            ),
            ("rfc3339", "2026-01-15 12:00:00", "2026-01-15T11:00:00Z"),
            ("rfc3339", "2026-07-15", "2026-07-14T22:00:00Z"),
            ("epoch_seconds", "1768478400", "2026-01-15T12:00:00Z"),
            ("epoch_seconds", "1768478400.25", "2026-01-15T12:00:00.250Z"),
            (
                "epoch_milliseconds",
                "1768478400000",
                "2026-01-15T12:00:00Z",
            ),
            ("%Y-%m-%d", "2026-01-15", "2026-01-14T23:00:00Z"),
            ("%d.%m.%Y %H:%M", "15.07.2026 12:30", "2026-07-15T10:30:00Z"),
            (
                "%d/%m/%Y %H:%M:%S %z",
                "15/07/2026 12:30:00 +0000",
                "2026-07-15T12:30:00Z",
            ),
        ] {
            assert_eq!(
                read(format, zurich, text).as_deref(),
                Ok(expected),
                "{format} {text}"
            );
        }
    }

    #[test]
    fn the_hour_that_is_shown_twice_or_never_is_known() {
        let zurich = chrono_tz::Europe::Zurich;

        let twice = read("rfc3339", zurich, "2026-10-25 02:30:00");
        let never = read("rfc3339", zurich, "2026-03-29 02:30:00");
        let day = read("%Y-%m-%d", chrono_tz::America::Santiago, "2026-09-06");

        assert_eq!(twice.as_deref(), Ok("2026-10-25T00:30:00Z"));
        assert_eq!(never, Err(Unread::Skipped));
        assert_eq!(day.as_deref(), Ok("2026-09-06T04:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (format, text) in [
            ("rfc3339", "yesterday"),
            ("%Y-%m-%d", "15.01.2026"),
            ("epoch_seconds", "-5"),
            ("epoch_seconds", "NaN"),
            ("epoch_milliseconds", "1e300"),
        ] {
            assert_eq!(
                read(format, Tz::UTC, text),
                Err(Unread::Other),
                "{format} {text}"
            );
        }
        for format in ["iso", "%Q", ""] {
            assert!(Format::parse(format).is_err(), "{format}");
        }
    }
}
