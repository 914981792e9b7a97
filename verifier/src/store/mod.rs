//! What the bank keeps: policies, requests, epochs and receipts, in one SQLite file.
//!
//! The file and its journal are readable by their owner only. Every commit is on disk before it is
//! answered for. Writers take turns from the start of their transaction (`BEGIN IMMEDIATE`), so
//! that what one read is still so when it writes.

mod epochs;
mod policies;
mod receipts;
mod requests;

pub use epochs::{EpochConflict, EpochState};
pub use policies::KeptPolicy;
pub(crate) use receipts::presentation_digest;
pub use receipts::{KeptReceipt, Replay};
pub use requests::{KeptRequest, RequestConflict};

use std::path::Path;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{SqlSafeStr, Sqlite, Transaction};
use taxproof_claims::digest::Digest;
use taxproof_claims::encoding::DecodeError;

use crate::limits::{DATABASE_BUSY, DATABASE_CONNECTIONS};

/// The bank's database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
}

/// The database does not do what it should. Whoever runs the service must look into it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be made or opened.
    #[error("the database file: {0}")]
    File(#[from] std::io::Error),
    /// The database refuses.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database is of another version of this software, or damaged.
    #[error("the database's tables: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// What was kept does not read back.
    #[error("the database is damaged: {0}")]
    Damaged(#[from] DecodeError),
}

impl Store {
    /// Opens the database of a file, making both where they are missing.
    ///
    /// # Errors
    /// The file cannot be used, or is of another version.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(DATABASE_BUSY);
        let pool = SqlitePoolOptions::new()
            .max_connections(DATABASE_CONNECTIONS)
            .connect_with(options)
            .await?;
        migrations().run(&pool).await?;
        Ok(Self { pool })
    }

    /// Ends all connections, so that the file is complete without its journal.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn migrations() -> Migrator {
    let first = include_str!("../../migrations/0001_first.sql").into_sql_str();
    let first = Migration::new(1, "first".into(), MigrationType::Simple, first, false);
    Migrator::with_migrations(vec![first])
}

fn digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| DecodeError::Invalid("a digest has 32 bytes"))?;
    Ok(Digest(bytes))
}

/// Times and counts in the database are signed; none that is written reaches 2^63.
fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The database itself refuses, whatever the code above it does.
    #[tokio::test]
    async fn a_nonce_is_used_once_and_what_was_said_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("bank.sqlite"))
            .await
            .expect("opens");
        let run = async |sql: &'static str| sqlx::query(sql).execute(&store.pool).await;
        for good in [
            "INSERT INTO policies VALUES (x'01', 'p', 'P', 's', 'Q16', '{}', 0)",
            "INSERT INTO requests VALUES (x'0a', 'b', x'07', x'01', x'00', 0, NULL, NULL)",
            "INSERT INTO requests VALUES (x'0b', 'b', x'08', x'01', x'00', 0, NULL, NULL)",
            "INSERT INTO receipts VALUES (1, 'b', x'07', x'0a', x'00', NULL, x'00', x'00')",
            "INSERT INTO epochs VALUES ('a', 1, x'00', x'00', 0)",
        ] {
            run(good).await.expect(good);
        }
        for bad in [
            // The same nonce for two requests, or for two receipts.
            "INSERT INTO requests VALUES (x'0c', 'b', x'07', x'01', x'00', 0, NULL, NULL)",
            "INSERT INTO receipts VALUES (2, 'b', x'07', x'0b', x'00', NULL, x'01', x'00')",
            // Two receipts for one request, or one for a request that was not made.
            "INSERT INTO receipts VALUES (2, 'b', x'09', x'0a', x'00', NULL, x'01', x'00')",
            "INSERT INTO receipts VALUES (2, 'b', x'09', x'0d', x'00', NULL, x'01', x'00')",
            "INSERT INTO epochs VALUES ('a', 1, x'01', x'00', 0)",
            "UPDATE policies SET canonical = '[]'",
            "UPDATE receipts SET signed = x'01'",
            "UPDATE epochs SET signed = x'01'",
            "DELETE FROM policies",
            "DELETE FROM receipts",
            "DELETE FROM epochs",
        ] {
            assert!(run(bad).await.is_err(), "{bad}");
        }
    }
}
