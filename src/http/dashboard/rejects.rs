//! One event that was not stored: why, its JSON to mend, and judging it again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::InBrand;
use super::live::{pretty, told};
use crate::app::{App, SharedApp};
use crate::event::intake::RETRY_AFTER_SECONDS;
use crate::event::reject_store::{self, Kept, Replayed};
use crate::event::validate::REJECT_PAYLOAD_LENGTH_MAX;
use crate::event::{self, Judged, Submission, SubmitError, Trust, refusal, replay};
use crate::http::extract::PageForm;
use crate::http::page::{go_to, page, page_with};
use crate::http::page_error::PageError;
use crate::kernel::id::RejectId;
use crate::key;
use crate::key::store::Listed;
use crate::postgres;
use crate::view::dashboard::RejectPage;
use crate::view::{Field, format};

/// A cut event is at least this long: the cut falls before a character.
const CUT_LENGTH_MIN: usize = REJECT_PAYLOAD_LENGTH_MAX - 3;

#[derive(Deserialize)]
pub(super) struct Form {
    /// The event as edited; without it, as it was kept.
    event: Option<String>,
}

/// `GET /dashboard/{brand}/live/rejects/{id}`
pub(super) async fn show(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let kept = find(&app, &within, &id).await?;
    let event = Field::filled(editable(&kept));
    let barred = barred(&list_keys(&app, &within).await?, &kept);
    page(&RejectPage {
        barred: barred.unwrap_or_default(),
        ..filled(&within, &kept, event)
    })
}

/// `POST /dashboard/{brand}/live/rejects/{id}/replay`
///
/// Doing it twice stores it once: the event has its own message id, or is given one that is the same
/// each time.
pub(super) async fn replay(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
    PageForm(form): PageForm<Form>,
) -> Result<Response, PageError> {
    let kept = find(&app, &within, &id).await?;
    if is_done(&kept) {
        return Ok(go_to(&within.path(&format!("live/rejects/{id}"))));
    }
    let as_kept = kept.payload.clone().unwrap_or_default();
    let text = form.event.clone().unwrap_or_else(|| as_kept.clone());
    let judged = replay::judge_again(&kept, &text, &app.entropy);
    let (status, detail, message_id) = submit(&app, &within, &kept, judged).await?;
    let replayed = Replayed {
        at: app.clock.now(),
        status: status.to_owned(),
        detail,
    };
    let is_edited = form.event.is_some() && !is_same(&text, &as_kept);
    note(&app, &within, &kept, (&replayed, is_edited, message_id)).await?;
    let kept = Kept {
        replayed: Some(replayed.clone()),
        ..kept
    };
    if is_done(&kept) {
        return Ok(go_to(&within.path("live?done=stored")));
    }
    let error = format!("{}: {}.", told(status), replayed.detail);
    let value = form.event.unwrap_or_else(|| editable(&kept));
    let barred = barred(&list_keys(&app, &within).await?, &kept);
    let shown = RejectPage {
        barred: barred.unwrap_or_default(),
        ..filled(&within, &kept, Field::refused(value, error))
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
}

async fn find(app: &App, within: &InBrand, id: &str) -> Result<Kept, PageError> {
    let reject_id: RejectId = id.parse().map_err(|_| PageError::not_found())?;
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    reject_store::find_reject(&mut conn, within.brand.brand_id, reject_id)
        .await?
        .filter(|kept| kept.payload.is_some())
        .ok_or_else(PageError::not_found)
}

fn is_done(kept: &Kept) -> bool {
    let status = kept
        .replayed
        .as_ref()
        .map(|replayed| replayed.status.as_str());
    matches!(status, Some("accepted" | "duplicate"))
}

/// Stores what was judged. What is refused still is not put beside the first refusal: that one says
/// what came of it.
async fn submit(
    app: &App,
    within: &InBrand,
    kept: &Kept,
    judged: Judged,
) -> Result<(&'static str, String, Option<String>), PageError> {
    let keys = list_keys(app, within).await?;
    if let Some(reason) = barred(&keys, kept) {
        return Ok(("rejected", reason, None));
    }
    let event = match &judged {
        Judged::Accepted(event) => event,
        Judged::Rejected(rejection) => return Ok(("rejected", rejection.detail.clone(), None)),
    };
    if !may_send(&keys, kept, &event.title()) {
        let detail = "the key that sent it may not send such an event".to_owned();
        return Ok(("rejected", detail, None));
    }
    let submission = Submission {
        sender: replay::sender(kept, within.brand.brand_id),
        items: vec![judged],
    };
    let verdicts = app.intake.submit(submission).await.map_err(|error| {
        match error {
            SubmitError::Failed(_) => return PageError::internal(&error),
            SubmitError::Busy | SubmitError::Unavailable => {}
        }
        PageError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "That event could not be stored just now",
            "Too much waits to be stored, or the database cannot be reached. Try again in a moment.",
        )
        .retry_after(RETRY_AFTER_SECONDS)
    })?;
    let verdict = verdicts
        .into_iter()
        .next()
        .ok_or_else(PageError::not_found)?;
    let (status, detail) = replay::told(&verdict.outcome);
    Ok((status, detail, verdict.message_id))
}

