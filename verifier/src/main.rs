//! `taxproof-verifier`: a bank's service, from its configuration until it is told to stop.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use taxproof_verifier::command::{self, ConfigCommand};
use taxproof_verifier::config::{FILE, Folder};
use taxproof_verifier::service::{self, Settings};

/// A bank's service: without a command, it serves until it is told to stop.
#[derive(Parser)]
#[command(name = "taxproof-verifier", version)]
struct Arguments {
    /// The bank's configuration, as `taxproof bank init` writes it.
    #[arg(long, value_name = "FILE", global = true, default_value = FILE)]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Copies the database to a file while the service runs, and verifies the copy.
    Backup {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Goes on from an older database that was put back: cancels every request that is open in it,
    /// so that none is answered twice. Stop every replica first.
    Restored {
        /// Cancels without asking.
        #[arg(long)]
        yes: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { config, command } = Arguments::parse();
    let done = match command {
        None => serve(config).await,
        Some(Command::Config(command)) => command::config(command, &config),
        Some(Command::Backup { out }) => succeed(command::back_up(&config, &out).await),
        Some(Command::Restored { yes }) => command::restored(&config, yes).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {}", command::with_causes(&error));
        ExitCode::FAILURE
    })
}

async fn serve(config: PathBuf) -> anyhow::Result<ExitCode> {
    let folder = Folder::open(&config)?;
    let settings = Settings::of(&folder);
    let stopped = service::stop_signal().context("cannot listen for signals")?;
    succeed(service::run(folder, settings, stopped).await)
}

fn succeed(done: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    done.map(|()| ExitCode::SUCCESS)
}
