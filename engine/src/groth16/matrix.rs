//! Sparse matrices whose coefficients are mostly 1 and -1.

use std::collections::HashMap;
use std::io::{self, Write};

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::utils::matrix::Matrix;
use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use crate::lanes::LaneField;
use crate::prepared::{Mapped, PreparedError, Sections};
use crate::storage::Storage;

/// Rows that one thread multiplies at a time.
const SERIAL: usize = 256;

/// A matrix, row by row.
#[derive(Debug)]
pub(super) struct SparseMatrix {
    /// Where each row ends in the terms.
    ends: Storage<u32>,
    terms: Storage<Term>,
    /// The coefficients, each once; the first two are 1 and -1.
    coefficients: Vec<Fr>,
}

/// A column, and its coefficient's index.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Term {
    column: u32,
    coefficient: u32,
}

const ONE: u32 = 0;
const MINUS_ONE: u32 = 1;

impl SparseMatrix {
    /// Copies a matrix, or none if it has a column beyond `columns` or more than 2^32 terms.
    pub(super) fn new(matrix: &Matrix<Fr>, columns: usize) -> Option<Self> {
        let mut ends = Vec::with_capacity(matrix.len());
        let mut terms = Vec::with_capacity(matrix.iter().map(Vec::len).sum());
        let mut coefficients = vec![Fr::ONE, -Fr::ONE];
        let mut known = HashMap::from([(Fr::ONE, ONE), (-Fr::ONE, MINUS_ONE)]);
        for row in matrix {
            for &(coefficient, column) in row {
                let coefficient = *known.entry(coefficient).or_insert_with(|| {
                    coefficients.push(coefficient);
                    coefficients.len() as u32 - 1
                });
                let column = (column < columns).then_some(u32::try_from(column).ok()?)?;
                terms.push(Term {
                    column,
                    coefficient,
                });
            }
            ends.push(u32::try_from(terms.len()).ok()?);
        }
        Some(Self {
            ends: ends.into(),
            terms: terms.into(),
            coefficients,
        })
    }

    pub(super) fn write<W: Write>(&self, out: &mut Sections<W>) -> io::Result<()> {
        out.put(&self.ends)?;
        out.put(&self.terms)?;
        let words = self.coefficients.iter().map(|c| c.to_montgomery());
        out.put(&words.collect::<Vec<_>>())
    }

    /// Reads what [`Self::write`] wrote.
    pub(super) fn read(file: &mut Mapped, columns: usize) -> Result<Self, PreparedError> {
        let matrix = Self {
            ends: file.next()?,
            terms: file.next()?,
            coefficients: (file.next::<[u64; 4]>()?.iter())
                .map(|words| Fr::from_montgomery(*words))
                .collect(),
        };
        if matrix.is_whole(columns) {
            Ok(matrix)
        } else {
            Err(PreparedError::Foreign)
        }
    }

    /// Whether every index is one of something.
    fn is_whole(&self, columns: usize) -> bool {
        let term_is = |term: &Term| {
            (term.column as usize) < columns
                && (term.coefficient as usize) < self.coefficients.len()
        };
        let last = self.ends.last().map_or(0, |end| *end as usize);
        self.ends.is_sorted() && last == self.terms.len() && self.terms.par_iter().all(term_is)
    }

    /// Rows.
    pub(super) fn height(&self) -> usize {
        self.ends.len()
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
