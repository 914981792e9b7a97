//! Copying the database while the service runs, and going on from an older one.

use std::path::Path;

use taxproof_claims::digest::Digest;

use super::{Bank, Clock};
use crate::chain::Broken;
use crate::config::Folder;
use crate::mark::{Mark, Seen};
use crate::store::{Location, Page, Store, StoreError};

/// A copy of a database, in which every receipt was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// How many receipts it has.
    pub receipts: u64,
    /// The digest of the last; zeros where there is none.
    pub head: Digest,
}

/// A database cannot be copied, or its copy is not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CannotBackUp {
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy's chain of receipts is not whole.
    #[error("the copy is not whole: {0}")]
    Broken(#[from] Broken),
    /// The copy is damaged.
    #[error("the copy is damaged: {0}")]
    Damaged(String),
}

/// What became of an older database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// How many requests were open in it and are cancelled now.
    pub cancelled: u64,
    /// How many receipts it has.
    pub receipts: u64,
    /// How many were kept before, as far as is known.
    pub kept: u64,
}

impl Bank {
    /// Copies the database to a file that is not there yet, as it is at one moment, while the
    /// service goes on; and verifies the copy, every receipt of it.
    ///
    /// # Errors
    /// The database is PostgreSQL's, the file is there or cannot be written, or the copy is not
    /// whole.
    pub async fn back_up(&self, to: &Path) -> Result<Backup, CannotBackUp> {
        self.store.copy_to(to).await?;
        let copy = Store::open(&Location::File(to.to_owned())).await?;
        let whole = self.verify_copy(&copy).await;
        copy.close().await;
        whole
    }

    async fn verify_copy(&self, copy: &Store) -> Result<Backup, CannotBackUp> {
        if let Some(damage) = copy.damages().await?.into_iter().next() {
            return Err(CannotBackUp::Damaged(damage));
        }
        let chain = Self::walk(copy, self.chain()).await??;
        Ok(Backup {
            receipts: chain.length(),
            head: chain.head(),
        })
    }

    /// Takes the database as it is, though it is older than what was kept. Whoever answered one of
    /// its requests since could answer it again: so what is open in it is cancelled. Every replica
    /// must have been stopped.
    ///
    /// # Errors
    /// The database's, or the mark's.
    pub async fn restored(folder: Folder, clock: Clock) -> Result<Restored, StoreError> {
        let path = folder.mark.clone();
        // One that cannot be read says nothing, and is replaced, too.
        let seen = Mark::open(&path).ok().and_then(|mark| mark.seen());
        let bank = Self::open_at(folder, clock, Mark::fresh(&path)).await?;
        let cancelled = bank.store.cancel_open_requests(bank.time.now()).await?;
        let newest = bank.newest().await?;
        let changes = bank.store.changes().await?;
        bank.recorder.replace_mark(newest, changes)?;
        bank.store.close().await;
        Ok(Restored {
            cancelled,
            receipts: newest.map_or(0, |newest| newest.sequence),
            kept: seen.map_or(0, |seen| seen.sequence),
        })
    }

    /// The newest receipt, if there is one.
    async fn newest(&self) -> Result<Option<Seen>, StoreError> {
        let page = Page {
            after: self.store.newest_receipt().await?.saturating_sub(1),
            size: 1,
        };
        let kept = self.store.receipts(page).await?;
        Ok(kept.first().map(|kept| Seen {
            sequence: kept.signed.receipt.sequence,
            digest: kept.signed.receipt.digest(),
        }))
    }
}
