//! What of an event is the key's and the installation's to allow, once the event itself is judged.

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::event::validate::EVENT_LENGTH_WARNED;
use crate::event::{Event, Judged};
use crate::http::tracking::VISITOR_QUOTA;
use crate::http::tracking::admit::sender;
use crate::key::{Flood, Key};

/// Refuses what a visitor sends beyond their quota, what the key may not send, and what is too large
/// where that is not merely flagged; flags acts whose names are more than a brand may have.
pub(in crate::http) async fn screen(app: &App, key: &Key, items: &mut [Judged]) {
    let now = app.clock.now();
    for item in &mut *items {
        let Judged::Accepted(event) = item else {
            continue;
        };
        if let Some(flood) = flood(app, key, event, now) {
            let detail = format!(
                "this visitor sent more than {} events at once: what comes from a page pays by the \
                 visitor's own id too",
                app.quotas.visitor_events_per_minute()
            );
            let mut rejection = event.reject(VISITOR_QUOTA, "", detail);
            rejection.is_noted = flood.is_news;
            *item = Judged::Rejected(Box::new(rejection));
        } else if let Some((code, detail)) = fault(app, key, event) {
            *item = Judged::Rejected(Box::new(event.reject(code, "", detail)));
        }
    }
    app.event_names
        .mark(&app.pool, &sender(key), items, now)
        .await;
}

/// Whether the visitor who did this sends too much: who they are to their browser, or else the user id
/// that their page claims.
fn flood(app: &App, key: &Key, event: &Event, now: DateTime<Utc>) -> Option<Flood> {
    let visitor = event.anonymous_id.as_ref().or(event.user_id.as_ref())?;
    app.quotas.take_of_visitor(key, visitor, now).err()
}

fn fault(app: &App, key: &Key, event: &Event) -> Option<(&'static str, String)> {
    let title = event.title();
    if !key.grant.events.allows(&title) {
        let detail = format!("this key may not send {title}: see the list of events on the key");
        return Some(("event_not_allowed", detail));
    }
    if app.config.event_length_strict && event.flags.contains(&"oversize") {
        let detail = format!("an event is at most {EVENT_LENGTH_WARNED} bytes");
        return Some(("event_too_large", detail));
    }
    None
}
