//! A bank's folder: its configuration and the files that it names.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{NotAName, check_name};
use taxproof_claims::schema::{Schema, SchemaError};
use taxproof_claims::signature::{SignatureError, SigningKey};
use taxproof_claims::trust::{TrustError, TrustList};
use zeroize::Zeroizing;

use crate::key::{Admission, KeyRefused};
use crate::keyring::{AnyVerifier, Keyring};
use crate::limits::Limits;
use crate::roles::{Role, Roles};
use crate::seal::{Identity, NotAnIdentity};
use crate::store::{Location, NotALocation};
use crate::transport::{Security, Tls, TlsError, TlsFiles};

/// `bank.toml`. Paths are relative to its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The bank's name in requests: lower-case letters, digits and hyphens.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Where the service listens.
    #[serde(default = "loopback")]
    pub listen: SocketAddr,
    /// Origins of web pages that may call the service from a browser: `https://loans.example`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub web_origins: Vec<String>,
    /// The folder of the database.
    #[serde(default = "state")]
    pub state: PathBuf,
    /// The database, if it is not a file in `state`: `postgres://user@host/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// A file with the database's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_password: Option<PathBuf>,
    /// Verifying key files, those that the bank prefers first.
    pub keys: Vec<PathBuf>,
    /// Whether keys whose trapdoor one machine knew are taken: for development only.
    #[serde(default)]
    pub allow_dev_keys: bool,
    /// The transcripts' hashes of the ceremonies whose keys are taken.
    #[serde(default)]
    pub ceremonies: Vec<Digest>,
    /// The trust list with the authorities.
    pub trust: PathBuf,
    /// The key that signs requests and receipts: PKCS#8 in PEM.
    pub signing_key: PathBuf,
    /// The key that opens presentations: an age identity file.
    pub identity: PathBuf,
    /// Schema files, besides the built-in one for China's bureaux.
    #[serde(default)]
    pub schemas: Vec<PathBuf>,
    /// Lets a service without TLS listen elsewhere than on loopback, where whoever reaches it may
    /// do everything.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_plaintext_from_other_machines: bool,
    /// The service's certificate, and whose callers' certificates it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// What each name of a certificate may do; needs `tls`.
    #[serde(default, skip_serializing_if = "Roles::is_empty")]
    pub roles: Roles,
    /// Limits other than the default ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
}

/// The part `tls` of a configuration: files in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The service's certificate, then those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of the callers' certificates.
    pub client_authorities: PathBuf,
    /// What callers without a certificate are; without it they are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_role: Option<Role>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

fn is_default(limits: &Limits) -> bool {
    *limits == Limits::default()
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], DEFAULT_PORT).into()
}

fn state() -> PathBuf {
    STATE.into()
}

