//! Passwords of customers: signing up, in, and choosing another.

use chrono::TimeDelta;

use super::post::{type_code, within};
use super::world::{World, assert_signed_in, open_login, person, sign_in};
use crate::harness::{Answer, Browser};

const MARA: &str = "mara@x.example";
const PASSWORD: &str = "teapot orbit velvet 29";
const ANOTHER: &str = "granite lullaby kiosk 7";

async fn world() -> World {
    let world = World::new().await;
    world.connect_mailbox().await;
    world.offer_passwords().await;
    world
}

async fn try_password(browser: &mut Browser, address: &str, password: &str) -> Answer {
    let login = open_login(browser).await;
    let fields = [("email", address), ("password", password)];
    browser
        .post_form(&within(&login, "/login/password"), &fields)
        .await
}

/// Signs up with a password; gives the browser that is signed in.
async fn signed_up(world: &World) -> Browser {
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let fields = [("email", MARA), ("password", PASSWORD)];
    let path = within(&login, "/login/sign-up");
    let asked = browser.post_form(&path, &fields).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let code = world.latest_mail(MARA).await.code();
    assert_signed_in(&type_code(&mut browser, &login, &code).await);
    browser
}

/// Asks for a new password; gives the login page's path.
async fn ask_reset(browser: &mut Browser, address: &str) -> String {
    let login = open_login(browser).await;
    let path = within(&login, "/login/reset");
    let asked = browser.post_form(&path, &[("email", address)]).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    assert_eq!(asked.location(), path);
    login
}

async fn reset_by_code(browser: &mut Browser, login: &str, code: &str, password: &str) -> Answer {
    let path = within(login, "/login/reset/code");
    let fields = [("code", code), ("password", password)];
    browser.post_form(&path, &fields).await
}

#[tokio::test]
async fn a6_a_password_counts_only_once_the_address_is_proven() {
    let world = world().await;
    let mut squatter = world.browser();
    let login = open_login(&mut squatter).await;
    let fields = [("email", MARA), ("password", PASSWORD)];
    let path = within(&login, "/login/sign-up");
    assert_eq!(squatter.post_form(&path, &fields).await.status, 303);

    assert_eq!(
        try_password(&mut squatter, MARA, PASSWORD).await.status,
        422
    );
    assert_eq!(world.count("select count(*) from credential").await, 0);
    assert_eq!(world.count("select count(*) from profile").await, 0);

    signed_up(&world).await;
    let mut elsewhere = world.browser();
    assert_signed_in(&try_password(&mut elsewhere, " Mara@X.example", PASSWORD).await);
    assert_eq!(
        world
            .texts("select method from session order by created_at, method")
            .await,
        ["email", "password"]
    );
}

#[tokio::test]
async fn a39_wrong_password_and_unknown_address_are_answered_alike() {
    let world = world().await;
    signed_up(&world).await;
    let mut seen = Vec::new();
    for address in [MARA, "nora@x.example"] {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let flow = login.rsplit_once('=').unwrap().1.to_owned();
        let fields = [("email", address), ("password", "not the password at all")];
        let path = within(&login, "/login/password");
        let refused = browser.post_form(&path, &fields).await;
        let said = refused.text().replace(&flow, "F").replace(address, "A");
        let path = within(&login, "/login/reset");
        let reset = browser.post_form(&path, &[("email", address)]).await;
        let page = browser.get(&path).await.text();
        seen.push((
            refused.status,
            said,
            reset.status,
            reset.location().replace(&flow, "F"),
            page.replace(&flow, "F").replace(address, "A"),
        ));
    }

    assert_eq!(seen[0], seen[1]);
    assert_eq!(world.mails(MARA).await.len(), 2, "the code and the reset");
    assert!(world.mails("nora@x.example").await.is_empty());
    assert_eq!(
        world.count("select count(*) from mail").await,
        3,
        "one is written that does not go out, so that both take as long (A40)"
    );
}

