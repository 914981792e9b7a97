//! An authority's folder, and what is done with it.
//!
//! | file | what |
//! |---|---|
//! | `authority.toml` | name and profile |
//! | `schema.toml` | what its records are |
//! | `key.pem`, or `key.toml`, or `custodians.toml` | the key that signs headers (PKCS#8), or which device has it, or who hold it |
//! | `requests.pem` | with custodians: the key under which they are asked |
//! | `order.seed` | the secret that orders leaves |
//! | `derivations.toml` | how quantities are derived |
//! | `ledger/` | what is on record ([`crate::ledger`]) |
//! | `registrations/` | the holders' hashes, and the secrets from which the leaves' salts follow |
//! | `epochs/<n>/` | `header`, `header.json`, `bundles/`; of the newest, `members/` |
//! | `log/` | the log of epochs: public, for any web server |
//! | `reports/*.csv` | the rows that were refused |
//!
//! Every file is private to its owner; a file is replaced whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use taxproof_claims::credential::Registration;
use taxproof_claims::date::Date;
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::{AuthorityId, SignedEpochHeader};
use taxproof_claims::schema::Schema;
use taxproof_claims::signature::{SignatureError, SigningKey, VerifyingKey};
use taxproof_claims::subject::EnterpriseId;
use taxproof_claims::trust::TrustedAuthority;
use taxproof_log::Note;

use crate::custodians::{Exchange, Group};
use crate::epoch_log::EpochLog;
use crate::epochs::Epochs;
use crate::error::AuthorityError;
use crate::folder::{create, lock, make_dir, read, read_text, replace, sync_dir};
use crate::key::Key;
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::registration::{Change, Registered, check};
use crate::registrations::{Kept, Registrations};
use crate::rules::Derivations;
use crate::seed::Seed;
use crate::token::TokenUri;

/// An authority's folder, open for one process.
#[derive(Debug)]
pub struct Authority {
    pub(crate) folder: PathBuf,
    settings: Settings,
    pub(crate) schema: Schema,
    pub(crate) key: Key,
    pub(crate) order: Seed,
    pub(crate) ledger: Ledger,
    pub(crate) registrations: Registrations,
    pub(crate) epochs: Epochs,
    pub(crate) log: EpochLog,
    /// Holds the lock until it is dropped.
    _lock: File,
}

/// What an authority is begun with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name in headers.
    pub id: AuthorityId,
    /// Its name for people.
    pub name: String,
    /// How it signs.
    pub profile: Profile,
}

const SETTINGS: &str = "authority.toml";
const SCHEMA: &str = "schema.toml";
const ORDER: &str = "order.seed";
const DERIVATIONS: &str = "derivations.toml";
const LEDGER: &str = "ledger";
const REGISTRATIONS: &str = "registrations";
const EPOCHS: &str = "epochs";
const LOG: &str = "log";
pub(crate) const REPORTS: &str = "reports";

impl Authority {
    /// Begins an authority with a fresh key, in a folder that is empty or not there yet.
    ///
    /// # Errors
    /// The schema does not parse, the folder holds something, or cannot be written.
    pub fn init(folder: &Path, settings: &Settings, schema: &str) -> Result<Self, AuthorityError> {
        let key = Key::File(SigningKey::random(settings.profile)?);
        Self::begin(folder, settings, schema, &key)
    }

    /// Begins an authority whose key a device keeps.
    ///
    /// # Errors
    /// As of [`Self::init`], or the device has no such key, or the profile signs otherwise.
    pub fn init_with_token(
        folder: &Path,
        settings: &Settings,
        schema: &str,
        uri: TokenUri,
    ) -> Result<Self, AuthorityError> {
        let key = Key::of_token(uri)?;
        if key.profile() != settings.profile {
            return Err(AuthorityError::TokenProfile);
        }
        Self::begin(folder, settings, schema, &key)
    }

