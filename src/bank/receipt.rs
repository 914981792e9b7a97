//! `taxproof bank receipt`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::KeyFingerprint;
use taxproof_claims::trust::TrustList;
use taxproof_proto::v1::decision_service_client::DecisionServiceClient;
use taxproof_proto::v1::receipt_service_client::ReceiptServiceClient;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{ExportEvidenceRequest, GetBankRequest, ListDecisionsRequest};
use taxproof_verifier::bank::{Bank, Clock};
use taxproof_verifier::chain::Chain;
use taxproof_verifier::config::Folder;
use taxproof_verifier::evidence::{Evidence, Verified};
use taxproof_verifier::receipt::{Receipt, SignedReceipt};

use super::remote::{self, Server, Tls};

/// What to do with receipts.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints the receipt of a request from a bank's folder, its signature verified.
    Show(ShowArguments),
    /// Writes a receipt with all that it follows from to one file, for an auditor.
    Export(ExportArguments),
    /// Verifies an evidence file again, proof included, without the bank.
    Verify(VerifyArguments),
    /// Verifies the whole chain of a bank's receipts: none missing, each signed.
    Audit(AuditArguments),
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

/// Which receipt to export, and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    source: Source,
    /// The request's id.
    id: Digest,
    /// The evidence file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Which evidence to verify, and whom to trust.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The evidence file.
    file: PathBuf,
    /// A trust list that must name the bank's and the authority's keys; may be given more than
    /// once.
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// The fingerprint of a verifying key that proofs may be of, as `taxproof setup inspect` prints
    /// it; may be given more than once.
    #[arg(long, value_name = "FINGERPRINT")]
    key: Vec<KeyFingerprint>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Which chain to walk along.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    #[command(flatten)]
    source: Source,
    /// The trust list with the bank's key, which the receipts of a service must be signed with; a
    /// folder has the bank's keys itself.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "dir",
        conflicts_with = "dir"
    )]
    trust: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// A bank's folder, or its service.
#[derive(Debug, Args)]
struct Source {
    /// The bank's folder.
    #[arg(long, required_unless_present = "url", conflicts_with_all = ["url", "ca"])]
    dir: Option<PathBuf>,
    /// The bank's service.
    #[arg(long = "server", value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    tls: Tls,
}

impl Source {
    fn server(&self) -> Option<Server> {
        let url = self.url.clone()?;
        Some(Server::at(url, self.tls.clone()))
    }

    async fn bank(&self) -> anyhow::Result<Arc<Bank>> {
        open(self.dir.as_deref().unwrap_or(Path::new("."))).await
    }
}

async fn open(dir: &Path) -> anyhow::Result<Arc<Bank>> {
    let folder = Folder::open(&super::config(dir)?)?;
    Ok(Arc::new(Bank::open(folder, Clock::system()).await?))
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Show(arguments) => show(arguments),
        Command::Export(arguments) => export(arguments),
        Command::Verify(arguments) => verify(arguments),
        Command::Audit(arguments) => audit(arguments),
    }
}

fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
    let kept = super::runtime()?.block_on(async {
        let bank = open(&arguments.dir).await?;
        anyhow::Ok(bank.receipt_of(&arguments.id.to_string()).await?)
    })?;
    let printed = Printed::of(&kept.signed.receipt);
    println!("{}", serde_json::to_string_pretty(&printed)?);
    Ok(())
}

fn export(arguments: &ExportArguments) -> anyhow::Result<()> {
    let request_id = arguments.id.to_string();
    let evidence = match arguments.source.server() {
        Some(server) => {
            let answer = server.call(async |channel| {
                let mut client = ReceiptServiceClient::new(channel);
                let request = ExportEvidenceRequest { request_id };
                client.export_evidence(request).await
            })?;
            answer.evidence
        }
        None => super::runtime()?.block_on(async {
            let bank = arguments.source.bank().await?;
            anyhow::Ok(bank.evidence(&request_id).await?.encode())
        })?,
    };
    let out = &arguments.out;
    std::fs::write(out, evidence).with_context(|| out.display().to_string())?;
    eprintln!("wrote {}", out.display());
    Ok(())
}

#[derive(Serialize)]
struct PrintedEvidence<'a> {
    purpose: &'a str,
    policy_id: &'a str,
    policy_version: u32,
    bank_key: String,
    authority_key: String,
    anchors_trusted: bool,
    receipt: Printed<'a>,
}

