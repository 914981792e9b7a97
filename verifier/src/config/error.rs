//! What can be wrong with a bank's folder.

use std::path::PathBuf;

use taxproof_claims::epoch::NotAName;
use taxproof_claims::schema::SchemaError;
use taxproof_claims::signature::SignatureError;
use taxproof_claims::trust::TrustError;
use taxproof_log::NotAKey;

use crate::key::KeyRefused;
use crate::seal::NotAnIdentity;
use crate::store::NotALocation;
use crate::transport::TlsError;

/// A bank's folder cannot be made or read. Whoever runs the service must mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read or written.
    #[error("{path}: {why}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: std::io::Error,
    },
    /// Everybody on the machine can read a secret.
    #[error("everybody on this machine can read the secret in {path}: `chmod o-rwx` it, and think \
             whether somebody has", path = .0.display())]
    Exposed(PathBuf),
    /// Everybody on the machine can write what the bank goes by.
    #[error("everybody on this machine can write {path}: `chmod o-w` it, and look at what it says",
            path = .0.display())]
    Writable(PathBuf),
    /// A bank is to be made where one is.
    #[error("{path} holds a bank already", path = .0.display())]
    Exists(PathBuf),
    /// Two files would be copied to one.
    #[error("two files are named {name}: rename one, so that both can be copied", name = .0.display())]
    SameName(PathBuf),
    /// Nobody is trusted.
    #[error("{path} names no authority: no epoch could be accepted", path = .0.display())]
    NoAuthorities(PathBuf),
    /// The configuration is not TOML, or a key is missing or unknown.
    #[error("{path}: {why}", path = .path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What and where.
        why: Box<toml::de::Error>,
    },
    /// The configuration with what variables make of it is none.
    #[error("{path} with {variables}: {why}", path = .path.display())]
    Overridden {
        /// Which file.
        path: PathBuf,
        /// The variables that override settings.
        variables: String,
        /// What.
        why: Box<toml::de::Error>,
    },
    /// A variable of the environment is wrong. Its value is not shown: it may be secret.
    #[error("the variable {name} {why}")]
    Variable {
        /// Which.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A setting is out of its range.
    #[error("`{setting}` must be {range}")]
    Range {
        /// Which.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// Not where a web page can be from.
    #[error("`web_origins`: `{0}` is no origin: write `https://host` or `https://host:port`")]
    Origin(String),
    /// Not how a service can be called.
    #[error("`server_names`: `{0}` is no host's name: write it without scheme and port")]
    ServerName(String),
    /// The bank's name cannot be one.
    #[error("`id`: {0}")]
    Name(#[from] NotAName),
    /// A verifying key was refused.
    #[error("{path}: {why}", path = .path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: KeyRefused,
    },
    /// The database's address is none, or says the password.
    #[error("`database`: {0}")]
    Database(#[from] NotALocation),
    /// There is no verifying key.
    #[error("`keys` names no verifying key: without one no proof can be verified")]
    NoKeys,
    /// The trust list is wrong.
    #[error("{path}: {why}", path = .path.display())]
    Trust {
        /// Which file.
        path: PathBuf,
        /// What.
        why: TrustError,
    },
    /// The signing key is none.
    #[error("the signing key: {0}")]
    SigningKey(#[from] SignatureError),
    /// The identity is none.
    #[error("the identity: {0}")]
    Identity(#[from] NotAnIdentity),
    /// A certificate, its key or the clients' authorities are wrong.
    #[error("`tls`: {0}")]
    Tls(#[from] TlsError),
    /// Names have roles but nothing says whose certificates name them.
    #[error("`roles` needs `tls`: without certificates nobody has a name")]
    RolesWithoutTls,
    /// A witness's key is none.
    #[error("`log.witnesses`: {0}")]
    Witness(#[from] NotAKey),
    /// One key would count as two witnesses.
    #[error("`log.witnesses` has one key twice")]
    WitnessTwice,
    /// No head could have so many cosignatures.
    #[error("`log.cosignatures` asks for {cosignatures}, and `log.witnesses` has {witnesses}")]
    TooFewWitnesses {
        /// How many there are.
        witnesses: usize,
        /// How many must cosign.
        cosignatures: usize,
    },
    /// A schema is wrong.
    #[error("{path}: {why}", path = .path.display())]
    Schema {
        /// Which file.
        path: PathBuf,
        /// What.
        why: SchemaError,
    },
    /// Not where traces can go.
    #[error("the traces' endpoint {0}")]
    Collector(&'static str),
}
