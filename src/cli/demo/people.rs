//! The demo's customers: who they are and what they did in the year before, from a seed.
//!
//! Pure: the same seed, number and year give the same events under the same message ids, so that
//! filling the demo twice adds nothing.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::kernel::Entropy;

/// How long before the demo's start its story begins.
pub(super) const STORY_DAYS: i64 = 364;

const FIRST_NAMES: [&str; 40] = [
    "Ada", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Klara",
    "Leo", "Mia", "Noah", "Olga", "Paul", "Rosa", "Sami", "Tara", "Uwe", "Vera", "Will", "Yara",
    "Zoe", "Amir", "Bea", "Carlos", "Dina", "Elif", "Farid", "Gina", "Hana", "Ivan", "Jia", "Kofi",
    "Lena", "Mateo", "Nora", "Omar", "Priya",
];
const LAST_NAMES: [&str; 40] = [
    "Baker", "Costa", "Diaz", "Evans", "Fischer", "Garcia", "Haas", "Ito", "Jansen", "Khan",
    "Lopez", "Meyer", "Novak", "Okafor", "Petit", "Quinn", "Rossi", "Sato", "Tanaka", "Umar",
    "Vogel", "Weber", "Xu", "Young", "Zeller", "Adler", "Blum", "Cruz", "Dahl", "Ekman", "Frank",
    "Gomez", "Holm", "Imhof", "Juhl", "Klein", "Lind", "Moreau", "Nagy", "Olsen",
];
const GOODS: [(&str, f64); 8] = [
    ("Sourdough loaf", 6.2),
    ("Butter croissant", 2.4),
    ("Cinnamon roll", 3.1),
    ("Lemon tart", 4.8),
    ("Birthday cake", 32.0),
    ("Pretzel", 1.9),
    ("Oat cookie", 1.6),
    ("Baguette", 2.9),
];

/// The weeks of the story in which something happened to everybody.
const PROMOTION_WEEK: i64 = 24;
const OUTAGE_WEEK: i64 = 38;

/// How somebody takes to the bakery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Looks in, leaves no name.
    Passing,
    /// Signs up and stays there.
    Curious,
    /// Comes for a discount.
    Bargain,
    /// Buys now and then.
    Occasional,
    /// Buys every other week.
    Regular,
    /// Buys, and tells others.
    Fan,
    /// Was a regular until some day.
    Lapsed,
}

impl Manner {
    /// The mix of a small shop: many look in, few tell the world.
    fn of(unit: f64) -> Self {
        match unit {
            u if u < 0.30 => Self::Passing,
            u if u < 0.48 => Self::Curious,
            u if u < 0.56 => Self::Bargain,
            u if u < 0.76 => Self::Occasional,
            u if u < 0.89 => Self::Regular,
            u if u < 0.94 => Self::Fan,
            _ => Self::Lapsed,
        }
    }
}

/// One person's story being written.
pub(super) struct Person {
    number: u64,
    entropy: Entropy,
    end: DateTime<Utc>,
    /// Where the next act stands in time.
    now: DateTime<Utc>,
    events: Vec<Value>,
    known: bool,
}

/// Everything that person `number` did in the year before `end`, in order.
pub(super) fn story(number: u64, end: DateTime<Utc>) -> Vec<Value> {
    let (entropy, manner, arrival) = beginning(number);
    let start = end - TimeDelta::days(STORY_DAYS);
    let mut person = Person {
        number,
        entropy,
        end,
        now: start,
        events: Vec::new(),
        known: false,
    };
    person.now = start + TimeDelta::days(arrival);
    person.time_of_day();
    person.live(manner);
    person.events
}

/// How the story of person `number` begins: what chance is left to it, the manner, and the day of
/// the year on which they come.
fn beginning(number: u64) -> (Entropy, Manner, i64) {
    let entropy = Entropy::seeded(0xB0B0 + number);
    let manner = match number {
        // The regular who was let down and won back.
        0 => Manner::Regular,
        // The root of the referral family, and those she brings.
        1..=7 => Manner::Fan,
        _ => Manner::of(entropy.unit()),
    };
    // Newcomers arrive all year, rather more of them lately.
    let arrival = match number {
        0..=7 => 14 + 21 * i64::try_from(number).unwrap_or(0),
        _ => whole(entropy.unit().sqrt() * 362.0),
    };
    (entropy, manner, arrival)
}

