//! Whether the bank can do what it is for: verify, decide and keep.

use super::{Bank, Refusal, Untimely};
use crate::limits::{CLOCK_TOLERANCE, READINESS_ANSWER};
use crate::store::StoreError;

/// Why a bank is not ready. Keys are no reason: without admitted ones it does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotReady {
    /// The database does not answer, or not in time.
    #[error("the database cannot be reached")]
    Database,
    /// The database is older than what was kept: an older backup was put back.
    #[error("the database is older than what was kept: put back the newest, or see `restored`")]
    RolledBack,
    /// No authority's epoch was added.
    #[error("there is no epoch: add one")]
    NoEpoch,
    /// No epoch can be used now.
    #[error(transparent)]
    Untimely(#[from] Untimely),
    /// The clock went back.
    #[error("the clock went back: look at the machine's clock, then start the service again")]
    Clock,
}

impl Bank {
    /// Looks whether the bank is ready, and notes for its metrics what else it finds.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub async fn readiness(&self) -> Result<(), NotReady> {
        let behind = self.time.behind();
        self.metrics.clock_behind(behind);
        let look = tokio::time::timeout(READINESS_ANSWER, self.look());
        let ready = match look.await {
            Ok(Ok(())) => self.look_for_changes().await,
            Ok(looked) => looked,
            Err(_) => {
                self.metrics.store_error("DATABASE_UNAVAILABLE");
                Err(NotReady::Database)
            }
        };
        match behind > CLOCK_TOLERANCE.as_secs() {
            true => Err(NotReady::Clock),
            false => ready,
        }
    }

    /// Waits until what makes the bank ready may have changed.
    pub async fn readiness_changed(&self) {
        self.changed.notified().await;
    }

    async fn look(&self) -> Result<(), NotReady> {
        let receipts = self.store.newest_receipt().await;
        let receipts = receipts.map_err(|error| self.failed(&error))?;
        self.metrics.receipts(receipts);
        if receipts < self.recorder.kept() {
            return Err(NotReady::RolledBack);
        }
        let epochs = self.newest_epochs().await;
        let epochs = epochs.map_err(|refusal| match refusal {
            Refusal::Store(error) => self.failed(&error),
            _ => NotReady::Database,
        })?;
        let now = self.time.now();
        let mut ready = Err(NotReady::NoEpoch);
        for epoch in epochs {
            let header = epoch.header();
            let authority = header.authority.as_str();
            self.metrics.epoch(authority, header.epoch, header.time);
            if self.keys.iter().any(|key| key.covers(&epoch)) && ready.is_err() {
                ready = self.timely(&epoch, now).map_err(NotReady::from);
            }
        }
        ready
    }

    async fn look_for_changes(&self) -> Result<(), NotReady> {
        let lost = self.recorder.has_lost_changes(&self.store).await;
        match lost.map_err(|error| self.failed(&error))? {
            true => Err(NotReady::RolledBack),
            false => Ok(()),
        }
    }

    fn failed(&self, error: &StoreError) -> NotReady {
        self.metrics.store_error(error.reason());
        tracing::warn!(%error, "the database");
        NotReady::Database
    }

    /// Notes since when each key is accepted.
    pub(super) async fn count_keys(&self) -> Result<(), StoreError> {
        for (header, since) in self.accepted_keys().await? {
            self.metrics.key(header, since);
        }
        Ok(())
    }
}
