//! `befriend forget`: has everything of a customer deleted, in two weeks.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use super::output::Output;
use super::replay::find_brand;
use super::runtime::Runtime;
use crate::account::{Change, erasure};
use crate::app::SharedApp;
use crate::audit::Actor;
use crate::config::Config;
use crate::insight;
use crate::kernel::id::ProfileId;
use crate::mail::Post;
use crate::postgres::{self, PgConnection};
use crate::view::language::Language;

#[derive(clap::Args)]
pub(super) struct Forget {
    /// The customer's profile id, such as prf_….
    profile: String,
    /// The brand.
    #[arg(long, value_name = "SLUG")]
    brand: String,
    /// Take it back instead.
    #[arg(long)]
    undo: bool,
}

impl Forget {
    pub(super) async fn run(self, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.work(app, output).await).await
    }

    async fn work(&self, app: &SharedApp, output: &Output) -> anyhow::Result<ExitCode> {
        let brand = find_brand(app, &self.brand).await?;
        let id: ProfileId = self
            .profile
            .parse()
            .with_context(|| format!("{:?} is not a profile id, such as prf_…", self.profile))?;
        let mut conn = app.pool.acquire().await?;
        let customer = insight::find_customer(&mut conn, brand.brand_id, id)
            .await?
            .with_context(|| format!("{} has no customer {id}", brand.slug))?;
        drop(conn);
        let id = customer.profile.profile_id;
        let change = Change {
            brand: &brand,
            actor: Actor::Operator,
            at: app.clock.now(),
            post: Post {
                cipher: &app.cipher,
                entropy: &app.entropy,
                language: Language::default(),
            },
            issuer: app.config.issuer(),
        };
        let erasure = postgres::tx(&app.pool, async |conn: &mut PgConnection| {
            if !self.undo {
                return erasure::request(conn, &change, id).await.map(Some);
            }
            let found = erasure::find_under_way(conn, brand.brand_id, id).await?;
            let erasure = found.ok_or(erasure::Error::Unknown)?;
            erasure::undo(conn, &change, &erasure).await?;
            Ok::<_, erasure::Error>(None)
        })
        .await?;
        let data = json!({
            "profile_id": id,
            "due_at": erasure.as_ref().map(|erasure| erasure.due_at),
        });
        let text = erasure.map_or_else(
            || format!("{id} stays"),
            |erasure| {
                format!(
                    "{id} is signed out, and everything of them is deleted after {}; \
                     `befriend forget {id} --brand {} --undo` takes it back until then",
                    erasure.due_at, brand.slug
                )
            },
        );
        output.result(&data, &text);
        Ok(ExitCode::SUCCESS)
    }
}
