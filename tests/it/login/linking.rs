//! One person, two ways in.

use super::world::{
    Wishes, World, assert_refused, assert_signed_in, go_to, href, open_login, person, sign_in,
};
use crate::harness::{Answer, Browser};

const PROFILES: &str = "select count(*) from profile";
const IDENTITIES_PER_PROFILE: &str = "select count(*)::text from identity group by profile_id
     order by count(*) desc, profile_id";

/// Follows a redirect to `/link`; gives its path.
fn assert_asks(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(
        answer.location().starts_with("/link?flow="),
        "{}",
        answer.location()
    );
    answer.location().to_owned()
}

/// Goes to prove the old way in, from a link page.
async fn prove(browser: &mut Browser, link: &str, slug: &str) -> String {
    let flow = link.split_once("flow=").unwrap().1;
    let flow = flow.split('&').next().unwrap();
    go_to(browser, &format!("/login?flow={flow}"), slug).await
}

#[tokio::test]
async fn a_shared_address_is_asked_about_and_proof_of_the_old_way_links() {
    let world = World::new().await;
    let first = world.connect("first").await;
    let second = world.connect("second").await;
    let mut browser = world.browser();
    let before = sign_in(
        &mut browser,
        &first,
        "first",
        person("1", "ada@example.com"),
    )
    .await;
    assert_signed_in(&before);

    let mut new = world.browser();
    let came = sign_in(&mut new, &second, "second", person("2", "Ada@example.com")).await;
    let link = assert_asks(&came);
    let page = new.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("ada@example.com"));
    assert!(page.text().contains("/first"));
    assert_eq!(
        world.count("select count(*) from session").await,
        1,
        "not signed in yet"
    );
    let away = prove(&mut new, &link, "first").await;
    let done = new
        .get(&first.agree(&away, person("1", "ada@example.com")))
        .await;

    assert_signed_in(&done);
    assert_eq!(world.count(PROFILES).await, 1);
    assert_eq!(world.texts(IDENTITIES_PER_PROFILE).await, ["2"]);
    let facts = "select count(*) from outbox where kind = 'identity.linked'";
    assert_eq!(world.count(facts).await, 1);
    let events = "select count(*) from event where name = 'Social Profile Linked'";
    assert_eq!(world.count(events).await, 1);
    let letters = world.letters("way_added").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].0, "ada@example.com");
    let mut later = world.browser();
    let by_second = sign_in(
        &mut later,
        &second,
        "second",
        person("2", "ada@example.com"),
    )
    .await;
    assert_signed_in(&by_second);
    assert_eq!(world.count(PROFILES).await, 1);
}

#[tokio::test]
async fn whoever_proves_another_account_is_asked_again_and_may_go_on_as_new() {
    let world = World::with(Wishes {
        asks_terms: true,
        ..Wishes::default()
    })
    .await;
    let first = world.connect("first").await;
    let second = world.connect("second").await;
    for (subject, email) in [("1", "ada@example.com"), ("3", "carl@example.com")] {
        let mut browser = world.browser();
        let asked = sign_in(&mut browser, &first, "first", person(subject, email)).await;
        let consent = asked.location().to_owned();
        let done = browser.post_form(&consent, &[("decision", "accept")]).await;
        assert_signed_in(&done);
    }
    let mut browser = world.browser();
    let came = sign_in(
        &mut browser,
        &second,
        "second",
        person("2", "ada@example.com"),
    )
    .await;
    let link = assert_asks(&came);

    let away = prove(&mut browser, &link, "first").await;
    let wrong = browser
        .get(&first.agree(&away, person("3", "carl@example.com")))
        .await;
    let again = assert_asks(&wrong);
    assert!(browser.get(&again).await.text().contains("not the one"));
    let on = browser.post_form(&link, &[("decision", "new")]).await;
    assert!(
        on.location().starts_with("/consent?flow="),
        "{}",
        on.location()
    );
    assert_eq!(world.count(PROFILES).await, 2);
    let done = browser
        .post_form(on.location(), &[("decision", "accept")])
        .await;

    assert_signed_in(&done);
    assert_eq!(world.count(PROFILES).await, 3);
    assert_eq!(world.texts(IDENTITIES_PER_PROFILE).await, ["1", "1", "1"]);
}

#[tokio::test]
async fn a_brand_that_trusts_a_connection_for_a_domain_links_without_asking() {
    let world = World::with(Wishes {
        links_by_email: true,
        ..Wishes::default()
    })
    .await;
    let first = world.connect("first").await;
    let trusted = world.connect_trusting("trusted", &["example.com"]).await;
    for (subject, email) in [("1", "ada@example.com"), ("2", "bob@elsewhere.example")] {
        let mut browser = world.browser();
        assert_signed_in(&sign_in(&mut browser, &first, "first", person(subject, email)).await);
    }

    let mut ada = world.browser();
    let linked = sign_in(
        &mut ada,
        &trusted,
        "trusted",
        person("a", "ada@example.com"),
    )
    .await;
    let mut bob = world.browser();
    let asked = sign_in(
        &mut bob,
        &trusted,
        "trusted",
        person("b", "bob@elsewhere.example"),
    )
    .await;

    assert_signed_in(&linked);
    assert_asks(&asked);
    assert_eq!(world.count(PROFILES).await, 2);
    assert_eq!(world.texts(IDENTITIES_PER_PROFILE).await, ["2", "1"]);
}

