//! Under whom events are stored, who becomes known, and who is joined with whom.

use befriend::event::Submission;
use befriend::kernel::Entropy;
use befriend::token::{ID_TOKEN_LIFE, IdClaims};
use serde_json::{Value, json};

use super::{Sender, ask, profile_of, status_of, statuses, track};
use crate::harness::TestApp;

#[tokio::test]
async fn an_anonymous_history_becomes_the_persons() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let before = track(
        "m1",
        &json!({
            "anonymousId": "a1", "timestamp": "2026-01-10T12:00:00Z",
            "context": { "campaign": { "source": "mail" } }
        }),
    );
    sender.send(&test, &[before]).await;
    let anonymous = profile_of(&test, &sender, "anonymous", "a1").await.unwrap();
    assert_eq!(
        status_of(&test, anonymous).await,
        ("anonymous".to_owned(), None)
    );

    let identify = json!({
        "type": "identify", "messageId": "m2", "userId": "u1", "anonymousId": "a1",
        "traits": { "name": "Ada Baker", "email": "Ada@Example.com", "plan": "gold" },
        "timestamp": "2026-01-11T12:00:00Z"
    });
    let verdicts = sender.send(&test, &[identify]).await;

    assert_eq!(statuses(&verdicts), ["accepted"]);
    let person = profile_of(&test, &sender, "user", "u1").await.unwrap();
    assert_eq!(
        status_of(&test, anonymous).await,
        ("merged".to_owned(), Some(person))
    );
    assert_eq!(
        profile_of(&test, &sender, "anonymous", "a1").await,
        Some(person)
    );
    assert_eq!(status_of(&test, person).await.0, "active");
    let row: Value = ask(
        &test,
        &sender,
        "select jsonb_build_object('name', display_name, 'traits', traits, 'known', known_since,
                                   'met', first_encounter)
         from profile where brand_id = $1 and status = 'active'",
    )
    .await;
    assert_eq!(row["name"], "Ada Baker");
    assert_eq!(row["traits"]["plan"], "gold");
    assert_eq!(row["known"], "2026-01-11T12:00:00+00:00");
    assert_eq!(row["met"]["campaign"]["source"], "mail");
    let address: String = ask(
        &test,
        &sender,
        "select address from profile_email where brand_id = $1 and verified_at is null",
    )
    .await;
    assert_eq!(address, "ada@example.com");
    // The event keeps the subject it came with; both are folded from its time on.
    let kept: uuid::Uuid = ask(
        &test,
        &sender,
        "select profile_id from event where brand_id = $1 and message_id = 'm1'",
    )
    .await;
    assert_eq!(kept, anonymous.uuid());
    let refolds: i64 = ask(
        &test,
        &sender,
        "select count(distinct profile_id) from projection_queue
         where brand_id = $1 and since = '2026-01-10T12:00:00Z'",
    )
    .await;
    assert_eq!(refolds, 2);
}

#[tokio::test]
async fn a89_two_known_people_are_never_joined() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let events = [
        track("m1", &json!({ "userId": "u1", "anonymousId": "shared" })),
        track("m2", &json!({ "userId": "u2", "anonymousId": "shared" })),
        json!({ "type": "alias", "messageId": "m3", "userId": "u1", "previousId": "u2" }),
        json!({ "type": "alias", "messageId": "m4", "userId": "u2", "previousId": "u1" }),
        json!({ "type": "alias", "messageId": "m5", "userId": "u2", "previousId": "shared" }),
        json!({ "type": "alias", "messageId": "m6", "userId": "u1", "previousId": "u1" }),
    ];

    for event in events {
        assert_eq!(statuses(&sender.send(&test, &[event]).await), ["accepted"]);
    }

    let people: i64 = ask(
        &test,
        &sender,
        "select count(*) from profile where brand_id = $1 and status = 'active'",
    )
    .await;
    assert_eq!(people, 2);
    let flags: Vec<String> = ask(
        &test,
        &sender,
        "select array_agg(message_id || ':' || flag order by message_id)
         from event, unnest(flags) as flag where brand_id = $1",
    )
    .await;
    assert_eq!(
        flags,
        [
            "m2:anonymous_id_of_another",
            "m3:alias_of_another",
            "m4:alias_of_another",
            "m5:alias_of_another",
            "m6:self_alias"
        ]
    );
}

#[tokio::test]
async fn an_alias_joins_what_was_anonymous_and_names_what_is_not_yet() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    sender
        .send(&test, &[track("m1", &json!({ "anonymousId": "a1" }))])
        .await;

    let alias = |id: &str, previous: &str| json!({ "type": "alias", "messageId": id, "userId": "u1", "previousId": previous });
    sender
        .send(&test, &[alias("m2", "a1"), alias("m3", "later")])
        .await;
    sender
        .send(&test, &[track("m4", &json!({ "anonymousId": "later" }))])
        .await;

    let person = profile_of(&test, &sender, "user", "u1").await;
    assert!(person.is_some());
    assert_eq!(profile_of(&test, &sender, "anonymous", "a1").await, person);
    assert_eq!(
        profile_of(&test, &sender, "anonymous", "later").await,
        person
    );
    let profiles: i64 = ask(
        &test,
        &sender,
        "select count(*) from profile where brand_id = $1",
    )
    .await;
    assert_eq!(profiles, 2);
}

