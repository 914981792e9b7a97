//! Which rows make a column 0 or 1, and in how many ways bits add up to a number.

use std::collections::HashMap;

use ark_ff::{BigInteger, PrimeField};

use crate::circuit::Circuit;

/// Rows of the form L·(L − 1) = 0.
pub(crate) struct Booleans {
    /// For every row, the matrix in which L stands.
    rows: Vec<Option<usize>>,
    /// For every column, the row that makes it 0 or 1 by itself.
    columns: Vec<Option<usize>>,
}

/// Bits, and every way to choose them.
pub(crate) struct Decomposition {
    pub(crate) bits: Vec<usize>,
    pub(crate) choices: Vec<Vec<bool>>,
}

impl Booleans {
    pub(crate) fn new<F: PrimeField>(circuit: &Circuit<F>) -> Self {
        let rows: Vec<_> = (0..circuit.constraints())
            .map(|row| boolean_side(circuit, row))
            .collect();
        let mut columns = vec![None; circuit.columns()];
        for (row, side) in rows.iter().enumerate() {
            let Some(side) = *side else { continue };
            if let [(coefficient, column)] = circuit.matrices()[side][row][..]
                && coefficient.is_one()
            {
                columns[column].get_or_insert(row);
            }
        }
        Self { rows, columns }
    }

    /// The matrix in which L stands, where the row is L·(L − 1) = 0.
    pub(crate) fn side(&self, row: usize) -> Option<usize> {
        self.rows[row]
    }

    /// The row that makes a column 0 or 1 by itself.
    pub(crate) fn row_of(&self, column: usize) -> Option<usize> {
        self.columns[column]
    }

    /// The columns of L, where the row is L·(L − 1) = 0.
    pub(crate) fn terms<'c, F: PrimeField>(
        &self,
        circuit: &'c Circuit<F>,
        row: usize,
    ) -> &'c [(F, usize)] {
        self.rows[row].map_or(&[], |side| &circuit.matrices()[side][row][..])
    }
}

/// The columns, 0 or 1 each, for which Σ weight·column is one of the targets. None where the
/// weights are not one number times different powers of two.
pub(crate) fn decompose<F: PrimeField>(
    weighted: &[(F, usize)],
    targets: &[F],
) -> Option<Decomposition> {
    let (unit, places) = powers(weighted)?;
    let scale = unit.inverse()?;
    let choices = targets
        .iter()
        .flat_map(|&target| representations(target * scale, &places))
        .collect();
    let bits = weighted.iter().map(|&(_, column)| column).collect();
    Some(Decomposition { bits, choices })
}

fn boolean_side<F: PrimeField>(circuit: &Circuit<F>, row: usize) -> Option<usize> {
    let [a, b, c] = circuit.matrices().each_ref().map(|matrix| &matrix[row]);
    if !c.is_empty() || (a.is_empty() && b.is_empty()) {
        return None;
    }
    let differs_by_one = |sign: F| {
        let mut difference: HashMap<usize, F> = a.iter().map(|&(c, column)| (column, c)).collect();
        for &(coefficient, column) in b {
            *difference.entry(column).or_default() += sign * coefficient;
        }
        difference.retain(|_, coefficient| !coefficient.is_zero());
        match difference.len() {
            1 => difference.get(&0).copied(),
            _ => None,
        }
    };
    let (minus, plus) = (differs_by_one(-F::one()), differs_by_one(F::one()));
    // A − B = 1: A is 0 or 1. A + B = 1: likewise. A − B = −1: B is 0 or 1.
    if minus == Some(F::one()) || plus == Some(F::one()) {
        Some(0)
    } else if minus == Some(-F::one()) {
        Some(1)
    } else {
        None
    }
}

/// u and the places e for which the weights are u·2^e, all places different.
fn powers<F: PrimeField>(weighted: &[(F, usize)]) -> Option<(F, Vec<usize>)> {
    let half = F::from(2u64).inverse()?;
    let weights: HashMap<F, usize> = (weighted
        .iter()
        .enumerate()
        .map(|(i, &(weight, _))| (weight, i)))
    .collect();
    if weights.len() != weighted.len() {
        return None;
    }
    // Gaps are where a bit is known: what is no double of another may still be a multiple.
    let lowest = weights
        .keys()
        .filter(|&&w| !weights.contains_key(&(w * half)));
    lowest.copied().find_map(|unit| {
        let mut places = vec![0; weighted.len()];
        let (mut weight, mut found) = (unit, 0);
        for place in 0..F::MODULUS_BIT_SIZE as usize {
            if let Some(&i) = weights.get(&weight) {
                places[i] = place;
                found += 1;
            }
            if found == weighted.len() {
                return Some((unit, places));
            }
            weight.double_in_place();
        }
        None
    })
}

/// The integers that are x modulo the field's order and have ones in these places only, at most two
/// of them, as bits.
fn representations<F: PrimeField>(x: F, places: &[usize]) -> Vec<Vec<bool>> {
    let length = 1 + places.iter().max().copied().unwrap_or_default();
    let mut integer = x.into_bigint();
    let mut found = Vec::new();
    while found.len() < 2 && integer.num_bits() as usize <= length {
        let bits: Vec<bool> = places.iter().map(|&place| integer.get_bit(place)).collect();
        let ones = (0..length).filter(|&place| integer.get_bit(place)).count();
        if ones == bits.iter().filter(|bit| **bit).count() {
            found.push(bits);
        }
        if integer.add_with_carry(&F::MODULUS) {
            break;
        }
    }
    found
}