/// Who brought person `number`, if somebody did: within the family by birth, as it were, and of the
/// rest about one in eight by a fan who had been there for a month.
fn brought_by(number: u64) -> Option<u64> {
    match number {
        0 | 1 => None,
        2 | 3 => Some(1),
        4 | 5 => Some(2),
        6 => Some(3),
        7 => Some(4),
        _ => {
            let chance = Entropy::seeded(0xF0F0 + number);
            if chance.unit() >= 0.125 {
                return None;
            }
            let (_, _, arrival) = beginning(number);
            (0..40).find_map(|_| {
                #[expect(clippy::cast_precision_loss, reason = "a few thousand people")]
                let guess = whole(chance.unit() * number as f64);
                let guess = u64::try_from(guess).ok()?;
                let (_, manner, came) = beginning(guess);
                (manner == Manner::Fan && came + 30 <= arrival).then_some(guess)
            })
        }
    }
}

/// The code that person `number` passes on.
fn code_of(number: u64) -> String {
    format!("friend-of-{number}")
}

/// Something that person `number` does in passing, chosen by `unit` in 0..1.
pub(super) fn passing_act(number: u64, unit: f64) -> Value {
    let goods = GOODS[usize::try_from(number % 8).unwrap_or(0)];
    let seen = json!({ "name": goods.0, "price": goods.1 });
    let order_id = format!("demo-drip-{number}-{}", whole(unit * 1e9));
    let (name, properties) = match unit {
        u if u < 0.40 => ("Product Viewed", seen),
        u if u < 0.55 => ("Product Added", seen),
        u if u < 0.70 => ("Email Link Clicked", json!({ "campaign": "weekly" })),
        u if u < 0.92 => (
            "Order Completed",
            json!({ "order_id": order_id, "total": goods.1 }),
        ),
        u if u < 0.97 => ("Product Reviewed", json!({ "rating": "5" })),
        _ => (
            "Invite Sent",
            json!({ "invitee": "a friend", "code": code_of(number) }),
        ),
    };
    json!({ "type": "track", "event": name, "properties": properties })
}

fn whole(number: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "small positive numbers")]
    let whole = number as i64;
    whole
}

impl Person {
    fn live(&mut self, manner: Manner) {
        self.look_around();
        if manner == Manner::Passing {
            for _ in 0..self.upto(4) {
                self.wait_days(3.0, 30.0);
                self.look_around();
            }
            return;
        }
        self.sign_up(manner);
        match manner {
            Manner::Passing => {}
            Manner::Curious => {
                for _ in 0..self.upto(4) {
                    self.wait_days(5.0, 50.0);
                    self.look_around();
                }
            }
            Manner::Bargain => self.hunt_bargains(),
            Manner::Occasional => self.buy_until(self.end, 30.0, 80.0, 0.2),
            Manner::Regular if self.number == 0 => self.fall_out_and_make_up(),
            Manner::Regular => self.buy_until(self.end, 9.0, 28.0, 0.4),
            Manner::Fan => self.buy_and_tell(),
            Manner::Lapsed => {
                let stop = self.now + TimeDelta::days(whole(60.0 + self.entropy.unit() * 90.0));
                self.buy_until(stop, 8.0, 24.0, 0.3);
            }
        }
    }

    fn look_around(&mut self) {
        self.say("page", "Home", json!({ "path": "/" }));
        for _ in 0..=self.upto(2) {
            self.minutes(1, 5);
            let (name, price) = self.choose_goods();
            self.say(
                "track",
                "Product Viewed",
                json!({ "name": name, "price": price }),
            );
        }
    }

