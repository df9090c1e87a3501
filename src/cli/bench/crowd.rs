//! People with passwords, and the sign-ins that their browsers have begun.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::figures::Latency;
use super::load::per_second;
use super::wire::Wire;
use crate::app::SharedApp;
use crate::brand::Brand;
use crate::credential::{password, store as credentials};
use crate::flow::{self, NewFlow};
use crate::kernel::id::{BrandId, CredentialId, FlowId, ProfileId, SessionId};
use crate::kernel::{EmailAddress, Secret};
use crate::postgres::{self, PgConnection};
use crate::profile::{self, NewEmail, Profile, Status};
use crate::session::{self, Method, Session};

/// Everybody's.
const PASSWORD: &str = "four unrelated words, joined";
/// Flows begun in one transaction.
const FLOWS_AT_ONCE: usize = 500;

/// People who can sign in, and the browser they share.
pub(super) struct Crowd {
    app: SharedApp,
    brand: Brand,
    address: SocketAddr,
    people: usize,
    browser: Secret,
    /// A session that is in force throughout.
    token: Secret,
    /// Told when sign-ins begin to be sent.
    sending: Notify,
}

/// What sign-ins came to.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    /// Those who are signed in.
    pub(super) done: u64,
    pub(super) latency: Latency,
    /// Of those who were told to come back: 503, or 429 where a network sends too many at once.
    pub(super) busy: Latency,
    pub(super) limited: Latency,
    pub(super) elapsed: Duration,
}

impl SignIns {
    pub(super) fn rate(&self) -> f64 {
        per_second(self.done, self.elapsed)
    }
}

fn email(person: usize) -> String {
    format!("person{person}@bench.example")
}

impl Crowd {
    /// Makes the people, with one password for all: hashing many would take long and change nothing.
    pub(super) async fn make(
        app: &SharedApp,
        brand: &Brand,
        address: SocketAddr,
        people: usize,
    ) -> anyhow::Result<Self> {
        let hash = app.passwords.hash(&Secret::new(PASSWORD)).await?;
        let (brand_id, now) = (brand.brand_id, app.clock.now());
        let token = Secret::random(&app.entropy);
        postgres::tx(&app.pool, async |conn| {
            for person in 0..people {
                let profile_id = ProfileId::new(now, &app.entropy);
                insert_person(conn, (brand_id, profile_id), now).await?;
                let address = EmailAddress::parse(&email(person)).expect("an address");
                let email = NewEmail {
                    address: &address,
                    is_verified: true,
                    source: "email",
                    at: now,
                };
                profile::store::upsert_email(conn, brand_id, profile_id, email).await?;
                let credential = credentials::Credential {
                    brand_id,
                    credential_id: CredentialId::new(now, &app.entropy),
                    profile_id,
                    kind: credentials::Kind::Password,
                    name: String::new(),
                    handle: None,
                    data: password::data_of(&hash),
                    created_at: now,
                    last_used_at: None,
                };
                credentials::insert_credential(conn, &credential).await?;
                if person == 0 {
                    let session_id = SessionId::new(now, &app.entropy);
                    let session = signed_in(brand_id, profile_id, session_id, now);
                    session::store::insert_session(conn, &session, &token, "bench").await?;
                }
            }
            Ok::<_, postgres::Error>(())
        })
        .await?;
        Ok(Self {
            app: app.clone(),
            brand: brand.clone(),
            address,
            people,
            browser: Secret::random(&app.entropy),
            token,
            sending: Notify::new(),
        })
    }

    /// The name of a cookie as the service sets it.
    fn cookie(&self, name: &str) -> String {
        let prefix = if self.app.config.is_secure() {
            "__Host-"
        } else {
            ""
        };
        format!("{prefix}bf_{name}")
    }

    /// Begins `number` sign-ins, as opening the page does.
    async fn begin(&self, number: usize) -> anyhow::Result<Vec<FlowId>> {
        let mut flows = Vec::with_capacity(number);
        while flows.len() < number {
            let some = FLOWS_AT_ONCE.min(number - flows.len());
            let begun = postgres::tx(&self.app.pool, async |conn| {
                let mut begun = Vec::with_capacity(some);
                for _ in 0..some {
                    let new = NewFlow {
                        brand_id: self.brand.brand_id,
                        application_id: None,
                        request: None,
                        browser: &self.browser,
                    };
                    let flow = flow::begin(conn, new, &self.app.clock, &self.app.entropy);
                    begun.push(flow.await?);
                }
                Ok::<_, postgres::Error>(begun)
            });
            flows.extend(begun.await?);
        }
        Ok(flows)
    }

