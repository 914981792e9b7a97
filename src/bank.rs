//! `taxproof bank`: policies, requests, decisions and the service.

mod decision;
mod epoch;
mod folder;
pub(crate) mod follow;
mod policy;
mod presentation;
mod receipt;
mod remote;
mod request;
mod trust;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Subcommand;

/// The bank's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a bank's folder, with fresh keys.
    Init(folder::InitArguments),
    /// Serves a bank until it is told to stop.
    Serve(folder::ServeArguments),
    /// The configuration of a bank's service.
    Config(folder::ConfigArguments),
    /// Copies the database to a file while the service runs, and verifies the copy.
    Backup(folder::BackupArguments),
    /// Goes on from an older database that was put back: cancels every request that is open in it,
    /// so that none is answered twice. Stop every replica first.
    Restored(folder::RestoredArguments),
    /// Prints the entry that wallets need to trust the bank's requests, or lists what a service
    /// accepts.
    Trust(trust::Arguments),
    /// Policies: what the bank asks.
    #[command(subcommand)]
    Policy(policy::Command),
    /// The authorities' epochs that the bank accepts.
    #[command(subcommand)]
    Epoch(epoch::Command),
    /// Requests: what the bank asks one applicant.
    #[command(subcommand)]
    Request(request::Command),
    /// Decisions: what became of a request.
    #[command(subcommand)]
    Decision(decision::Command),
    /// Presentations: what applicants answer.
    #[command(subcommand)]
    Presentation(presentation::Command),
    /// Receipts: what the bank keeps of a decision.
    #[command(subcommand)]
    Receipt(receipt::Command),
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(arguments) => folder::init(&arguments)?,
        Command::Serve(arguments) => folder::serve(&arguments)?,
        Command::Config(arguments) => return folder::config(&arguments),
        Command::Backup(arguments) => folder::back_up(&arguments)?,
        Command::Restored(arguments) => return folder::restored(&arguments),
        Command::Trust(arguments) => trust::run(&arguments)?,
        Command::Policy(command) => policy::run(&command)?,
        Command::Epoch(command) => return epoch::run(&command),
        Command::Request(command) => request::run(&command)?,
        Command::Decision(command) => decision::run(&command)?,
        Command::Presentation(command) => presentation::run(&command)?,
        Command::Receipt(command) => receipt::run(&command)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Runtime::new().context("cannot begin")
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// The configuration in a bank's folder.
fn config(folder: &Path) -> anyhow::Result<PathBuf> {
    let config = folder.join(taxproof_verifier::config::FILE);
    ensure!(
        config.exists(),
        "`{}` is not a bank's folder: `taxproof bank init` makes one",
        folder.display()
    );
    Ok(config)
}
