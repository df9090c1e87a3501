//! Mail: queued with what it tells of, handed over by SMTP, kept where there is no server.

mod queue;
mod sending;
mod server;
mod staff;

use std::time::Duration;

use befriend::audit::Actor;
use befriend::brand::Brand;
use befriend::brand::draft::Draft;
use befriend::config::{Smtp, SmtpSecurity};
use befriend::kernel::id::BrandId;
use befriend::kernel::{EmailAddress, Secret};
use befriend::mail::sender::Sender;
use befriend::mail::transport::Transport;
use befriend::mail::{self, Mail, Message, Post};
use befriend::postgres;
use befriend::view::language::Language;
use chrono::TimeDelta;

use self::server::Server;
use crate::harness::TestApp;

const LIFE: TimeDelta = TimeDelta::minutes(10);

async fn brand(test: &TestApp, slug: &str) -> Brand {
    let draft = Draft::parse(slug, "Bellmoor Bakery", "#b85207").unwrap();
    let made = test.app.create_brand(Actor::Operator, draft, false).await;
    made.unwrap().0
}

fn code(text: &str) -> Message {
    Message::SignInCode {
        code: text.to_owned(),
        link: format!("https://id.bellmoor.example/login/open?token={text}"),
        minutes: 10,
    }
}

fn reset(text: &str) -> Message {
    Message::PasswordReset {
        code: text.to_owned(),
        link: format!("https://id.bellmoor.example/login/reset?token={text}"),
        minutes: 10,
    }
}

async fn queue(test: &TestApp, brand_id: BrandId, to: &str, message: Message) {
    let app = &test.app;
    let to = EmailAddress::parse(to).unwrap();
    let post = Post {
        cipher: &app.cipher,
        entropy: &app.entropy,
        language: Language::English,
    };
    let at = test.clock.now();
    let mail = Mail {
        to: &to,
        profile_id: None,
        message,
        at,
        expires_at: at + LIFE,
    };
    postgres::tx(&app.pool, async |conn| {
        mail::queue(conn, brand_id, &post, mail.clone()).await
    })
    .await
    .unwrap();
}

fn settings(server: &Server) -> Smtp {
    Smtp {
        host: server.address.ip().to_string(),
        port: server.address.port(),
        security: SmtpSecurity::Plain,
        login: Some(("befriend".to_owned(), Secret::new("hunter2 and more"))),
        from: EmailAddress::parse("no-reply@bellmoor.example").unwrap(),
    }
}

fn sender_by(test: &TestApp, settings: &Smtp) -> Sender {
    let app = &test.app;
    Sender {
        pool: app.pool.clone(),
        clock: test.clock.clone(),
        entropy: app.entropy.clone(),
        cipher: app.cipher.clone(),
        transport: Transport::with_patience(settings, Duration::from_secs(2)).unwrap(),
    }
}

fn sender(test: &TestApp, server: &Server) -> Sender {
    sender_by(test, &settings(server))
}

/// A row of the queue: tries, sent, given up, the last error, the length of what is stored.
type Row = (i32, bool, bool, Option<String>, i32);

async fn rows(test: &TestApp) -> Vec<Row> {
    sqlx::query_as(
        "select tries, sent_at is not null, failed_at is not null, last_error, length(body)
         from mail order by mail_id",
    )
    .fetch_all(&test.app.pool)
    .await
    .unwrap()
}
