//! `taxproof demo`: bureau, enterprises and bank on this machine, over gRPC on loopback.
//!
//! A policy that holds, one that does not, a replay, a tampered proof: each with what every side
//! saw. Everything is made afresh in a temporary folder: keys, filings, wallets, the service.

mod bank;
mod bureau;
mod clock;
mod enterprise;
mod scenes;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ark_bn254::Bn254;
use clap::Args;
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::shape::Q16;
use taxproof_prover::setup;

use bank::Bank;
use bureau::Bureau;
use clock::Stopwatch;
use enterprise::Applicant;

/// How large the demonstration is.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many enterprises there are.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(8..=1000))]
    enterprises: u32,
    /// Another number makes other enterprises.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Everybody in the demonstration.
struct Cast {
    bureau: Bureau,
    bank: Bank,
    applicants: Vec<Applicant>,
    /// The enterprises' proving key file.
    proving_key: Vec<u8>,
}

/// Runs the demonstration.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(play(arguments, folder.path()))?;
    Ok(ExitCode::SUCCESS)
}

async fn play(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let mut times = Stopwatch::default();
    let cast = set_up(arguments, folder, &mut times).await?;
    scenes::holds(&cast, &mut times).await?;
    scenes::does_not_hold(&cast).await?;
    scenes::replay(&cast).await?;
    scenes::tampered(&cast).await?;
    scenes::what_each_side_saw(&cast).await?;
    println!("\n== Timings\n\n{times}");
    cast.bank.stop().await
}

async fn set_up(
    arguments: &Arguments,
    folder: &Path,
    times: &mut Stopwatch,
) -> anyhow::Result<Cast> {
    println!("== Setting up\n");
    println!("keys      making a development key for {Q16}: one machine knows its trapdoor");
    let keys = times.lap("setup of a development key (once for all policies)", || {
        setup::dev::<Bn254>(CircuitVersion::V1, Q16)
    })?;

    let mut bureau = Bureau::open(&folder.join("bureau"))?;
    let enterprises = bureau.generate(arguments.enterprises, arguments.seed)?;
    println!(
        "bureau    {} enterprises and their filings, made up",
        enterprises.len()
    );
    let mut applicants = Vec::new();
    for enterprise in enterprises {
        let applicant = Applicant::new(&folder.join("wallets"), enterprise)?;
        bureau.register(&applicant)?;
        applicants.push(applicant);
    }
    let report = times.lap("ingesting the filings", || bureau.ingest())?;
    println!("bureau    {report}");
    let header = times.lap("committing, signing the epoch, writing credentials", || {
        bureau.publish()
    })?;
    println!(
        "bureau    epoch {} of `{}`, up to {}: {} enterprises under one signed root",
        header.epoch, header.authority, header.newest_period, header.leaves
    );

    let bank = Bank::serve(&folder.join("bank"), &keys.verifying, &bureau.trust()).await?;
    println!("bank      serving gRPC on {}", bank.url());
    bank.add_epoch(bureau.newest_epoch()?).await?;
    bank.register_policy().await?;
    println!("bank      registered the policy `{}`:\n", bank::POLICY_ID);
    println!("{}", indented(&bank.explained().await?));

    for applicant in &mut applicants {
        applicant.trust(bureau.trust(), bank.trust())?;
        applicant.import(&bureau.credential(applicant.id())?)?;
    }
    Ok(Cast {
        bureau,
        bank,
        applicants,
        proving_key: keys.proving,
    })
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
