//! A brand's own URLs that lead inside: never called, whoever saved them.

use std::io::ErrorKind;
use std::net::TcpListener;

use befriend::federation::Connection;

use super::super::world::{Wishes, assert_refused};
use super::{go_to, open_login, sign_in, world};

/// Puts a URL into a connection.
type Set = fn(&mut Connection, String);

/// What leads to a listener on this machine, or to a cloud's metadata.
fn inside(port: u16) -> [String; 6] {
    [
        format!("https://127.0.0.1:{port}/x"),
        format!("http://127.0.0.1:{port}/x"),
        format!("https://[::ffff:127.0.0.1]:{port}/x"),
        // A name that resolves here only when it is used.
        format!("https://localhost:{port}/x"),
        format!("https://2130706433:{port}/x"),
        "https://169.254.169.254/x".to_owned(),
    ]
}

#[tokio::test]
async fn a27_a_url_that_leads_inside_is_refused_at_every_fetch() {
    let (world, fakes) = world(Wishes::default()).await;
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port();
    let parts: [(&str, &'static str, Set); 4] = [
        ("token", "github", |connection, url| {
            connection.token_url = Some(url);
        }),
        ("userinfo", "github", |connection, url| {
            connection.userinfo_url = Some(url);
        }),
        ("keys", "google", |connection, url| {
            connection.jwks_url = Some(url);
        }),
        ("discovery", "oidc", |connection, url| {
            connection.issuer = Some(url);
        }),
    ];
    for (what, key, set) in parts {
        for url in inside(port) {
            // As if it had been saved before the rule, or by another way.
            world.run("delete from attempt").await;
            world.run("delete from connection").await;
            let mut connection = fakes.connection(&world, key);
            set(&mut connection, url.clone());
            world.insert(&connection).await;
            let mut browser = world.browser();

            let answer = if what == "discovery" {
                let login = open_login(&mut browser).await;
                browser.get(&format!("{login}&provider={key}")).await
            } else {
                sign_in(&mut browser, &fakes, key).await
            };

            assert_refused(&answer, 502);
            let reached = canary.accept().map(|_| ());
            let nobody = reached.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
            assert!(nobody, "{what}: {url}");
        }
    }
    assert_eq!(world.count("select count(*) from profile").await, 0);
}

#[tokio::test]
async fn a27_a_url_that_is_written_to_lead_inside_is_not_saved() {
    let (world, fakes) = world(Wishes::default()).await;
    let egress = &world.app.app.egress;
    let judged = |url: &str| {
        let mut connection = fakes.connection(&world, "oidc");
        connection.issuer = Some(url.to_owned());
        connection.check(egress).is_ok()
    };

    assert!(judged("https://login.partner.example"));
    for url in inside(8443).iter().filter(|url| !url.contains("localhost")) {
        assert!(!judged(url), "{url}");
    }
    let away = {
        let mut browser = world.browser();
        world.insert(&fakes.connection(&world, "oidc")).await;
        let login = open_login(&mut browser).await;
        go_to(&mut browser, &login, "oidc").await
    };
    assert!(
        away.starts_with("https://login.partner.example/"),
        "the good one is used"
    );
}