#[tokio::test]
async fn a54_a_long_password_is_refused_before_it_is_hashed() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    // Six bytes of the form for each two: as long as fits into a form.
    for length in [1_025, 600_000] {
        let long = "é".repeat(length / 2 + 1);
        let fields = [("email", MARA), ("password", long.as_str())];
        for path in ["/login/sign-up", "/login/password"] {
            let answer = browser.post_form(&within(&login, path), &fields).await;
            assert_eq!(answer.status, 422, "{path} {length}");
        }
    }
    let huge = "x".repeat(10_000_000);
    let fields = [("email", MARA), ("password", huge.as_str())];
    let answer = browser
        .post_form(&within(&login, "/login/password"), &fields)
        .await;
    assert_eq!(answer.status, 413);
    assert_eq!(world.count("select count(*) from mail").await, 0);
}

#[tokio::test]
async fn s32_a_weak_password_is_told_why_and_uses_nothing_up() {
    let world = world().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let path = within(&login, "/login/sign-up");
    for (weak, why) in [
        ("short", "At least 15"),
        ("aaaaaaaaaaaaaaaaaaaa", "easy to guess"),
        ("mara@x.example.bakery", "mostly your"),
        ("", "Type a password"),
    ] {
        let fields = [("email", MARA), ("password", weak)];
        let page = browser.post_form(&path, &fields).await;
        assert_eq!(page.status, 422, "{weak}");
        assert!(page.text().contains(why), "{weak}: {}", page.text());
    }
    assert_eq!(world.count("select count(*) from mail").await, 0);
}

#[tokio::test]
async fn s37_a_reset_ends_every_session_signs_nobody_in_and_tells_the_owner() {
    let world = world().await;
    let mut owner = signed_up(&world).await;
    let mut browser = world.browser();
    let login = ask_reset(&mut browser, MARA).await;
    let mail = world.latest_mail(MARA).await;
    assert_eq!(mail.kind, "password_reset");
    assert_eq!(
        owner.get("/me?brand=bakery").await.status,
        200,
        "nothing changed yet"
    );

    let done = reset_by_code(&mut browser, &login, &mail.code(), ANOTHER).await;

    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(done.location(), format!("{login}&done=password"));
    assert!(
        !browser.cookies.contains_key("bf_session_bakery"),
        "no auto-login"
    );
    assert_eq!(owner.get("/me?brand=bakery").await.status, 401);
    assert_eq!(world.latest_mail(MARA).await.kind, "password_changed");
    assert_eq!(try_password(&mut browser, MARA, PASSWORD).await.status, 422);
    assert_signed_in(&try_password(&mut browser, MARA, ANOTHER).await);
    let audited = "select action from audit where action = 'credential.changed'";
    assert_eq!(world.texts(audited).await.len(), 1);
}

#[tokio::test]
async fn s37_a_reset_does_not_pass_by_the_second_factor() {
    let world = world().await;
    signed_up(&world).await;
    world
        .run(
            "insert into credential (brand_id, credential_id, profile_id, kind, data, created_at)
             select brand_id, gen_random_uuid(), profile_id, 'totp', '{}', now() from profile",
        )
        .await;
    let mut browser = world.browser();
    let login = ask_reset(&mut browser, MARA).await;
    let link = world.latest_mail(MARA).await.link();
    assert_eq!(browser.get(&link).await.status, 200);
    let done = browser.post_form(&link, &[("password", ANOTHER)]).await;
    assert_eq!(
        done.location(),
        format!("{login}&done=password"),
        "{}",
        done.text()
    );
    let sessions = world.count("select count(*) from session").await;

    let answer = try_password(&mut browser, MARA, ANOTHER).await;

    assert!(answer.location().starts_with("/login/second-factor?flow="));
    assert_eq!(world.count("select count(*) from session").await, sessions);
    assert!(!browser.cookies.contains_key("bf_session_bakery"));
}

#[tokio::test]
async fn a47_a_reset_works_once_and_only_the_newest_does() {
    let world = world().await;
    signed_up(&world).await;
    let mut browser = world.browser();
    let login = ask_reset(&mut browser, MARA).await;
    let older = world.latest_mail(MARA).await;
    let path = within(&login, "/login/reset");
    world.app.clock.advance(TimeDelta::seconds(1));
    browser.post_form(&path, &[("email", MARA)]).await;
    let newer = world.latest_mail(MARA).await;

    assert_eq!(
        browser.get(&older.link()).await.status,
        404,
        "a newer took its place"
    );
    let stale = reset_by_code(&mut browser, &login, &older.code(), ANOTHER).await;
    assert_eq!(stale.status, 422);
    let done = reset_by_code(&mut browser, &login, &newer.code(), ANOTHER).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let twice = reset_by_code(&mut browser, &login, &newer.code(), PASSWORD).await;
    assert_ne!(twice.status, 303);
    assert_eq!(browser.post_form(&newer.link(), &[]).await.status, 404);
    assert_signed_in(&try_password(&mut browser, MARA, ANOTHER).await);
}

