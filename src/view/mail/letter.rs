//! From words to a letter: plain text, and one page in the brand's colour.

use askama::Template;

use super::{Message, Sender, Words, Written, words};
use crate::view::colour::{CONTRAST_MIN, move_until_contrast, readable_on};
use crate::view::language::Language;
use crate::view::{Colour, render};

/// The longest name in a letter, in characters; what is longer is cut.
pub const NAME_CHARS_MAX: usize = 80;

/// The page, with its styles in it: mail readers load none.
#[derive(Template)]
#[template(path = "mail/letter.html")]
struct LetterPage<'a> {
    language: &'static str,
    direction: &'static str,
    brand: &'a str,
    colour: Colour,
    on_colour: Colour,
    words: &'a Words,
}

/// Writes `message` from `sender` to somebody who reads `language`.
pub fn write_letter(language: Language, sender: &Sender, message: &Message) -> Written {
    let brand = one_line(&sender.name, NAME_CHARS_MAX);
    let (language, words) = words(language, &brand, &with_short_names(message));
    let colour = move_until_contrast(sender.colour, Colour::WHITE, CONTRAST_MIN);
    let page = LetterPage {
        language: language.tag(),
        direction: language.direction(),
        brand: &brand,
        colour,
        on_colour: readable_on(colour),
        words: &words,
    };
    Written {
        subject: one_line(&words.subject, usize::MAX),
        text: plain_text(&brand, &words),
        html: render(&page).expect("a letter of plain values can be rendered"),
    }
}

/// `text` on one line of at most `chars_max` characters: control characters and everything that
/// breaks a line or turns its direction becomes a space.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if breaks(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= chars_max {
        return line;
    }
    let kept: String = line.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn breaks(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The message with each text that somebody chose on one short line.
fn with_short_names(message: &Message) -> Message {
    let short = |text: &str| one_line(text, NAME_CHARS_MAX);
    match message.clone() {
        Message::NewDevice { browser, at } => Message::NewDevice {
            browser: short(&browser),
            at,
        },
        Message::WayAdded { what } => Message::WayAdded { what: short(&what) },
        Message::WayRemoved { what } => Message::WayRemoved { what: short(&what) },
        Message::PasskeyAdded { name } => Message::PasskeyAdded { name: short(&name) },
        Message::SecondFactorChanged { what } => {
            Message::SecondFactorChanged { what: short(&what) }
        }
        other @ (Message::SignInCode { .. }
        | Message::AddressCode { .. }
        | Message::PasswordReset { .. }
        | Message::AddressTaken { .. }
        | Message::PasswordChanged
        | Message::ProfilesMerged { .. }
        | Message::ProfilesParted
        | Message::ErasureBegun { .. }) => other,
    }
}

fn plain_text(brand: &str, words: &Words) -> String {
    let mut parts = vec![words.heading.clone()];
    parts.extend(words.opening.iter().cloned());
    parts.extend(words.code.iter().map(|code| format!("    {code}")));
    let button = words.button.iter();
    parts.extend(button.map(|button| format!("{}:\n{}", button.label, button.href)));
    parts.extend(words.closing.iter().cloned());
    parts.push(format!("-- \n{brand}"));
    parts.join("\n\n") + "\n"
}
