//! The race in words.

use std::fmt::Write as _;

use super::report::Report;

/// Tables for a terminal.
pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |args: std::fmt::Arguments<'_>| {
        text.write_fmt(args).expect("a string takes every text");
        text.push('\n');
    };
    for (name, value) in report.machine.lines() {
        line(format_args!("{name:24}{value}"));
    }
    line(format_args!(""));
    line(format_args!(
        "{:<8} {:<10} {:>3}  {:<28} {:>10} {:>10} {:>18}",
        "circuit", "curve", "thr", "prover", "first ms", "median ms", "quartiles ms"
    ));
    for proof in &report.proofs {
        let times = &proof.times;
        line(format_args!(
            "{:<8} {:<10} {:>3}  {:<28} {:>10.1} {:>10.1} {:>8.1} -{:>8.1}",
            proof.circuit,
            proof.curve.name(),
            proof.threads,
            proof.label(),
            times.first_ms,
            times.median_ms,
            times.low_ms,
            times.high_ms
        ));
    }
    for phase in &report.phases {
        line(format_args!(
            "{:<8} {:<10} {:>3}  {:<28} {:>10} {:>10.2} {:>8.1} times the limit",
            phase.circuit,
            "phase",
            phase.threads,
            phase.name,
            "",
            phase.median_ms,
            phase.median_ms / phase.floor_ms
        ));
    }
    for verified in &report.verifications {
        line(format_args!(
            "{:<8} {:<10} {:>3}  {:<28} {:>10} {:>10.3} {:>8.3} a proof",
            verified.circuit,
            verified.curve.name(),
            verified.threads,
            format!("{} verifies {}", verified.verifier, verified.batch),
            "",
            verified.median_ms,
            verified.per_proof_ms
        ));
    }
    for (peer, ratio) in &report.ratios {
        line(format_args!("{peer}: {ratio:.2} times ours"));
    }
    text
}
