//! How often things may be tried, counted in the database.

use std::net::IpAddr;

use befriend::abuse::rule::{self, Count};
use befriend::abuse::{Account, Attempt, Guard, Kind, TooMany, Try, device, store};
use befriend::kernel::id::BrandId;
use befriend::kernel::{Entropy, Network};
use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::harness::{TestApp, start_of_time};

fn network(n: u32) -> Network {
    Network::of(Some(IpAddr::from((n << 8).to_be_bytes())))
}

fn attempt(account: &str, from: u32) -> Attempt {
    Attempt {
        kind: Kind::Password,
        account: Account::named(account),
        network: network(from),
        device: None,
    }
}

fn brand() -> BrandId {
    BrandId::new(start_of_time(), &Entropy::seeded(1))
}

async fn begin(test: &TestApp, attempt: &Attempt) -> Result<Try, TooMany> {
    let mut conn = test.app.pool.acquire().await.unwrap();
    let now = test.clock.now();
    let begun = test.app.abuse.begin(&mut conn, brand(), attempt, now).await;
    begun.unwrap()
}

/// Tries in vain; says whether the try was let through.
async fn fail(test: &TestApp, attempt: &Attempt) -> bool {
    let Ok(begun) = begin(test, attempt).await else {
        return false;
    };
    let mut conn = test.app.pool.acquire().await.unwrap();
    let now = test.clock.now();
    let failed = test.app.abuse.fail(&mut conn, begun, now).await;
    failed.unwrap();
    true
}

async fn succeed(test: &TestApp, attempt: &Attempt) -> bool {
    let Ok(begun) = begin(test, attempt).await else {
        return false;
    };
    let mut conn = test.app.pool.acquire().await.unwrap();
    test.app.abuse.succeed(&mut conn, begun).await.unwrap();
    true
}

#[tokio::test]
async fn a41_one_network_cannot_try_many_accounts() {
    let test = TestApp::start().await;

    let mut let_through = 0;
    for n in 0..400 {
        let victim = attempt(&format!("{n}@x.example"), 7);
        let_through += u32::from(fail(&test, &victim).await);
    }

    assert_eq!(let_through, rule::NETWORK_FREE);
    assert!(
        fail(&test, &attempt("0@x.example", 8)).await,
        "others go on"
    );
    test.clock.advance(TimeDelta::seconds(4));
    assert!(fail(&test, &attempt("new@x.example", 7)).await);
}

#[tokio::test]
async fn a45_many_networks_cannot_try_one_account_nor_keep_its_owner_out() {
    let test = TestApp::start().await;
    let (app, account) = (&test.app, Account::named("mara@x.example"));
    let cookie = device::remember(&app.cipher, &app.entropy, brand(), &account, None);
    let known = Attempt {
        device: device::recognise(&app.cipher, brand(), &account, &cookie),
        ..attempt("mara@x.example", 1)
    };
    assert!(known.device.is_some());

    let mut let_through = 0;
    for n in 0..1_000 {
        let_through += u32::from(fail(&test, &attempt("mara@x.example", n)).await);
    }

    assert_eq!(let_through, rule::ACCOUNT_FREE);
    let started = std::time::Instant::now();
    assert!(succeed(&test, &known).await, "the owner's own browser");
    assert!(started.elapsed().as_secs() < 1);
    assert!(!fail(&test, &attempt("mara@x.example", 5_000)).await);
    let code = Attempt {
        kind: Kind::Code,
        ..attempt("mara@x.example", 5_000)
    };
    assert!(succeed(&test, &code).await, "codes are counted apart");
    test.clock.advance(rule::FORGOTTEN_AFTER);
    assert!(fail(&test, &attempt("mara@x.example", 5_000)).await);
}

#[tokio::test]
async fn a41_all_networks_and_accounts_of_a_brand_together_are_slowed_down() {
    let test = TestApp::start().await;
    let tries = rule::BRAND_FREE + 500;

    let let_through: Vec<bool> = {
        let mut all = Vec::new();
        for chunk in 0..tries / 50 {
            let some = (0..50).map(|n| {
                let n = chunk * 50 + n;
                let (test, who) = (&test, attempt(&format!("{n}@x.example"), n));
                async move { fail(test, &who).await }
            });
            all.extend(join_all(some).await);
        }
        all
    };

    let count = let_through.iter().filter(|through| **through).count();
    assert_eq!(u32::try_from(count).unwrap(), rule::BRAND_FREE);
}

