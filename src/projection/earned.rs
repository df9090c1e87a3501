//! What somebody earned by bringing others, as acts beside the events they sent themselves.
//!
//! The rows are [`crate::referral`]'s; a change of them queues the referrer to be folded anew, so
//! that a fold that is merely continued has them all.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::history::{Folded, Person};
use super::{Error, queue_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::PgConnection;
use crate::referral::{self, Credit, Seen, Subject, Traces};
use crate::stage::ruleset::ReferralRules;
use crate::stage::{Conversion, Fact};

use super::event_store::StoredEvent;

/// A credit, or its being taken back, in the form of an event.
#[derive(Clone, Debug)]
pub(super) struct Told {
    at: DateTime<Utc>,
    message_id: String,
    name: &'static str,
    properties: Value,
}

impl Told {
    pub(super) fn fact(&self) -> Fact<'_> {
        Fact {
            at: self.at,
            source: referral::SOURCE,
            message_id: &self.message_id,
            name: self.name,
            properties: &self.properties,
            trusted: true,
            known_after: false,
            brand_initiated: false,
        }
    }
}

fn told(credit: &Credit) -> impl Iterator<Item = Told> {
    let id = |what: &str| format!("referral:{}:{}:{what}", credit.referee_id, credit.hop);
    let properties = json!({ "referee_id": credit.referee_key, "hop": credit.hop });
    let converted = Told {
        at: credit.converted_at,
        message_id: id("converted"),
        name: referral::CONVERTED,
        properties: properties.clone(),
    };
    let clawed_back = credit.clawed_back_at.map(|at| Told {
        at,
        message_id: id("clawed-back"),
        name: referral::CLAWED_BACK,
        properties,
    });
    std::iter::once(converted).chain(clawed_back)
}

/// Gives each person what they had earned by `until`.
pub(super) async fn load(
    conn: &mut PgConnection,
    brand_id: BrandId,
    people: &mut [&mut Person],
    until: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    let (mut ids, mut places) = (Vec::new(), HashMap::new());
    for (place, person) in people.iter_mut().enumerate() {
        person.earned.clear();
        for member in &person.members {
            ids.push(member.profile_id.uuid());
            places.insert(member.profile_id, place);
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    for credit in referral::list_credits(conn, brand_id, &ids).await? {
        let by_then = told(&credit).filter(|told| until.is_none_or(|until| told.at <= until));
        if let Some(place) = places.get(&credit.referrer_id) {
            people[*place].earned.extend(by_then);
        }
    }
    Ok(())
}

/// What is known of a person's part in referrals once they are folded.
#[derive(Clone, Debug)]
pub(super) struct Part {
    subject: Subject,
    traces: Traces,
}

impl Part {
    pub(super) fn of(
        person: &Person,
        events: &[StoredEvent],
        conversion: Option<Conversion>,
    ) -> Self {
        let mut traces = Traces::default();
        for event in events {
            traces.add(&Seen {
                profile_id: event.profile_id,
                message_id: &event.message_id,
                name: &event.name,
                properties: event.properties.as_ref().unwrap_or(&Value::Null),
                at: event.at,
                trusted: event.trusted,
            });
        }
        let members = person.members.iter().map(|member| member.profile_id);
        Self {
            subject: Subject {
                person: person.profile_id,
                members: members.collect(),
                conversion,
            },
            traces,
        }
    }
}

/// Writes what follows from these folds for who brought whom, and queues everybody else for whom
/// that changes something.
pub(super) async fn settle(
    conn: &mut PgConnection,
    brand_id: BrandId,
    folded: &[Folded],
    rules_at: &(dyn Fn(DateTime<Utc>) -> ReferralRules + Sync),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut traces = Traces::default();
    let mut subjects = Vec::with_capacity(folded.len());
    for one in folded {
        traces.extend(&one.part.traces);
        subjects.push(one.part.subject.clone());
    }
    let again = referral::settle(conn, brand_id, &subjects, &traces, rules_at).await?;
    let judge = again.judge.difference(&again.fold);
    let mut ids: Vec<Uuid> = judge.copied().map(ProfileId::uuid).collect();
    let mut anew = vec![false; ids.len()];
    ids.extend(again.fold.iter().map(|id| id.uuid()));
    anew.resize(ids.len(), true);
    if !ids.is_empty() {
        queue_store::insert_rows(conn, brand_id, &ids, &anew, now).await?;
    }
    Ok(())
}
