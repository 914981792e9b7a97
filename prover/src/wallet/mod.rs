//! The wallet: a folder on the enterprise's own machine.
//!
//! | file | what |
//! |---|---|
//! | `wallet.toml` | whose wallet it is |
//! | `secrets.toml`, or `secrets.age` under a passphrase | the holder's secrets and the age identity |
//! | `trust.toml` | the banks and authorities whose signatures count |
//! | `schemas/*.toml` | schemas besides the built-in one |
//! | `credentials/*.age` | the newest credential of each authority, encrypted to the identity |
//! | `admitted.toml` | proving keys that were checked point by point |
//! | `prepared/` | those keys, ready to prove with; made again where missing |
//! | `history.jsonl` | the answers given |
//!
//! Files have mode 0600, folders 0700; a file is replaced whole or not at all. Nothing leaves the
//! wallet but what its owner exports: a [`Registration`], which holds no secret, and presentations.

mod admissions;
mod credentials;
mod files;
mod history;
mod secrets;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::schema::{Schema, SchemaError};
use taxproof_claims::subject::{EnterpriseId, IdScheme};
use taxproof_claims::trust::{TrustError, TrustList};

pub use admissions::{AdmissionError, DEFAULT_TABLES};
pub use credentials::{Held, ImportError, MAX_CREDENTIAL_FILE};
pub use files::{read_limited, write_private};
pub use history::Answered;
pub use secrets::Passphrase;

use crate::seal::SealError;
use files::{at, check_private, check_unwritable, private_folder, read_if_there};
use secrets::Secrets;

/// Why a wallet could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalletError {
    /// The operating system refused.
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// There is a wallet already; secrets are never overwritten.
    #[error("{} is a wallet already", .0.display())]
    Exists(PathBuf),
    /// The folder holds no wallet.
    #[error("{} is no wallet: make one with `taxproof enterprise init`", .0.display())]
    NotAWallet(PathBuf),
    /// Others than its owner may read or write the file.
    #[error("others may read or write {path}: run `chmod 600 {path}`", path = .0.display())]
    Exposed(PathBuf),
    /// A file of the wallet is not what the wallet wrote. Restore it from a copy.
    #[error("{} is damaged", .0.display())]
    Damaged(PathBuf),
    /// A file of somebody else's is longer than anything of its kind.
    #[error("{} is longer than {limit} bytes", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// The longest that is read.
        limit: usize,
    },
    /// The secrets are under a passphrase, and none was given.
    #[error("the wallet's secrets are under a passphrase: give its file with `--passphrase-file`")]
    PassphraseNeeded,
    /// A passphrase was given, and the secrets are under none.
    #[error(
        "the wallet's secrets are under no passphrase: leave `--passphrase-file` out; a passphrase is \
         chosen when a wallet is made"
    )]
    NoPassphrase,
    /// The secrets are there twice: under a passphrase and not.
    #[error(
        "{path} holds secrets in plain beside those under a passphrase: move it away, and remove it \
         once the wallet opens", path = .0.display()
    )]
    TwoSecrets(PathBuf),
    /// The passphrase does not open the secrets, or they are damaged.
    #[error("the passphrase does not open the wallet's secrets")]
    PassphraseWrong,
    /// A trust list is wrong.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A name would stand for two keys. If the key changed, remove the old entry by hand.
    #[error("`{0}` is in the trust list under another key")]
    OtherKey(String),
    /// A schema is wrong.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Encryption or decryption failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system")]
    Randomness,
}

/// An enterprise's wallet.
#[derive(Debug)]
pub struct Wallet {
    folder: PathBuf,
    enterprise: EnterpriseId,
    secrets: Secrets,
    trust: TrustList,
    schemas: Vec<Schema>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WalletFile {
    version: u32,
    enterprise: String,
    id_scheme: IdScheme,
}

const VERSION: u32 = 1;
const WALLET: &str = "wallet.toml";
const TRUST: &str = "trust.toml";
const SCHEMAS: &str = "schemas";
/// Longest schema or trust list that is read, in bytes.
const MAX_TEXT: usize = 256 * 1024;

impl Wallet {
    /// Makes a wallet with fresh secrets in a folder that has none.
    ///
    /// # Errors
    /// There is a wallet already, or the folder cannot be written.
    pub fn create(
        folder: &Path,
        enterprise: EnterpriseId,
        id_scheme: IdScheme,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        if folder.join(WALLET).exists() || Secrets::exist(folder) {
            return Err(WalletError::Exists(folder.to_owned()));
        }
        private_folder(folder)?;
        private_folder(&folder.join(SCHEMAS))?;
        let secrets = Secrets::random()?;
        secrets.write(folder, passphrase)?;
        let file = WalletFile {
            version: VERSION,
            enterprise: enterprise.to_string(),
            id_scheme,
        };
        let toml = toml::to_string(&file).expect("a wallet's description is texts and numbers");
        write_private(&folder.join(WALLET), toml.as_bytes())?;
        Ok(Self {
            folder: folder.to_owned(),
            enterprise,
            secrets,
            trust: TrustList::default(),
            schemas: vec![Schema::cn_tax()],
        })
    }

