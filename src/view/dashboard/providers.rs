//! A brand's ways in: its connections to social providers.

use askama::Template;

use super::Shell;
use crate::view::Field;
use crate::view::format::path_segment;

/// `/dashboard/{brand}/providers?kind=`.
///
/// A new connection posts `kind`, `label`, `slug`, `client_id`, `client_secret` and `issuer` to the
/// same address; a connection is switched by posting to `…/providers/{slug}/enable` or
/// `…/providers/{slug}/disable`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/providers.html")]
pub struct ProvidersPage {
    /// The frame.
    pub shell: Shell,
    /// The connections, in the order in which customers see them.
    pub connections: Vec<ConnectionRow>,
    /// The providers that can be added, in the order offered.
    pub kinds: Vec<ProviderKind>,
    /// The form of a new connection; none until a provider was chosen from `kinds`.
    pub form: Option<ConnectionForm>,
}

/// One connection.
#[derive(Debug, Clone)]
pub struct ConnectionRow {
    /// The connection's slug.
    pub slug: String,
    /// The provider's key, for its mark.
    pub provider_key: String,
    /// The name on the button.
    pub label: String,
    /// Whether customers may use it.
    pub enabled: bool,
    /// Whether it is the built-in test provider, which must not be left on in earnest.
    pub is_test: bool,
    /// The client id; empty for the test provider.
    pub client_id: String,
    /// The address to register with the provider.
    pub callback_url: String,
    /// How many identities came through it, as in `1,204`.
    pub identities: String,
}

impl ConnectionRow {
    fn letter(&self) -> char {
        crate::view::provider::first_letter(&self.label)
    }
}

/// A provider that can be added.
#[derive(Debug, Clone)]
pub struct ProviderKind {
    /// The provider's key.
    pub key: String,
    /// The provider's name.
    pub label: String,
}

impl ProviderKind {
    fn letter(&self) -> char {
        crate::view::provider::first_letter(&self.label)
    }
}

/// A new connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionForm {
    /// The chosen provider's key.
    pub kind: String,
    /// The chosen provider's name.
    pub kind_label: String,
    /// The name on the button.
    pub label: Field,
    /// The connection's slug: part of the callback address.
    pub slug: Field,
    /// The client id that the provider gave.
    pub client_id: Field,
    /// What was wrong with the client secret. What was typed is never sent back.
    pub client_secret_error: Option<String>,
    /// The issuer's address; asked for only where `asks_issuer`.
    pub issuer: Field,
    /// Whether the provider is a generic one, whose issuer must be given.
    pub asks_issuer: bool,
    /// The address to register with the provider, for the slug offered.
    pub callback_url: String,
    /// Where the provider hands out client ids.
    pub console_url: Option<String>,
}

impl ProvidersPage {
    fn kind_href(&self, kind: &ProviderKind) -> String {
        format!(
            "{}?kind={}#add",
            self.shell.href("providers"),
            path_segment(&kind.key)
        )
    }

    fn switch_action(&self, row: &ConnectionRow) -> String {
        format!(
            "{}/{}/{}",
            self.shell.href("providers"),
            path_segment(&row.slug),
            if row.enabled { "disable" } else { "enable" }
        )
    }

    fn element_id(row: &ConnectionRow) -> String {
        format!("callback-{}", path_segment(&row.slug))
    }
}

#[cfg(test)]
impl ProvidersPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let row = |slug: &str, label: &str, enabled, is_test, identities: &str| ConnectionRow {
            slug: words.text(slug),
            provider_key: words.text(slug),
            label: words.text(label),
            enabled,
            is_test,
            client_id: if is_test {
                String::new()
            } else {
                words.text("407408718192.apps.example")
            },
            callback_url: words.text(&format!("https://id.bellmoor.example/callback/{slug}")),
            identities: identities.to_owned(),
        };
        Self {
            shell: Shell::sample(words),
            connections: vec![
                row("google", "Google", true, false, "1,204"),
                row("github", "GitHub", false, false, "12"),
                row("test", "Test provider", true, true, "3"),
            ],
            kinds: [
                ("google", "Google"),
                ("apple", "Apple"),
                ("microsoft", "Microsoft"),
                ("facebook", "Facebook"),
                ("github", "GitHub"),
                ("linkedin", "LinkedIn"),
                ("x", "X"),
                ("discord", "Discord"),
                ("oidc", "Any OpenID provider"),
            ]
            .map(|(key, label)| ProviderKind {
                key: words.text(key),
                label: words.text(label),
            })
            .into(),
            form: Some(ConnectionForm {
                kind: words.text("oidc"),
                kind_label: words.text("Any OpenID provider"),
                label: Field::filled(words.text("Company account")),
                slug: Field::filled(words.text("company")),
                client_id: Field::filled(words.text("befriend")),
                client_secret_error: Some(words.text("Paste the secret again.")),
                issuer: Field::refused(
                    words.text("http://login.example"),
                    words.text("An issuer starts with https://."),
                ),
                asks_issuer: true,
                callback_url: words.text("https://id.bellmoor.example/callback/company"),
                console_url: Some(words.text("https://login.example/console")),
            }),
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            connections: Vec::new(),
            form: None,
            ..Self::sample(words)
        }
    }
}
