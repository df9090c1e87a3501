//! `POST /api/v1/events`: events for those who want to know at once that all is well.
//!
//! All or nothing, unless `partial=true`: one event that cannot be stored, for whatever reason, and
//! none is. With `wait=stage` the answer waits, for a moment, for what the events make of their
//! people.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::caller::{EventsWrite, require};
use super::page::{self, Query};
use super::{Caller, standing};
use crate::app::{App, SharedApp};
use crate::event::decode::{self, EVENTS_MAX, Malformed};
use crate::event::intake::{Whole, store_whole};
use crate::event::validate::{self, Receipt};
use crate::event::{self, Judged, Kind, Outcome, Submission, SubmitError, Verdict};
use crate::http::problem::{FieldError, Problem};
use crate::http::tracking::{Gate, Refusal, screen, sender, shown};
use crate::kernel::id::{BrandId, ProfileId};
use crate::key::Scope;
use crate::postgres;

/// The longest wait for standings.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The most events of a request that waits for standings.
const WAITED_FOR_MAX: usize = 100;
/// How long a request waits for its turn to store events whole.
const TURN_WAIT_MAX: Duration = Duration::from_secs(2);
/// After so many events a long body lets others have their turn.
const EVENTS_PER_TURN: usize = 64;

/// What the query asks for.
struct Wishes {
    is_partial: bool,
    /// How long to wait for standings, if at all.
    patience: Option<Duration>,
}

impl Wishes {
    fn read(uri: &Uri) -> Result<Self, Problem> {
        let query = Query::read(uri, &["partial", "wait", "wait_ms"])?;
        let patience = match query.value("wait") {
            None => None,
            Some("stage") => Some(WAIT_MAX),
            Some(_) => return Err(page::fault("wait", "unknown_wait", "stage")),
        };
        let patience = match (patience, query.value("wait_ms")) {
            (patience, None) => patience,
            (None, Some(_)) => {
                let detail = "wait_ms is taken together with wait=stage";
                return Err(page::fault("wait_ms", "without_wait", detail));
            }
            (Some(longest), Some(text)) => {
                let asked = text.parse().ok().map(Duration::from_millis);
                let fitting = asked.filter(|asked| *asked <= longest);
                Some(fitting.ok_or_else(|| {
                    let detail = "a whole number of milliseconds from 0 to 5000";
                    page::fault("wait_ms", "out_of_range", detail)
                })?)
            }
        };
        Ok(Self {
            is_partial: query.flag("partial")?,
            patience,
        })
    }
}

/// Takes events.
pub(super) async fn receive(
    State(app): State<SharedApp>,
    Extension(gate): Extension<Arc<Gate>>,
    caller: Caller<EventsWrite>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let wishes = Wishes::read(&uri)?;
    if wishes.patience.is_some() {
        require(&caller.key, Scope::ProfilesRead)?;
    }
    let held = gate.read(&headers, body, true).await?;
    let text = decode::text(&held.bytes);
    let events = Events::find(&headers, &text)?;
    if wishes.patience.is_some() && events.items.len() > WAITED_FOR_MAX {
        let detail = format!("wait=stage is for at most {WAITED_FOR_MAX} events");
        return Err(page::fault("wait", "too_many_to_wait_for", &detail));
    }
    let more = events.items.len().saturating_sub(1);
    app.quotas.charge_key(&caller.key, more, app.clock.now());
    let mut items = judge(&app, &events.items).await;
    screen(&app, &caller.key, &mut items).await;
    let submission = Submission {
        sender: sender(&caller.key),
        items,
    };
    let verdicts = if wishes.is_partial {
        app.intake.submit(submission).await.map_err(problem)?
    } else {
        whole(&app, &gate, submission, events.place).await?
    };
    let told: Vec<Value> = verdicts.iter().map(shown).collect();
    let mut answer = json!({ "verdicts": told });
    if let Some(patience) = wishes.patience {
        let (standings, is_folded) =
            wait_for_standings(&app, caller.brand_id, &verdicts, patience).await?;
        answer["standings"] = json!(standings);
        answer["pending"] = json!(!is_folded);
    }
    Ok(Json(answer))
}

