//! Taking one's data along, and being forgotten.

use std::collections::BTreeSet;

use befriend::account::{erase_store, erasure};
use befriend::event::Submission;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::provider::Provider;
use super::world::{World, person};
use crate::harness::{Answer, Browser};

async fn ada() -> (World, Provider, Browser) {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut claims = person("ada", "ada@example.com");
    claims["interest"] = "sourdough".into();
    let browser = world.signed_in(&provider, "op", claims).await;
    (world, provider, browser)
}

impl World {
    /// Stores events as a server sends them; gives what became of each.
    async fn track(&self, events: Vec<Value>) -> Vec<String> {
        let app = &self.app.app;
        let now = app.clock.now();
        let submission = Submission::internal(self.brand.brand_id, events, now, &app.entropy);
        let verdicts = app.intake.submit(submission).await.unwrap();
        verdicts
            .into_iter()
            .map(|verdict| format!("{:?}", verdict.outcome))
            .collect()
    }

    async fn forget_due(&self) -> usize {
        let app = &self.app.app;
        erasure::fulfil_due(&app.pool, app.clock.now(), &app.entropy, &app.hash_key)
            .await
            .unwrap()
    }
}

async fn export(browser: &mut Browser) -> Answer {
    browser.post_form("/me/export?brand=bakery", &[]).await
}

async fn delete(browser: &mut Browser) -> Answer {
    browser.post_form("/me/delete?brand=bakery", &[]).await
}

