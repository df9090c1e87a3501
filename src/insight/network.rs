//! The parts people play, from their events and whom they brought.

use serde_json::Value;

use super::network_store::{NamedEvent, find_reach, list_events_named};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{Error, PgConnection};
use crate::referral::roles::{Reach, RoleReading, Word, roles};
use crate::stage::{Fact, Rules, interpret};

/// Acts of advocacy looked at, the latest first: far more than any part asks for.
const EVENTS_MAX: i64 = 500;

/// How far a person's word has carried, and the parts they play, by what counts under `rules`.
pub async fn find_roles(
    conn: &mut PgConnection,
    brand_id: BrandId,
    person: ProfileId,
    rules: &Rules,
) -> Result<(Reach, Vec<RoleReading>), Error> {
    let set = rules.set();
    let reach = find_reach(conn, brand_id, person, set.referrals.hop_factor).await?;
    let names = set.advocacy_events();
    let events = list_events_named(conn, brand_id, person, &names, EVENTS_MAX).await?;
    let words: Vec<Word> = events
        .into_iter()
        .filter_map(|one| word(one, rules))
        .collect();
    Ok((reach, roles(&words, &reach)))
}

fn word(event: NamedEvent, rules: &Rules) -> Option<Word> {
    let properties = event.properties.unwrap_or(Value::Null);
    let kind = {
        let fact = Fact {
            at: event.at,
            source: "",
            message_id: &event.message_id,
            name: &event.name,
            properties: &properties,
            trusted: event.trusted,
            known_after: false,
            brand_initiated: false,
        };
        interpret(rules, &fact).advocacy_kind(rules)?.to_owned()
    };
    Some(Word {
        kind,
        message_id: event.message_id,
        at: event.at,
        properties,
    })
}
