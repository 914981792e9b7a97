//! `taxproof authority log`, `cosign` and `audit`: the log of epochs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use taxproof_authority::Authority;
use taxproof_authority::audit::{Finding, audit};
use taxproof_claims::trust::{TrustList, TrustedAuthority};
use taxproof_log::{Folder, Fork, LogKey, Note, SignatureLine, Submission, WitnessKey};

use super::{Bar, FolderArguments, read_text};
use crate::fork_evidence;
use crate::log_source::{Source, agent};

/// Whose log is to be cosigned by whom.
#[derive(Debug, Args)]
pub(crate) struct CosignArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The witness's address: what `add-checkpoint` follows.
    #[arg(long, value_name = "URL")]
    witness: String,
    /// The certificate of the certificate authority (CA) that signed the witness's, in PEM, for an
    /// address with https; otherwise those that browsers trust.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The witness's verifier key, as `taxproof witness init` prints it.
    #[arg(long, value_name = "NAME+ID+KEY")]
    key: WitnessKey,
}

/// Which log to audit, and what was seen of it before.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// The log: a folder, or the address of a web server that has it.
    #[arg(long, value_name = "FOLDER|URL", required_unless_present_any = ["verify", "dir"])]
    log: Option<String>,
    /// The certificate of the certificate authority (CA) that signed the web server's, in PEM, for an
    /// address with https; otherwise those that browsers trust.
    #[arg(long, value_name = "FILE", requires = "log")]
    ca: Option<PathBuf>,
    /// The authority's own folder, for who may see it: its log, and whether every enterprise has one
    /// leaf in the newest epoch.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["log", "verify"])]
    dir: Option<PathBuf>,
    /// The trust list with the authority.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Which authority of the trust list; needed where it has several.
    #[arg(long, value_name = "ID")]
    authority: Option<String>,
    /// A checkpoint seen before. May be given several times.
    #[arg(long, value_name = "FILE")]
    seen: Vec<PathBuf>,
    /// Where to keep the checkpoint seen now, for the next audit.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// The folder for evidence, where there is any.
    #[arg(long, value_name = "FOLDER", default_value = "evidence")]
    evidence: PathBuf,
    /// Verifies a file of evidence instead of auditing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["log", "seen", "keep"])]
    verify: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Shows the log, after making up for what a crash left out.
pub(crate) fn show(arguments: &FolderArguments) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.dir)?;
    if authority.headers().is_empty() {
        bail!("there is no log before the first epoch: `taxproof authority publish` makes one");
    }
    let bar = Bar::new();
    let note = authority.catch_up_log(&bar)?;
    bar.finish();
    eprintln!("log    {}", authority.log().files().path().display());
    eprintln!("key    {}", authority.log().key());
    print!("{note}");
    Ok(())
}

/// Has the head cosigned by a witness over HTTP.
pub(crate) fn cosign(arguments: &CosignArguments) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.folder.dir)?;
    let log = authority.log();
    let bar = Bar::new();
    let note = authority.catch_up_log(&bar)?;
    bar.finish();
    let mut old = 0;
    // The witness says which head it has seen; a second race means that somebody else submits.
    for _ in 0..2 {
        let proof = log.files().consistency(old, &note)?;
        let checkpoint = note.clone();
        let submission = Submission {
            old,
            proof,
            checkpoint,
        };
        match submit(arguments, &submission)? {
            Answer::Cosigned(lines) => return keep(&authority, &lines, &arguments.key),
            Answer::OtherSize(size) => old = size,
        }
    }
    bail!("the witness has seen a head of {old} epochs, which this one does not continue")
}

enum Answer {
    Cosigned(String),
    OtherSize(u64),
}

fn submit(arguments: &CosignArguments, submission: &Submission) -> anyhow::Result<Answer> {
    let witness = arguments.witness.trim_end_matches('/');
    let url = format!("{witness}/add-checkpoint");
    let request = agent(&url, arguments.ca.as_deref())?
        .post(&url)
        .config()
        .http_status_as_error(false)
        .build();
    let mut answer = request
        .send(submission.to_string())
        .with_context(|| format!("`{url}`"))?;
    let status = answer.status().as_u16();
    let body = answer
        .body_mut()
        .read_to_string()
        .with_context(|| format!("`{url}`"))?;
    match status {
        200 => Ok(Answer::Cosigned(body)),
        409 => {
            let size = body
                .trim_end()
                .parse()
                .ok()
                .filter(|size| *size <= size_of(submission));
            let size = size.context("the witness has seen more epochs than there are here: was an older backup restored?")?;
            Ok(Answer::OtherSize(size))
        }
        _ => bail!(
            "the witness refused with status {status}: {}",
            body.trim_end()
        ),
    }
}

