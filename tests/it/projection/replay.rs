//! Replaying everybody: what is wrong is found and mended, whatever happens in the middle.

use std::collections::BTreeMap;

use befriend::kernel::id::{BrandId, ProfileId};
use befriend::projection::{Mode, Report};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::shop::{Shop, befriending, day, order};

/// More than one part of a replay, and more than one page of a part.
const CROWD: i32 = 2_100;
/// Of these, one in so many is tampered with.
const TAMPERED_EACH: i32 = 4;
const TAMPERED: i64 = 525;

/// A brand with many customers who have all signed up, agreed and bought once, all placed.
async fn crowded() -> Shop {
    let shop = Shop::open().await;
    fill(&shop, shop.brand_id).await;
    let report = replay(&shop, Mode::Rewrite).await;
    assert_eq!(report.written.projected, u64::try_from(CROWD).unwrap());
    shop
}

async fn fill(shop: &Shop, brand_id: BrandId) {
    let start = day(shop.now(), -40);
    sqlx::query(
        "insert into profile (brand_id, profile_id, status, created_at, last_seen_at)
         select $1, (md5($1::text || n) )::uuid, 'active', $2, $2 from generate_series(1, $3) n",
    )
    .bind(brand_id.uuid())
    .bind(start)
    .bind(CROWD)
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into event (brand_id, message_id, profile_id, kind, name, trusted, identifies,
                            event_time, received_at, payload, payload_hash)
         select $1, n || ' ' || name, (md5($1::text || n))::uuid, 'track', name, true, true,
                $2::timestamptz + seconds * interval '1 second', $2,
                json_build_object('properties', json_build_object('order_id', n)), ''
         from generate_series(1, $3) n,
              (values ('Signed Up', 0), ('Consent Given', 9), ('Order Completed', 90000 ))
                  as a (name, seconds)",
    )
    .bind(brand_id.uuid())
    .bind(start)
    .bind(CROWD)
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
}

async fn replay(shop: &Shop, mode: Mode) -> Report {
    let projector = &shop.test.app.projector;
    projector.replay(shop.brand_id, mode, |_| ()).await.unwrap()
}

/// Makes advocates of some, and their moves unheard of.
async fn tamper(shop: &Shop, brand_id: BrandId) {
    let who = format!(
        "select (md5($1::text || n))::uuid from generate_series(1, {CROWD}, {TAMPERED_EACH}) n"
    );
    for sql in [
        format!(
            "update standing set stage = 3, state = jsonb_set(state, '{{stage}}', '\"advocate\"')
             where brand_id = $1 and profile_id in ({who})"
        ),
        format!("delete from transition where brand_id = $1 and profile_id in ({who})"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(brand_id.uuid())
            .execute(&shop.test.app.pool)
            .await
            .unwrap();
    }
    sqlx::query("delete from outbox where brand_id = $1")
        .bind(brand_id.uuid())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
}

/// Everything that is stored about standings and moves in force, less when and under which number, and
/// when to look again, which may be earlier than it must.
async fn stored(shop: &Shop, brand_id: BrandId) -> BTreeMap<String, Value> {
    let rows: Vec<(String, Value)> = sqlx::query_as(
        "select s.profile_id::text, jsonb_build_object(
             'standing', to_jsonb(s) - 'updated_at' - 'review_at',
             'moves', (select jsonb_agg(to_jsonb(t) - 'transition_id' - 'recorded_at'
                                        order by t.effective_at, t.to_stage)
                       from transition t
                       where t.brand_id = s.brand_id and t.profile_id = s.profile_id
                         and t.superseded_at is null))
         from standing s where s.brand_id = $1",
    )
    .bind(brand_id.uuid())
    .fetch_all(&shop.test.app.pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

async fn count(shop: &Shop, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .bind(shop.brand_id.uuid())
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap()
}

const ADVOCATES: &str = "select count(*) from standing where brand_id = $1 and stage = 3";

/// Starts a replay and lets it die when its first pages are done.
async fn replay_and_die(shop: &Shop) {
    let (page_done, projector) = (Notify::new(), &shop.test.app.projector);
    tokio::select! {
        done = projector.replay(shop.brand_id, Mode::Rewrite, |_| page_done.notify_one()) => {
            panic!("it was to die before its end: {done:?}");
        }
        () = page_done.notified() => {}
    }
}

#[tokio::test]
async fn a_check_shows_both_states_and_writes_nothing() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -61);
    let (customer, other) = (shop.customer().await, shop.customer().await);
    shop.learn(customer, &befriending(start)).await;
    shop.learn(other, &[order(start, "x")]).await;
    sqlx::query(
        "update standing set state = jsonb_set(state, '{cycle}', '7')
         where brand_id = $1 and profile_id = $2",
    )
    .bind(shop.brand_id.uuid())
    .bind(customer.uuid())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    let before = stored(&shop, shop.brand_id).await;

    let report = replay(&shop, Mode::Check).await;

    assert_eq!((report.people, report.differing), (2, 1));
    let found = &report.differences[0];
    assert_eq!(found.profile_id, customer);
    assert_eq!((found.what, found.path.as_str()), ("state", "state.cycle"));
    assert_eq!((&found.stored, &found.replayed), (&json!(7), &json!(1)));
    assert_eq!(found.stored_whole["state"]["cycle"], 7);
    assert_eq!(found.replayed_whole["state"]["cycle"], 1);
    assert_eq!(found.replayed_whole["moves"].as_array().unwrap().len(), 2);
    assert_eq!(stored(&shop, shop.brand_id).await, before);
    assert_eq!(
        count(&shop, "select count(*) from replay where brand_id = $1").await,
        0
    );
    let projector = &shop.test.app.projector;
    let one = projector
        .check_person(shop.brand_id, customer)
        .await
        .unwrap();
    assert_eq!((one.people, one.differing), (1, 1));
    let one = projector.check_person(shop.brand_id, other).await.unwrap();
    assert_eq!((one.people, one.differing), (1, 0));
}

