//! The two databases, and what differs between them: how they are opened, how writers take turns,
//! and their migrations.
//!
//! Every query is written once. SQLite reads the parameters `$1`, `$2`, … as PostgreSQL does, and
//! [`on!`] compiles the code around a query for either pool. `sqlx::Any` would do without the
//! macro, but hides what matters here: journal mode, `BEGIN IMMEDIATE`, session settings, and the
//! errors' codes.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Postgres, SqlSafeStr, Sqlite, Transaction};

use super::StoreError;
use crate::limits::{DATABASE_BUSY, DATABASE_CONNECTIONS};

/// Where a bank's database is.
#[derive(Clone)]
pub enum Location {
    /// A SQLite file, made where it is missing.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(Box<PgConnectOptions>),
}

/// Not where a database can be. Whoever wrote it must mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotALocation {
    /// Not a URL of PostgreSQL.
    #[error("not of the form postgres://user@host:port/name")]
    Url,
    /// Whoever prints the configuration would print the password.
    #[error("the address holds a password: put it into a file or the environment")]
    Password,
}

impl Location {
    /// The PostgreSQL database of a URL without a password, and its password, if it needs one.
    ///
    /// # Errors
    /// The URL is none, or has a password in it.
    pub fn postgres(url: &str, password: Option<&str>) -> Result<Self, NotALocation> {
        let (scheme, rest) = url.split_once("://").ok_or(NotALocation::Url)?;
        if !["postgres", "postgresql"].contains(&scheme) {
            return Err(NotALocation::Url);
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        if user.is_some_and(|user| user.contains(':')) || rest.contains("password=") {
            return Err(NotALocation::Password);
        }
        let options: PgConnectOptions = url.parse().map_err(|_| NotALocation::Url)?;
        let options = match password {
            Some(password) => options.password(password),
            None => options,
        };
        Ok(Self::Postgres(Box::new(options)))
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "File({})", file.display()),
            // Never the password.
            Self::Postgres(options) => write!(
                f,
                "Postgres({}@{}:{}/{})",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default()
            ),
        }
    }
}

/// One of the databases.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// Embedded.
    Sqlite(SqlitePool),
    /// Shared by replicas.
    Postgres(PgPool),
}

/// Compiles an expression for whichever database a store has.
macro_rules! on {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.backend {
            $crate::store::backend::Backend::Sqlite($pool) => $body,
            $crate::store::backend::Backend::Postgres($pool) => $body,
        }
    };
}
pub(super) use on;

/// A transaction before which all others of its kind have ended, and after which they begin.
pub(super) trait Exclusive {
    type Database: sqlx::Database;

    async fn exclusive(&self) -> Result<Transaction<'static, Self::Database>, sqlx::Error>;
}

impl Exclusive for SqlitePool {
    type Database = Sqlite;

    async fn exclusive(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.begin_with("BEGIN IMMEDIATE").await
    }
}

/// Names the lock that writers take in PostgreSQL: "taxproof" in ASCII.
const WRITERS: i64 = 0x7461_7870_726f_6f66;

impl Exclusive for PgPool {
    type Database = Postgres;

    /// At READ COMMITTED, which [`session`] sets, each statement after the lock sees all that was
    /// committed before it, so that nothing has to be tried again. The lock goes with the
    /// transaction or its connection, so that a replica that is killed holds up nobody.
    async fn exclusive(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let mut transaction = self.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(WRITERS)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }
}

impl Backend {
    pub(super) async fn open(location: &Location) -> Result<Self, StoreError> {
        match location {
            Location::File(file) => Self::open_file(file).await,
            Location::Postgres(options) => Self::open_postgres(options).await,
        }
    }

    /// The file and its journal are readable by their owner only.
    async fn open_file(file: &Path) -> Result<Self, StoreError> {
        make_private(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Else what a statement of many rows changes is written to a file beside the journal.
            .pragma("temp_store", "MEMORY")
            .busy_timeout(DATABASE_BUSY);
        let pool = SqlitePoolOptions::new()
            .max_connections(DATABASE_CONNECTIONS)
            .acquire_timeout(DATABASE_BUSY)
            .connect_with(options)
            .await?;
        migrations(&[
            (
                "first",
                include_str!("../../migrations/sqlite/0001_first.sql"),
            ),
            (
                "lifecycle",
                include_str!("../../migrations/sqlite/0002_lifecycle.sql"),
            ),
            (
                "heads",
                include_str!("../../migrations/sqlite/0003_heads.sql"),
            ),
        ])
        .run(&pool)
        .await?;
        Ok(Self::Sqlite(pool))
    }

    async fn open_postgres(options: &PgConnectOptions) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(DATABASE_CONNECTIONS)
            .acquire_timeout(DATABASE_BUSY)
            .connect_with(session(options.clone()))
            .await?;
        let first = include_str!("../../migrations/postgres/0001_first.sql");
        let heads = include_str!("../../migrations/postgres/0002_heads.sql");
        migrations(&[("first", first), ("heads", heads)])
            .run(&pool)
            .await?;
        Ok(Self::Postgres(pool))
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub(super) async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let Self::Sqlite(pool) = self else {
            return Err(StoreError::NotAFile);
        };
        let name = file.to_str().ok_or_else(|| {
            std::io::Error::new(ErrorKind::InvalidFilename, "the name is not text in UTF-8")
        })?;
        // SQLite takes an empty file for none, and leaves its mode as it is.
        create_private(file)?;
        sqlx::query("VACUUM INTO $1")
            .bind(name)
            .execute(pool)
            .await?;
        std::fs::File::open(file)?.sync_all()?;
        Ok(())
    }

