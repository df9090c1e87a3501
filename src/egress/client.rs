//! The guarded client.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect;

use super::message::{Error, Method, Request, Response};
use super::target::{Refusal, Way, judge, permits};

/// What outbound calls are held to.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Whether private addresses, and plain HTTP to them, may be reached.
    pub allows_private: bool,
    /// The longest a call may take, from name to last byte.
    pub time_max: Duration,
    /// The largest body that is read.
    pub body_bytes_max: usize,
}

impl Policy {
    /// Ten seconds, one mebibyte, and the public internet only unless `allows_private`.
    pub const fn new(allows_private: bool) -> Self {
        Self {
            allows_private,
            time_max: Duration::from_secs(10),
            body_bytes_max: 1024 * 1024,
        }
    }
}

/// What a [`Local`] promises.
pub type LocalAnswer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Something of this process that is called by its public URL, without the network: the built-in
/// test provider, which may stand behind a proxy or a container's port.
pub trait Local: Send + Sync {
    /// Whether it answers for this URL.
    fn serves(&self, url: &url::Url) -> bool;

    /// Answers.
    fn answer(&self, request: Request) -> LocalAnswer;
}

/// The outside, as far as it may be reached. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    tls: reqwest::Client,
    plain: reqwest::Client,
    policy: Policy,
    local: Vec<Arc<dyn Local>>,
}

impl Egress {
    /// A client under `policy`.
    ///
    /// # Panics
    /// When the system's certificates cannot be read.
    pub fn new(policy: Policy, local: Option<Arc<dyn Local>>) -> Self {
        Self {
            tls: client(Way::Tls, policy),
            plain: client(Way::Plain, policy),
            policy,
            local: local.into_iter().collect(),
        }
    }

    /// The same with one more thing that is called without the network.
    #[must_use]
    pub fn with_local(mut self, local: Arc<dyn Local>) -> Self {
        self.local.push(local);
        self
    }

    /// Whether `url` could be called, as far as it alone can tell: a name is judged again whenever
    /// it is resolved.
    pub fn judge(&self, url: &url::Url) -> Result<(), Refusal> {
        judge(url, self.policy.allows_private).map(|_| ())
    }

    /// Sends `request` and reads the whole answer, within the policy's limits.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        tokio::time::timeout(self.policy.time_max, self.send_unbounded(request))
            .await
            .map_err(|_| Error::Timeout)?
    }

    async fn send_unbounded(&self, request: Request) -> Result<Response, Error> {
        if let Some(local) = self.local.iter().find(|local| local.serves(&request.url)) {
            return Ok(local.answer(request).await);
        }
        let client = match judge(&request.url, self.policy.allows_private) {
            Ok(Way::Tls) => &self.tls,
            Ok(Way::Plain) => &self.plain,
            Err(refusal) => return Err(Error::Refused(refusal)),
        };
        let outgoing = outgoing(client, request)?;
        let answer = client.execute(outgoing).await.map_err(failure)?;
        self.read(answer).await
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Response, Error> {
        let limit = self.policy.body_bytes_max;
        if answer.status().is_redirection() {
            return Err(Error::Redirected);
        }
        let announced = answer.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |length| length > limit) {
            return Err(Error::TooLarge);
        }
        let content_type = answer
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        // Piece by piece, so that a large one is dropped before it is held.
        while let Some(chunk) = answer.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > limit {
                return Err(Error::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response {
            status,
            content_type,
            body,
        })
    }
}

fn outgoing(client: &reqwest::Client, request: Request) -> Result<reqwest::Request, Error> {
    let mut builder = match request.method {
        Method::Get => client.get(request.url),
        Method::Post => client.post(request.url).body(request.body),
    };
    for (name, value) in request.headers {
        let name = HeaderName::try_from(name).map_err(|_| Error::Malformed)?;
        let value = HeaderValue::try_from(value).map_err(|_| Error::Malformed)?;
        builder = builder.header(name, value);
    }
    if let Some(secret) = request.authorization {
        let mut value = HeaderValue::try_from(secret.expose()).map_err(|_| Error::Malformed)?;
        value.set_sensitive(true);
        builder = builder.header(AUTHORIZATION, value);
    }
    builder.build().map_err(|_| Error::Malformed)
}

/// Tells a refused address, found while resolving, from a server that is down.
fn failure(error: reqwest::Error) -> Error {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return Error::Refused(*refusal);
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return Error::Timeout;
    }
    // The URL may hold what a log must not.
    Error::Unreachable(error.without_url())
}

fn client(way: Way, policy: Policy) -> reqwest::Client {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes clients"
    )]
    let builder = reqwest::Client::builder();
    builder
        .https_only(way == Way::Tls)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(policy.time_max)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(4)
        .user_agent(concat!("befriend/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Guarded {
            way,
            allows_private: policy.allows_private,
        })
        .build()
        .expect("the system's certificates can be read")
}

/// Resolves a name and refuses it unless every address is permitted: one private address among
/// public ones is how a name is made to point inside.
#[derive(Clone, Copy)]
struct Guarded {
    way: Way,
    allows_private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let Self {
            way,
            allows_private,
        } = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let all_permitted = found
                .iter()
                .all(|address| permits(way, address.ip(), allows_private));
            if !all_permitted {
                return Err(Refusal::Address.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
