//! Who and what the targets are about: made once a process, with keys that everybody knows, so that
//! committed inputs are signed by them in every process.

mod bank;
mod circuit;
mod custodian;
mod record;

use std::path::Path;
use std::sync::LazyLock;

use taxproof_claims::schema::Schema;
use taxproof_claims::signature::SigningKey;
use tempfile::TempDir;

pub(crate) use bank::{Bank, bank, key_file, request, trust, verifying_key};
pub(crate) use circuit::{SmallCurve, small};
pub(crate) use custodian::{Papers, custodian_papers};
pub(crate) use record::{
    commit, credential, enterprise, header, identity, registration, secrets, values,
};

/// When epochs are made: 2026-11-01.
pub(crate) const EPOCH_TIME: u64 = 1_793_491_200;
/// When everything else happens.
pub(crate) const NOW: u64 = EPOCH_TIME + 3600;
/// Who commits.
pub(crate) const AUTHORITY: &str = "zhejiang";
/// Who asks.
pub(crate) const BANK: &str = "bank-of-examples";

/// A folder that is gone when this is: in memory where the system has such, because some of what is
/// written to it waits until it is durable.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = match std::env::var_os("TMPDIR").is_none() && memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.expect("a temporary folder")
}

/// The built-in schema.
pub(crate) fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::cn_tax);
    &SCHEMA
}

/// The authority's key.
pub(crate) fn authority_key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(AUTHORITY_PEM));
    &KEY
}

/// The key of a bank, a log or a witness that uses international algorithms.
pub(crate) fn international_key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(include_str!("fixture/keys/bank.pem")));
    &KEY
}

/// The file of the authority's key.
pub(crate) const AUTHORITY_PEM: &str = include_str!("fixture/keys/authority.pem");

fn key(pem: &str) -> SigningKey {
    SigningKey::from_pem(pem).expect("the fixtures' keys are keys")
}

/// The policies of the repository, in TOML.
pub(crate) fn policies() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../policies");
    let files = std::fs::read_dir(folder).expect("the repository's policies");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(file.expect("an entry").path()).expect("a policy's file")
    };
    let mut policies: Vec<String> = files.map(read).collect();
    policies.sort();
    policies
}
