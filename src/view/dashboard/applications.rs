//! A brand's sites, apps and servers.

use askama::Template;

use super::Shell;
use crate::view::Field;
use crate::view::format::path_segment;

/// `/dashboard/{brand}/sites`.
///
/// Posts `name`, `kind` and `redirect_uris` (one a line) to the same address.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/applications.html")]
pub struct ApplicationsPage {
    /// The frame.
    pub shell: Shell,
    /// The applications, newest first.
    pub applications: Vec<ApplicationRow>,
    /// The client secret of the server application just made, shown this once.
    pub fresh_secret: Option<String>,
    /// The form of a new application.
    pub form: ApplicationForm,
}

/// What an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApplicationKind {
    /// A site or app in which customers sign in: keeps no secret.
    #[default]
    Web,
    /// A server that keeps a secret.
    Server,
}

impl ApplicationKind {
    /// All of them, in the order offered.
    pub const ALL: [Self; 2] = [Self::Web, Self::Server];

    /// The kind for the word that the form posts.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// The word that the form posts.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Server => "server",
        }
    }

    /// The kind in sentence case.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Web => "Site",
            Self::Server => "Server",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Web => "Runs in the browser and keeps no secret. Uses the two pasted lines.",
            Self::Server => "Runs on a server and keeps a secret. Uses standard OpenID Connect.",
        }
    }
}

/// One application.
#[derive(Debug, Clone)]
pub struct ApplicationRow {
    /// The application's id, such as `app_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ApplicationKind,
    /// Its client id, as used in the snippet.
    pub client_id: String,
    /// The exact addresses to which it may be sent back.
    pub redirect_uris: Vec<String>,
    /// What to paste: the two lines of a site, or the issuer and endpoints for a server.
    pub snippet: String,
    /// Where its customers sign in, to try it.
    pub sign_in_href: String,
    /// The page that configures its sign-in element.
    pub configure_href: String,
    /// The day it was made.
    pub created: String,
}

/// A new application.
#[derive(Debug, Clone, Default)]
pub struct ApplicationForm {
    /// Its name.
    pub name: Field,
    /// What it is.
    pub kind: ApplicationKind,
    /// The addresses to which it may be sent back, one a line.
    pub redirect_uris: Field,
}

impl ApplicationsPage {
    fn element_id(row: &ApplicationRow) -> String {
        format!("snippet-{}", path_segment(&row.id))
    }
}

#[cfg(test)]
impl ApplicationsPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        Self {
            shell: Shell::sample(words),
            applications: vec![
                ApplicationRow {
                    id: words.text("app_01"),
                    name: words.text("Bellmoor web shop"),
                    kind: ApplicationKind::Web,
                    client_id: words.text("web"),
                    redirect_uris: vec![words.text("https://bellmoor.example/signed-in")],
                    snippet: words.text(concat!(
                        "<script type=\"module\" src=\"https://id.bellmoor.example/embed.js\"></script>\n",
                        "<befriend-sign-in client-id=\"web\">\n",
                        "  <a href=\"https://id.bellmoor.example/login?client_id=web\">Sign in</a>\n",
                        "</befriend-sign-in>",
                    )),
                    sign_in_href: words.text("/login?client_id=web"),
                    configure_href: words.text("/dashboard/bellmoor/sites/app_01/configure"),
                    created: "14 Sep 2025".to_owned(),
                },
                ApplicationRow {
                    id: words.text("app_02"),
                    name: words.text("Order desk"),
                    kind: ApplicationKind::Server,
                    client_id: words.text("order-desk"),
                    redirect_uris: vec![
                        words.text("https://desk.bellmoor.example/callback"),
                        words.text("http://localhost:3000/callback"),
                    ],
                    snippet: words.text("issuer = https://id.bellmoor.example\nclient_id = order-desk"),
                    sign_in_href: words.text("/login?client_id=order-desk"),
                    configure_href: words.text("/dashboard/bellmoor/sites/app_01/configure"),
                    created: "2 Feb 2026".to_owned(),
                },
            ],
            fresh_secret: Some(words.text("bf_cs_8Jq2mT4vXz0LrYpNwKsEdGhB")),
            form: ApplicationForm {
                name: Field::filled(words.text("Loyalty app")),
                kind: ApplicationKind::Web,
                redirect_uris: Field::refused(
                    words.text("http://loyalty.example/in"),
                    words.text("Line 1: use https, or http://localhost while you develop."),
                ),
            },
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            applications: Vec::new(),
            fresh_secret: None,
            form: ApplicationForm::default(),
            ..Self::sample(words)
        }
    }
}
