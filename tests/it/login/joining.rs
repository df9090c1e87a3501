//! Two accounts of one person that become one, and two again.

use befriend::account::merge::{self, Merge};
use befriend::account::{Change, unlink};
use befriend::audit::Actor;
use befriend::kernel::id::{KeyId, ProfileId, StaffId};
use befriend::key::{self, Kind, Presented};
use befriend::mail::Post;
use befriend::postgres;
use befriend::view::language::Language;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::provider::Provider;
use super::world::{World, assert_refused, go_to, person, sign_in};
use crate::harness::{Answer, Browser};

const STATUSES: &str = "select i.subject || ' ' || p.status from identity i
     join profile p using (brand_id, profile_id) order by i.subject";

/// Ada, and Ada again by another account: two profiles.
struct Two {
    world: World,
    first: Provider,
    second: Provider,
    /// Signed in to the first.
    browser: Browser,
    /// Signed in to the second.
    other: Browser,
}

impl Two {
    async fn new() -> Self {
        let world = World::new().await;
        let first = world.connect("first").await;
        let second = world.connect("second").await;
        let ada = person("one", "ada@example.com");
        let browser = world.signed_in(&first, "first", ada).await;
        let also = person("two", "ada@second.example");
        let other = world.signed_in(&second, "second", also).await;
        Self {
            world,
            first,
            second,
            browser,
            other,
        }
    }

    /// Proves the second account from the first one's page; gives the answer of the callback.
    async fn prove(&mut self) -> Answer {
        let begun = self
            .browser
            .post_form("/me/join/begin?brand=bakery", &[])
            .await;
        assert!(begun.location().starts_with("/login?flow="));
        let away = go_to(&mut self.browser, begun.location(), "second").await;
        let back = self
            .second
            .agree(&away, person("two", "ada@second.example"));
        self.browser.get(&back).await
    }

    /// Makes the two one, from their owner's page.
    async fn join(&mut self) {
        let asked = self.prove().await;
        let joined = self
            .browser
            .post_form(asked.location(), &[("decision", "join")])
            .await;
        assert_eq!(
            joined.location(),
            "/me?brand=bakery&done=joined",
            "{}",
            joined.text()
        );
    }
}

impl World {
    fn change(&self, actor: Actor) -> Change<'_> {
        Change {
            brand: &self.brand,
            actor,
            at: self.app.clock.now(),
            post: Post {
                cipher: &self.app.app.cipher,
                entropy: &self.app.app.entropy,
                language: Language::English,
            },
            issuer: self.app.app.config.issuer(),
        }
    }

    async fn merge(
        &self,
        actor: Actor,
        kept: ProfileId,
        merged: ProfileId,
        reason: &str,
    ) -> Result<Merge, merge::Error> {
        let change = self.change(actor);
        postgres::tx(&self.app.app.pool, async |conn| {
            merge::merge(conn, &change, kept, merged, reason).await
        })
        .await
    }

    async fn part(&self, merge: &Merge) -> Result<(), merge::Error> {
        let change = self.change(self.staff());
        postgres::tx(&self.app.app.pool, async |conn| {
            merge::part(conn, &change, merge, merge::By::Other).await
        })
        .await
    }

    fn staff(&self) -> Actor {
        Actor::Staff(StaffId::new(self.app.clock.now(), &self.app.app.entropy))
    }
}