#[tokio::test]
async fn a47_a_reset_dies_with_the_password_the_address_or_the_account_it_was_for() {
    for change in [
        "delete from credential",
        "update profile_email set verified_at = null",
        "update profile set status = 'suspended'",
    ] {
        let world = world().await;
        signed_up(&world).await;
        let mut browser = world.browser();
        let login = ask_reset(&mut browser, MARA).await;
        let mail = world.latest_mail(MARA).await;
        world.run(change).await;
        let before = world.texts("select data::text from credential").await;

        let refused = reset_by_code(&mut browser, &login, &mail.code(), ANOTHER).await;

        assert_eq!(refused.status, 422, "{change}");
        assert_eq!(
            world.texts("select data::text from credential").await,
            before
        );
    }
}

#[tokio::test]
async fn a47_a_password_changed_meanwhile_ends_what_is_in_the_mail() {
    let world = world().await;
    let mut owner = signed_up(&world).await;
    let mut browser = world.browser();
    let login = ask_reset(&mut browser, MARA).await;
    let mail = world.latest_mail(MARA).await;
    let fields = [("current", PASSWORD), ("password", ANOTHER)];
    let changed = owner.post_form("/me/password?brand=bakery", &fields).await;
    assert_eq!(changed.status, 303, "{}", changed.text());

    let late = reset_by_code(
        &mut browser,
        &login,
        &mail.code(),
        "a third one, quite long",
    )
    .await;

    assert_eq!(late.status, 422);
    assert_signed_in(&try_password(&mut browser, MARA, ANOTHER).await);
}

#[tokio::test]
async fn a48_a_code_for_signing_in_resets_nothing_and_the_reverse() {
    let world = world().await;
    signed_up(&world).await;
    let mut browser = world.browser();
    let login = ask_reset(&mut browser, MARA).await;
    let reset = world.latest_mail(MARA).await;

    let misused = type_code(&mut browser, &login, &reset.code()).await;
    assert_eq!(misused.status, 303);
    assert_eq!(
        misused.location(),
        within(&login, "/login/email"),
        "no code is awaited there"
    );
    world.app.clock.advance(TimeDelta::seconds(1));
    super::post::ask(&mut browser, &login, MARA).await;
    let sign_in = world.latest_mail(MARA).await;
    let misused = reset_by_code(&mut browser, &login, &sign_in.code(), ANOTHER).await;

    let is_refused = misused.status == 422 || misused.location() == within(&login, "/login/reset");
    assert!(is_refused, "{}", misused.text());
    assert!(!browser.cookies.contains_key("bf_session_bakery"));
    assert_eq!(try_password(&mut browser, MARA, ANOTHER).await.status, 422);
}

#[tokio::test]
async fn a59_changing_a_password_asks_for_the_old_one_and_a_fresh_session() {
    let world = world().await;
    let mut browser = signed_up(&world).await;
    let mut other = world.browser();
    assert_signed_in(&try_password(&mut other, MARA, PASSWORD).await);
    let change = "/me/password?brand=bakery";

    for current in ["", "not the one until now"] {
        let fields = [("current", current), ("password", ANOTHER)];
        let refused = browser.post_form(change, &fields).await;
        assert_eq!(refused.status, 422, "{current}");
    }
    world.app.clock.advance(TimeDelta::minutes(10));
    let fields = [("current", PASSWORD), ("password", ANOTHER)];
    let stale = browser.post_form(change, &fields).await;
    assert!(
        stale
            .location()
            .starts_with("/login?brand=bakery&reauth=1&return=")
    );
    let mut third = world.browser();
    assert_signed_in(&try_password(&mut third, MARA, PASSWORD).await);
    let done = third.post_form(change, &fields).await;

    assert_eq!(
        done.location(),
        "/me/password?brand=bakery&done=changed",
        "{}",
        done.text()
    );
    assert_eq!(
        other.get("/me?brand=bakery").await.status,
        401,
        "others are signed out"
    );
    assert_eq!(third.get("/me?brand=bakery").await.status, 200);
}