#[tokio::test]
async fn a_move_that_was_changed_is_shown_where_it_differs() {
    let shop = Shop::open().await;
    let customer = shop.customer().await;
    shop.learn(customer, &befriending(day(shop.now(), -61)))
        .await;
    sqlx::query(
        "update transition set evidence = jsonb_set(evidence, '{rule}', '\"X9\"')
         where brand_id = $1 and profile_id = $2 and to_stage = 2",
    )
    .bind(shop.brand_id.uuid())
    .bind(customer.uuid())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();

    let report = replay(&shop, Mode::Check).await;

    let found = &report.differences[0];
    assert_eq!(
        (found.what, found.path.as_str()),
        ("moves", "moves[1].rule")
    );
    assert_eq!(
        (&found.stored, &found.replayed),
        (&json!("X9"), &json!("P2"))
    );
}

#[tokio::test]
async fn what_was_killed_goes_on_and_ends_as_if_it_had_not_been() {
    let shop = crowded().await;
    let good = stored(&shop, shop.brand_id).await;
    tamper(&shop, shop.brand_id).await;
    let bad = stored(&shop, shop.brand_id).await;

    replay_and_die(&shop).await;

    assert_eq!(
        stored(&shop, shop.brand_id).await,
        bad,
        "nothing takes effect before the end"
    );
    let report = replay(&shop, Mode::Rewrite).await;
    assert!(
        report.resumed_after.is_some_and(|done| done >= 100),
        "{report:?}"
    );
    assert!(!report.began_anew);
    assert_eq!(report.people, u64::try_from(CROWD).unwrap());
    assert_eq!(report.events, 3 * u64::try_from(CROWD).unwrap());
    assert_eq!(report.written.corrected, TAMPERED.unsigned_abs());
    assert_eq!(stored(&shop, shop.brand_id).await, good);
    let told = "select count(*) from outbox where brand_id = $1 and kind = 'stage.corrected'";
    assert_eq!(count(&shop, told).await, TAMPERED);
    assert_eq!(
        count(&shop, "select count(*) from outbox where brand_id = $1").await,
        TAMPERED
    );
    for left in [
        "select count(*) from replay_note where brand_id = $1",
        "select count(*) from replay_part where brand_id = $1",
        "select count(*) from replay where brand_id = $1 and finished_at is null",
    ] {
        assert_eq!(count(&shop, left).await, 0, "{left}");
    }
    let again = replay(&shop, Mode::Rewrite).await;
    assert_eq!(again.written, befriend::projection::Written::default());
}

