//! What the draft would make of everybody.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::desk::Desk;
use crate::app::{App, SharedApp};
use crate::http::dashboard::access::InBrand;
use crate::http::dashboard::customer;
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::insight;
use crate::kernel::id::ProfileId;
use crate::postgres;
use crate::projection::preview::{PreviewMode, PreviewRequest, PreviewStatus, StoredPreview};
use crate::stage::simulate::{Earned, Preview, Sample};
use crate::stage::{Rules, Stage};
use crate::view::dashboard::{
    EarnedRow, MatrixCell, MatrixRow, PreviewState, PreviewView, PublishForm, RulesPreviewPage,
    SampleRow,
};
use crate::view::{Field, Notice, StageTag, format};

#[derive(Deserialize)]
pub(in crate::http::dashboard) struct Form {
    #[serde(default)]
    mode: String,
}

/// `GET /dashboard/{brand}/rules/preview`
pub(in crate::http::dashboard) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    match filled(&app, &within, &desk, Field::empty()).await? {
        Some(shown) => page(&shown),
        None => Ok(go_to(&within.path("rules/draft/text"))),
    }
}

/// `POST /dashboard/{brand}/rules/preview`
pub(in crate::http::dashboard) async fn start(
    State(app): State<SharedApp>,
    within: InBrand,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let desk = Desk::load(&app, &within).await?;
    let Some(rules) = drafted(&desk) else {
        return Ok(go_to(&within.path("rules/draft/text")));
    };
    let mode = PreviewMode::parse(&form.mode).unwrap_or(PreviewMode::FromNowOn);
    let request = PreviewRequest::new(Arc::new(rules), mode);
    app.projector.start_preview(desk.brand_id, request).await?;
    Ok(go_to(&within.path("rules/preview")))
}

fn drafted(desk: &Desk) -> Option<Rules> {
    let set = match desk.draft {
        Some(_) => desk.drafted()?,
        None => desk.latest.clone(),
    };
    Rules::new(set).ok()
}

/// The page; nothing where the draft cannot be read. A note is shown as typed, with what is wrong.
pub(super) async fn filled(
    app: &App,
    within: &InBrand,
    desk: &Desk,
    note: Field,
) -> Result<Option<RulesPreviewPage>, PageError> {
    let Some(rules) = drafted(desk) else {
        return Ok(None);
    };
    let stored = app.projector.latest_preview(desk.brand_id).await?;
    let about = |one: &StoredPreview| one.is_about(&rules, one.base_version, one.mode);
    let stored = stored.filter(|one| about(one));
    let is_history = stored
        .as_ref()
        .is_some_and(|one| one.mode == PreviewMode::History);
    let state = match stored {
        Some(stored) => state(app, within, stored).await?,
        None => PreviewState::None,
    };
    Ok(Some(RulesPreviewPage {
        shell: within.shell(None::<Notice>),
        stale: desk.stale(),
        changes: desk.changes(rules.set()),
        state,
        form: PublishForm {
            base: desk.base(),
            seen: desk.seen(),
            note,
            to_history: is_history,
        },
    }))
}

async fn state(
    app: &App,
    within: &InBrand,
    stored: StoredPreview,
) -> Result<PreviewState, PageError> {
    let mode = stored.mode;
    Ok(match stored.status {
        PreviewStatus::Running => running(stored.done, stored.people),
        PreviewStatus::Failed { error } => PreviewState::Failed(super::capitalised(&error)),
        PreviewStatus::Stopped => {
            let why = "Befriend was started anew while it ran. Start it again.";
            PreviewState::Failed(why.to_owned())
        }
        PreviewStatus::Done { result } => {
            let samples = samples(app, within, &result.samples).await?;
            PreviewState::Done(Box::new(found(&result, mode, samples)))
        }
    })
}

