//! One connection: its callback address, its settings, and a trial.

use askama::Template;

use super::{ConnectionForm, ConnectionRow, Shell};
use crate::view::format::path_segment;

/// `/dashboard/{brand}/providers/{slug}`.
///
/// Changed settings are posted to the same address, a trial to `…/test`, and the switch to
/// `…/enable` or `…/disable`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/provider.html")]
pub struct ProviderPage {
    /// The frame.
    pub shell: Shell,
    /// The connection.
    pub row: ConnectionRow,
    /// Its settings; none where there is nothing to set.
    pub form: Option<ConnectionForm>,
    /// What came of the last trial, if one was just made.
    pub trial: Option<TrialResult>,
    /// Whether it can be tried out.
    pub can_try: bool,
}

/// What came of a trial.
#[derive(Debug, Clone)]
pub enum TrialResult {
    /// The provider said this.
    Claims {
        /// In Befriend's own form.
        rows: Vec<ClaimRow>,
        /// As the provider wrote it, indented.
        raw: String,
    },
    /// It leads nowhere.
    Failed {
        /// A stable word.
        code: String,
        /// What happened, a sentence without its full stop.
        text: String,
    },
}

/// A claim in Befriend's own form.
#[derive(Debug, Clone)]
pub struct ClaimRow {
    /// Its name.
    pub name: String,
    /// What it says.
    pub value: String,
}

impl ProviderPage {
    fn action(&self, what: &str) -> String {
        let slug = path_segment(&self.row.slug);
        format!("{}/{slug}{what}", self.shell.href("providers"))
    }

    fn switch(&self) -> String {
        self.action(if self.row.enabled {
            "/disable"
        } else {
            "/enable"
        })
    }
}

#[cfg(test)]
impl ProviderPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let claim = |name: &str, value: &str| ClaimRow {
            name: words.text(name),
            value: words.text(value),
        };
        Self {
            shell: Shell::sample(words),
            row: ConnectionRow {
                slug: words.text("apple"),
                provider_key: words.text("apple"),
                label: words.text("Apple"),
                enabled: true,
                is_test: false,
                client_id: words.text("example.bellmoor.web"),
                callback_url: words
                    .text("https://id.bellmoor.example/login/callback/bellmoor/apple"),
                identities: "1,204".to_owned(),
            },
            form: Some(ConnectionForm::sample(words, false)),
            trial: Some(TrialResult::Claims {
                rows: vec![
                    claim("Account", "000792.d71059495fa24644.0638"),
                    claim("Email address, verified", "ada@example.com"),
                ],
                raw: words.text("{\n  \"sub\": \"000792\"\n}"),
            }),
            can_try: true,
        }
    }

    pub(in crate::view) fn sample_failed(words: crate::view::sample::Words) -> Self {
        Self {
            trial: Some(TrialResult::Failed {
                code: words.text("denied"),
                text: words.text("the provider refused the code: invalid_client"),
            }),
            ..Self::sample(words)
        }
    }
}
