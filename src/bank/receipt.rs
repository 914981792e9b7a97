//! `taxproof bank receipt`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_claims::digest::Digest;
use taxproof_verifier::bank::{Bank, Clock};
use taxproof_verifier::config::Folder;
use taxproof_verifier::receipt::Receipt;

/// What to do with receipts.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints the receipt of a request from a bank's folder, its signature verified.
    Show(ShowArguments),
}

/// Which receipt.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The bank's folder.
    #[arg(long)]
    dir: PathBuf,
    /// The request's id.
    id: Digest,
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Show(arguments) = command;
    let folder = Folder::open(&super::config(&arguments.dir))?;
    let kept = super::runtime()?.block_on(async {
        let bank = Bank::open(folder, Clock::system()).await?;
        let kept = bank.store().receipt(arguments.id).await?;
        let kept = kept.context("the request was not decided")?;
        kept.signed
            .verify(&bank.verifying_key())
            .context("the receipt is not this bank's")?;
        anyhow::Ok(kept)
    })?;
    let printed = Printed::of(&kept.signed.receipt);
    println!("{}", serde_json::to_string_pretty(&printed)?);
    Ok(())
}

/// A receipt as it is printed.
#[derive(Serialize)]
struct Printed<'a> {
    digest: Digest,
    bank: &'a str,
    sequence: u64,
    previous: Digest,
    request: Digest,
    policy: Digest,
    authority: &'a str,
    epoch: u64,
    epoch_header: Digest,
    key: Digest,
    provenance: String,
    decided_at: u64,
    verdict: &'static str,
    failed_rules: &'a [String],
    band: Option<u32>,
    pseudonym: Digest,
    disclosed_id: &'a str,
    outcome: u64,
    consent: u64,
    proof_bytes: usize,
}

impl<'a> Printed<'a> {
    fn of(receipt: &'a Receipt) -> Self {
        let presentation = &receipt.presentation;
        Self {
            digest: receipt.digest(),
            bank: &receipt.bank,
            sequence: receipt.sequence,
            previous: receipt.previous,
            request: presentation.request,
            policy: receipt.policy,
            authority: presentation.epoch.authority.as_str(),
            epoch: receipt.epoch,
            epoch_header: presentation.epoch.header,
            key: receipt.key.0,
            provenance: receipt.provenance.to_string(),
            decided_at: receipt.decided_at,
            verdict: if receipt.passed { "passed" } else { "failed" },
            failed_rules: &receipt.failed_rules,
            band: receipt.band,
            pseudonym: presentation.pseudonym,
            disclosed_id: &presentation.disclosed_id,
            outcome: presentation.outcome,
            consent: presentation.consent,
            proof_bytes: presentation.proof.len(),
        }
    }
}
