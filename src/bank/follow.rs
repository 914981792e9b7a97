//! `taxproof bank epoch follow`: hands in what an authority's log has and the bank has not.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use taxproof_claims::epoch::AuthorityId;
use taxproof_log::{Checkpoint, Files, LogKey, LogReader, Note, Quorum};
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_proto::v1::{AddEpochRequest, Authority, ListAuthoritiesRequest};
use taxproof_verifier::epoch_log::LogProof;
use tonic::transport::Channel;

use super::epoch::line;
use super::remote::{Server, message};
use crate::fork_evidence;
use crate::log_source::Source;

/// Which log, and whose bank.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
    /// The authority's log: a folder, or the address of a web server that has it.
    #[arg(value_name = "FOLDER|URL")]
    log: String,
    /// The certificate of the certificate authority (CA) that signed that web server's, in PEM, if
    /// browsers do not trust it.
    #[arg(long, value_name = "FILE")]
    log_ca: Option<PathBuf>,
    /// The folder for evidence, where the authority signed two histories.
    #[arg(long, value_name = "FOLDER", default_value = "evidence")]
    evidence: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let log = Source::named(&arguments.log, arguments.log_ca.as_deref())?.log();
    let note = log.checkpoint()?;
    let note = note.with_context(|| {
        format!("`{}` holds no log: it is an authority's folder `log`, or where that is served, and begins with the first epoch", arguments.log)
    })?;
    super::runtime()?.block_on(async {
        let mut client = TrustServiceClient::new(arguments.server.connect().await?);
        let authority = authority(&mut client, &note).await?;
        let key = key(&authority, &note)?;
        if let Some(seen) = seen(&authority)? {
            let size = head(&seen)?.size;
            if size > head(&note)?.size {
                bail!(
                    "the bank has seen {size} epochs of this log, which has {}: it was rewound, or an old copy is served",
                    head(&note)?.size
                );
            }
            if let Some(fork) = log.fork(&seen, &note)? {
                fork.verify(&key).context("the log contradicts itself, which convicts nobody")?;
                let file = fork_evidence::write(&arguments.evidence, &fork)?;
                println!("{}", file.display());
                eprintln!("`{}` signed two histories: nothing was added", authority.id);
                fork_evidence::hint();
                return Ok(ExitCode::from(fork_evidence::FOUND));
            }
        }
        let new = new(&log, &note, &authority)?;
        if new.is_empty() {
            eprintln!("nothing is new");
        }
        for request in new {
            let added = client.add_epoch(request).await.map_err(message)?;
            let epoch = added.into_inner().epoch.unwrap_or_default();
            println!("{}", line(&epoch.into()));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The authority that a log is of, as the bank knows it.
async fn authority(
    client: &mut TrustServiceClient<Channel>,
    note: &Note,
) -> anyhow::Result<Authority> {
    let origin = head(note)?.origin;
    let known = client.list_authorities(ListAuthoritiesRequest {}).await;
    let known = known.map_err(message)?.into_inner().authorities;
    let of_log = |authority: &Authority| {
        let id = authority.id.parse::<AuthorityId>();
        id.is_ok_and(|id| id.log_origin() == origin)
    };
    let found = known.into_iter().find(of_log);
    found.with_context(|| format!("the log is of `{origin}`, whom the bank does not trust"))
}

/// The key of a log as the bank knows it, which signed the head.
fn key(authority: &Authority, note: &Note) -> anyhow::Result<LogKey> {
    let key = authority.verifying_key.parse();
    let key = LogKey::new(&head(note)?.origin, key.context("the bank's answer")?)?;
    let signed = Quorum::of(key.clone()).accept(note);
    signed.with_context(|| {
        let id = &authority.id;
        format!("the log's head is not signed by the key that the bank has for `{id}`")
    })?;
    Ok(key)
}

fn head(note: &Note) -> anyhow::Result<Checkpoint> {
    note.text().parse().context("the log's head")
}

fn seen(authority: &Authority) -> anyhow::Result<Option<Note>> {
    let seen = Some(&authority.log_head).filter(|head| !head.is_empty());
    let seen = seen.map(|head| head.parse()).transpose();
    seen.context("the head that the bank saw last")
}

/// What to hand in: the epochs after the newest that the bank has, or the newest if it has none.
fn new<F: Files>(
    log: &LogReader<F>,
    note: &Note,
    authority: &Authority,
) -> anyhow::Result<Vec<AddEpochRequest>> {
    let size = head(note)?.size;
    let first = match &authority.newest_epoch {
        Some(newest) => newest.number,
        None => size.saturating_sub(1),
    };
    // Each request is judged after the one before it, which shows the bank this head.
    let mut seen = match seen(authority)? {
        Some(seen) => head(&seen)?.size,
        None => 0,
    };
    let request = |index| {
        let request = request(log, note, index, seen)?;
        seen = size;
        Ok(request)
    };
    (first..size).map(request).collect()
}

/// Entry `index` of a log as a bank takes it that has seen the log with `seen` epochs.
pub(crate) fn request<F: Files>(
    log: &LogReader<F>,
    note: &Note,
    index: u64,
    seen: u64,
) -> anyhow::Result<AddEpochRequest> {
    let LogProof {
        inclusion,
        consistency,
    } = LogProof::of(log, note, index, seen)?;
    Ok(AddEpochRequest {
        signed_header: log.entry(index, head(note)?.size)?,
        inclusion_proof: inclusion.to_string(),
        consistency_proof: consistency.iter().map(|hash| hash.0.to_vec()).collect(),
    })
}
