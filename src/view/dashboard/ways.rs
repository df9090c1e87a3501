//! A brand's ways in that need no provider.

use askama::Template;

use super::Shell;

/// `/dashboard/{brand}/ways`. Each is switched by posting to `…/ways/{way}/on` or `…/off`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/ways.html")]
pub struct WaysPage {
    /// The frame.
    pub shell: Shell,
    /// Whether codes by mail are on.
    pub has_mailbox: bool,
    /// Whether people may have passwords.
    pub has_passwords: bool,
    /// Whether mail leaves this server.
    pub sends_mail: bool,
}

impl WaysPage {
    fn action(&self, way: &str, is_on: bool) -> String {
        let state = if is_on { "off" } else { "on" };
        self.shell.href(&format!("ways/{way}/{state}"))
    }
}

#[cfg(test)]
impl WaysPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            shell: Shell::sample(words),
            has_mailbox: true,
            has_passwords: false,
            sends_mail: false,
        }
    }
}
