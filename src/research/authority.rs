//! `taxproof research authority`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use taxproof_benches::authority::{Plan, Source, run as measure};

use crate::setup::spinner;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many enterprises; several numbers, separated by commas, for a curve.
    #[arg(long, value_delimiter = ',', default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    enterprises: Vec<u32>,
    /// What is ingested of each enterprise.
    #[arg(long, value_enum, default_value = "quarters")]
    source: SourceName,
    /// Where to work; what is made there is removed. The system's folder for temporary files unless
    /// given.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Another seed gives other figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SourceName {
    /// A row a quarter with the eight fields, and one of the register.
    Quarters,
    /// Declarations, invoices and the register, from which the fields are derived: some hundreds of
    /// rows.
    Filings,
}

/// Measures and prints.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = arguments.dir.clone().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&folder).with_context(|| format!("`{}`", folder.display()))?;
    let plan = Plan {
        enterprises: arguments.enterprises.clone(),
        source: match arguments.source {
            SourceName::Quarters => Source::Quarters,
            SourceName::Filings => Source::Filings,
        },
        folder,
        seed: arguments.seed,
    };
    let progress = spinner("");
    let report = measure(&plan, &|what| progress.set_message(what.to_owned()))?;
    progress.finish_and_clear();
    super::print(arguments.json, || report.to_json(), || report.summary());
    Ok(())
}
