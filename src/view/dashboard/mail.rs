//! Mail: what was written to customers, and what became of it.

use askama::Template;

use super::Shell;
use crate::view::format::path_segment;

/// `/dashboard/{brand}/mail?before=`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/mail.html")]
pub struct MailPage {
    /// The frame.
    pub shell: Shell,
    /// Whether a mail server is set: without one mail is kept, and can be opened here.
    pub is_sent: bool,
    /// Mails on this page, the latest first.
    pub rows: Vec<MailRow>,
    /// Where the next page starts; none on the last page.
    pub next_before: Option<String>,
    /// Whether this is a page after the first.
    pub is_later_page: bool,
}

/// A mail.
#[derive(Debug, Clone)]
pub struct MailRow {
    /// Its id, such as `mal_…`.
    pub id: String,
    /// What it says, as in `Code to sign in`.
    pub title: String,
    /// To whom.
    pub recipient: String,
    /// The id of the customer whose account it is about; may be empty.
    pub profile_id: String,
    /// When it was written, as in `3 Mar 2026, 14:05 UTC`.
    pub written: String,
    /// What became of it, as in `Sent`.
    pub state: String,
    /// What went wrong; may be empty.
    pub error: String,
    /// Whether its text is there to be opened.
    pub can_open: bool,
}

impl MailPage {
    fn open_href(&self, row: &MailRow) -> String {
        format!("{}/{}/open", self.shell.href("mail"), path_segment(&row.id))
    }

    fn customer_href(&self, row: &MailRow) -> Option<String> {
        let id = path_segment(&row.profile_id);
        (!row.profile_id.is_empty()).then(|| format!("{}/{id}", self.shell.href("customers")))
    }

    fn next_href(&self) -> Option<String> {
        let before = path_segment(self.next_before.as_deref()?);
        Some(format!("{}?before={before}", self.shell.href("mail")))
    }
}

/// `/dashboard/{brand}/mail/{id}/open`: what a kept mail says.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/letter.html")]
pub struct LetterPage {
    /// The frame.
    pub shell: Shell,
    /// Its subject.
    pub subject: String,
    /// Who it is from.
    pub from: String,
    /// To whom.
    pub recipient: String,
    /// Its text, line by line.
    pub lines: Vec<LetterLine>,
}

/// A line of a mail.
#[derive(Debug, Clone)]
pub struct LetterLine {
    /// The line.
    pub text: String,
    /// Whether it is the address of one of our own pages, and nothing else.
    pub is_link: bool,
}

#[cfg(test)]
impl MailPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let row = |title: &str, state: &str, error: &str, can_open| MailRow {
            id: words.text("mal_0195a1b2c3d4"),
            title: words.text(title),
            recipient: words.text("dana.novak@example.com"),
            profile_id: words.text("prf_0195a1b2c3d4"),
            written: "10 Mar 2026, 14:05 UTC".to_owned(),
            state: words.text(state),
            error: words.text(error),
            can_open,
        };
        Self {
            shell: Shell::sample(words),
            is_sent: false,
            rows: vec![
                row("Code to sign in", "Kept", "", true),
                row("New device", "Given up", "550 no such user", false),
            ],
            next_before: Some(words.text("mal_0195a1b2c3d4")),
            is_later_page: true,
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            rows: Vec::new(),
            is_sent: true,
            next_before: None,
            is_later_page: false,
            ..Self::sample(words)
        }
    }
}

#[cfg(test)]
impl LetterPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let line = |text: &str, is_link| LetterLine {
            text: words.text(text),
            is_link,
        };
        Self {
            shell: Shell::sample(words),
            subject: words.text("Your code for Bellmoor Bakery"),
            from: words.text("Bellmoor Bakery"),
            recipient: words.text("dana.novak@example.com"),
            lines: vec![
                line("Type this code where you began to sign in.", false),
                line("", false),
                line("https://id.bellmoor.example/login/open?token=7Qd", true),
            ],
        }
    }
}
