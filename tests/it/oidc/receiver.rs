//! An application's back-channel logout endpoint, on loopback.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

/// What came, and how it is answered.
#[derive(Default)]
struct Inner {
    tokens: Vec<String>,
    refusals: usize,
}

pub struct Receiver {
    pub uri: String,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    /// Answers the first `refusals` calls with an error, and the rest as it should.
    pub async fn start(refusals: usize) -> Self {
        let inner = Arc::new(Mutex::new(Inner {
            tokens: Vec::new(),
            refusals,
        }));
        let router = Router::new()
            .route("/logged-out", post(receive))
            .with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/logged-out", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { uri, inner }
    }

    /// Every logout token that came, in order.
    pub fn tokens(&self) -> Vec<String> {
        self.inner.lock().unwrap().tokens.clone()
    }
}

async fn receive(
    State(inner): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let mut inner = inner.lock().unwrap();
    let token = url::form_urlencoded::parse(&form).find(|(name, _)| name == "logout_token");
    inner.tokens.push(token.unwrap().1.into_owned());
    if inner.tokens.len() <= inner.refusals {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::OK
}
