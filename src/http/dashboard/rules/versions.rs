//! Versions: what each said, and taking one back.

use axum::extract::{Path, State};
use axum::response::Response;

use super::{desk, words};
use crate::app::{App, SharedApp};
use crate::http::dashboard::access::InBrand;
use crate::http::page::{go_to, page};
use crate::http::page_error::PageError;
use crate::postgres;
use crate::projection::ruleset_store::{self, Version};
use crate::stage::RuleSet;
use crate::stage::ruleset::sentences::Sentences;
use crate::view::dashboard::{RulesTakeBackPage, RulesVersionPage, VersionRow};
use crate::view::format;

/// `GET /dashboard/{brand}/rules/versions/{number}`
pub(in crate::http::dashboard) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, number)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let asked = Asked::load(&app, &within, &number).await?;
    page(&RulesVersionPage {
        shell: within.shell(None),
        changes: match &asked.before {
            Some((_, before)) => desk::changes(before, &asked.set),
            None => Vec::new(),
        },
        sections: words::sections(&asked.set, &Sentences::of(&asked.set), &[], &[]),
        text: asked.set.to_yaml(),
        version: asked.row,
    })
}

/// `GET /dashboard/{brand}/rules/versions/{number}/take-back`
pub(in crate::http::dashboard) async fn ask(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, number)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let asked = Asked::load(&app, &within, &number).await?;
    if !asked.row.can_take_back {
        return Ok(go_to(
            &within.path(&format!("rules/versions/{}", asked.row.number)),
        ));
    }
    let (then, after) = asked.then(&app, &within).await?;
    page(&RulesTakeBackPage {
        shell: within.shell(None),
        changes: desk::changes(&asked.latest, &after),
        version: asked.row,
        then,
    })
}

/// `POST /dashboard/{brand}/rules/versions/{number}/take-back`
pub(in crate::http::dashboard) async fn take_back(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, number)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let number: i32 = number.parse().map_err(|_| PageError::not_found())?;
    let by = within.staff.change(&app).actor;
    app.projector
        .take_back(within.brand.brand_id, number, by)
        .await?;
    Ok(go_to(&within.path("rules?done=taken-back")))
}

/// A version, the one before it and the one that is the latest.
struct Asked {
    row: VersionRow,
    set: RuleSet,
    before: Option<(i32, RuleSet)>,
    latest: RuleSet,
    rows: Vec<VersionRow>,
}

impl Asked {
    async fn load(app: &App, within: &InBrand, number: &str) -> Result<Self, PageError> {
        let number: i32 = number.parse().map_err(|_| PageError::not_found())?;
        let versions = app.projector.list_versions(within.brand.brand_id).await?;
        let rows: Vec<VersionRow> = versions.iter().map(row).collect();
        let found = rows.iter().find(|row| row.number == number).cloned();
        let holding = |row: &&VersionRow| row.taken_back.is_none();
        let before = rows
            .iter()
            .filter(holding)
            .find(|row| row.number < number)
            .map(|row| row.number);
        let latest = rows.iter().find(holding).map_or(number, |row| row.number);
        Ok(Self {
            row: found.ok_or_else(PageError::not_found)?,
            set: document(app, within, number).await?,
            before: match before {
                Some(before) => Some((before, document(app, within, before).await?)),
                None => None,
            },
            latest: document(app, within, latest).await?,
            rows,
        })
    }

    /// The version that is the latest once this one is taken back.
    async fn then(&self, app: &App, within: &InBrand) -> Result<(i32, RuleSet), PageError> {
        let left = self
            .rows
            .iter()
            .find(|row| row.taken_back.is_none() && row.number != self.row.number)
            .ok_or_else(PageError::not_found)?;
        Ok((left.number, document(app, within, left.number).await?))
    }
}

async fn document(app: &App, within: &InBrand, number: i32) -> Result<RuleSet, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let found = ruleset_store::find_version(&mut conn, within.brand.brand_id, number).await?;
    let found = found.ok_or_else(PageError::not_found)?;
    serde_json::from_value(found.document).map_err(|_| PageError::not_found())
}

/// A version as lists show it.
pub(super) fn row(version: &Version) -> VersionRow {
    let by = match (&version.publisher, version.origin.as_str()) {
        (Some(name), _) => name.clone(),
        (None, "default") => "Befriend".to_owned(),
        (None, "key") => "a program".to_owned(),
        (None, _) => "the command line".to_owned(),
    };
    let holds = match version.effective_from {
        Some(from) => format!("from {} on", format::date_time(from)),
        None => "for all history".to_owned(),
    };
    let taken_back = version.withdrawn_at.map(|at| match &version.withdrawer {
        Some(name) => format!("{} by {name}", format::day_of(at)),
        None => format::day_of(at),
    });
    VersionRow {
        number: version.version,
        published: format::day_of(version.published_at),
        by,
        note: version.note.clone(),
        holds,
        can_take_back: taken_back.is_none() && version.version > 1,
        taken_back,
    }
}
