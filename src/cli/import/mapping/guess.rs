//! A mapping suggested from a file's header row and first rows: to be looked at by a person.

use super::super::records::Encoding;
use super::time::{Format, Reading};
use chrono_tz::Tz;

/// Names that a column of each sort goes by, without case and punctuation.
const USER: [&str; 11] = [
    "userid",
    "customerid",
    "customer",
    "user",
    "customerno",
    "customernumber",
    "clientid",
    "memberid",
    "buyerid",
    "contactid",
    "kundennummer",
];
const ANONYMOUS: [&str; 6] = [
    "anonymousid",
    "visitorid",
    "visitor",
    "deviceid",
    "cookieid",
    "clienttoken",
];
const EVENT: [&str; 6] = [
    "event",
    "eventname",
    "action",
    "activity",
    "eventtype",
    "eventaction",
];
const TIME: [&str; 15] = [
    "timestamp",
    "time",
    "eventtime",
    "occurredat",
    "happenedat",
    "createdat",
    "orderedat",
    "orderdate",
    "purchasedate",
    "date",
    "datetime",
    "ts",
    "invoicedate",
    "purchasedat",
    "created",
];
const ID: [&str; 5] = ["messageid", "eventid", "id", "uuid", "transactionid"];
const ORDER: [&str; 7] = [
    "orderid",
    "orderno",
    "ordernumber",
    "invoiceno",
    "invoice",
    "order",
    "receiptno",
];

/// Formats that are tried, in order: day before month only where no row contradicts it.
const FORMATS: [&str; 13] = [
    "rfc3339",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S %z",
];

/// What was guessed.
#[derive(Debug)]
pub(in crate::cli::import) struct Guess {
    /// The mapping, as text.
    pub(in crate::cli::import) text: String,
    /// What no column was found for; nothing if the mapping can be used as it is.
    pub(in crate::cli::import) lacks: Vec<&'static str>,
}

/// A file's columns and first rows, and which column seems to be what.
struct Look<'a> {
    columns: &'a [String],
    rows: &'a [Vec<String>],
    user: Option<usize>,
    anonymous: Option<usize>,
    event: Option<usize>,
    time: Option<usize>,
    id: Option<usize>,
    order: Option<usize>,
}

/// Guesses a mapping from the columns and the first rows.
pub(in crate::cli::import) fn guess(
    columns: &[String],
    rows: &[Vec<String>],
    delimiter: u8,
    encoding: Encoding,
) -> Guess {
    let look = Look::new(columns, rows);
    let mut guess = Guess {
        text: String::from(
            "# Guessed from the header row and the first rows: look whether it is right.\nformat: csv\n",
        ),
        lacks: Vec::new(),
    };
    if delimiter != b',' {
        guess.line("delimiter", &quoted(&char::from(delimiter).to_string()));
    }
    if encoding == Encoding::Windows1252 {
        guess.line("encoding", "windows-1252");
    }
    look.say_who_and_what(&mut guess);
    look.say_when(&mut guess);
    if let Some(column) = look.id {
        guess.line(
            "message_id",
            &format!("{{ columns: [{}] }}", look.name(column)),
        );
    }
    look.say_properties(&mut guess);
    if let Some(column) = look.user
        && look.anonymous.is_none()
        && look.values(column).len() < rows.len()
    {
        guess.line("skip_when_empty", &format!("[{}]", look.name(column)));
    }
    guess
}

impl Guess {
    fn line(&mut self, key: &str, value: &str) {
        self.text.push_str(&[key, ": ", value, "\n"].concat());
    }
}

impl<'a> Look<'a> {
    fn new(columns: &'a [String], rows: &'a [Vec<String>]) -> Self {
        let find = |names: &[&str]| {
            names.iter().find_map(|name| {
                columns
                    .iter()
                    .position(|column| super::plan::plain(column) == *name)
            })
        };
        Self {
            columns,
            rows,
            user: find(&USER),
            anonymous: find(&ANONYMOUS),
            event: find(&EVENT),
            time: find(&TIME),
            id: find(&ID),
            order: find(&ORDER),
        }
    }

