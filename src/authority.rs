//! `taxproof authority`: the bureau's folder, from filings to published epochs.

mod bar;
mod day;
mod generate;
mod ingest;
mod init;
mod issue;
mod log;
mod publish;
mod registration;
mod show;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

pub(crate) use self::bar::Bar;

/// The tax authority's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begins an authority in an empty folder, with a fresh key, one in a device or one that custodians hold.
    Init(init::InitArguments),
    /// Registers an enterprise, rotates its keys or resets its pseudonyms.
    Register(registration::RegisterArguments),
    /// Revokes an enterprise's registration, from the next epoch on.
    Revoke(registration::RevokeArguments),
    /// Puts filings, the register and invoices from CSV and Parquet files on record.
    Ingest(ingest::IngestArguments),
    /// Commits to every registered enterprise's record and publishes the next epoch.
    Publish(publish::PublishArguments),
    /// Issues an enterprise's credential of the newest epoch, encrypted to it.
    Issue(issue::IssueArguments),
    /// Prints what banks and wallets put into their trust lists.
    Trust(FolderArguments),
    /// Shows an authority, or one of its epochs.
    Show(show::ShowArguments),
    /// Shows the head of the log of epochs, after putting into it what a crash left out.
    Log(FolderArguments),
    /// Has the head of the log cosigned by a witness.
    Cosign(log::CosignArguments),
    /// Audits an authority's log from outside; ends with 3 where something is wrong.
    Audit(log::AuditArguments),
    /// Writes filings, a register and invoices of enterprises that do not exist.
    Generate(generate::GenerateArguments),
}

/// Which authority.
#[derive(Debug, Args)]
pub(crate) struct FolderArguments {
    /// The authority's folder.
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(arguments) => init::init(&arguments),
        Command::Register(arguments) => registration::register(&arguments),
        Command::Revoke(arguments) => registration::revoke(&arguments),
        Command::Ingest(arguments) => ingest::ingest(arguments),
        Command::Publish(arguments) => publish::publish(arguments),
        Command::Issue(arguments) => issue::issue(&arguments),
        Command::Trust(arguments) => show::trust(&arguments),
        Command::Show(arguments) => show::show(&arguments),
        Command::Generate(arguments) => generate::generate(&arguments),
        Command::Log(arguments) => log::show(&arguments),
        Command::Cosign(arguments) => log::cosign(&arguments),
        Command::Audit(arguments) => return log::run_audit(arguments),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))
}
