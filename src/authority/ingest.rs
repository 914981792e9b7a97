//! `taxproof authority ingest`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use taxproof_authority::mapping::Mapping;
use taxproof_authority::report::IngestReport;
use taxproof_authority::{Authority, Sources};
use taxproof_claims::date::Date;

use super::{Bar, FolderArguments, read_text};

/// Files to ingest. Each may be given several times.
#[derive(Debug, Args)]
pub(crate) struct IngestArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The mapping file: which columns mean what.
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// A file of filings.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["taxpayers", "invoices"])]
    filings: Vec<PathBuf>,
    /// A register of taxpayers.
    #[arg(long, value_name = "FILE")]
    taxpayers: Vec<PathBuf>,
    /// A file of invoices.
    #[arg(long, value_name = "FILE")]
    invoices: Vec<PathBuf>,
    /// The day from which a register without a column for it holds; every day unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
}

pub(super) fn ingest(arguments: IngestArguments) -> anyhow::Result<()> {
    let mut authority = Authority::open(&arguments.folder.dir)?;
    let path = &arguments.mapping;
    let mapping = Mapping::from_toml(&read_text(path)?, authority.schema())
        .with_context(|| format!("`{}`", path.display()))?;
    let sources = Sources {
        taxpayers: arguments.taxpayers,
        filings: arguments.filings,
        invoices: arguments.invoices,
    };
    let from = arguments
        .date
        .or_else(|| Date::new(1900, 1, 1).ok())
        .context("1900 is in the calendar")?;
    let bar = Bar::new();
    let (report, path) = authority.ingest(&mapping, &sources, from, &bar)?;
    bar.finish();
    summarise(&report, &path);
    Ok(())
}

fn summarise(report: &IngestReport, path: &Path) {
    for file in &report.files {
        eprintln!(
            "{}: {} rows, {} taken, {} on record already, {} no filings, {} refused",
            file.file,
            file.rows,
            file.taken,
            file.duplicates,
            file.no_filing,
            file.refused()
        );
    }
    eprintln!("{} enterprises on record", report.enterprises);
    if report.files.iter().any(|f| f.refusals + f.doubts > 0) {
        eprintln!(
            "hint: `{}` says of each row why, and who should do what",
            path.display()
        );
    }
    println!("{}", path.display());
}
