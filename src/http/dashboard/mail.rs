//! What was written to customers. Where no mail server is set, staff can open what is kept.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::access::InBrand;
use crate::app::{App, SharedApp};
use crate::http::page::page;
use crate::http::page_error::PageError;
use crate::kernel::id::{MailId, ProfileId};
use crate::mail::store::Listed;
use crate::mail::{Letter, Message, store};
use crate::postgres;
use crate::view::dashboard::{LetterLine, LetterPage, MailPage, MailRow};
use crate::view::format;

/// Mails on one page.
const MAILS: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Shown {
    before: Option<String>,
}

/// `GET /dashboard/{brand}/mail?before=`
pub(super) async fn list(
    State(app): State<SharedApp>,
    within: InBrand,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let (brand_id, now) = (within.brand.brand_id, app.clock.now());
    let before: Option<MailId> = query.before.and_then(|id| id.parse().ok());
    let mut conn = app.pool.acquire().await.map_err(postgres::Error::from)?;
    let mut mails = store::list_mails(&mut conn, brand_id, before, MAILS + 1).await?;
    let is_last = i64::try_from(mails.len()).unwrap_or(i64::MAX) <= MAILS;
    mails.truncate(usize::try_from(MAILS).unwrap_or(usize::MAX));
    let next = mails.last().filter(|_| !is_last);
    let is_sent = app.config.smtp.is_some();
    page(&MailPage {
        shell: within.shell(None),
        is_sent,
        next_before: next.map(|mail| mail.mail_id.to_string()),
        is_later_page: before.is_some(),
        rows: mails.iter().map(|mail| row(mail, is_sent, now)).collect(),
    })
}

fn row(mail: &Listed, is_sent: bool, now: DateTime<Utc>) -> MailRow {
    let is_over = mail.sent_at.is_some() || mail.failed_at.is_some();
    MailRow {
        id: mail.mail_id.to_string(),
        title: Message::title_of_kind(&mail.kind)
            .unwrap_or("Mail")
            .to_owned(),
        recipient: mail.recipient.clone(),
        profile_id: mail
            .profile_id
            .map_or_else(String::new, |id: ProfileId| id.to_string()),
        written: format::date_time(mail.created_at),
        state: state(mail, is_sent, now),
        error: mail.last_error.clone().unwrap_or_default(),
        can_open: !is_sent && !is_over,
    }
}

fn state(mail: &Listed, is_sent: bool, now: DateTime<Utc>) -> String {
    match (mail.sent_at, mail.failed_at) {
        (Some(at), _) => format!("Sent on {}", format::date_time(at)),
        (None, Some(_)) => "Given up".to_owned(),
        (None, None) if mail.expires_at <= now => "Expired".to_owned(),
        (None, None) if !is_sent => "Kept".to_owned(),
        (None, None) if mail.tries == 0 => "Waiting".to_owned(),
        (None, None) => format!(
            "Waiting, tried {}",
            format::plural(u64::from(mail.tries.unsigned_abs()), "time", "times")
        ),
    }
}

/// `POST /dashboard/{brand}/mail/{id}/open`. Not a GET: it is written into the audit record.
pub(super) async fn open(
    State(app): State<SharedApp>,
    within: InBrand,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    // Whoever can read a code can sign in with it: nobody needs to, where it is sent.
    if app.config.smtp.is_some() {
        return Err(PageError::not_found());
    }
    let mail_id: MailId = id.parse().map_err(|_| PageError::not_found())?;
    let (recipient, letter) = read(&app, &within, mail_id).await?;
    let lines = letter.text.lines().map(|line| LetterLine {
        is_link: line.starts_with(&app.config.url("/")) && !line.contains(char::is_whitespace),
        text: line.to_owned(),
    });
    page(&LetterPage {
        shell: within.shell(None),
        lines: lines.collect(),
        subject: letter.subject,
        from: letter.from,
        recipient,
    })
}

/// Opens a letter and writes down who did.
async fn read(app: &App, within: &InBrand, mail_id: MailId) -> Result<(String, Letter), PageError> {
    let brand_id = within.brand.brand_id;
    let change = within.staff.change(app);
    let found = postgres::tx(&app.pool, async |conn| {
        let found = store::find_letter(conn, brand_id, mail_id).await?;
        if found.is_some() {
            let subject = mail_id.to_string();
            change
                .record(conn, brand_id, "mail.opened", subject, json!({}))
                .await?;
        }
        Ok::<_, postgres::Error>(found)
    })
    .await?;
    let (recipient, sealed) = found.ok_or_else(PageError::not_found)?;
    let letter = Letter::open(&app.cipher, brand_id, mail_id, &sealed);
    let letter = letter.map_err(|error| PageError::internal(&error))?;
    Ok((recipient, letter))
}
