//! What a circuit costs, clause by clause.

use serde::Serialize;
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::matrices::matrices;

/// What a shape's circuit costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Number of constraints.
    pub constraints: usize,
    /// Public inputs and the leading one.
    pub instance: usize,
    /// Private columns.
    pub witness: usize,
    /// Size of the evaluation domain: constraints and instance, rounded up to a power of two.
    pub domain: usize,
    /// Entries of the three matrices that are not zero.
    pub nonzeros: usize,
    /// The same for each clause, in the order in which the circuit reads.
    pub clauses: Vec<ClauseCount>,
}

/// What one clause costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClauseCount {
    /// The clause's name.
    pub name: &'static str,
    /// Number of constraints.
    pub constraints: usize,
    /// Entries of its rows that are not zero.
    pub nonzeros: usize,
}

/// Counts the constraints of a shape, clause by clause.
pub fn clauses<F: Poseidon2Field>(shape: Shape) -> Report {
    let matrices = matrices::<F>(shape);
    let count = |clause: &crate::system::Clause| ClauseCount {
        name: clause.name,
        constraints: clause.rows.len(),
        nonzeros: matrices.nonzeros(clause.rows.clone()),
    };
    Report {
        constraints: matrices.constraints(),
        instance: matrices.instance,
        witness: matrices.witness,
        domain: matrices.domain(),
        nonzeros: matrices.nonzeros(0..matrices.constraints()),
        clauses: matrices.clauses.iter().map(count).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taxproof_claims::shape::{Q16, Q16S, Q32, SHAPES};

    #[test]
    fn domains_are_those_of_the_design() {
        for (shape, domain) in [(Q16, 1 << 14), (Q16S, 1 << 15), (Q32, 1 << 16)] {
            assert_eq!(clauses::<ark_bn254::Fr>(shape).domain, domain, "{shape}");
        }
    }

    #[test]
    fn clauses_add_up() {
        for shape in SHAPES {
            let report = clauses::<ark_bls12_381::Fr>(shape);
            let constraints = report
                .clauses
                .iter()
                .map(|clause| clause.constraints)
                .sum::<usize>();
            let nonzeros = report
                .clauses
                .iter()
                .map(|clause| clause.nonzeros)
                .sum::<usize>();
            assert_eq!(
                (constraints, nonzeros),
                (report.constraints, report.nonzeros)
            );
        }
    }
}
