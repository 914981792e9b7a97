//! Files in TOML and JSON that others hand over or that somebody edits.

use taxproof_authority::registration;
use taxproof_claims::credential::Registration;
use taxproof_claims::schema::{Schema, SchemaError};
use taxproof_claims::trust::TrustList;
use taxproof_verifier::config::{Config, ConfigError, Environment};
use tempfile::TempDir;

use super::logs::witness_key;
use crate::Target;
use crate::fixture::{self, BANK, schema, trust};
use crate::input::{Input, chosen, short, text};
use crate::property::settled;

pub(super) const TRUST_LIST: Target = Target::new(
    "trust_list",
    |bytes| {
        settled(text(bytes), TrustList::from_toml, TrustList::to_toml);
    },
    || vec![trust().to_toml().into_bytes()],
)
.mebibytes(24);

pub(super) const SCHEMA: Target = Target::new(
    "schema",
    |bytes| {
        let mut input = Input::new(bytes);
        let schema = match input.below(2) {
            0 => settled(text(input.rest()), Schema::from_toml, toml_of),
            _ => settled(text(input.rest()), Schema::from_json, json_of),
        };
        if let Some(schema) = schema {
            let read = Schema::from_json(&json_of(&schema)).map(|s| s.digest());
            assert_eq!(read, Ok(schema.digest()));
            let read: Result<_, SchemaError> = Schema::from_toml(&toml_of(&schema));
            assert_eq!(read.map(|s| s.digest()), Ok(schema.digest()));
        }
    },
    || {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas");
        let brazil = std::fs::read(format!("{folder}/br-listed.toml"));
        vec![
            chosen(0, toml_of(schema())),
            chosen(0, brazil.expect("a schema of the repository")),
            chosen(1, json_of(schema())),
        ]
    },
)
.mebibytes(24);

fn toml_of(schema: &Schema) -> String {
    toml::to_string(schema).expect("a schema is a table")
}

fn json_of(schema: &Schema) -> String {
    let json = serde_json::to_value(schema).expect("a schema has text keys");
    json.to_string()
}

/// What an enterprise hands to a bureau.
pub(super) const REGISTRATION: Target = Target::new(
    "registration",
    |bytes| {
        let read = |text: &str| serde_json::from_str::<Registration>(text);
        let write = |registration: &Registration| {
            serde_json::to_string(registration).expect("a registration is texts")
        };
        if let Some(read) = settled(text(bytes), read, write) {
            let _ = registration::check(&read, schema());
        }
    },
    || {
        let registration = serde_json::to_vec_pretty(&fixture::registration());
        vec![registration.expect("a registration is texts")]
    },
);

/// A bank's configuration, with up to 255 bytes of variables that override it.
pub(super) const BANK_CONFIG: Target = Target::new(
    "bank_config",
    |bytes| {
        let mut input = Input::new(bytes);
        let overrides = text(input.short()).lines();
        let overrides = overrides.filter_map(|line| line.split_once('='));
        let overrides = overrides.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::of(overrides);
        let Ok(config) = read_config(input.rest(), &environment) else {
            return;
        };
        let written = toml::to_string(&config).expect("a configuration is a table");
        let again = read_config(written.as_bytes(), &Environment::default());
        assert!(
            again.is_ok_and(|again| again == config),
            "a configuration is read as another"
        );
    },
    || {
        let least = format!(
            "id = \"{BANK}\"\nname = \"Bank\"\nkeys = [\"q16.vk\"]\ntrust = \"trust.toml\"\n\
             signing_key = \"signing.pem\"\nidentity = \"identity.txt\"\n"
        );
        let most = format!(
            "{least}listen = \"[::1]:7480\"\nweb_origins = [\"https://loans.example\"]\n\
             state = \"state\"\ndatabase = \"postgres://user@host/name\"\n\
             database_password_file = \"password.txt\"\nmark = \"mark\"\nallow_dev_keys = true\n\
             ceremony_keys = [\"{}\"]\nmaximum_epoch_age = 86400\nschemas = [\"other.toml\"]\n\
             allow_plaintext_from_other_machines = true\n\
             [tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n\
             client_authorities = \"ca.pem\"\nanonymous_role = \"auditor\"\n\
             [roles]\n\"gateway.example\" = \"applicant-gateway\"\n\
             [log]\nwitnesses = [\"{}\"]\ncosignatures = 1\n\
             [limits]\nconnections = 9\npeer_calls_per_second = 10\n\
             [metrics]\nlisten = \"127.0.0.1:9464\"\n\
             [traces]\nendpoint = \"http://127.0.0.1:4317\"\nsample = 0.5\n",
            "ab".repeat(32),
            witness_key()
        );
        let overrides = short(
            b"TAXPROOF_LISTEN=127.0.0.1:1\nTAXPROOF_TRACES__SAMPLE=1\nTAXPROOF_KEYS=a.vk,b.vk",
        );
        for config in [&least, &most] {
            let read = read_config(config.as_bytes(), &Environment::default());
            read.expect("the seeds are configurations");
        }
        vec![
            chosen(0, &least),
            chosen(0, most),
            [overrides, least.into_bytes()].concat(),
        ]
    },
)
.mebibytes(24);

thread_local! {
    static FOLDER: TempDir = fixture::folder();
}

fn read_config(text: &[u8], environment: &Environment) -> Result<Config, ConfigError> {
    FOLDER.with(|folder| {
        let path = folder.path().join("bank.toml");
        std::fs::write(&path, text).expect("a temporary file");
        Config::read(&path, environment)
    })
}
