//! A code or a link in a mail as the way in.

use axum::body::Body;
use axum::http::Method;
use chrono::TimeDelta;

use super::post::{ask, sign_in_by_mail, type_code, within};
use super::world::{Wishes, World, assert_signed_in, go_to, open_login, person, sign_in};

const MARA: &str = "mara@x.example";

async fn world() -> World {
    let world = World::new().await;
    world.connect_mailbox().await;
    world
}

#[tokio::test]
async fn a_code_signs_up_and_then_in_as_the_same_person() {
    let world = world().await;
    let mut first = world.browser();
    let mut second = world.browser();

    assert_signed_in(&sign_in_by_mail(&world, &mut first, MARA).await);
    assert_signed_in(&sign_in_by_mail(&world, &mut second, " MARA@X.example ").await);

    assert_eq!(world.count("select count(*) from profile").await, 1);
    assert_eq!(world.texts("select subject from identity").await, [MARA]);
    assert_eq!(
        world
            .texts("select method from session order by created_at")
            .await,
        ["email", "email"]
    );
    let proven = "select address from profile_email where verified_at is not null";
    assert_eq!(world.texts(proven).await, [MARA]);
    let said = "select name || ' ' || (payload->'properties'->>'method') from event order by 1";
    assert_eq!(
        world.texts(said).await,
        ["Signed In email", "Signed Up email"]
    );
}

#[tokio::test]
async fn nothing_is_stored_of_a_newcomer_before_they_agree() {
    let world = World::with(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    world.connect_mailbox().await;
    let mut browser = world.browser();

    let asked = sign_in_by_mail(&world, &mut browser, MARA).await;

    assert!(
        asked.location().starts_with("/consent?flow="),
        "{}",
        asked.text()
    );
    assert_eq!(world.count("select count(*) from profile").await, 0);
    let page = browser.get(asked.location()).await;
    assert!(page.text().contains(MARA) && !page.text().contains("a number that stands"));
    let consent = asked.location().to_owned();
    assert_signed_in(&browser.post_form(&consent, &[("decision", "accept")]).await);
}

#[tokio::test]
async fn a39_a_known_and_an_unknown_address_are_answered_alike() {
    let world = world().await;
    let mut owner = world.browser();
    assert_signed_in(&sign_in_by_mail(&world, &mut owner, MARA).await);

    let mut seen = Vec::new();
    // As long as each other, so that only what is said differs.
    for address in [MARA, "nora@x.example"] {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let asked = ask(&mut browser, &login, address).await;
        let flow = login.rsplit_once('=').unwrap().1.to_owned();
        let page = browser.get(asked.location()).await;
        let names: Vec<String> = page
            .headers
            .keys()
            .map(|name| name.as_str().to_owned())
            .filter(|name| name != "request-id")
            .collect();
        let said = page.text().replace(&flow, "F").replace(address, "A");
        let place = asked.location().replace(&flow, "F");
        seen.push((asked.status, place, page.status, names, said));
        assert_eq!(world.latest_mail(address).await.kind, "sign_in_code");
    }

    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a46_five_wrong_codes_end_it_and_another_mail_does_not_begin_anew() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    ask(&mut browser, &login, MARA).await;
    let right = world.latest_mail(MARA).await.code();
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };

    for _ in 0..3 {
        assert_eq!(type_code(&mut browser, &login, wrong).await.status, 422);
    }
    let again = within(&login, "/login/email/again");
    world.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(browser.post_form(&again, &[]).await.status, 303);
    let old = type_code(&mut browser, &login, &right).await;
    assert_eq!(old.status, 422, "the code before works no longer");
    let last = type_code(&mut browser, &login, wrong).await;
    let text = last.text();
    let is_over = text.contains("wrong too often") || text.contains("works no longer");
    assert!(is_over, "{text}");
    let right = world.latest_mail(MARA).await.code();
    let late = type_code(&mut browser, &login, &right).await;

    assert_ne!(late.status, 303, "five tries, whatever was sent between");
    assert_eq!(world.count("select count(*) from session").await, 0);
}

#[tokio::test]
async fn a46_codes_tried_at_once_are_all_counted() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    ask(&mut browser, &login, MARA).await;
    let right = world.latest_mail(MARA).await.code();

    let tries = (0..20).map(|number| {
        let (mut browser, login) = (browser.clone(), login.clone());
        let guess = format!("{number:06}");
        let guess = if guess == right {
            "999999".to_owned()
        } else {
            guess
        };
        async move { type_code(&mut browser, &login, &guess).await.status }
    });
    futures_util::future::join_all(tries).await;

    let tries = world.count("select tries::bigint from proof").await;
    assert!(tries <= 5, "{tries} codes were looked at");
    assert_ne!(type_code(&mut browser, &login, &right).await.status, 303);
}

