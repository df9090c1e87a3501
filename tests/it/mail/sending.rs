//! Handing over, whatever the server does (F20).

use std::time::Duration;

use befriend::config::{Smtp, SmtpSecurity};
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::server::{Mode, Server};
use super::{LIFE, brand, code, queue, reset, rows, sender, sender_by, settings};
use crate::harness::TestApp;

#[tokio::test]
async fn a_mail_arrives_once_and_is_wiped() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Take).await;
    let sender = sender(&test, &server);
    queue(&test, bakery.brand_id, "Mara+x@X.example", code("482913")).await;

    let claimed = sender.send_due().await.unwrap();
    let again = sender.send_due().await.unwrap();

    assert_eq!((claimed, again), (1, 0));
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].to, "RCPT TO:<mara+x@x.example>");
    assert_eq!(received[0].header("To:"), "To: mara+x@x.example");
    assert_eq!(
        received[0].header("From:"),
        "From: \"Bellmoor Bakery\" <no-reply@bellmoor.example>"
    );
    assert_eq!(
        received[0].header("Subject:"),
        "Subject: Your code for Bellmoor Bakery"
    );
    assert_eq!(
        received[0].header("Auto-Submitted:"),
        "Auto-Submitted: auto-generated"
    );
    assert!(received[0].data.contains("    482913"), "{received:?}");
    assert!(received[0].data.contains("text/html"));
    assert_eq!(rows(&test).await, [(1, true, false, None, 0)]);
}

#[tokio::test]
async fn f20_a_server_that_is_down_is_tried_again_ever_more_rarely() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Take).await;
    let (address, settings) = (server.address, settings(&server));
    let sender = sender_by(&test, &settings);
    drop(server);
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;

    let mut tried_at = Vec::new();
    for second in 0..120 {
        if sender.send_due().await.unwrap() == 1 {
            tried_at.push(second);
        }
        test.clock.advance(TimeDelta::seconds(1));
    }
    let server = Server::start_at(address, Mode::Take).await;
    test.clock.advance(TimeDelta::minutes(3));
    let last = sender.send_due().await.unwrap();

    // Waits of at most 5, 10, 20, 40, 80 seconds, each at least half of that.
    assert!((5..=8).contains(&tried_at.len()), "{tried_at:?}");
    let gaps: Vec<i32> = tried_at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (n, gap) in gaps.iter().enumerate() {
        let most = 5 << n;
        assert!(*gap >= most / 2 && *gap <= most + 1, "{gaps:?}");
    }
    assert_eq!((last, server.received().len()), (1, 1));
    let tries = i32::try_from(tried_at.len()).unwrap() + 1;
    assert_eq!(rows(&test).await, [(tries, true, false, None, 0)]);
}

#[tokio::test]
async fn f20_what_is_put_off_is_tried_again_and_what_is_refused_is_not() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Answer(451)).await;
    let sender = sender(&test, &server);
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;

    sender.send_due().await.unwrap();
    let put_off = rows(&test).await;
    server.set(Mode::RefusePassword);
    test.clock.advance(TimeDelta::minutes(1));
    sender.send_due().await.unwrap();
    let refused_us = rows(&test).await;
    server.set(Mode::Answer(550));
    test.clock.advance(TimeDelta::minutes(1));
    sender.send_due().await.unwrap();
    let refused = rows(&test).await;
    server.set(Mode::Take);
    test.clock.advance(TimeDelta::minutes(1));
    sender.send_due().await.unwrap();

    let (tries, sent, failed, error, body) = &put_off[0];
    assert_eq!((*tries, *sent, *failed), (1, false, false));
    assert!(
        error.as_ref().unwrap().contains("451") && *body > 0,
        "{put_off:?}"
    );
    let (tries, sent, failed, error, body) = &refused_us[0];
    assert_eq!(
        (*tries, *sent, *failed),
        (2, false, false),
        "{refused_us:?}"
    );
    assert!(!error.as_ref().unwrap().contains("hunter2") && *body > 0);
    let (tries, sent, failed, error, body) = &refused[0];
    assert_eq!((*tries, *sent, *failed, *body), (3, false, true, 0));
    assert!(error.as_ref().unwrap().contains("550"), "{refused:?}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn f20_a_mail_expires_with_what_it_holds() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Answer(451)).await;
    let sender = sender(&test, &server);
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;
    sender.send_due().await.unwrap();

    server.set(Mode::Take);
    test.clock.advance(LIFE);
    sender.send_due().await.unwrap();

    assert!(server.received().is_empty());
    let (tries, sent, failed, error, body) = rows(&test).await.remove(0);
    assert_eq!((tries, sent, failed, body), (1, false, true, 0));
    let error = error.unwrap();
    assert!(error.starts_with("expired; before that: ") && error.contains("451"));
}

