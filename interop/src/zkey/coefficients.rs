//! Section 4: the entries of A and B, each with its row, its wire and its value times R².

use std::collections::HashSet;

use ark_ff::PrimeField;
use ark_relations::utils::matrix::Matrix;

use crate::container::Cursor;
use crate::{FormatError, element, matrix};

/// Puts a circuit's rows, and after them those of the public wires, where snarkjs has them.
pub(super) fn to_domain<F: PrimeField>(
    ab: [&Matrix<F>; 2],
    instance: usize,
    domain: usize,
    stride: usize,
) -> [Matrix<F>; 2] {
    let constraints = ab[0].len();
    let mut rows = [vec![Vec::new(); domain], vec![Vec::new(); domain]];
    for (rows, matrix) in rows.iter_mut().zip(ab) {
        for (i, row) in matrix::merged(matrix).into_iter().enumerate() {
            rows[i * stride % domain] = row;
        }
    }
    for wire in 0..instance {
        rows[0][(constraints + wire) * stride % domain].push((F::ONE, wire));
    }
    rows
}

/// The inverse of [`to_domain`].
pub(super) fn from_domain<F: PrimeField>(
    rows: &[Matrix<F>; 2],
    instance: usize,
    stride: usize,
) -> Result<[Matrix<F>; 2], FormatError> {
    let domain = rows[0].len();
    let mut ab = rows.each_ref().map(|rows| -> Matrix<F> {
        (0..domain)
            .map(|i| rows[i * stride % domain].clone())
            .collect()
    });
    let misplaced = FormatError::Inconsistent(
        "the rows of the public wires do not follow the constraints, as they do in arkworks",
    );
    let used = ab[0].iter().rposition(|row| !row.is_empty());
    let constraints = used.and_then(|last| (last + 1).checked_sub(instance));
    let constraints = constraints.ok_or_else(|| misplaced.clone())?;
    let public = ab[0].drain(constraints..).take(instance).enumerate();
    let in_place = public.fold(true, |good, (wire, row)| good && row == [(F::ONE, wire)]);
    if in_place && ab[1].drain(constraints..).all(|row| row.is_empty()) {
        Ok(ab)
    } else {
        Err(misplaced)
    }
}

pub(super) fn write<F: PrimeField>(rows: &[Matrix<F>; 2]) -> Vec<u8> {
    let scale = element::radix::<F>().square();
    let mut section = 0u32.to_le_bytes().to_vec();
    let mut count = 0u32;
    for row in 0..rows[0].len() {
        for (matrix, rows) in (0u32..).zip(rows) {
            for &(coefficient, wire) in &rows[row] {
                count += 1;
                for number in [matrix, row as u32, wire as u32] {
                    section.extend_from_slice(&number.to_le_bytes());
                }
                section.extend(element::encode(coefficient * scale));
            }
        }
    }
    section[..4].copy_from_slice(&count.to_le_bytes());
    section
}

/// Reads the entries, which must be in the order of their rows, those of A before those of B.
pub(super) fn read<F: PrimeField>(
    mut cursor: Cursor<'_>,
    wires: usize,
    domain: usize,
) -> Result<[Matrix<F>; 2], FormatError> {
    let refused = FormatError::Inconsistent;
    let scale = element::radix::<F>().square().inverse();
    let scale = scale.expect("a power of two is not zero");
    let mut rows = [vec![Vec::new(); domain], vec![Vec::new(); domain]];
    let mut seen = HashSet::new();
    let mut last = (0, 0);
    for _ in 0..cursor.u32()? {
        let [matrix, row, wire] = [cursor.u32()?, cursor.u32()?, cursor.u32()?].map(|n| n as usize);
        let coefficient = element::decode::<F>(cursor.take(element::width::<F>())?);
        let coefficient = coefficient.ok_or(FormatError::Element("a coefficient"))?;
        if matrix > 1 || row >= domain || wire >= wires {
            return Err(refused("a coefficient is outside its matrix"));
        }
        if (row, matrix) < last {
            return Err(refused("the coefficients are not in order"));
        }
        if (row, matrix) > last {
            seen.clear();
        }
        last = (row, matrix);
        if !seen.insert(wire) {
            return Err(refused("a row names a wire twice"));
        }
        rows[matrix][row].push((coefficient * scale, wire));
    }
    cursor.finish()?;
    Ok(rows)
}
