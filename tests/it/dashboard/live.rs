//! What was not stored is seen, mended and judged again; what was set apart is seen and tried again.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::audited;
use super::pages::{Shop, track};
use crate::harness::Answer;

/// Sends one event to the route of its kind.
async fn send_single(shop: &Shop, key: &str, event: &Value) -> Answer {
    let authorization = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    let headers = [("authorization", authorization.as_str())];
    let body = Body::from(event.to_string());
    let mut sender = shop.test.browser();
    sender.send(Method::POST, "/v1/track", &headers, body).await
}

/// The update after a place, and the next place.
async fn update(shop: &mut Shop, after: &str) -> (Vec<Value>, String) {
    let path = format!("/dashboard/bakery/live.json?after={after}");
    let told = shop.browser.get(&path).await.json();
    let newest = told["newest"].as_str().unwrap().to_owned();
    (told["events"].as_array().unwrap().clone(), newest)
}

async fn place(shop: &mut Shop) -> String {
    let page = shop.see("live").await;
    let start = page.find("data-after=\"").unwrap() + 12;
    page[start..].split('"').next().unwrap().to_owned()
}

async fn stored(shop: &Shop) -> Vec<(String, bool, bool, String)> {
    sqlx::query_as(
        "select message_id, trusted, identifies, to_char(event_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
         from event order by received_at",
    )
    .fetch_all(&shop.test.app.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_refused_event_is_seen_at_once_mended_replayed_and_stored_once() {
    let mut shop = Shop::open().await;
    let after = place(&mut shop).await;
    let bad = json!({
        "userId": "4711", "event": "Order Completed", "timestamp": "yesterday",
        "sentAt": "2026-01-15T11:00:00Z", "properties": { "order_id": "A-1", "total": 31.5 }
    });
    let key = shop.key.clone();

    let answer = send_single(&shop, &key, &bad).await;

    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["docs"], "/docs/errors#time_invalid");
    let (events, _) = update(&mut shop, &after).await;
    assert_eq!(events.len(), 1);
    let row = &events[0];
    assert_eq!(
        (&row["status"], &row["name"]),
        (&json!("rejected"), &json!("Order Completed"))
    );
    assert!(row["reason"].as_str().unwrap().contains("RFC 3339"));
    assert!(row["json"].as_str().unwrap().contains("yesterday"));
    let id = row["replay_id"].as_str().unwrap().to_owned();
    let page = shop.see("live?status=rejected").await;
    assert!(
        page.contains(&format!("live/rejects/{id}/replay")),
        "{page}"
    );

    // As it is it is refused again, and says so.
    let replay = format!("/dashboard/bakery/live/rejects/{id}/replay");
    let again = shop.browser.post_form(&replay, &[]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        again.text().contains("still not stored"),
        "{}",
        again.text()
    );
    assert!(
        shop.see("live")
            .await
            .contains("Replayed: still not stored")
    );
    assert!(stored(&shop).await.is_empty());
    let rejects: i64 = sqlx::query_scalar("select count(*) from reject")
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap();
    assert_eq!(rejects, 1, "a refusal is not listed again for each attempt");

    // Mended later it is judged as if it had come then: by its route, its clock, its key.
    shop.test.clock.advance(TimeDelta::minutes(20));
    let mended = bad.to_string().replace("yesterday", "2026-01-14T08:00:00Z");
    for to in ["live?done=stored".to_owned(), format!("live/rejects/{id}")] {
        let done = shop.browser.post_form(&replay, &[("event", &mended)]).await;
        assert_eq!(
            done.location(),
            format!("/dashboard/bakery/{to}"),
            "{}",
            done.text()
        );
    }
    let expected = (id.clone(), true, true, "2026-01-14 09:00".to_owned());
    assert_eq!(stored(&shop).await, [expected]);
    assert_eq!(audited(&shop.test, "event.replayed").await, 2);
    let edited: Vec<bool> = sqlx::query_scalar(
        "select (detail ->> 'edited')::bool from audit where action = 'event.replayed' order by audit_id",
    )
    .fetch_all(&shop.test.app.pool)
    .await
    .unwrap();
    assert_eq!(edited, [false, true]);
    let page = shop.see(&format!("live/rejects/{id}")).await;
    assert!(
        page.contains("Replayed: stored") && !page.contains("<textarea"),
        "{page}"
    );
    let page = shop.see("live").await;
    assert!(!page.contains(&format!("rejects/{id}/replay")), "{page}");
}

#[tokio::test]
async fn staff_lend_no_trust_to_what_a_browser_sent() {
    let mut shop = Shop::open().await;
    let page = shop.see("keys").await;
    let start = page.find("bf_pub_").unwrap();
    let key = page[start..start + 83].to_owned();
    let bad = json!({ "userId": "4711", "messageId": "m1", "properties": { "total": 1 } });
    assert_eq!(
        send_single(&shop, &key, &bad).await.json()["code"],
        "name_missing"
    );
    let id: uuid::Uuid = sqlx::query_scalar("select reject_id from reject")
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap();
    let path = format!("live/rejects/rej_{}", id.simple());

    // Nor what its key may not send.
    sqlx::query("update api_key set events_allowed = '{Product *}'")
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
    let page = shop.see(&path).await;
    let forbidden = r#"{"userId":"4711","event":"Refund Granted"}"#;
    let refused = format!("/dashboard/bakery/{path}/replay");
    let refused = shop
        .browser
        .post_form(&refused, &[("event", forbidden)])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("may not send") && stored(&shop).await.is_empty());
    let mended = r#"{"userId":"4711","messageId":"m1","event":"Product Viewed"}"#;
    let replay = format!("/dashboard/bakery/{path}/replay");
    let done = shop.browser.post_form(&replay, &[("event", mended)]).await;

    assert!(page.contains("a browser key"), "{page}");
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let told = stored(&shop).await;
    assert_eq!(
        (told[0].0.as_str(), told[0].1, told[0].2),
        ("m1", false, false)
    );
    // Another brand's staff page knows nothing of it.
    let fields = [("name", "Other"), ("slug", "other"), ("colour", "")];
    shop.browser.post_form("/dashboard/brands", &fields).await;
    let foreign = format!("/dashboard/other/{path}");
    assert_eq!(
        shop.browser.get(&foreign).await.status,
        StatusCode::NOT_FOUND
    );
    let foreign = shop
        .browser
        .post_form(&format!("{foreign}/replay"), &[])
        .await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

/// The path of the one event that was not stored.
async fn the_reject(shop: &Shop) -> String {
    let id: uuid::Uuid = sqlx::query_scalar("select reject_id from reject")
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap();
    format!("live/rejects/rej_{}", id.simple())
}

#[tokio::test]
async fn a_refused_cloudevent_is_mended_and_replayed_as_a_cloudevent() {
    let mut shop = Shop::open().await;
    let bad = json!({
        "specversion": "1.0", "id": "A-1", "source": "/shop", "type": "Order Completed",
        "subject": "4711", "time": "yesterday", "data": { "order_id": "A-1", "total": 31.5 },
    });
    let authorization = format!("Basic {}", STANDARD.encode(format!("{}:", shop.key)));
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/cloudevents+json"),
    ];
    let mut sender = shop.test.browser();
    let body = Body::from(bad.to_string());
    let answer = sender
        .send(Method::POST, "/v1/cloudevents", &headers, body)
        .await;
    assert_eq!(answer.json()["code"], "time_invalid");
    assert_eq!(answer.json()["pointer"], "/time");
    let path = the_reject(&shop).await;

    let page = shop.see(&path).await;
    let replay = format!("/dashboard/bakery/{path}/replay");
    let plain = r#"{"type":"track","event":"Order Completed","userId":"4711"}"#;
    let refused = shop.browser.post_form(&replay, &[("event", plain)]).await;
    let mended = bad.to_string().replace("yesterday", "2026-01-14T08:00:00Z");
    let done = shop.browser.post_form(&replay, &[("event", &mended)]).await;

    assert!(
        page.contains("specversion") && page.contains("a CloudEvent in JSON"),
        "{page}"
    );
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("needs specversion"),
        "{}",
        refused.text()
    );
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let expected = (
        "/shop A-1".to_owned(),
        true,
        true,
        "2026-01-14 08:00".to_owned(),
    );
    assert_eq!(stored(&shop).await, [expected]);
}

