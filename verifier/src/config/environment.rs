//! Variables of the environment that override settings or hold secrets.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use toml::Value;
use zeroize::Zeroizing;

use super::settings::{Kind, PREFIX, SETTINGS, Setting};
use super::{Config, ConfigError, files};

/// A secret that a variable can hold instead of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// The database's password.
    DatabasePassword,
    /// The key that signs requests and receipts.
    SigningKey,
    /// The key that opens presentations.
    Identity,
}

impl Secret {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::DatabasePassword, Self::SigningKey, Self::Identity];

    /// The variable that holds it.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::DatabasePassword => "TAXPROOF_SECRET_DATABASE_PASSWORD",
            Self::SigningKey => "TAXPROOF_SECRET_SIGNING_KEY",
            Self::Identity => "TAXPROOF_SECRET_IDENTITY",
        }
    }
}

/// What a variable that holds a secret begins with.
const SECRET: &str = "TAXPROOF_SECRET_";

/// What a variable that overrides a setting of a table has in it. No other software's variables do:
/// not those that Kubernetes makes for a service named `taxproof`, for instance.
const INNER: &str = "__";

/// The service's variables. An empty one is as good as none.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, Zeroizing<String>>);

impl Environment {
    /// The process's own.
    ///
    /// # Errors
    /// A variable of the service is not text.
    pub fn of_process() -> Result<Self, ConfigError> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| is_ours(name)) else {
                continue;
            };
            let value = value.into_string().map_err(|_| ConfigError::Variable {
                name: name.to_owned(),
                why: "is not text in UTF-8",
            })?;
            variables.push((name.to_owned(), value));
        }
        Ok(Self::of(variables))
    }

    /// Any other.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = variables.into_iter().filter(|(_, value)| !value.is_empty());
        Self(
            variables
                .map(|(name, value)| (name, value.into()))
                .collect(),
        )
    }

    /// A secret, if a variable holds it.
    pub fn secret(&self, secret: Secret) -> Option<Zeroizing<String>> {
        self.0.get(secret.variable()).cloned()
    }

    /// A variable that is not the service's own.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }

    /// Variables that look like the service's and are not: perhaps misspelt.
    pub fn strangers(&self) -> impl Iterator<Item = &str> {
        let names = self.0.keys().map(String::as_str);
        names.filter(|name| name.starts_with(PREFIX) && known(name).is_none() && !is_secret(name))
    }

    /// The settings that variables say, with their values.
    pub(super) fn overrides(&self) -> Result<Vec<(Setting, Value)>, ConfigError> {
        let mut overrides = Vec::new();
        for (name, text) in &self.0 {
            let error = |why| ConfigError::Variable {
                name: name.clone(),
                why,
            };
            match known(name) {
                Some(setting) => {
                    overrides.push((setting, value(setting.kind, text).map_err(error)?));
                }
                None if is_secret(name) || !name.starts_with(PREFIX) => {}
                None if name.starts_with(SECRET) => return Err(error("is no secret's variable")),
                None if name.contains(INNER) => return Err(error("is no setting's variable")),
                None => {}
            }
        }
        Ok(overrides)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secret.
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) || name.starts_with("OTEL_")
}

fn is_secret(name: &str) -> bool {
    Secret::ALL.iter().any(|secret| secret.variable() == name)
}

fn known(name: &str) -> Option<Setting> {
    let mut settings = SETTINGS.iter().copied();
    settings.find(|setting| setting.variable() == name)
}

/// A setting's value from a variable's text. What is wrong never repeats the text: it may be secret.
fn value(kind: Kind, text: &str) -> Result<Value, &'static str> {
    Ok(match kind {
        Kind::Text => text.into(),
        Kind::SecretFile if files::looks_secret(text) => {
            return Err(
                "holds a secret where a file's name belongs: see the variables \
                        TAXPROOF_SECRET_…",
            );
        }
        Kind::SecretFile => text.into(),
        Kind::Flag => match text {
            "true" => true.into(),
            "false" => false.into(),
            _ => return Err("is neither `true` nor `false`"),
        },
        Kind::Number => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => whole.into(),
            (_, Ok(part)) if part.is_finite() => part.into(),
            _ => return Err("is no number"),
        },
        Kind::Texts => Value::Array(items(text).map(Value::from).collect()),
        Kind::Names => {
            let mut names = toml::Table::new();
            for item in items(text) {
                let (name, role) = item.rsplit_once('=').ok_or("is not written NAME=ROLE,…")?;
                names.insert(name.trim().to_owned(), role.trim().into());
            }
            Value::Table(names)
        }
    })
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// A configuration with some settings changed.
pub(super) fn overridden(
    path: &Path,
    text: &str,
    overrides: &[(Setting, Value)],
) -> Result<Config, ConfigError> {
    let mut table: toml::Table = toml::from_str(text).map_err(|why| ConfigError::Syntax {
        path: path.to_owned(),
        why: Box::new(why),
    })?;
    for (setting, value) in overrides {
        let (inner, key) = match setting.key.split_once('.') {
            Some((name, key)) => {
                let empty = || Value::Table(toml::Table::new());
                let inner = table.entry(name).or_insert_with(empty);
                (inner.as_table_mut(), key)
            }
            None => (Some(&mut table), setting.key),
        };
        // Something else than a table stays, and is refused below.
        if let Some(inner) = inner {
            inner.insert(key.to_owned(), value.clone());
        }
    }
    let variables: Vec<_> = overrides.iter().map(|(s, _)| s.variable()).collect();
    table.try_into().map_err(|why| ConfigError::Overridden {
        path: path.to_owned(),
        variables: variables.join(", "),
        why: Box::new(why),
    })
}

