//! Renewing, taking back and looking at tokens.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use befriend::kernel::id::ProfileId;
use befriend::oidc::refresh::FAMILY_LIFE;
use befriend::session::{self, Session};
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::world::{SERVER_SECRET, World, authorize_path, parameter};
use crate::harness::{Answer, Browser};

const OFFLINE: (&str, &str) = ("scope", "openid profile email offline_access");

struct Signed {
    world: World,
    anna: ProfileId,
    session: Session,
    browser: Browser,
}

impl Signed {
    async fn start() -> Self {
        let world = World::start().await;
        let anna = world.customer().await;
        let (browser, session) = world.signed_in(anna).await;
        Self {
            world,
            anna,
            session,
            browser,
        }
    }

    /// What a new code of the site gives, refresh token included.
    async fn tokens(&mut self) -> Value {
        let path = authorize_path("bakery.web", &[OFFLINE]);
        let answer = self.browser.get(&path).await;
        let code = parameter(answer.location(), "code").expect("a code");
        let answer = self.world.exchange(&code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn renew(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        if !more.iter().any(|(name, _)| *name == "client_id") {
            form.push(("client_id", "bakery.web"));
        }
        form.extend(more);
        let mut browser = self.world.test.browser();
        browser.post_form("/oauth/token", &form).await
    }

    async fn renewed(&self, token: &str) -> Value {
        let answer = self.renew(token, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn is_open(&self, access_token: &str) -> bool {
        self.world.userinfo(access_token).await.status == StatusCode::OK
    }

    async fn ask_server(&self, path: &str, token: &str) -> Answer {
        let mut browser = self.world.test.browser();
        let form = [
            ("client_id", "bakery.server"),
            ("client_secret", SERVER_SECRET),
            ("token", token),
        ];
        browser.post_form(path, &form).await
    }

    async fn run(&self, statement: &'static str) {
        let done = sqlx::query(statement)
            .execute(&self.world.test.app.pool)
            .await;
        assert_eq!(done.unwrap().rows_affected(), 1, "{statement}");
    }
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {tokens}"))
}

fn is_invalid_grant(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn s7_a_token_is_renewed_for_the_same_person_and_replaced() {
    let mut signed = Signed::start().await;
    let first = signed.tokens().await;
    assert_eq!(first["scope"], OFFLINE.1);
    signed.world.test.clock.advance(TimeDelta::minutes(59));

    let second = signed.renewed(text(&first, "refresh_token")).await;

    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(second["scope"], OFFLINE.1);
    let app = &signed.world.test.app;
    let expected = befriend::token::Expected {
        issuer: app.config.issuer(),
        audience: Some("bakery.web"),
        now: app.clock.now(),
    };
    let id_token = text(&second, "id_token");
    let claims = app
        .keyring
        .verify_id_token(&app.pool, id_token, expected)
        .await;
    let claims = claims.unwrap();
    assert_eq!(claims.subject, signed.anna);
    assert_eq!(claims.session_id, signed.session.session_id);
    assert_eq!(claims.authenticated_at, signed.session.authenticated_at);
    assert_eq!(claims.nonce, None);
    // The first access token ends an hour after it was made, the second an hour after the renewal.
    signed.world.test.clock.advance(TimeDelta::minutes(2));
    assert!(!signed.is_open(text(&first, "access_token")).await);
    assert!(signed.is_open(text(&second, "access_token")).await);
    signed.renewed(text(&second, "refresh_token")).await;
}

#[tokio::test]
async fn s7_without_offline_access_nothing_can_be_renewed() {
    let mut signed = Signed::start().await;

    let tokens = signed.world.tokens(&mut signed.browser).await;

    assert_eq!(tokens.get("refresh_token"), None);
}

#[tokio::test]
async fn s7_less_may_be_asked_and_more_may_not() {
    let mut signed = Signed::start().await;
    let path = authorize_path("bakery.web", &[("scope", "openid email offline_access")]);
    let answer = signed.browser.get(&path).await;
    let code = parameter(answer.location(), "code").expect("a code");
    let first = signed.world.exchange(&code, &[]).await.json();
    let token = text(&first, "refresh_token");

    let wide = signed
        .renew(token, &[("scope", "openid email profile")])
        .await;
    let narrow = signed.renew(token, &[("scope", "openid")]).await;

    assert_eq!(wide.status, 400);
    assert_eq!(wide.json()["error"], "invalid_scope");
    let narrow = narrow.json();
    assert_eq!(narrow["scope"], "openid");
    let person = signed.world.userinfo(text(&narrow, "access_token")).await;
    assert_eq!(person.json(), json!({ "sub": signed.anna.to_string() }));
    // The next renewal has all of it again.
    let again = signed.renewed(text(&narrow, "refresh_token")).await;
    assert_eq!(again["scope"], "openid email offline_access");
}

#[tokio::test]
async fn a109_of_fifty_at_once_all_get_the_one_answer() {
    let mut signed = Signed::start().await;
    let first = signed.tokens().await;
    let token = text(&first, "refresh_token");

    let answers = join_all((0..50).map(|_| signed.renew(token, &[]))).await;

    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json(), answers[0].json());
    }
    let statement = "select count(*) from refresh_token";
    assert_eq!(signed.world.count(statement).await, 2);
    let statement = "select count(*) from refresh_token where answer is not null";
    assert_eq!(signed.world.count(statement).await, 1);
}

#[tokio::test]
async fn a109_a_token_that_comes_again_later_ends_the_family() {
    let mut signed = Signed::start().await;
    let first = signed.tokens().await;
    let second = signed.renewed(text(&first, "refresh_token")).await;
    signed.world.test.clock.advance(TimeDelta::seconds(11));

    let reused = signed.renew(text(&first, "refresh_token"), &[]).await;

    is_invalid_grant(&reused);
    is_invalid_grant(&signed.renew(text(&second, "refresh_token"), &[]).await);
    assert!(!signed.is_open(text(&first, "access_token")).await);
    assert!(!signed.is_open(text(&second, "access_token")).await);
    let statement = "select count(*) from audit where action = 'refresh.refused'
                     and detail ->> 'why' = 'used before'";
    assert_eq!(signed.world.count(statement).await, 1);
}

#[tokio::test]
async fn a109_the_token_before_the_last_ends_the_family_at_once() {
    let mut signed = Signed::start().await;
    let first = signed.tokens().await;
    let second = signed.renewed(text(&first, "refresh_token")).await;
    let third = signed.renewed(text(&second, "refresh_token")).await;

    is_invalid_grant(&signed.renew(text(&first, "refresh_token"), &[]).await);

    is_invalid_grant(&signed.renew(text(&third, "refresh_token"), &[]).await);
    assert!(!signed.is_open(text(&third, "access_token")).await);
}

#[tokio::test]
async fn a109_a_thief_and_an_owner_at_once_never_keep_two_tokens() {
    let mut signed = Signed::start().await;
    let first = signed.tokens().await;
    let second = signed.renewed(text(&first, "refresh_token")).await;
    signed.world.test.clock.advance(TimeDelta::seconds(11));

    // The old one ends the family, the new one renews it: in whichever order they come, nothing is
    // left in force.
    let (old, new) = (
        text(&first, "refresh_token"),
        text(&second, "refresh_token"),
    );
    let (reused, renewed) = tokio::join!(signed.renew(old, &[]), signed.renew(new, &[]));

    is_invalid_grant(&reused);
    if renewed.status == StatusCode::OK {
        let third = renewed.json();
        is_invalid_grant(&signed.renew(text(&third, "refresh_token"), &[]).await);
        assert!(!signed.is_open(text(&third, "access_token")).await);
    }
    is_invalid_grant(&signed.renew(new, &[]).await);
}

#[tokio::test]
async fn a17_a_code_that_comes_again_ends_what_can_be_renewed_too() {
    let mut signed = Signed::start().await;
    let path = authorize_path("bakery.web", &[OFFLINE]);
    let answer = signed.browser.get(&path).await;
    let code = parameter(answer.location(), "code").expect("a code");
    let tokens = signed.world.exchange(&code, &[]).await.json();

    is_invalid_grant(&signed.world.exchange(&code, &[]).await);

    is_invalid_grant(&signed.renew(text(&tokens, "refresh_token"), &[]).await);
}

#[tokio::test]
async fn a110_nothing_is_renewed_after_signing_out() {
    let mut signed = Signed::start().await;
    let tokens = signed.tokens().await;
    let mut conn = signed.world.test.app.pool.acquire().await.unwrap();
    let now = signed.world.test.clock.now();
    let Session {
        brand_id,
        session_id,
        ..
    } = signed.session;
    session::store::end_session(&mut conn, brand_id, session_id, now)
        .await
        .unwrap();
    drop(conn);

    is_invalid_grant(&signed.renew(text(&tokens, "refresh_token"), &[]).await);
}

#[tokio::test]
async fn a110_nothing_is_renewed_for_a_suspended_person() {
    let mut signed = Signed::start().await;
    let tokens = signed.tokens().await;
    signed.run("update profile set status = 'suspended'").await;

    is_invalid_grant(&signed.renew(text(&tokens, "refresh_token"), &[]).await);
}

#[tokio::test]
async fn a110_nothing_is_renewed_by_an_application_that_is_switched_off() {
    let mut signed = Signed::start().await;
    let tokens = signed.tokens().await;
    signed
        .run("update application set disabled_at = now() where client_id = 'bakery.web'")
        .await;

    let answer = signed.renew(text(&tokens, "refresh_token"), &[]).await;

    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"], "invalid_client");
}

#[tokio::test]
async fn a110_renewing_never_moves_the_end() {
    let mut signed = Signed::start().await;
    let mut token = text(&signed.tokens().await, "refresh_token").to_owned();
    // However long the session may be.
    signed
        .run("update session set expires_at = expires_at + interval '1 year'")
        .await;
    let step = FAMILY_LIFE / 3;
    for _ in 0..2 {
        signed.world.test.clock.advance(step);
        token = text(&signed.renewed(&token).await, "refresh_token").to_owned();
    }
    signed.world.test.clock.advance(step);

    is_invalid_grant(&signed.renew(&token, &[]).await);
}

#[tokio::test]
async fn a111_another_application_neither_renews_nor_ends_it() {
    let mut signed = Signed::start().await;
    let first = signed.tokens().await;
    let other = [
        ("client_id", "bakery.server"),
        ("client_secret", SERVER_SECRET),
    ];

    is_invalid_grant(&signed.renew(text(&first, "refresh_token"), &other).await);
    let second = signed.renewed(text(&first, "refresh_token")).await;
    signed.world.test.clock.advance(TimeDelta::minutes(1));
    is_invalid_grant(&signed.renew(text(&first, "refresh_token"), &other).await);

    signed.renewed(text(&second, "refresh_token")).await;
}

#[tokio::test]
async fn a115_an_access_token_renews_nothing_and_a_refresh_token_opens_nothing() {
    let mut signed = Signed::start().await;
    let tokens = signed.tokens().await;

    for wrong in [
        text(&tokens, "access_token"),
        "x",
        "bf_rt_",
        &"a".repeat(4_000),
    ] {
        is_invalid_grant(&signed.renew(wrong, &[]).await);
    }
    assert!(!signed.is_open(text(&tokens, "refresh_token")).await);
    // Another brand's id in front of the same secret.
    let brand = signed.world.brand.brand_id.uuid().simple().to_string();
    let foreign = text(&tokens, "refresh_token").replace(&brand, &"0".repeat(32));
    is_invalid_grant(&signed.renew(&foreign, &[]).await);
}

#[tokio::test]
async fn a116_s13_an_application_takes_back_its_own_and_nothing_else() {
    let mut signed = Signed::start().await;
    let tokens = signed.tokens().await;
    let revoke = async |token: &str| {
        let form = [("client_id", "bakery.web"), ("token", token)];
        let mut browser = signed.world.test.browser();
        browser.post_form("/oauth/revoke", &form).await.status
    };
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );

    // By another application: as if there were none.
    assert_eq!(
        signed.ask_server("/oauth/revoke", refresh).await.status,
        200
    );
    assert_eq!(signed.ask_server("/oauth/revoke", access).await.status, 200);
    assert!(signed.is_open(access).await);
    assert_eq!(revoke("nonsense").await, 200);
    assert_eq!(revoke("").await, 400);
    let mut browser = signed.world.test.browser();
    let nobody = browser
        .post_form("/oauth/revoke", &[("token", refresh)])
        .await;
    assert_eq!(nobody.status, 400);

    assert_eq!(revoke(access).await, 200);
    assert!(!signed.is_open(access).await);
    let second = signed.renewed(refresh).await;
    assert_eq!(revoke(text(&second, "refresh_token")).await, 200);
    assert!(!signed.is_open(text(&second, "access_token")).await);
    is_invalid_grant(&signed.renew(text(&second, "refresh_token"), &[]).await);
}

#[tokio::test]
async fn a116_s14_only_a_server_is_told_and_of_its_own_brand_only() {
    let mut signed = Signed::start().await;
    let tokens = signed.tokens().await;
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let inactive = json!({ "active": false });

    let told = signed.ask_server("/oauth/introspect", access).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.header("cache-control"), "no-store");
    let now = signed.world.test.clock.now().timestamp();
    assert_eq!(
        told.json(),
        json!({
            "active": true, "token_type": "Bearer", "iss": signed.world.test.app.config.issuer(),
            "sub": signed.anna.to_string(), "client_id": "bakery.web", "scope": OFFLINE.1,
            "sid": signed.session.session_id.to_string(), "iat": now, "exp": now + 3_600,
        })
    );
    // A refresh token is the business of its own application.
    for foreign in [refresh, "nonsense", "bf_at_"] {
        let told = signed.ask_server("/oauth/introspect", foreign).await;
        assert_eq!((told.status.as_u16(), told.json()), (200, inactive.clone()));
    }
    for form in [
        vec![("client_id", "bakery.web"), ("token", access)],
        vec![
            ("client_id", "bakery.server"),
            ("client_secret", "wrong"),
            ("token", access),
        ],
    ] {
        let answer = signed
            .world
            .test
            .browser()
            .post_form("/oauth/introspect", &form)
            .await;
        assert_eq!(answer.status, 401, "{form:?}");
        assert_eq!(answer.json()["error"], "invalid_client");
    }
    let without = signed
        .world
        .test
        .browser()
        .send(Method::POST, "/oauth/introspect", &[], Body::empty())
        .await;
    assert_eq!(without.status, 400);

    signed.world.test.clock.advance(TimeDelta::hours(1));
    let told = signed.ask_server("/oauth/introspect", access).await;
    assert_eq!(told.json(), inactive);
}