#[tokio::test]
async fn nothing_is_replayed_of_a_key_that_was_revoked_or_may_send_no_more() {
    let mut shop = Shop::open().await;
    let key = shop.key.clone();
    let bad = json!({ "userId": "4711", "event": "Order Completed", "timestamp": "yesterday" });
    send_single(&shop, &key, &bad).await;
    let path = the_reject(&shop).await;
    let replay = format!("/dashboard/bakery/{path}/replay");
    let mended = bad.to_string().replace("yesterday", "2026-01-14T08:00:00Z");
    let pool = shop.test.app.pool.clone();
    let set = async |sql: &'static str| sqlx::query(sql).execute(&pool).await.unwrap();

    set("update api_key set scopes = '{profiles:read}' where kind = 'secret'").await;
    let lacking = shop.see(&path).await;
    let refused = shop.browser.post_form(&replay, &[("event", &mended)]).await;
    assert!(
        lacking.contains("may not send events any more"),
        "{lacking}"
    );
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    set("update api_key set scopes = null where kind = 'secret'").await;

    let id: uuid::Uuid = sqlx::query_scalar("select key_id from api_key where kind = 'secret'")
        .fetch_one(&pool)
        .await
        .unwrap();
    let revoke = format!("/dashboard/bakery/keys/key_{}/revoke", id.simple());
    assert_eq!(
        shop.browser.post_form(&revoke, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    let page = shop.see(&path).await;
    let revoked = shop.browser.post_form(&replay, &[("event", &mended)]).await;

    assert_eq!(revoked.status, StatusCode::UNPROCESSABLE_ENTITY);
    for told in [&page, &revoked.text()] {
        assert!(told.contains("was revoked on 15 Jan 2026"), "{told}");
        assert!(
            told.contains("It cannot be replayed") && told.contains("readonly"),
            "{told}"
        );
        assert!(!told.contains("Replay this event"), "{told}");
    }
    assert!(stored(&shop).await.is_empty());
    assert_eq!(audited(&shop.test, "event.replayed").await, 2);
}

#[tokio::test]
async fn what_is_committed_late_is_not_stepped_over() {
    let mut shop = Shop::open().await;
    shop.send(&[track("early", "Product Viewed", 1, &json!({}))])
        .await;
    shop.test.clock.advance(TimeDelta::seconds(40));
    shop.send(&[track("newest", "Product Viewed", 1, &json!({}))])
        .await;
    let (events, after) = {
        let after = place(&mut shop).await;
        update(&mut shop, &after).await
    };
    assert_eq!(events.len(), 1, "{events:?}");

    // It came in half a minute before the newest one, and its commit took until now.
    sqlx::query(
        "insert into event select brand_id, 'late', profile_id, kind, name, trusted, identifies, event_time,
             original_time, sent_at, received_at - interval '25 seconds', payload, payload_hash, flags, key_id
         from event where message_id = 'newest'",
    )
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    let (late, next) = update(&mut shop, &after).await;
    let (settled, _) = update(&mut shop, &next).await;

    let ids = |events: &[Value]| -> Vec<String> {
        let mut ids: Vec<String> = events
            .iter()
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&late), ["early", "late", "newest"]);
    assert_eq!(ids(&settled), ["newest"]);
}

#[tokio::test]
async fn a82_what_was_set_apart_is_seen_with_its_reason_and_tried_again() {
    let mut shop = Shop::open().await;
    // An instant that Postgres can hold and this program cannot read.
    sqlx::raw_sql(
        "create function spoil() returns trigger language plpgsql as $$ begin
             if new.name = 'Poison' then new.event_time = 'infinity'; end if; return new; end $$;
         create trigger spoil before insert on event for each row execute function spoil();",
    )
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    let healthy = json!({
        "type": "track", "messageId": "well", "userId": "4712", "event": "Signed Up"
    });
    shop.send(&[track("poison", "Poison", 1, &json!({})), healthy])
        .await;

    let page = shop.see("live").await;
    let start = page.find("live/set-apart/").expect("somebody is set apart");
    let path = page[start..].split('"').next().unwrap().to_owned();
    assert_eq!(page.matches("live/set-apart/").count(), 1, "{page}");
    assert!(page.contains("5 attempts"), "{page}");
    let reason = page.split("<ul class=\"apart\">").nth(1).unwrap();
    let reason = reason
        .split("event-reason\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    assert!(!reason.is_empty());

    sqlx::query("update event set event_time = received_at where name = 'Poison'")
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
    let done = shop
        .browser
        .post_form(&format!("/dashboard/bakery/{path}"), &[])
        .await;
    shop.test.app.projector.drain().await.unwrap();

    assert_eq!(done.location(), "/dashboard/bakery/live?done=retry");
    assert!(!shop.see("live").await.contains("live/set-apart/"));
    assert_eq!(audited(&shop.test, "projection.retried").await, 1);
    let again = shop
        .browser
        .post_form(&format!("/dashboard/bakery/{path}"), &[])
        .await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}