#[tokio::test]
async fn a85_an_unproven_user_id_from_a_page_names_nobody_else() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    sender
        .send(&test, &[track("m0", &json!({ "userId": "victim" }))])
        .await;
    let victim = profile_of(&test, &sender, "user", "victim").await.unwrap();

    let verdicts = sender
        .send_from_page(
            &test,
            &[
                track("m1", &json!({ "userId": "victim" })),
                track("m2", &json!({ "userId": "victim", "anonymousId": "a1" })),
                json!({
                    "type": "identify", "messageId": "m3", "userId": "victim", "anonymousId": "a1",
                    "traits": { "name": "Mallory" }
                }),
                json!({
                    "type": "alias", "messageId": "m4", "userId": "victim", "previousId": "a1"
                }),
            ],
        )
        .await;

    assert!(
        statuses(&verdicts)
            .iter()
            .all(|status| *status == "accepted")
    );
    let of_victim: i64 = sqlx::query_scalar("select count(*) from event where profile_id = $1")
        .bind(victim.uuid())
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    assert_eq!(of_victim, 1);
    let claimed = profile_of(&test, &sender, "claimed", "victim")
        .await
        .unwrap();
    let anonymous = profile_of(&test, &sender, "anonymous", "a1").await.unwrap();
    for id in [claimed, anonymous] {
        assert_eq!(status_of(&test, id).await, ("anonymous".to_owned(), None));
    }
    let unmarked: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1 and message_id <> 'm0'
             and (trusted or identifies or not 'user_id_unproven' = any(flags))",
    )
    .await;
    assert_eq!(unmarked, 0);
}

/// An ID token of ours for `profile`.
async fn id_token(
    test: &TestApp,
    brand: &Sender,
    profile: befriend::kernel::id::ProfileId,
) -> String {
    let app = &test.app;
    let now = app.clock.now();
    let claims = IdClaims {
        issuer: app.config.issuer().to_owned(),
        subject: profile,
        audience: "bakery.web".to_owned(),
        authorized_party: "bakery.web".to_owned(),
        expires_at: now + ID_TOKEN_LIFE,
        issued_at: now,
        authenticated_at: now,
        nonce: None,
        session_id: befriend::kernel::id::SessionId::new(now, &app.entropy),
        brand_id: brand.brand_id,
        acr: None,
        amr: Vec::new(),
        stage: None,
        stage_since: None,
    };
    let keys = app.keyring.keys(&app.pool, now).await.unwrap();
    keys.sign_id_token(&claims, now).unwrap()
}

#[tokio::test]
async fn a85_a_proven_user_id_counts_and_only_its_own() {
    let test = TestApp::start().await;
    let (sender, other) = (
        Sender::new(&test, "bakery").await,
        Sender::new(&test, "rink").await,
    );
    sender
        .send(
            &test,
            &[
                track("m0", &json!({ "userId": "u1" })),
                track("m00", &json!({ "userId": "u2" })),
                track("m000", &json!({ "anonymousId": "a1" })),
            ],
        )
        .await;
    let person = profile_of(&test, &sender, "user", "u1").await.unwrap();
    let token = id_token(&test, &sender, person).await;
    let foreign = id_token(&test, &other, person).await;
    let proven = |id: &str, user: &str, token: &str| {
        track(
            id,
            &json!({
                "userId": user, "anonymousId": "a1", "context": { "idToken": token }
            }),
        )
    };

    let verdicts = sender
        .send_from_page(
            &test,
            &[
                proven("m1", "u1", &token),
                proven("m2", &person.to_string(), &token),
                proven("m3", "u2", &token),
                proven("m4", "u1", &foreign),
                proven("m5", "u1", "eyJ.made.up"),
            ],
        )
        .await;

    assert!(
        statuses(&verdicts)
            .iter()
            .all(|status| *status == "accepted")
    );
    let identifying: Vec<String> = ask(
        &test,
        &sender,
        "select array_agg(message_id order by message_id) from event
         where brand_id = $1 and identifies and not trusted",
    )
    .await;
    assert_eq!(identifying, ["m1", "m2"]);
    // The browser's own history is now the person's, and the token itself is nowhere.
    assert_eq!(
        profile_of(&test, &sender, "anonymous", "a1").await,
        Some(person)
    );
    assert_eq!(
        profile_of(&test, &sender, "user", &person.to_string()).await,
        Some(person)
    );
    let leaks: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1 and payload::text like '%eyJ%'",
    )
    .await;
    assert_eq!(leaks, 0);
}

