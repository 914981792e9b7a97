//! Epochs that were seen: for each authority a chain that only grows.

use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::SignedEpochHeader;

use super::backend::{Exclusive as _, on};
use super::{Page, Store, StoreError, digest, ensure_digest, heads, integer, unsigned};
use crate::epoch::TrustedEpoch;
use crate::epoch_log::{HeadConflict, LoggedEpoch};

/// Whether an epoch was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochState {
    /// It is its authority's newest.
    Added,
    /// It was there already.
    Known,
}

/// An epoch as it was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEpoch {
    /// The header with its signature.
    pub signed: SignedEpochHeader,
    /// When it was added, seconds since 1970-01-01T00:00:00Z.
    pub added_at: u64,
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
    /// The log that it is in does not continue the one that was seen.
    #[error(transparent)]
    Log(#[from] HeadConflict),
}

impl Store {
    /// Adds an epoch to its authority's chain, and the head of its log to the heads. Epochs in
    /// between may be missing; one that follows at once must name the one before.
    ///
    /// # Errors
    /// The database's; the inner one is the authority's.
    pub async fn add_epoch(
        &self,
        logged: &LoggedEpoch,
        now: u64,
    ) -> Result<Result<EpochState, EpochConflict>, StoreError> {
        let (epoch, header) = (logged.epoch(), logged.epoch().header());
        let (authority, number) = (header.authority.as_str(), header.epoch);
        let same = "SELECT digest FROM epochs WHERE authority = $1 AND number = $2";
        let last = "SELECT number, digest FROM epochs WHERE authority = $1 \
                    ORDER BY number DESC LIMIT 1";
        let evidence = "INSERT INTO equivocations (digest, authority, number, signed, added_at) \
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let insert = "INSERT INTO epochs (digest, authority, number, signed, added_at) \
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        on!(self, pool => {
            let mut transaction = pool.exclusive().await?;
            let seen: Option<(String,)> = sqlx::query_as(heads::NEWEST)
                .bind(authority)
                .fetch_optional(&mut *transaction)
                .await?;
            let same: Option<(Vec<u8>,)> = sqlx::query_as(same)
                .bind(authority)
                .bind(integer(number))
                .fetch_optional(&mut *transaction)
                .await?;
            let last: Option<(i64, Vec<u8>)> = sqlx::query_as(last)
                .bind(authority)
                .fetch_optional(&mut *transaction)
                .await?;
            let seen = seen.map(|(note,)| note);
            let growth = growth(logged, seen.as_deref())?;
            let step = step(epoch, same, last)?.and_then(|state| Ok(growth.map(|()| state)?));
            let insert = match step {
                Ok(_) => Some(insert),
                Err(EpochConflict::Equivocation { .. }) => Some(evidence),
                Err(_) => None,
            };
            if let Some(insert) = insert {
                sqlx::query(insert)
                    .bind(epoch.digest().0.to_vec())
                    .bind(authority)
                    .bind(integer(number))
                    .bind(epoch.signed().encode())
                    .bind(integer(now))
                    .execute(&mut *transaction)
                    .await?;
            }
            let note = logged.note().to_string();
            if step.is_ok() {
                sqlx::query(heads::KEEP)
                    .bind(authority)
                    .bind(integer(logged.head().size))
                    .bind(note)
                    .bind(integer(now))
                    .execute(&mut *transaction)
                    .await?;
            } else if matches!(growth, Err(HeadConflict::Forked { .. })) {
                sqlx::query(heads::CONTRADICT)
                    .bind(authority)
                    .bind(seen)
                    .bind(note)
                    .bind(integer(now))
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(step)
        })
    }

    /// The newest epoch of each authority, by the authority's name.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_epochs(&self) -> Result<Vec<KeptEpoch>, StoreError> {
        let newest = "SELECT digest, signed, added_at FROM epochs AS e WHERE number = \
                      (SELECT MAX(number) FROM epochs WHERE authority = e.authority) \
                      ORDER BY authority";
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(newest).fetch_all(pool).await)?;
        rows.into_iter().map(kept).collect()
    }

    /// An authority's epochs, oldest first. A page's place is an epoch's number.
    ///
    /// # Errors
    /// The database's.
    pub async fn epochs_of(
        &self,
        authority: &str,
        page: Page,
    ) -> Result<Vec<KeptEpoch>, StoreError> {
        let all = "SELECT digest, signed, added_at FROM epochs \
                   WHERE authority = $1 AND number > $2 ORDER BY number LIMIT $3";
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(all)
            .bind(authority)
            .bind(integer(page.after))
            .bind(i64::from(page.size))
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(kept).collect()
    }

    /// The epoch whose header has a digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn epoch(&self, name: Digest) -> Result<Option<KeptEpoch>, StoreError> {
        let of = "SELECT digest, signed, added_at FROM epochs WHERE digest = $1";
        let row: Option<Row> = on!(self, pool => sqlx::query_as(of)
            .bind(name.0.to_vec())
            .fetch_optional(pool)
            .await)?;
        row.map(kept).transpose()
    }

    /// The headers that contradict one that was seen, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn equivocations(&self) -> Result<Vec<SignedEpochHeader>, StoreError> {
        let all = "SELECT digest, signed, added_at FROM equivocations ORDER BY rowid";
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(all).fetch_all(pool).await)?;
        rows.into_iter().map(|row| Ok(kept(row)?.signed)).collect()
    }
}

/// What becomes of an epoch.
type Step = Result<EpochState, EpochConflict>;

/// Whether the log that an epoch is in continues the head that was seen last.
fn growth(
    logged: &LoggedEpoch,
    seen: Option<&str>,
) -> Result<Result<(), HeadConflict>, StoreError> {
    let Some(seen) = seen else { return Ok(Ok(())) };
    Ok(logged.continues(&heads::read(seen)?.1))
}

/// How an epoch continues what was seen: the one of its number, and the newest.
fn step(
    epoch: &TrustedEpoch,
    same: Option<(Vec<u8>,)>,
    last: Option<(i64, Vec<u8>)>,
) -> Result<Step, StoreError> {
    let (header, number) = (epoch.header(), epoch.header().epoch);
    if let Some((seen,)) = same {
        return Ok(match digest(&seen)? == epoch.digest() {
            true => Ok(EpochState::Known),
            false => Err(EpochConflict::Equivocation { number }),
        });
    }
    if let Some((newest, seen)) = last {
        let newest = unsigned(newest);
        if number < newest {
            return Ok(Err(EpochConflict::Old { newest }));
        }
        if number == newest + 1 && header.previous != digest(&seen)? {
            return Ok(Err(EpochConflict::Broken { newest }));
        }
    }
    Ok(Ok(EpochState::Added))
}

type Row = (Vec<u8>, Vec<u8>, i64);

fn kept((name, signed, added_at): Row) -> Result<KeptEpoch, StoreError> {
    let signed = SignedEpochHeader::decode(&signed)?;
    ensure_digest(&name, signed.header.digest())?;
    Ok(KeptEpoch {
        signed,
        added_at: unsigned(added_at),
    })
}
