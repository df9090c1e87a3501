//! How far word of mouth carries, and who carries it.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::access::InBrand;
use crate::app::SharedApp;
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::insight::{self, RefusedClaim, Relative, TopReferrer};
use crate::kernel::id::ProfileId;
use crate::postgres;
use crate::referral::{self, Figures, Refusal};
use crate::view::chart::Percent;
use crate::view::dashboard::{
    FamilyTree, Kin, NetworkFigures, NetworkPage, Outcome, RefusedRow, TopRow,
};
use crate::view::format;

/// People in a tree; larger families are cut.
const TREE_PEOPLE: usize = 60;
/// People in the list of those whose word carries farthest.
const TOP: i64 = 10;
/// Refused claims listed.
const REFUSED: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Shown {
    person: Option<String>,
}

/// `GET /dashboard/{brand}/network?person=`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let (brand_id, now) = (within.brand.brand_id, app.clock.now());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let rules = app.projector.rules_in_force(&mut conn, brand_id).await?;
    let hop_factor = rules.rules.set().referrals.hop_factor;
    let figures = referral::find_figures(&mut conn, brand_id).await?;
    let top = insight::list_top_referrers(&mut conn, brand_id, hop_factor, TOP).await?;
    let refused = insight::list_refused_claims(&mut conn, brand_id, REFUSED).await?;
    let asked = query.person.and_then(|id| id.parse::<ProfileId>().ok());
    let head = asked.or(top.first().map(|first| first.profile_id));
    let limit = i64::try_from(TREE_PEOPLE + 1).unwrap_or(i64::MAX);
    let relatives = match head {
        Some(head) => insight::list_family(&mut conn, brand_id, head, limit).await?,
        None => Vec::new(),
    };
    let ids = everybody(&top, &refused, &relatives);
    let names = Names(insight::list_names(&mut conn, brand_id, &ids).await?);
    drop(conn);
    page(&NetworkPage {
        shell: within.shell(None),
        figures: figures.map(|figures| shown(&figures, now)),
        top: top_rows(&top, &names),
        family: family(relatives, &names),
        refused: refused
            .iter()
            .map(|claim| refused_row(claim, &names))
            .collect(),
    })
}

/// What people are called.
struct Names(HashMap<ProfileId, String>);

impl Names {
    fn of(&self, id: ProfileId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
}

fn everybody(top: &[TopReferrer], refused: &[RefusedClaim], relatives: &[Relative]) -> Vec<Uuid> {
    let top = top.iter().map(|one| one.profile_id);
    let refused = refused
        .iter()
        .flat_map(|claim| std::iter::once(claim.referee_id).chain(claim.referrer_id));
    let relatives = relatives.iter().map(|one| one.profile_id);
    top.chain(refused)
        .chain(relatives)
        .map(ProfileId::uuid)
        .collect()
}

fn shown(figures: &Figures, now: DateTime<Utc>) -> NetworkFigures {
    let known = |figure: Option<f64>, text: &dyn Fn(f64) -> String| {
        figure.map_or_else(|| "not known yet".to_owned(), text)
    };
    let two = |figure: f64| format!("{figure:.2}");
    let days = u64::try_from(figures.window_days).unwrap_or(0);
    NetworkFigures {
        window_days: u32::try_from(figures.window_days).unwrap_or(0),
        k: known(figures.k(), &two),
        k_parts: match (
            figures.invitations_per_customer(),
            figures.conversion_rate(),
        ) {
            (Some(per), Some(rate)) => format!(
                "{per:.2} invitations per customer × {:.0} % of them convert",
                rate * 100.0
            ),
            _ => "no invitation was sent".to_owned(),
        },
        hop_days: known(figures.hop_days_median, &format::score),
        generations: figures.generations.to_string(),
        share_brought: known(figures.share_brought(), &|share| {
            format!("{:.0} %", share * 100.0)
        }),
        computed: format::ago(figures.computed_at, now),
        finding: match figures.k() {
            Some(k) if k > 0.0 => format!(
                "In {} every {:.0} customers brought one more.",
                format::plural(days, "day", "days"),
                1.0 / k
            ),
            _ => format!(
                "In {} nobody brought a customer.",
                format::plural(days, "day", "days")
            ),
        },
    }
}

fn top_rows(top: &[TopReferrer], names: &Names) -> Vec<TopRow> {
    let most = top.first().map_or(1.0, |first| first.reach);
    top.iter()
        .map(|one| TopRow {
            profile_id: one.profile_id.to_string(),
            name: names.of(one.profile_id),
            converted: u64::try_from(one.converted).unwrap_or(0),
            reach: format::score(one.reach),
            length: Percent(if most > 0.0 {
                one.reach / most * 100.0
            } else {
                0.0
            }),
        })
        .collect()
}

/// None for somebody who has brought nobody.
fn family(mut relatives: Vec<Relative>, names: &Names) -> Option<FamilyTree> {
    let has_more = relatives.len() > TREE_PEOPLE;
    relatives.truncate(TREE_PEOPLE);
    if relatives.len() < 2 {
        return None;
    }
    let places: HashMap<ProfileId, usize> = relatives
        .iter()
        .enumerate()
        .map(|(place, one)| (one.profile_id, place))
        .collect();
    let people = relatives
        .iter()
        .map(|one| kin(one, &places, names))
        .collect();
    Some(FamilyTree::new(people, has_more))
}

fn kin(one: &Relative, places: &HashMap<ProfileId, usize>, names: &Names) -> Kin {
    let day = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, format::day_of);
    let outcome = match (one.parent_id, one.converted_at, one.clawed_back_at) {
        (None, _, _) => Outcome::Head,
        (Some(_), None, _) => Outcome::Waiting,
        (Some(_), Some(_), None) => Outcome::Converted,
        (Some(_), Some(_), Some(_)) => Outcome::TakenBack,
    };
    Kin {
        profile_id: one.profile_id.to_string(),
        name: names.of(one.profile_id),
        parent: one.parent_id.and_then(|id| places.get(&id).copied()),
        generation: u32::try_from(one.depth).unwrap_or(0),
        came: day(one.came_at),
        outcome_on: match outcome {
            Outcome::Head | Outcome::Waiting => String::new(),
            Outcome::Converted => day(one.converted_at),
            Outcome::TakenBack => day(one.clawed_back_at),
        },
        outcome,
    }
}

fn refused_row(claim: &RefusedClaim, names: &Names) -> RefusedRow {
    let referrer = claim.referrer_id.unwrap_or(claim.referee_id);
    RefusedRow {
        referee_id: claim.referee_id.to_string(),
        referee: names.of(claim.referee_id),
        referrer_id: referrer.to_string(),
        referrer: names.of(referrer),
        on: format::day_of(claim.at),
        reason: Refusal::parse(&claim.refusal).map_or("", reason).to_owned(),
    }
}

const fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Pending => "Not judged yet",
        Refusal::Unknown => "Nobody is known by the code",
        Refusal::Own => "They would have brought themselves",
        Refusal::Payment => "Both paid by the same means",
        Refusal::Device => "Both used the same device",
        Refusal::Household => "Both live in one household",
        Refusal::Loop => "A loop: they brought whoever is said to have brought them",
        Refusal::DayCap => "More on that day than count",
        Refusal::AlreadyCustomer => "Had ordered before",
        Refusal::AlreadyBrought => "Somebody had brought them before",
    }
}
