use axum::http::StatusCode;
use befriend::kernel::id::ConsentId;
use befriend::profile::{self, Consent};
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn a_customer_sees_what_is_known_about_them() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;

    let by_brand = browser.get("/me?brand=bakery").await;
    let by_client = browser.get("/me?client_id=bakery.web").await;
    let alone = browser.get("/me").await;

    for answer in [by_brand, by_client, alone] {
        assert_eq!(answer.status, StatusCode::OK);
        let html = answer.text();
        for text in [
            "Anna Keller",
            "anna@example.com",
            "Verified",
            "rye",
            "Firefox on Linux",
            "This browser",
        ] {
            assert!(html.contains(text), "{text}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn nobody_sees_anything_without_a_session_of_that_brand() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let world = World::in_brand(world.test, "books").await;

    for (path, status) in [
        ("/me?brand=books", StatusCode::UNAUTHORIZED),
        ("/me?brand=nobody", StatusCode::NOT_FOUND),
        ("/me?client_id=books.nobody", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(browser.get(path).await.status, status, "{path}");
    }
    let stranger = world.test.browser().get("/me").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    // A74: nothing of the page under another name.
    assert_eq!(browser.get("/me/x.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn s39_a_customer_ends_their_other_browsers_and_nobody_elses() {
    let world = World::start().await;
    let anna = world.customer().await;
    let bilal = world.customer().await;
    let (mut laptop, _) = world.signed_in(anna).await;
    let (mut phone, phones) = world.signed_in(anna).await;
    let (mut tablet, _) = world.signed_in(anna).await;
    let (mut theirs, foreign) = world.signed_in(bilal).await;
    let end = |id: String| format!("/me/sessions/{id}/end?brand=bakery");

    let other = laptop
        .post_form(&end(foreign.session_id.to_string()), &[])
        .await;
    let own = laptop
        .post_form(&end(phones.session_id.to_string()), &[])
        .await;

    assert_eq!(other.status, StatusCode::NOT_FOUND);
    assert_eq!(own.status, StatusCode::SEE_OTHER);
    assert_eq!(own.location(), "/me?brand=bakery&done=session");
    let me = "/me?brand=bakery";
    assert_eq!(phone.get(me).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(tablet.get(me).await.status, StatusCode::OK);

    let others = laptop
        .post_form("/me/sessions/end-others?brand=bakery", &[])
        .await;

    assert_eq!(others.status, StatusCode::SEE_OTHER);
    assert_eq!(tablet.get(me).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(laptop.get(me).await.status, StatusCode::OK);
    assert_eq!(theirs.get(me).await.status, StatusCode::OK);
}

#[tokio::test]
async fn s50_a_consent_is_withdrawn_as_easily_as_it_was_given() {
    let world = World::start().await;
    let anna = world.customer().await;
    let (mut browser, _) = world.signed_in(anna).await;
    let brand_id = world.brand.brand_id;
    let now = world.test.clock.now();
    let mut conn = world.test.app.pool.acquire().await.unwrap();
    for purpose in ["terms", "marketing"] {
        let consent = Consent {
            consent_id: ConsentId::new(now, &world.test.app.entropy),
            purpose: purpose.to_owned(),
            granted: true,
            text_version: "1".to_owned(),
            surface: "when signing up".to_owned(),
            proof: json!({}),
            decided_at: now,
        };
        profile::store::insert_consent(&mut conn, brand_id, anna, &consent)
            .await
            .unwrap();
    }
    world.test.clock.advance(chrono::TimeDelta::minutes(1));
    let decide = |purpose: &str| format!("/me/consents/{purpose}?brand=bakery");
    let withdraw = [("decision", "withdraw")];

    let marketing = browser.post_form(&decide("marketing"), &withdraw).await;
    let terms = browser.post_form(&decide("terms"), &withdraw).await;
    let unknown = browser.post_form(&decide("other"), &withdraw).await;
    let unclear = browser.post_form(&decide("marketing"), &[]).await;

    assert_eq!(marketing.status, StatusCode::SEE_OTHER);
    assert_eq!(terms.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unclear.status, StatusCode::BAD_REQUEST);
    let held = profile::store::list_consents(&mut conn, brand_id, anna)
        .await
        .unwrap();
    let granted: Vec<(&str, bool)> = held
        .iter()
        .map(|consent| (consent.purpose.as_str(), consent.granted))
        .collect();
    assert_eq!(granted, [("marketing", false), ("terms", true)]);
    assert_eq!(world.count("select count(*) from consent").await, 3);
    let told = "select count(*) from outbox where kind = 'consent.decided'";
    assert_eq!(world.count(told).await, 1);
}
