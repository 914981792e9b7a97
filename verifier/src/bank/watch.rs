//! Watching decisions as they are made, by this process or by another replica.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Bank, Decision, Refusal};
use crate::limits::{WATCH_AHEAD, WATCH_PAGE, WATCH_POLL};
use crate::store::Page;

impl Bank {
    /// Every decision after a place in the receipts' chain, and then each new one. A reader that is
    /// slow holds up only its own stream, of which few decisions are in memory at once. Ends with
    /// [`Refusal::Stopping`] when the service stops.
    pub fn watch(self: &Arc<Self>, after: u64) -> ReceiverStream<Result<Decision, Refusal>> {
        let (sender, receiver) = mpsc::channel(WATCH_AHEAD);
        let bank = Arc::clone(self);
        tokio::spawn(async move {
            let mut stopping = bank.stopping.subscribe();
            let stopped = async move {
                // Fails where the bank is gone, which is as good.
                let _ = stopping.wait_for(|stopping| *stopping).await;
            };
            let ended = tokio::select! {
                ended = bank.send_decisions(after, &sender) => ended,
                () = stopped => Err(Refusal::Stopping),
                () = sender.closed() => return,
            };
            if let Err(refusal) = ended {
                // A reader that is gone needs no reason.
                let _ = sender.send(Err(refusal)).await;
            }
        });
        ReceiverStream::new(receiver)
    }

    /// Ends every watch, because the service stops.
    pub fn stop_watches(&self) {
        self.stopping.send_replace(true);
    }

    async fn send_decisions(
        &self,
        mut after: u64,
        sender: &mpsc::Sender<Result<Decision, Refusal>>,
    ) -> Result<(), Refusal> {
        let mut newest = self.recorder.newest();
        loop {
            newest.mark_unchanged();
            let page = Page {
                after,
                size: WATCH_PAGE,
            };
            let kept = self.store.receipts(page).await?;
            let waits = kept.len() < WATCH_PAGE as usize;
            for kept in kept {
                after = kept.signed.receipt.sequence;
                let decision = self.decision(kept).await?;
                if sender.send(Ok(decision)).await.is_err() {
                    return Ok(());
                }
            }
            if waits {
                // Other replicas' decisions are only in the database.
                let _ = tokio::time::timeout(WATCH_POLL, newest.changed()).await;
            }
        }
    }
}
