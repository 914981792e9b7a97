//! `taxproof bank`: policies, requests, decisions and the service.

mod folder;
mod policy;
mod receipt;
mod remote;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

/// The bank's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a bank's folder, with fresh keys.
    Init(folder::InitArguments),
    /// Serves a bank until it is told to stop.
    Serve(folder::ServeArguments),
    /// Prints the entry that wallets need to trust the bank's requests.
    Trust(folder::TrustArguments),
    /// Policies: what the bank asks.
    #[command(subcommand)]
    Policy(policy::Command),
    /// The authorities' epochs that the bank accepts.
    #[command(subcommand)]
    Epoch(remote::EpochCommand),
    /// Requests: what the bank asks one applicant.
    #[command(subcommand)]
    Request(remote::RequestCommand),
    /// Decisions: what became of a request.
    #[command(subcommand)]
    Decision(remote::DecisionCommand),
    /// Receipts: what the bank keeps of a decision.
    #[command(subcommand)]
    Receipt(receipt::Command),
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(arguments) => folder::init(&arguments)?,
        Command::Serve(arguments) => folder::serve(&arguments)?,
        Command::Trust(arguments) => folder::trust(&arguments)?,
        Command::Policy(command) => policy::run(&command)?,
        Command::Epoch(command) => remote::epoch(&command)?,
        Command::Request(command) => remote::request(&command)?,
        Command::Decision(command) => remote::decision(&command)?,
        Command::Receipt(command) => receipt::run(&command)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A running service.
#[derive(Debug, clap::Args)]
pub(crate) struct Server {
    /// The service's address: http://127.0.0.1:7480.
    #[arg(long, value_name = "URL")]
    server: String,
    /// The authority of the service's certificate, in PEM, for an address with https.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The certificate to show to the service, in PEM.
    #[arg(long, value_name = "FILE", requires = "key", requires = "ca")]
    cert: Option<PathBuf>,
    /// The certificate's private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
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
fn config(folder: &Path) -> PathBuf {
    folder.join(taxproof_verifier::config::FILE)
}
