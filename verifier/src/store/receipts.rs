//! Receipts. The transaction that keeps one is what uses a nonce up.

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::signature::SigningKey;

use super::{Store, StoreError, digest, integer, unsigned};
use crate::receipt::{Receipt, SignedReceipt};

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

/// What names a presentation. Other bytes of the same proof are another presentation.
pub(crate) fn presentation_digest(presentation: &Presentation) -> Digest {
    Profile::International.digest("taxproof/presentation/1", &[&presentation.encode()])
}

impl Store {
    /// Keeps a receipt, its place in the chain filled in, and so uses its nonce up. Where the same
    /// presentation decided the request before, that receipt stands.
    ///
    /// # Errors
    /// The database's; the inner one is the applicant's.
    pub async fn keep_receipt(
        &self,
        receipt: Receipt,
        key: &SigningKey,
        client_request_id: Option<&str>,
    ) -> Result<Result<KeptReceipt, Replay>, StoreError> {
        let presentation = presentation_digest(&receipt.presentation);
        let mut transaction = self.write().await?;
        let before: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT presentation, signed FROM receipts WHERE bank = ? AND nonce = ?",
        )
        .bind(&receipt.bank)
        .bind(receipt.nonce.0.to_vec())
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(before) = before {
            let before = kept(before)?;
            let same = before.presentation == presentation;
            return Ok(if same {
                Ok(before)
            } else {
                Err(Replay::Decided)
            });
        }
        let used: Option<(i64,)> =
            sqlx::query_as("SELECT sequence FROM receipts WHERE client_request_id = ?")
                .bind(client_request_id)
                .fetch_optional(&mut *transaction)
                .await?;
        if used.is_some() {
            return Ok(Err(Replay::ClientRequestId));
        }
        let last: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT sequence, digest FROM receipts ORDER BY sequence DESC LIMIT 1")
                .fetch_optional(&mut *transaction)
                .await?;
        let (sequence, previous) = match last {
            Some((sequence, last)) => (unsigned(sequence) + 1, digest(&last)?),
            None => (1, Digest([0; 32])),
        };
        let signed = Receipt {
            sequence,
            previous,
            ..receipt
        }
        .sign(key);
        let receipt = &signed.receipt;
        sqlx::query("INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(integer(receipt.sequence))
            .bind(&receipt.bank)
            .bind(receipt.nonce.0.to_vec())
            .bind(receipt.presentation.request.0.to_vec())
            .bind(presentation.0.to_vec())
            .bind(client_request_id)
            .bind(receipt.digest().0.to_vec())
            .bind(signed.encode())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Ok(KeptReceipt {
            presentation,
            signed,
        }))
    }

    /// The receipt of a request, if it was decided.
    ///
    /// # Errors
    /// The database's.
    pub async fn receipt(&self, request: Digest) -> Result<Option<KeptReceipt>, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT presentation, signed FROM receipts WHERE request = ?")
                .bind(request.0.to_vec())
                .fetch_optional(&self.pool)
                .await?;
        row.map(kept).transpose()
    }

    /// Every receipt, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn receipts(&self) -> Result<Vec<KeptReceipt>, StoreError> {
        let all = "SELECT presentation, signed FROM receipts ORDER BY sequence";
        let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(all).fetch_all(&self.pool).await?;
        rows.into_iter().map(kept).collect()
    }
}

fn kept((presentation, signed): (Vec<u8>, Vec<u8>)) -> Result<KeptReceipt, StoreError> {
    Ok(KeptReceipt {
        presentation: digest(&presentation)?,
        signed: SignedReceipt::decode(&signed)?,
    })
}