#[tokio::test]
async fn a_password_is_removed_only_where_another_way_in_is_left() {
    let world = world().await;
    let mut browser = signed_up(&world).await;
    let remove = "/me/password/remove?brand=bakery";
    world.enable("email", false).await;
    let refused = browser.post_form(remove, &[]).await;
    assert_eq!(refused.status, 409);
    assert_eq!(world.count("select count(*) from credential").await, 1);
    world.enable("email", true).await;

    let done = browser.post_form(remove, &[]).await;

    assert_eq!(done.location(), "/me/password?brand=bakery&done=removed");
    assert_eq!(world.latest_mail(MARA).await.kind, "way_removed");
    assert_eq!(try_password(&mut browser, MARA, PASSWORD).await.status, 422);
    let fields = [("password", ANOTHER)];
    let set = browser
        .post_form("/me/password?brand=bakery", &fields)
        .await;
    assert_eq!(
        set.location(),
        "/me/password?brand=bakery&done=set",
        "{}",
        set.text()
    );
    assert_signed_in(&try_password(&mut browser, MARA, ANOTHER).await);
}

#[tokio::test]
async fn signing_up_with_an_address_that_has_a_password_does_not_change_it() {
    let world = world().await;
    signed_up(&world).await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let fields = [("email", MARA), ("password", ANOTHER)];
    let path = within(&login, "/login/sign-up");
    assert_eq!(browser.post_form(&path, &fields).await.status, 303);
    let code = world.latest_mail(MARA).await.code();

    assert_signed_in(&type_code(&mut browser, &login, &code).await);

    assert_eq!(try_password(&mut browser, MARA, ANOTHER).await.status, 422);
    assert_signed_in(&try_password(&mut browser, MARA, PASSWORD).await);
}

#[tokio::test]
async fn a41_guesses_at_one_account_have_to_wait_and_the_owner_in_a_known_browser_does_not() {
    let world = world().await;
    let mut owner = signed_up(&world).await;
    let mut stranger = world.browser();
    let mut waits = 0;
    for number in 0..30 {
        let guess = format!("guess number {number} of many");
        let answer = try_password(&mut stranger, MARA, &guess).await;
        if answer.status == 429 {
            assert!(!answer.header("retry-after").is_empty());
            waits += 1;
        }
    }
    assert!(waits >= 20, "{waits} of 30 had to wait");

    assert_eq!(
        try_password(&mut stranger, MARA, PASSWORD).await.status,
        429
    );
    owner.cookies.remove("bf_session_bakery");
    assert_signed_in(&try_password(&mut owner, MARA, PASSWORD).await);
}

#[tokio::test]
async fn where_passwords_are_off_there_is_no_page_for_them() {
    let world = World::new().await;
    world.connect_mailbox().await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;

    for path in ["/login/password", "/login/sign-up", "/login/reset"] {
        let path = within(&login, path);
        assert_eq!(browser.get(&path).await.status, 404, "{path}");
        let posted = browser.post_form(&path, &[("email", MARA), ("password", PASSWORD)]);
        assert_eq!(posted.await.status, 404, "{path}");
    }
    assert!(!browser.get(&login).await.text().contains("Use a password"));
}

#[tokio::test]
async fn s40_proving_again_renews_the_session_and_comes_back() {
    let world = world().await;
    let mut browser = signed_up(&world).await;
    world.app.clock.advance(TimeDelta::minutes(11));
    let away = browser.get("/me/password?brand=bakery").await;
    assert_eq!(away.status, 303);
    let begun = browser.get(away.location()).await;
    let login = begun.location().to_owned();
    let page = browser.get(&login).await.text();
    assert!(page.contains("once more"), "{page}");
    let before = browser.cookies["bf_session_bakery"].clone();
    let fields = [("email", MARA), ("password", PASSWORD)];

    let done = browser
        .post_form(&within(&login, "/login/password"), &fields)
        .await;

    assert_eq!(
        done.location(),
        "/me/password?brand=bakery",
        "{}",
        done.text()
    );
    assert_ne!(
        browser.cookies["bf_session_bakery"], before,
        "a new token (S39)"
    );
    assert_eq!(browser.get("/me/password?brand=bakery").await.status, 200);
    assert_eq!(world.count("select count(*) from session").await, 1);
    let mut thief = world.browser();
    thief.cookies.insert("bf_session_bakery".to_owned(), before);
    assert_eq!(thief.get("/me?brand=bakery").await.status, 401);
}

