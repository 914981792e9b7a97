//! Keeping receipts: those that come while one transaction is on its way to the disk share the next.

use std::sync::Arc;

use taxproof_claims::signature::SigningKey;
use tokio::sync::{mpsc, oneshot, watch};

use super::Refusal;
use crate::limits::COMMIT;
use crate::store::{KeptReceipt, NewReceipt, NotDecided, Store, StoreError};

/// Keeps receipts, one transaction at a time.
#[derive(Debug)]
pub(super) struct Recorder {
    jobs: mpsc::Sender<Job>,
    newest: watch::Receiver<u64>,
}

/// A receipt to be kept, and who waits for it.
struct Job {
    new: NewReceipt,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Result<KeptReceipt, NotDecided>, Arc<StoreError>>;

impl Recorder {
    /// Begins to keep receipts in a store; ends when it is dropped.
    pub(super) fn start(store: Store, key: Arc<SigningKey>) -> Self {
        let (jobs, waiting) = mpsc::channel(COMMIT);
        let (newest, seen) = watch::channel(0);
        tokio::spawn(record(store, key, waiting, newest));
        Self { jobs, newest: seen }
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

async fn record(
    store: Store,
    key: Arc<SigningKey>,
    mut waiting: mpsc::Receiver<Job>,
    newest: watch::Sender<u64>,
) {
    let mut jobs = Vec::new();
    while waiting.recv_many(&mut jobs, COMMIT).await > 0 {
        let (new, answers): (Vec<_>, Vec<_>) =
            jobs.drain(..).map(|job: Job| (job.new, job.answer)).unzip();
        let kept = keep(&store, &key, new).await;
        let sequence = |answer: &Answer| match answer {
            Ok(Ok(kept)) => kept.signed.receipt.sequence,
            _ => 0,
        };
        if let Some(last) = kept.iter().map(sequence).max().filter(|last| *last > 0) {
            newest.send_if_modified(|newest| {
                let newer = last > *newest;
                *newest = last.max(*newest);
                newer
            });
        }
        for (answer, kept) in answers.into_iter().zip(kept) {
            // Whoever waited may have gone; what was kept stays kept.
            let _ = answer.send(kept);
        }
    }
}

/// One transaction; where it fails for a reason that is not all of theirs, one for each.
async fn keep(store: &Store, key: &Arc<SigningKey>, new: Vec<NewReceipt>) -> Vec<Answer> {
    let alone = new.len() == 1;
    match store.keep_receipts(new.clone(), key).await {
        Ok(kept) => return kept.into_iter().map(Ok).collect(),
        Err(error) if alone || error.is_transient() => {
            let error = Arc::new(error);
            return new.iter().map(|_| Err(Arc::clone(&error))).collect();
        }
        Err(error) => tracing::error!(%error, receipts = new.len(), "kept one by one"),
    }
    let mut answers = Vec::with_capacity(new.len());
    for new in new {
        let kept = store.keep_receipts(vec![new], key).await;
        let first = kept.map(|mut kept| kept.pop());
        let missing = || std::io::Error::other("a receipt has no answer").into();
        answers.push(match first {
            Ok(first) => first.ok_or_else(|| Arc::new(missing())),
            Err(error) => Err(Arc::new(error)),
        });
    }
    answers
}
