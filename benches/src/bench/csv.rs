//! The race as a table for other programs.

use super::report::Proving;

/// A line a prover and circuit.
pub(super) fn write(proofs: &[Proving]) -> String {
    let mut csv =
        "circuit,curve,constraints,threads,prover,kernels,table_budget_bytes,table_bytes,\
                   preparation_ms,first_ms,median_ms,low_ms,high_ms,least_ms,runs,energy_joules,\
                   peak_bytes\n"
            .to_owned();
    for proof in proofs {
        let times = &proof.times;
        let fields = [
            proof.circuit.clone(),
            proof.curve.to_string(),
            proof.constraints.to_string(),
            proof.threads.to_string(),
            quoted(&proof.prover),
            optional(proof.kernels),
            optional(proof.table_budget_bytes),
            optional(proof.table_bytes),
            optional(proof.preparation_ms),
            times.first_ms.to_string(),
            times.median_ms.to_string(),
            times.low_ms.to_string(),
            times.high_ms.to_string(),
            times.least_ms.to_string(),
            times.runs.to_string(),
            optional(times.energy_joules),
            optional(times.peak_bytes),
        ];
        csv.push_str(&fields.join(","));
        csv.push('\n');
    }
    csv
}

fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A peer's name may hold anything.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
