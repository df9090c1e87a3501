//! The parts people play for a brand, each with its evidence. Pure.
//!
//! Firms mix up those who take part, those who tell others and those whom others follow; these are
//! told apart here by what each of them did. Somebody may play several parts. By definition nobody
//! plays the first beside the second or third: it asks that nobody has come yet.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

/// Kinds of advocacy act that are reviews or posts.
const POSTS: [&str; 4] = ["review", "mention", "testimonial", "story"];
/// Kinds that pass the brand on to somebody.
const SHARES: [&str; 2] = ["share", "invite"];
/// The kind of a promoter's answer.
const PROMOTER: &str = "recommendation";
/// The kind of an opinion given.
const FEEDBACK: &str = "feedback";
/// Properties in which an opinion is written.
const OPINIONS: [&str; 4] = ["text", "comment", "feedback", "message"];
/// Fewer characters than this are no opinion of substance.
const OPINION_CHARS_MIN: usize = 60;
/// Topics that look past the product itself; a topic counts that contains one of these words.
const IMPACT_TOPICS: [&str; 12] = [
    "environment",
    "sustainab",
    "climate",
    "ethic",
    "fair",
    "labour",
    "labor",
    "social",
    "community",
    "accessib",
    "privacy",
    "impact",
];
/// What each part asks for.
const PROSUMER_OPINIONS_MIN: usize = 3;
const PROSUMER_TOPICS_MIN: usize = 2;
const INFLUENCER_REFEREES_MIN: u32 = 3;
const INFLUENCER_GENERATIONS_MIN: u8 = 2;
const TOP_REFEREES_MIN: u32 = 2;
/// Messages named as evidence of one thing; there may be more.
const MESSAGES_MAX: usize = 10;

/// A part that somebody plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reviews or posts, and nobody has come by it.
    Participator,
    /// Shares, would recommend, and somebody has come.
    SocialAdvocate,
    /// Several have come over generations, or they are among those who carry farthest.
    Influencer,
    /// Says again and again what could be better, and looks past the product.
    Prosumer,
}

/// A part with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleReading {
    /// The part.
    pub role: Role,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// One thing that a part rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// In words: "3 reviews or posts".
    pub text: String,
    /// The latest messages behind it, ten at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub message_ids: Vec<String>,
}

/// An act of advocacy.
#[derive(Clone, Debug)]
pub struct Word {
    /// Its kind by the brand's rules.
    pub kind: String,
    /// The message that told of it.
    pub message_id: String,
    /// When it was.
    pub at: DateTime<Utc>,
    /// As sent.
    pub properties: Value,
}

/// How far somebody's word has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Reach {
    /// People brought in person who became customers, without those taken back.
    pub converted: u32,
    /// The same with those brought by them, up to three generations.
    pub converted_below: u32,
    /// Generations of these.
    pub generations: u8,
    /// Each of them, halved with each generation after the first (or as the rules say).
    pub credit: f64,
    /// Whether that is among the top hundredth of all who have any, where enough have.
    pub is_top: bool,
}

