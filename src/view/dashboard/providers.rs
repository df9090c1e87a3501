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
    /// The providers that can be added, by category, in the order offered.
    pub groups: Vec<ProviderGroup>,
    /// What was searched for; empty for all.
    pub query: String,
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
    pub(super) fn letter(&self) -> char {
        crate::view::provider::first_letter(&self.label)
    }
}

/// Providers that are looked for together.
#[derive(Debug, Clone)]
pub struct ProviderGroup {
    /// What they have in common.
    pub label: String,
    /// The providers.
    pub kinds: Vec<ProviderKind>,
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

/// The settings of a connection, new or not.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a part of the form that is there or not"
)]
#[derive(Debug, Clone, Default)]
pub struct ConnectionForm {
    /// Whether it is still to be made: then it has a short name to choose.
    pub is_new: bool,
    /// What the provider calls the client id.
    pub client_id_label: String,
    /// What the provider calls the client secret.
    pub client_secret_label: String,
    /// What to say of the secret.
    pub client_secret_hint: String,
    /// Whether the secret is a key of several lines.
    pub secret_is_key: bool,
    /// Apple's team; asked for only where `asks_team`.
    pub team_id: Field,
    /// Apple's key.
    pub key_id: Field,
    /// Whether the provider asks for team and key.
    pub asks_team: bool,
    /// Client ids of the brand's own apps, one a line; asked for only where `takes_tokens`.
    pub audiences: Field,
    /// Whether apps may hand over the provider's ID tokens.
    pub takes_tokens: bool,
    /// Domains that are believed, one a line.
    pub trusted_domains: Field,
    /// What to do at the provider beside registering the address and copying id and secret.
    pub steps: Vec<String>,
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
    /// Whether an issuer may be given.
    pub asks_issuer: bool,
    /// What to say of the issuer.
    pub issuer_hint: String,
    /// The address to register with the provider, for the slug offered.
    pub callback_url: String,
    /// Where the provider hands out client ids.
    pub console_url: Option<String>,
}

impl ProvidersPage {
    fn row_href(&self, row: &ConnectionRow) -> String {
        let slug = path_segment(&row.slug);
        format!("{}/{slug}", self.shell.href("providers"))
    }

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
}

#[cfg(test)]
impl ConnectionForm {
    pub(in crate::view) fn sample(words: crate::view::sample::Words, is_new: bool) -> Self {
        Self {
            is_new,
            kind: words.text("apple"),
            kind_label: words.text("Apple"),
            label: Field::filled(words.text("Company account")),
            slug: Field::filled(words.text("company")),
            client_id: Field::filled(words.text("befriend")),
            client_id_label: words.text("Services ID"),
            client_secret_label: words.text("Private key (.p8)"),
            client_secret_hint: words.text("Stored encrypted, and never shown again."),
            client_secret_error: is_new.then(|| words.text("Paste the secret again.")),
            secret_is_key: is_new,
            issuer: Field::refused(
                words.text("http://login.example"),
                words.text("An issuer starts with https://."),
            ),
            asks_issuer: true,
            issuer_hint: words.text("Starts with https://."),
            team_id: Field::filled(words.text("TEAM123456")),
            key_id: Field::refused(words.text("KEY"), words.text("Ten letters and digits.")),
            asks_team: true,
            audiences: Field::filled(words.text("example.bellmoor.ios")),
            takes_tokens: true,
            trusted_domains: Field::filled(words.text("bellmoor.example")),
            steps: vec![words.text("Create a Services ID with Sign in with Apple.")],
            callback_url: words.text("https://id.bellmoor.example/callback/company"),
            console_url: Some(words.text("https://login.example/console")),
        }
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
            query: words.text("o"),
            groups: [
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
            .chunks(4)
            .map(|kinds| ProviderGroup {
                label: words.text("Everyday accounts"),
                kinds: kinds.to_vec(),
            })
            .collect(),
            form: Some(ConnectionForm::sample(words, true)),
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