#[cfg(test)]
mod tests {
    use taxproof_claims::digest::Profile;
    use taxproof_claims::signature::SigningKey;

    use super::*;
    use crate::roles::{Caller, Role};

    const FILE: &str = r#"
id = "bank"
name = "Bank"
keys = ["a.vk"]
trust = "trust.toml"
signing_key = "signing.pem"
identity = "identity.txt"
[limits]
connections = 7
"#;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Environment::of(variables.iter().map(own))
    }

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bank.toml");
        std::fs::write(&path, FILE).expect("written");
        Config::read(&path, &environment(variables))
    }

    /// Every setting can be said by its variable; a value is chosen by its kind.
    #[test]
    fn every_setting_has_a_variable_that_changes_it() {
        let former = SigningKey::random(Profile::Sm).expect("randomness");
        let former = former.verifying_key().to_string();
        for setting in SETTINGS {
            let said = match (setting.key, setting.kind) {
                ("listen" | "metrics.listen", _) => "127.0.0.1:1234",
                ("web_origins", _) => "https://a.example, https://b.example",
                ("ceremony_keys", _) => {
                    "0707070707070707070707070707070707070707070707070707070707070707"
                }
                ("former_signing_keys", _) => former.as_str(),
                ("tls.anonymous_role", _) => "auditor",
                ("traces.sample", _) => "0.25",
                (_, Kind::Text | Kind::SecretFile) => "other",
                (_, Kind::Number) => "3",
                (_, Kind::Flag) => "true",
                (_, Kind::Texts) => "x,y",
                (_, Kind::Names) => "spiffe://a=admin, b.example = auditor",
            };
            let variable = setting.variable();
            let mut variables = vec![(variable.as_str(), said)];
            let tls = ["certificate", "key", "client_authorities"]
                .map(|key| format!("TAXPROOF_TLS__{}", key.to_uppercase()));
            if setting.key.starts_with("tls.") || setting.key == "roles" {
                let others = tls.iter().filter(|other| **other != variable);
                variables.extend(others.map(|other| (other.as_str(), "f.pem")));
            }
            let config = read(&variables).unwrap_or_else(|why| panic!("{variable}: {why}"));
            let table = toml::Table::try_from(&config).expect("TOML");
            let mut found = Some(&Value::Table(table));
            for part in setting.key.split('.') {
                found = found.and_then(|value| value.get(part));
            }
            let found = found.unwrap_or_else(|| panic!("{variable} changes nothing"));
            let expected = value(setting.kind, said).expect("a value");
            let same = match (found.as_float(), expected.as_integer()) {
                (Some(found), Some(expected)) => found == expected as f64,
                _ => *found == expected,
            };
            assert!(same, "{variable}: {found}");
        }
    }

    #[test]
    fn what_is_not_said_stays_as_the_file_has_it() {
        let config = read(&[("TAXPROOF_NAME", "12"), ("TAXPROOF_LIMITS__DRAIN", "0.5")]);
        let config = config.expect("reads");
        assert_eq!((config.name.as_str(), config.limits.connections), ("12", 7));
        let empty = read(&[("TAXPROOF_NAME", "")]).expect("reads");
        assert_eq!(empty.name, "Bank");
        let roles = [
            ("TAXPROOF_TLS__CERTIFICATE", "c"),
            ("TAXPROOF_TLS__KEY", "k"),
            ("TAXPROOF_TLS__CLIENT_AUTHORITIES", "a"),
            ("TAXPROOF_ROLES", "spiffe://bank/a=b=admin"),
        ];
        let roles = read(&roles).expect("reads").roles;
        let caller = roles.caller(&["spiffe://bank/a=b"]);
        assert!(matches!(
            caller,
            Caller::Named {
                role: Some(Role::Admin),
                ..
            }
        ));
    }

    #[test]
    fn misspelt_variables_are_refused_or_told_and_foreign_ones_told() {
        for bad in [
            ("TAXPROOF_LIMITS__CONECTIONS", "3"),
            ("TAXPROOF_SECRET_SIGNINGKEY", "hush"),
            ("TAXPROOF_LIMITS__CONNECTIONS", "hush"),
            ("TAXPROOF_ALLOW_DEV_KEYS", "hush"),
            ("TAXPROOF_ROLES", "hush"),
            ("TAXPROOF_SIGNING_KEY", "-----BEGIN hush"),
            ("TAXPROOF_IDENTITY", "AGE-SECRET-KEY-1hush"),
        ] {
            let refused = read(&[bad]).expect_err(bad.0);
            let shown = format!("{refused} {refused:?}");
            assert!(shown.contains(bad.0) && !shown.contains("hush"), "{shown}");
        }
        let refused = read(&[("TAXPROOF_LISTEN", "nowhere")]).expect_err("no address");
        assert!(refused.to_string().contains("TAXPROOF_LISTEN"), "{refused}");
        let kubernetes = [
            ("TAXPROOF_PORT", "tcp://10.0.0.1:7480"),
            ("TAXPROOF_SERVICE_HOST", "10.0.0.1"),
            ("TAXPROOF_SECRET_IDENTITY", "hush"),
            ("OTEL_SERVICE_NAME", "x"),
        ];
        read(&kubernetes).expect("reads");
        let environment = environment(&kubernetes);
        let strangers: Vec<_> = environment.strangers().collect();
        assert_eq!(strangers, ["TAXPROOF_PORT", "TAXPROOF_SERVICE_HOST"]);
        assert!(!format!("{environment:?}").contains("hush"));
    }
}
