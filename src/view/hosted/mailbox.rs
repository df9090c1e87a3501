//! Proving a mailbox: by the code in a mail, or by its link.

use askama::Template;

use super::BrandMark;
use crate::view::Field;

/// `/login/email?flow=…`: which address?
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/email.html")]
pub struct EmailPage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// Where the address posts to.
    pub action: String,
    /// The address.
    pub email: Field,
    /// The page of all ways in.
    pub back_href: String,
}

/// The same page once a mail is on its way: it looks the same for an address that somebody has an
/// account with and for one that nobody has.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/email_code.html")]
pub struct EmailCodePage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// Where the code posts to.
    pub action: String,
    /// Where the mail went.
    pub address: String,
    /// How long the code works.
    pub minutes: u32,
    /// Why the last code was not taken.
    pub error: Option<String>,
    /// Where asking for another code posts to; none once too many were wrong.
    pub again_action: Option<String>,
    /// What was done just now.
    pub notice: Option<crate::view::Notice>,
    /// Where another address is typed.
    pub other_href: String,
}

/// `/login/mail/…` in the browser that asked for the mail. Opening it does nothing: programs that
/// look through mail open links too (A52).
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/mail_link.html")]
pub struct MailLinkPage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// Where going on posts to.
    pub action: String,
    /// Where the mail went.
    pub address: String,
}

/// `/login/mail/…` in any other browser: the code, to be typed where it was asked for.
#[derive(Debug, Clone, Template)]
#[template(path = "hosted/mail_code.html")]
pub struct MailCodePage {
    /// The brand signed in to.
    pub brand: BrandMark,
    /// Six digits.
    pub code: String,
}

impl MailCodePage {
    /// The code in two halves, which are easier to keep in mind.
    fn halves(&self) -> String {
        match self.code.split_at_checked(3) {
            Some((first, second)) => format!("{first} {second}"),
            None => self.code.clone(),
        }
    }
}

#[cfg(test)]
impl EmailPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            action: words.text("/login/email?flow=flw_01"),
            email: Field::refused(
                words.text("anna.keller"),
                words.text("Type an address like name@example.com."),
            ),
            back_href: words.text("/login?flow=flw_01"),
        }
    }
}

#[cfg(test)]
impl EmailCodePage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            action: words.text("/login/email/code?flow=flw_01"),
            address: words.text("anna.keller@example.com"),
            minutes: 10,
            error: None,
            again_action: Some(words.text("/login/email/again?flow=flw_01")),
            notice: Some(crate::view::Notice::Done(
                words.text("Another code is on its way. The one before works no longer."),
            )),
            other_href: words.text("/login/email?flow=flw_01&other=1"),
        }
    }

    pub(in crate::view) fn sample_refused(words: crate::view::sample::Words) -> Self {
        Self {
            error: Some(
                words.text("That is not the code. Look at the latest mail, and try again."),
            ),
            notice: None,
            ..Self::sample(words)
        }
    }
}

#[cfg(test)]
impl MailLinkPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            action: words.text("/login/mail/secret"),
            address: words.text("anna.keller@example.com"),
        }
    }
}

#[cfg(test)]
impl MailCodePage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            brand: BrandMark::sample(words),
            code: words.text("048213"),
        }
    }
}
