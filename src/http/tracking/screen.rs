//! What of an event is the key's and the installation's to allow, once the event itself is judged.

use crate::app::App;
use crate::event::validate::EVENT_LENGTH_WARNED;
use crate::event::{Event, Judged};
use crate::http::tracking::admit::sender;
use crate::key::Key;

/// Refuses what the key may not send, and what is too large where that is not merely flagged; flags
/// acts whose names are more than a brand may have.
pub(in crate::http) async fn screen(app: &App, key: &Key, items: &mut [Judged]) {
    for item in &mut *items {
        let Judged::Accepted(event) = item else {
            continue;
        };
        if let Some((code, detail)) = fault(app, key, event) {
            *item = Judged::Rejected(Box::new(event.reject(code, "", detail)));
        }
    }
    let now = app.clock.now();
    app.event_names
        .mark(&app.pool, &sender(key), items, now)
        .await;
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