fn running(done: u64, people: Option<u64>) -> PreviewState {
    let all = people.unwrap_or(0);
    let so_far = match people {
        Some(people) => format!(
            "{} of {}",
            format::count(done),
            format::plural(people, "person", "people")
        ),
        None => "Counting people".to_owned(),
    };
    PreviewState::Running {
        so_far,
        percent: (done * 100).checked_div(all).unwrap_or(0).min(100),
    }
}

/// Names are looked up when they are shown: a stored preview has none.
async fn samples(
    app: &App,
    within: &InBrand,
    samples: &[Sample],
) -> Result<Vec<SampleRow>, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let mut rows = Vec::with_capacity(samples.len());
    for sample in samples {
        let Ok(profile_id) = sample.profile_id.parse::<ProfileId>() else {
            continue;
        };
        let brand_id = within.brand.brand_id;
        // Whoever was erased since is not named.
        if let Some(who) = insight::find_customer(&mut conn, brand_id, profile_id).await? {
            rows.push(SampleRow {
                href: within.path(&format!("customers/{profile_id}")),
                name: customer::name(&who),
                from: StageTag::from(sample.from),
                to: StageTag::from(sample.to),
                reason: sample.reason.clone(),
            });
        }
    }
    Ok(rows)
}

fn found(preview: &Preview, mode: PreviewMode, samples: Vec<SampleRow>) -> PreviewView {
    let people = format::plural(preview.people, "person", "people");
    let finding = match preview.moved {
        0 => format!("None of {people} would stand elsewhere."),
        moved => format!(
            "{} of {people} would stand elsewhere.",
            format::count(moved)
        ),
    };
    PreviewView {
        finding,
        looked_at: format!("Looked at on {}.", format::date_time(preview.at)),
        is_history: mode == PreviewMode::History,
        matrix: Stage::ALL
            .into_iter()
            .map(|from| row(preview, from))
            .collect(),
        after: Stage::ALL
            .into_iter()
            .map(|stage| format::count(preview.after(stage)))
            .collect(),
        samples,
        flip_flops: format!(
            "{} under the rules that hold, {} had the draft always held",
            format::count(preview.present.flip_flops),
            format::count(preview.draft.flip_flops)
        ),
        earned: Stage::ALL
            .into_iter()
            .map(|stage| earned(preview, stage))
            .collect(),
        earned_when: format!(
            "Counted over {} days after {}{}.",
            preview.horizon_days,
            format::day_of(preview.reference),
            preview
                .currency
                .as_ref()
                .map_or_else(String::new, |currency| format!(", in {currency}")),
        ),
        warnings: preview.warnings.clone(),
    }
}

fn row(preview: &Preview, from: Stage) -> MatrixRow {
    let cells = Stage::ALL.into_iter().map(|to| {
        let people = preview.count(from, to);
        MatrixCell {
            people: format::count(people),
            kind: match (people, to.cmp(&from)) {
                (0, _) => "none",
                (_, std::cmp::Ordering::Equal) => "stay",
                (_, std::cmp::Ordering::Greater) => "warm",
                (_, std::cmp::Ordering::Less) => "cool",
            },
        }
    });
    MatrixRow {
        from: StageTag::from(from),
        cells: cells.collect(),
        before: format::count(preview.before(from)),
    }
}

fn earned(preview: &Preview, stage: Stage) -> EarnedRow {
    let pair = |text: &dyn Fn(&Earned) -> String| {
        let index = usize::from(stage.rank());
        [&preview.present, &preview.draft].map(|course| text(&course.earned[index]))
    };
    let share = [&preview.present, &preview.draft]
        .map(|course| format!("{:.0} %", course.revenue_share(stage) * 100.0));
    EarnedRow {
        stage: StageTag::from(stage),
        people: pair(&|earned| format::count(earned.people)),
        again: pair(&|earned| format::share(earned.bought_again, earned.people)),
        per_head: pair(&|earned| format!("{:.2}", earned.revenue_per_head())),
        share,
    }
}