/// The parts somebody plays, by what they did and whom they brought.
pub fn roles(words: &[Word], reach: &Reach) -> Vec<RoleReading> {
    [
        participator(words, reach),
        social_advocate(words, reach),
        influencer(reach),
        prosumer(words),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn participator(words: &[Word], reach: &Reach) -> Option<RoleReading> {
    let posts = of_kinds(words, &POSTS);
    (!posts.is_empty() && reach.converted == 0).then(|| RoleReading {
        role: Role::Participator,
        evidence: vec![
            counted(&posts, "review or post", "reviews or posts"),
            brought(reach),
        ],
    })
}

fn social_advocate(words: &[Word], reach: &Reach) -> Option<RoleReading> {
    let shares = of_kinds(words, &SHARES);
    let answers = of_kinds(words, &[PROMOTER]);
    let is_one = !shares.is_empty() && !answers.is_empty() && reach.converted >= 1;
    is_one.then(|| RoleReading {
        role: Role::SocialAdvocate,
        evidence: vec![
            counted(&shares, "share or invitation", "shares or invitations"),
            counted(&answers, "promoter's answer", "promoter's answers"),
            brought(reach),
        ],
    })
}

fn influencer(reach: &Reach) -> Option<RoleReading> {
    let over_generations = reach.converted_below >= INFLUENCER_REFEREES_MIN
        && reach.generations >= INFLUENCER_GENERATIONS_MIN;
    let at_the_top = reach.is_top && reach.converted >= TOP_REFEREES_MIN;
    let mut evidence = Vec::new();
    if over_generations {
        let (people, generations) = (reach.converted_below, reach.generations);
        evidence.push(plain(format!(
            "{people} people came and stayed, over {generations} generations"
        )));
    }
    if at_the_top {
        evidence.push(plain(format!(
            "a reach of {:.1}, among the top hundredth",
            reach.credit
        )));
        evidence.push(brought(reach));
    }
    (over_generations || at_the_top).then_some(RoleReading {
        role: Role::Influencer,
        evidence,
    })
}

fn prosumer(words: &[Word]) -> Option<RoleReading> {
    let opinions: Vec<&Word> = of_kinds(words, &[FEEDBACK])
        .into_iter()
        .filter(|word| is_substantive(word) && topic(word).is_some())
        .collect();
    let mut topics: Vec<String> = opinions.iter().filter_map(|word| topic(word)).collect();
    topics.sort_unstable();
    topics.dedup();
    let looks_past = |topic: &String| IMPACT_TOPICS.iter().any(|word| topic.contains(word));
    let is_one = opinions.len() >= PROSUMER_OPINIONS_MIN
        && topics.len() >= PROSUMER_TOPICS_MIN
        && topics.iter().any(looks_past);
    is_one.then(|| RoleReading {
        role: Role::Prosumer,
        evidence: vec![
            counted(&opinions, "opinion of substance", "opinions of substance"),
            plain(format!("on {}", topics.join(", "))),
        ],
    })
}

fn of_kinds<'w>(words: &'w [Word], kinds: &[&str]) -> Vec<&'w Word> {
    let found = words.iter();
    found
        .filter(|word| kinds.contains(&word.kind.as_str()))
        .collect()
}

/// An opinion that says something, by its length; a brand that judges itself says so.
fn is_substantive(word: &Word) -> bool {
    if let Some(said) = word.properties.get("substantive").and_then(Value::as_bool) {
        return said;
    }
    OPINIONS.iter().any(|name| {
        let text = word.properties.get(name).and_then(Value::as_str);
        text.is_some_and(|text| text.trim().chars().count() >= OPINION_CHARS_MIN)
    })
}

fn topic(word: &Word) -> Option<String> {
    let topic = word
        .properties
        .get("topic")?
        .as_str()?
        .trim()
        .to_lowercase();
    (!topic.is_empty()).then_some(topic)
}

fn counted(words: &[&Word], one: &str, many: &str) -> Evidence {
    let mut latest: Vec<&&Word> = words.iter().collect();
    latest.sort_by(|left, right| (right.at, &right.message_id).cmp(&(left.at, &left.message_id)));
    let noun = if words.len() == 1 { one } else { many };
    Evidence {
        text: format!("{} {noun}", words.len()),
        message_ids: latest
            .into_iter()
            .take(MESSAGES_MAX)
            .map(|word| word.message_id.clone())
            .collect(),
    }
}

fn brought(reach: &Reach) -> Evidence {
    plain(match reach.converted {
        0 => "nobody has come by it yet".to_owned(),
        1 => "1 person brought in became a customer".to_owned(),
        people => format!("{people} people brought in became customers"),
    })
}

