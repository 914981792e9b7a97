//! Requests that were made.

use std::collections::HashMap;

use taxproof_claims::digest::Digest;
use taxproof_claims::request::SignedRequest;

use super::backend::{Exclusive as _, on};
use super::many::{among, parts};
use super::{Page, Store, StoreError, digest, ensure_digest, integer, unsigned};

/// A request as it was made, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRequest {
    /// Its place in the order of making.
    pub place: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its policy's digest.
    pub policy: Digest,
    /// The request with the bank's signature.
    pub signed: SignedRequest,
    /// When it was cancelled, seconds since 1970-01-01T00:00:00Z, if it was.
    pub cancelled_at: Option<u64>,
    /// The receipt's place in the chain, if it was decided.
    pub receipt: Option<u64>,
}

/// Why a request is not made. The caller is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestRefused {
    /// The caller's id was used to ask for something else.
    #[error("the client_request_id was used for something else")]
    Conflict,
    /// The policy was retired.
    #[error("the policy is retired and takes no new requests")]
    Retired,
}

/// What cancelling a request did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It is cancelled.
    Cancelled {
        /// Whether it was not before.
        new: bool,
    },
    /// It was decided before, and stays so.
    Decided,
}

type Row = (i64, Vec<u8>, Vec<u8>, Vec<u8>, Option<i64>, Option<i64>);

/// The columns of a [`Row`], to be followed by conditions.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT q.rowid, q.digest, q.policy, q.signed, c.cancelled_at, r.sequence \
             FROM requests AS q LEFT JOIN cancellations AS c ON c.request = q.digest \
             LEFT JOIN receipts AS r ON r.request = q.digest ",
            $rest
        )
    };
}

impl Store {
    /// Keeps a request. `asked` is what names the caller and the id that it chose, if any, and the digest
    /// of what it asked for: the same again gives the request that was made then.
    ///
    /// # Errors
    /// The database's; the inner one is the caller's.
    pub async fn keep_request(
        &self,
        request: &SignedRequest,
        policy: Digest,
        asked: Option<(&str, Digest)>,
    ) -> Result<Result<KeptRequest, RequestRefused>, StoreError> {
        let (body, name) = (&request.request, request.request.digest());
        let before = "SELECT digest, asked FROM requests WHERE client_request_id = $1";
        let retired = "SELECT retired_at FROM retirements WHERE policy = $1";
        let insert = "INSERT INTO requests \
                      (digest, bank, nonce, policy, signed, expires_at, client_request_id, asked) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let name = on!(self, pool => {
            let mut transaction = pool.exclusive().await?;
            let mut made = None;
            if let Some((id, asked)) = asked {
                let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(before)
                    .bind(id)
                    .fetch_optional(&mut *transaction)
                    .await?;
                if let Some((before, then)) = row {
                    if digest(&then)? != asked {
                        return Ok(Err(RequestRefused::Conflict));
                    }
                    made = Some(digest(&before)?);
                }
            }
            if let Some(made) = made {
                made
            } else {
                let row: Option<(i64,)> = sqlx::query_as(retired)
                    .bind(policy.0.to_vec())
                    .fetch_optional(&mut *transaction)
                    .await?;
                if row.is_some() {
                    return Ok(Err(RequestRefused::Retired));
                }
                sqlx::query(insert)
                    .bind(name.0.to_vec())
                    .bind(&body.bank)
                    .bind(body.nonce.0.to_vec())
                    .bind(policy.0.to_vec())
                    .bind(request.encode())
                    .bind(integer(body.expires_at))
                    .bind(asked.map(|(id, _)| id))
                    .bind(asked.map(|(_, asked)| asked.0.to_vec()))
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
                name
            }
        });
        let kept = self.request(name).await?;
        kept.map(Ok).ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// The request of a digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn request(&self, name: Digest) -> Result<Option<KeptRequest>, StoreError> {
        let row: Option<Row> = on!(self, pool => sqlx::query_as(select!("WHERE q.digest = $1"))
            .bind(name.0.to_vec())
            .fetch_optional(pool)
            .await)?;
        row.map(kept).transpose()
    }

    /// Those of some requests that there are, by their digests.
    ///
    /// # Errors
    /// The database's.
    pub async fn requests_named(
        &self,
        names: Vec<Digest>,
    ) -> Result<HashMap<Digest, KeptRequest>, StoreError> {
        let mut found = HashMap::with_capacity(names.len());
        for names in parts(&names) {
            let rows: Vec<Row> = on!(self, pool => {
                let names = names.iter().map(|name| name.0.to_vec());
                among(select!("WHERE q.digest"), names).build_query_as().fetch_all(pool).await
            })?;
            for row in rows {
                let kept = kept(row)?;
                found.insert(kept.digest, kept);
            }
        }
        Ok(found)
    }

    /// Requests, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn requests(&self, page: Page) -> Result<Vec<KeptRequest>, StoreError> {
        let all = select!("WHERE q.rowid > $1 ORDER BY q.rowid LIMIT $2");
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(all)
            .bind(integer(page.after))
            .bind(i64::from(page.size))
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(kept).collect()
    }

    /// Cancels a request, unless it was decided.
    ///
    /// # Errors
    /// The database's.
    pub async fn cancel_request(&self, name: Digest, now: u64) -> Result<Cancelled, StoreError> {
        let decided = "SELECT sequence FROM receipts WHERE request = $1";
        let insert = "INSERT INTO cancellations (request, cancelled_at) VALUES ($1, $2) \
                      ON CONFLICT DO NOTHING";
        on!(self, pool => {
            let mut transaction = pool.exclusive().await?;
            let row: Option<(i64,)> = sqlx::query_as(decided)
                .bind(name.0.to_vec())
                .fetch_optional(&mut *transaction)
                .await?;
            if row.is_some() {
                return Ok(Cancelled::Decided);
            }
            let new = sqlx::query(insert)
                .bind(name.0.to_vec())
                .bind(integer(now))
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            transaction.commit().await?;
            Ok(Cancelled::Cancelled { new: new > 0 })
        })
    }

    /// Cancels every request that was not decided; how many were cancelled.
    ///
    /// # Errors
    /// The database's.
    pub async fn cancel_open_requests(&self, now: u64) -> Result<u64, StoreError> {
        let insert = "INSERT INTO cancellations (request, cancelled_at) \
                      SELECT q.digest, CAST($1 AS BIGINT) FROM requests AS q WHERE NOT EXISTS \
                      (SELECT sequence FROM receipts AS r WHERE r.request = q.digest) \
                      ON CONFLICT DO NOTHING";
        Ok(on!(self, pool => {
            let mut transaction = pool.exclusive().await?;
            let cancelled = sqlx::query(insert)
                .bind(integer(now))
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            transaction.commit().await?;
            cancelled
        }))
    }
}

fn kept(
    (place, name, policy, signed, cancelled_at, receipt): Row,
) -> Result<KeptRequest, StoreError> {
    let signed = SignedRequest::decode(&signed)?;
    ensure_digest(&name, signed.request.digest())?;
    Ok(KeptRequest {
        place: unsigned(place),
        digest: digest(&name)?,
        policy: digest(&policy)?,
        signed,
        cancelled_at: cancelled_at.map(unsigned),
        receipt: receipt.map(unsigned),
    })
}