/// Where a service listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 7480;
/// The configuration's name in a bank's folder.
pub const FILE: &str = "bank.toml";
/// The variable of the environment with the database's password.
pub const DATABASE_PASSWORD: &str = "TAXPROOF_DATABASE_PASSWORD";
/// The database's name in a bank's state folder.
const DATABASE: &str = "bank.sqlite";
const STATE: &str = "state";
const TRUST: &str = "trust.toml";
const SIGNING_KEY: &str = "signing.pem";
const IDENTITY: &str = "identity.txt";

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
    /// The configuration is not TOML, or a key is missing or unknown.
    #[error("{path}: {why}", path = .path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What and where.
        why: Box<toml::de::Error>,
    },
    /// The bank's name cannot be one.
    #[error(transparent)]
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
    #[error("the configuration names no verifying key")]
    NoKeys,
    /// The trust list is wrong.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The signing key is none.
    #[error("the signing key: {0}")]
    SigningKey(#[from] SignatureError),
    /// The identity is none.
    #[error("the identity: {0}")]
    Identity(#[from] NotAnIdentity),
    /// A certificate, its key or the clients' authorities are wrong.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    /// Names have roles but nothing says whose certificates name them.
    #[error("`roles` needs `tls`: without certificates nobody has a name")]
    RolesWithoutTls,
    /// A schema is wrong.
    #[error("{path}: {why}", path = .path.display())]
    Schema {
        /// Which file.
        path: PathBuf,
        /// What.
        why: SchemaError,
    },
}

/// What the files of a bank's folder hold.
#[derive(Debug)]
pub struct Folder {
    /// The configuration.
    pub config: Config,
    /// The keys, admitted.
    pub keys: Keyring,
    /// The authorities.
    pub trust: TrustList,
    /// Signs requests and receipts.
    pub signing_key: SigningKey,
    /// Opens presentations.
    pub identity: Identity,
    /// The built-in schema and those of the configuration.
    pub schemas: Vec<Schema>,
    /// Where the database is; the folder of a file was made where it was missing.
    pub database: Location,
    /// How the service tells its callers apart.
    pub security: Security,
}

impl Folder {
    /// Reads a configuration and every file that it names.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn open(config: &Path) -> Result<Self, ConfigError> {
        let folder = config.parent().unwrap_or(Path::new(""));
        let path = config.to_owned();
        let config: Config = toml::from_str(&text(config)?).map_err(|why| ConfigError::Syntax {
            path,
            why: why.into(),
        })?;
        check_name(&config.id)?;
        if config.keys.is_empty() {
            return Err(ConfigError::NoKeys);
        }
        let admission = Admission {
            allow_dev: config.allow_dev_keys,
            ceremonies: config.ceremonies.clone(),
        };
        let key = |file: &PathBuf| admit(&folder.join(file), &admission);
        let mut schemas = vec![Schema::cn_tax()];
        for file in &config.schemas {
            schemas.push(schema(&folder.join(file))?);
        }
        let database = database(folder, &config)?;
        Ok(Self {
            keys: Keyring::new(config.keys.iter().map(key).collect::<Result<_, _>>()?),
            trust: TrustList::from_toml(&text(&folder.join(&config.trust))?)?,
            signing_key: SigningKey::from_pem(&secret(&folder.join(&config.signing_key))?)?,
            identity: secret(&folder.join(&config.identity))?.parse()?,
            schemas,
            database,
            security: security(&config, folder)?,
            config,
        })
    }
}

fn security(config: &Config, folder: &Path) -> Result<Security, ConfigError> {
    let Some(tls) = &config.tls else {
        return match config.roles.is_empty() {
            true => Ok(Security::Plaintext),
            false => Err(ConfigError::RolesWithoutTls),
        };
    };
    let files = TlsFiles {
        certificate: folder.join(&tls.certificate),
        key: folder.join(&tls.key),
        client_authorities: folder.join(&tls.client_authorities),
        anonymous: tls.anonymous_role.is_some(),
    };
    Ok(Security::Tls {
        tls: Arc::new(Tls::open(files)?),
        roles: Arc::new(config.roles.clone()),
        anonymous: tls.anonymous_role,
    })
}

/// Where a bank's database is.
fn database(folder: &Path, config: &Config) -> Result<Location, ConfigError> {
    let Some(url) = &config.database else {
        let state = folder.join(&config.state);
        private_folder(&state)?;
        return Ok(Location::File(state.join(DATABASE)));
    };
    let password = match &config.database_password {
        Some(file) => Some(secret(&folder.join(file))?),
        None => std::env::var(DATABASE_PASSWORD).ok().map(Zeroizing::new),
    };
    let password = password.as_deref().map(|password| password.trim_end());
    Ok(Location::postgres(url, password)?)
}

/// What a bank's folder is made from.
#[derive(Debug, Clone)]
pub struct NewFolder<'a> {
    /// The bank's name in requests.
    pub id: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// Signature and hash algorithms.
    pub profile: Profile,
    /// Where the service listens.
    pub listen: SocketAddr,
    /// Verifying key files, to be copied, those that the bank prefers first.
    pub keys: &'a [PathBuf],
    /// Whether keys whose trapdoor one machine knew are taken.
    pub allow_dev_keys: bool,
    /// The transcripts' hashes of the ceremonies whose keys are taken.
    pub ceremonies: &'a [Digest],
    /// The trust list, to be copied.
    pub trust: &'a Path,
    /// Schema files, to be copied.
    pub schemas: &'a [PathBuf],
}

