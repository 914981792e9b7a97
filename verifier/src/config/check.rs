//! Checking a bank's folder without starting its service.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use taxproof_claims::date::Date;

use super::folder::Parts;
use super::{Config, ConfigError, Environment, SETTINGS, Secret, Setting};
use crate::epoch_log::Witnessing;
use crate::limits::CERTIFICATE_WARNING;
use crate::roles::Role;
use crate::service::Settings;
use crate::store::Location;
use crate::transport::{Ends, Security};

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Good(String),
    /// The service begins with it, and somebody should look at it.
    Doubt(String),
    /// The service does not begin with it, or can do nothing.
    Wrong(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(what) => write!(f, "ok: {what}"),
            Self::Doubt(what) => write!(f, "warning: {what}"),
            Self::Wrong(what) => write!(f, "error: {what}"),
        }
    }
}

/// What was found of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Everything, in the order of the configuration.
    pub findings: Vec<Finding>,
    /// The configuration in force as TOML, defaults and variables included and secrets left out;
    /// none where it does not parse.
    pub effective: Option<String>,
}

impl Report {
    /// Whether the service would begin, and could work.
    pub fn is_good(&self) -> bool {
        let wrong = |finding: &Finding| matches!(finding, Finding::Wrong(_));
        !self.findings.iter().any(wrong)
    }
}

/// Reads a configuration, what overrides it, and every file that it names; writes nothing and
/// connects to nothing. `now` counts seconds since 1970-01-01T00:00:00Z.
pub fn check(path: &Path, environment: &Environment, now: u64) -> Report {
    let config = match Config::read(path, environment) {
        Ok(config) => config,
        Err(why) => {
            return Report {
                findings: vec![Finding::Wrong(why.to_string())],
                effective: None,
            };
        }
    };
    let effective = effective(&config, environment);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut checking = Checking {
        parts: Parts {
            config,
            folder,
            environment,
        },
        findings: Vec::new(),
    };
    checking.all(now);
    Report {
        findings: checking.findings,
        effective: Some(effective),
    }
}

struct Checking<'a> {
    parts: Parts<'a>,
    findings: Vec<Finding>,
}

