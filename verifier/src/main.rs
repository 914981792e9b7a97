//! `taxproof-verifier`: a bank's service, from its configuration until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use taxproof_verifier::bank::{Bank, Clock};
use taxproof_verifier::config::Folder;
use taxproof_verifier::service::{self, Settings};

/// The bank's service.
#[derive(Parser)]
#[command(name = "taxproof-verifier", version, about)]
struct Arguments {
    /// The bank's configuration, as `taxproof bank init` writes it.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    service::log();
    let folder = Folder::open(&arguments.config)?;
    let settings = Settings::of(&folder);
    settings.check()?;
    let bank = Bank::open(folder, Clock::system()).await?;
    let serving = service::serve_as(Arc::new(bank), settings).await?;
    eprintln!("listening on {}", serving.address());
    let stopped = service::stop_signal().context("cannot listen for signals")?;
    Ok(serving.until(stopped).await?)
}
