//! Keeping receipts: those that come while one transaction is on its way to the disk share the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};

use super::Refusal;
use crate::limits::{CHANGES_CHECK, COMMIT, READINESS_ANSWER};
use crate::mark::{Mark, Seen};
use crate::signers::Signers;
use crate::store::{KeptReceipt, NewReceipt, NotDecided, Page, Store, StoreError};

/// Keeps receipts, one transaction at a time.
#[derive(Debug)]
pub(super) struct Recorder {
    jobs: mpsc::Sender<Job>,
    newest: watch::Receiver<u64>,
    mark: Arc<Mark>,
    /// What was found when all changes were last counted.
    counted: Mutex<Counted>,
}

/// Whether all changes that were noted are there.
#[derive(Debug, Default)]
struct Counted {
    /// Before which they are not counted again.
    next: Option<Instant>,
    lost: bool,
}

/// A receipt to be kept, and who waits for it.
struct Job {
    new: NewReceipt,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Result<KeptReceipt, NotDecided>, Arc<StoreError>>;

impl Recorder {
    /// Begins to keep receipts in a store; ends when it is dropped.
    pub(super) fn start(store: Store, signers: Arc<Signers>, mark: Arc<Mark>) -> Self {
        let (jobs, waiting) = mpsc::channel(COMMIT);
        let (newest, seen) = watch::channel(0);
        let keeper = Keeper {
            store,
            signers,
            mark: Arc::clone(&mark),
        };
        tokio::spawn(record(keeper, waiting, newest));
        Self {
            jobs,
            newest: seen,
            mark,
            counted: Mutex::default(),
        }
    }

    /// Checks that a store has the newest receipt that was kept, and all other changes that stay.
    pub(super) async fn check(&self, store: &Store) -> Result<(), StoreError> {
        self.check_receipts(store).await?;
        let (seen, found) = (self.mark.changes(), store.changes().await?);
        if found < seen {
            return Err(StoreError::ChangesLost { seen, found });
        }
        self.mark.begin(found);
        Ok(())
    }