/// The brand's keys as they are now: an event is believed as much as its key is today.
async fn list_keys(app: &App, within: &InBrand) -> Result<Vec<Listed>, PageError> {
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    Ok(key::store::list_keys(&mut conn, within.brand.brand_id).await?)
}

/// Why nothing of the key that an event came by is taken any more, if that is so.
fn barred(keys: &[Listed], kept: &Kept) -> Option<String> {
    let key_id = kept.key_id?;
    let Some(key) = keys.iter().find(|key| key.key_id == key_id) else {
        return Some("the key that sent it is gone, so nobody answers for it".to_owned());
    };
    if let Some(at) = key.revoked_at {
        return Some(format!(
            "the key that sent it was revoked on {}, so nothing of it is believed: send the event \
             again with a key that is in force",
            format::day_of(at)
        ));
    }
    let is_secret = kept.trust == Trust::Trusted;
    (is_secret && !key.grant.scopes.has(key::Scope::EventsWrite))
        .then(|| "the key that sent it may not send events any more".to_owned())
}

/// Whether the key that an event came by may send it: what staff edited gives a key no more than it
/// has.
fn may_send(keys: &[Listed], kept: &Kept, title: &str) -> bool {
    let key = keys.iter().find(|key| Some(key.key_id) == kept.key_id);
    key.is_none_or(|key| key.grant.events.allows(title))
}

async fn note(
    app: &App,
    within: &InBrand,
    kept: &Kept,
    (replayed, is_edited, message_id): (&Replayed, bool, Option<String>),
) -> Result<(), PageError> {
    let (brand_id, reject_id) = (within.brand.brand_id, kept.reject_id);
    let change = within.staff.change(app);
    let detail = json!({
        "status": replayed.status, "edited": is_edited, "message_id": message_id,
        "key_id": kept.key_id,
    });
    postgres::tx(&app.pool, async |conn| {
        reject_store::update_replayed(conn, brand_id, reject_id, replayed).await?;
        let subject = reject_id.to_string();
        change
            .record(conn, brand_id, "event.replayed", subject, detail.clone())
            .await
    })
    .await?;
    Ok(())
}

/// Whether two texts are the same JSON, however it is laid out.
fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    match (read(one), read(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.lines().eq(other.lines()),
    }
}

/// The event as it is offered to be edited. Laying it out would hide which key stands there twice.
fn editable(kept: &Kept) -> String {
    let payload = kept.payload.as_deref().unwrap_or_default();
    if kept.code == "duplicate_key" {
        payload.to_owned()
    } else {
        pretty(payload)
    }
}

fn filled(within: &InBrand, kept: &Kept, event: Field) -> RejectPage {
    let name = [&kept.name, &kept.message_id]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty());
    let length = kept.payload.as_ref().map_or(0, String::len);
    RejectPage {
        shell: within.shell(None),
        id: kept.reject_id.to_string(),
        name: name.cloned().unwrap_or_else(|| "An event".to_owned()),
        code: kept.code.clone(),
        detail: kept.detail.clone(),
        docs: refusal::docs(&kept.code),
        received: format::date_time(kept.received_at),
        message_id: kept.message_id.clone().unwrap_or_default(),
        sender: sender(kept),
        is_cut: length >= CUT_LENGTH_MIN,
        replayed: replayed(kept),
        is_done: is_done(kept),
        barred: String::new(),
        is_cloud: kept.form == event::Form::Cloud,
        event,
    }
}

fn sender(kept: &Kept) -> String {
    let kind = match kept.trust {
        Trust::Trusted => "a secret key",
        Trust::Browser => "a browser key",
    };
    match (&kept.key_name, kept.key_id) {
        (Some(name), _) => format!("{name}, {kind}"),
        (None, Some(_)) => "a key that is gone".to_owned(),
        (None, None) => "an import".to_owned(),
    }
}

fn replayed(kept: &Kept) -> String {
    let Some(replayed) = &kept.replayed else {
        return String::new();
    };
    let (told, day) = (told(&replayed.status), format::date_time(replayed.at));
    if replayed.detail.is_empty() {
        format!("{told}, on {day}.")
    } else {
        format!("{told}, on {day}: {}.", replayed.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laying_json_out_does_not_change_it() {
        assert!(is_same(r#"{"a":1}"#, "{\r\n  \"a\": 1\r\n}"));
        assert!(is_same("{\"a\":\r\n", "{\"a\":\n"));
        assert!(!is_same(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!is_same("{\"a\":", "{\"b\":"));
    }
}
