//! What is examined: matrices, the columns that the prover may choose, and assignments that satisfy them.

use std::ops::Range;

use ark_ff::PrimeField;
use ark_relations::gr1cs::{ConstraintSystem, Matrix, R1CS_PREDICATE_LABEL};

/// A name for some rows, for instance the clause of a statement that they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The name.
    pub name: String,
    /// The rows.
    pub rows: Range<usize>,
}

/// Constraints to be examined: (A·z)·(B·z) = C·z for every row.
#[derive(Debug, Clone)]
pub struct Circuit<F> {
    abc: [Matrix<F>; 3],
    instance: usize,
    columns: usize,
    private: Vec<bool>,
    labels: Vec<Label>,
    /// For every column, where it stands: row, and 0, 1 or 2 for A, B and C.
    occurrences: Vec<Vec<(usize, usize)>>,
}

/// Values of all columns that satisfy a circuit.
#[derive(Debug, Clone)]
pub struct Witness<F> {
    /// z: one, the public inputs, the witness.
    pub z: Vec<F>,
    /// Inputs that follow from other columns in this witness: public outputs, and private inputs
    /// that have to equal something computed (in a Merkle path, one's own node among the siblings).
    /// A forger may let them follow what is forged. They count as inputs everywhere else.
    pub follows: Vec<usize>,
}

/// Why constraints cannot be examined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitError {
    /// The constraint system was built without matrices, or holds other predicates.
    #[error("the constraint system gives no rank-one matrices; build them and finalize it")]
    NoMatrices,
    /// A declared column does not exist or is not of the witness.
    #[error("column {0} is not a column of the witness")]
    Column(usize),
    /// An assignment is not of this circuit or does not satisfy it.
    #[error("assignment {0} does not satisfy the circuit")]
    Unsatisfied(usize),
    /// No assignment was given.
    #[error("there is nothing to examine without a satisfying assignment")]
    NoAssignment,
    /// The rows asked for begin after the last one.
    #[error(
        "the circuit has {constraints} constraints, from 0; none of {from}..{to} is among them"
    )]
    Rows {
        /// How many there are.
        constraints: usize,
        /// The first one asked for.
        from: usize,
        /// The end of those asked for.
        to: usize,
    },
}

impl<F: PrimeField> Circuit<F> {
    /// Constraints from their matrices.
    ///
    /// `instance` is the number of leading columns that are public (one and the public inputs);
    /// `private` are the witness columns that the prover may choose. Every other column of the
    /// witness is expected to be determined.
    ///
    /// # Errors
    /// The matrices have different numbers of rows, or a declared column is not of the witness.
    pub fn new(
        abc: [Matrix<F>; 3],
        instance: usize,
        columns: usize,
        private: impl IntoIterator<Item = usize>,
    ) -> Result<Self, CircuitError> {
        if abc[0].len() != abc[1].len() || abc[0].len() != abc[2].len() {
            return Err(CircuitError::NoMatrices);
        }
        let mut chosen = vec![false; columns];
        for column in private {
            match chosen.get_mut(column) {
                Some(chosen) if column >= instance => *chosen = true,
                _ => return Err(CircuitError::Column(column)),
            }
        }
        let mut occurrences = vec![Vec::new(); columns];
        for (m, matrix) in abc.iter().enumerate() {
            for (row, terms) in matrix.iter().enumerate() {
                for &(_, column) in terms {
                    let stands = occurrences.get_mut(column);
                    stands.ok_or(CircuitError::Column(column))?.push((row, m));
                }
            }
        }
        Ok(Self {
            abc,
            instance,
            columns,
            private: chosen,
            labels: Vec::new(),
            occurrences,
        })
    }

    /// Constraints of a finalized constraint system; `private` counts from the first witness
    /// variable.
    ///
    /// # Errors
    /// As for [`Circuit::new`], or the system has no matrices.
    pub fn of(
        system: &ConstraintSystem<F>,
        private: impl IntoIterator<Item = usize>,
    ) -> Result<Self, CircuitError> {
        let matrices = system.to_matrices().ok();
        let abc = matrices
            .and_then(|mut matrices| matrices.remove(R1CS_PREDICATE_LABEL))
            .and_then(|matrices| matrices.try_into().ok())
            .ok_or(CircuitError::NoMatrices)?;
        let instance = system.num_instance_variables();
        let columns = instance + system.num_witness_variables();
        let private = private.into_iter().map(|wire| instance + wire);
        Self::new(abc, instance, columns, private)
    }

    /// The same with names for its rows.
    #[must_use]
    pub fn labelled(mut self, labels: Vec<Label>) -> Self {
        self.labels = labels;
        self
    }

    /// A, B and C.
    pub const fn matrices(&self) -> &[Matrix<F>; 3] {
        &self.abc
    }

    /// Number of constraints.
    pub fn constraints(&self) -> usize {
        self.abc[0].len()
    }

    /// Number of columns that are public, with the leading one.
    pub const fn instance(&self) -> usize {
        self.instance
    }

    /// Number of all columns.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Whether a column is the prover's choice.
    pub fn is_private(&self, column: usize) -> bool {
        self.private[column]
    }

    /// Number of columns that are the prover's choice.
    pub fn private(&self) -> usize {
        self.private.iter().filter(|private| **private).count()
    }

    /// The columns that should be determined: the witness without the private inputs.
    pub fn wires(&self) -> impl Iterator<Item = usize> + '_ {
        (self.instance..self.columns).filter(|&column| !self.private[column])
    }

    /// The names of the rows.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The name of a row; empty where it has none.
    pub fn label(&self, row: usize) -> &str {
        let mut labels = self.labels.iter();
        labels
            .find(|label| label.rows.contains(&row))
            .map_or("", |label| &label.name)
    }

    /// Where a column stands: row, and 0, 1 or 2 for A, B and C.
    pub(crate) fn occurrences(&self, column: usize) -> &[(usize, usize)] {
        &self.occurrences[column]
    }

    /// The sides of a row for z.
    pub(crate) fn sides(&self, row: usize, z: &[F]) -> [F; 3] {
        self.abc
            .each_ref()
            .map(|matrix| matrix[row].iter().map(|&(c, column)| c * z[column]).sum())
    }

    /// Whether a row holds for z.
    pub fn holds(&self, row: usize, z: &[F]) -> bool {
        let [a, b, c] = self.sides(row, z);
        a * b == c
    }

    /// Whether z satisfies every row.
    pub fn is_satisfied(&self, z: &[F]) -> bool {
        z.len() == self.columns
            && z.first().is_some_and(F::is_one)
            && (0..self.constraints()).all(|row| self.holds(row, z))
    }
}
