//! `taxproof enterprise`: a wallet, and what is done with it.

mod answer;
mod keeping;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use taxproof_prover::wallet::{Passphrase, Wallet, read_limited};

/// The enterprise's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a wallet with fresh secrets.
    Init(keeping::InitArguments),
    /// Writes what an authority must know to commit to the enterprise's records: no secret.
    Registration(keeping::RegistrationArguments),
    /// Adds banks and authorities to the trust list, or lists them.
    Trust(keeping::TrustArguments),
    /// Adds a schema, so that records of it can be read.
    Schema(keeping::SchemaArguments),
    /// Takes credentials, as their authority wrote them.
    Import(keeping::ImportArguments),
    /// Shows the enterprise's own records in words.
    Show(keeping::ShowArguments),
    /// Lists the answers given.
    History(keeping::HistoryArguments),
    /// Replaces the authorising secret. Pseudonyms stay.
    Rotate(keeping::RotateArguments),
    /// Fetches a request from a bank's service.
    Fetch(answer::FetchArguments),
    /// Says which rules of a request the record satisfies, with its figures. Nothing is proven or
    /// sent. Exit code 3 where the claim is false.
    Check(answer::CheckArguments),
    /// Shows a request, asks for consent, proves, and writes or sends the presentation. Exit code 3
    /// where the claim is false, 4 without consent; then nothing was proven or sent.
    Prove(answer::ProveArguments),
}

/// The exit code where the claim is false and nothing was sent.
pub(crate) const CLAIM_FALSE: u8 = 3;
/// The exit code where the applicant did not consent.
pub(crate) const NO_CONSENT: u8 = 4;

/// Which wallet.
#[derive(Debug, Args)]
pub(crate) struct WalletArguments {
    /// The wallet's folder.
    #[arg(long)]
    wallet: PathBuf,
    /// A file whose first line is the passphrase of the wallet's secrets.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl WalletArguments {
    fn open(&self) -> anyhow::Result<(Wallet, Option<Passphrase>)> {
        let passphrase = self.passphrase()?;
        let wallet = Wallet::open(&self.wallet, passphrase.as_ref())?;
        Ok((wallet, passphrase))
    }

    fn passphrase(&self) -> anyhow::Result<Option<Passphrase>> {
        self.passphrase_file.as_deref().map(passphrase).transpose()
    }
}

/// The passphrase that a file has in its first line.
pub(crate) fn passphrase(path: &Path) -> anyhow::Result<Passphrase> {
    const LONGEST: usize = 4096;
    let text = String::from_utf8(read_limited(path, LONGEST)?)
        .ok()
        .context("the passphrase is not UTF-8")?;
    let line = text.lines().next().unwrap_or_default();
    anyhow::ensure!(
        !line.is_empty(),
        "{}: the passphrase is empty",
        path.display()
    );
    Ok(Passphrase::from(line.to_owned()))
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(arguments) => keeping::init(&arguments)?,
        Command::Registration(arguments) => keeping::registration(&arguments)?,
        Command::Trust(arguments) => keeping::trust(&arguments)?,
        Command::Schema(arguments) => keeping::schema(&arguments)?,
        Command::Import(arguments) => keeping::import(&arguments)?,
        Command::Show(arguments) => keeping::show(&arguments)?,
        Command::History(arguments) => keeping::history(&arguments)?,
        Command::Rotate(arguments) => keeping::rotate(&arguments)?,
        Command::Fetch(arguments) => answer::fetch(&arguments)?,
        Command::Check(arguments) => return answer::check(&arguments),
        Command::Prove(arguments) => return answer::prove(&arguments),
    }
    Ok(ExitCode::SUCCESS)
}

/// Seconds since 1970-01-01T00:00:00Z.
pub(crate) fn now() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Ok(since
        .context("this machine's clock is before 1970")?
        .as_secs())
}