#[tokio::test]
async fn tries_made_at_once_are_all_counted() {
    let test = TestApp::start().await;
    let who = attempt("mara@x.example", 7);

    let all = join_all((0..100).map(|_| fail(&test, &who))).await;

    let count = all.iter().filter(|through| **through).count();
    assert_eq!(u32::try_from(count).unwrap(), rule::PAIR_FREE);
}

#[tokio::test]
async fn counters_hold_over_all_processes() {
    let test = TestApp::start().await;
    let who = attempt("mara@x.example", 7);
    for _ in 0..rule::PAIR_FREE {
        assert!(fail(&test, &who).await);
    }

    let other = Guard::new(&[7; 32]);
    let mut conn = test.app.pool.acquire().await.unwrap();
    let begun = other
        .begin(&mut conn, brand(), &who, test.clock.now())
        .await;

    let refused = begun.unwrap().map(drop).unwrap_err();
    assert_eq!(refused.seconds(), 2);
}

#[tokio::test]
async fn a_right_secret_clears_the_slate() {
    let test = TestApp::start().await;
    let who = attempt("mara@x.example", 7);

    for _ in 0..10 {
        for _ in 0..rule::PAIR_FREE - 1 {
            assert!(fail(&test, &who).await);
        }
        assert!(succeed(&test, &who).await);
    }

    let left: i64 = sqlx::query_scalar("select count(*) from attempt_counter")
        .fetch_one(&test.app.pool)
        .await
        .unwrap();
    assert_eq!(left, 2, "of the network and of the brand");
}

#[tokio::test]
async fn a_new_secret_forgives_what_strangers_tried() {
    let test = TestApp::start().await;
    for n in 0..rule::ACCOUNT_FREE {
        assert!(fail(&test, &attempt("mara@x.example", n)).await);
    }
    assert!(!fail(&test, &attempt("mara@x.example", 99)).await);

    let account = Account::named("mara@x.example");
    let mut conn = test.app.pool.acquire().await.unwrap();
    let forgiven = test
        .app
        .abuse
        .forgive(&mut conn, brand(), Kind::Password, &account)
        .await;
    drop(conn);

    forgiven.unwrap();
    assert!(succeed(&test, &attempt("mara@x.example", 99)).await);
}

#[tokio::test]
async fn a65_asking_for_mail_is_limited_by_network_and_not_by_account() {
    let test = TestApp::start().await;
    let ask = async |who: &Attempt| {
        let mut conn = test.app.pool.acquire().await.unwrap();
        let now = test.clock.now();
        let spent = test.app.abuse.spend(&mut conn, brand(), who, now).await;
        spent.unwrap().is_ok()
    };
    let asking = |n: u32, from| Attempt {
        kind: Kind::Mail,
        ..attempt(&format!("{n}@x.example"), from)
    };

    let mut granted = 0;
    for n in 0..100 {
        granted += u32::from(ask(&asking(n, 7)).await);
    }

    assert_eq!(granted, 30);
    assert!(ask(&asking(0, 8)).await);
    test.clock.advance(TimeDelta::minutes(1));
    assert!(ask(&asking(0, 7)).await);
}

#[tokio::test]
async fn the_database_does_the_same_sum_as_the_rule() {
    let test = TestApp::start().await;
    let mut conn = test.app.pool.acquire().await.unwrap();
    let entropy = Entropy::seeded(9);
    let rules = [rule::PAIR, rule::NETWORK, rule::BRAND, rule::MAIL_NETWORK];
    let keys: Vec<[u8; 32]> = rules.iter().map(|_| entropy.bytes()).collect();
    let mut expected: Vec<Option<Count>> = vec![None; rules.len()];
    let mut now = start_of_time();

    for step in 0..200_i64 {
        // Mostly seconds, sometimes back, sometimes a day and more.
        let millis = match step % 40 {
            39 => 100_000_000,
            7 => -1_500,
            _ => i64::from(entropy.bytes::<1>()[0]) * 25,
        };
        now += TimeDelta::milliseconds(millis);
        let counters: Vec<_> = keys.iter().copied().zip(rules).collect();
        store::add_tries(&mut conn, brand(), counters, now)
            .await
            .unwrap();
        for (count, rule) in expected.iter_mut().zip(rules) {
            *count = Some(rule.after_failure(*count, now));
        }

        let names: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
        let stored = store::list_counts(&mut conn, brand(), &names)
            .await
            .unwrap();
        for (key, count) in keys.iter().zip(&expected) {
            assert_eq!(stored.get(key.as_slice()).copied(), *count, "step {step}");
        }
    }
}
