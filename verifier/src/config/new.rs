//! Making a bank's folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::check_name;
use taxproof_claims::key::KeyFingerprint;
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
    /// The fingerprints of the ceremonies' keys that are taken.
    pub ceremony_keys: &'a [KeyFingerprint],
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
        let trust = self.check(folder)?;
        private_folder(folder)?;
        let config = Config {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            listen: self.listen,
            web_origins: vec![],
            server_names: vec![],
            state: STATE.into(),
            database: None,
            database_password_file: None,
            mark: None,
            keys: copies(self.keys, folder, "keys")?,
            allow_dev_keys: self.allow_dev_keys,
            ceremony_keys: self.ceremony_keys.to_vec(),
            trust: TRUST.into(),
            maximum_epoch_age: EPOCH_AGE,
            signing_key: SIGNING_KEY.into(),
            former_signing_keys: vec![],
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
    fn check(&self, folder: &Path) -> Result<String, ConfigError> {
        check_name(self.id)?;
        if folder.join(FILE).exists() {
            return Err(ConfigError::Exists(folder.to_owned()));
        }
        for files in [self.keys, self.schemas] {
            let mut names: Vec<_> = files.iter().filter_map(|file| file.file_name()).collect();
            names.sort_unstable();
            if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(ConfigError::SameName(twice[0].into()));
            }
        }
        let admission = Admission {
            allow_dev: self.allow_dev_keys,
            ceremony_keys: self.ceremony_keys.to_vec(),
        };
        for file in self.keys {
            admit(file, &admission)?;
        }
        for file in self.schemas {
            schema(file)?;
        }
        let (list, text) = trust(self.trust)?;
        if list.authorities.is_empty() {
            return Err(ConfigError::NoAuthorities(self.trust.to_owned()));
        }
        Ok(text)
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
