use ark_ff::PrimeField;
use serde::Serialize;

use crate::circuit::{Circuit, Witness};
use crate::forgery::Forged;

/// What was done to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weakening {
    /// The row is gone. The same as a term more in C that nothing else holds.
    Deleted,
    /// A or B (0 or 1) is 0.
    FactorZero {
        /// Which.
        matrix: usize,
    },
    /// One term is gone from A, B or C (0, 1 or 2). Any other coefficient is told by the same values.
    TermDropped {
        /// Which.
        matrix: usize,
        /// The term's column.
        column: usize,
    },
}

/// Every row weakened but not gone, with whether a witness tells the difference: one that should
/// be accepted is not, or the forged one is accepted.
pub(crate) fn weakenings<F: PrimeField>(
    circuit: &Circuit<F>,
    witnesses: &[Witness<F>],
    row: usize,
    forged: Option<&Forged<F>>,
) -> Vec<(Weakening, bool)> {
    let abc = circuit.matrices().each_ref().map(|matrix| &matrix[row]);
    let mut told: Vec<(Weakening, bool)> = Vec::new();
    for (matrix, terms) in abc.into_iter().enumerate() {
        if matrix < 2 && !terms.is_empty() {
            told.push((Weakening::FactorZero { matrix }, false));
        }
        told.extend(
            terms
                .iter()
                .map(|&(_, column)| (Weakening::TermDropped { matrix, column }, false)),
        );
    }
    if let Some(forged) = forged {
        let mut places = [0; 3];
        for (weakening, told) in &mut told {
            let [a, b, c] = forged.sides;
            let weak = match *weakening {
                Weakening::TermDropped { matrix, .. } => {
                    let term = forged.terms[matrix][places[matrix]];
                    places[matrix] += 1;
                    let mut sides = [a, b, c];
                    sides[matrix] -= term;
                    sides
                }
                Weakening::FactorZero { .. } | Weakening::Deleted => [F::zero(), b, c],
            };
            *told = weak[0] * weak[1] == weak[2];
        }
    }
    for witness in witnesses {
        if told.iter().all(|(_, told)| *told) {
            break;
        }
        let [a, b, c] = circuit.sides(row, &witness.z);
        for (weakening, told) in told.iter_mut().filter(|(_, told)| !told) {
            *told = match *weakening {
                Weakening::TermDropped { matrix, column } => {
                    let other = [b, a, F::one()][matrix];
                    !witness.z[column].is_zero() && !other.is_zero()
                }
                Weakening::FactorZero { .. } | Weakening::Deleted => !c.is_zero(),
            };
        }
    }
    told
}
