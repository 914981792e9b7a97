//! Every setting of `bank.toml`, and how a variable of the environment says it.

/// How a variable's text becomes a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it is: a name, an address, a path.
    Text,
    /// The path of a file with a secret in it.
    SecretFile,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// Texts with commas between them.
    Texts,
    /// `name=value` with commas between them.
    Names,
}

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in `bank.toml`, the table's name and a dot before it: `limits.connections`.
    pub key: &'static str,
    /// How a variable says it.
    pub kind: Kind,
}

impl Setting {
    /// The variable that overrides it: `TAXPROOF_LIMITS__CONNECTIONS`.
    pub fn variable(&self) -> String {
        let name = self.key.to_uppercase().replace('.', "__");
        format!("{PREFIX}{name}")
    }
}

/// What every variable of the service begins with.
pub(super) const PREFIX: &str = "TAXPROOF_";

use Kind::{Flag, Names, Number, SecretFile, Text, Texts};

const fn setting(key: &'static str, kind: Kind) -> Setting {
    Setting { key, kind }
}

/// Every setting. Tests hold it against [`Config`](super::Config) and against the documentation.
pub const SETTINGS: &[Setting] = &[
    setting("id", Text),
    setting("name", Text),
    setting("listen", Text),
    setting("web_origins", Texts),
    setting("server_names", Texts),
    setting("state", Text),
    setting("database", Text),
    setting("database_password_file", SecretFile),
    setting("mark", Text),
    setting("keys", Texts),
    setting("allow_dev_keys", Flag),
    setting("ceremony_keys", Texts),
    setting("trust", Text),
    setting("maximum_epoch_age", Number),
    setting("signing_key", SecretFile),
    setting("former_signing_keys", Texts),
    setting("identity", SecretFile),
    setting("schemas", Texts),
    setting("allow_plaintext_from_other_machines", Flag),
    setting("tls.certificate", Text),
    setting("tls.key", SecretFile),
    setting("tls.client_authorities", Text),
    setting("tls.anonymous_role", Text),
    setting("roles", Names),
    setting("log.witnesses", Texts),
    setting("log.cosignatures", Number),
    setting("limits.connections", Number),
    setting("limits.peer_connections", Number),
    setting("limits.handshake", Number),
    setting("limits.first_call", Number),
    setting("limits.call", Number),
    setting("limits.connection_age", Number),
    setting("limits.connection_grace", Number),
    setting("limits.peer_calls_per_second", Number),
    setting("limits.peer_calls_at_once", Number),
    setting("limits.presentations", Number),
    setting("limits.drain", Number),
    setting("metrics.listen", Text),
    setting("traces.endpoint", Text),
    setting("traces.ca", Text),
    setting("traces.sample", Number),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use taxproof_claims::digest::{Digest, Profile};
    use taxproof_claims::key::KeyFingerprint;
    use taxproof_claims::signature::SigningKey;

    use super::*;
    use crate::config::{Config, LogConfig, MetricsConfig, TlsConfig, TracesConfig};
    use crate::limits::Limits;
    use crate::roles::{Role, Roles};

    /// A configuration in which every setting is said. Whoever adds a setting adds it here.
    fn full() -> Config {
        let key = SigningKey::random(Profile::Sm).expect("randomness");
        Config {
            id: "bank".to_owned(),
            name: "Bank".to_owned(),
            listen: ([127, 0, 0, 1], 1).into(),
            web_origins: vec!["https://a.example".to_owned()],
            server_names: vec!["a.example".to_owned()],
            state: "s".into(),
            database: Some("postgres://bank@db/bank".to_owned()),
            database_password_file: Some("p".into()),
            mark: Some("m".into()),
            keys: vec!["k".into()],
            allow_dev_keys: true,
            ceremony_keys: vec![KeyFingerprint(Digest([7; 32]))],
            trust: "t".into(),
            maximum_epoch_age: Duration::from_secs(1),
            signing_key: "k".into(),
            former_signing_keys: vec![key.verifying_key()],
            identity: "i".into(),
            schemas: vec!["s".into()],
            allow_plaintext_from_other_machines: true,
            tls: Some(TlsConfig {
                certificate: "c".into(),
                key: "k".into(),
                client_authorities: "a".into(),
                anonymous_role: Some(Role::Auditor),
            }),
            roles: Roles::new([("a".to_owned(), Role::Admin)]),
            log: LogConfig {
                witnesses: vec!["w".to_owned()],
                cosignatures: 1,
            },
            limits: Limits {
                connections: 1,
                ..Limits::default()
            },
            metrics: Some(MetricsConfig {
                listen: ([127, 0, 0, 1], 2).into(),
            }),
            traces: Some(TracesConfig {
                endpoint: Some("http://127.0.0.1:4317".to_owned()),
                ca: Some("c".into()),
                sample: 0.5,
            }),
        }
    }

    /// The keys of a table, those of the tables in it with their names before them.
    fn keys(table: &toml::Table, before: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for (key, value) in table {
            let key = format!("{before}{key}");
            match value {
                toml::Value::Table(inner) if key != "roles" => {
                    all.extend(keys(inner, &format!("{key}.")));
                }
                _ => drop(all.insert(key)),
            }
        }
        all
    }

    #[test]
    fn the_table_has_every_setting_of_the_configuration() {
        let table = toml::Table::try_from(full()).expect("TOML");
        let listed = SETTINGS.iter().map(|setting| setting.key.to_owned());
        assert_eq!(keys(&table, ""), listed.collect());
    }

    #[test]
    fn every_setting_and_its_variable_are_documented() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
        let page = std::fs::read_to_string(path).expect("the page");
        for setting in SETTINGS {
            let (key, variable) = (setting.key, setting.variable());
            let row = page.lines().find(|line| {
                line.starts_with(&format!("| `{key}` |")) && line.contains(&format!("`{variable}`"))
            });
            assert!(
                row.is_some(),
                "docs/operations.md has no row for {key}, {variable}"
            );
        }
    }
}