    /// Opens a wallet.
    ///
    /// # Errors
    /// The folder holds none, the passphrase is wrong, a file is damaged or others may read it.
    pub fn open(folder: &Path, passphrase: Option<&Passphrase>) -> Result<Self, WalletError> {
        let path = folder.join(WALLET);
        let damaged = || WalletError::Damaged(path.clone());
        let text = read_text(&path)?.ok_or_else(|| WalletError::NotAWallet(folder.to_owned()))?;
        let file: WalletFile = toml::from_str(&text).map_err(|_| damaged())?;
        if file.version != VERSION {
            return Err(damaged());
        }
        check_unwritable(&folder.join(TRUST))?;
        let trust = match read_text(&folder.join(TRUST))? {
            Some(text) => TrustList::from_toml(&text)?,
            None => TrustList::default(),
        };
        Ok(Self {
            folder: folder.to_owned(),
            enterprise: file
                .id_scheme
                .parse(&file.enterprise)
                .map_err(|_| damaged())?,
            secrets: Secrets::read(folder, passphrase)?,
            trust,
            schemas: read_schemas(&folder.join(SCHEMAS))?,
        })
    }

    /// Whose wallet it is.
    pub const fn enterprise(&self) -> &EnterpriseId {
        &self.enterprise
    }

    /// Whose signatures count.
    pub const fn trust(&self) -> &TrustList {
        &self.trust
    }

    /// Schemas that records can be of: the built-in one and those added.
    pub fn schemas(&self) -> &[Schema] {
        &self.schemas
    }

    /// What an authority must know to commit to the enterprise's records: no secret among it.
    pub fn registration(&self) -> Registration {
        let secrets = self.secrets.holder();
        Registration {
            enterprise: self.enterprise.to_string(),
            recipient: self.secrets.recipient().to_string(),
            holder: RegisteredHolder::of_each_curve(&secrets),
        }
    }

    /// Adds the entries of a trust list. An entry that is there already changes nothing.
    ///
    /// # Errors
    /// A name is there under another key, and then nothing is added; or the file cannot be written.
    pub fn add_trust(&mut self, added: &TrustList) -> Result<(), WalletError> {
        let mut merged = self.trust.clone();
        for bank in &added.banks {
            match merged.bank(&bank.id) {
                Some(known) if known.key == bank.key => {}
                Some(_) => return Err(WalletError::OtherKey(bank.id.clone())),
                None => merged.banks.push(bank.clone()),
            }
        }
        for authority in &added.authorities {
            match merged.authority(&authority.id) {
                Some(known) if known.key == authority.key => {}
                Some(_) => return Err(WalletError::OtherKey(authority.id.to_string())),
                None => merged.authorities.push(authority.clone()),
            }
        }
        write_private(&self.folder.join(TRUST), merged.to_toml().as_bytes())?;
        self.trust = merged;
        Ok(())
    }

    /// Adds a schema, so that records of it can be read.
    ///
    /// # Errors
    /// The text is no schema, or the file cannot be written.
    pub fn add_schema(&mut self, text: &str) -> Result<(), WalletError> {
        let schema = Schema::from_toml(text)?;
        let digest = schema.digest();
        if self.schemas.iter().all(|known| known.digest() != digest) {
            let folder = self.folder.join(SCHEMAS);
            private_folder(&folder)?;
            write_private(&folder.join(format!("{digest}.toml")), text.as_bytes())?;
            self.schemas.push(schema);
        }
        Ok(())
    }

    /// Replaces the authorising secret, and the identity that credentials are encrypted to. The
    /// authority must be given the new [`Registration`]; until its next epoch, credentials of before
    /// open under the old ones, which are kept that long.
    /// Pseudonyms stay.
    ///
    /// # Errors
    /// The secrets cannot be written.
    pub fn rotate(&mut self, passphrase: Option<&Passphrase>) -> Result<(), WalletError> {
        self.secrets.rotate()?;
        self.secrets.write(&self.folder, passphrase)
    }

    /// The secrets under which a credential may have been issued, newest first.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = HolderSecrets> {
        self.secrets.candidates()
    }
}

fn read_text(path: &Path) -> Result<Option<String>, WalletError> {
    if !path.exists() {
        return Ok(None);
    }
    let contents = read_limited(path, MAX_TEXT)?;
    String::from_utf8(contents)
        .map(Some)
        .map_err(|_| WalletError::Damaged(path.to_owned()))
}

fn read_schemas(folder: &Path) -> Result<Vec<Schema>, WalletError> {
    let mut schemas = vec![Schema::cn_tax()];
    if !folder.exists() {
        return Ok(schemas);
    }
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text = read_text(&path)?.unwrap_or_default();
            schemas.push(Schema::from_toml(&text)?);
        }
    }
    Ok(schemas)
}