fn verify(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let file = &arguments.file;
    let read =
        || -> anyhow::Result<Verified> { Ok(Evidence::decode(&super::read(file)?)?.verify()?) };
    let verified = read().with_context(|| file.display().to_string())?;
    if !arguments.trust.is_empty() {
        verified.ensure_trusted(&trust(&arguments.trust)?)?;
    }
    if !arguments.key.is_empty() {
        verified.ensure_key(&arguments.key)?;
    }
    let trusted = !arguments.trust.is_empty() && !arguments.key.is_empty();
    let printed = PrintedEvidence {
        purpose: &verified.purpose,
        policy_id: verified.policy.id(),
        policy_version: verified.policy.version(),
        bank_key: verified.bank_key.to_string(),
        authority_key: verified.authority_key.to_string(),
        anchors_trusted: trusted,
        receipt: Printed::of(&verified.receipt),
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&printed)?);
    } else {
        let Printed {
            verdict,
            request,
            bank,
            sequence,
            key,
            provenance,
            authority,
            epoch,
            ..
        } = &printed.receipt;
        println!("{verdict}");
        println!("record: {authority}, epoch {epoch}");
        println!("request: {request}");
        println!("policy: {}", printed.policy_id);
        println!("receipt: {sequence} of {bank}");
        println!("verifying key: {key}, {provenance}");
        println!("bank's key: {}", printed.bank_key);
        println!("authority's key: {}", printed.authority_key);
    }
    eprintln!("everything verifies, the proof included");
    if arguments.trust.is_empty() {
        eprintln!(
            "warning: the bank's and the authority's key are what the file says: name a trust list with \
             `--trust`"
        );
    }
    if arguments.key.is_empty() {
        eprintln!(
            "warning: the verifying key is what the file says, and whoever made it could have forged \
             the proof: name those that you trust with `--key`"
        );
    }
    Ok(())
}

fn trust(files: &[PathBuf]) -> anyhow::Result<TrustList> {
    let mut all = TrustList::default();
    for file in files {
        let list = TrustList::from_toml(&super::read_text(file)?);
        let list = list.with_context(|| file.display().to_string())?;
        all.banks.extend(list.banks);
        all.authorities.extend(list.authorities);
    }
    Ok(all)
}

#[derive(Serialize)]
struct PrintedChain {
    bank: String,
    receipts: u64,
    head: Digest,
}

fn audit(arguments: &AuditArguments) -> anyhow::Result<()> {
    let (bank, chain) = super::runtime()?.block_on(async {
        match arguments.source.server() {
            Some(server) => audit_service(&server, arguments.trust.as_deref()).await,
            None => audit_folder(&arguments.source).await,
        }
    })?;
    let printed = PrintedChain {
        bank,
        receipts: chain.length(),
        head: chain.head(),
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&printed)?);
    } else {
        println!("{} receipts, the last {}", printed.receipts, printed.head);
    }
    eprintln!("the chain is whole and every receipt signed");
    eprintln!("hint: keep this number and digest: receipts taken off the end show only there");
    Ok(())
}

async fn audit_folder(source: &Source) -> anyhow::Result<(String, Chain)> {
    let bank = source.bank().await?;
    let damages = bank.store().damages().await?;
    if let Some(first) = damages.first() {
        bail!("the database is damaged: {first}");
    }
    Ok((bank.id().to_owned(), bank.audit().await??))
}

/// Reads every receipt over gRPC; the keys are the auditor's.
async fn audit_service(server: &Server, trusted: Option<&Path>) -> anyhow::Result<(String, Chain)> {
    let files: Vec<PathBuf> = trusted.map(Path::to_owned).into_iter().collect();
    let trust = trust(&files)?;
    let channel = server.connect().await?;
    let bank = TrustServiceClient::new(channel.clone())
        .get_bank(GetBankRequest {})
        .await
        .map_err(remote::message)?;
    let bank = bank.into_inner().id;
    let named = trust.banks.into_iter().filter(|named| named.id == bank);
    let keys: Vec<_> = named.map(|named| named.key).collect();
    if keys.is_empty() {
        bail!("the trust list does not name the bank `{bank}`");
    }
    let mut chain = Chain::of(&bank, keys);
    let mut client = DecisionServiceClient::new(channel);
    let mut page_token = String::new();
    loop {
        let request = ListDecisionsRequest {
            page_size: 0,
            page_token,
        };
        let page = client.list_decisions(request).await;
        let page = page.map_err(remote::message)?.into_inner();
        for decision in page.decisions {
            chain.extend(&SignedReceipt::decode(&decision.receipt)?)?;
        }
        if page.next_page_token.is_empty() {
            return Ok((bank, chain));
        }
        page_token = page.next_page_token;
    }
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