    fn sign_up(&mut self, manner: Manner) {
        let by = brought_by(self.number);
        if let Some(by) = by {
            let clicked = json!({ "code": code_of(by), "channel": "email" });
            self.say("track", "Referral Clicked", clicked);
        }
        self.minutes(1, 9);
        self.known = true;
        let (first, last) = self.name();
        let traits = json!({
            "name": format!("{first} {last}"),
            "firstName": first,
            "lastName": last,
            "email": self.email(),
        });
        self.push("identify", "", json!({ "traits": traits }));
        let signed_up = match by {
            Some(by) => json!({ "method": "social", "code": code_of(by) }),
            None => json!({ "method": "social" }),
        };
        self.say("track", "Signed Up", signed_up);
        let agrees = manner != Manner::Curious || self.entropy.unit() < 0.4;
        if agrees {
            self.minutes(0, 1);
            self.say("track", "Consent Given", json!({ "purpose": "marketing" }));
        }
    }

    fn hunt_bargains(&mut self) {
        let sale = self.end - TimeDelta::days(STORY_DAYS) + TimeDelta::weeks(PROMOTION_WEEK);
        if self.now < sale {
            self.now = sale + TimeDelta::days(whole(self.entropy.unit() * 6.0));
            self.time_of_day();
        }
        for _ in 0..=self.upto(3) {
            self.order(0.3);
            self.wait_days(1.0, 20.0);
        }
    }

    fn buy_until(&mut self, stop: DateTime<Utc>, gap_min: f64, gap_max: f64, chatter: f64) {
        let outage = self.end - TimeDelta::days(STORY_DAYS) + TimeDelta::weeks(OUTAGE_WEEK);
        while self.now < stop.min(self.end) {
            if self.entropy.unit() < chatter {
                self.say(
                    "track",
                    "Email Link Clicked",
                    json!({ "campaign": "weekly" }),
                );
                self.minutes(2, 20);
            }
            self.order(0.0);
            let hit = (self.now - outage).num_days();
            if (0..5).contains(&hit) && self.entropy.unit() < 0.5 {
                let mended = self.entropy.unit() < 0.8;
                self.complain("Order never came", mended);
            } else if self.entropy.unit() < chatter / 8.0 {
                self.minutes(600, 3_000);
                let rating = if self.entropy.unit() < 0.85 { "5" } else { "2" };
                self.say("track", "Product Reviewed", json!({ "rating": rating }));
            }
            self.wait_days(gap_min, gap_max);
        }
    }

    /// Who comes by it is told in their own story, and what that earns is Befriend's to find out.
    fn invite(&mut self) {
        let invited = json!({ "invitee": "a friend", "code": code_of(self.number) });
        self.say("track", "Invite Sent", invited);
    }

    fn buy_and_tell(&mut self) {
        let mut orders = 0;
        while self.now < self.end {
            self.order(0.0);
            orders += 1;
            if orders == 1 {
                self.minutes(20, 90);
                self.invite();
                if self.number == 5 {
                    // Somebody always tries.
                    self.minutes(1, 5);
                    let own = json!({ "code": code_of(self.number) });
                    self.say("track", "Referral Clicked", own);
                }
            }
            if orders >= 3 {
                self.minutes(60, 900);
                match self.upto(4) {
                    0 => self.say("track", "Product Reviewed", json!({ "rating": "5" })),
                    1 => {
                        let shared = json!({ "share_via": "link", "code": code_of(self.number) });
                        self.say("track", "Product Shared", shared);
                    }
                    2 => self.say("track", "NPS Submitted", json!({ "score": 10 })),
                    _ => self.invite(),
                }
            }
            self.wait_days(8.0, 22.0);
        }
    }

