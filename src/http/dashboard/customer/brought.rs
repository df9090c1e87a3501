//! The card of the people somebody brought in.

use crate::http::page_error::PageError;
use crate::insight::{self, Introduction};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::PgConnection;
use crate::referral::roles::{Role, RoleReading};
use crate::stage::Rules;
use crate::view::dashboard::{BroughtCard, BroughtRow, RoleView};
use crate::view::format;

/// People listed on the card; the rest is on the network's page.
const PEOPLE: usize = 8;

pub(super) async fn card(
    conn: &mut PgConnection,
    brand_id: BrandId,
    id: ProfileId,
    rules: &Rules,
) -> Result<BroughtCard, PageError> {
    let limit = i64::try_from(PEOPLE + 1).unwrap_or(i64::MAX);
    let by = insight::find_introduction(conn, brand_id, id).await?;
    let mut people = insight::list_introductions(conn, brand_id, id, limit).await?;
    let has_more = people.len() > PEOPLE;
    people.truncate(PEOPLE);
    let (_, roles) = insight::find_roles(conn, brand_id, id, rules).await?;
    let mut ids: Vec<_> = people.iter().map(|one| one.referee_id.uuid()).collect();
    ids.extend(by.iter().map(|one| one.referrer_id.uuid()));
    let names = insight::list_names(conn, brand_id, &ids).await?;
    let row = |one: &Introduction, other: ProfileId, outcome: String| BroughtRow {
        profile_id: other.to_string(),
        name: names
            .get(&other)
            .cloned()
            .unwrap_or_else(|| other.to_string()),
        way: way(one),
        outcome,
    };
    Ok(BroughtCard {
        by: by.map(|one| row(&one, one.referrer_id, String::new())),
        people: people
            .iter()
            .map(|one| row(one, one.referee_id, outcome(one)))
            .collect(),
        has_more,
        roles: roles.into_iter().map(role).collect(),
    })
}

fn way(one: &Introduction) -> String {
    let on = format::day_of(one.at);
    if one.channel.is_empty() {
        format!("on {on}")
    } else {
        format!("by {} on {on}", one.channel)
    }
}

fn outcome(one: &Introduction) -> String {
    match (one.converted_at, one.clawed_back_at) {
        (None, _) => "has not bought yet".to_owned(),
        (Some(at), None) => format!("became a customer on {}", format::day_of(at)),
        (Some(_), Some(at)) => format!("first order refunded on {}", format::day_of(at)),
    }
}

fn role(reading: RoleReading) -> RoleView {
    let name = match reading.role {
        Role::Participator => "Participator",
        Role::SocialAdvocate => "Social advocate",
        Role::Influencer => "Influencer",
        Role::Prosumer => "Prosumer",
    };
    let evidence = reading.evidence.into_iter();
    RoleView {
        name: name.to_owned(),
        evidence: evidence
            .map(|one| super::super::rules::capitalised(&one.text))
            .collect(),
    }
}
