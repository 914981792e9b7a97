//! Receipts. The transaction that keeps one is what uses a nonce up.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::signature::SigningKey;

use super::backend::{Exclusive as _, on};
use super::{Page, Store, StoreError, digest, ensure_digest, integer, unsigned};
use crate::receipt::{Receipt, SignedReceipt};

/// A receipt to be kept, its place in the chain not yet known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// What was decided; `sequence` and `previous` are filled in.
    pub receipt: Receipt,
    /// Chosen by the caller, if anything.
    pub client_request_id: Option<String>,
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

/// What is known of a nonce before its receipt is kept.
type Before = (Vec<u8>, Vec<u8>, Vec<u8>);

/// What becomes of a new receipt.
enum Fate {
    /// It was kept before, by the same presentation.
    Known(Box<KeptReceipt>),
    /// It is not kept.
    Refused(NotDecided),
    /// It is the one at this place among those to be kept.
    New(usize),
}

impl Store {
    /// Keeps receipts in one transaction, their places in the chain filled in, and so uses their
    /// nonces up. Where the same presentation decided a request before, that receipt stands. The
    /// answers are in the order of the receipts. `known` are known to be there.
    ///
    /// # Errors
    /// The database's, which may be older than it was; then nothing was kept, or all of it was and the same again gives it. The
    /// inner ones are the applicants'.
    pub async fn keep_receipts(
        &self,
        new: Vec<NewReceipt>,
        key: &Arc<SigningKey>,
        known: u64,
    ) -> Result<Vec<Result<KeptReceipt, NotDecided>>, StoreError> {
        let before = "SELECT presentation, digest, signed FROM receipts \
                      WHERE (bank = $1 AND nonce = $2) OR request = $3";
        let cancelled = "SELECT cancelled_at FROM cancellations WHERE request = $1";
        let used = "SELECT sequence FROM receipts WHERE client_request_id = $1";
        let last = "SELECT sequence, digest FROM receipts ORDER BY sequence DESC LIMIT 1";
        let insert = "INSERT INTO receipts (sequence, bank, nonce, request, presentation, \
                      client_request_id, digest, signed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let (fates, kept) = on!(self, pool => {
            let mut transaction = pool.exclusive().await?;
            let last: Option<(i64, Vec<u8>)> = sqlx::query_as(last)
                .fetch_optional(&mut *transaction)
                .await?;
            let mut links = Links::after(last)?;
            if links.sequence < known {
                return Err(StoreError::RolledBack { seen: known, found: links.sequence });
            }
            let mut fates = Vec::with_capacity(new.len());
            for new in new {
                let request = new.receipt.presentation.request;
                let row: Option<Before> = sqlx::query_as(before)
                    .bind(&new.receipt.bank)
                    .bind(new.receipt.nonce.0.to_vec())
                    .bind(request.0.to_vec())
                    .fetch_optional(&mut *transaction)
                    .await?;
                let cancelled: Option<(i64,)> = sqlx::query_as(cancelled)
                    .bind(request.0.to_vec())
                    .fetch_optional(&mut *transaction)
                    .await?;
                let used: Option<(i64,)> = sqlx::query_as(used)
                    .bind(new.client_request_id.as_deref())
                    .fetch_optional(&mut *transaction)
                    .await?;
                let before = row.map(kept).transpose()?;
                fates.push(links.fate(new, before, cancelled.is_some(), used.is_some()));
            }
            let kept = links.sign(key).await?;
            for (id, receipt) in &kept {
                let body = &receipt.signed.receipt;
                sqlx::query(insert)
                    .bind(integer(body.sequence))
                    .bind(&body.bank)
                    .bind(body.nonce.0.to_vec())
                    .bind(body.presentation.request.0.to_vec())
                    .bind(receipt.presentation.0.to_vec())
                    .bind(id.as_deref())
                    .bind(body.digest().0.to_vec())
                    .bind(receipt.signed.encode())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            (fates, kept)
        });
        let answer = |fate| match fate {
            Fate::Known(before) => Ok(*before),
            Fate::Refused(why) => Err(why),
            Fate::New(place) => Ok::<KeptReceipt, _>(kept[place].1.clone()),
        };
        Ok(fates.into_iter().map(answer).collect())
    }

    /// The receipt of a request, if it was decided.
    ///
    /// # Errors
    /// The database's.
    pub async fn receipt(&self, request: Digest) -> Result<Option<KeptReceipt>, StoreError> {
        let of = "SELECT presentation, digest, signed FROM receipts WHERE request = $1";
        let row: Option<Before> = on!(self, pool => sqlx::query_as(of)
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
        let rows: Vec<Before> = on!(self, pool => sqlx::query_as(all)
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
}

/// The chain's next links, of one transaction.
struct Links {
    sequence: u64,
    previous: Digest,
    new: Vec<(Option<String>, Digest, Receipt)>,
    /// By request: two presentations of one may come together.
    places: HashMap<Digest, usize>,
}

impl Links {
    fn after(last: Option<(i64, Vec<u8>)>) -> Result<Self, StoreError> {
        let (sequence, previous) = match last {
            Some((sequence, last)) => (unsigned(sequence), digest(&last)?),
            None => (0, Digest([0; 32])),
        };
        Ok(Self {
            sequence,
            previous,
            new: Vec::new(),
            places: HashMap::new(),
        })
    }

    fn fate(
        &mut self,
        new: NewReceipt,
        before: Option<KeptReceipt>,
        cancelled: bool,
        id_used: bool,
    ) -> Fate {
        let presentation = presentation_digest(&new.receipt.presentation);
        let request = new.receipt.presentation.request;
        if let Some(before) = before {
            return match before.presentation == presentation {
                true => Fate::Known(before.into()),
                false => Fate::Refused(Replay::Decided.into()),
            };
        }
        if let Some(&place) = self.places.get(&request) {
            return match self.new[place].1 == presentation {
                true => Fate::New(place),
                false => Fate::Refused(Replay::Decided.into()),
            };
        }
        if cancelled {
            return Fate::Refused(NotDecided::Cancelled);
        }
        let id = &new.client_request_id;
        if id_used || (id.is_some() && self.new.iter().any(|(other, ..)| other == id)) {
            return Fate::Refused(Replay::ClientRequestId.into());
        }
        let receipt = Receipt {
            sequence: self.sequence + 1,
            previous: self.previous,
            ..new.receipt
        };
        (self.sequence, self.previous) = (receipt.sequence, receipt.digest());
        let place = self.new.len();
        self.places.insert(request, place);
        self.new
            .push((new.client_request_id, presentation, receipt));
        Fate::New(place)
    }

    /// Signs the links, on all cores, off the reactor.
    async fn sign(
        self,
        key: &Arc<SigningKey>,
    ) -> Result<Vec<(Option<String>, KeptReceipt)>, StoreError> {
        let key = Arc::clone(key);
        let sign = move || {
            let signed = |(id, presentation, receipt): (Option<String>, Digest, Receipt)| {
                let signed = receipt.sign(&key);
                let kept = KeptReceipt {
                    presentation,
                    signed,
                };
                (id, kept)
            };
            self.new.into_par_iter().map(signed).collect()
        };
        let signed = tokio::task::spawn_blocking(sign).await;
        signed.map_err(|error| std::io::Error::other(error).into())
    }
}

fn kept((presentation, name, signed): Before) -> Result<KeptReceipt, StoreError> {
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
