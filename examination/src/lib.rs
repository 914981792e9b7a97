//! The battery of `taxproof-soundness` on the statement's circuits, held against pinned numbers.
//!
//! Every wire but the declared private inputs is to be determined, every constraint to be missed
//! when it is gone. What that means and what it does not say: `docs/soundness.md`.

mod comparisons;
mod exchanges;
mod findings;
mod pins;
mod subject;

#[cfg(test)]
mod tests;

use serde::Serialize;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_soundness::{CircuitError, Clause, Report, Weakening, Witness};

pub use comparisons::{Comparison, Comparisons};
pub use exchanges::Exchanges;
pub use findings::Finding;
use subject::{Subject, proving_matrices};
pub use taxproof_soundness::Extent;

/// The statements after the quiet one that are also examined with exchanges, and of which the
/// prover's matrices are compared.
const COMPARED: usize = 3;

/// What was found in one circuit.
#[derive(Debug, Clone, Serialize)]
pub struct Examination {
    /// The shape.
    pub shape: &'static str,
    /// The curve.
    pub curve: Curve,
    /// Of the matrices.
    pub digest: Digest,
    /// True statements at which it was examined.
    pub statements: usize,
    /// Number of constraints.
    pub constraints: usize,
    /// Wires that the prover may choose.
    pub private: usize,
    /// Wires that have to be determined.
    pub wires: usize,
    /// Degrees of freedom to first order, at each of the first statements.
    pub freedom: Vec<usize>,
    /// Mutants made.
    pub mutants: usize,
    /// Mutants that something was found against.
    pub killed: usize,
    /// The others.
    pub survivors: Vec<Explained>,
    /// The mutants of each clause.
    pub clauses: Vec<Clause>,
    /// Paths and selections exchanged.
    pub exchanges: Exchanges,
    /// Whether every comparison is as wide as it has to be.
    pub comparisons: Comparisons,
    /// Statements whose proving gave the setup's matrices.
    pub same_matrices: usize,
    /// What is not as it must be: empty where all is well.
    pub findings: Vec<Finding>,
}

/// A mutant that nothing was found against.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// The clause of its row.
    pub clause: String,
    /// The row.
    pub row: usize,
    /// What was done to it.
    pub weakening: Weakening,
    /// Why that changes nothing; none where nobody has said.
    pub reason: Option<&'static str>,
}

/// Examines the circuit of a shape over one curve.
///
/// `progress` is told for how many of how many constraints a forged witness was found.
///
/// # Errors
/// A true statement does not satisfy the constraints.
pub fn examine(
    shape: Shape,
    curve: Curve,
    extent: &Extent,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Examination, CircuitError> {
    match curve {
        Curve::Bn254 => of::<ark_bn254::Fr>(&Subject::new(shape), curve, extent, progress),
        Curve::Bls12_381 => of::<ark_bls12_381::Fr>(&Subject::new(shape), curve, extent, progress),
    }
}

fn battery<F: Poseidon2Field>(
    subject: &Subject<F>,
    witnesses: &[Witness<F>],
    extent: &Extent,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, CircuitError> {
    taxproof_soundness::examine(&subject.circuit(), witnesses, extent, progress)
}

fn of<F: Poseidon2Field>(
    subject: &Subject<F>,
    curve: Curve,
    extent: &Extent,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Examination, CircuitError> {
    let Subject {
        shape,
        matrices,
        scenarios,
        ..
    } = subject;
    let witnesses = subject.witnesses();
    let report = battery(subject, &witnesses, extent, progress)?;
    let is_whole = extent.is_whole(report.constraints);
    let compared = &scenarios[1..=COMPARED];
    let exchanges = Exchanges::of(matrices, compared);
    let comparisons = Comparisons::of(matrices, witnesses.iter().map(|witness| &witness.z[..]));
    let differing: Vec<usize> = (1..=COMPARED)
        .filter(|&statement| proving_matrices(&scenarios[statement])[..] != matrices.abc)
        .collect();

    let digest = Digest(matrices.digest());
    let pin = pins::pin(*shape, curve);
    let mut findings = Vec::new();
    if CircuitVersion::V1.pinned_digest(*shape, curve) != Some(digest) {
        findings.push(Finding::Digest);
    }
    findings.extend(
        differing
            .iter()
            .map(|&statement| Finding::Shape { statement }),
    );
    findings.extend(findings::holes(&report, |column| subject.name(column)));
    findings.extend(exchanges.wrong.iter().cloned().map(Finding::Exchange));
    findings.extend(findings::widths(&comparisons));
    match pin {
        Some(pin) => findings.extend(findings::differences(&report, pin, is_whole)),
        None => findings.push(Finding::NotPinned),
    }
    let explained = |survivor: taxproof_soundness::Survivor| Explained {
        reason: pin.and_then(|pin| pins::reason(pin, &survivor)),
        clause: survivor.clause,
        row: survivor.row,
        weakening: survivor.weakening,
    };
    Ok(Examination {
        shape: shape.name,
        curve,
        digest,
        statements: scenarios.len(),
        constraints: report.constraints,
        private: report.private,
        wires: report.wires,
        freedom: report.freedom,
        mutants: report.mutants,
        killed: report.killed,
        survivors: report.survivors.into_iter().map(explained).collect(),
        clauses: report.clauses,
        exchanges,
        comparisons,
        same_matrices: COMPARED - differing.len(),
        findings,
    })
}
