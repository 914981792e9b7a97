//! What the bank keeps: policies, requests, epochs and receipts, in one SQLite file or, for several
//! replicas of the service, in a PostgreSQL database.
//!
//! Every commit is on disk before it is answered for. Writers that read before they write take
//! turns from the start of their transaction, across threads, processes and replicas, so that what
//! one read is still so when it writes: see `backend`.

mod anchors;
mod backend;
mod epochs;
mod error;
mod heads;
mod links;
mod many;
mod policies;
mod receipts;
mod requests;

pub use anchors::{Anchor, AnchorKind};
pub(crate) use backend::private_folder;
pub use backend::{Location, NotALocation};
pub use epochs::{EpochConflict, EpochState, KeptEpoch};
pub use error::StoreError;
pub use policies::KeptPolicy;
pub(crate) use receipts::presentation_digest;
pub use receipts::{KeptReceipt, NewReceipt, NotDecided, Replay};
pub use requests::{Cancelled, KeptRequest, RequestRefused};

use std::path::Path;

use taxproof_claims::digest::Digest;
use taxproof_claims::encoding::DecodeError;

use backend::Backend;

/// The bank's database.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Backend,
}

impl Store {
    /// Opens a database, making what is missing in it.
    ///
    /// # Errors
    /// The database cannot be used, or is of another version of this software.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let backend = Backend::open(location).await?;
        Ok(Self { backend })
    }

    /// Ends all connections, so that a file is complete without its journal.
    pub async fn close(&self) {
        self.backend.close().await;
    }

    /// Copies the database to a file that is not there yet, as it is at one moment.
    ///
    /// # Errors
    /// The database is PostgreSQL's, or the file is there or cannot be written.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        self.backend.copy_to(file).await
    }

    /// What the database itself finds wrong with its file; nothing for PostgreSQL, which checks
    /// its pages as they are read where it was made with checksums.
    ///
    /// # Errors
    /// The database's.
    pub async fn damages(&self) -> Result<Vec<String>, StoreError> {
        self.backend.damages().await
    }
}

/// A page of a list: what comes after a place, and at most how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The place of the last one that was seen; 0 for none.
    pub after: u64,
    /// At most so many.
    pub size: u32,
}

fn digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| DecodeError::Invalid("a digest has 32 bytes"))?;
    Ok(Digest(bytes))
}

/// That what was kept is still what its digest says.
fn ensure_digest(kept: &[u8], found: Digest) -> Result<(), StoreError> {
    match digest(kept)? == found {
        true => Ok(()),
        false => Err(DecodeError::Invalid("what was kept is not what its digest says").into()),
    }
}

/// Times and counts in the database are signed; none that is written reaches 2^63.
fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