#[tokio::test]
async fn whoever_proves_both_makes_them_one() {
    let mut two = Two::new().await;
    let asked = two.prove().await;
    assert!(
        asked.location().starts_with("/me/join?flow="),
        "{}",
        asked.text()
    );
    let page = two.browser.get(asked.location()).await;
    assert_eq!(page.status, 200);
    for shown in ["ada@example.com", "ada@second.example", "first", "second"] {
        assert!(page.text().contains(shown), "{shown}: {}", page.text());
    }
    assert_eq!(
        two.world.texts(STATUSES).await,
        ["one active", "two active"],
        "nothing is done before they say so"
    );

    let done = two
        .browser
        .post_form(asked.location(), &[("decision", "join")])
        .await;

    assert_eq!(done.location(), "/me?brand=bakery&done=joined");
    assert_eq!(
        two.world.profile_of("one").await,
        two.world.profile_of("two").await
    );
    assert_eq!(
        two.other.get("/me?brand=bakery").await.status,
        401,
        "the other is signed out"
    );
    let by_second = two
        .world
        .signed_in(&two.second, "second", person("two", "ada@second.example"))
        .await;
    let page = by_second.clone().get("/me?brand=bakery").await.text();
    assert!(page.contains("ada@example.com"), "{page}");
    assert!(page.contains("Take apart"), "{page}");
    for sql in [
        "select count(*) from outbox where kind = 'profile.merged'",
        "select count(*) from audit where action = 'profile.merged' and actor_kind = 'customer'",
        "select count(*) from profile where status = 'merged'",
    ] {
        assert_eq!(two.world.count(sql).await, 1, "{sql}");
    }
    let letters = two.world.letters("profiles_merged").await;
    let to: Vec<&str> = letters.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["ada@example.com", "ada@second.example"]);
}

#[tokio::test]
async fn whoever_says_no_keeps_two() {
    let mut two = Two::new().await;
    let asked = two.prove().await;

    let done = two
        .browser
        .post_form(asked.location(), &[("decision", "leave")])
        .await;

    assert_eq!(done.location(), "/me?brand=bakery&done=apart");
    assert_eq!(
        two.world.texts(STATUSES).await,
        ["one active", "two active"]
    );
    let again = two
        .browser
        .post_form(asked.location(), &[("decision", "join")])
        .await;
    assert_refused(&again, 400);
    assert_eq!(two.other.get("/me?brand=bakery").await.status, 200);
}

#[tokio::test]
async fn a14_only_the_session_that_began_it_joins() {
    let mut two = Two::new().await;
    let asked = two.prove().await;
    let path = asked.location().to_owned();
    let yes = [("decision", "join")];

    // Another browser, even one that is signed in to the other account.
    assert_refused(&two.other.post_form(&path, &yes).await, 400);
    assert_eq!(two.other.get(&path).await.status, 400);
    // The same browser after signing out.
    let cookies = two.browser.cookies.clone();
    two.browser.post_form("/logout?brand=bakery", &[]).await;
    assert_refused(&two.browser.post_form(&path, &yes).await, 403);
    two.browser.cookies = cookies;
    assert_refused(&two.browser.post_form(&path, &yes).await, 403);

    assert_eq!(
        two.world.texts(STATUSES).await,
        ["one active", "two active"]
    );
}

#[tokio::test]
async fn a34_the_other_account_is_proven_with_its_second_factor() {
    let mut two = Two::new().await;
    let other = two.world.profile_of("two").await;
    two.world.insert_credential(other, "totp").await;

    let asked = two.prove().await;

    assert!(
        asked.location().starts_with("/login/second-factor?flow="),
        "{}",
        asked.location()
    );
    let flow = asked.location().split_once('=').unwrap().1.to_owned();
    let path = format!("/me/join?flow={flow}");
    assert_eq!(two.browser.get(&path).await.status, 404);
    let yes = [("decision", "join")];
    assert_eq!(two.browser.post_form(&path, &yes).await.status, 404);
    assert_eq!(
        two.world.texts(STATUSES).await,
        ["one active", "two active"]
    );
}