/// Where in the body events stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The body is the event.
    Whole,
    /// In `events`.
    InEvents,
    /// One a line.
    Line,
}

impl Place {
    /// The JSON pointer to a part of an event; for lines, of an array of them.
    fn pointer(self, number: usize, within: &str) -> String {
        match self {
            Self::Whole => within.to_owned(),
            Self::InEvents => format!("/events/{number}{within}"),
            Self::Line => format!("/{number}{within}"),
        }
    }
}

/// The texts of events, not read yet.
struct Events<'a> {
    items: Vec<Cow<'a, str>>,
    place: Place,
}

impl<'a> Events<'a> {
    fn find(headers: &HeaderMap, text: &'a str) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
        let events = if matches!(kind, Some("application/x-ndjson" | "application/ndjson")) {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            Self {
                items: lines.map(Cow::Borrowed).collect(),
                place: Place::Line,
            }
        } else {
            Self::in_object(text)?
        };
        if events.items.len() > EVENTS_MAX {
            return Err(Refusal::from(Malformed::TooManyEvents).into());
        }
        if events.items.is_empty() {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "no_events",
                "send an event, an object with an array of events, or an event a line",
            ));
        }
        Ok(events)
    }

    fn in_object(text: &'a str) -> Result<Self, Problem> {
        let found = decode::events_in(text).map_err(Refusal::from)?;
        Ok(match found {
            None => Self {
                items: vec![Cow::Borrowed(text)],
                place: Place::Whole,
            },
            Some(events) => Self {
                items: events
                    .iter()
                    .map(|raw| Cow::Borrowed(RawValue::get(raw)))
                    .collect(),
                place: Place::InEvents,
            },
        })
    }
}

