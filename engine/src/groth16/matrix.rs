//! Sparse matrices whose coefficients are mostly 1 and -1.

use std::collections::HashMap;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::utils::matrix::Matrix;
use rayon::prelude::*;

/// Rows that one thread multiplies at a time.
const SERIAL: usize = 256;

/// A matrix, row by row.
#[derive(Debug)]
pub(super) struct SparseMatrix {
    /// Where each row ends in the terms.
    ends: Vec<u32>,
    terms: Vec<Term>,
    /// The coefficients, each once; the first two are 1 and -1.
    coefficients: Vec<Fr>,
}

/// A column, and its coefficient's index.
#[derive(Debug, Clone, Copy)]
struct Term {
    column: u32,
    coefficient: u32,
}

const ONE: u32 = 0;
const MINUS_ONE: u32 = 1;

impl SparseMatrix {
    /// Copies a matrix, or none if it has a column beyond `columns` or more than 2^32 terms.
    pub(super) fn new(matrix: &Matrix<Fr>, columns: usize) -> Option<Self> {
        let mut copy = Self {
            ends: Vec::with_capacity(matrix.len()),
            terms: Vec::with_capacity(matrix.iter().map(Vec::len).sum()),
            coefficients: vec![Fr::ONE, -Fr::ONE],
        };
        let mut known = HashMap::from([(Fr::ONE, ONE), (-Fr::ONE, MINUS_ONE)]);
        for row in matrix {
            for &(coefficient, column) in row {
                let coefficient = *known.entry(coefficient).or_insert_with(|| {
                    copy.coefficients.push(coefficient);
                    copy.coefficients.len() as u32 - 1
                });
                let column = (column < columns).then_some(u32::try_from(column).ok()?)?;
                copy.terms.push(Term {
                    column,
                    coefficient,
                });
            }
            copy.ends.push(u32::try_from(copy.terms.len()).ok()?);
        }
        Some(copy)
    }

    /// The product with a vector of as many elements as there are columns.
    pub(super) fn multiply(&self, vector: &[Fr]) -> Vec<Fr> {
        (0..self.ends.len())
            .into_par_iter()
            .with_min_len(SERIAL)
            .map(|row| {
                self.row(row).iter().fold(Fr::ZERO, |sum, term| {
                    let value = vector[term.column as usize];
                    match term.coefficient {
                        ONE => sum + value,
                        MINUS_ONE => sum - value,
                        coefficient => sum + value * self.coefficients[coefficient as usize],
                    }
                })
            })
            .collect()
    }

    fn row(&self, row: usize) -> &[Term] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.terms[start as usize..self.ends[row] as usize]
    }
}
