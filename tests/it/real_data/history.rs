//! The real purchase histories in memory, and what rules make of them: shared by the tests that
//! know the figures and by the benchmark that takes the time.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use befriend::cli::import::read_events;
use befriend::stage::simulate::{Preview, Purchase, Question, Subject, Tally, View, purchases};
use befriend::stage::{self, Act, Dimension, Fact, Outcome, Rules};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

/// A purchase history, person by person.
pub struct History {
    pub people: Vec<Person>,
}

/// Somebody, and what they did, in order.
pub struct Person {
    pub id: String,
    pub happenings: Vec<Happening>,
}

/// An event as the import sends it.
pub struct Happening {
    pub at: DateTime<Utc>,
    pub message_id: String,
    pub name: String,
    pub properties: Value,
}

/// Where a history lies, if it does; says loudly that it does not.
#[expect(
    clippy::disallowed_macros,
    reason = "a test that proves nothing must say so"
)]
pub fn path(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED, NOTHING PROVED: {} is not there", path.display());
    None
}

/// The two cores that figures are given for.
pub fn two_threads() -> NonZero<usize> {
    NonZero::<usize>::MIN.saturating_add(1)
}

/// The last microsecond of a day.
pub fn end_of(year: i32, month: u32, day: u32) -> DateTime<Utc> {
    let date = NaiveDate::from_ymd_opt(year, month, day).expect("a date");
    let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
    midnight + TimeDelta::days(1) - TimeDelta::microseconds(1)
}

impl History {
    /// Reads a file as the import does.
    pub fn read(file: &Path) -> Self {
        let mut people: BTreeMap<String, Vec<Happening>> = BTreeMap::new();
        for mut event in read_events(file).expect("a readable history") {
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            let at = text(&event["timestamp"]);
            let happening = Happening {
                at: DateTime::parse_from_rfc3339(&at).expect("a time").to_utc(),
                message_id: text(&event["messageId"]),
                name: text(&event["event"]),
                properties: event["properties"].take(),
            };
            let person = people.entry(text(&event["userId"])).or_default();
            person.push(happening);
        }
        let people = people.into_iter().map(|(id, mut happenings)| {
            happenings.sort_by(|one, other| {
                (one.at, &one.message_id).cmp(&(other.at, &other.message_id))
            });
            Person { id, happenings }
        });
        Self {
            people: people.collect(),
        }
    }

    /// Does `work` for everybody, on `threads` threads; in order of people.
    pub fn for_all<T: Send>(
        &self,
        threads: NonZero<usize>,
        work: impl Fn(&Person) -> T + Sync,
    ) -> Vec<T> {
        let share = self.people.len().div_ceil(threads.get()).max(1);
        std::thread::scope(|scope| {
            let shards: Vec<_> = self
                .people
                .chunks(share)
                .map(|people| scope.spawn(|| people.iter().map(&work).collect::<Vec<_>>()))
                .collect();
            shards
                .into_iter()
                .flat_map(|shard| shard.join().expect("no panic"))
                .collect()
        })
    }

    /// What `draft` would make of everybody who stands under `present`.
    pub fn preview(
        &self,
        (present, draft): (&Rules, &Rules),
        question: Question,
        threads: NonZero<usize>,
    ) -> Preview {
        let share = self.people.len().div_ceil(threads.get()).max(1);
        let tally = |people: &[Person]| {
            let mut tally = Tally::new(question);
            for person in people {
                person.weigh(present, draft, &mut tally);
            }
            tally
        };
        std::thread::scope(|scope| {
            let shards: Vec<_> = self
                .people
                .chunks(share)
                .map(|people| scope.spawn(|| tally(people)))
                .collect();
            let mut whole = Tally::new(question);
            for shard in shards {
                whole.merge(shard.join().expect("no panic"));
            }
            whole.finish()
        })
    }
}

impl Person {
    /// Everything that happened up to `until`, folded.
    pub fn fold(&self, rules: &Rules, until: DateTime<Utc>) -> Outcome {
        let acts: Vec<Act<'_>> = self
            .happenings
            .iter()
            .filter(|happening| happening.at <= until)
            .map(|happening| stage::interpret(rules, &happening.fact()))
            .collect();
        stage::fold(rules, &acts, None, until)
    }

