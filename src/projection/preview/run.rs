//! The walk: everybody's events, folded under the rules in force and under the draft.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};

use super::{PreviewMode, PreviewRequest};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres;
use crate::projection::batch::{self, Loaded};
use crate::projection::event_store::StoredEvent;
use crate::projection::history::{self, Person};
use crate::projection::rulebook::BrandRules;
use crate::projection::timeline::Edition;
use crate::projection::{Error, Projector};
use crate::stage::Schedule;
use crate::stage::simulate::{Preview, Question, Subject, Tally, View, purchases};

/// The rules over time, as they are and as they would be.
struct Plan {
    question: Question,
    present: Schedule,
    draft: Schedule,
    /// The draft, as if it had always held; none if that is what the draft does.
    hindsight: Option<Schedule>,
}

impl Projector {
    /// What the requested rules would make of everybody. `progress` hears how many people each page
    /// had.
    pub async fn preview(
        &self,
        brand_id: BrandId,
        request: &PreviewRequest,
        progress: impl Fn(u64),
    ) -> Result<Preview, Error> {
        let in_force = postgres::tx(&self.pool, async |conn| {
            self.rules_in_force(conn, brand_id).await
        })
        .await?;
        // As a publication is dated: to the microsecond, which is what the database keeps.
        let at = request
            .at
            .unwrap_or_else(|| self.clock.now())
            .trunc_subsecs(6);
        let question = Question::about(at, request.horizon_days);
        let plan = Arc::new(plan(&in_force, request, question));
        let mut whole = Tally::new(question);
        self.for_each_page(
            brand_id,
            |projector, page| {
                let plan = Arc::clone(&plan);
                async move { projector.preview_page(brand_id, page, plan).await }
            },
            |(people, shard): (u64, Tally)| {
                progress(people);
                whole.merge(shard);
            },
        )
        .await?;
        let mut preview = whole.finish();
        preview.warnings.extend(credits_stand(&plan));
        Ok(preview)
    }

    async fn preview_page(
        self,
        brand_id: BrandId,
        page: Vec<ProfileId>,
        plan: Arc<Plan>,
    ) -> Result<(u64, Tally), Error> {
        let at = plan.question.at;
        let loaded = postgres::tx(&self.pool, async |conn| {
            let people = self.people_in(conn, brand_id, &page).await?;
            let people = people.into_iter().map(|person| (person, None)).collect();
            let schedules: Vec<&Schedule> = [&plan.present, &plan.draft]
                .into_iter()
                .chain(&plan.hindsight)
                .collect();
            batch::load_events(conn, brand_id, people, &schedules, Some(at)).await
        })
        .await?;
        let people = u64::try_from(loaded.len()).unwrap_or(u64::MAX);
        let tally = batch::on_a_thread(move || tally(&loaded, &plan)).await?;
        Ok((people, tally))
    }
}

/// The schedules that a publication of the draft at the question's instant leaves and makes.
fn plan(in_force: &BrandRules, request: &PreviewRequest, question: Question) -> Plan {
    let timeline = &in_force.timeline;
    let published = |from: Option<DateTime<Utc>>| {
        let edition = Edition {
            // A draft has no id of its own yet; nothing that is previewed is stored under it.
            rule_set_id: in_force.rule_set_id,
            version: timeline.latest().version + 1,
            from,
            rules: Arc::clone(&request.rules),
        };
        timeline.with(edition).schedule().clone()
    };
    let always = published(None);
    let (draft, hindsight) = match request.mode {
        PreviewMode::History => (always, None),
        PreviewMode::FromNowOn => (published(Some(question.at)), Some(always)),
    };
    Plan {
        question,
        present: timeline.schedule().clone(),
        draft,
        hindsight,
    }
}

/// What people earned by bringing others is worked out across everybody, once rules are in force;
/// a preview takes it as it stands.
fn credits_stand(plan: &Plan) -> Option<String> {
    let at = plan.question.at;
    let (present, draft) = (plan.present.in_force_at(at), plan.draft.in_force_at(at));
    (present.set().referrals != draft.set().referrals).then(|| {
        "What people earned by bringing others is shown as it stands: by the draft's own rules for \
         referrals it is worked out after publishing."
            .to_owned()
    })
}

fn tally(loaded: &Loaded, plan: &Plan) -> Tally {
    let mut tally = Tally::new(plan.question);
    for (person, events) in loaded {
        weigh(person, events, plan, &mut tally);
    }
    tally
}

fn weigh(person: &Person, events: &[StoredEvent], plan: &Plan, tally: &mut Tally) {
    let at = plan.question.at;
    let outcome = |schedule: &Schedule| history::outcome_of(person, events, schedule, at);
    let (present, draft) = (outcome(&plan.present), outcome(&plan.draft));
    let hindsight = plan.hindsight.as_ref().map(outcome);
    let rules = plan.present.in_force_at(at);
    tally.add(&Subject {
        id: &person.profile_id.to_string(),
        known_since: history::earliest([person.known_since(), history::first_identified(events)]),
        first_at: events.iter().map(|event| event.at).min(),
        events: u64::try_from(events.len()).unwrap_or(u64::MAX),
        purchases: &purchases(rules, events.iter().map(history::fact_of)),
        present: View {
            rules,
            outcome: &present,
        },
        draft: View {
            rules: plan.draft.in_force_at(at),
            outcome: &draft,
        },
        hindsight: hindsight.as_ref().unwrap_or(&draft),
    });
}
