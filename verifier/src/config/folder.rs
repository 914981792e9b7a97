//! What the files of a bank's folder hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use taxproof_claims::schema::Schema;
use taxproof_claims::signature::SigningKey;
use taxproof_claims::trust::TrustList;
use zeroize::Zeroizing;

use super::{Config, ConfigError, DATABASE, Environment, MARK, Secret, TracesConfig, files};
use crate::epoch_log::Witnessing;
use crate::key::Admission;
use crate::keyring::{AnyVerifier, Keyring};
use crate::seal::Identity;
use crate::store::Location;
use crate::telemetry::Collector;
use crate::transport::{Security, Tls, TlsFiles};

/// What the files of a bank's folder hold.
#[derive(Debug)]
pub struct Folder {
    /// The configuration, with what variables override.
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
    /// Where the database is.
    pub database: Location,
    /// The file that says how far the chain of receipts was seen to reach.
    pub mark: PathBuf,
    /// Who must have cosigned the logs of epochs.
    pub witnessing: Witnessing,
    /// How the service tells its callers apart.
    pub security: Security,
    /// Where traces go, if anywhere.
    pub collector: Option<Collector>,
    /// Variables that look like settings and are none.
    pub strangers: Vec<String>,
}

impl Folder {
    /// Reads a configuration, what the process's variables override of it, and every file that it
    /// names.
    ///
    /// # Errors
    /// What is wrong with which file or variable.
    pub fn open(config: &Path) -> Result<Self, ConfigError> {
        Self::open_in(config, &Environment::of_process()?)
    }

    /// The same with other variables than the process's.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn open_in(config: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let parts = Parts {
            config: Config::read(config, environment)?,
            folder: config.parent().unwrap_or(Path::new("")),
            environment,
        };
        Ok(Self {
            keys: Keyring::new(parts.keys().collect::<Result<_, _>>()?),
            trust: parts.trust()?,
            signing_key: parts.signing_key()?,
            identity: parts.identity()?,
            schemas: parts.schemas()?,
            database: parts.database()?,
            mark: parts.mark(),
            witnessing: parts.config.log.witnessing()?,
            security: parts.security()?,
            collector: parts.collector()?,
            strangers: environment.strangers().map(str::to_owned).collect(),
            config: parts.config,
        })
    }
}

/// A configuration whose files are read one by one.
pub(super) struct Parts<'a> {
    pub(super) config: Config,
    pub(super) folder: &'a Path,
    pub(super) environment: &'a Environment,
}

impl Parts<'_> {
    /// The keys, each admitted or refused.
    pub(super) fn keys(&self) -> impl Iterator<Item = Result<AnyVerifier, ConfigError>> {
        let admission = Admission {
            allow_dev: self.config.allow_dev_keys,
            ceremony_keys: self.config.ceremony_keys.clone(),
        };
        let files = self.config.keys.iter();
        files.map(move |file| admit(&self.folder.join(file), &admission))
    }

    pub(super) fn trust(&self) -> Result<TrustList, ConfigError> {
        trust(&self.folder.join(&self.config.trust)).map(|(list, _)| list)
    }

    pub(super) fn signing_key(&self) -> Result<SigningKey, ConfigError> {
        let pem = self.secret(Secret::SigningKey, &self.config.signing_key)?;
        Ok(SigningKey::from_pem(&pem)?)
    }

    pub(super) fn identity(&self) -> Result<Identity, ConfigError> {
        Ok(self
            .secret(Secret::Identity, &self.config.identity)?
            .parse()?)
    }

    pub(super) fn schemas(&self) -> Result<Vec<Schema>, ConfigError> {
        let mut schemas = vec![Schema::cn_tax()];
        for file in &self.config.schemas {
            schemas.push(schema(&self.folder.join(file))?);
        }
        Ok(schemas)
    }

    pub(super) fn database(&self) -> Result<Location, ConfigError> {
        let Some(url) = &self.config.database else {
            return Ok(Location::File(self.state().join(DATABASE)));
        };
        let password = match &self.config.database_password_file {
            Some(file) => Some(self.secret(Secret::DatabasePassword, file)?),
            None => self.environment.secret(Secret::DatabasePassword),
        };
        let password = password.as_deref().map(|password| password.trim_end());
        Ok(Location::postgres(url, password)?)
    }

    pub(super) fn mark(&self) -> PathBuf {
        match &self.config.mark {
            Some(mark) => self.folder.join(mark),
            None => self.state().join(MARK),
        }
    }

    fn state(&self) -> PathBuf {
        self.folder.join(&self.config.state)
    }

    pub(super) fn security(&self) -> Result<Security, ConfigError> {
        let Some(tls) = &self.config.tls else {
            return Ok(Security::Plaintext);
        };
        let files = TlsFiles {
            certificate: self.folder.join(&tls.certificate),
            key: self.folder.join(&tls.key),
            client_authorities: self.folder.join(&tls.client_authorities),
            anonymous: tls.anonymous_role.is_some(),
        };
        files::ensure_private(&files.key)?;
        Ok(Security::Tls {
            tls: Arc::new(Tls::open(files)?),
            roles: Arc::new(self.config.roles.clone()),
            anonymous: tls.anonymous_role,
        })
    }

    /// Where traces go: as the configuration says, else as OpenTelemetry's variables say.
    pub(super) fn collector(&self) -> Result<Option<Collector>, ConfigError> {
        let traces = self.config.traces.clone().unwrap_or_default();
        let TracesConfig {
            endpoint,
            ca,
            sample,
        } = traces;
        let ca = match ca {
            Some(file) => Some(files::text(&self.folder.join(file))?),
            None => None,
        };
        let collector =
            Collector::choose(endpoint, ca, sample, |name| self.environment.other(name));
        collector.map_err(ConfigError::Collector)
    }

    /// A secret, from its variable or else from its file.
    fn secret(&self, secret: Secret, file: &Path) -> Result<Zeroizing<String>, ConfigError> {
        match self.environment.secret(secret) {
            Some(secret) => Ok(secret),
            None => files::secret(&self.folder.join(file)),
        }
    }
}

pub(super) fn admit(path: &Path, admission: &Admission) -> Result<AnyVerifier, ConfigError> {
    AnyVerifier::open(&files::bytes(path)?, admission).map_err(|why| ConfigError::Key {
        path: path.to_owned(),
        why,
    })
}

pub(super) fn schema(path: &Path) -> Result<Schema, ConfigError> {
    Schema::from_toml(&files::text(path)?).map_err(|why| ConfigError::Schema {
        path: path.to_owned(),
        why,
    })
}

/// A trust list, and its text.
pub(super) fn trust(path: &Path) -> Result<(TrustList, String), ConfigError> {
    let text = files::text(path)?;
    let list = TrustList::from_toml(&text).map_err(|why| ConfigError::Trust {
        path: path.to_owned(),
        why,
    })?;
    Ok((list, text))
}