    /// The days on which they bought, each once.
    pub fn order_days(&self) -> Vec<NaiveDate> {
        let orders = self.happenings.iter();
        let mut days: Vec<_> = orders
            .filter(|happening| happening.name == "Order Completed")
            .map(|happening| happening.at.date_naive())
            .collect();
        days.dedup();
        days
    }

    /// What they bought, without what they gave back.
    pub fn purchases(&self, rules: &Rules) -> Vec<Purchase<'_>> {
        purchases(rules, self.happenings.iter().map(Happening::fact))
    }

    fn weigh(&self, present: &Rules, draft: &Rules, tally: &mut Tally) {
        let Some(first) = self.happenings.first() else {
            return;
        };
        let until = tally.question().at;
        let (before, after) = (self.fold(present, until), self.fold(draft, until));
        tally.add(&Subject {
            id: &self.id,
            known_since: Some(first.at),
            first_at: Some(first.at),
            events: u64::try_from(self.happenings.len()).expect("few"),
            purchases: &self.purchases(present),
            present: View {
                rules: present,
                outcome: &before,
            },
            draft: View {
                rules: draft,
                outcome: &after,
            },
            hindsight: &after,
        });
    }
}

impl Happening {
    pub fn fact(&self) -> Fact<'_> {
        Fact {
            at: self.at,
            source: "",
            message_id: &self.message_id,
            name: &self.name,
            properties: &self.properties,
            trusted: true,
            known_after: true,
            brand_initiated: false,
        }
    }
}

/// The default rules with investment halving in `days`.
pub fn rules_with_half_life(days: f64) -> Rules {
    Rules::default_rules()
        .with_investment_half_life(days)
        .expect("usable rules")
}

/// The same rules with nothing to hold people where they are: the way out is the way in, at once.
pub fn without_hysteresis(rules: &Rules) -> Rules {
    let mut set = rules.set().clone();
    for rule in &mut set.rules {
        let written = match rule.id.as_str() {
            "D1" => json!({ "any": [
                "detractor_answer",
                "dispute_breached",
                { "score": { "of": ["trust"], "below": 0 } },
                { "score": { "of": ["advocacy"], "below": 15 } },
            ] }),
            "D2" => json!({ "any": [
                "dispute_breached",
                { "promoting_order_refunded": { "within_days": 30 } },
                { "score": { "of": ["investment"], "below": 24 } },
            ] }),
            "D3" => json!({ "any": [
                "dispute_breached",
                { "score": { "of": ["familiarity", "investment"], "below": 9 } },
            ] }),
            "P3" => json!({ "all": [
                { "score": { "of": ["advocacy"], "at_least": 15 } },
                { "any": [
                    { "converted_referrals": { "at_least": 1 } },
                    { "advocacy_kinds": { "at_least": 2 } },
                ] },
                { "score": { "of": ["trust"], "at_least": 0 } },
                "no_open_dispute",
            ] }),
            _ => continue,
        };
        rule.when = serde_json::from_value(written).expect("a condition");
    }
    // What was learnt stands beside the document.
    let half_life = rules.half_life(Dimension::Investment);
    Rules::new(set)
        .and_then(|rules| rules.with_investment_half_life(half_life))
        .expect("usable rules")
}

/// Of those who bought on 1, 2, 3 and 4 days, the share who bought on one more.
pub fn shares_who_went_on(history: &History) -> [String; 4] {
    let days: Vec<usize> = history
        .people
        .iter()
        .map(|person| person.order_days().len())
        .collect();
    let at_least = |least: usize| days.iter().filter(|days| **days >= least).count();
    #[expect(clippy::cast_precision_loss, reason = "some thousands of people")]
    [1, 2, 3, 4].map(|orders| {
        let share = at_least(orders + 1) as f64 / at_least(orders) as f64;
        format!("{share:.3}")
    })
}

/// Those of 5,000 people, chosen by a hash of their ids.
pub fn of_5_000(history: &History, outcomes: &[Outcome]) -> Vec<Outcome> {
    let mut people: Vec<_> = history.people.iter().zip(outcomes).collect();
    people.sort_by_key(|(person, _)| {
        let bytes = person.id.bytes();
        bytes.fold(0_u64, |hash, byte| {
            (hash.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    });
    let chosen = people.into_iter().take(5_000);
    chosen.map(|(_, outcome)| outcome.clone()).collect()
}
