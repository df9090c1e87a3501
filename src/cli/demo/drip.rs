//! Life goes on: about one event a second, by people of the demo, so that the live page lives.

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::people;
use super::push::Pusher;
use crate::app::SharedApp;

const PAUSE: Duration = Duration::from_secs(1);

/// Adds events until `stop`. A refusal is logged, not fatal: the service matters more.
pub(super) async fn run(
    pusher: &Pusher,
    people_count: u64,
    app: &SharedApp,
    stop: &CancellationToken,
) {
    if people_count == 0 {
        return;
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        let now = app.clock.now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a random person's number"
        )]
        let number = (app.entropy.unit() * people_count as f64) as u64;
        let Some(last) = people::story(number, now).pop() else {
            continue;
        };
        let mut event = people::passing_act(number, app.entropy.unit());
        let micros = now.timestamp_micros();
        event["messageId"] = json!(format!("demo-drip-{micros}"));
        event["timestamp"] = json!(now.to_rfc3339_opts(SecondsFormat::Millis, true));
        event["anonymousId"] = last["anonymousId"].clone();
        if let Some(user) = last.get("userId") {
            event["userId"] = user.clone();
        }
        if let Err(error) = pusher.push(&mut vec![event]).await {
            tracing::warn!(%error, "the demo's drip missed a beat");
        }
    }
}
