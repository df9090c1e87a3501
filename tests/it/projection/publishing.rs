//! What may be published, by whom first, and what is kept of it until then.

use befriend::audit::Actor;
use befriend::projection::ruleset::{Applies, Publication, PublishError};

use super::rules_over_time::{DEFAULT, two_orders_will_do};
use super::shop::Shop;

#[tokio::test]
async fn what_cannot_be_published_is_refused_with_its_reason() {
    let shop = Shop::open().await;
    let projector = &shop.test.app.projector;
    let wrong = DEFAULT.replace("familiarity: 60", "familiarity: 0");
    let publication = |document, base_version, note| Publication {
        document,
        base_version,
        applies: Applies::Forward,
        note,
        by: Actor::Operator,
    };
    let publish = |publication| projector.publish(shop.brand_id, publication);

    let stale = publish(publication(DEFAULT, 7, "Why")).await;
    assert!(
        matches!(stale, Err(PublishError::Stale { base: 7, latest: 1 })),
        "{stale:?}"
    );
    let faulty = publish(publication(&wrong, 1, "Why")).await;
    assert!(
        matches!(faulty, Err(PublishError::Unusable(_))),
        "{faulty:?}"
    );
    let silent = publish(publication(DEFAULT, 1, "  ")).await;
    assert!(matches!(silent, Err(PublishError::NoNote)), "{silent:?}");
    let long = "x".repeat(501);
    let long = publish(publication(DEFAULT, 1, &long)).await;
    assert!(matches!(long, Err(PublishError::LongNote)), "{long:?}");

    assert!(matches!(
        shop.take_back(1).await,
        Err(PublishError::FirstVersion)
    ));
    assert!(matches!(
        shop.take_back(2).await,
        Err(PublishError::NoSuchVersion(2))
    ));
    shop.publish(&two_orders_will_do(), 1, Applies::Forward)
        .await;
    let stale = shop.try_publish(DEFAULT, 1, Applies::Forward).await;
    assert!(
        matches!(stale, Err(PublishError::Stale { base: 1, latest: 2 })),
        "{stale:?}"
    );
    shop.take_back(2).await.unwrap();
    assert!(matches!(
        shop.take_back(2).await,
        Err(PublishError::TakenBack(2))
    ));

    let versions = projector.list_versions(shop.brand_id).await.unwrap();
    let listed: Vec<_> = versions
        .iter()
        .map(|one| (one.version, one.origin.as_str(), one.withdrawn_at.is_some()))
        .collect();
    assert_eq!(listed, [(2, "operator", true), (1, "default", false)]);
    let told: Vec<String> = sqlx::query_scalar(
        "select kind from outbox where brand_id = $1 and kind like 'rules.%' order by kind",
    )
    .bind(shop.brand_id.uuid())
    .fetch_all(&shop.test.app.pool)
    .await
    .unwrap();
    assert_eq!(told, ["rules.published", "rules.taken_back"]);
    let audited: i64 = sqlx::query_scalar(
        "select count(*) from audit where brand_id = $1 and action like 'rules.%'",
    )
    .bind(shop.brand_id.uuid())
    .fetch_one(&shop.test.app.pool)
    .await
    .unwrap();
    assert_eq!(audited, 2);
}

#[tokio::test]
async fn two_who_publish_at_once_do_not_both_succeed() {
    let shop = Shop::open().await;
    let document = two_orders_will_do();

    let (one, other) = tokio::join!(
        shop.try_publish(&document, 1, Applies::Forward),
        shop.try_publish(&document, 1, Applies::History),
    );

    let published = [&one, &other].iter().filter(|done| done.is_ok()).count();
    assert_eq!(published, 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_draft_is_kept_as_typed_until_it_is_published_or_discarded() {
    let shop = Shop::open().await;
    let (projector, brand_id) = (&shop.test.app.projector, shop.brand_id);
    shop.publish(DEFAULT, 1, Applies::Forward).await;
    let save = |text| projector.save_draft(brand_id, text, 2, Actor::Operator);

    assert_eq!(projector.find_draft(brand_id).await.unwrap(), None);
    save("name: [unfinished").await.unwrap();
    save("name: still unfinished").await.unwrap();
    let draft = projector.find_draft(brand_id).await.unwrap().unwrap();
    assert_eq!(
        (draft.document.as_str(), draft.base_version),
        ("name: still unfinished", 2)
    );

    assert!(
        projector
            .discard_draft(brand_id, Actor::Operator)
            .await
            .unwrap()
    );
    assert!(
        !projector
            .discard_draft(brand_id, Actor::Operator)
            .await
            .unwrap()
    );
    save(DEFAULT).await.unwrap();
    shop.publish(DEFAULT, 2, Applies::Forward).await;
    assert_eq!(projector.find_draft(brand_id).await.unwrap(), None);
    let missing = projector.save_draft(brand_id, "", 9, Actor::Operator).await;
    assert!(
        matches!(missing, Err(PublishError::NoSuchVersion(9))),
        "{missing:?}"
    );
}