#[tokio::test]
async fn f20_a_mail_whose_answer_is_lost_comes_again_as_the_same_mail() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::TakeAndDrop).await;
    let sender = sender(&test, &server);
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;

    sender.send_due().await.unwrap();
    server.set(Mode::Take);
    test.clock.advance(TimeDelta::seconds(6));
    sender.send_due().await.unwrap();

    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(
        received[0].header("Message-ID:"),
        received[1].header("Message-ID:")
    );
    assert!(received.iter().all(|mail| mail.data.contains("482913")));
    assert_eq!(rows(&test).await, [(2, true, false, None, 0)]);
}

#[tokio::test]
async fn f20_no_connection_to_the_database_is_held_while_a_server_is_slow() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Silent).await;
    let sender = sender(&test, &server);
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;
    let handing = tokio::spawn(async move { sender.send_due().await });
    server.connected().await;

    let pool = &test.app.pool;
    let all = tokio::time::timeout(
        Duration::from_secs(1),
        join_all((0..8).map(|_| pool.acquire())),
    )
    .await;
    assert!(!handing.is_finished(), "the server still says nothing");
    assert!(
        all.expect("every connection is free")
            .iter()
            .all(Result::is_ok)
    );
    let handed = handing.await.unwrap().unwrap();

    assert_eq!(handed, 1);
    let (tries, sent, failed, error, _) = rows(&test).await.remove(0);
    assert_eq!((tries, sent, failed), (1, false, false));
    assert_eq!(error.as_deref(), Some("the server took too long"));
}

#[tokio::test]
async fn f20_of_two_links_to_a_new_password_only_the_newer_is_sent() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Answer(421)).await;
    let sender = sender(&test, &server);
    queue(&test, bakery.brand_id, "mara@x.example", reset("older")).await;
    sender.send_due().await.unwrap();
    test.clock.advance(TimeDelta::minutes(1));
    queue(&test, bakery.brand_id, "mara@x.example", reset("newer")).await;

    server.set(Mode::Take);
    test.clock.advance(TimeDelta::minutes(1));
    sender.send_due().await.unwrap();

    let received = server.received();
    assert_eq!(received.len(), 1);
    assert!(received[0].data.contains("newer") && !received[0].data.contains("older"));
}

#[tokio::test]
async fn two_workers_share_the_queue() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Take).await;
    for n in 0..40 {
        queue(
            &test,
            bakery.brand_id,
            &format!("m{n}@x.example"),
            code("482913"),
        )
        .await;
    }

    let drain = || async {
        let sender = sender(&test, &server);
        while sender.send_due().await.unwrap() > 0 {}
    };
    tokio::join!(drain(), drain());

    let mut to: Vec<String> = server.received().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((server.received().len(), to.len()), (40, 40));
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_offers_no_tls() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Take).await;
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;
    let plain = settings(&server);

    for security in [SmtpSecurity::StartTls, SmtpSecurity::Tls] {
        let settings = Smtp {
            security,
            ..plain.clone()
        };
        sender_by(&test, &settings).send_due().await.unwrap();
        test.clock.advance(TimeDelta::minutes(1));
    }

    assert!(server.received().is_empty());
    let said = server.commands();
    assert!(said.iter().any(|line| line.starts_with("EHLO")), "{said:?}");
    assert!(
        !said
            .iter()
            .any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")),
        "{said:?}"
    );
    let (tries, sent, failed, ..) = rows(&test).await.remove(0);
    assert_eq!((tries, sent, failed), (2, false, false));
}

#[tokio::test]
async fn a_claim_that_nobody_finished_runs_out() {
    let test = TestApp::start().await;
    let bakery = brand(&test, "bakery").await;
    let server = Server::start(Mode::Silent).await;
    queue(&test, bakery.brand_id, "mara@x.example", code("482913")).await;
    let dying = sender(&test, &server);
    let task = tokio::spawn(async move { dying.send_due().await });
    server.connected().await;
    task.abort();

    server.set(Mode::Take);
    let early = sender(&test, &server).send_due().await.unwrap();
    test.clock.advance(TimeDelta::minutes(5));
    let late = sender(&test, &server).send_due().await.unwrap();

    assert_eq!((early, late), (0, 1));
    assert_eq!(server.received().len(), 1);
}