    /// A friend, a late cake, a silence, an apology, and a friend again.
    fn fall_out_and_make_up(&mut self) {
        let quarrel = self.end - TimeDelta::days(STORY_DAYS) + TimeDelta::weeks(OUTAGE_WEEK);
        self.buy_until(quarrel, 12.0, 20.0, 0.0);
        self.say(
            "track",
            "Promise Broken",
            json!({ "what": "birthday cake, three hours late" }),
        );
        self.minutes(30, 90);
        self.say(
            "track",
            "Dispute Opened",
            json!({ "dispute_id": "demo-cake", "channel": "email" }),
        );
        self.wait_days(24.0, 25.0);
        self.say(
            "track",
            "Apology Offered",
            json!({ "remedy": "a new cake, by hand" }),
        );
        self.say(
            "track",
            "Remedy Proposed",
            json!({ "dispute_id": "demo-cake" }),
        );
        self.wait_days(1.0, 2.0);
        let resolved = json!({ "dispute_id": "demo-cake", "satisfied": true, "csat": 5 });
        self.say("track", "Dispute Resolved", resolved);
        self.buy_until(self.end, 10.0, 18.0, 0.2);
    }

    fn order(&mut self, discount_share: f64) {
        let (name, price) = self.choose_goods();
        let quantity = 1 + self.upto(3);
        self.say(
            "track",
            "Product Added",
            json!({ "name": name, "price": price }),
        );
        self.minutes(2, 12);
        #[expect(clippy::cast_precision_loss, reason = "one digit")]
        let full = price * quantity as f64;
        let discount = (full * discount_share * 100.0).round() / 100.0;
        let order_id = format!("demo-{}-{}", self.number, self.events.len());
        let product = json!({ "name": name, "price": price, "quantity": quantity });
        self.say(
            "track",
            "Order Completed",
            json!({
                "order_id": order_id,
                "revenue": full,
                "total": full - discount,
                "discount": discount,
                "currency": "EUR",
                "products": [product],
            }),
        );
        if self.entropy.unit() < 0.03 {
            self.wait_days(1.0, 4.0);
            self.say("track", "Order Refunded", json!({ "order_id": order_id }));
        }
    }

    fn complain(&mut self, what: &str, mended: bool) {
        let id = format!("demo-{}-{}", self.number, self.events.len());
        self.minutes(60, 600);
        self.say(
            "track",
            "Dispute Opened",
            json!({ "dispute_id": id, "about": what }),
        );
        if mended {
            self.wait_days(0.5, 3.0);
            self.say("track", "Remedy Proposed", json!({ "dispute_id": id }));
            self.wait_days(0.5, 2.0);
            let resolved = json!({ "dispute_id": id, "satisfied": true, "csat": 5 });
            self.say("track", "Dispute Resolved", resolved);
        }
    }

    fn say(&mut self, kind: &str, name: &str, properties: impl Into<Value>) {
        self.push(kind, name, json!({ "properties": properties.into() }));
    }

    /// Adds an event at the present point of the story; the future is left to the drip.
    fn push(&mut self, kind: &str, name: &str, mut event: Value) {
        if self.now >= self.end {
            return;
        }
        event["type"] = kind.into();
        match kind {
            "track" => event["event"] = name.into(),
            "page" => event["name"] = name.into(),
            _ => {}
        }
        event["messageId"] = format!("demo-{}-{}", self.number, self.events.len()).into();
        event["anonymousId"] = format!("demo-browser-{}", self.number).into();
        if self.known {
            event["userId"] = format!("demo-{}", self.number).into();
        }
        event["timestamp"] = self.now.to_rfc3339_opts(SecondsFormat::Millis, true).into();
        let channel = match self.number % 5 {
            0 | 1 => "search",
            2 => "word of mouth",
            3 => "social",
            _ => "walked past",
        };
        event["context"] = json!({ "campaign": { "source": channel } });
        self.events.push(event);
    }

    fn name(&self) -> (&'static str, &'static str) {
        let number = usize::try_from(self.number).unwrap_or(0);
        let first = FIRST_NAMES[number % FIRST_NAMES.len()];
        let last = LAST_NAMES[(number * 7 + number / FIRST_NAMES.len()) % LAST_NAMES.len()];
        (first, last)
    }

    fn email(&self) -> String {
        let (first, last) = self.name();
        format!(
            "{}.{}.{}@example.com",
            first.to_lowercase(),
            last.to_lowercase(),
            self.number
        )
    }

