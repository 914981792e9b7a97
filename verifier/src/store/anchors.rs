//! What the bank accepts, and since when: its own keys, authorities' keys, verifying keys and
//! schemas. What is no longer in its configuration stays here, so that old receipts can be verified
//! again.

use taxproof_claims::digest::{Digest, Profile};

use super::backend::on;
use super::{Store, StoreError, ensure_digest, integer, unsigned};

/// What an [`Anchor`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorKind {
    /// A key that signs the bank's requests and receipts, as text.
    Bank,
    /// An authority's key, as text.
    Authority,
    /// A verifying key file.
    VerifyingKey,
    /// A schema, as JSON.
    Schema,
}

impl AnchorKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Authority => "authority",
            Self::VerifyingKey => "verifying-key",
            Self::Schema => "schema",
        }
    }
}

/// Something that the bank accepts, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The bank's or authority's name, the verifying key's fingerprint, the schema's digest.
    pub name: String,
    /// The key, the key file, or the schema.
    pub content: Vec<u8>,
    /// Since when, seconds since 1970-01-01T00:00:00Z.
    pub since: u64,
}

impl Store {
    /// Notes that the bank accepts something, unless it was noted before.
    ///
    /// # Errors
    /// The database's.
    pub async fn accept(
        &self,
        kind: AnchorKind,
        name: &str,
        content: &[u8],
        now: u64,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO anchors (kind, name, digest, content, since) \
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        on!(self, pool => sqlx::query(insert)
            .bind(kind.name())
            .bind(name)
            .bind(content_digest(content).0.to_vec())
            .bind(content)
            .bind(integer(now))
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// What was noted under a name, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn anchors(&self, kind: AnchorKind, name: &str) -> Result<Vec<Anchor>, StoreError> {
        let named = "SELECT name, digest, content, since FROM anchors \
                     WHERE kind = $1 AND name = $2 ORDER BY since DESC, digest";
        let rows: Vec<(String, Vec<u8>, Vec<u8>, i64)> = on!(self, pool => sqlx::query_as(named)
            .bind(kind.name())
            .bind(name)
            .fetch_all(pool)
            .await)?;
        let anchor = |(name, digest, content, since): (_, Vec<u8>, Vec<u8>, _)| {
            ensure_digest(&digest, content_digest(&content))?;
            let since = unsigned(since);
            Ok(Anchor {
                name,
                content,
                since,
            })
        };
        rows.into_iter().map(anchor).collect()
    }
}

fn content_digest(content: &[u8]) -> Digest {
    Profile::International.digest("taxproof/anchor/1", &[content])
}
