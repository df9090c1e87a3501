//! `befriend demo`: the service with a brand in it, a year of history, and a sample shop.
//!
//! Owns the demo brand and nothing else: it runs the same service as `befriend serve`, and fills it
//! through the public intake route with a key like anybody's. Safe to run twice: every event keeps
//! its message id.

mod drip;
mod people;
mod push;
mod setting;

use std::net::SocketAddr;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::output::{self, Output};
use super::runtime::Runtime;
use super::serve::{self, Listen};
use crate::app::SharedApp;
use crate::config::Config;
use push::Pusher;
use setting::Setting;

/// The most events in one request, as SDKs send at most.
const BATCH_EVENTS: usize = 500;

#[derive(clap::Args)]
pub(super) struct Demo {
    #[command(flatten)]
    pub(super) listen: Listen,
    /// Where the sample shop listens.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7701")]
    shop_listen: SocketAddr,
    /// How many people have a history with the bakery.
    #[arg(long, value_name = "COUNT", default_value_t = 5_000)]
    people: u64,
    /// Do not go on adding about one event a second.
    #[arg(long)]
    no_drip: bool,
    /// Remove the demo brand and everything in it, then stop.
    #[arg(long)]
    wipe: bool,
}

impl Demo {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        if self.wipe {
            return Runtime::with(config, async |app| setting::wipe(app, output).await).await;
        }
        let listener = serve::bind(config.listen).await?;
        let counter = serve::bind(self.shop_listen).await?;
        let runtime = Runtime::start(config).await?;
        let stop = CancellationToken::new();
        tokio::spawn(serve::stop_on_signal(stop.clone()));
        let work = self.serve((listener, counter), &runtime.app, &stop, output);
        let done = serve::with_workers(&runtime.app, &stop, work).await;
        runtime.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn serve(
        &self,
        (listener, counter): (TcpListener, TcpListener),
        app: &SharedApp,
        stop: &CancellationToken,
        output: &Output,
    ) -> anyhow::Result<()> {
        let shop_url = format!("http://{}/", counter.local_addr()?);
        let setting = Setting::prepare(app, &shop_url).await?;
        let service = tokio::spawn({
            let (app, stop) = (app.clone(), stop.clone());
            async move { serve::serve(listener, &app, stop).await }
        });
        let shop_router = setting.shop_router(app)?;
        let closing = stop.clone().cancelled_owned();
        let shop = tokio::spawn(async move {
            axum::serve(counter, shop_router)
                .with_graceful_shutdown(closing)
                .await
        });
        let pusher = Pusher::new(app.clone(), setting.secret_key.clone());
        tokio::select! {
            filled = self.fill(&pusher, &setting) => filled?,
            () = stop.cancelled() => {}
        }
        if !stop.is_cancelled() {
            announce(app, &shop_url, output).await?;
        }
        if !self.no_drip {
            drip::run(&pusher, self.people, app, stop).await;
        }
        service.await??;
        shop.await??;
        Ok(())
    }

    /// Tells everybody's story to the intake, unless it was told before.
    async fn fill(&self, pusher: &Pusher, setting: &Setting) -> anyhow::Result<()> {
        let bar = ProgressBar::new(self.people).with_style(
            ProgressStyle::with_template("{msg} [{wide_bar}] {pos} of {len} people, {eta} left")
                .expect("the template is well formed"),
        );
        bar.set_message("Filling the bakery");
        let mut batch = Vec::with_capacity(BATCH_EVENTS * 2);
        for number in 0..self.people {
            batch.extend(people::story(number, setting.story_end));
            if batch.len() >= BATCH_EVENTS {
                pusher.push(&mut batch).await?;
            }
            bar.inc(1);
        }
        pusher.push(&mut batch).await?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// Prints where to go.
async fn announce(app: &SharedApp, shop_url: &str, output: &Output) -> anyhow::Result<()> {
    let staff = super::staff::link_if_nobody(app).await?;
    let mut lines = vec![
        "The demo is running. Stop it with Ctrl-C.".to_owned(),
        String::new(),
        format!("Shop       {shop_url}   (sign in as a customer)"),
        format!("Dashboard  {}", app.config.url("/dashboard")),
    ];
    if let Some(link) = staff {
        lines.push(String::new());
        lines.push("Make yourself staff, once:".to_owned());
        lines.push(link);
    }
    output.say(&output::boxed(&lines));
    Ok(())
}
