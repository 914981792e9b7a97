//! Registered policies. A policy never changes; it can be retired.

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::policy::Policy;

use super::backend::on;
use super::{Page, Store, StoreError, digest, integer, unsigned};

/// A policy as it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPolicy {
    /// Its place in the order of registration.
    pub place: u64,
    /// Its digest in the bank's profile.
    pub digest: Digest,
    /// What the bank calls it; several may share one.
    pub id: String,
    /// Its title, for the bank's people.
    pub title: String,
    /// The schema's id.
    pub schema: String,
    /// The shape's name.
    pub shape: String,
    /// The canonical text.
    pub canonical: String,
    /// When it was registered, seconds since 1970-01-01T00:00:00Z.
    pub registered_at: u64,
    /// When it was retired, if it was.
    pub retired_at: Option<u64>,
}

type Row = (
    i64,
    Vec<u8>,
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
);

/// The columns of a [`Row`], to be followed by conditions.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.rowid, p.digest, p.id, p.title, p.schema, p.shape, p.canonical, \
             p.registered_at, r.retired_at \
             FROM policies AS p LEFT JOIN retirements AS r ON r.policy = p.digest ",
            $rest
        )
    };
}

impl Store {
    /// Keeps a policy. One that is there already stays as it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_policy(
        &self,
        policy: &Policy,
        profile: Profile,
        now: u64,
    ) -> Result<KeptPolicy, StoreError> {
        let name = policy.digest(profile);
        let insert = "INSERT INTO policies \
                      (digest, id, title, schema, shape, canonical, registered_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        on!(self, pool => sqlx::query(insert)
            .bind(name.0.to_vec())
            .bind(policy.id())
            .bind(policy.title())
            .bind(&policy.schema().id)
            .bind(policy.shape().name)
            .bind(policy.canonical())
            .bind(integer(now))
            .execute(pool)
            .await
            .map(|_| ()))?;
        let kept = self.policy(name).await?;
        kept.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// The policy of a digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn policy(&self, name: Digest) -> Result<Option<KeptPolicy>, StoreError> {
        let row: Option<Row> = on!(self, pool => sqlx::query_as(select!("WHERE p.digest = $1"))
            .bind(name.0.to_vec())
            .fetch_optional(pool)
            .await)?;
        row.map(kept).transpose()
    }

    /// The policies that the bank calls by an id and that are not retired.
    ///
    /// # Errors
    /// The database's.
    pub async fn policies_called(&self, id: &str) -> Result<Vec<KeptPolicy>, StoreError> {
        let called = select!("WHERE p.id = $1 AND r.retired_at IS NULL ORDER BY p.rowid");
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(called)
            .bind(id)
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(kept).collect()
    }

    /// Policies, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn policies(&self, page: Page) -> Result<Vec<KeptPolicy>, StoreError> {
        let all = select!("WHERE p.rowid > $1 ORDER BY p.rowid LIMIT $2");
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(all)
            .bind(integer(page.after))
            .bind(i64::from(page.size))
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(kept).collect()
    }

    /// Retires a policy, unless it is already; whether it was not.
    ///
    /// # Errors
    /// The database's.
    pub async fn retire_policy(&self, name: Digest, now: u64) -> Result<bool, StoreError> {
        let insert = "INSERT INTO retirements (policy, retired_at) VALUES ($1, $2) \
                      ON CONFLICT DO NOTHING";
        let new = on!(self, pool => sqlx::query(insert)
            .bind(name.0.to_vec())
            .bind(integer(now))
            .execute(pool)
            .await?
            .rows_affected());
        Ok(new > 0)
    }
}

fn kept(row: Row) -> Result<KeptPolicy, StoreError> {
    let (place, name, id, title, schema, shape, canonical, registered_at, retired_at) = row;
    Ok(KeptPolicy {
        place: unsigned(place),
        digest: digest(&name)?,
        id,
        title,
        schema,
        shape,
        canonical,
        registered_at: unsigned(registered_at),
        retired_at: retired_at.map(unsigned),
    })
}
