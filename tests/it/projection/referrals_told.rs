//! What is told of who brought whom, to programs and to the brand; and what the check makes of it.

use axum::http::StatusCode;
use befriend::key::Kind;
use serde_json::{Value, json};

use super::api::{get, key};
use super::referrals::{family, near, refund};
use super::shop::{Shop, act, day, order};

#[tokio::test]
async fn the_api_tells_who_brought_whom_and_the_parts_they_play() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", key(&shop, Kind::Secret).await);
    let start = day(shop.now(), -20);
    let [anna, bilal, chen, dana] = family(&shop, start).await;
    for (person, name) in [(bilal, "bilal's"), (chen, "chen's"), (dana, "dana's")] {
        shop.learn(person, &[order(day(start, 9), name)]).await;
    }
    let review = act("Product Reviewed", day(start, 10)).with(json!({ "rating": 5 }));
    shop.learn(dana, &[review]).await;

    let path = format!("/api/v1/profiles/{bilal}/referrals");
    let answer = get(&shop, &path, &bearer).await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["brought_by"]["profile_id"], anna.to_string());
    assert_eq!(body["brought_by"]["code"], "ANNA");
    assert_eq!(body["brought_in"].as_array().map(Vec::len), Some(1));
    assert_eq!(body["brought_in"][0]["profile_id"], chen.to_string());
    assert!(body["brought_in"][0]["converted_at"].is_string());
    assert_eq!(body["reach"]["credit"], 1.5, "chen, and half for dana");

    let head = get(
        &shop,
        &format!("/api/v1/profiles/{anna}/referrals"),
        &bearer,
    )
    .await;
    let head = head.json();
    assert_eq!(head["brought_by"], Value::Null);
    assert_eq!(head["reach"]["converted_below"], 3);
    assert_eq!(
        head["roles"][0]["role"], "influencer",
        "three over three generations: {head}"
    );
    let last = get(
        &shop,
        &format!("/api/v1/profiles/{dana}/referrals"),
        &bearer,
    )
    .await;
    let last = last.json();
    assert_eq!(last["roles"][0]["role"], "participator");
    let evidence = &last["roles"][0]["evidence"][0];
    assert_eq!(evidence["text"], "1 review or post");
    assert_eq!(evidence["message_ids"].as_array().map(Vec::len), Some(1));
    let stranger = get(&shop, &path, "").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_brands_figures_are_those_of_its_window() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let [_, bilal, chen, dana] = family(&shop, start).await;
    shop.learn(bilal, &[order(day(start, 9), "bilal's")]).await;
    shop.learn(chen, &[order(day(start, 9), "chen's")]).await;
    let back = [
        order(day(start, 9), "dana's"),
        refund(day(start, 12), "dana's"),
    ];
    shop.learn(dana, &back).await;
    for _ in 0..4 {
        let other = shop.customer().await;
        shop.learn(other, &[act("Signed Up", day(start, 1))]).await;
    }

    shop.test.app.projector.refresh_figures().await.unwrap();

    let mut conn = shop.test.app.pool.acquire().await.unwrap();
    let figures = befriend::referral::find_figures(&mut conn, shop.brand_id).await;
    let figures = figures.unwrap().expect("there are referrals");
    assert_eq!((figures.customers, figures.newcomers), (8, 8));
    assert_eq!((figures.invitations, figures.conversions), (3, 2));
    assert_eq!((figures.newcomers_brought, figures.generations), (3, 2));
    assert_eq!(figures.k(), Some(0.25));
    assert_eq!(figures.share_brought(), Some(0.375));
    assert_eq!(
        figures.influence_floor, None,
        "too few to speak of a hundredth"
    );
    let hop = figures.hop_days_median.expect("two conversions");
    assert!(near(hop, 1.5), "known on days 0, 2 and 3: {hop}");
}

#[tokio::test]
async fn the_check_finds_what_was_tampered_with_or_never_read() {
    let shop = Shop::open().await;
    let start = day(shop.now(), -20);
    let [.., dana] = family(&shop, start).await;
    shop.learn(dana, &[order(day(start, 9), "first")]).await;
    shop.prove().await;
    let differing = async || {
        let mode = befriend::projection::Mode::Check;
        let report = shop
            .test
            .app
            .projector
            .replay(shop.brand_id, mode, |_| ())
            .await;
        report.unwrap().differing
    };
    let tamper = async |statement: &'static str| {
        let done = sqlx::query(statement)
            .bind(shop.brand_id.uuid())
            .execute(&shop.test.app.pool)
            .await
            .unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
    };

    tamper("update referral_claim set refusal = 'self' where brand_id = $1 and code = 'CHEN'")
        .await;
    assert_eq!(differing().await, 1, "dana's claim, and so what it earned");
    tamper("update referral_claim set refusal = null where brand_id = $1 and code = 'CHEN'").await;
    assert_eq!(differing().await, 0);
    tamper("delete from referral_credit where brand_id = $1 and hop = 2").await;
    assert_eq!(differing().await, 2, "dana's credits, and bilal's score");
    // A look at dana mends it.
    shop.learn(dana, &[act("Product Viewed", day(start, 10))])
        .await;
    assert_eq!(differing().await, 0);
    tamper("delete from referral_link where brand_id = $1 and code = 'CHEN'").await;
    assert_eq!(
        differing().await,
        2,
        "chen's share was never read, and dana's claim hangs on it"
    );
    let projector = &shop.test.app.projector;
    let mode = befriend::projection::Mode::Rewrite;
    projector.replay(shop.brand_id, mode, |_| ()).await.unwrap();
    shop.drain().await;
    assert_eq!(
        differing().await,
        0,
        "a replay has it read and judged again"
    );
    assert_eq!(shop.credits(dana).await.len(), 3);
}