#[tokio::test]
async fn a1_a2_a3_an_address_that_is_not_proven_finds_nobody() {
    let world = World::with(Wishes {
        links_by_email: true,
        ..Wishes::default()
    })
    .await;
    let first = world.connect("first").await;
    let evil = world.connect_trusting("evil", &["example.com"]).await;
    let mut victim = world.browser();
    let before = sign_in(
        &mut victim,
        &first,
        "first",
        person("1", "victim@example.com"),
    )
    .await;
    assert_signed_in(&before);

    for (number, verified) in ["false", "\"true\"", "1", "null"].into_iter().enumerate() {
        let mut claims = person(&format!("evil-{number}"), "victim@example.com");
        claims["email_verified"] = serde_json::from_str(verified).unwrap();
        let mut attacker = world.browser();
        assert_signed_in(&sign_in(&mut attacker, &evil, "evil", claims).await);
    }

    assert_eq!(world.count(PROFILES).await, 5);
    let victims = "select count(*) from profile_email where verified_at is not null";
    assert_eq!(world.count(victims).await, 1);
}

#[tokio::test]
async fn a5_an_address_that_changes_at_the_provider_changes_nothing_here() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut victim = world.browser();
    let first = sign_in(
        &mut victim,
        &provider,
        "op",
        person("victim", "victim@example.com"),
    )
    .await;
    assert_signed_in(&first);
    let mut attacker = world.browser();
    let first = sign_in(
        &mut attacker,
        &provider,
        "op",
        person("eve", "eve@example.com"),
    )
    .await;
    assert_signed_in(&first);

    let mut again = world.browser();
    let later = sign_in(
        &mut again,
        &provider,
        "op",
        person("eve", "victim@example.com"),
    )
    .await;

    assert_signed_in(&later);
    assert_eq!(world.count(PROFILES).await, 2);
    let addresses =
        "select address from profile_email e join identity i using (brand_id, profile_id)
         where i.subject = 'eve'";
    assert_eq!(world.texts(addresses).await, ["eve@example.com"]);
}

#[tokio::test]
async fn a6_a10_a_squatter_without_proof_is_set_apart_when_the_owner_comes() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut squatter = world.browser();
    let mut claims = person("squatter", "victim@example.com");
    claims["email_verified"] = false.into();
    assert_signed_in(&sign_in(&mut squatter, &provider, "op", claims).await);

    let mut owner = world.browser();
    let came = sign_in(
        &mut owner,
        &provider,
        "op",
        person("owner", "victim@example.com"),
    )
    .await;

    assert_signed_in(&came);
    assert_eq!(world.count(PROFILES).await, 2);
    let bearers = "select i.subject from profile_email e join identity i
         using (brand_id, profile_id) where e.address = 'victim@example.com'";
    assert_eq!(world.texts(bearers).await, ["owner"]);
    let squatters = "select count(*) from session s join identity i using (brand_id, profile_id)
         where i.subject = 'squatter' and s.ended_at is null";
    assert_eq!(
        world.count(squatters).await,
        0,
        "the squatter is signed out (A7)"
    );
    let noted = "select count(*) from audit where action = 'profile.set_apart'";
    assert_eq!(world.count(noted).await, 1);
}

#[tokio::test]
async fn an_identity_of_another_account_is_not_linked_but_asked_about() {
    let world = World::new().await;
    let first = world.connect("first").await;
    let second = world.connect("second").await;
    let mut other = world.browser();
    let bob = || person("bob", "bob@example.com");
    assert_signed_in(&sign_in(&mut other, &second, "second", bob()).await);
    let mut browser = world.browser();
    let ada = person("ada", "ada@example.com");
    assert_signed_in(&sign_in(&mut browser, &first, "first", ada).await);

    let page = browser.post_form("/login/link/bakery/second", &[]).await;
    let away = href(&page);
    let answer = browser.get(&second.agree(&away, bob())).await;

    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.location().starts_with("/me/join?flow="));
    assert_eq!(world.texts(IDENTITIES_PER_PROFILE).await, ["1", "1"]);
}

#[tokio::test]
async fn only_what_is_asked_for_is_answered() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let flow = login.rsplit_once('=').unwrap().1.to_owned();

    for path in ["/link", "/consent"] {
        let path = format!("{path}?flow={flow}");
        assert_eq!(browser.get(&path).await.status, 404, "{path}");
        let new = [("decision", "new"), ("decision", "accept")];
        assert_eq!(browser.post_form(&path, &new).await.status, 404, "{path}");
    }
    let away = go_to(&mut browser, &login, "op").await;
    let done = browser
        .get(&provider.agree(&away, person("1", "a@example.com")))
        .await;
    assert_signed_in(&done);
    let late = browser.get(&format!("/link?flow={flow}")).await;
    assert_refused(&late, 400);
}
