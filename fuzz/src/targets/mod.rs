//! The targets, one module for those who read alike.

mod authority;
mod bundles;
mod bureau;
mod custodians;
mod evidence;
mod keys;
mod logs;
mod names;
mod objects;
mod parquet;
mod policies;
mod requests;
mod served;
mod service;
mod settings;
mod snarkjs;
mod submissions;
mod wallet;

use crate::Target;

/// Every target. A constant's functions would be compiled again in each crate that names it.
pub static TARGETS: &[Target] = &[
    objects::PRESENTATION,
    objects::REQUEST,
    objects::EPOCH_HEADER,
    objects::CREDENTIAL,
    bundles::ISSUED,
    bundles::BUNDLE,
    objects::RECEIPT,
    objects::SEALED,
    names::NAMES,
    names::SECRET_KEYS,
    policies::POLICY_TOML,
    policies::POLICY_JSON,
    policies::POLICY_CANONICAL,
    policies::POLICY_TREE,
    policies::POLICY_WIDE,
    policies::PARAMETERS,
    keys::PROOF,
    keys::VERIFYING_KEY,
    keys::VERIFYING_KEY_POINTS,
    keys::REDUCED_KEY,
    keys::PROVING_KEY,
    keys::PREPARED_KEY,
    evidence::EVIDENCE,
    service::SERVICE,
    submissions::SUBMISSION,
    submissions::LOGGED_EPOCH,
    requests::QUESTION,
    wallet::WALLET,
    wallet::IMPORT,
    settings::TRUST_LIST,
    settings::SCHEMA,
    settings::REGISTRATION,
    settings::BANK_CONFIG,
    authority::MAPPING,
    authority::FILINGS,
    authority::LEDGER,
    custodians::CUSTODIAN_REQUEST,
    custodians::CUSTODIAN,
    authority::NUMBERS,
    parquet::PARQUET,
    bureau::BUREAU,
    logs::NOTE,
    logs::CHECKPOINT,
    logs::COSIGNATURES,
    logs::INCLUSION_PROOF,
    logs::WITNESS_REQUEST,
    logs::FORK,
    logs::BUNDLE,
    logs::TILES,
    logs::TREE_PROOFS,
    snarkjs::R1CS,
    snarkjs::WTNS,
    snarkjs::SYMBOLS,
    snarkjs::ZKEY,
    snarkjs::VERIFICATION_KEY,
    snarkjs::PROOF,
    snarkjs::PUBLIC,
];
