//! Making a bank's folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::check_name;
use taxproof_claims::signature::SigningKey;

use super::files::{bytes, private_folder, write_new};
use super::folder::{admit, schema, trust};
use super::{
    Config, ConfigError, Environment, FILE, Folder, IDENTITY, LogConfig, SIGNING_KEY, STATE, TRUST,
};
use crate::key::Admission;
use crate::limits::{EPOCH_AGE, Limits};
use crate::roles::Roles;
use crate::seal::Identity;

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
            database_password_file: None,
            mark: None,
            keys: copies(self.keys, folder, "keys")?,
            allow_dev_keys: self.allow_dev_keys,
            ceremonies: self.ceremonies.to_vec(),
            trust: TRUST.into(),
            maximum_epoch_age: EPOCH_AGE,
            signing_key: SIGNING_KEY.into(),
            identity: IDENTITY.into(),
            schemas: copies(self.schemas, folder, "schemas")?,
            allow_plaintext_from_other_machines: false,
            tls: None,
            roles: Roles::default(),
            log: LogConfig::default(),
            limits: Limits::default(),
            metrics: None,
            traces: None,
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
        Folder::open_in(&path, &Environment::default())
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
        Ok(trust(self.trust)?.1)
    }
}

/// Copies files into a folder of a bank's folder; their paths in it.
fn copies(files: &[PathBuf], folder: &Path, name: &str) -> Result<Vec<PathBuf>, ConfigError> {
    let copy = |file: &PathBuf| {
        let target = Path::new(name).join(file.file_name().unwrap_or(file.as_os_str()));
        private_folder(&folder.join(name))?;
        write_new(&folder.join(&target), &bytes(file)?)?;
        Ok(target)
    };
    files.iter().map(copy).collect()
}