const fn plain(text: String) -> Evidence {
    Evidence {
        text,
        message_ids: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn word(kind: &str, number: i64, properties: Value) -> Word {
        Word {
            kind: kind.to_owned(),
            message_id: format!("m{number}"),
            at: DateTime::UNIX_EPOCH + chrono::TimeDelta::days(number),
            properties,
        }
    }

    fn said(kind: &str, number: i64) -> Word {
        word(kind, number, json!({}))
    }

    fn found(words: &[Word], reach: &Reach) -> Vec<Role> {
        roles(words, reach)
            .into_iter()
            .map(|one| one.role)
            .collect()
    }

    const NOBODY: Reach = Reach {
        converted: 0,
        converted_below: 0,
        generations: 0,
        credit: 0.0,
        is_top: false,
    };

    #[test]
    fn whoever_only_speaks_takes_part_and_whoever_brings_somebody_is_more() {
        let speaks = [said("review", 1), said("mention", 2)];
        assert_eq!(found(&speaks, &NOBODY), [Role::Participator]);

        let one = Reach {
            converted: 1,
            converted_below: 1,
            generations: 1,
            credit: 1.0,
            ..NOBODY
        };
        assert_eq!(found(&speaks, &one), [], "no share, no answer");
        let shares = [
            said("review", 1),
            said("share", 2),
            said("recommendation", 3),
        ];
        assert_eq!(found(&shares, &one), [Role::SocialAdvocate]);
        assert_eq!(found(&shares, &NOBODY), [Role::Participator]);
        assert_eq!(found(&[], &NOBODY), []);
    }

    #[test]
    fn influence_is_people_over_generations_or_being_at_the_top() {
        let reach = |converted, converted_below, generations, is_top| Reach {
            converted,
            converted_below,
            generations,
            credit: 3.0,
            is_top,
        };
        let table = [
            (reach(3, 3, 1, false), false),
            (reach(1, 2, 2, false), false),
            (reach(1, 3, 2, false), true),
            (reach(2, 2, 1, true), true),
            (reach(1, 1, 1, true), false),
        ];

        for (reach, is_one) in table {
            let is_found = found(&[], &reach).contains(&Role::Influencer);
            assert_eq!(is_found, is_one, "{reach:?}");
        }
    }

    #[test]
    fn a_prosumer_says_much_on_more_than_the_product() {
        let long = "x".repeat(OPINION_CHARS_MIN);
        let opinion = |number, topic: &str| {
            word(
                "feedback",
                number,
                json!({ "topic": topic, "comment": long }),
            )
        };
        let three = [
            opinion(1, "taste"),
            opinion(2, "Taste"),
            opinion(3, "sustainability"),
        ];
        assert_eq!(found(&three, &NOBODY), [Role::Prosumer]);

        let one_topic = [
            opinion(1, "climate"),
            opinion(2, "climate"),
            opinion(3, "climate"),
        ];
        assert_eq!(found(&one_topic, &NOBODY), []);
        let no_impact = [
            opinion(1, "taste"),
            opinion(2, "price"),
            opinion(3, "opening hours"),
        ];
        assert_eq!(found(&no_impact, &NOBODY), []);
        let short = word(
            "feedback",
            3,
            json!({ "topic": "climate", "comment": "good" }),
        );
        assert_eq!(
            found(&[opinion(1, "taste"), opinion(2, "taste"), short], &NOBODY),
            []
        );
    }

    #[test]
    fn evidence_names_the_latest_messages() {
        let words: Vec<Word> = (0..12).map(|number| said("review", number)).collect();

        let reading = &roles(&words, &NOBODY)[0];

        assert_eq!(reading.evidence[0].text, "12 reviews or posts");
        assert_eq!(reading.evidence[0].message_ids.len(), MESSAGES_MAX);
        assert_eq!(reading.evidence[0].message_ids[0], "m11");
        assert_eq!(reading.evidence[1].text, "nobody has come by it yet");
    }
}
