//! `taxproof research service`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use taxproof_benches::service::{Plan, run as measure};
use taxproof_verifier::limits::BATCH;

use crate::setup::spinner;

/// What to measure. Lists are separated by commas.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The service's program; else the `taxproof-verifier` beside this one, or this one itself.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// An empty PostgreSQL database instead of a SQLite file.
    #[arg(long, value_name = "postgres://USER@HOST/NAME")]
    store: Option<String>,
    /// The folder for the service's files, on the disk that is to be measured.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Presentations that are made beforehand: each is decided once.
    #[arg(long, default_value_t = 80_000, value_parser = clap::value_parser!(u32).range(256..=10_000_000))]
    presentations: u32,
    /// How long each load goes on, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Callers at once, each with one call at a time.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256",
          value_parser = clap::value_parser!(u16).range(1..=2048))]
    in_flight: Vec<u16>,
    /// Presentations in a batch.
    #[arg(long, default_value_t = BATCH as u32, value_parser = clap::value_parser!(u32).range(1..=BATCH as i64))]
    batch: u32,
    /// Connections that read nothing.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    slow_readers: u16,
    /// Loads the service over mutual TLS, with certificates made for that.
    #[arg(long)]
    tls: bool,
    /// A few seconds' worth, to see that it runs.
    #[arg(long, conflicts_with_all = ["presentations", "in_flight", "batch", "slow_readers"])]
    quick: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn plan(&self) -> Plan {
        let plan = Plan {
            program: self.program.clone(),
            place: self.dir.clone(),
            database: self.store.clone(),
            presentations: self.presentations as usize,
            time: Duration::from_secs(self.seconds.into()),
            rounds: 3,
            in_flight: self
                .in_flight
                .iter()
                .map(|&callers| callers.into())
                .collect(),
            batch: self.batch as usize,
            slow_readers: self.slow_readers.into(),
            tls: self.tls,
        };
        if !self.quick {
            return plan;
        }
        Plan {
            presentations: 4000,
            time: Duration::from_millis(800),
            rounds: 1,
            in_flight: vec![1, 64],
            batch: 64,
            slow_readers: 2,
            ..plan
        }
    }
}

/// Measures, and prints.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let progress = spinner("");
    let report = measure(&arguments.plan(), &mut |what| {
        progress.set_message(what.to_owned());
    })?;
    progress.finish_and_clear();
    super::print(arguments.json, || report.to_json(), || report.summary());
    Ok(())
}
