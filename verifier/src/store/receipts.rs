//! Receipts. The transaction that keeps one is what uses a nonce up.

use std::sync::Arc;

use sqlx::QueryBuilder;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::presentation::Presentation;

use super::backend::{Exclusive as _, on};
use super::links::{Fate, Known, Links};
use super::many::{among, parts};
use super::{Page, Store, StoreError, digest, ensure_digest, integer, unsigned};
use crate::mark::Seen;
use crate::receipt::{Receipt, SignedReceipt};
use crate::signers::Signers;

/// A receipt to be kept, its place in the chain not yet known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// What was decided; `sequence` and `previous` are filled in.
    pub receipt: Receipt,
    /// What names the caller and the id that it chose, if any.
    pub client_request_id: Option<String>,
}

impl NewReceipt {
    pub(super) fn request(&self) -> Digest {
        self.receipt.presentation.request
    }
}

/// A receipt that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// The digest of the presentation that decided the request.
    pub presentation: Digest,
    /// The receipt with the bank's signature.
    pub signed: SignedReceipt,
}

/// A request that was decided is answered again. Whoever answers is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Replay {
    /// Another presentation decided the request.
    #[error("the request was decided by another presentation")]
    Decided,
    /// The caller's id was used for another presentation.
    #[error("the client_request_id was used for another presentation")]
    ClientRequestId,
}

/// Why a presentation that verifies decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDecided {
    /// It is a replay.
    #[error(transparent)]
    Replay(#[from] Replay),
    /// The bank cancelled the request.
    #[error("the request was cancelled")]
    Cancelled,
}

/// What names a presentation. Other bytes of the same proof are another presentation.
pub(crate) fn presentation_digest(presentation: &Presentation) -> Digest {
    Profile::International.digest("taxproof/presentation/1", &[&presentation.encode()])
}

/// A receipt's row.
pub(super) type Row = (Vec<u8>, Vec<u8>, Vec<u8>);

impl Store {
    /// Keeps receipts in one transaction, their places in the chain filled in, and so uses their
    /// nonces up. Where the same presentation decided a request before, that receipt stands. The
    /// answers are in the order of the receipts. `seen` is known to be there.
    ///
    /// # Errors
    /// The database's, which may be older than it was; then nothing was kept, or all of it was and the same again gives it. The
    /// inner ones are the applicants'.
    pub async fn keep_receipts(
        &self,
        new: Vec<NewReceipt>,
        signers: &Arc<Signers>,
        seen: Option<Seen>,
    ) -> Result<Vec<Result<KeptReceipt, NotDecided>>, StoreError> {
        let last = "SELECT presentation, digest, signed FROM receipts \
                    ORDER BY sequence DESC LIMIT 1";
        let (fates, kept) = on!(self, pool => {
            let mut transaction = pool.exclusive().await?;
            let last: Option<Row> = sqlx::query_as(last)
                .fetch_optional(&mut *transaction)
                .await?;
            let mut links = Links::after(newest(last, signers, seen)?);
            let mut before = Known::default();
            for some in parts(&new) {
                let requests = || some.iter().map(|new| new.request().0.to_vec());
                let mut decided = among(DECIDED, requests());
                let decided = decided.build_query_as().fetch_all(&mut *transaction);
                before.decided(decided.await?)?;
                let mut cancelled = among(CANCELLED, requests());
                let cancelled = cancelled.build_query_as().fetch_all(&mut *transaction);
                before.cancelled(cancelled.await?)?;
            }
            let ids: Vec<_> = new.iter().filter_map(|new| new.client_request_id.clone()).collect();
            for some in parts(&ids) {
                let mut used = among(USED, some.iter().cloned());
                let used = used.build_query_as().fetch_all(&mut *transaction);
                before.used(used.await?);
            }
            let fates: Vec<_> = new.into_iter().map(|new| links.fate(new, &before)).collect();
            let kept = links.sign(signers).await?;
            for some in parts(&kept) {
                let mut rows = QueryBuilder::new(INSERT);
                rows.push_values(some, |mut row, signed| {
                    let body = &signed.kept.signed.receipt;
                    row.push_bind(integer(body.sequence))
                        .push_bind(body.bank.clone())
                        .push_bind(body.nonce.0.to_vec())
                        .push_bind(body.presentation.request.0.to_vec())
                        .push_bind(signed.kept.presentation.0.to_vec())
                        .push_bind(signed.client_request_id.clone())
                        .push_bind(signed.digest.0.to_vec())
                        .push_bind(signed.kept.signed.encode());
                });
                rows.build().execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            (fates, kept)
        });
        let answer = |fate| {
            Ok(match fate {
                Fate::Known(before) => {
                    signers.of(&before.signed)?;
                    Ok(*before)
                }
                Fate::Refused(why) => Err(why),
                Fate::New(place) => Ok(kept[place].kept.clone()),
            })
        };
        fates.into_iter().map(answer).collect()
    }

    /// The receipt of a request, if it was decided.
    ///
    /// # Errors
    /// The database's.
    pub async fn receipt(&self, request: Digest) -> Result<Option<KeptReceipt>, StoreError> {
        let of = "SELECT presentation, digest, signed FROM receipts WHERE request = $1";
        let row: Option<Row> = on!(self, pool => sqlx::query_as(of)
            .bind(request.0.to_vec())
            .fetch_optional(pool)
            .await)?;
        row.map(kept).transpose()
    }

    /// Receipts in the chain's order. A page's place is a receipt's sequence number.
    ///
    /// # Errors
    /// The database's.
    pub async fn receipts(&self, page: Page) -> Result<Vec<KeptReceipt>, StoreError> {
        let all = "SELECT presentation, digest, signed FROM receipts \
                   WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(all)
            .bind(integer(page.after))
            .bind(i64::from(page.size))
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(kept).collect()
    }

    /// The newest receipt's sequence number; 0 where there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_receipt(&self) -> Result<u64, StoreError> {
        let newest = "SELECT MAX(sequence) FROM receipts";
        let (newest,): (Option<i64>,) =
            on!(self, pool => sqlx::query_as(newest).fetch_one(pool).await)?;
        Ok(newest.map_or(0, unsigned))
    }