    fn name(&self, column: usize) -> String {
        quoted(&self.columns[column])
    }

    /// What stands in a column, where anything does.
    fn values(&self, column: usize) -> Vec<&'a str> {
        self.rows
            .iter()
            .filter_map(|row| row.get(column).map(|cell| cell.trim()))
            .filter(|cell| !cell.is_empty())
            .collect()
    }

    fn say_who_and_what(&self, guess: &mut Guess) {
        for (key, column) in [("user_id", self.user), ("anonymous_id", self.anonymous)] {
            if let Some(column) = column {
                guess.line(key, &self.name(column));
            }
        }
        if self.user.or(self.anonymous).is_none() {
            guess.lacks.push("who the rows are about");
            guess.line("user_id", "\"\"   # which column says who?");
        }
        match (self.event, self.order) {
            (Some(column), _) => guess.line("event_column", &self.name(column)),
            (None, Some(_)) => guess.line("event", "Order Completed"),
            (None, None) => {
                guess.lacks.push("what happened");
                guess.line("event", "\"\"   # one name for all rows, or event_column");
            }
        }
    }

    fn say_when(&self, guess: &mut Guess) {
        let found = self
            .time
            .and_then(|column| Some((column, time_format(&self.values(column))?)));
        let Some((column, format)) = found else {
            guess.lacks.push("when it happened");
            guess.line(
                "time",
                "{ column: \"\" }   # which column, and in which format?",
            );
            return;
        };
        let time = format!(
            "{{ column: {}, format: {} }}   # zone: Europe/Zurich",
            self.name(column),
            quoted(format)
        );
        guess.line("time", &time);
        if fits_other_way(format, &self.values(column)) {
            guess.lacks.push("whether the day or the month comes first");
        }
    }

    /// Every column that is nothing else; an order's number is a property too.
    fn say_properties(&self, guess: &mut Guess) {
        let taken = [self.user, self.anonymous, self.event, self.time, self.id];
        let rest: Vec<usize> = (0..self.columns.len())
            .filter(|column| !self.columns[*column].trim().is_empty())
            .filter(|column| !taken.contains(&Some(*column)))
            .collect();
        if !rest.is_empty() {
            guess.text.push_str("properties:\n");
        }
        for column in rest {
            let name = self.name(column);
            let (key, is) = if Some(column) == self.order {
                (String::from("order_id"), "text")
            } else {
                (snake(&self.columns[column]), type_of(&self.values(column)))
            };
            let value = match is {
                "text" => name,
                _ => format!("{{ column: {name}, type: {is} }}"),
            };
            guess.line(&["  ", &quoted(&key)].concat(), &value);
        }
    }
}

/// Whether every value is a time in this format.
fn fits(format: &str, values: &[&str]) -> bool {
    let reading = Format::parse(format).ok().map(|format| Reading {
        format,
        zone: Tz::UTC,
    });
    reading.is_some_and(|reading| values.iter().all(|value| reading.read(value).is_ok()))
}

/// Whether day and month may be exchanged as far as these values tell.
fn fits_other_way(format: &str, values: &[&str]) -> bool {
    let other = format.replace("%d/%m", "%m/%d");
    other != format && fits(&other, values)
}

/// The format that every value is written in.
fn time_format(values: &[&str]) -> Option<&'static str> {
    let fits = |format: &str| fits(format, values);
    if values.is_empty() {
        return None;
    }
    if values.iter().all(|value| value.parse::<f64>().is_ok()) && !fits("%Y%m%d") {
        let is_milliseconds = values.iter().all(|value| value.len() >= 12);
        let format = if is_milliseconds {
            "epoch_milliseconds"
        } else {
            "epoch_seconds"
        };
        return fits(format).then_some(format);
    }
    FORMATS.into_iter().find(|format| fits(format))
}

fn type_of(values: &[&str]) -> &'static str {
    let all = |check: &dyn Fn(&str) -> bool| {
        !values.is_empty() && values.iter().all(|value| check(value))
    };
    if all(&|value| matches!(value.to_lowercase().as_str(), "true" | "false")) {
        return "boolean";
    }
    // A number with a leading zero is a name made of digits: a postcode, an article.
    let is_number = |value: &str| {
        let digits = value.trim_start_matches('-');
        let is_padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        !is_padded && value.parse::<f64>().is_ok_and(f64::is_finite)
    };
    if all(&is_number) { "number" } else { "text" }
}

