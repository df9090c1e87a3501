//! The sign-in element of a site, tried out: what it may look like, whether it can be read, and the
//! lines to paste.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use url::form_urlencoded;

use super::access::InBrand;
use super::sites::snippet_with;
use crate::app::SharedApp;
use crate::application::{self, Kind};
use crate::federation;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::kernel::id::ApplicationId;
use crate::postgres;
use crate::view::colour::CONTRAST_MIN;
use crate::view::dashboard::{Choice, Configuration, ConfigurePage, Contrast};
use crate::view::{Colour, format};

const LABELS: [(&str, &str); 3] = [
    ("continue", "Continue with …"),
    ("sign-in", "Sign in with …"),
    ("sign-up", "Sign up with …"),
];
const LAYOUTS: [(&str, &str); 3] = [
    ("stack", "One below the other"),
    ("row", "Side by side"),
    ("icons", "Marks alone"),
];
const THEMES: [(&str, &str); 4] = [
    ("auto", "As the page"),
    ("light", "Light"),
    ("dark", "Dark"),
    ("neutral", "The page’s own colours"),
];
const FLOWS: [(&str, &str); 2] = [("redirect", "On this page"), ("popup", "In a window")];

/// The element's own colours, as `assets/embed.js` defines them: text and surface, light and dark.
const LIGHT: (Colour, Colour) = (Colour::new(0x1d, 0x1f, 0x24), Colour::WHITE);
const DARK: (Colour, Colour) = (Colour::new(0xf1, 0xf1, 0xf3), Colour::new(0x23, 0x25, 0x2b));
/// What the neutral theme takes from the page, until somebody says otherwise.
const PAGE: (Colour, Colour) = (Colour::new(0x1d, 0x1f, 0x24), Colour::WHITE);

/// What somebody chose.
struct Chosen {
    pairs: Vec<(String, String)>,
}

impl Chosen {
    fn parse(query: Option<String>) -> Self {
        let query = query.unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        Self {
            pairs: pairs.take(100).collect(),
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// One of `known`, the first where nothing that is known was chosen.
    fn one_of(&self, name: &str, known: &[(&'static str, &'static str)]) -> &'static str {
        known
            .iter()
            .map(|(word, _)| *word)
            .find(|word| self.value(name) == Some(*word))
            .unwrap_or(known[0].0)
    }

    fn colour(&self, name: &str, otherwise: Colour) -> Colour {
        let colour = self.value(name).and_then(|text| text.parse().ok());
        colour.unwrap_or(otherwise)
    }

    /// The providers that were ticked; all where the form was not sent yet.
    fn providers<'c>(&self, all: &'c [(String, String)]) -> Vec<&'c str> {
        let is_sent = self.value("label").is_some();
        let ticked = |key: &str| {
            self.pairs
                .iter()
                .any(|(name, value)| name == "provider" && value == key)
        };
        all.iter()
            .map(|(key, _)| key.as_str())
            .filter(|key| !is_sent || ticked(key))
            .collect()
    }
}

/// `GET /dashboard/{brand}/sites/{id}/configure`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let id: ApplicationId = id.parse().map_err(|_| PageError::not_found())?;
    let brand_id = within.brand.brand_id;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = application::store::find_application(&mut conn, brand_id, id).await?;
    let application = found
        .filter(|application| application.kind == Kind::Browser)
        .ok_or_else(PageError::not_found)?;
    let seen = application::store::find_first_seen(&mut conn, brand_id, id).await?;
    let connections = federation::store::list_connections(&mut conn, brand_id).await?;
    drop(conn);
    let all: Vec<(String, String)> = connections
        .into_iter()
        .filter(|connection| connection.is_enabled && !connection.is_mailbox())
        .map(|connection| (connection.slug, connection.label))
        .collect();
    let chosen = Chosen::parse(query);
    let configuration = configuration(&chosen, &all);
    let attributes = attributes(&configuration, all.len());
    let issuer = app.config.issuer();
    page(&ConfigurePage {
        shell: within.shell(None),
        name: application.name,
        snippet: snippet_with(issuer, &application.client_id, &attributes),
        client_id: application.client_id,
        first_seen: seen.map(format::date_time),
        labels: choices(&LABELS, configuration.label),
        layouts: choices(&LAYOUTS, configuration.layout),
        themes: choices(&THEMES, configuration.theme),
        flows: choices(&FLOWS, configuration.flow),
        providers: all
            .iter()
            .map(|(key, label)| Choice {
                value: key.clone(),
                label: label.clone(),
                chosen: configuration.providers.split(' ').any(|one| one == key),
            })
            .collect(),
        contrasts: contrasts(&configuration),
        configuration,
    })
}

