//! `taxproof bank trust`: the bank's entry for wallets, and whom the bank trusts.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_claims::trust::{TrustList, TrustedBank};
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{GetBankRequest, ListAuthoritiesRequest};
use taxproof_verifier::config::Folder;

use super::epoch::Epoch;
use super::remote::{Listing, message};

/// Whose entry to print.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    /// The bank's folder.
    #[arg(long, required = true)]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What else to print of trust.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what a service accepts: authorities, their keys, and verifying keys.
    List(Listing),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match (&arguments.command, &arguments.dir) {
        (Some(Command::List(listing)), _) => list(listing),
        (None, dir) => entry(dir.as_deref().unwrap_or(Path::new("."))),
    }
}

/// The `[[bank]]` entry alone, to be added to another list.
fn entry(dir: &Path) -> anyhow::Result<()> {
    let folder = Folder::open(&super::config(dir)?)?;
    let bank = TrustedBank {
        id: folder.config.id,
        name: folder.config.name,
        key: folder.signing_key.verifying_key(),
    };
    let list = TrustList {
        banks: vec![bank],
        ..TrustList::default()
    };
    print!("{}", list.to_toml());
    Ok(())
}

#[derive(Serialize)]
struct Accepted {
    bank: String,
    verifying_key: String,
    authorities: Vec<Authority>,
    proof_keys: Vec<ProofKey>,
}

#[derive(Serialize)]
struct Authority {
    id: String,
    name: String,
    verifying_key: String,
    accepted_since: u64,
    newest_epoch: Option<Epoch>,
}

#[derive(Serialize)]
struct ProofKey {
    fingerprint: String,
    shape: String,
    curve: String,
    circuit_version: u32,
    provenance: String,
    accepted_since: u64,
}

fn list(listing: &Listing) -> anyhow::Result<()> {
    let accepted = super::runtime()?.block_on(accepted(listing))?;
    if listing.json {
        println!("{}", serde_json::to_string_pretty(&accepted)?);
        return Ok(());
    }
    println!("bank {} {}", accepted.bank, accepted.verifying_key);
    for authority in &accepted.authorities {
        println!("authority {} {}", authority.id, authority.verifying_key);
    }
    for key in &accepted.proof_keys {
        let ProofKey {
            fingerprint,
            shape,
            curve,
            provenance,
            ..
        } = key;
        println!("verifying key {fingerprint} {shape} {curve}: {provenance}");
    }
    Ok(())
}

async fn accepted(listing: &Listing) -> anyhow::Result<Accepted> {
    let mut client = TrustServiceClient::new(listing.server.connect().await?);
    let bank = client.get_bank(GetBankRequest {}).await;
    let bank = bank.map_err(message)?.into_inner();
    let authorities = client.list_authorities(ListAuthoritiesRequest {}).await;
    let authorities = authorities.map_err(message)?.into_inner().authorities;
    let authorities = authorities.into_iter().map(|authority| Authority {
        id: authority.id,
        name: authority.name,
        verifying_key: authority.verifying_key,
        accepted_since: authority.accepted_since,
        newest_epoch: authority.newest_epoch.map(Epoch::from),
    });
    let proof_keys = bank.proof_keys.into_iter().map(|key| ProofKey {
        fingerprint: key.fingerprint,
        shape: key.shape,
        curve: key.curve,
        circuit_version: key.circuit_version,
        provenance: key.provenance,
        accepted_since: key.accepted_since,
    });
    Ok(Accepted {
        bank: bank.id,
        verifying_key: bank.verifying_key,
        authorities: authorities.collect(),
        proof_keys: proof_keys.collect(),
    })
}