#[tokio::test]
async fn the_export_holds_everything_and_no_secret() {
    let (world, _provider, mut browser) = ada().await;
    let id = world.profile_of("ada").await;
    world.insert_credential(id, "passkey").await;
    let events = (0..1_203)
        .map(|number| {
            json!({
                "type": "track", "event": "Page Read", "userId": id,
                "messageId": format!("read-{number}"), "properties": { "number": number },
            })
        })
        .collect();
    world.track(events).await;

    let answer = export(&mut browser).await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"bakery-2026-01-15.json\""
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let document = answer.json();
    assert_eq!(document["format"], "befriend-export-1");
    let events = document["events"].as_array().unwrap();
    let ids: BTreeSet<&str> = events
        .iter()
        .map(|event| event["message_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), events.len(), "each once");
    // What was tracked, and what Befriend saw: that she signed up.
    assert_eq!(events.len(), 1_204);
    let raw = &document["identities"][0]["raw_claims"];
    assert!(raw.to_string().contains("sourdough"), "{raw}");
    assert_eq!(document["emails"][0]["address"], "ada@example.com");
    assert_eq!(document["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(document["credentials"][0]["kind"], "passkey");
    let text = answer.text();
    for secret in [
        "token_hash",
        "\"data\"",
        "handle",
        "device_hash",
        "undo_hash",
        "\"body\"",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    let noted = "select count(*) from audit where action = 'profile.exported'";
    assert_eq!(world.count(noted).await, 1);
}

/// Every table that says whose a row is appears in the export, or here with a reason.
#[tokio::test]
async fn a_table_about_people_is_exported_and_erased_or_named_here() {
    let (world, _provider, mut browser) = ada().await;
    let tables = world
        .texts(
            "select distinct table_name::text from information_schema.columns
             where table_schema = 'public' and column_name = 'profile_id' order by 1",
        )
        .await;
    let document = export(&mut browser).await.json();
    let source = include_str!("../../../src/account/export_store.rs");
    let is_exported = |table: &str| table == "event" || source.contains(&format!("\"{table}\""));
    assert_eq!(document.as_object().unwrap().len(), 4 + 23 + 1);

    // Codes and tokens live minutes and hold nothing but ids and hashes; so do proofs, and marks are
    // hashes by which fraud is seen. The queue says what is to be worked out, a replay what it found
    // to be worked out wrongly.
    let unexported = [
        "access_token",
        "authorization_code",
        "preference_link",
        "projection_queue",
        "proof",
        "referral_mark",
        "replay_note",
    ];
    // The profile itself is emptied, and that somebody was erased is kept.
    let unerased = ["erasure", "profile"];
    for table in &tables {
        let table = table.as_str();
        assert!(
            is_exported(table) != unexported.contains(&table),
            "{table}: export it, or say why not"
        );
        assert!(
            erase_store::TABLES.contains(&table) != unerased.contains(&table),
            "{table}: erase it, or say why not"
        );
    }
}

#[tokio::test]
async fn a136_only_whoever_proved_it_lately_takes_their_data_or_leaves() {
    let (world, _provider, mut browser) = ada().await;
    let mut stranger = world.browser();
    assert_eq!(export(&mut stranger).await.status, 401);
    assert_eq!(delete(&mut stranger).await.status, 401);
    // Neither an address nor an id names anybody here.
    for path in [
        "/me/export?brand=bakery&email=ada%40example.com",
        "/me/delete?brand=bakery&profile_id=prf_1",
    ] {
        assert_eq!(stranger.post_form(path, &[]).await.status, 401, "{path}");
    }
    let cross = [("sec-fetch-site", "cross-site")];
    let method = axum::http::Method::POST;
    let body = axum::body::Body::empty();
    let forged = browser
        .send(method, "/me/delete?brand=bakery", &cross, body)
        .await;
    assert_eq!(forged.status, 403);

    world.app.clock.advance(TimeDelta::minutes(11));

    for answer in [export(&mut browser).await, delete(&mut browser).await] {
        assert_eq!(answer.status, 303);
        assert!(
            answer
                .location()
                .starts_with("/login?brand=bakery&reauth=1"),
            "{}",
            answer.location()
        );
    }
    assert_eq!(world.count("select count(*) from erasure").await, 0);
}

#[tokio::test]
async fn a136_asking_again_and_again_mails_three_times_a_day() {
    let (world, provider, mut browser) = ada().await;
    for number in 0..4 {
        let answer = delete(&mut browser).await;
        let expected = if number < 3 { 303 } else { 429 };
        assert_eq!(answer.status, expected, "{number}");
        if number == 3 {
            break;
        }
        let ada = person("ada", "ada@example.com");
        browser = world.signed_in(&provider, "op", ada).await;
        let kept = browser.post_form("/me/keep?brand=bakery", &[]).await;
        assert_eq!(kept.location(), "/me?brand=bakery&done=kept");
    }
    assert_eq!(world.letters("erasure_begun").await.len(), 3);
}

#[tokio::test]
async fn who_deletes_is_signed_out_and_may_think_again_for_two_weeks() {
    let (world, provider, mut browser) = ada().await;

    let done = delete(&mut browser).await;

    assert_eq!(done.location(), "/me/deleted?brand=bakery");
    assert_eq!(browser.get("/me/deleted?brand=bakery").await.status, 200);
    assert_eq!(browser.get("/me?brand=bakery").await.status, 401);
    let letters = world.letters("erasure_begun").await;
    assert_eq!(letters.len(), 1);
    let link = world.link_in(&letters[0].1);
    world.app.clock.advance(TimeDelta::days(13));
    assert_eq!(world.forget_due().await, 0);
    let mut anybody = world.browser();
    assert!(
        anybody.get(&link).await.text().contains("Keep my account"),
        "opening the link only asks"
    );
    assert_eq!(anybody.post_form(&link, &[]).await.status, 200);
    assert_eq!(anybody.post_form(&link, &[]).await.status, 404);

    world.app.clock.advance(TimeDelta::days(3));
    assert_eq!(world.forget_due().await, 0);
    let ada = person("ada", "ada@example.com");
    let mut browser = world.signed_in(&provider, "op", ada).await;
    let page = browser.get("/me?brand=bakery").await.text();
    assert!(!page.contains("going to be deleted"), "{page}");
    assert_eq!(world.count("select count(*) from profile").await, 1);
}

#[tokio::test]
async fn a136_who_is_forgotten_leaves_nothing_and_comes_back_as_somebody_new() {
    let (world, provider, mut browser) = ada().await;
    let id = world.profile_of("ada").await;
    let event = |message_id: &str, user: &str| {
        json!({
            "type": "track", "event": "Order Completed", "userId": user,
            "anonymousId": format!("browser-of-{user}"), "messageId": message_id,
            "timestamp": "2026-01-15T11:00:00Z", "properties": { "order_id": message_id },
        })
    };
    world.track(vec![event("one", &id.to_string())]).await;
    world.track(vec![event("other", "bob")]).await;
    world.app.app.projector.drain().await.unwrap();
    assert_eq!(
        world.count("select count(*) from standing").await,
        2,
        "she and another stand somewhere"
    );
    delete(&mut browser).await;
    world.app.clock.advance(TimeDelta::days(14));

    assert_eq!(world.forget_due().await, 1);
    assert_eq!(world.forget_due().await, 0);
    world.app.app.projector.drain().await.unwrap();

    for table in erase_store::TABLES.iter().copied() {
        let sql = format!("select count(*) from {table} where profile_id = $1");
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(id.uuid())
            .fetch_one(&world.app.app.pool)
            .await
            .unwrap();
        // That she was erased is told to those who follow.
        assert_eq!(rows, i64::from(table == "outbox"), "{table}");
    }
    let left = world
        .text("select to_jsonb(p)::text from profile p where status = 'erased'")
        .await;
    assert!(!left.contains("ada"), "{left}");
    for table in [
        "audit",
        "outbox",
        "suppression",
        "erasure",
        "mail",
        "profile_email",
    ] {
        let sql = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&world.app.app.pool)
            .await
            .unwrap();
        assert!(!text.contains("ada@"), "{table}: {text}");
        assert!(!text.contains("browser-of-prf"), "{table}: {text}");
    }
    assert_eq!(
        world
            .count("select count(*) from event where message_id = 'other'")
            .await,
        1
    );

    // Late events make nobody; later ones do.
    let late = [
        world.track(vec![event("late", &id.to_string())]).await,
        world
            .track(vec![json!({
                "type": "page", "anonymousId": format!("browser-of-{id}"), "messageId": "late-too",
                "timestamp": "2026-01-20T11:00:00Z",
            })])
            .await,
    ];
    for verdicts in late {
        assert!(verdicts[0].contains("erased"), "{verdicts:?}");
    }
    assert_eq!(
        world
            .count("select count(*) from reject where message_id like 'late%'")
            .await,
        0,
        "not even as refused"
    );
    let people = "select count(*) from profile where status <> 'erased'";
    assert_eq!(world.count(people).await, 1);
    let mut again = world
        .signed_in(&provider, "op", person("ada", "ada@example.com"))
        .await;
    assert_ne!(world.profile_of("ada").await, id);
    let document = export(&mut again).await.json();
    assert!(
        !document.to_string().contains("Order Completed"),
        "{document}"
    );
    assert_eq!(
        world.letters("new_device").await,
        [],
        "nobody remembers her browsers"
    );
}

#[tokio::test]
async fn what_arrives_while_somebody_is_forgotten_goes_soon_after() {
    let (world, _provider, mut browser) = ada().await;
    delete(&mut browser).await;
    world.app.clock.advance(TimeDelta::days(14));
    world.forget_due().await;
    // An event whose sender had looked her up a moment before.
    world
        .run(
            "insert into event (brand_id, message_id, profile_id, kind, name, trusted, identifies,
                                event_time, received_at, payload, payload_hash)
             select brand_id, 'straggler', profile_id, 'track', 'Order Completed', true, true,
                    created_at, created_at, '{}', '' from profile",
        )
        .await;

    world.app.clock.advance(TimeDelta::minutes(11));
    world.forget_due().await;

    assert_eq!(world.count("select count(*) from event").await, 0);
}

#[tokio::test]
async fn the_stage_is_told_only_where_the_brand_wants_it() {
    let (world, _provider, mut browser) = ada().await;
    world.app.app.projector.drain().await.unwrap();
    let heading = "How well we know each other";
    assert!(
        !browser
            .get("/me?brand=bakery")
            .await
            .text()
            .contains(heading)
    );

    let mut conn = world.app.app.pool.acquire().await.unwrap();
    befriend::brand::store::update_shows_stage(&mut conn, world.brand.brand_id, true)
        .await
        .unwrap();
    drop(conn);

    let page = browser.get("/me?brand=bakery").await.text();
    assert!(page.contains(heading), "{page}");
}

#[tokio::test]
async fn a60_nobody_proves_an_address_for_themselves() {
    let (world, _provider, mut browser) = ada().await;
    let id = world.profile_of("ada").await;
    let traits = json!({
        "email": "boss@example.com", "email_verified": true, "verified_at": "2026-01-01",
        "roles": ["admin"], "brand_id": "brd_1", "consents": { "marketing": true },
        "status": "active", "profile_id": "prf_1",
    });

    world
        .track(vec![json!({
            "type": "identify", "userId": id, "messageId": "self-made", "traits": traits,
        })])
        .await;

    let proven = "select address from profile_email where verified_at is not null";
    assert_eq!(world.texts(proven).await, ["ada@example.com"]);
    assert_eq!(world.count("select count(*) from consent").await, 0);
    let fields = [("email_verified", "true"), ("decision", "grant")];
    let forged = browser
        .post_form("/me/consents/marketing?brand=bakery", &fields)
        .await;
    assert_eq!(forged.status, 404, "never asked, never given");
    assert_eq!(world.count("select count(*) from consent").await, 0);
}

#[tokio::test]
async fn a33_who_is_suspended_or_forgotten_does_not_come_in() {
    let (world, provider, mut browser) = ada().await;
    world.run("update profile set status = 'suspended'").await;
    assert_eq!(browser.get("/me?brand=bakery").await.status, 401);
    let ada = || person("ada", "ada@example.com");
    let mut again = world.browser();
    let refused = super::world::sign_in(&mut again, &provider, "op", ada()).await;
    super::world::assert_refused(&refused, 403);

    // Erased by hand, with a way in that was left: it opens nothing.
    world.run("update profile set status = 'erased'").await;
    let refused = super::world::sign_in(&mut again, &provider, "op", ada()).await;
    super::world::assert_refused(&refused, 403);
}