#[tokio::test]
async fn the_link_in_the_mail_takes_it_back() {
    let mut two = Two::new().await;
    two.join().await;
    let letters = two.world.letters("profiles_merged").await;
    let link = two.world.link_in(&letters[1].1);
    let mut anybody = two.world.browser();

    let page = anybody.get(&link).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("Take them apart"), "{}", page.text());
    assert_eq!(
        two.world.texts(STATUSES).await,
        ["one active", "two active"],
        "both lead to the one"
    );
    assert_eq!(
        two.world.profile_of("one").await,
        two.world.profile_of("two").await,
        "opening a link does nothing"
    );
    let done = anybody.post_form(&link, &[]).await;

    assert_eq!(done.status, 200, "{}", done.text());
    assert_ne!(
        two.world.profile_of("one").await,
        two.world.profile_of("two").await
    );
    assert_eq!(
        two.browser.get("/me?brand=bakery").await.status,
        401,
        "who joined them may not be who takes it back"
    );
    assert_eq!(anybody.post_form(&link, &[]).await.status, 404);
    let emails = "select address || ' ' || (p.profile_id = i.profile_id and i.subject = 'two')
         from profile_email e join profile p using (brand_id, profile_id)
         join identity i on i.subject = 'two' order by address";
    assert_eq!(
        two.world.texts(emails).await,
        ["ada@example.com false", "ada@second.example true"]
    );
    assert_eq!(two.world.letters("profiles_parted").await.len(), 2);
}

#[tokio::test]
async fn after_thirty_days_it_stays() {
    let mut two = Two::new().await;
    two.join().await;
    let letters = two.world.letters("profiles_merged").await;
    let link = two.world.link_in(&letters[0].1);
    two.world.app.clock.advance(TimeDelta::days(30));

    assert_eq!(two.world.browser().get(&link).await.status, 404);
    assert_eq!(two.world.browser().post_form(&link, &[]).await.status, 404);

    let ada = person("one", "ada@example.com");
    let mut browser = two.world.signed_in(&two.first, "first", ada).await;
    let page = browser.get("/me?brand=bakery").await.text();
    assert!(!page.contains("Take apart"), "{page}");
}

#[tokio::test]
async fn the_owner_takes_them_apart_on_their_page_and_stays_signed_in() {
    let mut two = Two::new().await;
    two.join().await;
    let third = two.world.connect("third").await;
    let page = two.browser.post_form("/login/link/bakery/third", &[]).await;
    let away = super::world::href(&page);
    let three = person("three", "ada@third.example");
    two.browser.get(&third.agree(&away, three)).await;
    let page = two.browser.get("/me?brand=bakery").await.text();
    let (_, rest) = page.split_once("action=\"/me/joins/").unwrap();
    let path = format!("/me/joins/{}", rest.split_once('"').unwrap().0);

    let done = two.browser.post_form(&path, &[]).await;

    assert_eq!(
        done.location(),
        "/me?brand=bakery&done=parted",
        "{}",
        done.text()
    );
    assert_eq!(two.browser.get("/me?brand=bakery").await.status, 200);
    let one = two.world.profile_of("one").await;
    assert_ne!(one, two.world.profile_of("two").await);
    assert_eq!(
        one,
        two.world.profile_of("three").await,
        "what was linked since stays"
    );
}

#[tokio::test]
async fn nobody_takes_apart_what_is_not_theirs() {
    let mut two = Two::new().await;
    two.join().await;
    let eve = person("eve", "eve@example.com");
    let mut eve = two.world.signed_in(&two.first, "first", eve).await;
    let id = two
        .world
        .text("select 'mrg_' || replace(merge_id::text, '-', '') from profile_merge")
        .await;

    let path = format!("/me/joins/{id}/part?brand=bakery");

    assert_eq!(eve.post_form(&path, &[]).await.status, 404);
    assert_eq!(
        two.world.profile_of("one").await,
        two.world.profile_of("two").await
    );
}

