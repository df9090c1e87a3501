//! The events that are sent, the same for the service and for its database alone.

use std::fmt::Write as _;

use crate::kernel::id::ProfileId;

/// Who the events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subjects {
    /// Everybody in turn, in no order.
    Spread,
    /// One person.
    One,
}

/// Events that look like a shop's.
#[derive(Debug)]
pub(super) struct Story {
    /// Tells the events of this run from all others.
    pub(super) run: String,
    /// The people, by their number. The service knows them by [`Story::user_id`].
    pub(super) people: Vec<ProfileId>,
}

impl Story {
    /// The person whom event `number` is about.
    pub(super) fn person(&self, subjects: Subjects, number: u64) -> usize {
        match subjects {
            Subjects::One => 0,
            Subjects::Spread => {
                let people = u64::try_from(self.people.len()).unwrap_or(1).max(1);
                usize::try_from(scatter(number) % people).unwrap_or(0)
            }
        }
    }

    /// What the brand calls a person.
    pub(super) fn user_id(&self, person: usize) -> String {
        format!("{}-{person}", self.run)
    }

    pub(super) fn message_id(&self, number: u64) -> String {
        format!("{}-{number:016x}", self.run)
    }

    /// The name of event `number`: one in ten is an order.
    pub(super) fn name(number: u64) -> &'static str {
        match scatter(number ^ 0x5eed) % 10 {
            0 => "Order Completed",
            1 | 2 => "Signed In",
            _ => "Product Viewed",
        }
    }

    /// Adds event `number` as JSON, about 400 bytes.
    pub(super) fn write(&self, number: u64, person: usize, to: &mut String) {
        let dice = scatter(number ^ 0xd1ce);
        let run = &self.run;
        let done = match Self::name(number) {
            name @ "Order Completed" => write!(
                to,
                r#"{{"type":"track","event":"{name}","properties":{{"order_id":"{run}-{number}","revenue":{},"discount":{},"currency":"EUR"}}"#,
                10 + dice % 90,
                dice % 7,
            ),
            name @ "Signed In" => write!(
                to,
                r#"{{"type":"track","event":"{name}","properties":{{"method":"email"}}"#
            ),
            name => write!(
                to,
                r#"{{"type":"track","event":"{name}","properties":{{"product_id":"p{}","price":12.5,"category":"bread","name":"Rye, dark"}}"#,
                dice % 500,
            ),
        };
        let rest = write!(
            to,
            r#","messageId":"{run}-{number:016x}","userId":"{run}-{person}","context":{{"page":{{"url":"https://shop.example/products/{}","title":"Bread"}},"userAgent":"Mozilla/5.0 (X11; Linux x86_64)","locale":"de-DE","library":{{"name":"befriend bench","version":"1"}}}}}}"#,
            dice % 500,
        );
        done.and(rest).expect("a string takes all text");
    }
}

/// Spreads numbers evenly (the finaliser of splitmix64).
const fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::kernel::Entropy;

    #[test]
    fn events_are_json_spread_over_people_and_of_three_kinds() {
        let entropy = Entropy::seeded(1);
        let story = Story {
            run: "run".to_owned(),
            people: (0..50)
                .map(|_| ProfileId::new(DateTime::UNIX_EPOCH, &entropy))
                .collect(),
        };
        let mut people = std::collections::BTreeSet::new();
        let mut names = std::collections::BTreeMap::<String, u32>::new();
        for number in 0..1_000 {
            let person = story.person(Subjects::Spread, number);
            let mut text = String::new();
            story.write(number, person, &mut text);
            let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(event["messageId"], story.message_id(number));
            assert_eq!(event["userId"], story.user_id(person));
            people.insert(person);
            let name = event["event"].as_str().expect("a name").to_owned();
            *names.entry(name).or_default() += 1;
        }

        assert_eq!(people.len(), 50);
        assert_eq!(names.len(), 3);
        assert!((50..200).contains(&names["Order Completed"]), "{names:?}");
        assert_eq!(story.person(Subjects::One, 77), 0);
    }
}
