//! A bank's folder: its configuration, the variables that override it, and the files that it names.

mod check;
mod environment;
mod error;
mod files;
mod folder;
mod log;
mod new;
mod settings;

pub use check::{Finding, Report, check};
pub use environment::{Environment, Secret};
pub use error::ConfigError;
pub use folder::Folder;
pub use log::LogConfig;
pub use new::NewFolder;
pub use settings::{Kind, SETTINGS, Setting};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use taxproof_claims::epoch::check_name;
use taxproof_claims::key::KeyFingerprint;
use taxproof_claims::signature::VerifyingKey;

use crate::limits::{EPOCH_AGE, Limits, seconds};
use crate::roles::{Role, Roles};

/// `bank.toml`. Paths are relative to its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Names under which callers reach a service without TLS, besides its addresses and `localhost`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_names: Vec<String>,
    /// The folder of what the service writes.
    #[serde(default = "state")]
    pub state: PathBuf,
    /// The database, if it is not a file in `state`: `postgres://user@host/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// A file with the database's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_password_file: Option<PathBuf>,
    /// The file that says how far the chain of receipts was seen to reach, if it is not `mark` in
    /// `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<PathBuf>,
    /// Verifying key files, those that the bank prefers first.
    pub keys: Vec<PathBuf>,
    /// Whether keys whose trapdoor one machine knew are taken: for development only.
    #[serde(default)]
    pub allow_dev_keys: bool,
    /// The fingerprints of the ceremonies' keys that are taken.
    #[serde(default)]
    pub ceremony_keys: Vec<KeyFingerprint>,
    /// The trust list with the authorities.
    pub trust: PathBuf,
    /// How old an epoch may be that requests and presentations are about, in seconds.
    #[serde(
        default = "epoch_age",
        with = "seconds",
        skip_serializing_if = "is_epoch_age"
    )]
    pub maximum_epoch_age: Duration,
    /// The key that signs requests and receipts: PKCS#8 in PEM.
    pub signing_key: PathBuf,
    /// The public parts of keys that signed requests and receipts before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_signing_keys: Vec<VerifyingKey>,
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
    /// Who must have cosigned the logs of epochs.
    #[serde(default, skip_serializing_if = "LogConfig::is_default")]
    pub log: LogConfig,
    /// Limits other than the default ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// Metrics and probes over HTTP; without it there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<MetricsConfig>,
    /// Where traces go; without it nowhere, unless OpenTelemetry's variables say where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<TracesConfig>,
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

/// The part `metrics` of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// Where metrics and probes are served over HTTP, without TLS.
    #[serde(default = "metrics_loopback")]
    pub listen: SocketAddr,
}

/// The part `traces` of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracesConfig {
    /// A collector that takes OTLP over gRPC: `http://127.0.0.1:4317`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The authority of the collector's certificate, in PEM, for an endpoint with https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Which share of the calls is traced whose callers do not say so themselves, from 0 to 1.
    #[serde(default = "every")]
    pub sample: f64,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            ca: None,
            sample: every(),
        }
    }
}

impl Config {
    /// Reads a configuration and what overrides it.
    ///
    /// # Errors
    /// It does not parse, or a setting is out of its range.
    pub fn read(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let text = files::text(path)?;
        let config: Self = match environment.overrides()? {
            overrides if overrides.is_empty() => {
                toml::from_str(&text).map_err(|why| ConfigError::Syntax {
                    path: path.to_owned(),
                    why: why.into(),
                })?
            }
            overrides => environment::overridden(path, &text, &overrides)?,
        };
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        check_name(&self.id)?;
        if self.keys.is_empty() {
            return Err(ConfigError::NoKeys);
        }
        if self.tls.is_none() && !self.roles.is_empty() {
            return Err(ConfigError::RolesWithoutTls);
        }
        if let Some(origin) = self.web_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(ConfigError::Origin(origin.clone()));
        }
        if let Some(name) = self.server_names.iter().find(|name| !is_host(name)) {
            return Err(ConfigError::ServerName(name.clone()));
        }
        let out_of_range = |setting, range| Err(ConfigError::Range { setting, range });
        if self.maximum_epoch_age.is_zero() {
            return out_of_range("maximum_epoch_age", "more than 0");
        }
        if let Some((setting, range)) = self.limits.out_of_range() {
            return out_of_range(setting, range);
        }
        match &self.traces {
            Some(traces) if !(0.0..=1.0).contains(&traces.sample) => {
                out_of_range("traces.sample", "from 0 to 1")
            }
            _ => Ok(()),
        }
    }
}

/// Whether a text is an origin as browsers write it: scheme and host, and a port if it is not the
/// scheme's own.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    web && uri.host().is_some() && uri.path_and_query().is_none_or(|rest| rest == "/") && {
        let plain = !text.ends_with('/') && !text.contains('@');
        plain && text.bytes().all(|b| b.is_ascii_graphic())
    }
}

/// Whether a text is a host's name, without a scheme or a port.
fn is_host(text: &str) -> bool {
    let authority = text.parse::<http::uri::Authority>();
    authority.is_ok_and(|authority| authority.host() == text)
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

fn metrics_loopback() -> SocketAddr {
    ([127, 0, 0, 1], METRICS_PORT).into()
}

fn state() -> PathBuf {
    STATE.into()
}

const fn epoch_age() -> Duration {
    EPOCH_AGE
}

fn is_epoch_age(age: &Duration) -> bool {
    *age == EPOCH_AGE
}

const fn every() -> f64 {
    1.0
}

/// Where a service listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 7480;
/// Where metrics are served unless told otherwise: Prometheus' port for exporters in OpenTelemetry.
const METRICS_PORT: u16 = 9464;
/// The configuration's name in a bank's folder.
pub const FILE: &str = "bank.toml";
/// The database's name in a bank's state folder.
const DATABASE: &str = "bank.sqlite";
/// The mark's name there.
const MARK: &str = "mark";
const STATE: &str = "state";
const TRUST: &str = "trust.toml";
const SIGNING_KEY: &str = "signing.pem";
const IDENTITY: &str = "identity.txt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_write_them() {
        for good in ["https://loans.example", "http://127.0.0.1:8080"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "loans.example",
            "https://loans.example/",
            "https://loans.example/app",
            "https://user@loans.example",
            "ftp://loans.example",
            "https://loans.example,https://other.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn the_names_of_a_service_are_hosts() {
        for good in ["verifier.bank.example", "verifier"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "verifier:7480",
            "http://verifier",
            "a@verifier",
            "a b",
            "a/b",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
