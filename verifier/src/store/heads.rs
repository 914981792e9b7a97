//! Heads of authorities' logs that were seen: for each authority a row that only grows.

use taxproof_claims::encoding::DecodeError;
use taxproof_claims::epoch::AuthorityId;
use taxproof_log::{Checkpoint, Note};

use super::backend::on;
use super::{Store, StoreError};

/// The newest head of an authority's log.
pub(super) const NEWEST: &str =
    "SELECT note FROM heads WHERE authority = $1 ORDER BY size DESC LIMIT 1";

/// Keeps a head; one of a size that is there already says nothing new.
pub(super) const KEEP: &str = "INSERT INTO heads (authority, size, note, seen_at) \
                               VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

/// Keeps a head that contradicts one.
pub(super) const CONTRADICT: &str = "INSERT INTO forks (authority, seen, note, seen_at) \
                                     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

impl Store {
    /// The head of an authority's log that was seen last.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_head(&self, authority: &AuthorityId) -> Result<Option<Note>, StoreError> {
        let row: Option<(String,)> = on!(self, pool => sqlx::query_as(NEWEST)
            .bind(authority.as_str())
            .fetch_optional(pool)
            .await)?;
        row.map(|(note,)| Ok(read(&note)?.0)).transpose()
    }

    /// Pairs of heads of one size with different roots, oldest first: each convicts its authority.
    ///
    /// # Errors
    /// The database's.
    pub async fn forks(&self) -> Result<Vec<[Note; 2]>, StoreError> {
        let all = "SELECT seen, note FROM forks ORDER BY rowid";
        let rows: Vec<(String, String)> = on!(self, pool => sqlx::query_as(all)
            .fetch_all(pool)
            .await)?;
        let pair = |(seen, note): (String, String)| Ok([read(&seen)?.0, read(&note)?.0]);
        rows.into_iter().map(pair).collect()
    }
}

/// A head that was kept, and what it says.
pub(super) fn read(note: &str) -> Result<(Note, Checkpoint), StoreError> {
    let damaged = DecodeError::Invalid("a head that was kept is no checkpoint");
    let note: Note = note.parse().map_err(|_| damaged.clone())?;
    let head = note.text().parse().map_err(|_| damaged)?;
    Ok((note, head))
}