    pub(super) async fn damages(&self) -> Result<Vec<String>, StoreError> {
        let Self::Sqlite(pool) = self else {
            return Ok(Vec::new());
        };
        let found: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check(20)")
            .fetch_all(pool)
            .await?;
        let found = found.into_iter().map(|(line,)| line);
        Ok(found.filter(|line| line != "ok").collect())
    }
}

/// Makes a folder that only its owner can read, unless it is there.
pub(crate) fn private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a file that only its owner can read and that is not there yet.
fn create_private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(|_| ())
}

/// Makes a file, and its folder, that only their owner can read, unless they are there.
fn make_private(file: &Path) -> Result<(), StoreError> {
    private_folder(file.parent().unwrap_or(Path::new("")))?;
    match create_private(file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let length = std::fs::metadata(file)?.len();
            match length < SMALLEST {
                true => Err(StoreError::Cut { length }),
                false => Ok(()),
            }
        }
        made => Ok(made?),
    }
}

/// The smallest page, and so the smallest file, that SQLite has. It takes a shorter one for an
/// empty database: the bank would begin another chain.
const SMALLEST: u64 = 512;

/// What every session asks of PostgreSQL, whatever the database's own settings are: a commit is on
/// disk when it is acknowledged, and no statement waits longer than a caller does.
fn session(options: PgConnectOptions) -> PgConnectOptions {
    let milliseconds = |time: Duration| time.as_millis().to_string();
    options.application_name("taxproof").options([
        ("default_transaction_isolation", "read committed".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("lock_timeout", milliseconds(DATABASE_BUSY)),
        ("statement_timeout", milliseconds(2 * DATABASE_BUSY)),
        (
            "idle_in_transaction_session_timeout",
            milliseconds(2 * DATABASE_BUSY),
        ),
    ])
}

/// Numbered from 1.
fn migrations(all: &[(&'static str, &'static str)]) -> Migrator {
    let migration = |(number, &(name, sql)): (i64, &(&'static str, &'static str))| {
        let sql = sql.into_sql_str();
        Migration::new(number, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations((1..).zip(all).map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// The database itself refuses, whatever the code above it does.
    #[tokio::test]
    async fn a_nonce_is_used_once_and_what_was_said_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bank.sqlite");
        let store = Store::open(&Location::File(file)).await.expect("opens");
        let Backend::Sqlite(pool) = &store.backend else {
            panic!("a file is SQLite's");
        };
        let run = async |sql: &'static str| sqlx::query(sql).execute(pool).await;
        for good in [
            "INSERT INTO policies VALUES (x'01', 'p', 'P', 's', 'Q16', '{}', 0)",
            "INSERT INTO requests VALUES (x'0a', 'b', x'07', x'01', x'00', 0, NULL, NULL)",
            "INSERT INTO requests VALUES (x'0b', 'b', x'08', x'01', x'00', 0, NULL, NULL)",
            "INSERT INTO receipts VALUES (1, 'b', x'07', x'0a', x'00', NULL, x'00', x'00')",
            "INSERT INTO epochs VALUES ('a', 1, x'00', x'00', 0)",
            "INSERT INTO retirements VALUES (x'01', 0)",
            "INSERT INTO cancellations VALUES (x'0b', 0)",
            "INSERT INTO anchors VALUES ('bank', 'b', x'00', x'00', 0)",
            "INSERT INTO heads VALUES ('a', 1, 'note', 0)",
            "INSERT INTO forks VALUES ('a', 'note', 'other', 0)",
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
            "UPDATE requests SET signed = x'01'",
            "UPDATE receipts SET signed = x'01'",
            "UPDATE epochs SET signed = x'01'",
            "UPDATE anchors SET content = x'01'",
            "INSERT INTO heads VALUES ('a', 1, 'other', 0)",
            "UPDATE heads SET size = 2",
            "UPDATE forks SET note = 'third'",
            "DELETE FROM policies",
            "DELETE FROM requests",
            "DELETE FROM receipts",
            "DELETE FROM epochs",
            "DELETE FROM retirements",
            "DELETE FROM cancellations",
            "DELETE FROM anchors",
            "DELETE FROM heads",
            "DELETE FROM forks",
        ] {
            assert!(run(bad).await.is_err(), "{bad}");
        }
        assert!(store.damages().await.expect("checks").is_empty());
    }

    #[test]
    fn a_location_does_not_show_its_password() {
        let options = PgConnectOptions::new_without_pgpass().password("hidden");
        let shown = format!("{:?}", Location::Postgres(Box::new(options)));
        assert!(!shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn addresses_with_passwords_are_refused() {
        let refused = |url| Location::postgres(url, None).expect_err(url);
        for url in [
            "postgres://bank:secret@db/bank",
            "postgresql://bank@db/bank?password=secret",
        ] {
            assert_eq!(refused(url), NotALocation::Password);
        }
        for url in ["bank.sqlite", "mysql://db/bank", "postgres://db:port/bank"] {
            assert_eq!(refused(url), NotALocation::Url);
        }
        let shown = format!(
            "{:?}",
            Location::postgres("postgres://bank@db:5433/b", Some("x"))
        );
        assert_eq!(shown, "Ok(Postgres(bank@db:5433/b))");
    }
}