#[tokio::test]
async fn what_both_have_stays_their_own_and_opens_nothing_meanwhile() {
    let two = Two::new().await;
    let world = &two.world;
    let one = world.profile_of("one").await;
    let other = world.profile_of("two").await;
    for (profile, kind) in [
        (one, "password"),
        (other, "password"),
        (other, "totp"),
        (other, "passkey"),
        (other, "trusted_device"),
    ] {
        world.insert_credential(profile, kind).await;
    }
    let held = "select string_agg(k.kind, ' ' order by k.kind) from credential k
         join identity i on i.profile_id = k.profile_id where i.subject = 'one'";
    let reason = "said so on the phone";

    let merge = world
        .merge(world.staff(), one, other, reason)
        .await
        .unwrap();

    let owners = "select string_agg(k.kind, ' ' order by k.kind)
         from credential k join profile p using (brand_id, profile_id)
         group by p.status order by p.status";
    assert_eq!(
        world.texts(owners).await,
        ["passkey password totp", "password trusted_device"],
        "active, then merged"
    );
    world.part(&merge).await.unwrap();
    assert_eq!(world.texts(held).await, ["password"]);
    assert!(matches!(
        world.part(&merge).await,
        Err(merge::Error::Unknown)
    ));
}

#[tokio::test]
async fn staff_say_why_and_join_nobody_who_is_shut_or_of_another_brand() {
    let two = Two::new().await;
    let world = &two.world;
    let one = world.profile_of("one").await;
    let other = world.profile_of("two").await;
    let staff = world.staff();

    let silent = world.merge(staff, one, other, "  ").await;
    assert!(matches!(silent, Err(merge::Error::NoReason)));
    let same = world.merge(staff, one, one, "why").await;
    assert!(matches!(same, Err(merge::Error::Same)));
    let nobody = ProfileId::new(world.app.clock.now(), &world.app.app.entropy);
    let gone = world.merge(staff, one, nobody, "why").await;
    assert!(matches!(gone, Err(merge::Error::NotActive)));
    let system = world.merge(Actor::System, one, other, "an event").await;
    assert!(system.is_err(), "never by an event");
    world
        .run(
            "update profile set status = 'suspended' where profile_id =
              (select profile_id from identity where subject = 'two')",
        )
        .await;
    let shut = world.merge(staff, one, other, "why").await;
    assert!(matches!(shut, Err(merge::Error::NotActive)));

    assert_eq!(world.count("select count(*) from profile_merge").await, 0);
}

#[tokio::test]
async fn a05_joining_two_accounts_changes_by_no_address_that_somebody_is_known() {
    let world = World::new().await;
    let provider = world.connect("op").await;
    let old = person("old", "aaa@old.example");
    world.signed_in(&provider, "op", old).await;
    world.app.clock.advance(TimeDelta::days(1));
    let young = person("young", "zoe@young.example");
    world.signed_in(&provider, "op", young).await;
    let (kept, merged) = (
        world.profile_of("young").await,
        world.profile_of("old").await,
    );
    let addresses = async |id: ProfileId| {
        let mut conn = world.app.app.pool.acquire().await.unwrap();
        let brand_id = world.brand.brand_id;
        let found = befriend::profile::store::list_emails(&mut conn, brand_id, id).await;
        let found = found.unwrap().into_iter().map(|email| email.address);
        found.collect::<Vec<String>>()
    };

    let merge = world
        .merge(world.staff(), kept, merged, "one")
        .await
        .unwrap();

    assert_eq!(
        addresses(kept).await,
        ["zoe@young.example", "aaa@old.example"],
        "their own first, though it is the younger"
    );
    world.part(&merge).await.unwrap();
    assert_eq!(addresses(kept).await, ["zoe@young.example"]);
    assert_eq!(addresses(merged).await, ["aaa@old.example"]);
}