impl Checking<'_> {
    fn all(&mut self, now: u64) {
        self.variables();
        self.keys();
        self.trust();
        self.log();
        self.secrets();
        let schemas = self.parts.schemas();
        self.note(schemas, |schemas| format!("{} schemas", schemas.len()));
        let database = self.parts.database();
        self.note(database, described);
        self.state();
        self.security(now);
        let collector = self.parts.collector();
        self.note(collector, |collector| match collector {
            Some(collector) => format!("traces: {collector:?}"),
            None => "traces: none".to_owned(),
        });
    }

    fn note<T>(&mut self, found: Result<T, ConfigError>, say: impl FnOnce(&T) -> String) {
        self.findings.push(match found {
            Ok(found) => Finding::Good(say(&found)),
            Err(why) => Finding::Wrong(why.to_string()),
        });
    }

    fn doubt(&mut self, what: impl Into<String>) {
        self.findings.push(Finding::Doubt(what.into()));
    }

    fn variables(&mut self) {
        let strangers: Vec<_> = self.parts.environment.strangers().collect();
        let doubts = strangers.into_iter().map(|name| {
            Finding::Doubt(format!(
                "the variable {name} looks like a setting and is none: is it misspelt?"
            ))
        });
        self.findings.extend(doubts.collect::<Vec<_>>());
    }

    fn keys(&mut self) {
        let keys: Vec<_> = self.parts.keys().collect();
        let mut seen = Vec::new();
        for key in keys {
            if let Ok(key) = &key {
                let fingerprint = key.header().fingerprint;
                if seen.contains(&fingerprint) {
                    self.doubt(format!("`keys` names the key {fingerprint} twice"));
                }
                seen.push(fingerprint);
            }
            self.note(key, |key| {
                let header = key.header();
                format!(
                    "key {} {} {}: {}",
                    header.shape, header.curve, header.fingerprint, header.provenance
                )
            });
        }
        if self.parts.config.allow_dev_keys {
            self.doubt("`allow_dev_keys`: whoever made such a key can forge any proof");
        }
    }

    fn trust(&mut self) {
        let trust = self.parts.trust();
        if trust.as_ref().is_ok_and(|list| list.authorities.is_empty()) {
            let path = self.parts.config.trust.display();
            let why = format!("{path} names no authority: no epoch could be accepted");
            self.findings.push(Finding::Wrong(why));
            return;
        }
        self.note(trust, |list| {
            let names = list
                .authorities
                .iter()
                .map(|authority| authority.id.as_str());
            format!("authorities {}", names.collect::<Vec<_>>().join(", "))
        });
    }

    fn log(&mut self) {
        let witnessing = self.parts.config.log.witnessing();
        let known = witnessing
            .as_ref()
            .ok()
            .map(|witnessing| witnessing.required);
        self.note(
            witnessing,
            |Witnessing {
                 witnesses,
                 required,
             }| {
                format!(
                    "logs: cosigned by {required} of {} witnesses",
                    witnesses.len()
                )
            },
        );
        if known == Some(0) {
            self.doubt(
                "`log.cosignatures` is 0: an authority could show this bank a history of its own",
            );
        }
    }

    fn secrets(&mut self) {
        let signing_key = self.parts.signing_key();
        self.note(signing_key, |key| {
            format!("signing key of {}", key.verifying_key())
        });
        let identity = self.parts.identity();
        self.note(identity, |identity| {
            format!("identity of {}", identity.recipient())
        });
    }

    /// What the service writes to: a folder, where it is there.
    fn state(&mut self) {
        let mark = self.parts.mark();
        let folders = [
            Some(self.parts.folder.join(&self.parts.config.state)),
            mark.parent().map(Path::to_owned),
        ];
        for folder in folders.into_iter().flatten() {
            if folder.exists() && !folder.is_dir() {
                let why = format!("{} is no folder", folder.display());
                self.findings.push(Finding::Wrong(why));
            }
        }
        if let Err(why) = crate::mark::Mark::open(&mark) {
            self.findings.push(Finding::Wrong(why.to_string()));
        }
    }

    fn security(&mut self, now: u64) {
        let security = match self.parts.security() {
            Ok(security) => security,
            Err(why) => return self.findings.push(Finding::Wrong(why.to_string())),
        };
        let config = &self.parts.config;
        let settings = Settings::new(config, security.clone());
        if let Err(why) = settings.check() {
            self.findings.push(Finding::Wrong(why.to_string()));
        }
        let Security::Tls { tls, anonymous, .. } = security else {
            let listen = self.parts.config.listen;
            return self.doubt(format!(
                "without `tls`, whoever reaches {listen} may do everything"
            ));
        };
        let held = |role: &Role| config.roles.has(*role) || anonymous == Some(*role);
        let nobodys = Role::ALL.into_iter().filter(|role| !held(role));
        let doubts = nobodys.map(|role| Finding::Doubt(format!("nobody has the role {role}")));
        self.findings.extend(doubts.collect::<Vec<_>>());
        let Ends {
            certificate,
            client_authorities,
        } = tls.ends();
        self.end("the service's certificate", certificate, now);
        self.end("the clients' authorities", client_authorities, now);
    }

    fn end(&mut self, what: &str, end: u64, now: u64) {
        let day = Date::of_unix_seconds(end).map_or_else(|| "ever".to_owned(), |d| d.to_string());
        self.findings.push(match end.checked_sub(now) {
            None => Finding::Wrong(format!("{what} ended on {day}: renew it")),
            Some(left) if Duration::from_secs(left) < CERTIFICATE_WARNING => {
                Finding::Doubt(format!("{what} ends on {day}: renew it"))
            }
            Some(_) => Finding::Good(format!("{what}: until {day}")),
        });
    }
}

/// The database without its password.
fn described(database: &Location) -> String {
    format!("database {database:?}")
}

/// The configuration in force.
fn effective(config: &Config, environment: &Environment) -> String {
    let mut table = toml::Table::try_from(config).expect("a configuration has text keys");
    let mut say = |key: &str, value: toml::Value| drop(table.insert(key.to_owned(), value));
    let limits = toml::Value::try_from(&config.limits).expect("limits are numbers");
    say("limits", limits);
    let age = config.maximum_epoch_age.as_secs_f64();
    say("maximum_epoch_age", age.into());
    let plaintext = config.allow_plaintext_from_other_machines;
    say("allow_plaintext_from_other_machines", plaintext.into());
    let mut text = toml::to_string(&table).expect("a table is TOML");
    let overrides = SETTINGS.iter().map(Setting::variable);
    for variable in overrides.filter(|name| environment.other(name).is_some()) {
        text.push_str(&format!("# from the variable {variable}\n"));
    }
    for secret in Secret::ALL {
        if environment.secret(secret).is_some() {
            text.push_str(&format!(
                "# a secret, not shown, from {}\n",
                secret.variable()
            ));
        }
    }
    text
}