    /// Begins an authority whose key custodians hold, who meet in an exchange folder, and for whom it waits so
    /// long whenever something is signed.
    ///
    /// # What is not checked
    /// That the key is the custodians': whoever hands it to banks compares it and the group's digest with theirs.
    ///
    /// # Errors
    /// As of [`Self::init`], or they have made no key yet, or for another authority, or the profile signs otherwise.
    pub fn init_with_custodians(
        folder: &Path,
        settings: &Settings,
        schema: &str,
        exchange: &Exchange,
        wait: Duration,
    ) -> Result<Self, AuthorityError> {
        if settings.profile != Profile::International {
            return Err(AuthorityError::CustodiansProfile);
        }
        let key = Key::of_custodians(exchange, wait, &settings.id)?;
        Self::begin(folder, settings, schema, &key)
    }

    fn begin(
        folder: &Path,
        settings: &Settings,
        schema: &str,
        key: &Key,
    ) -> Result<Self, AuthorityError> {
        Schema::from_toml(schema)?;
        let occupied = folder.exists()
            && fs::read_dir(folder)
                .map_err(|error| AuthorityError::io(folder, error))?
                .next()
                .is_some();
        if occupied {
            return Err(AuthorityError::NotEmpty(folder.to_owned()));
        }
        if !folder.exists() {
            make_dir(folder)?;
        }
        for name in [EPOCHS, REPORTS] {
            make_dir(&folder.join(name))?;
        }
        key.keep(folder)?;
        let order = Seed::random().map_err(|_| SignatureError::Randomness)?;
        create(&folder.join(ORDER), order.expose())?;
        create(&folder.join(SCHEMA), schema.as_bytes())?;
        let path = folder.join(SETTINGS);
        let text =
            toml::to_string(settings).map_err(|error| AuthorityError::damaged(&path, error))?;
        // Last: a folder without settings is no authority's.
        create(&path, text.as_bytes())?;
        sync_dir(folder)?;
        Self::open(folder)
    }

