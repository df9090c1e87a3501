//! The English words of every mail.

use super::{Button, Message, Words};
use crate::view::format;

/// What to do about a change that the reader did not make.
const NOT_YOU: &str = "If this was not you, sign in now, end the sessions that you do not know, and \
                       change how you sign in.";
const IGNORE: &str = "If you did not ask for this, ignore this mail: without it nobody gets in, and nothing changes.";
const KEEP_SECRET: &str = "Never pass the code on. Nobody who works here asks for it.";

/// The words of `message` from `brand`.
pub(super) fn words(brand: &str, message: &Message) -> Words {
    match message {
        Message::SignInCode {
            code,
            link,
            minutes,
        } => sign_in_code(brand, code, link, *minutes),
        Message::AddressCode {
            code,
            link,
            minutes,
        } => address_code(brand, code, link, *minutes),
        Message::PasswordReset {
            link,
            code,
            minutes,
        } => password_reset(brand, code, link, *minutes),
        Message::AddressTaken { link } => address_taken(brand, link),
        Message::ProfilesMerged { undo_link, until } => Words {
            button: button("Take this back", undo_link),
            closing: vec![format!(
                "This can be taken back until {}.",
                format::date_time(*until)
            )],
            ..notice(
                format!("Your accounts at {brand} are now one"),
                "Two accounts became one",
                format!(
                    "What was in two accounts of yours at {brand} is now in one. Everything that \
                     signed in to either of them signs in to it."
                ),
            )
        },
        Message::ErasureBegun { undo_link, until } => Words {
            button: button("Keep my account", undo_link),
            closing: vec![
                "Until then you can still keep it. If this was not you, keep the account and change \
                 how you sign in."
                    .to_owned(),
            ],
            ..notice(
                format!("Your account at {brand} will be erased"),
                "Your account will be erased",
                format!(
                    "As asked, your account at {brand} will be erased on {}.",
                    format::date_time(*until)
                ),
            )
        },
        Message::PasswordChanged
        | Message::NewDevice { .. }
        | Message::WayAdded { .. }
        | Message::WayRemoved { .. }
        | Message::ProfilesParted
        | Message::PasskeyAdded { .. }
        | Message::SecondFactorChanged { .. } => change(brand, message),
    }
}

fn sign_in_code(brand: &str, code: &str, link: &str, minutes: u32) -> Words {
    Words {
        subject: format!("Your code for {brand}"),
        heading: format!("Sign in to {brand}"),
        opening: vec![format!(
            "Type this code where you began to sign in. It works for {}.",
            duration(minutes)
        )],
        code_label: "Your code".to_owned(),
        code: Some(code.to_owned()),
        button: button("Sign in with this link instead", link),
        closing: vec![KEEP_SECRET.to_owned(), IGNORE.to_owned()],
    }
}

fn address_code(brand: &str, code: &str, link: &str, minutes: u32) -> Words {
    Words {
        subject: format!("Confirm your address for {brand}"),
        heading: "Confirm your address".to_owned(),
        opening: vec![format!(
            "Somebody, most likely you, wants to add this address to an account at {brand}. Type \
             this code there. It works for {}.",
            duration(minutes)
        )],
        code_label: "Your code".to_owned(),
        code: Some(code.to_owned()),
        button: button("Confirm with this link instead", link),
        closing: vec![KEEP_SECRET.to_owned(), IGNORE.to_owned()],
    }
}

fn password_reset(brand: &str, code: &str, link: &str, minutes: u32) -> Words {
    Words {
        subject: format!("Choose a new password for {brand}"),
        heading: "Choose a new password".to_owned(),
        opening: vec![format!(
            "Open the link, or type the code where you asked for it. Both work once, for {}.",
            duration(minutes)
        )],
        code_label: "Your code".to_owned(),
        code: Some(code.to_owned()),
        button: button("Choose a new password", link),
        closing: vec![KEEP_SECRET.to_owned(), IGNORE.to_owned()],
    }
}

fn address_taken(brand: &str, link: &str) -> Words {
    Words {
        button: button("Sign in", link),
        closing: vec![
            "If this was not you, there is nothing to do: nothing was changed, and whoever tried was \
             not told that you have an account."
                .to_owned(),
        ],
        ..notice(
            format!("You already have an account at {brand}"),
            "You already have an account",
            format!(
                "Somebody tried to make an account at {brand} with this address. You have one \
                 already, so sign in to it instead. If you forgot your password, you can choose a \
                 new one there."
            ),
        )
    }
}

/// What was changed in an account.
fn change(brand: &str, message: &Message) -> Words {
    match message {
        Message::PasswordChanged => notice(
            format!("Your password for {brand} was changed"),
            "Your password was changed",
            format!(
                "Your account at {brand} has a new password. Everybody who was signed in to it \
                 elsewhere was signed out."
            ),
        ),
        Message::NewDevice { browser, at } => notice(
            format!("New sign-in to your account at {brand}"),
            "Signed in on a new device",
            format!(
                "Your account at {brand} was signed in to by {browser} on {}.",
                format::date_time(*at)
            ),
        ),
        Message::WayAdded { what } => notice(
            format!("A way to sign in to {brand} was added"),
            "A way to sign in was added",
            format!("From now on, {what} signs in to your account at {brand}."),
        ),
        Message::WayRemoved { what } => notice(
            format!("A way to sign in to {brand} was removed"),
            "A way to sign in was removed",
            format!("From now on, {what} no longer signs in to your account at {brand}."),
        ),
        Message::PasskeyAdded { name } => notice(
            format!("A passkey was added to your account at {brand}"),
            "A passkey was added",
            format!("The passkey \u{201c}{name}\u{201d} now signs in to your account at {brand}."),
        ),
        Message::SecondFactorChanged { what } => notice(
            format!("The second step of signing in to {brand} was changed"),
            "The second step was changed",
            format!("For your account at {brand}: {what}."),
        ),
        Message::ProfilesParted
        | Message::SignInCode { .. }
        | Message::AddressCode { .. }
        | Message::PasswordReset { .. }
        | Message::AddressTaken { .. }
        | Message::ProfilesMerged { .. }
        | Message::ErasureBegun { .. } => notice(
            format!("Your accounts at {brand} are apart again"),
            "One account became two again",
            format!(
                "The accounts at {brand} that had become one are two again, each with what it had."
            ),
        ),
    }
}

/// A message without a code or a link.
fn notice(subject: String, heading: &str, what: String) -> Words {
    Words {
        subject,
        heading: heading.to_owned(),
        opening: vec![what],
        code_label: String::new(),
        code: None,
        button: None,
        closing: vec![NOT_YOU.to_owned()],
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where a message may have no button"
)]
fn button(label: &str, href: &str) -> Option<Button> {
    Some(Button {
        label: label.to_owned(),
        href: href.to_owned(),
    })
}

fn duration(minutes: u32) -> String {
    if minutes == 1 {
        "one minute".to_owned()
    } else {
        format!("{minutes} minutes")
    }
}
