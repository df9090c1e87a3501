//! What the document says about writing to people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::validate::Faults;
use crate::stage::tier::Stage;

/// Longest window of a cap; contacts are kept by number, not by age.
const PER_DAYS_MAX: u16 = 31;
/// Most contacts that a cap may allow: as many as are kept.
const AT_MOST_MAX: u16 = 30;
/// Longest name of a channel or purpose, in bytes.
const WORD_BYTES_MAX: usize = 32;
/// Most channels, and most purposes of service.
const WORDS_MAX: usize = 20;
/// Longest silence before somebody is to be written to.
const KEEP_DAYS_MAX: u16 = 3_650;

/// How often, by what, and whether at all somebody may be written to.
///
/// Contact of service (an order confirmed, an answer) is never capped. All other contact is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactRules {
    #[schemars(range(min = 1, max = PER_DAYS_MAX))]
    /// The calendar days of the customer's zone over which contacts are counted, today included.
    pub per_days: u16,
    /// So many contacts at each stage, all channels together.
    pub at_most: ContactCaps,
    /// Whether a stranger is written to only with their permission.
    pub strangers_need_permission: bool,
    /// When contact goes unanswered.
    pub unanswered: Unanswered,
    /// When somebody close should hear from the brand.
    pub keep_in_touch: KeepInTouch,
    /// The channels there are, the one to be used if nothing else is known first.
    pub channels: Vec<String>,
    /// The purposes that are service; every other purpose is promotion.
    pub service_purposes: Vec<String>,
    /// The purposes of consent that give permission.
    pub permission_purposes: Vec<String>,
}

/// Contacts allowed at each stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactCaps {
    /// At stage 0.
    pub stranger: u16,
    /// At stage 1.
    pub acquaintance: u16,
    /// At stage 2.
    pub friend: u16,
    /// At stage 3.
    pub advocate: u16,
}

/// Reciprocity: who does not answer is written to less.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Unanswered {
    #[schemars(range(min = 1, max = AT_MOST_MAX))]
    /// If so many contacts in a row drew no act …
    pub after: u16,
    #[schemars(range(min = 0, max = 1))]
    /// … this share of the cap is left, rounded down, but never less than one contact.
    pub factor: f64,
}

/// The floor of contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeepInTouch {
    /// At this stage or a deeper one …
    pub from: Stage,
    #[schemars(range(min = 1, max = KEEP_DAYS_MAX))]
    /// … somebody without contact for so many days should hear from the brand.
    pub after_days: u16,
}

impl Default for ContactRules {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Self {
            per_days: 7,
            at_most: ContactCaps::default(),
            strangers_need_permission: true,
            unanswered: Unanswered::default(),
            keep_in_touch: KeepInTouch::default(),
            channels: words(&["email", "push", "sms", "chat", "phone", "post"]),
            service_purposes: words(&["service", "transactional", "security", "complaint"]),
            permission_purposes: words(&["marketing"]),
        }
    }
}

impl Default for ContactCaps {
    fn default() -> Self {
        Self {
            stranger: 1,
            acquaintance: 2,
            friend: 3,
            advocate: 3,
        }
    }
}

impl Default for Unanswered {
    fn default() -> Self {
        Self {
            after: 5,
            factor: 0.5,
        }
    }
}

impl Default for KeepInTouch {
    fn default() -> Self {
        Self {
            from: Stage::Friend,
            after_days: 60,
        }
    }
}

impl ContactCaps {
    /// The cap at `stage`.
    pub const fn of(self, stage: Stage) -> u16 {
        match stage {
            Stage::Stranger => self.stranger,
            Stage::Acquaintance => self.acquaintance,
            Stage::Friend => self.friend,
            Stage::Advocate => self.advocate,
        }
    }
}

impl ContactRules {
    /// Whether `word` is a channel.
    pub fn is_channel(&self, word: &str) -> bool {
        self.channels.iter().any(|channel| channel == word)
    }

    /// Whether contact for `purpose` is service.
    pub fn is_service(&self, purpose: &str) -> bool {
        self.service_purposes.iter().any(|one| one == purpose)
    }

    /// What of it a state depends on; none where it is as ever.
    pub(in crate::stage) fn computing(&self) -> Option<(&[String], &[String])> {
        let standard = Self::default();
        let is_standard = self.channels == standard.channels
            && self.service_purposes == standard.service_purposes;
        (!is_standard).then_some((&self.channels, &self.service_purposes))
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        if !(1..=PER_DAYS_MAX).contains(&self.per_days) {
            faults.add(
                "contact.per_days",
                format!("contacts cannot be counted over {} days", self.per_days),
                format!("give 1 to {PER_DAYS_MAX} days"),
            );
        }
        for stage in Stage::ALL {
            if self.at_most.of(stage) > AT_MOST_MAX {
                faults.add(
                    "contact.at_most",
                    format!("{} contacts are more than are kept", self.at_most.of(stage)),
                    format!("give 0 to {AT_MOST_MAX}"),
                );
            }
        }
        if !(1..=AT_MOST_MAX).contains(&self.unanswered.after) {
            faults.add(
                "contact.unanswered.after",
                "so many contacts in a row cannot be looked at",
                format!("give 1 to {AT_MOST_MAX}"),
            );
        }
        if !(0.0..=1.0).contains(&self.unanswered.factor) {
            faults.add(
                "contact.unanswered.factor",
                "who does not answer would be written to more, or less than never",
                "give 0 to 1",
            );
        }
        if !(1..=KEEP_DAYS_MAX).contains(&self.keep_in_touch.after_days) {
            faults.add(
                "contact.keep_in_touch.after_days",
                format!("{} days cannot be used here", self.keep_in_touch.after_days),
                format!("give 1 to {KEEP_DAYS_MAX} days"),
            );
        }
        if self.channels.is_empty() {
            faults.add("contact.channels", "the list is empty", "name a channel");
        }
        check_words("contact.channels", &self.channels, faults);
        check_words("contact.service_purposes", &self.service_purposes, faults);
        check_words(
            "contact.permission_purposes",
            &self.permission_purposes,
            faults,
        );
    }
}

fn check_words(path: &str, words: &[String], faults: &mut Faults) {
    if words.len() > WORDS_MAX {
        faults.add(
            path,
            "there are too many",
            format!("keep at most {WORDS_MAX}"),
        );
    }
    for (place, word) in words.iter().enumerate() {
        let is_word = (1..=WORD_BYTES_MAX).contains(&word.len())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_word {
            faults.add(
                &format!("{path}[{place}]"),
                format!("\"{word}\" is not a plain word"),
                format!("give 1 to {WORD_BYTES_MAX} of a to z, 0 to 9 and _"),
            );
        }
        if words[..place].contains(word) {
            faults.add(
                &format!("{path}[{place}]"),
                format!("\"{word}\" is named twice"),
                "name it once",
            );
        }
    }
}
