//! A brand's API keys.

use askama::Template;

use super::Shell;
use crate::view::Field;
use crate::view::format::path_segment;

/// `/dashboard/{brand}/keys`.
///
/// A new key posts `name`, `kind` and what it may do to the same address; revoking posts to
/// `…/keys/{id}/revoke`.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/keys.html")]
pub struct KeysPage {
    /// The frame.
    pub shell: Shell,
    /// The keys, newest first, revoked ones last.
    pub keys: Vec<KeyRow>,
    /// The key just made, shown this once.
    pub fresh: Option<FreshKey>,
    /// The form of a new key.
    pub form: KeyForm,
}

/// Who may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// May be seen by anyone, and can only send events.
    #[default]
    Browser,
    /// Belongs on a server, and can do everything the API offers.
    Secret,
}

impl KeyKind {
    /// All of them, in the order offered.
    pub const ALL: [Self; 2] = [Self::Browser, Self::Secret];

    /// The kind for the word that the form posts.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// The word that the form posts.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Secret => "secret",
        }
    }

    /// The kind in sentence case.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Browser => "Browser key",
            Self::Secret => "Secret key",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Browser => "Goes into web pages. Can send events and nothing else.",
            Self::Secret => {
                "Stays on your server. Can do everything of this brand, or what you tick below."
            }
        }
    }
}

/// One key.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// The key's id, such as `key_…`.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Who may hold it.
    pub kind: KeyKind,
    /// Its first characters, as in `bf_sec_8Jq2…`.
    pub prefix: String,
    /// The day it was made.
    pub created: String,
    /// What it may do, in plain words.
    pub reach: Vec<String>,
    /// When it was last used, as in `3 minutes ago` or `never`.
    pub last_used: String,
    /// The day it was revoked.
    pub revoked: Option<String>,
}

/// A key just made.
#[derive(Debug, Clone)]
pub struct FreshKey {
    /// What it is for.
    pub name: String,
    /// The whole key.
    pub secret: String,
}

/// A new key.
#[derive(Debug, Clone, Default)]
pub struct KeyForm {
    /// What it is for.
    pub name: Field,
    /// Who may hold it.
    pub kind: KeyKind,
    /// What it may do.
    pub grant: GrantForm,
}

/// What a key may do beyond its kind, as a form.
#[derive(Debug, Clone, Default)]
pub struct GrantForm {
    /// Whether it is limited to the ticked scopes.
    pub is_limited: bool,
    /// The scopes offered.
    pub scopes: Vec<ScopeChoice>,
    /// What is wrong with the choice of scopes.
    pub scopes_fault: Option<String>,
    /// The events it may send, one a line.
    pub events: Field,
    /// Events a second.
    pub rate: Field,
    /// What holds where no number is given, in words.
    pub rate_default: String,
}

/// A scope on offer.
#[derive(Debug, Clone)]
pub struct ScopeChoice {
    /// The word that programs use: `events:write`.
    pub slug: String,
    /// What it allows.
    pub words: String,
    /// Whether it is ticked.
    pub is_chosen: bool,
}

/// `/dashboard/{brand}/keys/{id}`: what one key may do. The form posts to the same address.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/key.html")]
pub struct KeyPage {
    /// The frame.
    pub shell: Shell,
    /// The key's id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Who may hold it.
    pub kind: KeyKind,
    /// What it may do.
    pub grant: GrantForm,
}

impl KeyPage {
    /// A browser key sends events and nothing else.
    fn shows_scopes(&self) -> bool {
        self.kind == KeyKind::Secret
    }

    fn action(&self) -> String {
        format!("{}/{}", self.shell.href("keys"), path_segment(&self.id))
    }
}

#[cfg(test)]
impl GrantForm {
    fn sample(words: crate::view::sample::Words) -> Self {
        let choice = |slug: &str, text: &str, is_chosen| ScopeChoice {
            slug: words.text(slug),
            words: words.text(text),
            is_chosen,
        };
        Self {
            is_limited: true,
            scopes: vec![
                choice("events:write", "Send events", true),
                choice(
                    "profiles:read",
                    "Read customers, where they stand and why",
                    false,
                ),
            ],
            scopes_fault: Some(words.text("Tick at least one.")),
            events: Field::refused(
                words.text("Product *"),
                words.text("A * may only stand at the end, as in Product *."),
            ),
            rate: Field::filled("50"),
            rate_default: words.text("20,000 events a second"),
        }
    }
}

#[cfg(test)]
impl KeyPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            shell: Shell::sample(words),
            id: words.text("key_02"),
            name: words.text("Order desk"),
            kind: KeyKind::Secret,
            grant: GrantForm::sample(words),
        }
    }

    pub(in crate::view) fn sample_browser(words: crate::view::sample::Words) -> Self {
        Self {
            kind: KeyKind::Browser,
            grant: GrantForm::default(),
            ..Self::sample(words)
        }
    }
}

impl KeysPage {
    fn key_href(&self, row: &KeyRow) -> String {
        format!("{}/{}", self.shell.href("keys"), path_segment(&row.id))
    }

    fn revoke_action(&self, row: &KeyRow) -> String {
        format!(
            "{}/{}/revoke",
            self.shell.href("keys"),
            path_segment(&row.id)
        )
    }
}

#[cfg(test)]
impl KeysPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let row =
            |id: &str, name: &str, kind, prefix: &str, used: &str, revoked: Option<&str>| KeyRow {
                id: words.text(id),
                name: words.text(name),
                kind,
                prefix: words.text(prefix),
                reach: vec![
                    words.text("Sends Product * only"),
                    words.text("50 events a second"),
                ],
                created: "14 Sep 2025".to_owned(),
                last_used: used.to_owned(),
                revoked: revoked.map(str::to_owned),
            };
        Self {
            shell: Shell::sample(words),
            keys: vec![
                row(
                    "key_03",
                    "Web shop",
                    KeyKind::Browser,
                    "bf_pub_8Jq2…",
                    "just now",
                    None,
                ),
                row(
                    "key_02",
                    "Order desk",
                    KeyKind::Secret,
                    "bf_sec_v1Xz…",
                    "3 minutes ago",
                    None,
                ),
                row(
                    "key_01",
                    "First try",
                    KeyKind::Secret,
                    "bf_sec_Ls9w…",
                    "never",
                    Some("2 Feb 2026"),
                ),
            ],
            fresh: Some(FreshKey {
                name: words.text("Order desk"),
                secret: words.text("bf_sec_v1XzmT4vXz0LrYpNwKsEdGhB8Jq2"),
            }),
            form: KeyForm {
                name: Field::refused("", words.text("Give it a name, so that you know it later.")),
                kind: KeyKind::Secret,
                grant: GrantForm::sample(words),
            },
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            keys: Vec::new(),
            fresh: None,
            form: KeyForm::default(),
            ..Self::sample(words)
        }
    }
}
