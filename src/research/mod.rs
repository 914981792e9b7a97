//! `taxproof research`: what researchers measure. One module a subcommand.

mod authority;
mod bench;
mod circuit;
mod export;
mod import;
mod service;
mod soundness;

use std::process::ExitCode;

use clap::Subcommand;

/// The researcher's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measures an authority, from filings to published epochs.
    Authority(authority::Arguments),
    /// Measures provers and verifiers, ours and others, alternately in one run.
    Bench(bench::Arguments),
    /// Counts a circuit's constraints, clause by clause.
    Circuit(circuit::Arguments),
    /// Writes a circuit, its key, a witness and a proof as files of circom and snarkjs.
    Export(export::Arguments),
    /// Makes key files of a `.zkey` for one of our circuits.
    Import(import::Arguments),
    /// Starts a bank's service and loads it from outside.
    Service(service::Arguments),
    /// Looks for missing constraints in a circuit, and holds what it finds against what is pinned.
    Soundness(soundness::Arguments),
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Authority(arguments) => authority::run(&arguments)?,
        Command::Bench(arguments) => bench::run(&arguments)?,
        Command::Circuit(arguments) => circuit::run(&arguments)?,
        Command::Export(arguments) => export::run(&arguments)?,
        Command::Import(arguments) => import::run(&arguments)?,
        Command::Service(arguments) => service::run(&arguments)?,
        Command::Soundness(arguments) => return soundness::run(&arguments),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a report for programs or for people.
fn print(json: bool, as_json: impl FnOnce() -> String, as_text: impl FnOnce() -> String) {
    match json {
        true => println!("{}", as_json()),
        false => print!("{}", as_text()),
    }
}
