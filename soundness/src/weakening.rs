//! Rows that ask for less than they did.

use ark_ff::PrimeField;
use serde::Serialize;

use crate::circuit::Circuit;

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

impl Weakening {
    /// Every way to weaken a row without deleting it.
    pub(crate) fn of_row<F: PrimeField>(circuit: &Circuit<F>, row: usize) -> Vec<Self> {
        let abc = circuit.matrices().each_ref().map(|matrix| &matrix[row]);
        let mut weakenings = Vec::new();
        for (matrix, terms) in abc.into_iter().enumerate() {
            if matrix < 2 && !terms.is_empty() {
                weakenings.push(Self::FactorZero { matrix });
            }
            let columns = terms.iter().map(|&(_, column)| column);
            weakenings.extend(columns.map(|column| Self::TermDropped { matrix, column }));
        }
        weakenings
    }

    /// Whether the weakened row holds for z, given the sides of the whole one.
    fn holds<F: PrimeField>(
        self,
        circuit: &Circuit<F>,
        row: usize,
        z: &[F],
        mut sides: [F; 3],
    ) -> bool {
        match self {
            Self::Deleted => return true,
            Self::FactorZero { matrix } => sides[matrix] = F::zero(),
            Self::TermDropped { matrix, column } => {
                let terms = circuit.matrices()[matrix][row].iter();
                let dropped = terms.filter(|term| term.1 == column);
                sides[matrix] -= dropped.map(|&(c, _)| c * z[column]).sum::<F>();
            }
        }
        sides[0] * sides[1] == sides[2]
    }
}

/// A row's weakenings, and for each whether some witness tells it from the whole row: one that only
/// one of the two accepts.
#[derive(Debug)]
pub(crate) struct Weakenings {
    row: usize,
    told: Vec<(Weakening, bool)>,
}

impl Weakenings {
    pub(crate) fn new<F: PrimeField>(circuit: &Circuit<F>, row: usize) -> Self {
        let weakenings = Weakening::of_row(circuit, row);
        Self {
            row,
            told: weakenings.into_iter().map(|w| (w, false)).collect(),
        }
    }

    /// Looks at one more witness, which satisfies every other row.
    pub(crate) fn look_at<F: PrimeField>(&mut self, circuit: &Circuit<F>, z: &[F]) {
        if self.all_told() {
            return;
        }
        let sides = circuit.sides(self.row, z);
        let whole = sides[0] * sides[1] == sides[2];
        for (weakening, told) in self.told.iter_mut().filter(|(_, told)| !told) {
            *told = weakening.holds(circuit, self.row, z, sides) != whole;
        }
    }

    pub(crate) fn all_told(&self) -> bool {
        self.told.iter().all(|(_, told)| *told)
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.told.len()
    }

    /// Those that no witness told.
    pub(crate) fn untold(&self) -> impl Iterator<Item = Weakening> + '_ {
        let untold = self.told.iter().filter(|(_, told)| !told);
        untold.map(|&(weakening, _)| weakening)
    }
}