/// As YAML that is this text and nothing else.
fn quoted(text: &str) -> String {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(
            text.to_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "true" | "false" | "on" | "off" | "null"
        );
    if is_plain {
        return text.to_owned();
    }
    // JSON's way of quoting is one of YAML's.
    serde_json::Value::from(text).to_string()
}

/// `Unit price` and `UnitPrice` as `unit_price`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    let mut was_small = false;
    for c in name.trim().chars() {
        if c.is_alphanumeric() {
            if c.is_uppercase() && was_small {
                text.push('_');
            }
            text.extend(c.to_lowercase());
            was_small = c.is_lowercase() || c.is_numeric();
        } else {
            if !text.ends_with('_') && !text.is_empty() {
                text.push('_');
            }
            was_small = false;
        }
    }
    text.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Mapping;
    use super::super::plan::Plan;
    use super::*;

    fn cells(line: &str) -> Vec<String> {
        line.split(';').map(str::to_owned).collect()
    }

    #[test]
    fn a_header_row_and_first_rows_tell_much() {
        let columns = cells("Order No;Customer ID;Order Date;Amount (CHF);Postcode;Gift;Yes");
        let rows = [
            cells("1;c1;31.12.2025 10:00;12.5;08001;true;a"),
            cells("2;;01.01.2026 11:00;-3;08002;false;b"),
        ];

        let guessed = guess(&columns, &rows, b';', Encoding::Utf8);

        assert_eq!(guessed.lacks, [] as [&str; 0], "{}", guessed.text);
        for line in [
            "delimiter: \";\"",
            "user_id: \"Customer ID\"",
            "event: Order Completed",
            "time: { column: \"Order Date\", format: \"%d.%m.%Y %H:%M\" }",
            "  order_id: \"Order No\"",
            "  amount_chf: { column: \"Amount (CHF)\", type: number }",
            "  Postcode",
            "  gift: { column: Gift, type: boolean }",
            "skip_when_empty: [\"Customer ID\"]",
        ] {
            let line = line.replace("  Postcode", "  postcode: Postcode");
            assert!(guessed.text.contains(&line), "{line} in\n{}", guessed.text);
        }
        let mapping = Mapping::read(&guessed.text).expect("a mapping");
        assert!(Plan::new(&mapping, columns).is_ok());
    }

    #[test]
    fn what_cannot_be_guessed_is_named() {
        let guessed = guess(&cells("a;b"), &[cells("1;2")], b',', Encoding::Utf8);

        assert_eq!(
            guessed.lacks,
            [
                "who the rows are about",
                "what happened",
                "when it happened"
            ]
        );
    }

    #[test]
    fn a_date_that_can_be_read_two_ways_is_not_settled_by_a_guess() {
        let guess = |date: &str| {
            let columns = cells("customer;event;date");
            guess(
                &columns,
                &[cells(&["c1;e;", date].concat())],
                b',',
                Encoding::Utf8,
            )
        };

        assert_eq!(
            guess("01/02/2026").lacks,
            ["whether the day or the month comes first"]
        );
        assert_eq!(guess("13/02/2026").lacks, [] as [&str; 0]);
    }

    #[test]
    fn times_are_told_by_all_values() {
        for (values, format) in [
            (&["2026-01-15T12:00:00Z"][..], Some("rfc3339")),
            (&["01/02/2026", "01/13/2026"], Some("%m/%d/%Y")),
            (&["01/02/2026", "13/01/2026"], Some("%d/%m/%Y")),
            (&["20260115"], Some("%Y%m%d")),
            (&["1768478400"], Some("epoch_seconds")),
            (&["1768478400000"], Some("epoch_milliseconds")),
            (&["soon"], None),
            (&[], None),
        ] {
            assert_eq!(time_format(values), format, "{values:?}");
        }
    }
}