impl NewFolder<'_> {
    /// Makes a bank's folder, with fresh secrets, and reads it back.
    ///
    /// # Errors
    /// The folder holds a bank already, or a file that it is made from is wrong; then nothing was
    /// made.
    pub fn create(&self, folder: &Path) -> Result<Folder, ConfigError> {
        let trust = self.check()?;
        private_folder(folder)?;
        let config = Config {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            listen: self.listen,
            web_origins: vec![],
            state: STATE.into(),
            database: None,
            database_password: None,
            keys: copies(self.keys, folder, "keys")?,
            allow_dev_keys: self.allow_dev_keys,
            ceremonies: self.ceremonies.to_vec(),
            trust: TRUST.into(),
            signing_key: SIGNING_KEY.into(),
            identity: IDENTITY.into(),
            schemas: copies(self.schemas, folder, "schemas")?,
            allow_plaintext_from_other_machines: false,
            tls: None,
            roles: Roles::default(),
            limits: Limits::default(),
        };
        let signing_key = SigningKey::random(self.profile)?.to_pem()?;
        write_new(&folder.join(SIGNING_KEY), signing_key.as_bytes())?;
        write_new(
            &folder.join(IDENTITY),
            Identity::generate().to_file().as_bytes(),
        )?;
        write_new(&folder.join(TRUST), trust.as_bytes())?;
        let toml = toml::to_string(&config).expect("a configuration has text keys and no maps");
        let path = folder.join(FILE);
        write_new(&path, toml.as_bytes())?;
        Folder::open(&path)
    }

    /// Checks what the folder is to be made from; the trust list's text.
    fn check(&self) -> Result<String, ConfigError> {
        check_name(self.id)?;
        let admission = Admission {
            allow_dev: self.allow_dev_keys,
            ceremonies: self.ceremonies.to_vec(),
        };
        for file in self.keys {
            admit(file, &admission)?;
        }
        for file in self.schemas {
            schema(file)?;
        }
        let trust = text(self.trust)?;
        TrustList::from_toml(&trust)?;
        Ok(trust)
    }
}

fn admit(path: &Path, admission: &Admission) -> Result<AnyVerifier, ConfigError> {
    let bytes = std::fs::read(path).map_err(file_error(path))?;
    AnyVerifier::open(&bytes, admission).map_err(|why| ConfigError::Key {
        path: path.to_owned(),
        why,
    })
}

fn schema(path: &Path) -> Result<Schema, ConfigError> {
    Schema::from_toml(&text(path)?).map_err(|why| ConfigError::Schema {
        path: path.to_owned(),
        why,
    })
}

/// Copies files into a folder of a bank's folder; their paths in it.
fn copies(files: &[PathBuf], folder: &Path, name: &str) -> Result<Vec<PathBuf>, ConfigError> {
    let copy = |file: &PathBuf| {
        let target = Path::new(name).join(file.file_name().unwrap_or(file.as_os_str()));
        private_folder(&folder.join(name))?;
        let bytes = std::fs::read(file).map_err(file_error(file))?;
        write_new(&folder.join(&target), &bytes)?;
        Ok(target)
    };
    files.iter().map(copy).collect()
}

fn text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(file_error(path))
}

fn secret(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    text(path).map(Zeroizing::new)
}

/// Makes a folder that only its owner can read, unless it is there.
fn private_folder(path: &Path) -> Result<(), ConfigError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(file_error(path))
}

/// Writes a file that only its owner can read and that is not there yet.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(file_error(path))
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> ConfigError {
    let path = path.to_owned();
    |why| ConfigError::File { path, why }
}
