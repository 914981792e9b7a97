//! Registered policies. A policy never changes.

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::policy::Policy;

use super::{Store, StoreError, digest, integer, unsigned};

/// A policy as it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPolicy {
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
}

type Row = (Vec<u8>, String, String, String, String, String, i64);

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
        sqlx::query("INSERT INTO policies VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(name.0.to_vec())
            .bind(policy.id())
            .bind(policy.title())
            .bind(&policy.schema().id)
            .bind(policy.shape().name)
            .bind(policy.canonical())
            .bind(integer(now))
            .execute(&self.pool)
            .await?;
        let kept = self.policy(name).await?;
        kept.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// The policy of a digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn policy(&self, name: Digest) -> Result<Option<KeptPolicy>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM policies WHERE digest = ?")
            .bind(name.0.to_vec())
            .fetch_optional(&self.pool)
            .await?;
        row.map(kept).transpose()
    }

    /// The policies that the bank calls by an id.
    ///
    /// # Errors
    /// The database's.
    pub async fn policies_called(&self, id: &str) -> Result<Vec<KeptPolicy>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM policies WHERE id = ?")
            .bind(id)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(kept).collect()
    }

    /// Every policy, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn policies(&self) -> Result<Vec<KeptPolicy>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM policies ORDER BY rowid")
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(kept).collect()
    }
}

fn kept(row: Row) -> Result<KeptPolicy, StoreError> {
    let (name, id, title, schema, shape, canonical, registered_at) = row;
    Ok(KeptPolicy {
        digest: digest(&name)?,
        id,
        title,
        schema,
        shape,
        canonical,
        registered_at: unsigned(registered_at),
    })
}