#[tokio::test]
async fn three_joined_one_after_another_come_apart_in_either_order() {
    let two = Two::new().await;
    let world = &two.world;
    let three = person("three", "ada@third.example");
    world.signed_in(&two.first, "first", three).await;
    let mut ids = Vec::new();
    for subject in ["one", "two", "three"] {
        ids.push(world.profile_of(subject).await);
    }
    let [a, b, c] = ids[..] else { unreachable!() };
    let owners = async || {
        [
            world.profile_of("one").await,
            world.profile_of("two").await,
            world.profile_of("three").await,
        ]
    };
    for is_last_first in [true, false] {
        let staff = world.staff();
        // b into c, then c into a.
        let inner = world.merge(staff, c, b, "one").await.unwrap();
        let outer = world.merge(staff, a, c, "two").await.unwrap();
        assert_eq!(owners().await, [a, a, a]);
        let chains = "select count(*) from profile p join profile q
             on q.profile_id = p.merged_into where q.merged_into is not null";
        assert_eq!(world.count(chains).await, 0, "one step always leads there");

        if is_last_first {
            world.part(&outer).await.unwrap();
            assert_eq!(owners().await, [a, c, c]);
            world.part(&inner).await.unwrap();
        } else {
            world.part(&inner).await.unwrap();
            assert_eq!(owners().await, [a, b, a]);
            world.part(&outer).await.unwrap();
        }
        assert_eq!(owners().await, [a, b, c], "{is_last_first}");
    }
    assert_eq!(
        world.texts(STATUSES).await,
        ["one active", "three active", "two active"]
    );
}

#[tokio::test]
async fn a31_unlinking_and_taking_apart_at_once_leave_each_side_a_way_in() {
    let mut two = Two::new().await;
    two.join().await;
    let world = &two.world;
    let one = world.profile_of("one").await;
    let identity = world.identity_of("one").await;
    let change = world.change(Actor::Customer(one));
    postgres::tx(&world.app.app.pool, async |conn| {
        unlink::unlink(conn, &change, one, identity, None).await
    })
    .await
    .unwrap();

    // What is left came with the other account: taken apart, its owner would have no way in here.
    let page = two.browser.get("/me?brand=bakery").await;
    assert_eq!(page.status, 401, "it was signed in by what was unlinked");
    let also = person("two", "ada@second.example");
    let mut browser = two.world.browser();
    sign_in(&mut browser, &two.second, "second", also).await;
    let page = browser.get("/me?brand=bakery").await.text();
    let (_, rest) = page.split_once("action=\"/me/joins/").unwrap();
    let path = format!("/me/joins/{}", rest.split_once('"').unwrap().0);

    assert_eq!(browser.post_form(&path, &[]).await.status, 409);
    assert_eq!(two.world.profile_of("two").await, one);
}

async fn call(world: &World, key: &Presented, path: &str, body: &Value) -> Answer {
    let authorization = format!("Bearer {}", key.expose());
    let headers = [("authorization", authorization.as_str())];
    world.browser().post_json(path, &headers, body).await
}

#[tokio::test]
async fn a_secret_key_joins_and_parts_and_is_on_the_record() {
    let two = Two::new().await;
    let world = &two.world;
    let (now, entropy) = (world.app.clock.now(), &world.app.app.entropy);
    let key = Presented::generate(Kind::Secret, KeyId::new(now, entropy), entropy);
    let mut conn = world.app.app.pool.acquire().await.unwrap();
    key::store::insert_key(&mut conn, world.brand.brand_id, &key, "crm", now)
        .await
        .unwrap();
    drop(conn);
    let one = world.profile_of("one").await;
    let other = world.profile_of("two").await;
    let path = format!("/api/v1/profiles/{one}");
    let merge = format!("{path}/merge");

    let silent = call(
        world,
        &key,
        &merge,
        &json!({ "profile_id": other, "reason": "" }),
    )
    .await;
    assert_eq!(silent.status, 422);
    let body = json!({ "profile_id": other, "reason": "ticket 4711" });
    let done = call(world, &key, &merge, &body).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["merged_profile_id"], json!(other));
    assert_eq!(call(world, &key, &merge, &body).await.status, 409);
    let noted = "select count(*) from audit where action = 'profile.merged'
         and actor_kind = 'key' and detail ->> 'reason' = 'ticket 4711'";
    assert_eq!(world.count(noted).await, 1);

    let body = json!({ "merge_id": done.json()["merge_id"] });
    let unmerge = format!("{path}/unmerge");
    assert_eq!(call(world, &key, &unmerge, &body).await.status, 200);
    assert_eq!(call(world, &key, &unmerge, &body).await.status, 404);
    assert_eq!(world.profile_of("two").await, other);
}