#[tokio::test]
async fn other_rules_begin_it_anew() {
    let shop = crowded().await;
    tamper(&shop, shop.brand_id).await;
    replay_and_die(&shop).await;
    sqlx::query(
        "update replay set basis = 'other rules' where brand_id = $1 and finished_at is null",
    )
    .bind(shop.brand_id.uuid())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();

    let report = replay(&shop, Mode::Rewrite).await;

    assert!(report.began_anew);
    assert_eq!(report.resumed_after, None);
    assert_eq!(report.people, u64::try_from(CROWD).unwrap());
    assert_eq!(count(&shop, ADVOCATES).await, 0);
    shop.prove().await;
}

#[tokio::test]
async fn events_that_come_in_between_are_neither_lost_nor_counted_twice() {
    let shop = crowded().await;
    tamper(&shop, shop.brand_id).await;
    replay_and_die(&shop).await;
    let kept: Vec<(uuid::Uuid,)> = sqlx::query_as(
        "select profile_id from replay_note where brand_id = $1 order by profile_id",
    )
    .bind(shop.brand_id.uuid())
    .fetch_all(&shop.test.app.pool)
    .await
    .unwrap();
    assert!(kept.len() > 20, "pages were done: {}", kept.len());
    let someone = |place: usize| ProfileId::from_uuid(kept[place].0);
    // Projected in the meantime, on top of what was tampered with.
    for place in 0..10 {
        let news = order(day(shop.now(), -3), &format!("late {place}"));
        shop.learn(someone(place), &[news]).await;
    }
    // Still waiting when the replay takes effect; one of them before what was folded.
    for place in 10..20 {
        let days = if place == 10 { -39 } else { -2 };
        let news = order(day(shop.now(), days), &format!("waiting {place}"));
        shop.receive(someone(place), &[news]).await;
    }

    let report = replay(&shop, Mode::Rewrite).await;
    assert_eq!(count(&shop, ADVOCATES).await, 0, "{report:?}");
    shop.drain().await;

    shop.prove().await;
    for place in 0..20 {
        let folded: i64 = sqlx::query_scalar(
            "select events_folded from standing where brand_id = $1 and profile_id = $2",
        )
        .bind(shop.brand_id.uuid())
        .bind(someone(place).uuid())
        .fetch_one(&shop.test.app.pool)
        .await
        .unwrap();
        assert_eq!(folded, 4, "{place}");
    }
}

#[tokio::test]
async fn readers_see_all_of_it_or_nothing() {
    let shop = crowded().await;
    tamper(&shop, shop.brand_id).await;
    let seen = "select (select count(*) from standing where brand_id = $1 and stage = 3),
                       (select count(*) from transition where brand_id = $1
                        and superseded_at is null)";
    let pool = &shop.test.app.pool;
    let look = async || -> (i64, i64) {
        sqlx::query_as(seen)
            .bind(shop.brand_id.uuid())
            .fetch_one(pool)
            .await
            .unwrap()
    };
    let before = look().await;
    assert_eq!(before.0, TAMPERED);
    let mut steady = pool.acquire().await.unwrap();
    let mut steady = sqlx::Connection::begin(&mut *steady).await.unwrap();
    sqlx::query("set transaction isolation level repeatable read")
        .execute(&mut *steady)
        .await
        .unwrap();
    let steady_before: (i64, i64) = sqlx::query_as(seen)
        .bind(shop.brand_id.uuid())
        .fetch_one(&mut *steady)
        .await
        .unwrap();

    let mut looks = Vec::new();
    let replaying = replay(&shop, Mode::Rewrite);
    tokio::pin!(replaying);
    loop {
        tokio::select! {
            _ = &mut replaying => break,
            look = look() => looks.push(look),
        }
    }

    let after = look().await;
    assert_eq!(after.0, 0);
    assert_eq!(after.1, before.1 + TAMPERED);
    assert!(
        looks.iter().all(|look| [before, after].contains(look)),
        "{looks:?}"
    );
    assert!(looks.contains(&before), "somebody looked before the end");
    let steady_after: (i64, i64) = sqlx::query_as(seen)
        .bind(shop.brand_id.uuid())
        .fetch_one(&mut *steady)
        .await
        .unwrap();
    assert_eq!(steady_after, steady_before);
}