#[tokio::test]
async fn the_latest_traits_win_and_late_ones_fill_gaps() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let identify = |id: &str, time: &str, traits: Value| {
        json!({
            "type": "identify", "messageId": id, "userId": "u1", "traits": traits,
            "timestamp": time
        })
    };

    sender
        .send(
            &test,
            &[
                identify(
                    "m3",
                    "2026-01-13T00:00:00Z",
                    json!({ "name": "Ada C", "city": "Bern" }),
                ),
                identify(
                    "m1",
                    "2026-01-11T00:00:00Z",
                    json!({ "name": "Ada A", "plan": "free" }),
                ),
            ],
        )
        .await;
    let late = identify(
        "m2",
        "2026-01-12T00:00:00Z",
        json!({ "name": "Ada B", "pet": "cat" }),
    );
    sender.send(&test, &[late]).await;

    let row: Value = ask(
        &test,
        &sender,
        "select traits || jsonb_build_object('shown', display_name) from profile where brand_id = $1",
    )
    .await;
    assert_eq!(
        row,
        json!({ "name": "Ada C", "city": "Bern", "plan": "free", "pet": "cat", "shown": "Ada C" })
    );
}

#[tokio::test]
async fn a90_one_person_absorbs_only_so_many() {
    let test = TestApp::start().await;
    let sender = Sender::new(&test, "bakery").await;
    let alone: Vec<Value> = (0..1_100)
        .map(|n| track(&format!("a{n}"), &json!({ "anonymousId": format!("a{n}") })))
        .collect();
    let joined: Vec<Value> = (0..1_100)
        .map(|n| {
            track(
                &format!("b{n}"),
                &json!({ "anonymousId": format!("a{n}"), "userId": "u" }),
            )
        })
        .collect();

    sender.send(&test, &alone).await;
    sender.send(&test, &joined[..600]).await;
    sender.send(&test, &joined[600..]).await;

    let absorbed: i64 = ask(
        &test,
        &sender,
        "select count(*) from profile where brand_id = $1 and status = 'merged'",
    )
    .await;
    assert_eq!(absorbed, 1_000);
    let of_user: i64 = ask(
        &test,
        &sender,
        "select count(*) from event where brand_id = $1 and identifies",
    )
    .await;
    assert_eq!(of_user, 1_100);
}

/// A random story of few people: whatever order ids are named in, chains stay at one, known people
/// stay apart, and every alias leads to somebody who is there.
#[tokio::test]
async fn a89_joins_stay_flat_whatever_is_sent() {
    let test = TestApp::start().await;
    for seed in 0..12 {
        let sender = Sender::new(&test, &format!("brand-{seed}")).await;
        let entropy = Entropy::seeded(seed);
        let pick = |ids: &[&str]| ids[usize::from(entropy.bytes::<1>()[0]) % ids.len()].to_owned();
        for batch in 0..12 {
            let events: Vec<Value> = (0..5)
                .map(|n| {
                    let id = format!("{batch}-{n}");
                    let (user, anonymous) = (pick(&["u1", "u2", "u3"]), pick(&["a1", "a2", "a3"]));
                    match entropy.bytes::<1>()[0] % 4 {
                        0 => track(&id, &json!({ "anonymousId": anonymous })),
                        1 => track(&id, &json!({ "anonymousId": anonymous, "userId": user })),
                        2 => json!({
                            "type": "alias", "messageId": id, "userId": user,
                            "previousId": pick(&["u1", "u2", "u3", "a1", "a2", "a3"])
                        }),
                        _ => track(&id, &json!({ "userId": user })),
                    }
                })
                .collect();
            let submission = Submission::internal(
                sender.brand_id,
                events,
                test.app.clock.now(),
                &test.app.entropy,
            );
            test.app.intake.submit(submission).await.unwrap();
        }

        assert_flat(&test, &sender, &format!("seed {seed}")).await;
    }
}

/// Chains stay at one, known people stay apart, and every alias leads to somebody who is there.
pub(super) async fn assert_flat(test: &TestApp, sender: &Sender, story: &str) {
    for (sql, what) in [
        (
            "select count(*) from profile p join profile m
                     on m.brand_id = p.brand_id and m.profile_id = p.merged_into
                 where p.brand_id = $1 and (m.merged_into is not null or m.status <> 'active')",
            "chains, or joined into nobody",
        ),
        (
            "select count(*) from alias a join profile p using (brand_id, profile_id)
                 where a.brand_id = $1 and p.merged_into is not null",
            "aliases of merged profiles",
        ),
        (
            "select count(*) from (select profile_id from alias
                 where brand_id = $1 and kind = 'user' group by 1 having count(*) > 1) as joined",
            "known people joined",
        ),
        (
            "select count(*) from profile where brand_id = $1
                     and (status = 'active') <> (known_since is not null)",
            "known since never, or unknown since some day",
        ),
    ] {
        assert_eq!(ask::<i64>(test, sender, sql).await, 0, "{story}: {what}");
    }
}