#[tokio::test]
async fn a47_a_code_works_once() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    ask(&mut browser, &login, MARA).await;
    let mail = world.latest_mail(MARA).await;
    assert_signed_in(&type_code(&mut browser, &login, &mail.code()).await);

    let again = type_code(&mut browser, &login, &mail.code()).await;
    let link = browser.post_form(&mail.link(), &[]).await;

    assert_eq!(again.status, 400, "{}", again.text());
    assert_eq!(link.status, 404);
    assert_eq!(world.count("select count(*) from session").await, 1);
}

#[tokio::test]
async fn a48_a_code_of_another_brand_or_browser_is_wrong() {
    let world = world().await;
    let mut browser = world.browser();
    let mut thief = world.browser();
    let login = open_login(&mut browser).await;
    ask(&mut browser, &login, MARA).await;
    let mail = world.latest_mail(MARA).await;
    let theirs = open_login(&mut thief).await;
    ask(&mut thief, &theirs, "thief@x.example").await;

    let stolen = type_code(&mut thief, &theirs, &mail.code()).await;
    let pushed = type_code(&mut thief, &login, &mail.code()).await;
    let linked = thief.post_form(&mail.link(), &[]).await;

    assert_eq!(stolen.status, 422, "the code of another browser");
    assert_eq!(pushed.status, 400, "the flow of another browser (A11)");
    assert_eq!(linked.status, 400, "the link of another browser");
    assert_eq!(world.count("select count(*) from session").await, 0);
    assert_signed_in(&type_code(&mut browser, &login, &mail.code()).await);
}

#[tokio::test]
async fn a49_code_and_link_end_after_ten_minutes() {
    let world = world().await;
    for (passed, works) in [
        (TimeDelta::minutes(10), false),
        (TimeDelta::seconds(599), true),
    ] {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        world.app.clock.advance(TimeDelta::minutes(5));
        ask(&mut browser, &login, MARA).await;
        let mail = world.latest_mail(MARA).await;
        world.app.clock.advance(passed);

        let opened = browser.get(&mail.link()).await;
        let typed = type_code(&mut browser, &login, &mail.code()).await;

        assert_eq!(opened.status == 200, works, "{passed}");
        assert_eq!(typed.status == 303, works, "{passed}: {}", typed.text());
    }
}

#[tokio::test]
async fn a50_links_are_made_of_the_settings_alone() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "host=evil.example;proto=http"),
        ("origin", "https://evil.example"),
    ];
    let path = within(&login, "/login/email");
    let body = Body::from("email=mara%40x.example");

    let asked = browser.send(Method::POST, &path, &headers, body).await;

    assert_eq!(asked.status, 303);
    let letter = world.latest_mail(MARA).await.letter;
    assert!(!letter.text.contains("evil") && !letter.html.contains("evil"));
    let ours = format!("{}/login/mail/", world.app.app.config.issuer());
    assert!(letter.text.contains(&ours), "{}", letter.text);
}

#[tokio::test]
async fn a51_the_page_of_a_link_tells_nobody_of_it() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    ask(&mut browser, &login, MARA).await;
    let link = world.latest_mail(MARA).await.link();

    let page = browser.get(&link).await;

    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.text().contains("<script"));
    let done = browser.post_form(&link, &[]).await;
    assert_signed_in(&done);
    assert!(!done.location().contains(link.rsplit_once('/').unwrap().1));
}

#[tokio::test]
async fn a52_opening_a_link_does_nothing_and_elsewhere_it_shows_the_code() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    ask(&mut browser, &login, MARA).await;
    let mail = world.latest_mail(MARA).await;
    let mut scanner = world.browser();

    for method in [Method::GET, Method::HEAD, Method::GET] {
        let seen = scanner.send(method, &mail.link(), &[], Body::empty()).await;
        assert_eq!(seen.status, 200);
        assert!(!seen.headers.contains_key("set-cookie"));
    }
    let code = mail.code();
    let shown = scanner.get(&mail.link()).await.text();
    assert!(
        shown.contains(&format!("{} {}", &code[..3], &code[3..])),
        "{shown}"
    );
    assert!(!shown.contains("<form"), "nothing to press there");
    let button = browser.get(&mail.link()).await.text();
    assert!(button.contains("<form") && !button.contains(&code));
    assert_eq!(world.count("select count(*) from session").await, 0);

    assert_signed_in(&browser.post_form(&mail.link(), &[]).await);
}

