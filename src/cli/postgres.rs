//! `befriend postgres`: the private cluster by itself, for tests and for a look with `psql`.

use std::process::ExitCode;

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;

use super::output::Output;
use super::serve::stop_on_signal;
use crate::config::Config;
use crate::postgres::embedded::Cluster;

#[derive(clap::Args)]
pub(super) struct Postgres {}

impl Postgres {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        let cluster = Cluster::start(&config.data_dir).await?;
        let url = cluster.url();
        output.result(
            &json!({ "url": url }),
            &format!("PostgreSQL runs at\n{url}"),
        );
        let stop = CancellationToken::new();
        tokio::spawn(stop_on_signal(stop.clone()));
        let closed = async {
            let mut sink = [0; 256];
            let mut input = tokio::io::stdin();
            while input.read(&mut sink).await.is_ok_and(|read| read > 0) {}
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = closed => {}
        }
        cluster.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}