fn configuration(chosen: &Chosen, all: &[(String, String)]) -> Configuration {
    Configuration {
        label: chosen.one_of("label", &LABELS),
        layout: chosen.one_of("layout", &LAYOUTS),
        theme: chosen.one_of("theme", &THEMES),
        flow: chosen.one_of("flow", &FLOWS),
        providers: chosen.providers(all).join(" "),
        ink: chosen.colour("ink", PAGE.0),
        background: chosen.colour("background", PAGE.1),
    }
}

fn choices(known: &[(&'static str, &'static str)], chosen: &str) -> Vec<Choice> {
    known
        .iter()
        .map(|(value, label)| Choice {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
            chosen: *value == chosen,
        })
        .collect()
}

/// What differs from what the element does by itself.
fn attributes(configuration: &Configuration, providers_count: usize) -> String {
    let mut out = String::new();
    for (name, value, usual) in [
        ("label", configuration.label, LABELS[0].0),
        ("layout", configuration.layout, LAYOUTS[0].0),
        ("theme", configuration.theme, THEMES[0].0),
        ("flow", configuration.flow, FLOWS[0].0),
    ] {
        if value != usual {
            out.extend([" ", name, "=\"", value, "\""]);
        }
    }
    let shown = configuration.providers.split_whitespace().count();
    if shown != providers_count {
        out.extend([" providers=\"", &configuration.providers, "\""]);
    }
    out
}

fn contrasts(configuration: &Configuration) -> Vec<Contrast> {
    let of = |place: &str, (ink, surface): (Colour, Colour)| {
        let ratio = ink.contrast(surface);
        Contrast {
            place: place.to_owned(),
            // Cut off, not rounded: 4.49 does not pass.
            ratio: format!("{:.1}", (ratio * 10.0).floor() / 10.0),
            passes: ratio >= CONTRAST_MIN,
        }
    };
    match configuration.theme {
        "light" => vec![of("Buttons", LIGHT)],
        "dark" => vec![of("Buttons", DARK)],
        "neutral" => vec![of(
            "Buttons on your page",
            (configuration.ink, configuration.background),
        )],
        _ => vec![of("Light pages", LIGHT), of("Dark pages", DARK)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(String, String)> {
        [("google", "Google"), ("test", "Test provider")]
            .map(|(key, label)| (key.to_owned(), label.to_owned()))
            .into()
    }

    fn of(query: &str) -> (Configuration, String) {
        let all = all();
        let configuration = configuration(&Chosen::parse(Some(query.to_owned())), &all);
        let attributes = attributes(&configuration, all.len());
        (configuration, attributes)
    }

    #[test]
    fn the_snippet_says_only_what_differs() {
        assert_eq!(of("").1, "");
        let (_, attributes) =
            of("label=sign-up&layout=row&theme=dark&flow=popup&provider=test&provider=nobody");
        assert_eq!(
            attributes,
            " label=\"sign-up\" layout=\"row\" theme=\"dark\" flow=\"popup\" providers=\"test\""
        );
        // Nothing that an address says reaches the snippet by itself.
        let (_, hostile) = of("label=%22%3E%3Cscript%3E&theme=x&provider=google&provider=test");
        assert_eq!(hostile, "");
    }

    #[test]
    fn what_cannot_be_read_is_told_so() {
        for (query, passes) in [
            ("theme=auto", true),
            ("theme=neutral&ink=%23777777&background=%23ffffff", false),
            ("theme=neutral&ink=%23767676&background=%23ffffff", true),
            ("theme=neutral&ink=nonsense", true),
        ] {
            let verdicts = contrasts(&of(query).0);
            assert!(
                verdicts.iter().all(|verdict| verdict.passes == passes),
                "{query}"
            );
        }
    }
}
