//! `taxproof research bench`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use taxproof_benches::bench::{KernelChoice, Peer, Plan, Report, run as measure};
use taxproof_claims::curve::Curve;
use taxproof_claims::shape::Shape;

use crate::setup::spinner;

/// What to measure. Lists are separated by commas.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Shapes: Q16, Q16S, Q32.
    #[arg(long, value_delimiter = ',')]
    shapes: Vec<Shape>,
    /// Made-up circuits of 2^N constraints, 43 % of whose wires are bits: N from 4 to 20.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(4..=20))]
    sizes: Vec<u32>,
    /// Curves: bn254, bls12-381.
    #[arg(long, value_delimiter = ',', default_value = "bn254")]
    curves: Vec<Curve>,
    /// Numbers of threads; the machine's cores if none is given.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Vec<u16>,
    /// Budgets of our prover's tables, in MiB.
    #[arg(long, value_delimiter = ',', default_value = "64")]
    budgets: Vec<usize>,
    /// Our kernels: ifma, avx2, portable.
    #[arg(long, value_delimiter = ',', default_value = "ifma,avx2,portable")]
    kernels: Vec<KernelChoice>,
    /// Leaves ark-groth16 out.
    #[arg(long)]
    no_arkworks: bool,
    /// Another prover: NAME='command with {r1cs} {zkey} {wtns} {proof} {public}', which are replaced
    /// by names of files.
    #[arg(long = "peer", value_name = "NAME=COMMAND")]
    peers: Vec<Peer>,
    /// Timed runs of each contestant.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    runs: u16,
    /// Sizes of batches of verifications.
    #[arg(long, value_delimiter = ',', default_value = "1000")]
    batches: Vec<usize>,
    /// A few seconds' worth: 2^10 on one thread without tables, three runs.
    #[arg(long, conflicts_with_all = ["shapes", "sizes", "threads", "runs"])]
    quick: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Writes JSON, CSV, plots and a page to read to this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Arguments {
    fn plan(&self) -> anyhow::Result<Plan> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let plan = Plan {
            shapes: self.shapes.clone(),
            sizes: self.sizes.clone(),
            curves: self.curves.clone(),
            threads: match self.threads.as_slice() {
                [] => vec![cores],
                threads => threads.iter().map(|&threads| threads.into()).collect(),
            },
            budgets: self
                .budgets
                .iter()
                .map(|mebibytes| mebibytes.saturating_mul(1 << 20))
                .collect(),
            kernels: self.kernels.clone(),
            arkworks: !self.no_arkworks,
            peers: self.peers.clone(),
            runs: self.runs.into(),
            batches: self.batches.clone(),
        };
        if self.quick {
            return Ok(Plan {
                sizes: vec![10],
                threads: vec![1],
                runs: 3,
                ..plan
            });
        }
        ensure!(
            !(plan.shapes.is_empty() && plan.sizes.is_empty()),
            "nothing to measure: name `--shapes` or `--sizes`, or take `--quick`"
        );
        Ok(plan)
    }
}

/// Measures, and writes or prints.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let plan = arguments.plan()?;
    let progress = spinner("");
    let report = measure(&plan, &mut |what| progress.set_message(what.to_owned()))?;
    progress.finish_and_clear();
    if let Some(folder) = &arguments.out {
        write(folder, &report)?;
    }
    super::print(arguments.json, || report.to_json(), || report.summary());
    Ok(())
}

fn write(folder: &Path, report: &Report) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut files = vec![
        ("results.json", report.to_json()),
        ("results.csv", report.to_csv()),
        ("index.html", report.to_html()?),
    ];
    files.extend(report.plots()?);
    for (name, contents) in files {
        let path = folder.join(name);
        fs::write(&path, contents).with_context(|| path.display().to_string())?;
    }
    eprintln!("wrote {}", folder.join("index.html").display());
    Ok(())
}
