//! The draft in sentences.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::desk::Desk;
use super::edit::{self, Base};
use super::{Shown, words};
use crate::app::{App, SharedApp};
use crate::event;
use crate::http::dashboard::access::InBrand;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::postgres;
use crate::stage::RuleSet;
use crate::stage::ruleset::sentences::{self, Sentences};
use crate::stage::ruleset::{Fault, Preset, Vocabulary, lint};
use crate::view::Notice;
use crate::view::dashboard::{FaultLink, PresetChoice, RulesDraftPage};

/// Of a large brand only so many events are looked at for their names; the rest are taken to be
/// known.
const EVENTS_LOOKED_AT: i64 = 50_000;

type Fields = Vec<(String, String)>;

/// `GET /dashboard/{brand}/rules/draft`
pub(in crate::http::dashboard) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(shown): Query<Shown>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let Some(set) = readable(&desk) else {
        return Ok(go_to(&within.path("rules/draft/text")));
    };
    let warnings = warnings(&app, &desk, &set).await?;
    page(&filled(
        &within,
        &desk,
        &set,
        shown.notice(),
        warnings,
        (&[], &[]),
    ))
}

/// `POST /dashboard/{brand}/rules/draft`
pub(in crate::http::dashboard) async fn save(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(mut fields): PageForm<Fields>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let base = Base::take(&mut fields);
    let Some(set) = readable(&desk) else {
        return Ok(go_to(&within.path("rules/draft/text")));
    };
    if base.is_overtaken(&desk) {
        let shown = filled(
            &within,
            &desk,
            &set,
            Some(edit::overtaken()),
            Vec::new(),
            (&fields, &[]),
        );
        return page_with(StatusCode::CONFLICT, &shown);
    }
    let typed = fields
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    match sentences::change(&set, typed) {
        Ok(changed) => {
            edit::store(&app, &within, &changed.to_yaml(), base.version).await?;
            Ok(go_to(&within.path("rules/draft?done=saved")))
        }
        Err(faults) => {
            let shown = filled(&within, &desk, &set, None, Vec::new(), (&fields, &faults));
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

/// `POST /dashboard/{brand}/rules/draft/preset`
pub(in crate::http::dashboard) async fn begin_with_preset(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(mut fields): PageForm<Fields>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let base = Base::take(&mut fields);
    let slug = fields.iter().find(|(name, _)| name == "preset");
    let preset = slug
        .and_then(|(_, slug)| Preset::from_slug(slug))
        .ok_or_else(PageError::not_found)?;
    if base.is_overtaken(&desk) {
        let set = readable(&desk).unwrap_or_else(|| desk.latest.clone());
        let shown = filled(
            &within,
            &desk,
            &set,
            Some(edit::overtaken()),
            Vec::new(),
            (&[], &[]),
        );
        return page_with(StatusCode::CONFLICT, &shown);
    }
    edit::store(&app, &within, preset.yaml(), base.version).await?;
    Ok(go_to(&within.path("rules/draft?done=preset")))
}

/// `POST /dashboard/{brand}/rules/draft/rebase`
pub(in crate::http::dashboard) async fn rebase(
    State(app): State<SharedApp>,
    within: InBrand,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let Some(draft) = &desk.draft else {
        return Ok(go_to(&within.path("rules")));
    };
    edit::store(&app, &within, &draft.document, desk.version).await?;
    Ok(go_to(&within.path("rules/draft?done=rebased")))
}

/// `POST /dashboard/{brand}/rules/draft/discard`
pub(in crate::http::dashboard) async fn discard(
    State(app): State<SharedApp>,
    within: InBrand,
) -> Result<Response, PageError> {
    let by = within.staff.change(&app).actor;
    app.projector
        .discard_draft(within.brand.brand_id, by)
        .await?;
    Ok(go_to(&within.path("rules?done=discarded")))
}

/// The rules of the draft; those that hold where there is none; nothing for a draft that cannot be
/// read, which only its text can mend.
fn readable(desk: &Desk) -> Option<RuleSet> {
    match &desk.draft {
        Some(_) => desk.drafted(),
        None => Some(desk.latest.clone()),
    }
}

/// The names that the brand's senders use, and those that many use.
pub(super) async fn vocabulary(app: &App, desk: &Desk) -> Result<Vocabulary, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let names = event::store::list_names(&mut conn, desk.brand_id, EVENTS_LOOKED_AT).await?;
    Ok(Vocabulary::standard().and(names))
}

async fn warnings(app: &App, desk: &Desk, set: &RuleSet) -> Result<Vec<String>, PageError> {
    if desk.draft.is_none() {
        return Ok(Vec::new());
    }
    let doubts = lint::doubts(set, &vocabulary(app, desk).await?);
    Ok(doubts
        .into_iter()
        .map(|doubt| super::capitalised(&format!("{}: {}.", doubt.problem, doubt.mend)))
        .collect())
}

fn filled(
    within: &InBrand,
    desk: &Desk,
    set: &RuleSet,
    notice: Option<Notice>,
    warnings: Vec<String>,
    (typed, faults): (&[(String, String)], &[Fault]),
) -> RulesDraftPage {
    let words = Sentences::of(set);
    let has_input = |path: &str| words.slots().any(|slot| slot.path == path);
    RulesDraftPage {
        shell: within.shell(notice),
        base: desk.base(),
        seen: desk.seen(),
        is_saved: desk.draft.is_some(),
        stale: desk.stale(),
        faults: faults
            .iter()
            .map(|fault| FaultLink {
                name: Some(&fault.path)
                    .filter(|path| has_input(path))
                    .cloned()
                    .unwrap_or_default(),
                text: super::capitalised(&format!("{}: {}", fault.problem, fault.mend)),
            })
            .collect(),
        changes: desk.changes(set),
        warnings,
        presets: Preset::ALL.into_iter().map(choice).collect(),
        sections: words::sections(set, &words, typed, faults),
    }
}

fn choice(preset: Preset) -> PresetChoice {
    PresetChoice {
        slug: preset.slug().to_owned(),
        name: super::capitalised(preset.slug()),
        suits: preset.suits().to_owned(),
    }
}