    fn sign_in_request(&self, flow: FlowId, person: usize) -> Vec<u8> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", &email(person))
            .append_pair("password", PASSWORD)
            .finish();
        let request = format!(
            "POST /login/password?flow={flow} HTTP/1.1\r\nhost: {}\r\norigin: {}\r\n\
             sec-fetch-site: same-origin\r\nuser-agent: bench\r\ncookie: {}={}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.app.config.issuer(),
            self.cookie("browser"),
            self.browser.expose(),
            body.len(),
        );
        request.into_bytes()
    }

    /// Signs people in over `connections` connections until `lasts` has passed or `most` have begun.
    pub(super) async fn sign_in(
        self: &Arc<Self>,
        connections: usize,
        lasts: Duration,
        most: usize,
    ) -> anyhow::Result<SignIns> {
        let flows: Arc<[FlowId]> = self.begin(most).await?.into();
        let before = self.count_sessions().await?;
        let next = Arc::new(AtomicUsize::new(0));
        let mut wires = Vec::with_capacity(connections);
        for _ in 0..connections {
            let mut wire = Wire::new(self.address);
            wire.open().await?;
            wires.push(wire);
        }
        let started = Instant::now();
        self.sending.notify_waiters();
        let mut tasks: JoinSet<anyhow::Result<SignIns>> = JoinSet::new();
        for wire in wires {
            let (crowd, flows, next) = (Arc::clone(self), Arc::clone(&flows), Arc::clone(&next));
            let until = started + lasts;
            tasks.spawn(async move { crowd.send_until(wire, &flows, &next, until).await });
        }
        let mut all = SignIns::default();
        while let Some(done) = tasks.join_next().await {
            let one = done.context("a browser broke")??;
            all.done += one.done;
            all.latency.merge(one.latency);
            all.busy.merge(one.busy);
            all.limited.merge(one.limited);
        }
        all.elapsed = started.elapsed();
        let opened = self.count_sessions().await? - before;
        if u64::try_from(opened).ok() != Some(all.done) {
            bail!(
                "{} sign-ins were answered, and {opened} sessions opened",
                all.done
            );
        }
        Ok(all)
    }

    /// Waits until sign-ins are sent.
    pub(super) async fn flooded(&self) {
        self.sending.notified().await;
    }

    async fn send_until(
        &self,
        mut wire: Wire,
        flows: &[FlowId],
        next: &AtomicUsize,
        until: Instant,
    ) -> anyhow::Result<SignIns> {
        let mut own = SignIns::default();
        while Instant::now() < until {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(flow) = flows.get(number) else { break };
            let request = self.sign_in_request(*flow, number % self.people);
            let sent = Instant::now();
            let answer = wire.exchange(&request).await?;
            let took = sent.elapsed();
            match answer.status {
                303 => {
                    own.done += 1;
                    own.latency.add(took);
                }
                503 => own.busy.add(took),
                429 => own.limited.add(took),
                other => {
                    let body = String::from_utf8_lossy(answer.body);
                    bail!("a sign-in was answered {other}: {body}");
                }
            }
            if answer.status != 303 {
                // Less than it is told to wait, so that the service stays flooded.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(own)
    }

    async fn count_sessions(&self) -> anyhow::Result<i64> {
        let mut conn = self.app.pool.acquire().await?;
        let count = super::raw_store::count_sessions(&mut conn, self.brand.brand_id).await?;
        Ok(count)
    }

    /// Looks at the page of somebody who is signed in, every `every`, over `connections` connections.
    pub(super) async fn check(
        self: &Arc<Self>,
        connections: usize,
        every: Duration,
        lasts: Duration,
    ) -> anyhow::Result<Latency> {
        let request: Arc<[u8]> = format!(
            "GET /me?brand={} HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: none\r\ncookie: {}={}\r\n\r\n",
            self.brand.slug,
            self.address,
            self.cookie(&format!("session_{}", self.brand.slug)),
            self.token.expose(),
        )
        .into_bytes()
        .into();
        let until = Instant::now() + lasts;
        let mut tasks: JoinSet<anyhow::Result<Latency>> = JoinSet::new();
        for _ in 0..connections {
            let (address, request) = (self.address, Arc::clone(&request));
            tasks.spawn(async move {
                let mut wire = Wire::new(address);
                wire.open().await?;
                let mut own = Latency::default();
                let mut ticks = tokio::time::interval(every);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                while Instant::now() < until {
                    ticks.tick().await;
                    let sent = Instant::now();
                    let answer = wire.exchange(&request).await?;
                    if answer.status != 200 {
                        bail!("a signed-in page was answered {}", answer.status);
                    }
                    own.add(sent.elapsed());
                }
                Ok(own)
            });
        }
        let mut all = Latency::default();
        while let Some(done) = tasks.join_next().await {
            all.merge(done.context("a browser broke")??);
        }
        Ok(all)
    }
}

async fn insert_person(
    conn: &mut PgConnection,
    (brand_id, profile_id): (BrandId, ProfileId),
    now: DateTime<Utc>,
) -> Result<(), postgres::Error> {
    let profile = Profile {
        brand_id,
        profile_id,
        status: Status::Active,
        merged_into: None,
        display_name: Some("Bench".to_owned()),
        given_name: None,
        family_name: None,
        picture_url: None,
        locale: None,
        traits: json!({}),
        first_encounter: json!({}),
        known_since: Some(now),
        created_at: now,
        last_seen_at: now,
    };
    profile::store::insert_profile(conn, &profile).await
}

fn signed_in(
    brand_id: BrandId,
    profile_id: ProfileId,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Session {
    Session {
        brand_id,
        session_id,
        profile_id,
        connection_id: None,
        method: Method::Password,
        authenticated_at: now,
        second_factor_at: None,
        created_at: now,
    }
}
