//! What can be wrong with the database, told apart by what to do about it.

use taxproof_claims::encoding::DecodeError;
use taxproof_claims::signature::VerifyingKey;

use crate::signers::NotSigned;

/// The database does not do what it should. Whoever runs the service must look into it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be made or opened.
    #[error("the database file: {0}")]
    File(#[from] std::io::Error),
    /// The file is too short to be a database. Restore it; or remove it, if the bank never ran.
    #[error(
        "the database file has {length} bytes and was cut off: restore it, or remove it if the bank \
         never ran"
    )]
    Cut {
        /// What there is.
        length: u64,
    },
    /// The database is away, restarting or too busy. Try again.
    #[error("the database cannot be reached: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// There is no room on the database's disk. Somebody must make some.
    #[error("the database's disk is full, or a file has reached its limit: {0}")]
    Full(#[source] sqlx::Error),
    /// The database refuses.
    #[error("the database: {0}")]
    Database(#[source] sqlx::Error),
    /// The database is of another version of this software, or damaged.
    #[error("the database's tables: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Somebody else than the bank wrote a receipt.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// The database names a key of the bank that the configuration does not.
    #[error(
        "the database says that the bank signed with {0}: if it did, name the key in \
         `former_signing_keys`; if not, somebody else wrote to the database"
    )]
    UnknownSigner(Box<VerifyingKey>),
    /// What was kept does not read back.
    #[error("the database is damaged: {0}")]
    Damaged(#[from] DecodeError),
    /// The database is older than what was kept. Whoever put it back must put back a newer one, or
    /// say so.
    #[error(
        "the database has {found} receipts, but {seen} were kept, or other ones: an older backup \
         was put back. Put back the newest one; where there is none, `restored` cancels the \
         requests that are open in it, so that none is answered twice"
    )]
    RolledBack {
        /// How many were kept.
        seen: u64,
        /// How many there are.
        found: u64,
    },
    /// The database lacks changes that were made. Whoever put it back must put back a newer one, or
    /// say so.
    #[error(
        "the database has {found} cancelled requests, retired policies, epochs and heads of logs, \
         but {seen} were kept: an older backup was put back. Put back the newest one; where there is \
         none, `restored` cancels the requests that are open in it. Retire again what was retired"
    )]
    ChangesLost {
        /// How many were kept, at least.
        seen: u64,
        /// How many there are.
        found: u64,
    },
    /// The file that says how many receipts were kept cannot be used.
    #[error("{path}: {why}", path = .path.display())]
    Mark {
        /// Which.
        path: std::path::PathBuf,
        /// Why not.
        why: std::io::Error,
    },
    /// The database is no file that could be copied.
    #[error("the database is PostgreSQL's: back it up with `pg_dump`")]
    NotAFile,
    /// The database says itself that it is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(#[source] sqlx::Error),
}

impl StoreError {
    /// What callers are told of it, as a reason of the interface.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "DATABASE_UNAVAILABLE",
            Self::Full(_) => "DATABASE_FULL",
            Self::RolledBack { .. } | Self::ChangesLost { .. } => "DATABASE_ROLLED_BACK",
            _ => "DATABASE_FAILED",
        }
    }

    /// Whether trying the same again later can do.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        let database = match &error {
            Error::Database(database) => database,
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::BeginFailed => return Self::Unavailable(error),
            _ => return Self::Database(error),
        };
        let code = database.code().unwrap_or_default();
        let make = match code.parse::<u32>() {
            Ok(code)
                if database
                    .try_downcast_ref::<sqlx::sqlite::SqliteError>()
                    .is_some() =>
            {
                of_sqlite(code)
            }
            _ => of_postgres(&code),
        };
        make(error)
    }
}

type Kind = fn(sqlx::Error) -> StoreError;

/// By the primary result code: <https://sqlite.org/rescode.html>.
fn of_sqlite(code: u32) -> Kind {
    /// `SQLITE_IOERR_WRITE`: also what a limit on the file's size gives.
    const WRITE: u32 = 778;
    match (code, code & 0xff) {
        (_, 13) | (WRITE, _) => StoreError::Full,
        // Busy, locked, an input or output error, cannot open.
        (_, 5 | 6 | 10 | 14) => StoreError::Unavailable,
        (_, 11 | 26) => StoreError::Corrupt,
        _ => StoreError::Database,
    }
}

/// By SQLSTATE: PostgreSQL 15, appendix A.
fn of_postgres(code: &str) -> Kind {
    match code {
        "53100" => StoreError::Full,
        // Waited too long for a lock, for a statement, or for another transaction.
        "55P03" | "57014" | "40001" | "40P01" | "25P02" | "25P03" | "25006" => {
            StoreError::Unavailable
        }
        "XX001" | "XX002" => StoreError::Corrupt,
        // Connection exceptions, lack of resources, and an operator's intervention.
        _ if ["08", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            StoreError::Unavailable
        }
        _ => StoreError::Database,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_what_to_do() {
        let io = || sqlx::Error::Io(std::io::Error::other("gone"));
        let is = |kind: Kind, expected: fn(&StoreError) -> bool| expected(&kind(io()));
        assert!(is(of_sqlite(13), |e| matches!(e, StoreError::Full(_))));
        assert!(is(of_sqlite(778), |e| matches!(e, StoreError::Full(_))));
        assert!(is(of_sqlite(517), StoreError::is_transient));
        assert!(is(of_sqlite(11), |e| matches!(e, StoreError::Corrupt(_))));
        assert!(is(of_sqlite(2067), |e| !e.is_transient()));
        assert!(is(of_postgres("57P01"), StoreError::is_transient));
        assert!(is(of_postgres("08006"), StoreError::is_transient));
        assert!(is(of_postgres("53100"), |e| matches!(
            e,
            StoreError::Full(_)
        )));
        assert!(is(of_postgres("23505"), |e| !e.is_transient()));
        assert!(StoreError::from(io()).is_transient());
        assert!(StoreError::from(sqlx::Error::PoolTimedOut).is_transient());
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_transient());
    }
}
