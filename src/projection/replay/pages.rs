//! Everybody of a brand in pages, several at once, for work that writes nothing.

use std::num::NonZeroUsize;

use tokio::task::JoinSet;

use super::super::{Error, Projector, event_store};
use crate::kernel::id::{BrandId, ProfileId};
use crate::postgres::{self, PgConnection};

/// People per page, at most.
const PAGE_PEOPLE: i64 = 512;
/// Events per page, so that what one task holds in memory is bounded; only somebody who has more
/// than these exceeds it, alone on a page.
const PAGE_EVENTS: i64 = 20_000;

/// Pages that are worked on at the same time: one more than there are cores, since a task waits for
/// the database while others compute.
pub(super) fn tasks_at_once() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get) + 1
}

/// The next people after `after` up to and including `until`, as many as one task should hold, with
/// how many events they have.
pub(super) async fn next_page(
    conn: &mut PgConnection,
    brand_id: BrandId,
    after: ProfileId,
    until: ProfileId,
) -> Result<Vec<(ProfileId, i64)>, Error> {
    let rows = event_store::list_people_by_size(conn, brand_id, after, until, PAGE_PEOPLE).await?;
    let mut page = Vec::with_capacity(rows.len());
    let mut sum = 0;
    for (profile_id, events) in rows {
        sum += events;
        if sum > PAGE_EVENTS && !page.is_empty() {
            break;
        }
        page.push((profile_id, events));
    }
    Ok(page)
}

impl Projector {
    /// Works through all people in pages, as many at once as there are cores.
    pub(in crate::projection) async fn for_each_page<T, W, F>(
        &self,
        brand_id: BrandId,
        work: W,
        mut take: impl FnMut(T),
    ) -> Result<(), Error>
    where
        T: Send + 'static,
        W: Fn(Self, Vec<ProfileId>) -> F,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut tasks: JoinSet<Result<T, Error>> = JoinSet::new();
        let mut after = event_store::FIRST;
        loop {
            let page = postgres::tx(&self.pool, async |conn| {
                event_store::see_one_state(conn).await?;
                next_page(conn, brand_id, after, event_store::LAST).await
            })
            .await?;
            let is_last = page.is_empty();
            let page: Vec<ProfileId> = page.into_iter().map(|(id, _)| id).collect();
            after = page.last().copied().unwrap_or(after);
            if !is_last {
                tasks.spawn(work(self.clone(), page));
            }
            while is_last && !tasks.is_empty() || tasks.len() >= tasks_at_once() {
                if let Some(done) = tasks.join_next().await {
                    take(done.map_err(|error| Error::Broken(error.to_string()))??);
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}
