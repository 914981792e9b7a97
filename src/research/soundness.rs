//! `taxproof research soundness`.

use std::ops::Range;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use taxproof_claims::curve::Curve;
use taxproof_claims::shape::Shape;
use taxproof_examination::{Examination, Extent, examine};

/// Which circuit, how much of it, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shape: Q16, Q16S or Q32.
    #[arg(long)]
    shape: Shape,
    /// The curve: bn254 or bls12-381.
    #[arg(long, default_value_t = Curve::Bn254)]
    curve: Curve,
    /// Makes mutants of every so many constraints only. Everything else is examined all the same.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// Makes mutants of these constraints only, such as 0..8000: a long campaign in parts.
    #[arg(long, value_name = "FROM..TO", value_parser = rows)]
    rows: Option<Range<usize>>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Examines and prints; fails where something is not as pinned.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let all = Extent::default();
    let extent = Extent {
        rows: arguments.rows.clone().unwrap_or(all.rows),
        every: arguments.every as usize,
        seed: all.seed,
    };
    let bar = progress_bar();
    let progress = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let examination = examine(arguments.shape, arguments.curve, &extent, &progress)?;
    bar.finish_and_clear();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&examination)?);
    } else {
        print(&examination);
    }
    for finding in &examination.findings {
        eprintln!("finding: {finding}");
    }
    Ok(if examination.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// FROM..TO, TO not included.
fn rows(text: &str) -> Result<Range<usize>, String> {
    let bounds = text.split_once("..");
    let bounds = bounds.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    bounds
        .filter(|rows| !rows.is_empty())
        .ok_or_else(|| "two numbers with `..` between them, the second one larger".to_owned())
}

/// Nothing where standard error is no terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
        .expect("the template is valid");
    let bar = ProgressBar::new(0).with_style(style);
    bar.set_message("forging witnesses without each constraint");
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}

fn print(examination: &Examination) {
    let Examination { shape, curve, .. } = examination;
    println!("{shape} over {curve}, digest {}", examination.digest);
    println!(
        "{} constraints, {} private inputs, {} wires, at {} true statements",
        examination.constraints, examination.private, examination.wires, examination.statements
    );
    println!(
        "degrees of freedom: {}",
        examination
            .freedom
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    );
    println!(
        "{:<12} {:>12} {:>9} {:>9} {:>9} {:>9}",
        "clause", "constraints", "forged", "lied", "by rank", "weakened"
    );
    for clause in &examination.clauses {
        println!(
            "{:<12} {:>12} {:>9} {:>9} {:>9} {:>9}",
            clause.name,
            clause.constraints,
            clause.forged,
            clause.lied,
            clause.by_rank,
            clause.weakened
        );
    }
    println!(
        "{} of {} mutants killed",
        examination.killed, examination.mutants
    );
    for survivor in &examination.survivors {
        let reason = survivor.reason.unwrap_or("no reason on record");
        println!(
            "survives: row {} ({}), {:?}: {reason}",
            survivor.row, survivor.clause, survivor.weakening
        );
    }
    let exchanges = &examination.exchanges;
    println!(
        "{} exchanges in paths and {} of selected attributes judged, {} of them wrong",
        exchanges.paths,
        exchanges.selections,
        exchanges.wrong.len()
    );
    println!(
        "{} comparisons, {} of them wider than any statement needs",
        examination.comparisons.found,
        examination.comparisons.loose.len()
    );
    println!(
        "proving {} statements made the setup's matrices",
        examination.same_matrices
    );
}
