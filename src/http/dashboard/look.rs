//! How a brand shows itself to its customers: words and a logo.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::access::InBrand;
use super::brands::field;
use crate::app::{App, SharedApp};
use crate::audit::{self, Actor};
use crate::brand::look::{ANY_LANGUAGE, AllWords, Words, WordsFaults, read_words};
use crate::brand::{logo, store};
use crate::http::account::brand_mark;
use crate::http::extract::{PageForm, Upload};
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::secret::sha256;
use crate::postgres;
use crate::view::dashboard::{LookPage, WordsForm};
use crate::view::language::Language;

/// How many bytes of a logo's hash are in its name.
const NAME_BYTES: usize = 12;

/// The languages that a brand may write in, by tag, that for any other first.
fn languages() -> Vec<(&'static str, &'static str)> {
    let named = Language::ALL.map(|language| (language.tag(), language.name()));
    [(ANY_LANGUAGE, "Every language")]
        .into_iter()
        .chain(named)
        .collect()
}

/// `GET /dashboard/{brand}/look`
pub(super) async fn show(within: InBrand) -> Result<Response, PageError> {
    let all = read_words(&within.brand.words);
    page(&filled(&within, forms(&all), None))
}

fn forms(all: &AllWords) -> Vec<WordsForm> {
    languages()
        .into_iter()
        .map(|(tag, name)| {
            let words = all.get(tag).cloned().unwrap_or_default();
            form(
                tag,
                name,
                (words.headline, words.line),
                WordsFaults::default(),
            )
        })
        .collect()
}

fn form(
    tag: &str,
    name: &str,
    (headline, line): (String, String),
    faults: WordsFaults,
) -> WordsForm {
    WordsForm {
        tag: tag.to_owned(),
        language: name.to_owned(),
        headline: field(headline, faults.headline),
        line: field(line, faults.line),
    }
}

fn filled(within: &InBrand, words: Vec<WordsForm>, logo_fault: Option<String>) -> LookPage {
    let mark = brand_mark(&within.brand);
    LookPage {
        shell: within.shell(None),
        letter: mark.letter().to_string(),
        logo: mark.logo,
        logo_fault,
        words,
        sign_in_href: format!("/login?brand={}", within.brand.slug),
    }
}

/// `POST /dashboard/{brand}/look`: the words.
pub(super) async fn save_words(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(fields): PageForm<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let typed = |name: String| {
        let found = fields.iter().find(|(field, _)| *field == name);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    let mut kept = AllWords::new();
    let mut forms = Vec::new();
    let mut is_refused = false;
    for (tag, name) in languages() {
        let (headline, line) = (
            typed(format!("headline-{tag}")),
            typed(format!("line-{tag}")),
        );
        let faults = match Words::parse(&headline, &line) {
            Ok(words) => {
                if !words.is_empty() {
                    kept.insert(tag.to_owned(), words);
                }
                WordsFaults::default()
            }
            Err(faults) => {
                is_refused = true;
                faults
            }
        };
        forms.push(form(tag, name, (headline, line), faults));
    }
    if is_refused {
        let page = filled(&within, forms, None);
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let words = json!(kept);
    let brand_id = within.brand.brand_id;
    postgres::tx(&app.pool, async |conn| {
        store::update_words(conn, brand_id, &words).await?;
        note(conn, &app, &within, "brand.words_changed").await
    })
    .await?;
    Ok(go_to(&within.path("look")))
}

/// `POST /dashboard/{brand}/look/logo`
pub(super) async fn save_logo(
    State(app): State<SharedApp>,
    within: InBrand,
    Upload(file): Upload,
) -> Result<Response, PageError> {
    let logo = match logo::clean(&file) {
        Ok(logo) => logo,
        Err(fault) => {
            let words = forms(&read_words(&within.brand.words));
            let page = filled(&within, words, Some(fault.to_string()));
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let digest = sha256(&logo.bytes);
    let digits: Vec<String> = digest[..NAME_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let name = format!("{}.{}", digits.concat(), logo.ending);
    let (brand_id, now) = (within.brand.brand_id, app.clock.now());
    postgres::tx(&app.pool, async |conn| {
        store::upsert_logo(conn, brand_id, &name, &logo, now).await?;
        note(conn, &app, &within, "brand.logo_changed").await
    })
    .await?;
    Ok(go_to(&within.path("look")))
}

/// `POST /dashboard/{brand}/look/logo/remove`
pub(super) async fn remove_logo(
    State(app): State<SharedApp>,
    within: InBrand,
) -> Result<Response, PageError> {
    let brand_id = within.brand.brand_id;
    postgres::tx(&app.pool, async |conn| {
        store::delete_logo(conn, brand_id).await?;
        note(conn, &app, &within, "brand.logo_removed").await
    })
    .await?;
    Ok(go_to(&within.path("look")))
}

async fn note(
    conn: &mut postgres::PgConnection,
    app: &App,
    within: &InBrand,
    action: &'static str,
) -> Result<(), postgres::Error> {
    let brand_id = within.brand.brand_id;
    let entry = audit::Entry {
        actor: Actor::Staff(within.staff.session.staff_id),
        action,
        subject: brand_id.to_string(),
        detail: json!({}),
        at: app.clock.now(),
    };
    audit::store::insert_entry(conn, brand_id, &app.entropy, entry).await
}
