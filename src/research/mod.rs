//! `taxproof research`: what researchers measure, without a server. One module a subcommand.

mod circuit;

use std::process::ExitCode;

use clap::Subcommand;

/// The researcher's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Counts a circuit's constraints, clause by clause.
    Circuit(circuit::Arguments),
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Circuit(arguments) => circuit::run(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}
