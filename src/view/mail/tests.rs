//! Every mail, as written and with hostile texts.

use super::*;
use crate::view::sample::{HOSTILE, Words as Texts};

fn sender(texts: Texts) -> Sender {
    Sender {
        name: texts.text("Bellmoor"),
        colour: Colour::new(0xb8, 0x52, 0x07),
    }
}

fn letters(texts: Texts) -> Vec<(&'static str, Written)> {
    Message::samples(texts)
        .iter()
        .map(|message| {
            let written = write_letter(Language::English, &sender(texts), message);
            (message.kind(), written)
        })
        .collect()
}

#[test]
fn every_mail_reads_as_it_should() {
    let all: Vec<String> = letters(Texts::Plain)
        .into_iter()
        .map(|(kind, letter)| format!("=== {kind}: {}\n{}", letter.subject, letter.text))
        .collect();

    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn the_page_of_a_code_reads_as_it_should() {
    let (_, letter) = letters(Texts::Plain).remove(0);

    insta::assert_snapshot!(letter.html);
}

#[test]
fn the_page_says_what_the_text_says() {
    for (kind, letter) in letters(Texts::Plain) {
        for line in letter.text.lines().filter(|line| !line.is_empty()) {
            let line = line.trim().trim_end_matches(':').trim_start_matches("--");
            let escaped = line.replace('&', "&#38;").replace('\'', "&#39;");
            assert!(
                letter.html.contains(escaped.trim()),
                "{kind}: {line}\n{}",
                letter.html
            );
        }
        assert!(Message::title_of_kind(kind).is_some(), "{kind}");
    }
}

#[test]
fn a131_hostile_names_are_literal_and_stay_on_their_line() {
    for (kind, letter) in letters(Texts::Hostile) {
        assert!(!letter.html.contains("<script>"), "{kind}");
        assert!(!letter.html.contains(HOSTILE), "{kind}");
    }
    let name = "Evil\r\nBcc: all@x.example\r\n\r\n{{7*7}} ${7*7} <%= 7*7 %>\u{2028}\u{202e}";
    let brand = Sender {
        name: name.to_owned(),
        colour: Colour::BLACK,
    };
    let message = Message::PasskeyAdded {
        name: name.to_owned(),
    };

    let letter = write_letter(Language::English, &brand, &message);

    let literal = "Evil Bcc: all@x.example {{7*7}} ${7*7} <%= 7*7 %>";
    assert_eq!(
        letter.subject,
        format!("A passkey was added to your account at {literal}")
    );
    assert!(letter.text.contains(&format!("\u{201c}{literal}\u{201d}")));
    assert!(!letter.text.contains('\r'));
    assert!(!letter.text.lines().any(|line| line.starts_with("Bcc")));
    assert!(letter.html.contains("{{7*7}} ${7*7} &#60;%= 7*7 %&#62;"));
}

#[test]
fn long_names_are_cut() {
    assert_eq!(one_line("  a \t b\u{0} ", 9), "a b");
    assert_eq!(one_line(&"ä".repeat(100), 5), "ääää…");
}

#[test]
fn a_mail_without_a_catalogue_is_english_and_says_so() {
    let letter = write_letter(
        Language::Arabic,
        &sender(Texts::Plain),
        &Message::PasswordChanged,
    );

    assert!(letter.html.contains("<html lang=\"en\" dir=\"ltr\">"));
}
