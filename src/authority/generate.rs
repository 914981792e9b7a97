//! `taxproof authority generate`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use taxproof_authority::mapping::{self, Mapping};
use taxproof_authority::synthetic::{FILINGS, INVOICES, Plan, TAXPAYERS};
use taxproof_claims::date::Date;
use taxproof_claims::period::Period;
use taxproof_claims::schema::Schema;

use super::day::today;

/// What to generate.
#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// The folder for the three files.
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
    /// How many enterprises.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    enterprises: u32,
    /// Another seed gives other figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The last quarter with filings; the last one whose filings were all due unless given.
    #[arg(long, value_name = "2026Q3")]
    newest_period: Option<Period>,
}

pub(super) fn generate(arguments: &GenerateArguments) -> anyhow::Result<()> {
    let newest = match arguments.newest_period {
        Some(period) => period,
        None => last_due(today()?)?,
    };
    let folder = &arguments.dir;
    fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
    let plan = Plan::new(arguments.enterprises, arguments.seed, newest);
    let enterprises = plan
        .write(folder)
        .with_context(|| format!("`{}`", folder.display()))?;
    for enterprise in &enterprises {
        println!(
            "{}\t{:?}\t{}",
            enterprise.id, enterprise.character, enterprise.name
        );
    }
    let folder = folder.display();
    eprintln!("`{folder}` holds {FILINGS}, {TAXPAYERS} and {INVOICES} up to {newest}");
    Ok(())
}

/// The last quarter whose filings were all due, by the default mapping.
fn last_due(day: Date) -> anyhow::Result<Period> {
    let mapping = Mapping::from_toml(mapping::CN_TAX, &Schema::cn_tax())?;
    let derive = mapping.derive.context("the default mapping has rules")?;
    derive.newest_period(day).context("the clock is wrong")
}
