//! Numbers and times as pages write them: UTC, words before figures, a true minus sign.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

/// A day, as in `3 Mar 2026`.
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// The day of an instant, in UTC, as in `3 Mar 2026`.
pub fn day_of(at: DateTime<Utc>) -> String {
    date(at.date_naive())
}

/// A day without its year, as in `3 Mar`.
pub fn day_short(day: NaiveDate) -> String {
    day.format("%-d %b").to_string()
}

/// A month, as in `Mar`; January is told by its year, as in `2026`.
pub fn month_short(day: NaiveDate) -> String {
    let pattern = if day.month() == 1 { "%Y" } else { "%b" };
    day.format(pattern).to_string()
}

/// An instant to the minute, as in `3 Mar 2026, 14:05 UTC`.
pub fn date_time(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// An instant to the second within its day, as in `14:05:09`.
pub fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// An instant as machines read it, for a `datetime` attribute.
pub fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// How long before `now` something happened, as in `3 minutes ago`; a time ahead of `now` is `just
/// now`.
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let passed = now - then;
    if passed < TimeDelta::minutes(1) {
        "just now".to_owned()
    } else if passed < TimeDelta::hours(1) {
        format!("{} ago", plural_i64(passed.num_minutes(), "minute"))
    } else if passed < TimeDelta::days(1) {
        format!("{} ago", plural_i64(passed.num_hours(), "hour"))
    } else if passed < TimeDelta::days(60) {
        format!("{} ago", plural_i64(passed.num_days(), "day"))
    } else {
        day_of(then)
    }
}

fn plural_i64(count: i64, noun: &str) -> String {
    plural(count.unsigned_abs(), noun, &format!("{noun}s"))
}

/// A count with its noun, as in `1 person` or `12,345 people`.
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        self::count(count),
        if count == 1 { one } else { many }
    )
}

/// A whole number with thousands set apart, as in `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A change, always signed: `+12`, `−3`, and `±0` for none.
pub fn signed(change: i64) -> String {
    match change {
        0 => "±0".to_owned(),
        1.. => format!("+{}", count(change.unsigned_abs())),
        _ => format!("−{}", count(change.unsigned_abs())),
    }
}

/// A score to one decimal, without a trailing `.0`: `9`, `26.8`, `−4`.
pub fn score(value: f64) -> String {
    let rounded = format!("{value:.1}");
    let trimmed = rounded.strip_suffix(".0").unwrap_or(&rounded);
    match trimmed.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(figures) => format!("−{figures}"),
        None => trimmed.to_owned(),
    }
}

/// A share of a whole as a percentage: whole numbers, `< 1 %` for a trace, and `0 %` of nothing.
pub fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    let percent = (u128::from(part) * 200 + u128::from(whole)) / (u128::from(whole) * 2);
    if percent == 0 {
        "< 1 %".to_owned()
    } else {
        format!("{percent} %")
    }
}

/// A probability as a percentage: whole numbers, and never quite `0 %` or `100 %` of what is not
/// certain: `73 %`, `< 1 %`, `> 99 %`.
pub fn chance(probability: f64) -> String {
    let percent = probability * 100.0;
    if percent <= 0.0 {
        "0 %".to_owned()
    } else if percent < 1.0 {
        "< 1 %".to_owned()
    } else if percent >= 100.0 {
        "100 %".to_owned()
    } else if percent > 99.0 {
        "> 99 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

/// An amount of money: `CHF 1,204`, `CHF 24.50` below a hundred, and without a currency `24.50`.
pub fn money(amount: f64, currency: Option<&str>) -> String {
    let cents = (amount * 100.0).round();
    let figure = if cents < 10_000.0 {
        format!("{:.2}", cents / 100.0)
    } else {
        // A figure of money is far below what a u64 holds; beyond, it saturates.
        let whole = format!("{amount:.0}");
        whole.parse().map_or(whole, count)
    };
    match currency {
        Some(currency) => format!("{currency} {figure}"),
        None => figure,
    }
}

/// A path segment with everything but letters, digits, `-`, `_`, `.` and `~` percent-encoded.
pub fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            const HEX: [char; 16] = [
                '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
            ];
            encoded.push('%');
            encoded.push(HEX[usize::from(byte >> 4)]);
            encoded.push(HEX[usize::from(byte & 0x0f)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn numbers_are_grouped_and_signed() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
        assert_eq!(signed(12), "+12");
        assert_eq!(signed(-1_234), "−1,234");
        assert_eq!(signed(0), "±0");
        assert_eq!(plural(1, "person", "people"), "1 person");
        assert_eq!(plural(0, "person", "people"), "0 people");
    }

    #[test]
    fn scores_keep_one_decimal_and_no_negative_zero() {
        for (value, text) in [
            (9.0, "9"),
            (26.84, "26.8"),
            (-4.0, "−4"),
            (-0.04, "0"),
            (-3.25, "−3.2"),
        ] {
            assert_eq!(score(value), text);
        }
    }

    #[test]
    fn shares_round_and_name_traces() {
        assert_eq!(share(0, 10), "0 %");
        assert_eq!(share(1, 0), "0 %");
        assert_eq!(share(1, 1_000), "< 1 %");
        assert_eq!(share(1, 3), "33 %");
        assert_eq!(share(2, 3), "67 %");
        assert_eq!(share(u64::MAX, u64::MAX), "100 %");
    }

    #[test]
    fn chances_are_never_quite_certain() {
        for (probability, text) in [
            (0.0, "0 %"),
            (0.004, "< 1 %"),
            (0.726, "73 %"),
            (0.9951, "> 99 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(chance(probability), text);
        }
    }

    #[test]
    fn money_loses_its_cents_when_they_no_longer_matter() {
        assert_eq!(money(24.5, Some("CHF")), "CHF 24.50");
        assert_eq!(money(99.999, None), "100");
        assert_eq!(money(1_204.4, Some("EUR")), "EUR 1,204");
        assert_eq!(money(0.0, Some("EUR")), "EUR 0.00");
    }

    #[test]
    fn ages_are_told_in_the_largest_fitting_unit() {
        let now = Utc.with_ymd_and_hms(2026, 3, 10, 12, 0, 0).unwrap();

        for (seconds, text) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3_599, "59 minutes ago"),
            (7_200, "2 hours ago"),
            (86_400, "1 day ago"),
            (86_400 * 59, "59 days ago"),
            (86_400 * 60, "9 Jan 2026"),
        ] {
            assert_eq!(ago(now - TimeDelta::seconds(seconds), now), text);
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        let at = Utc.with_ymd_and_hms(2026, 3, 3, 14, 5, 9).unwrap();

        assert_eq!(day_of(at), "3 Mar 2026");
        assert_eq!(date_time(at), "3 Mar 2026, 14:05 UTC");
        assert_eq!(clock(at), "14:05:09");
        assert_eq!(machine(at), "2026-03-03T14:05:09.000Z");
    }

    #[test]
    fn path_segments_cannot_leave_their_segment() {
        assert_eq!(path_segment("prf_01-a.b~c"), "prf_01-a.b~c");
        assert_eq!(path_segment("../a?b#c d"), "..%2Fa%3Fb%23c%20d");
        assert_eq!(path_segment("é"), "%C3%A9");
    }
}
