//! Reading the settings and naming every fault at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::value::Value;
use url::Url;

use super::smtp::Smtp;
use super::{Config, Intake, LISTEN_DEFAULT, LogFormat, Quotas, data_dir_default};
use crate::kernel::address::Range;
use crate::kernel::{EmailAddress, Secret};

/// Every setting's name, as in the TOML file; `BEFRIEND_` plus upper case in the environment.
const NAMES: &[&str] = &[
    "data_dir",
    "listen",
    "public_url",
    "database_url",
    "secret_key",
    "pool_size",
    "log",
    "log_format",
    "egress_allows_private",
    "intake_batch_events_max",
    "intake_batch_wait_ms",
    "intake_queue_events_max",
    "intake_writers",
    "event_length_strict",
    "quota_secret_key_events_per_second",
    "quota_browser_key_events_per_second",
    "quota_address_events_per_second",
    "quota_visitor_events_per_minute",
    "trusted_proxies",
    "smtp_url",
    "mail_from",
    "breached_list",
];

/// What is wrong with the settings: one line each, with its mend.
#[derive(Debug)]
pub struct Faults(Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        self.0
            .iter()
            .try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl std::error::Error for Faults {}

/// Reads flags (`overrides`), then the environment, then `file`, and checks all of it.
pub fn read(file: Option<&Path>, overrides: &BTreeMap<String, String>) -> Result<Config, Faults> {
    let mut figment = Figment::new();
    if let Some(file) = file {
        figment = figment.merge(Toml::file_exact(file));
    }
    let figment = figment
        .merge(Env::raw().only(&["DATABASE_URL"]))
        .merge(Env::prefixed("BEFRIEND_"))
        .merge(Serialized::defaults(overrides));
    let values: BTreeMap<String, Value> = figment
        .extract()
        .map_err(|error| Faults(vec![error.to_string()]))?;
    let mut reader = Reader {
        values: BTreeMap::new(),
        faults: Vec::new(),
    };
    for (name, value) in values {
        reader.take(name, &value);
    }
    let config = reader.config();
    if reader.faults.is_empty() {
        Ok(config)
    } else {
        Err(Faults(reader.faults))
    }
}

struct Reader {
    values: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Reader {
    fn take(&mut self, name: String, value: &Value) {
        if !NAMES.contains(&name.as_str()) {
            let nearest = NAMES.iter().min_by_key(|known| difference(known, &name));
            let hint = nearest
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            self.faults.push(format!("{name} is not a setting{hint}"));
            return;
        }
        let text = match value {
            Value::String(_, text) => text.clone(),
            Value::Num(_, number) => number.to_u128().map_or_else(
                || number.to_f64().unwrap_or(-1.0).to_string(),
                |n| n.to_string(),
            ),
            Value::Bool(_, flag) => flag.to_string(),
            Value::Char(_, c) => c.to_string(),
            Value::Empty(..) | Value::Dict(..) | Value::Array(..) => {
                self.faults.push(format!("{name} must be a single value"));
                return;
            }
        };
        self.values.insert(name, text);
    }

    /// The value of `name` read by `parse`, or `default`; `mend` says what would be right.
    fn value<T>(
        &mut self,
        name: &str,
        default: T,
        mend: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let Some(text) = self.values.get(name) else {
            return default;
        };
        parse(text).unwrap_or_else(|| {
            self.faults.push(format!("{name} must be {mend}"));
            default
        })
    }

    fn number(
        &mut self,
        name: &str,
        default: usize,
        range: std::ops::RangeInclusive<usize>,
    ) -> usize {
        let mend = format!("a whole number from {} to {}", range.start(), range.end());
        self.value(name, default, &mend, |text| {
            text.parse().ok().filter(|n| range.contains(n))
        })
    }

    fn config(&mut self) -> Config {
        let listen = self.value(
            "listen",
            LISTEN_DEFAULT,
            "an address and a port, for example 127.0.0.1:7700",
            |text| text.parse().ok(),
        );
        let shown = if listen.ip().is_unspecified() {
            "127.0.0.1".into()
        } else {
            host(listen.ip())
        };
        let local = Url::parse(&format!("http://{shown}:{}", listen.port()))
            .expect("an address and a port make a URL");
        Config {
            data_dir: self.value("data_dir", data_dir_default(), "a folder", |text| {
                Some(PathBuf::from(text))
            }),
            listen,
            public_url: self.value(
                "public_url",
                local,
                "an https URL without a path (http only for this machine itself), for example \
                 https://id.brand.example",
                public_url,
            ),
            database_url: self.value(
                "database_url",
                None,
                "a URL that begins with postgres://",
                |text| {
                    let known =
                        text.starts_with("postgres://") || text.starts_with("postgresql://");
                    known.then(|| Some(Secret::new(text)))
                },
            ),
            secret_key: self.value("secret_key", None, "64 hexadecimal digits", |text| {
                let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
                fits.then(|| Some(Secret::new(text)))
            }),
            pool_size: u32::try_from(self.number("pool_size", 16, 4..=1_000)).unwrap_or(16),
            log: self.value(
                "log",
                "info,sqlx=warn".to_owned(),
                "a log filter, for example info",
                |text| Some(text.to_owned()),
            ),
            log_format: self.value(
                "log_format",
                LogFormat::Text,
                "text or json",
                |text| match text {
                    "text" => Some(LogFormat::Text),
                    "json" => Some(LogFormat::Json),
                    _ => None,
                },
            ),
            egress_allows_private: self.flag("egress_allows_private"),
            intake: self.intake(),
            event_length_strict: self.flag("event_length_strict"),
            quotas: self.quotas(),
            trusted_proxies: self.trusted_proxies(),
            smtp: self.smtp(),
            breached_list: self.value("breached_list", None, "a file", |text| {
                Some(Some(PathBuf::from(text)))
            }),
        }
    }

    fn smtp(&mut self) -> Option<Smtp> {
        let server = self.value("smtp_url", None, super::smtp::MEND, |text| {
            super::smtp::parse(text).map(Some)
        });
        let mend = "an address, for example no-reply@brand.example";
        let from = self.value("mail_from", None, mend, |text| {
            EmailAddress::parse(text).ok().map(Some)
        });
        match (server, from) {
            (Some(server), Some(from)) => Some(Smtp { from, ..server }),
            (Some(server), None) => {
                if !self.values.contains_key("mail_from") {
                    let fault =
                        "mail_from must be set where smtp_url is: the address mail comes from";
                    self.faults.push(fault.to_owned());
                }
                Some(server)
            }
            (None, _) => None,
        }
    }

    /// Off unless it is switched on.
    fn flag(&mut self, name: &str) -> bool {
        self.value(name, false, "true or false", |text| text.parse().ok())
    }

    fn trusted_proxies(&mut self) -> Vec<Range> {
        let mend = "addresses or ranges of them, parted by commas, for example 10.0.0.0/8,::1";
        self.value("trusted_proxies", Vec::new(), mend, ranges)
    }

    fn quotas(&mut self) -> Quotas {
        let mut rate = |name, default| {
            let rate = self.number(name, default, 0..=1_000_000);
            u32::try_from(rate).unwrap_or(u32::MAX)
        };
        Quotas {
            secret_key_events_per_second: rate("quota_secret_key_events_per_second", 20_000),
            browser_key_events_per_second: rate("quota_browser_key_events_per_second", 2_000),
            address_events_per_second: rate("quota_address_events_per_second", 500),
            visitor_events_per_minute: rate("quota_visitor_events_per_minute", 300),
        }
    }

    fn intake(&mut self) -> Intake {
        let wait = self.number("intake_batch_wait_ms", 1, 0..=1_000);
        Intake {
            batch_events_max: self.number("intake_batch_events_max", 1_000, 1..=10_000),
            batch_wait: Duration::from_millis(u64::try_from(wait).unwrap_or(1)),
            queue_events_max: self.number("intake_queue_events_max", 20_000, 100..=1_000_000),
            writers: self.number("intake_writers", 2, 1..=16),
        }
    }
}

/// Ranges of addresses, parted by commas.
fn ranges(text: &str) -> Option<Vec<Range>> {
    text.split(',')
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .map(|range| range.parse().ok())
        .collect()
}

fn host(ip: std::net::IpAddr) -> String {
    match ip {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn public_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let local = match url.host()? {
        url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
    };
    let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && local);
    (bare && scheme_fits && url.username().is_empty()).then_some(url)
}

/// How many characters two names do not share; only to guess what a misspelt one meant.
fn difference(known: &str, given: &str) -> usize {
    let misses = |a: &str, b: &str| a.chars().filter(|c| !b.contains(*c)).count();
    misses(known, given) + misses(given, known) + known.len().abs_diff(given.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pairs(pairs: &[(&str, &str)]) -> Result<Config, Faults> {
        let overrides = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        read(None, &overrides)
    }

    #[test]
    fn mail_needs_a_server_and_an_address_to_come_from() {
        let fault = |pairs: &[(&str, &str)]| {
            let faults = read_pairs(pairs).expect_err("these cannot be used");
            faults.to_string()
        };
        let server = ("smtp_url", "smtps://befriend:hunter2@mail.brand.example");

        assert!(fault(&[server]).contains("mail_from must be set"));
        let wrong = fault(&[server, ("mail_from", "nobody")]);
        assert!(wrong.contains("mail_from must be an address"));
        assert_eq!(wrong.matches("mail_from").count(), 1);
        let config = read_pairs(&[server, ("mail_from", "no-reply@brand.example")]);
        let config = config.expect("these suffice");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(read_pairs(&[]).expect("defaults").smtp.is_none());
    }

    #[test]
    fn nothing_is_required() {
        let config = read_pairs(&[]).expect("defaults suffice");

        assert_eq!(config.listen, LISTEN_DEFAULT);
        assert_eq!(config.issuer(), "http://127.0.0.1:7700");
    }

    #[test]
    fn f33_every_fault_is_named_at_once_with_its_mend() {
        let faults = read_pairs(&[
            ("lisen", "127.0.0.1:1"),
            ("public_url", "http://id.brand.example"),
            ("pool_size", "lots"),
            ("database_url", "mysql://x"),
        ])
        .expect_err("these cannot be used")
        .to_string();

        assert!(
            faults.contains("lisen is not a setting; did you mean listen?"),
            "{faults}"
        );
        assert!(
            faults.contains("public_url must be an https URL"),
            "{faults}"
        );
        assert!(
            faults.contains("pool_size must be a whole number from 4 to 1000"),
            "{faults}"
        );
        assert!(faults.contains("database_url must be"), "{faults}");
    }
}
