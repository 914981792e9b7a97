//! Requests that were made.

use taxproof_claims::digest::Digest;
use taxproof_claims::request::SignedRequest;

use super::{Store, StoreError, digest, integer};

/// A request as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRequest {
    /// Its digest.
    pub digest: Digest,
    /// Its policy's digest.
    pub policy: Digest,
    /// The request with the bank's signature.
    pub signed: SignedRequest,
}

/// A caller's id was used to ask for something else. The caller is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client_request_id was used for something else")]
pub struct RequestConflict;

type Row = (Vec<u8>, Vec<u8>, Vec<u8>);
/// A row and the digest of what was asked for.
type AskedRow = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

impl Store {
    /// Keeps a request. `asked` is what the caller chose as its id, if anything, and the digest of
    /// what it asked for: the same again gives the request that was made then.
    ///
    /// # Errors
    /// The database's; the inner one is the caller's.
    pub async fn keep_request(
        &self,
        request: &KeptRequest,
        asked: Option<(&str, Digest)>,
    ) -> Result<Result<KeptRequest, RequestConflict>, StoreError> {
        let mut transaction = self.write().await?;
        if let Some((id, asked)) = asked {
            let same = "SELECT digest, policy, signed, asked FROM requests \
                        WHERE client_request_id = ?";
            let row: Option<AskedRow> = sqlx::query_as(same)
                .bind(id)
                .fetch_optional(&mut *transaction)
                .await?;
            if let Some((name, policy, signed, before)) = row {
                return Ok(match digest(&before)? == asked {
                    true => Ok(kept((name, policy, signed))?),
                    false => Err(RequestConflict),
                });
            }
        }
        let body = &request.signed.request;
        sqlx::query("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(request.digest.0.to_vec())
            .bind(&body.bank)
            .bind(body.nonce.0.to_vec())
            .bind(request.policy.0.to_vec())
            .bind(request.signed.encode())
            .bind(integer(body.expires_at))
            .bind(asked.map(|(id, _)| id))
            .bind(asked.map(|(_, asked)| asked.0.to_vec()))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Ok(request.clone()))
    }

    /// The request of a digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn request(&self, name: Digest) -> Result<Option<KeptRequest>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT digest, policy, signed FROM requests WHERE digest = ?")
                .bind(name.0.to_vec())
                .fetch_optional(&self.pool)
                .await?;
        row.map(kept).transpose()
    }
}

fn kept((name, policy, signed): Row) -> Result<KeptRequest, StoreError> {
    Ok(KeptRequest {
        digest: digest(&name)?,
        policy: digest(&policy)?,
        signed: SignedRequest::decode(&signed)?,
    })
}
