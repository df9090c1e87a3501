//! `befriend serve`: the service.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::output::Output;
use super::runtime::Runtime;
use crate::account;
use crate::app::SharedApp;
use crate::brand;
use crate::config::Config;
use crate::kernel::id::BrandId;
use crate::mail;
use crate::maintenance;
use crate::oidc::backchannel;
use crate::postgres::{self, Pool};

/// Where the service is reached.
#[derive(clap::Args)]
pub(super) struct Listen {
    /// The address and port to listen on.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The URL people reach the service by.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

impl Listen {
    pub(super) fn override_settings(&self, overrides: &mut BTreeMap<String, String>) {
        if let Some(listen) = self.listen {
            overrides.insert("listen".to_owned(), listen.to_string());
        }
        if let Some(url) = &self.public_url {
            overrides.insert("public_url".to_owned(), url.clone());
        }
    }
}

#[derive(clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) listen: Listen,
}

impl Serve {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        // Bound before the database starts: a taken port is the likeliest fault, and cheap to see.
        let listener = bind(config.listen).await?;
        let runtime = Runtime::start(config).await?;
        let stop = CancellationToken::new();
        tokio::spawn(stop_on_signal(stop.clone()));
        let served = with_workers(&runtime.app, &stop, async {
            super::staff::announce(&runtime.app, output).await?;
            serve(listener, &runtime.app, stop.clone()).await
        })
        .await;
        runtime.close().await;
        served.map(|()| ExitCode::SUCCESS)
    }
}

/// Runs `work` beside the service's workers. However it ends, they end before the database is
/// closed under them.
pub(super) async fn with_workers(
    app: &SharedApp,
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let sender = mail_sender(app)?;
    let projector = tokio::spawn(app.projector.clone().run(stop.clone()));
    let (pool, clock) = (app.pool.clone(), app.clock.clone());
    let forgetting = tokio::spawn(account::erasure::run(
        pool.clone(),
        clock.clone(),
        app.entropy.clone(),
        app.hash_key.clone(),
        stop.clone(),
    ));
    let housekeeping = tokio::spawn(maintenance::run(pool, clock, stop.clone()));
    let values = tokio::spawn(app.projector.clone().keep_values(list_brands, stop.clone()));
    let (own, until) = (SharedApp::clone(app), stop.clone());
    let couriers = tokio::spawn(async move { backchannel::run(own.courier(), until).await });
    let mail = sender.map(|sender| tokio::spawn(sender.run(stop.clone())));
    let done = work.await;
    stop.cancel();
    projector.await.context("the projector broke")?;
    values
        .await
        .context("fitting the value of customers broke")?;
    forgetting.await.context("forgetting people broke")?;
    housekeeping.await.context("keeping house broke")?;
    couriers
        .await
        .context("telling applications of sign-outs broke")?;
    if let Some(mail) = mail {
        mail.await.context("sending mail broke")?;
    }
    done
}

/// What hands mail over, where a mail server is set.
fn mail_sender(app: &SharedApp) -> anyhow::Result<Option<mail::sender::Sender>> {
    let Some(server) = &app.config.smtp else {
        tracing::warn!(
            "no mail server is set: mail is kept, and shown on the dashboard's page Mail; set \
             BEFRIEND_SMTP_URL and BEFRIEND_MAIL_FROM to have it sent"
        );
        return Ok(None);
    };
    tracing::info!(host = server.host, port = server.port, "mail is sent");
    Ok(Some(mail::sender::Sender {
        pool: app.pool.clone(),
        clock: app.clock.clone(),
        entropy: app.entropy.clone(),
        cipher: app.cipher.clone(),
        transport: mail::transport::Transport::new(server)?,
    }))
}

async fn list_brands(pool: &Pool) -> Result<Vec<BrandId>, postgres::Error> {
    let brands = brand::store::list_brands(&mut *pool.acquire().await?).await?;
    Ok(brands.into_iter().map(|brand| brand.brand_id).collect())
}

pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: is another program using it? Choose one with --listen")
    })
}

/// Serves until `stop`, then lets requests under way finish.
pub(super) async fn serve(
    listener: TcpListener,
    app: &SharedApp,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    tracing::info!(url = app.config.issuer(), "listening");
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for more (Nagle's algorithm).
        drop(stream.set_nodelay(true));
    });
    let router = crate::http::router(app.clone());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await?;
    tracing::info!("stopped");
    Ok(())
}

/// Cancels `stop` on SIGTERM or Ctrl-C.
pub(super) async fn stop_on_signal(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be watched; stop with SIGKILL");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: finishing what is under way");
    stop.cancel();
}
