//! The `taxproof` command: one module a subcommand, no logic that a library should have.
//!
//! Data go to standard output, messages to standard error. Exit codes: 0 done, 1 an error, 2 wrong
//! usage, 3 the claim is false (`taxproof enterprise`).

mod research;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Prove to a bank what tax records say, without showing them.
#[derive(Parser)]
#[command(name = "taxproof", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Measures circuits.
    #[command(subcommand)]
    Research(research::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result: anyhow::Result<ExitCode> = match arguments.role {
        Role::Research(command) => research::run(command),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