#[tokio::test]
async fn s18_proving_again_is_for_the_same_person_and_leaves_the_session_as_it_was() {
    let world = world().await;
    let provider = world.connect("op").await;
    let mut browser = signed_up(&world).await;
    let mut other = world.browser();
    let noa = || person("noa", "noa@x.example");
    assert_signed_in(&sign_in(&mut other, &provider, "op", noa()).await);
    world.app.clock.advance(TimeDelta::minutes(11));
    let before = browser.cookies["bf_session_bakery"].clone();
    let begun = browser
        .get("/login?brand=bakery&reauth=1&return=%2F%2Fevil.example")
        .await;
    let login = begun.location().to_owned();

    let page = browser.get(&login).await.text();
    assert!(!page.contains("/op\""), "not a way of theirs");
    let flow = login.rsplit_once('=').unwrap().1;
    let away = browser.post_form(&format!("/login/{flow}/op"), &[]).await;
    let away = super::world::href(&away);
    let refused = browser.get(&provider.agree(&away, noa())).await;

    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(browser.cookies["bf_session_bakery"], before);
    let still = browser.get("/me/password?brand=bakery").await;
    assert!(still.location().contains("reauth=1"), "not stepped up");
    assert_eq!(browser.get("/me?brand=bakery").await.status, 200);
}

#[tokio::test]
async fn a40_an_unknown_address_costs_as_many_hashes_and_rows_as_a_known_one() {
    let world = world().await;
    signed_up(&world).await;
    let work = async |path: &'static str, fields: &[(&str, &str)]| {
        let mut browser = world.browser();
        let login = open_login(&mut browser).await;
        let hashed = world.app.app.passwords.worked();
        let written = "select (select count(*) from mail) + (select count(*) from proof)";
        let rows = world.count(written).await;
        let answer = browser.post_form(&within(&login, path), fields).await;
        let hashed = world.app.app.passwords.worked() - hashed;
        (answer.status, hashed, world.count(written).await - rows)
    };

    for (path, hashes, rows) in [
        ("/login/password", 1, 0),
        ("/login/sign-up", 2, 2),
        ("/login/reset", 0, 2),
        ("/login/email", 0, 2),
    ] {
        let mut seen = Vec::new();
        for address in [MARA, "nora@x.example"] {
            let password = "not the password at all";
            let fields = [("email", address), ("password", password)];
            seen.push(work(path, &fields).await);
        }
        assert_eq!(seen[0], seen[1], "{path}");
        assert_eq!((seen[0].1, seen[0].2), (hashes, rows), "{path}");
    }
}

#[tokio::test]
async fn a45_whoever_guesses_and_asks_for_mail_does_not_keep_the_owner_out() {
    let world = world().await;
    let mut owner = signed_up(&world).await;

    for _ in 0..8 {
        let mut stranger = world.browser();
        try_password(&mut stranger, MARA, "not the password at all").await;
        let login = open_login(&mut stranger).await;
        super::post::ask(&mut stranger, &login, MARA).await;
    }
    let mut stranger = world.browser();
    let right = try_password(&mut stranger, MARA, PASSWORD).await;
    let mails = world.mails(MARA).await.len();
    let by_password = try_password(&mut owner, MARA, PASSWORD).await;
    let by_code = super::post::sign_in_by_mail(&world, &mut owner, MARA).await;

    assert_eq!(right.status, 429, "even the right password, from elsewhere");
    assert!(!right.header("retry-after").is_empty());
    assert_eq!(mails, 5, "one of the sign-up, and four more");
    assert_signed_in(&by_password);
    assert_signed_in(&by_code);
    assert_eq!(world.mails(MARA).await.len(), 6);
}