    /// How many changes there are that stay and are no receipts: requests that were cancelled,
    /// policies that were retired, epochs, heads of logs, and what contradicts these.
    ///
    /// # Errors
    /// The database's.
    pub async fn changes(&self) -> Result<u64, StoreError> {
        let count = "SELECT (SELECT COUNT(*) FROM cancellations) + \
                     (SELECT COUNT(*) FROM retirements) + (SELECT COUNT(*) FROM epochs) + \
                     (SELECT COUNT(*) FROM equivocations) + (SELECT COUNT(*) FROM heads) + \
                     (SELECT COUNT(*) FROM forks)";
        let (count,): (i64,) = on!(self, pool => sqlx::query_as(count).fetch_one(pool).await)?;
        Ok(unsigned(count))
    }
}

const DECIDED: &str = "SELECT presentation, digest, signed FROM receipts WHERE request";
const CANCELLED: &str = "SELECT request FROM cancellations WHERE request";
const USED: &str = "SELECT client_request_id FROM receipts WHERE client_request_id";
const INSERT: &str = "INSERT INTO receipts (sequence, bank, nonce, request, presentation, \
                      client_request_id, digest, signed) ";

/// The newest receipt, which the next one is to name: the bank's own, and none older than was seen.
fn newest(
    row: Option<Row>,
    signers: &Signers,
    seen: Option<Seen>,
) -> Result<Option<Seen>, StoreError> {
    let last = row.map(kept).transpose()?;
    let found = last.as_ref().map(|last| Seen {
        sequence: last.signed.receipt.sequence,
        digest: last.signed.receipt.digest(),
    });
    let number = |seen: Option<Seen>| seen.map_or(0, |seen| seen.sequence);
    if number(found) < number(seen) {
        return Err(StoreError::RolledBack {
            seen: number(seen),
            found: number(found),
        });
    }
    match last {
        Some(last) if found != seen => signers.of(&last.signed).map(drop)?,
        _ => {}
    }
    Ok(found)
}

pub(super) fn kept((presentation, name, signed): Row) -> Result<KeptReceipt, StoreError> {
    let signed = SignedReceipt::decode(&signed)?;
    ensure_digest(&name, signed.receipt.digest())?;
    ensure_digest(
        &presentation,
        presentation_digest(&signed.receipt.presentation),
    )?;
    Ok(KeptReceipt {
        presentation: digest(&presentation)?,
        signed,
    })
}