#[tokio::test]
async fn two_at_once_share_the_work_and_it_takes_effect_once() {
    let shop = crowded().await;
    let good = stored(&shop, shop.brand_id).await;
    tamper(&shop, shop.brand_id).await;

    let (one, other) = tokio::join!(replay(&shop, Mode::Rewrite), replay(&shop, Mode::Rewrite));

    // Whoever comes too late to share finds nothing to mend.
    let corrected = [one, other].map(|report| report.written.corrected);
    assert!(
        corrected.contains(&TAMPERED.unsigned_abs()),
        "{corrected:?}"
    );
    assert_eq!(stored(&shop, shop.brand_id).await, good);
    let told = count(&shop, "select count(*) from outbox where brand_id = $1").await;
    assert_eq!(told, TAMPERED);
}

#[tokio::test]
async fn another_brand_is_left_as_it_is() {
    let shop = crowded().await;
    let neighbour = BrandId::new(shop.now(), &shop.test.app.entropy);
    sqlx::query(
        "insert into brand (brand_id, slug, name, created_at) values ($1, 'mill', 'M', $2)",
    )
    .bind(neighbour.uuid())
    .bind(shop.now())
    .execute(&shop.test.app.pool)
    .await
    .unwrap();
    fill(&shop, neighbour).await;
    let projector = &shop.test.app.projector;
    projector
        .replay(neighbour, Mode::Rewrite, |_| ())
        .await
        .unwrap();
    tamper(&shop, shop.brand_id).await;
    tamper(&shop, neighbour).await;
    let theirs = stored(&shop, neighbour).await;

    let report = replay(&shop, Mode::Rewrite).await;

    assert_eq!(report.written.corrected, TAMPERED.unsigned_abs());
    assert_eq!(stored(&shop, neighbour).await, theirs);
    let theirs = projector
        .replay(neighbour, Mode::Check, |_| ())
        .await
        .unwrap();
    assert_eq!(theirs.differing, TAMPERED.unsigned_abs());
}

#[tokio::test]
async fn somebody_merged_or_erased_in_between_is_no_person_afterwards() {
    let shop = crowded().await;
    tamper(&shop, shop.brand_id).await;
    replay_and_die(&shop).await;
    let kept: Vec<(uuid::Uuid,)> = sqlx::query_as(
        "select profile_id from replay_note where brand_id = $1 order by profile_id limit 3",
    )
    .bind(shop.brand_id.uuid())
    .fetch_all(&shop.test.app.pool)
    .await
    .unwrap();
    let [into, merged, erased] = [0, 1, 2].map(|place| ProfileId::from_uuid(kept[place].0));
    for (sql, who) in [
        (
            "update profile set status = 'merged', merged_into = $3 where brand_id = $1 and profile_id = $2",
            merged,
        ),
        (
            "update profile set status = case when $3 is null then '' else 'erased' end where brand_id = $1 and profile_id = $2",
            erased,
        ),
    ] {
        sqlx::query(sql)
            .bind(shop.brand_id.uuid())
            .bind(who.uuid())
            .bind(into.uuid())
            .execute(&shop.test.app.pool)
            .await
            .unwrap();
        // As whoever merges and erases does.
        sqlx::query(
            "insert into projection_queue (brand_id, profile_id, since, queued_at)
             values ($1, $2, $3, $3)",
        )
        .bind(shop.brand_id.uuid())
        .bind(who.uuid())
        .bind(shop.now())
        .execute(&shop.test.app.pool)
        .await
        .unwrap();
    }

    replay(&shop, Mode::Rewrite).await;
    shop.drain().await;

    shop.prove().await;
    assert_eq!(shop.standing(merged).await, None);
    assert_eq!(shop.standing(erased).await, None);
    assert_eq!(shop.standing(into).await.unwrap()["events_folded"], 6);
    assert_eq!(count(&shop, ADVOCATES).await, 0);
}
