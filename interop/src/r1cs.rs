//! `.r1cs`: a circuit's constraints.
//!
//! Version 1, as circom writes it (iden3/r1csfile, `doc/r1cs_bin_format.md`), without custom gates.

use ark_ff::PrimeField;
use ark_relations::utils::matrix::Matrix;

use crate::container::{self, Cursor, Format, Sections};
use crate::{FormatError, SnarkjsCurve, element, matrix};

const FORMAT: Format = Format {
    name: "r1cs",
    version: 1,
};
const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const LABELS: u32 = 3;

/// Constraints A·z ∘ B·z = C·z, and what the wires in z are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct R1cs<F> {
    /// Public outputs, which come after the one.
    pub outputs: u32,
    /// Public inputs, which come next.
    pub inputs: u32,
    /// Private inputs, which come next; then all other wires.
    pub private_inputs: u32,
    /// A, B and C: each row a list of (coefficient, wire).
    pub abc: [Matrix<F>; 3],
    /// The label of each wire, which is what [symbols](crate::symbols) name.
    pub labels: Vec<u64>,
    /// How many labels there are; some may be of no wire.
    pub label_count: u64,
}

impl<F: PrimeField> R1cs<F> {
    /// A circuit of arkworks: `instance` wires are one and the public inputs, and each of `wires`
    /// has the label of its own number. A wire that a row names several times is named once, with
    /// the sum.
    ///
    /// # What is not checked
    /// That A, B and C are of one height and name no other wires.
    pub fn new(abc: [Matrix<F>; 3], instance: usize, private_inputs: usize, wires: usize) -> Self {
        Self {
            outputs: 0,
            inputs: instance as u32 - 1,
            private_inputs: private_inputs as u32,
            abc: abc.each_ref().map(matrix::merged),
            labels: (0..wires as u64).collect(),
            label_count: wires as u64,
        }
    }

    /// Wires, the one among them.
    pub const fn wires(&self) -> usize {
        self.labels.len()
    }

    /// One and the public wires.
    pub const fn instance(&self) -> usize {
        1 + self.outputs as usize + self.inputs as usize
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        let mut header = Vec::new();
        element::write_order::<F>(&mut header);
        let (wires, rows) = (self.wires() as u32, self.abc[0].len() as u32);
        for number in [wires, self.outputs, self.inputs, self.private_inputs] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        header.extend_from_slice(&self.label_count.to_le_bytes());
        header.extend_from_slice(&rows.to_le_bytes());

        let mut constraints = Vec::new();
        for row in 0..self.abc[0].len() {
            for matrix in &self.abc {
                write_combination(&matrix[row], &mut constraints);
            }
        }
        let labels = self.labels.iter().flat_map(|label| label.to_le_bytes());
        container::write(
            FORMAT,
            &[
                (HEADER, header),
                (CONSTRAINTS, constraints),
                (LABELS, labels.collect()),
            ],
        )
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is none over the curve's scalar field, uses custom gates, or its parts do not fit.
    pub fn read<E: SnarkjsCurve<ScalarField = F>>(file: &[u8]) -> Result<Self, FormatError> {
        let sections = Sections::read(file, FORMAT, &[HEADER, CONSTRAINTS, LABELS])?;
        let mut header = sections.cursor(HEADER, "the header");
        element::expect_order::<F>(&mut header, E::NAME)?;
        let [wires, outputs, inputs, private_inputs] =
            [header.u32()?, header.u32()?, header.u32()?, header.u32()?];
        let (label_count, rows) = (header.u64()?, header.u32()?);
        header.finish()?;
        let named = 1 + u64::from(outputs) + u64::from(inputs) + u64::from(private_inputs);
        if named > wires.into() {
            return Err(FormatError::Inconsistent(
                "there are more inputs and outputs than wires",
            ));
        }
        let cursor = sections.cursor(CONSTRAINTS, "the constraints");
        let abc = read_constraints(cursor, rows, wires)?;
        let labels = read_labels(sections.cursor(LABELS, "the labels"), wires, label_count)?;
        Ok(Self {
            outputs,
            inputs,
            private_inputs,
            abc,
            labels,
            label_count,
        })
    }

    /// The first constraint that an assignment violates; none where it satisfies all, the number
    /// of constraints where it is of another length.
    pub fn violated(&self, assignment: &[F]) -> Option<usize> {
        let rows = self.abc[0].len();
        if assignment.len() != self.wires() {
            return Some(rows);
        }
        let value = |combination: &[(F, usize)]| -> F {
            combination
                .iter()
                .map(|&(coefficient, wire)| coefficient * assignment[wire])
                .sum()
        };
        (0..rows).find(|&row| {
            let [a, b, c] = self.abc.each_ref().map(|matrix| value(&matrix[row]));
            a * b != c
        })
    }
}

fn write_combination<F: PrimeField>(combination: &[(F, usize)], out: &mut Vec<u8>) {
    out.extend_from_slice(&(combination.len() as u32).to_le_bytes());
    for &(coefficient, wire) in combination {
        out.extend_from_slice(&(wire as u32).to_le_bytes());
        out.extend(element::encode(coefficient));
    }
}

fn read_constraints<F: PrimeField>(
    mut cursor: Cursor<'_>,
    rows: u32,
    wires: u32,
) -> Result<[Matrix<F>; 3], FormatError> {
    let mut abc = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rows {
        for matrix in &mut abc {
            matrix.push(read_combination(&mut cursor, wires)?);
        }
    }
    cursor.finish()?;
    Ok(abc)
}

fn read_combination<F: PrimeField>(
    cursor: &mut Cursor<'_>,
    wires: u32,
) -> Result<Vec<(F, usize)>, FormatError> {
    let size = 4 + element::width::<F>();
    let count = cursor.u32()? as usize;
    let terms = cursor.pieces(count, size)?.chunks(size).map(|term| {
        let (wire, coefficient) = term.split_first_chunk().expect("a term has its wire");
        let wire = u32::from_le_bytes(*wire);
        if wire >= wires {
            return Err(FormatError::Inconsistent(
                "a constraint names a wire that there is not",
            ));
        }
        let coefficient = element::decode(coefficient);
        Ok((
            coefficient.ok_or(FormatError::Element("a coefficient"))?,
            wire as usize,
        ))
    });
    let terms: Vec<(F, usize)> = terms.collect::<Result<_, _>>()?;
    if matrix::is_distinct(&terms) {
        Ok(terms)
    } else {
        Err(FormatError::Inconsistent(
            "a linear combination names a wire twice",
        ))
    }
}

fn read_labels(
    mut cursor: Cursor<'_>,
    wires: u32,
    label_count: u64,
) -> Result<Vec<u64>, FormatError> {
    let bytes = cursor.pieces(wires as usize, 8)?;
    cursor.finish()?;
    let labels = bytes
        .chunks(8)
        .map(|label| u64::from_le_bytes(label.try_into().expect("eight bytes a label")));
    let labels: Vec<u64> = labels.collect();
    if labels.iter().all(|&label| label < label_count) {
        Ok(labels)
    } else {
        Err(FormatError::Inconsistent("a label is beyond the last"))
    }
}