fn size_of(submission: &Submission) -> u64 {
    let checkpoint = submission
        .checkpoint
        .text()
        .parse::<taxproof_log::Checkpoint>();
    checkpoint.map_or(0, |checkpoint| checkpoint.size)
}

/// Puts the witness's line to the head, if it is a cosignature of it.
fn keep(authority: &Authority, lines: &str, key: &WitnessKey) -> anyhow::Result<()> {
    let files = authority.log().files();
    for line in lines.lines() {
        let line: SignatureLine = line.parse().context("the witness's answer")?;
        let mut note = files
            .checkpoint()?
            .context("a log that was submitted has a head")?;
        note.add(line.clone());
        if line.name == key.name()
            && key
                .cosigned(&note)
                .context("the witness's answer")?
                .is_some()
        {
            authority.log().add_cosignature(line)?;
            eprintln!("`{}` cosigned the head", key.name());
            return Ok(());
        }
    }
    bail!(
        "the witness answered without a cosignature of `{}`",
        key.name()
    )
}

#[derive(Serialize)]
struct Report {
    origin: String,
    epochs: u64,
    root: String,
    findings: Vec<String>,
    evidence: Vec<PathBuf>,
}

/// Audits a log, or verifies evidence.
pub(crate) fn run_audit(arguments: AuditArguments) -> anyhow::Result<ExitCode> {
    let trusted = trusted(&arguments)?;
    if let Some(path) = &arguments.verify {
        return verify(path, &trusted);
    }
    let seen = arguments.seen.iter().map(|path| {
        read_text(path)?
            .parse::<Note>()
            .with_context(|| format!("`{}`", path.display()))
    });
    let seen = seen.collect::<anyhow::Result<Vec<_>>>()?;
    let bureau = arguments.dir.as_deref().map(Authority::open).transpose()?;
    let log = match (&bureau, &arguments.log) {
        (Some(bureau), _) => Source::Folder(Folder::new(bureau.log().files().path().to_owned())),
        (None, Some(log)) => Source::named(log, arguments.ca.as_deref())?,
        (None, None) => bail!("a log is given unless evidence is verified"),
    };
    let mut audit = audit(&log.log(), &trusted.id, &trusted.key, &seen)?;
    if let Some(bureau) = &bureau {
        audit.findings.extend(bureau.audit_leaves()?);
    }
    let mut evidence = Vec::new();
    for finding in &audit.findings {
        if let Finding::Forked { evidence: fork, .. } = finding {
            evidence.push(fork_evidence::write(&arguments.evidence, fork)?);
        }
    }
    let report = Report {
        origin: audit.head.origin,
        epochs: audit.head.size,
        root: audit.head.root.to_string(),
        findings: audit.findings.iter().map(ToString::to_string).collect(),
        evidence,
    };
    print(&report, arguments.json)?;
    if !report.findings.is_empty() {
        return Ok(ExitCode::from(fork_evidence::FOUND));
    }
    if let Some(path) = &arguments.keep {
        fs::write(path, audit.note.to_string()).with_context(|| format!("`{}`", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    println!(
        "{} has {} epochs, root {}",
        report.origin, report.epochs, report.root
    );
    for finding in &report.findings {
        println!("{finding}");
    }
    for path in &report.evidence {
        println!("{}", path.display());
        fork_evidence::hint();
    }
    if report.findings.is_empty() {
        eprintln!("nothing is wrong with it");
    }
    Ok(())
}

fn verify(path: &Path, trusted: &TrustedAuthority) -> anyhow::Result<ExitCode> {
    let fork: Fork = read_text(path)?
        .parse()
        .with_context(|| format!("`{}`", path.display()))?;
    let key = LogKey::new(&trusted.id.log_origin(), trusted.key.clone())?;
    let [smaller, larger] = fork.verify(&key)?;
    println!("`{}` signed two histories:", trusted.id);
    println!("{} epochs, root {}", smaller.size, smaller.root);
    println!(
        "{} epochs, root {}, which does not continue it",
        larger.size, larger.root
    );
    Ok(ExitCode::SUCCESS)
}

/// The authority that is audited.
fn trusted(arguments: &AuditArguments) -> anyhow::Result<TrustedAuthority> {
    let path = arguments.trust.display();
    let list =
        TrustList::from_toml(&read_text(&arguments.trust)?).with_context(|| format!("`{path}`"))?;
    let mut named = list.authorities.into_iter().filter(|authority| {
        arguments
            .authority
            .as_ref()
            .is_none_or(|id| id == authority.id.as_str())
    });
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => bail!("`{path}` has no such authority"),
        _ => bail!("`{path}` has several authorities: say which with `--authority`"),
    }
}
