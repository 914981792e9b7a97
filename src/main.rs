//! The `taxproof` command: one module a subcommand, no logic that a library should have.
//!
//! Data go to standard output, messages to standard error. Exit codes: 0 done, 1 an error, 2 wrong
//! usage; `taxproof enterprise` also has 3, the claim is false, and 4, no consent, which `taxproof custodian
//! approve` has too; `taxproof authority audit`
//! and `taxproof bank epoch follow` have 3, an authority did what it must not.

mod authority;
mod bank;
mod custodian;
mod demo;
mod enterprise;
mod fork_evidence;
mod log_source;
mod research;
mod setup;
mod witness;

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
    /// A bank's policies, requests, decisions and service.
    #[command(subcommand)]
    Bank(bank::Command),
    /// The tax authority: from filings to published epochs.
    #[command(subcommand)]
    Authority(authority::Command),
    /// A custodian of an authority's key: several approve each epoch.
    #[command(subcommand)]
    Custodian(custodian::Command),
    /// Shows all roles at work on this machine, over gRPC on loopback.
    Demo(demo::Arguments),
    /// The enterprise: a wallet, and proofs about what it holds.
    #[command(subcommand)]
    Enterprise(enterprise::Command),
    /// Keys for proving and verifying.
    #[command(subcommand)]
    Setup(setup::Command),
    /// A witness of authorities' logs.
    #[command(subcommand)]
    Witness(witness::Command),
    /// Measures, examines and exports circuits, and measures authority and service.
    #[command(subcommand)]
    Research(research::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result: anyhow::Result<ExitCode> = match arguments.role {
        Role::Bank(command) => bank::run(command),
        Role::Authority(command) => authority::run(command),
        Role::Custodian(command) => custodian::run(command),
        Role::Demo(arguments) => demo::run(&arguments),
        Role::Enterprise(command) => enterprise::run(command),
        Role::Setup(command) => setup::run(command),
        Role::Witness(command) => witness::run(command),
        Role::Research(command) => research::run(command),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {}", taxproof_verifier::command::with_causes(&error));
        ExitCode::FAILURE
    })
}
