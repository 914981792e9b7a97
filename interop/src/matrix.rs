//! Matrices as files have them.

use std::collections::{BTreeMap, HashSet};

use ark_ff::PrimeField;
use ark_relations::utils::matrix::Matrix;

/// Whether a row names each wire once. One named twice means the sum to some readers of a file and
/// the last to others.
pub(crate) fn is_distinct<F>(row: &[(F, usize)]) -> bool {
    let mut seen = HashSet::with_capacity(row.len());
    row.iter().all(|&(_, wire)| seen.insert(wire))
}

/// The matrix with each wire named once a row: arkworks' circuits may name one several times.
pub(crate) fn merged<F: PrimeField>(matrix: &Matrix<F>) -> Matrix<F> {
    matrix.iter().map(|row| merge(row)).collect()
}

fn merge<F: PrimeField>(row: &[(F, usize)]) -> Vec<(F, usize)> {
    if is_distinct(row) {
        return row.to_vec();
    }
    let mut sums = BTreeMap::new();
    for &(coefficient, wire) in row {
        *sums.entry(wire).or_insert(F::ZERO) += coefficient;
    }
    sums.into_iter().map(|(wire, sum)| (sum, wire)).collect()
}
