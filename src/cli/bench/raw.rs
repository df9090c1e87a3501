//! The same rows written to the same database by as many clients as the service has senders, with
//! nothing between: what the service is measured against.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::load::per_second;
use super::raw_store::{self, Row};
use super::story::{Story, Subjects};
use crate::kernel::id::BrandId;
use crate::postgres::PgConnection;
use crate::postgres::pool::Address;

/// A way of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One row a commit.
    Insert,
    /// One row a commit, and a count in the row of the one person whom all are about.
    InsertHot,
    /// So many rows by COPY a commit.
    Copy(usize),
    /// So many rows by UNNEST a commit, and the states of their people.
    UnnestAndState(usize),
}

impl Way {
    const fn rows(self) -> usize {
        match self {
            Self::Insert | Self::InsertHot => 1,
            Self::Copy(rows) | Self::UnnestAndState(rows) => rows,
        }
    }

    const fn subjects(self) -> Subjects {
        match self {
            Self::InsertHot => Subjects::One,
            Self::Insert | Self::Copy(_) | Self::UnnestAndState(_) => Subjects::Spread,
        }
    }
}

/// What all clients share.
pub(super) struct Rows {
    pub(super) brand_id: BrandId,
    pub(super) story: Arc<Story>,
    pub(super) at: DateTime<Utc>,
    /// The number of the next event.
    pub(super) next: AtomicU64,
}

impl Rows {
    fn take(&self, way: Way) -> Vec<Row> {
        let count = u64::try_from(way.rows()).unwrap_or(1);
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let row = |number| {
            let person = self.story.person(way.subjects(), number);
            let mut payload = String::with_capacity(512);
            self.story.write(number, person, &mut payload);
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_be_bytes());
            Row {
                message_id: self.story.message_id(number),
                profile_id: self.story.people[person],
                name: Story::name(number),
                payload,
                hash,
                at: self.at,
            }
        };
        (first..first + count).map(row).collect()
    }
}

/// Writes for as long as `lasts` over as many connections. Returns rows a second.
pub(super) async fn drive(
    address: &Address,
    rows: &Arc<Rows>,
    way: Way,
    connections: usize,
    lasts: Duration,
) -> anyhow::Result<f64> {
    raw_store::empty_tables(&mut address.connect().await?).await?;
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let conn = address.connect().await;
        open.push(conn.context("a connection for each client; fewer clients need fewer")?);
    }
    let started = Instant::now();
    let until = started + lasts;
    let mut tasks = JoinSet::new();
    for conn in open {
        let rows = Arc::clone(rows);
        tasks.spawn(async move { write_until(conn, &rows, way, until).await });
    }
    let mut written = 0;
    while let Some(done) = tasks.join_next().await {
        written += done.context("a writer broke")??;
    }
    Ok(per_second(written, started.elapsed()))
}

async fn write_until(
    mut conn: PgConnection,
    rows: &Rows,
    way: Way,
    until: Instant,
) -> anyhow::Result<u64> {
    let mut written = 0;
    let mut text = String::new();
    while Instant::now() < until {
        let batch = rows.take(way);
        match way {
            Way::Insert => raw_store::insert_one(&mut conn, rows.brand_id, &batch[0]).await?,
            Way::InsertHot => {
                raw_store::insert_one_and_count(&mut conn, rows.brand_id, &batch[0]).await?;
            }
            Way::Copy(_) => {
                text.clear();
                for row in &batch {
                    raw_store::copy_line(rows.brand_id, row, &mut text);
                }
                raw_store::copy_rows(&mut conn, &text).await?;
            }
            Way::UnnestAndState(_) => {
                raw_store::unnest_rows_and_states(&mut conn, rows.brand_id, &batch).await?;
            }
        }
        written += u64::try_from(batch.len()).unwrap_or(0);
    }
    Ok(written)
}
