//! What can go wrong at an authority, and who should do what about it.

use std::path::{Path, PathBuf};

use taxproof_claims::epoch::NotAName;
use taxproof_claims::period::Period;
use taxproof_claims::schema::SchemaError;
use taxproof_claims::signature::SignatureError;
use taxproof_claims::subject::EnterpriseId;
use taxproof_log::{LogError, NotAKey};

use crate::custodians::CustodianError;
use crate::mapping::MappingError;
use crate::registration::RegistrationError;
use crate::table::TableError;
use crate::token::TokenError;

/// An authority's work cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A file or folder of the state cannot be read or written: the operator mends that.
    #[error("`{path}`: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// There is something in the folder already: the operator names another.
    #[error("`{0}` is not empty: an authority begins in a folder of its own")]
    NotEmpty(PathBuf),
    /// The folder is no authority's.
    #[error("`{0}` is not an authority's folder: `taxproof authority init` makes one")]
    NotAnAuthority(PathBuf),
    /// Another process works on the folder: the operator waits for it.
    #[error("`{0}` is in use by another process")]
    InUse(PathBuf),
    /// A file of the state is not what it was: the operator restores it from a backup.
    #[error("`{path}` is damaged: {detail}")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The authority's name is malformed.
    #[error(transparent)]
    Name(#[from] NotAName),
    /// The schema is wrong: its author mends it.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The mapping is wrong: its author mends it.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A file to ingest cannot be read at all.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A file was given for which the mapping has no section.
    #[error("the mapping says nothing of a file of {0}")]
    NoSection(&'static str),
    /// The mapping derives quantities otherwise than the authority does.
    #[error(
        "the mapping derives quantities otherwise than this authority has done so far; \
         records would change their meaning between epochs"
    )]
    OtherDerivations,
    /// A mapping without rules where the authority has none yet.
    #[error("the authority has no derivation rules yet: the first mapping must have `derive`")]
    NoDerivations,
    /// No randomness, or no key.
    #[error(transparent)]
    Key(#[from] SignatureError),
    /// The signing key's device does not sign.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A key in a device under a profile that signs otherwise: the operator names the other profile.
    #[error("a key in a device is of Ed25519, which is the profile `international`")]
    TokenProfile,
    /// Custodians of a key cannot make it, or do not sign.
    #[error(transparent)]
    Custodians(#[from] CustodianError),
    /// Custodians under a profile that signs otherwise: the operator names the other profile.
    #[error(
        "custodians hold a key of Ed25519, which is the profile `international`; SM2 has no threshold here"
    )]
    CustodiansProfile,
    /// The log of epochs cannot be read or written: the operator mends that.
    #[error("the log of epochs: {0}")]
    Log(#[from] LogError),
    /// The authority's name cannot be a log's.
    #[error(transparent)]
    LogKey(#[from] NotAKey),
    /// The registration is refused: the enterprise corrects it.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// There is nobody to commit to.
    #[error(
        "no record to commit to: {unregistered} enterprises on record are not registered, \
         {left_out} registered ones have no record"
    )]
    NothingToCommit {
        /// Enterprises on the ledger without a registration.
        unregistered: u64,
        /// Registered enterprises without a derivable record.
        left_out: usize,
    },
    /// More enterprises than a tree has leaves.
    #[error("{0} enterprises are more than an epoch's tree holds, 2^30")]
    TooMany(u64),
    /// No epoch, or what the newest one committed to was removed.
    #[error("there is no epoch, or its folder `members` was removed: publish the next one")]
    NoMembers,
    /// The enterprise is not in the newest epoch, or what it follows from was removed.
    #[error(
        "`{0}` has no leaf in the newest epoch: it is not registered, or not on record, or left out"
    )]
    NoLeaf(EnterpriseId),
    /// The registration is another than that of the epoch.
    #[error("`{0}` has registered anew since the newest epoch: the next one is for its new keys")]
    RegisteredSince(EnterpriseId),
    /// There is no registration, or it was revoked already.
    #[error("`{0}` is not registered")]
    NotRegistered(EnterpriseId),
    /// The registration was revoked: the enterprise rotates its keys and registers anew.
    #[error("the registration of `{0}` was revoked: nothing is issued until it registers anew")]
    Revoked(EnterpriseId),
    /// The epoch that was asked for is not the next one.
    #[error("the next epoch is {next}, not {asked}: an epoch is published once")]
    NotTheNextEpoch {
        /// The number that it would have.
        next: u64,
        /// The number that was asked for.
        asked: u64,
    },
    /// The epoch would be older than the one before it.
    #[error("the epoch would be older than the one before it")]
    TimeGoesBack,
    /// The newest period would be older than in the epoch before.
    #[error("the newest period would go back from {0} to {1}")]
    PeriodGoesBack(Period, Period),
    /// The newest period is not over on the epoch's day.
    #[error("{0} is not over on the day of the epoch")]
    PeriodNotOver(Period),
    /// The epoch's time is no day.
    #[error("the epoch's time is no day of the calendar")]
    Time,
    /// No curve or no layout, or one that the schema does not fit.
    #[error("an epoch has at least one curve and one layout, and the schema fits each layout")]
    Roots,
}

impl AuthorityError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            error,
        }
    }

    pub(crate) fn damaged(path: &Path, detail: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            detail: detail.to_string(),
        }
    }
}