#[tokio::test]
async fn an_address_that_signs_in_another_way_is_asked_about_and_proves_itself_by_code() {
    let world = world().await;
    let provider = world.connect("op").await;
    let mut first = world.browser();
    assert_signed_in(&sign_in_by_mail(&world, &mut first, MARA).await);

    let mut second = world.browser();
    let asked = sign_in(&mut second, &provider, "op", person("mara", MARA)).await;
    assert!(
        asked.location().starts_with("/link?flow="),
        "{}",
        asked.text()
    );
    let page = second.get(asked.location()).await;
    assert!(
        page.text().contains("/email\""),
        "the mailbox is a way to prove it"
    );
    let flow = asked.location().rsplit_once('=').unwrap().1.to_owned();
    let sent = second.post_form(&format!("/login/{flow}/email"), &[]).await;
    assert_eq!(sent.location(), format!("/login/email?flow={flow}"));
    let code = world.latest_mail(MARA).await.code();
    let path = format!("/login/email/code?flow={flow}");
    let done = second.post_form(&path, &[("code", &code)]).await;

    assert_signed_in(&done);
    assert_eq!(world.count("select count(*) from profile").await, 1);
    assert_eq!(world.count("select count(*) from identity").await, 2);
}

#[tokio::test]
async fn a_mailbox_selects_no_profile_that_another_way_made() {
    let world = world().await;
    let provider = world.connect("op").await;
    let mut first = world.browser();
    assert_signed_in(&sign_in(&mut first, &provider, "op", person("mara", MARA)).await);

    let mut second = world.browser();
    let asked = sign_in_by_mail(&world, &mut second, MARA).await;

    assert!(
        asked.location().starts_with("/link?flow="),
        "{}",
        asked.text()
    );
    assert_eq!(world.count("select count(*) from session").await, 1);
}

#[tokio::test]
async fn somebody_signed_in_adds_a_mailbox_as_another_way_in() {
    let world = world().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    assert_signed_in(&sign_in(&mut browser, &provider, "op", person("mara", MARA)).await);

    let begun = browser.post_form("/login/link/bakery/email", &[]).await;
    let page = begun.location().to_owned();
    assert!(page.starts_with("/login/email?flow="), "{}", begun.text());
    ask(&mut browser, &page, "other@x.example").await;
    let mail = world.latest_mail("other@x.example").await;
    assert_eq!(mail.kind, "address_code");
    let done = type_code(&mut browser, &page, &mail.code()).await;

    assert_eq!(done.location(), "/me?brand=bakery", "{}", done.text());
    assert_eq!(world.count("select count(*) from profile").await, 1);
    let mut elsewhere = world.browser();
    assert_signed_in(&sign_in_by_mail(&world, &mut elsewhere, "other@x.example").await);
    assert_eq!(world.count("select count(*) from profile").await, 1);
}

#[tokio::test]
async fn a65_one_address_is_sent_five_mails_an_hour_and_the_answer_stays_the_same() {
    let world = world().await;
    for number in 0..8 {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let address = format!("mara+{number}@x.example");
        assert_eq!(ask(&mut browser, &login, &address).await.status, 303);
    }

    assert_eq!(world.count("select count(*) from mail").await, 5);
}

#[tokio::test]
async fn a_brand_that_switched_the_mailbox_off_takes_no_code() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    ask(&mut browser, &login, MARA).await;
    let code = world.latest_mail(MARA).await.code();
    world.enable("email", false).await;

    assert_eq!(ask(&mut browser, &login, MARA).await.status, 404);
    assert_ne!(type_code(&mut browser, &login, &code).await.status, 303);
    let away = go_to_page(&mut browser, &login).await;
    assert!(!away.contains("name=\"email\""));
}

async fn go_to_page(browser: &mut crate::harness::Browser, login: &str) -> String {
    browser.get(login).await.text()
}

#[tokio::test]
async fn an_application_that_names_the_mailbox_leads_straight_to_it() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;

    let place = go_to(&mut browser, &login, "email").await;

    assert_eq!(place, within(&login, "/login/email"));
    assert_eq!(browser.get(&place).await.status, 200);
}
