//! Epochs that were seen: for each authority a chain that only grows.

use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::SignedEpochHeader;

use super::{Store, StoreError, digest, integer, unsigned};
use crate::epoch::TrustedEpoch;

/// Whether an epoch was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochState {
    /// It is its authority's newest.
    Added,
    /// It was there already.
    Known,
}

/// An epoch does not continue what its authority said before. The authority, or whoever hands the
/// epoch in, is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EpochConflict {
    /// A newer one was seen.
    #[error("epoch {newest} of the authority was seen already")]
    Old {
        /// The newest that was seen.
        newest: u64,
    },
    /// It names another header as the one before it.
    #[error("the epoch does not follow from the authority's epoch {newest}")]
    Broken {
        /// The newest that was seen, and which it should name.
        newest: u64,
    },
    /// The authority signed another header of the same number. Both are kept as evidence.
    #[error("the authority signed two headers of epoch {number}; both are kept as evidence")]
    Equivocation {
        /// The number.
        number: u64,
    },
}

impl Store {
    /// Adds an epoch to its authority's chain. Epochs in between may be missing; one that follows
    /// at once must name the one before.
    ///
    /// # Errors
    /// The database's; the inner one is the authority's.
    pub async fn add_epoch(
        &self,
        epoch: &TrustedEpoch,
        now: u64,
    ) -> Result<Result<EpochState, EpochConflict>, StoreError> {
        let header = epoch.header();
        let (authority, number) = (header.authority.as_str(), header.epoch);
        let mut transaction = self.write().await?;
        let same: Option<(Vec<u8>,)> =
            sqlx::query_as("SELECT digest FROM epochs WHERE authority = ? AND number = ?")
                .bind(authority)
                .bind(integer(number))
                .fetch_optional(&mut *transaction)
                .await?;
        if let Some((seen,)) = same {
            if digest(&seen)? == epoch.digest() {
                return Ok(Ok(EpochState::Known));
            }
            sqlx::query("INSERT INTO equivocations VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(epoch.digest().0.to_vec())
                .bind(authority)
                .bind(integer(number))
                .bind(epoch.signed().encode())
                .bind(integer(now))
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            return Ok(Err(EpochConflict::Equivocation { number }));
        }
        let last = "SELECT number, digest FROM epochs WHERE authority = ? \
                    ORDER BY number DESC LIMIT 1";
        let newest: Option<(i64, Vec<u8>)> = sqlx::query_as(last)
            .bind(authority)
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some((newest, seen)) = newest {
            let newest = unsigned(newest);
            if number < newest {
                return Ok(Err(EpochConflict::Old { newest }));
            }
            if number == newest + 1 && header.previous != digest(&seen)? {
                return Ok(Err(EpochConflict::Broken { newest }));
            }
        }
        sqlx::query("INSERT INTO epochs VALUES (?, ?, ?, ?, ?)")
            .bind(authority)
            .bind(integer(number))
            .bind(epoch.digest().0.to_vec())
            .bind(epoch.signed().encode())
            .bind(integer(now))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Ok(EpochState::Added))
    }

    /// The newest epoch of each authority, by the authority's name.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_epochs(&self) -> Result<Vec<SignedEpochHeader>, StoreError> {
        let newest = "SELECT signed FROM epochs AS e WHERE number = \
                      (SELECT MAX(number) FROM epochs WHERE authority = e.authority) \
                      ORDER BY authority";
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(newest).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|(signed,)| Ok(SignedEpochHeader::decode(signed)?))
            .collect()
    }

    /// The epoch whose header has a digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn epoch(&self, name: Digest) -> Result<Option<SignedEpochHeader>, StoreError> {
        let row: Option<(Vec<u8>,)> = sqlx::query_as("SELECT signed FROM epochs WHERE digest = ?")
            .bind(name.0.to_vec())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|(signed,)| Ok(SignedEpochHeader::decode(&signed)?))
            .transpose()
    }

    /// The headers that contradict one that was seen, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn equivocations(&self) -> Result<Vec<SignedEpochHeader>, StoreError> {
        let all = "SELECT signed FROM equivocations ORDER BY rowid";
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(all).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|(signed,)| Ok(SignedEpochHeader::decode(signed)?))
            .collect()
    }
}