/// Judges events; one that names no type is a track.
async fn judge(app: &App, texts: &[Cow<'_, str>]) -> Vec<Judged> {
    let receipt = Receipt {
        received_at: app.clock.now(),
        sent_at: None,
        kind: None,
        entropy: &app.entropy,
    };
    let track = Receipt {
        kind: Some(Kind::Track),
        ..receipt
    };
    let mut items = Vec::with_capacity(texts.len());
    for (number, text) in texts.iter().enumerate() {
        if number % EVENTS_PER_TURN == EVENTS_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
        items.push(match validate::judge(text, &receipt) {
            Judged::Rejected(rejection) if rejection.code == "type_missing" => {
                validate::judge(text, &track)
            }
            judged => judged,
        });
    }
    items
}

/// Stores all of it, or says what is wrong with each that cannot be stored.
async fn whole(
    app: &App,
    gate: &Gate,
    submission: Submission,
    place: Place,
) -> Result<Vec<Verdict>, Problem> {
    let turn = timeout(TURN_WAIT_MAX, gate.whole.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(Refusal::busy().into());
    };
    let stored = store_whole(
        &app.pool,
        &app.clock,
        (&app.entropy, &app.hash_key),
        &submission,
    )
    .await
    .map_err(problem)?;
    match stored {
        Whole::Stored(verdicts) => {
            app.projector.wake().poke();
            Ok(verdicts)
        }
        Whole::Refused(faults) => {
            leave_word(app, submission, &faults).await;
            let detail = "nothing was stored; errors says which events cannot be, and why";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let mut problem = Problem::new(status, "invalid_events", detail);
            problem.errors = faults.iter().map(|one| in_body(one, place)).collect();
            Err(problem)
        }
    }
}

fn in_body((number, outcome): &(usize, Outcome), place: Place) -> FieldError {
    match outcome {
        Outcome::Rejected {
            code,
            detail,
            pointer,
        } => FieldError {
            pointer: place.pointer(*number, pointer),
            code,
            detail: detail.clone(),
        },
        Outcome::Conflict | Outcome::Accepted { .. } | Outcome::Duplicate => FieldError {
            pointer: place.pointer(*number, "/messageId"),
            code: "message_id_reused",
            detail: "another event is stored under this message id".to_owned(),
        },
    }
}

/// Keeps the refused events among those that the dashboard shows: whoever looks there finds them.
async fn leave_word(app: &App, submission: Submission, faults: &[(usize, Outcome)]) {
    let sender = submission.sender;
    let mut items: Vec<Option<Judged>> = submission.items.into_iter().map(Some).collect();
    let refused = faults.iter().filter_map(|(number, outcome)| {
        match (items.get_mut(*number)?.take()?, outcome) {
            (judged @ Judged::Rejected(_), _) => Some(judged),
            (
                Judged::Accepted(event),
                Outcome::Rejected {
                    code,
                    detail,
                    pointer,
                },
            ) => Some(Judged::Rejected(Box::new(event.reject(
                code,
                pointer,
                detail.clone(),
            )))),
            (Judged::Accepted(_), _) => None,
        }
    });
    let items: Vec<Judged> = refused.collect();
    if let Err(error) = app.intake.submit(Submission { sender, items }).await {
        tracing::debug!(%error, "refused events are not shown");
    }
}

/// Where the people of these events stand once everything is folded, or after `patience`; and whether
/// everything is.
async fn wait_for_standings(
    app: &SharedApp,
    brand_id: BrandId,
    verdicts: &[Verdict],
    patience: Duration,
) -> Result<(Vec<Value>, bool), Problem> {
    let ids: Vec<&str> = verdicts
        .iter()
        .filter(|verdict| !matches!(verdict.outcome, Outcome::Rejected { .. }))
        .filter_map(|verdict| verdict.message_id.as_deref())
        .collect();
    let subjects = {
        let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
        event::store::list_subjects(&mut conn, brand_id, &ids).await?
    };
    let waited_for: Vec<ProfileId> = subjects
        .iter()
        .flat_map(|(profile_id, person_id)| [*profile_id, *person_id])
        .collect();
    let is_folded = app
        .projector
        .wait_until_folded(brand_id, &waited_for, patience)
        .await?;
    let mut people: Vec<ProfileId> = subjects.into_iter().map(|(_, person)| person).collect();
    people.sort_unstable();
    people.dedup();
    let mut standings = Vec::with_capacity(people.len());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    for person in people {
        let current = app.projector.current(&mut conn, brand_id, person).await?;
        standings.push(standing::told(person, &current));
    }
    Ok((standings, is_folded))
}

fn problem(error: SubmitError) -> Problem {
    Refusal::from(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: &str, text: &str) -> Result<(Vec<String>, Place), &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header"));
        let events = Events::find(&headers, text).map_err(|problem| problem.code)?;
        let items = events.items.into_iter().map(Cow::into_owned).collect();
        Ok((items, events.place))
    }

    #[test]
    fn events_stand_alone_in_an_array_or_a_line_each() {
        let json = "application/json";
        let lines = "application/x-ndjson; charset=utf-8";
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();

        assert_eq!(
            found(json, r#"{"a":1}"#),
            Ok((texts(&[r#"{"a":1}"#]), Place::Whole))
        );
        assert_eq!(
            found(json, r#"{"events":[{"a":1}, {"b":2}]}"#),
            Ok((texts(&[r#"{"a":1}"#, r#"{"b":2}"#]), Place::InEvents))
        );
        assert_eq!(
            found(lines, "{\"a\":1}\r\n\n{\"b\":2}"),
            Ok((texts(&[r#"{"a":1}"#, r#"{"b":2}"#]), Place::Line))
        );
        for (kind, text, code) in [
            (json, "", "invalid_json"),
            (json, "[]", "invalid_json"),
            (json, r#"{"events":[]}"#, "no_events"),
            (json, r#"{"events":7}"#, "no_batch"),
            (json, r#"{"events":[],"events":[]}"#, "duplicate_key"),
            (lines, " \n ", "no_events"),
            (lines, &"{}\n".repeat(EVENTS_MAX + 1), "too_many_events"),
        ] {
            assert_eq!(found(kind, text).err(), Some(code), "{text:.40}");
        }
    }

    #[test]
    fn a_fault_is_pointed_to_in_the_body_as_sent() {
        assert_eq!(Place::Whole.pointer(0, "/event"), "/event");
        assert_eq!(Place::InEvents.pointer(3, "/event"), "/events/3/event");
        assert_eq!(Place::Line.pointer(3, ""), "/3");
    }
}
