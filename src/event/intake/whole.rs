//! All or nothing: a submission in a transaction of its own, which is undone if any of its events
//! cannot be stored.

use std::pin::Pin;
use std::sync::Arc;

use super::SubmitError;
use super::commit::{self, Item};
use crate::event::{Judged, Outcome, Submission, Verdict};
use crate::kernel::{Clock, Entropy, HashKey};
use crate::postgres::{self, Pool};

/// How often it is tried when the database says that it may work the next time.
const ATTEMPTS_MAX: u32 = 3;
/// The most faults that are looked for once the database has found one: each costs transactions.
const FAULTS_MAX: usize = 10;

/// What became of a submission that is stored whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// All of it is stored, now or before: what became of each, in order.
    Stored(Vec<Verdict>),
    /// Nothing is: the places of those that cannot be stored, and why.
    Refused(Vec<(usize, Outcome)>),
}

/// Stores `submission` whole, or nothing of it. Events that were stored before with the same content
/// are no fault; what would be a conflict is one. Does not pass the queue: the caller sees to it that
/// few do this at once, and wakes whoever folds.
pub async fn store_whole(
    pool: &Pool,
    clock: &Clock,
    (entropy, hash_key): (&Entropy, &HashKey),
    submission: &Submission,
) -> Result<Whole, SubmitError> {
    let faults = faults_in(submission.items.iter().map(outcome_of_judging));
    if !faults.is_empty() {
        return Ok(Whole::Refused(faults));
    }
    let items: Vec<Item<'_>> = submission
        .items
        .iter()
        .map(|judged| Item {
            sender: &submission.sender,
            judged,
        })
        .collect();
    let store = Store {
        pool,
        clock,
        entropy,
        hash_key,
    };
    match store.write(&items, End::Commit).await {
        Ok(outcomes) => Ok(Whole::Stored(verdicts(submission, outcomes))),
        Err(Halt::Refused(outcomes)) => {
            Ok(Whole::Refused(faults_in(outcomes.into_iter().map(Some))))
        }
        Err(Halt::Database(error)) if error.is_transient() => Err(SubmitError::Unavailable),
        Err(Halt::Database(error)) => {
            tracing::warn!(%error, events = items.len(), "a whole submission was refused");
            let mut faults = Vec::new();
            store.find_faults(&items, 0, &mut faults).await?;
            if faults.is_empty() {
                return Err(SubmitError::Failed(Arc::new(error)));
            }
            Ok(Whole::Refused(faults))
        }
    }
}

fn outcome_of_judging(judged: &Judged) -> Option<Outcome> {
    match judged {
        Judged::Accepted(_) => None,
        Judged::Rejected(rejection) => Some(commit::refused(rejection)),
    }
}

/// What is a fault, with its place.
fn faults_in(outcomes: impl Iterator<Item = Option<Outcome>>) -> Vec<(usize, Outcome)> {
    outcomes
        .enumerate()
        .filter_map(|(place, outcome)| match outcome? {
            Outcome::Accepted { .. } | Outcome::Duplicate => None,
            fault @ (Outcome::Conflict | Outcome::Rejected { .. }) => Some((place, fault)),
        })
        .collect()
}

fn verdicts(submission: &Submission, outcomes: Vec<Outcome>) -> Vec<Verdict> {
    let ids = submission.items.iter().map(|item| match item {
        Judged::Accepted(event) => Some(event.message_id.clone()),
        Judged::Rejected(rejection) => rejection.message_id.clone(),
    });
    ids.zip(outcomes)
        .map(|(message_id, outcome)| Verdict {
            message_id,
            outcome,
        })
        .collect()
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    /// It was only to see whether it would.
    Undo,
}

/// Why nothing was written.
enum Halt {
    /// Some of it must not be.
    Refused(Vec<Outcome>),
    /// The database.
    Database(postgres::Error),
}

impl From<postgres::Error> for Halt {
    fn from(error: postgres::Error) -> Self {
        Self::Database(error)
    }
}

struct Store<'a> {
    pool: &'a Pool,
    clock: &'a Clock,
    entropy: &'a Entropy,
    hash_key: &'a HashKey,
}

impl Store<'_> {
    async fn write(&self, items: &[Item<'_>], end: End) -> Result<Vec<Outcome>, Halt> {
        let mut attempt = 1;
        loop {
            match self.write_once(items, end).await {
                Err(Halt::Database(error)) if error.is_transient() && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// With [`End::Undo`], what can be written is refused with its outcomes.
    async fn write_once(&self, items: &[Item<'_>], end: End) -> Result<Vec<Outcome>, Halt> {
        let now = self.clock.now();
        postgres::tx(self.pool, async |conn| {
            let outcomes = commit::write(conn, (self.entropy, self.hash_key), now, items).await?;
            let is_faulty = outcomes
                .iter()
                .any(|one| matches!(one, Outcome::Conflict | Outcome::Rejected { .. }));
            if is_faulty || end == End::Undo {
                return Err(Halt::Refused(outcomes));
            }
            Ok(outcomes)
        })
        .await
    }

    /// Which of `items`, the first of which stands at `start`, the database would not take: found by
    /// halving, and undone each time.
    fn find_faults<'a>(
        &'a self,
        items: &'a [Item<'a>],
        start: usize,
        faults: &'a mut Vec<(usize, Outcome)>,
    ) -> Pin<Box<dyn Future<Output = Result<(), SubmitError>> + Send + 'a>> {
        Box::pin(async move {
            if items.is_empty() || faults.len() >= FAULTS_MAX {
                return Ok(());
            }
            match self.write(items, End::Undo).await {
                Ok(_) | Err(Halt::Refused(_)) => Ok(()),
                Err(Halt::Database(error)) if error.is_transient() => Err(SubmitError::Unavailable),
                Err(Halt::Database(_)) if items.len() == 1 => {
                    faults.push((start, not_storable()));
                    Ok(())
                }
                Err(Halt::Database(_)) => {
                    let middle = items.len() / 2;
                    let (left, right) = items.split_at(middle);
                    self.find_faults(left, start, faults).await?;
                    self.find_faults(right, start + middle, faults).await
                }
            }
        })
    }
}

fn not_storable() -> Outcome {
    Outcome::Rejected {
        code: "not_storable",
        detail: "the database refused this event".to_owned(),
        pointer: "",
    }
}
