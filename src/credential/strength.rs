//! Whether a new password is good enough (NIST SP 800-63B-4 §3.1.1): long enough, not in a list of
//! passwords that leaked, and not quickly guessed by somebody who knows its owner and the brand. No
//! rules about which letters it has.

use zxcvbn::Score;

use super::breached::Breached;
use super::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};

/// The shortest password of somebody who also gives a second factor.
pub const WITH_SECOND_FACTOR_CHARS_MIN: usize = 8;

/// How many words of the person's and the brand's are looked at.
const WORDS_MAX: usize = 30;

/// The shortest word of theirs that a password may not be made of.
const WORD_CHARS_MIN: usize = 4;

/// Why a password is not taken, told to whoever chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Too short.
    #[error("Use at least {0} characters. Four words that have nothing to do with each other do.")]
    Short(usize),
    /// Longer than is hashed.
    #[error("Use at most {PASSWORD_BYTES_MAX} bytes; that is about a thousand characters.")]
    Long,
    /// It leaked from somewhere, by this person or another.
    #[error(
        "This password is in a list of passwords that leaked elsewhere, so it is tried first. \
         Choose one that you use nowhere else."
    )]
    Breached,
    /// Little but the person's or brand's own words.
    #[error(
        "This password is mostly your name, your address or the name of this shop. Choose words \
         that nobody would connect with you."
    )]
    Own,
    /// Guessed within few tries.
    #[error(
        "This password is easy to guess: it repeats itself, follows the keyboard, or is well known. \
         Choose a few words that have nothing to do with each other."
    )]
    Guessable,
}

/// About whom and where a password is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The person's names and addresses, the brand's name: what a guesser would try first.
    pub words: &'a [&'a str],
    /// Whether a second factor is asked for too.
    pub has_second_factor: bool,
}

/// Judges `password`, in the form in which it is hashed (NFKC). Reads a few bytes of the list of
/// leaked passwords and computes for some milliseconds, so it belongs off the async threads. A list
/// that cannot be read is passed over with a warning in the log.
pub fn judge(
    password: &str,
    surroundings: &Surroundings<'_>,
    breached: &Breached,
) -> Result<(), Weakness> {
    let chars_min = if surroundings.has_second_factor {
        WITH_SECOND_FACTOR_CHARS_MIN
    } else {
        PASSWORD_CHARS_MIN
    };
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Weakness::Long);
    }
    if password.chars().count() < chars_min {
        return Err(Weakness::Short(chars_min));
    }
    if breached.contains(password) {
        return Err(Weakness::Breached);
    }
    let words = split_words(surroundings.words);
    if is_little_but(password, &words) {
        return Err(Weakness::Own);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match zxcvbn::zxcvbn(password, &words).score() {
        Score::Three | Score::Four => Ok(()),
        _ => Err(Weakness::Guessable),
    }
}

/// Names and addresses in lower case, whole and in parts.
fn split_words(words: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = words
        .iter()
        .map(|word| word.to_lowercase())
        .flat_map(|word| {
            let parts = word.split(|c: char| !c.is_alphanumeric());
            let mut parts: Vec<String> = parts.map(str::to_owned).collect();
            parts.push(word);
            parts
        })
        .filter(|word| word.chars().count() >= WORD_CHARS_MIN)
        .collect();
    // The longest first, so that a part does not break up its whole.
    all.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
    all.dedup();
    all.truncate(WORDS_MAX);
    all
}

/// Whether fewer than eight letters are left once the words are struck out.
fn is_little_but(password: &str, words: &[String]) -> bool {
    let mut rest = password.to_lowercase();
    let whole = rest.chars().count();
    for word in words {
        rest = rest.replace(word, "");
    }
    let left = rest.chars().count();
    left < whole && left < WITH_SECOND_FACTOR_CHARS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: [&str; 3] = ["Anna Keller", "anna.keller@example.com", "Bellmoor Bakery"];

    fn judged(password: &str, has_second_factor: bool) -> Result<(), Weakness> {
        let surroundings = Surroundings {
            words: &ANNA,
            has_second_factor,
        };
        judge(password, &surroundings, &Breached::none())
    }

    #[test]
    fn length_depends_on_the_second_factor_and_on_characters() {
        assert_eq!(judged("vYk2#pQz9!mLw7", false), Err(Weakness::Short(15)));
        assert_eq!(judged("vYk2#pQz9!mLw7x", false), Ok(()));
        assert_eq!(judged("vYk2#pQ", true), Err(Weakness::Short(8)));
        assert_eq!(judged("vYk2#pQz", true), Ok(()));
        // One code point is one character.
        assert_eq!(judged("žluťoučký kůň!", false), Err(Weakness::Short(15)));
        assert_eq!(judged("žluťoučký kůň ěl", false), Ok(()));
        let longest = format!("{}{}", "maple-", "vYk2#pQz9!".repeat(101));
        assert_eq!(judged(&longest, false), Ok(()));
        assert_eq!(judged(&"x".repeat(1025), false), Err(Weakness::Long));
    }

    #[test]
    fn no_kind_of_letter_is_asked_for() {
        assert_eq!(judged("tuesday copper lantern walrus", false), Ok(()));
        assert_eq!(judged("gesternwarderhimmelbeinahegrün", false), Ok(()));
    }

    #[test]
    fn what_is_soon_guessed_is_refused() {
        for password in [
            "passwordpassword",
            "aaaaaaaaaaaaaaaaaaaa",
            "1234567890123456",
            "qwertyuiopasdfghjkl",
            "abcabcabcabcabcabc",
            "PasswordPassword1!",
        ] {
            assert_eq!(
                judged(password, false),
                Err(Weakness::Guessable),
                "{password}"
            );
        }
    }

    #[test]
    fn the_person_s_and_the_brand_s_own_words_are_nothing() {
        for password in [
            "anna.keller@example.com",
            "bellmoorbakery2026",
            "AnnaKellerAnnaKeller",
            "Bellmoor Bakery 1!",
        ] {
            assert_eq!(judged(password, false), Err(Weakness::Own), "{password}");
        }
    }
}
