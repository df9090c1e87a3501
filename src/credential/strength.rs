//! Whether a new password is good enough (NIST SP 800-63B-4 §3.1.1): long enough, not in a list of
//! passwords that leaked, and not quickly guessed by somebody who knows its owner and the brand. No
//! rules about which letters it has. A password is as long as one that is somebody's only factor even
//! where a second is asked for: its owner may turn that off.

use zxcvbn::Score;

use super::breached::Breached;
use super::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};

/// How many letters have to be left of a password without its owner's words.
const OWN_CHARS_MIN: usize = 8;

/// How many words of the person's and the brand's are looked at.
const WORDS_MAX: usize = 30;

/// The shortest word of theirs that a password may not be made of.
const WORD_CHARS_MIN: usize = 4;

/// Why a password is not taken, told to whoever chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Too short.
    #[error(
        "At least {PASSWORD_CHARS_MIN} characters. A few words that only you put together do well."
    )]
    Short,
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

/// Judges `password`, in the form in which it is hashed (NFKC). `words` are the person's names and
/// addresses and the brand's name: what a guesser would try first. Reads a few bytes of the list of
/// leaked passwords and computes for some milliseconds, so it belongs off the async threads. A list
/// that cannot be read is passed over with a warning in the log.
pub fn judge(password: &str, words: &[&str], breached: &Breached) -> Result<(), Weakness> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Weakness::Long);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Weakness::Short);
    }
    if breached.contains(password) {
        return Err(Weakness::Breached);
    }
    let words = split_words(words);
    if is_little_but(password, &words) {
        return Err(Weakness::Own);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if zxcvbn::zxcvbn(password, &words).score() < Score::Three {
        return Err(Weakness::Guessable);
    }
    Ok(())
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
    left < whole && left < OWN_CHARS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: [&str; 3] = ["Anna Keller", "anna.keller@example.com", "Bellmoor Bakery"];

    fn judged(password: &str) -> Result<(), Weakness> {
        judge(password, &ANNA, &Breached::none())
    }

    #[test]
    fn s32_length_is_counted_in_characters() {
        assert_eq!(judged("vYk2#pQz9!mLw7"), Err(Weakness::Short));
        assert_eq!(judged("vYk2#pQz9!mLw7x"), Ok(()));
        // One code point is one character.
        assert_eq!(judged("žluťoučký kůň!"), Err(Weakness::Short));
        assert_eq!(judged("žluťoučký kůň ěl"), Ok(()));
        let parts: Vec<String> = (0..128)
            .map(|n| format!("{:08x}", n * 0x9e37_79b9_u64))
            .collect();
        let longest = parts.concat();
        let longest = &longest[..PASSWORD_BYTES_MAX];
        assert_eq!(judged(longest), Ok(()));
        assert_eq!(judged(&"x".repeat(1025)), Err(Weakness::Long));
    }

    #[test]
    fn no_kind_of_letter_is_asked_for() {
        assert_eq!(judged("tuesday copper lantern walrus"), Ok(()));
        assert_eq!(judged("gesternwarderhimmelbeinahegrün"), Ok(()));
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
            assert_eq!(judged(password), Err(Weakness::Guessable), "{password}");
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
            assert_eq!(judged(password), Err(Weakness::Own), "{password}");
        }
    }
}
