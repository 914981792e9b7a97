//! `taxproof research circuit`.

use clap::Args;
use serde::Serialize;
use taxproof_circuits::{Report, circuit_digest, clauses};
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Digest;
use taxproof_claims::shape::Shape;

/// Which circuit, and how to print it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shape: Q16, Q16S or Q32.
    #[arg(long)]
    shape: Shape,
    /// The curve: bn254 or bls12-381.
    #[arg(long, default_value_t = Curve::Bn254)]
    curve: Curve,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Circuit {
    shape: &'static str,
    curve: Curve,
    digest: Digest,
    #[serde(flatten)]
    report: Report,
}

/// Counts and prints.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (report, digest) = match arguments.curve {
        Curve::Bn254 => describe::<ark_bn254::Fr>(arguments.shape),
        Curve::Bls12_381 => describe::<ark_bls12_381::Fr>(arguments.shape),
    };
    let (shape, curve) = (arguments.shape.name, arguments.curve);
    let circuit = Circuit {
        shape,
        curve,
        digest,
        report,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&circuit)?);
    } else {
        print(&circuit);
    }
    Ok(())
}

fn describe<F: taxproof_engine::poseidon2::Poseidon2Field>(shape: Shape) -> (Report, Digest) {
    (clauses::<F>(shape), Digest(circuit_digest::<F>(shape)))
}

fn print(circuit: &Circuit) {
    let Circuit {
        shape,
        curve,
        digest,
        report,
    } = circuit;
    println!("{shape} over {curve}, digest {digest}");
    println!("{:<12} {:>12} {:>12}", "clause", "constraints", "nonzeros");
    for clause in &report.clauses {
        println!(
            "{:<12} {:>12} {:>12}",
            clause.name, clause.constraints, clause.nonzeros
        );
    }
    println!(
        "{:<12} {:>12} {:>12}",
        "all", report.constraints, report.nonzeros
    );
    let rows = report.constraints + report.instance;
    println!(
        "{} public inputs and one make {rows} of {} rows",
        report.instance - 1,
        report.domain
    );
}