    /// Opens an authority's folder and checks what is in it.
    ///
    /// # Errors
    /// It is no authority's, another process has it open, or a file is damaged.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let path = folder.join(SETTINGS);
        if !path.exists() {
            return Err(AuthorityError::NotAnAuthority(folder.to_owned()));
        }
        let lock = lock(folder)?;
        let settings: Settings =
            toml::from_str(&read_text(&path)?).map_err(|e| AuthorityError::damaged(&path, e))?;
        let path = folder.join(SCHEMA);
        let schema = Schema::from_toml(&read_text(&path)?)
            .map_err(|error| AuthorityError::damaged(&path, error))?;
        let key = Key::open(folder, settings.profile)?;
        let epochs = Epochs::open(folder.join(EPOCHS), &settings.id, &key.verifying_key())?;
        let log = EpochLog::new(folder.join(LOG), &settings.id, key.verifying_key())?;
        Ok(Self {
            order: read_seed(&folder.join(ORDER))?,
            ledger: Ledger::open(&folder.join(LEDGER))?,
            registrations: Registrations::open(&folder.join(REGISTRATIONS))?,
            folder: folder.to_owned(),
            settings,
            schema,
            key,
            epochs,
            log,
            _lock: lock,
        })
    }

    /// Name and profile.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What its records are.
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What banks and wallets put into their trust lists.
    pub fn trusted(&self) -> TrustedAuthority {
        TrustedAuthority {
            id: self.settings.id.clone(),
            name: self.settings.name.clone(),
            key: self.key.verifying_key(),
        }
    }

    /// The custodians who hold the key that signs, where there are any, and the key under which they are asked.
    pub fn custodians(&self) -> Option<(&Group, VerifyingKey)> {
        self.key.custodians()
    }

    /// The headers of the published epochs, oldest first.
    pub fn headers(&self) -> &[SignedEpochHeader] {
        self.epochs.headers()
    }

    /// The log of the published epochs.
    pub const fn log(&self) -> &EpochLog {
        &self.log
    }

    /// Puts the epochs into the log that a crash left out of it, and gives the log's head.
    ///
    /// # Errors
    /// The log is damaged, or of other epochs, or cannot be written or signed.
    pub fn catch_up_log(&self, progress: &dyn Progress) -> Result<Note, AuthorityError> {
        self.log
            .catch_up(self.epochs.headers(), &self.key, progress)
    }

    /// The folder of an epoch's bundles.
    pub fn bundles(&self, epoch: u64) -> PathBuf {
        self.epochs.path(epoch).join(crate::epochs::BUNDLES)
    }

    /// Where an epoch's header is.
    pub fn header_file(&self, epoch: u64) -> PathBuf {
        self.epochs.path(epoch).join(crate::epochs::HEADER)
    }

    /// How many enterprises are registered: those whose registration was revoked are not. Every
    /// registration is read.
    ///
    /// # Errors
    /// The registrations cannot be read, or are damaged.
    pub fn registered(&self) -> Result<u64, AuthorityError> {
        let revoked = self.registrations.revoked(&self.schema)?;
        Ok(self.registrations.len() - revoked)
    }

    /// Registers an enterprise, rotates its keys or resets its pseudonyms.
    ///
    /// # What is not checked
    /// That whoever hands it in speaks for the enterprise.
    ///
    /// # Errors
    /// The registration is refused, or cannot be written.
    pub fn register(
        &mut self,
        registration: Registration,
        today: Date,
    ) -> Result<(EnterpriseId, Change), AuthorityError> {
        let mut registered = self.register_all([registration], today)?;
        Ok(registered.remove(0))
    }

    /// Registers several enterprises, all or none.
    ///
    /// # What is not checked
    /// As of [`Self::register`].
    ///
    /// # Errors
    /// A registration is refused, or they cannot be written.
    pub fn register_all(
        &mut self,
        registrations: impl IntoIterator<Item = Registration>,
        today: Date,
    ) -> Result<Vec<(EnterpriseId, Change)>, AuthorityError> {
        let mut done = Vec::new();
        let mut kept: BTreeMap<EnterpriseId, Kept> = BTreeMap::new();
        for registration in registrations {
            let id = check(&registration, &self.schema)?;
            let before = match kept.remove(&id) {
                Some(before) => Some(before),
                None => self
                    .registrations
                    .get(&id, &self.schema)?
                    .map(|(_, kept)| kept),
            };
            let known = before.as_ref().map(|kept| &kept.registered);
            let (registered, change) = Registered::after(known, &id, registration, today)?;
            // Whoever had the old keys must not open what comes after.
            let seed = Seed::random().map_err(|_| SignatureError::Randomness)?;
            kept.insert(id.clone(), Kept { registered, seed });
            done.push((id, change));
        }
        self.registrations.put(kept.iter())?;
        Ok(done)
    }

    /// Revokes an enterprise's registration. The enterprise has no leaf from the next epoch on, and nothing
    /// is issued to it, until it registers with another authorising key; what stands in epochs that are
    /// published already stays.
    ///
    /// # Errors
    /// It is not registered, or the revocation cannot be written.
    pub fn revoke(&mut self, enterprise: &EnterpriseId) -> Result<(), AuthorityError> {
        let found = self.registrations.get(enterprise, &self.schema)?;
        let standing = found.filter(|(_, kept)| !kept.registered.revoked);
        let (_, mut kept) =
            standing.ok_or_else(|| AuthorityError::NotRegistered(enterprise.clone()))?;
        kept.registered.revoked = true;
        self.registrations.put([(enterprise, &kept)].into_iter())
    }

    /// What is on record.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How quantities are derived, once a mapping has said it.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn derivations(&self) -> Result<Option<Derivations>, AuthorityError> {
        let path = self.folder.join(DERIVATIONS);
        if !path.exists() {
            return Ok(None);
        }
        let derivations: Derivations =
            toml::from_str(&read_text(&path)?).map_err(|e| AuthorityError::damaged(&path, e))?;
        let fit = derivations.check(&self.schema);
        fit.map_err(|error| AuthorityError::damaged(&path, error))?;
        Ok(Some(derivations))
    }

    pub(crate) fn keep_derivations(&self, rules: &Derivations) -> Result<(), AuthorityError> {
        let path = self.folder.join(DERIVATIONS);
        let text = toml::to_string(rules).map_err(|error| AuthorityError::damaged(&path, error))?;
        replace(&path, |file| {
            std::io::Write::write_all(file, text.as_bytes())
        })
    }
}

fn read_seed(path: &Path) -> Result<Seed, AuthorityError> {
    let bytes = zeroize::Zeroizing::new(read(path)?);
    let bytes: [u8; Seed::LENGTH] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| AuthorityError::damaged(path, "a seed has 32 bytes"))?;
    Ok(Seed::from_bytes(bytes))
}