    fn choose_goods(&self) -> (&'static str, f64) {
        GOODS[usize::try_from(self.upto(8)).unwrap_or(0)]
    }

    /// A whole number below `limit`.
    fn upto(&self, limit: u32) -> u64 {
        u64::try_from(whole(self.entropy.unit() * f64::from(limit))).unwrap_or(0)
    }

    fn minutes(&mut self, least: i64, most: i64) {
        #[expect(clippy::cast_precision_loss, reason = "minutes of days")]
        let span = (most - least) as f64;
        self.now += TimeDelta::seconds(least * 60 + whole(self.entropy.unit() * span * 60.0));
    }

    fn wait_days(&mut self, least: f64, most: f64) {
        let days = least + self.entropy.unit() * (most - least);
        self.now += TimeDelta::seconds(whole(days * 86_400.0));
        self.time_of_day();
    }

    /// Moves to bakery hours of the same day, mornings most of all.
    fn time_of_day(&mut self) {
        let midnight = self
            .now
            .date_naive()
            .and_time(chrono::NaiveTime::MIN)
            .and_utc();
        let hour = 7.0 + self.entropy.unit().powi(2) * 12.0;
        let moved = midnight + TimeDelta::seconds(whole(hour * 3_600.0));
        // Never back in time: a story goes forward.
        self.now = self.now.max(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end() -> DateTime<Utc> {
        DateTime::from_timestamp(1_768_000_000, 0).expect("a valid instant")
    }

    #[test]
    fn the_same_person_lives_the_same_story() {
        assert_eq!(story(3, end()), story(3, end()));
        assert_ne!(story(3, end()), story(4, end()));
    }

    #[test]
    fn every_story_is_in_order_within_the_year_and_under_ids_of_its_own() {
        for number in 0..300 {
            let events = story(number, end());
            assert!(!events.is_empty(), "person {number} did nothing");
            let times: Vec<&str> = events
                .iter()
                .map(|event| event["timestamp"].as_str().expect("a time"))
                .collect();
            assert!(times.is_sorted(), "person {number} goes back in time");
            let first: DateTime<Utc> = times[0].parse().expect("a time");
            let last: DateTime<Utc> = times[times.len() - 1].parse().expect("a time");
            assert!(first >= end() - TimeDelta::days(STORY_DAYS) && last < end());
            let mut ids: Vec<&Value> = events.iter().map(|event| &event["messageId"]).collect();
            ids.dedup();
            assert_eq!(ids.len(), events.len());
        }
    }

    #[test]
    fn a_family_grows_over_four_generations_and_others_bring_people_too() {
        let generations = |mut number| {
            let mut hops = 0;
            while let Some(by) = brought_by(number) {
                number = by;
                hops += 1;
            }
            (hops, number)
        };
        assert_eq!(generations(7), (3, 1));
        let brought: Vec<u64> = (8..1_000).filter_map(brought_by).collect();
        assert!((60..160).contains(&brought.len()), "{}", brought.len());
        assert!(brought.iter().any(|by| *by > 7), "not only the family");
        for number in [4, 7] {
            let told = story(number, end());
            let signed_up = told.iter().find(|event| event["event"] == "Signed Up");
            let code = &signed_up.expect("they sign up")["properties"]["code"];
            let by = brought_by(number).expect("one of the family");
            assert_eq!(*code, code_of(by));
            let invited = story(by, end());
            assert!(
                invited
                    .iter()
                    .any(|event| event["properties"]["code"] == *code)
            );
        }
    }

    #[test]
    fn somebody_falls_out_and_makes_up() {
        let names: Vec<String> = story(0, end())
            .iter()
            .filter_map(|event| event["event"].as_str().map(str::to_owned))
            .collect();

        for name in [
            "Order Completed",
            "Dispute Opened",
            "Remedy Proposed",
            "Dispute Resolved",
        ] {
            assert!(
                names.iter().any(|told| told == name),
                "no {name} in {names:?}"
            );
        }
    }
}