    /// Whether a store has lost a change other than a receipt: they are counted, unless that was done a
    /// short while ago. Once one is found to be lost it stays so: others that are made since would hide it.
    pub(super) async fn has_lost_changes(&self, store: &Store) -> Result<bool, StoreError> {
        let begin = Instant::now();
        if self.counted().next.is_some_and(|next| begin < next) {
            return Ok(self.counted().lost);
        }
        // What is noted after this was read is in the database by then.
        let seen = self.mark.changes();
        let found = tokio::time::timeout(READINESS_ANSWER, store.changes()).await;
        let mut counted = self.counted();
        counted.next = Some(Instant::now() + begin.elapsed() * CHANGES_CHECK);
        if let Ok(found) = found {
            counted.lost |= found? < seen;
        }
        Ok(counted.lost)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn check_receipts(&self, store: &Store) -> Result<(), StoreError> {
        let Some(seen) = self.mark.seen() else {
            return Ok(());
        };
        let page = Page {
            after: seen.sequence.saturating_sub(1),
            size: 1,
        };
        let kept = store.receipts(page).await?;
        match kept.first().map(|kept| kept.signed.receipt.digest()) {
            Some(digest) if digest == seen.digest => Ok(()),
            _ => Err(StoreError::RolledBack {
                seen: seen.sequence,
                found: store.newest_receipt().await?,
            }),
        }
    }

    /// How many receipts were kept, as far as is known here.
    pub(super) fn kept(&self) -> u64 {
        self.mark.seen().map_or(0, |seen| seen.sequence)
    }

    /// Notes a store's newest receipt and its other changes instead of what was noted before.
    pub(super) fn replace_mark(
        &self,
        newest: Option<Seen>,
        changes: u64,
    ) -> Result<(), StoreError> {
        self.mark.replace(newest, changes)
    }

    /// Notes that a store has had a change other than a receipt: all that it has are counted, so that
    /// none is counted twice, whoever else makes and notes some meanwhile.
    pub(super) async fn note_change(&self, store: &Store) {
        let noted = match store.changes().await {
            Ok(found) => self.mark.reach(found),
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            // It was made all the same.
            tracing::error!(%error, "an older database would not be noticed");
        }
    }

    /// Keeps a receipt; it is on the disk when this answers.
    pub(super) async fn keep(&self, new: NewReceipt) -> Result<KeptReceipt, Refusal> {
        let (answer, answered) = oneshot::channel();
        let job = Job { new, answer };
        self.jobs.send(job).await.map_err(|_| Refusal::Aborted)?;
        let answer = answered.await.map_err(|_| Refusal::Aborted)?;
        Ok(answer.map_err(Refusal::Store)??)
    }

    /// The newest receipt's sequence number, as far as this process kept it.
    pub(super) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.clone()
    }
}

/// Where receipts are kept.
struct Keeper {
    store: Store,
    signers: Arc<Signers>,
    mark: Arc<Mark>,
}

async fn record(keeper: Keeper, mut waiting: mpsc::Receiver<Job>, newest: watch::Sender<u64>) {
    let mut jobs = Vec::new();
    while waiting.recv_many(&mut jobs, COMMIT).await > 0 {
        let (new, answers): (Vec<_>, Vec<_>) =
            jobs.drain(..).map(|job: Job| (job.new, job.answer)).unzip();
        let kept = keeper.keep(new).await;
        if let Some(last) = last(&kept) {
            keeper.note(last);
            newest.send_if_modified(|newest| {
                let newer = last.sequence > *newest;
                *newest = last.sequence.max(*newest);
                newer
            });
        }
        for (answer, kept) in answers.into_iter().zip(kept) {
            // Whoever waited may have gone; what was kept stays kept.
            let _ = answer.send(kept);
        }
    }
}

/// The newest receipt among answers.
fn last(answers: &[Answer]) -> Option<Seen> {
    let receipts = answers.iter().flatten().flatten();
    let newest = receipts.max_by_key(|kept| kept.signed.receipt.sequence)?;
    let receipt = &newest.signed.receipt;
    Some(Seen {
        sequence: receipt.sequence,
        digest: receipt.digest(),
    })
}

impl Keeper {
    /// One transaction; where it fails for a reason that is not all of theirs, one for each.
    async fn keep(&self, new: Vec<NewReceipt>) -> Vec<Answer> {
        let alone = new.len() == 1;
        match self.transaction(new.clone()).await {
            Ok(kept) => return kept.into_iter().map(Ok).collect(),
            Err(error) if alone || error.is_transient() => {
                let error = Arc::new(error);
                return new.iter().map(|_| Err(Arc::clone(&error))).collect();
            }
            Err(error) => tracing::error!(%error, receipts = new.len(), "kept one by one"),
        }
        let mut answers = Vec::with_capacity(new.len());
        for new in new {
            let kept = self.transaction(vec![new]).await;
            let first = kept.map(|mut kept| kept.pop());
            let missing = || std::io::Error::other("a receipt has no answer").into();
            answers.push(match first {
                Ok(first) => first.ok_or_else(|| Arc::new(missing())),
                Err(error) => Err(Arc::new(error)),
            });
        }
        answers
    }

    async fn transaction(
        &self,
        new: Vec<NewReceipt>,
    ) -> Result<Vec<Result<KeptReceipt, NotDecided>>, StoreError> {
        let seen = self.mark.seen();
        self.store.keep_receipts(new, &self.signers, seen).await
    }

    /// Notes the newest receipt beside the database.
    fn note(&self, last: Seen) {
        let newer = self
            .mark
            .seen()
            .is_none_or(|seen| last.sequence > seen.sequence);
        if newer && let Err(error) = self.mark.set(last) {
            // The receipts are kept all the same.
            tracing::error!(%error, "an older database would not be noticed");
        }
    }
}
