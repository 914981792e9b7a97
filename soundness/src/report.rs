//! What the battery found, as numbers and names.

use serde::Serialize;

use crate::weakening::Weakening;

/// What the battery found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Number of constraints.
    pub constraints: usize,
    /// Public columns, with the leading one.
    pub instance: usize,
    /// Witness columns that are the prover's choice.
    pub private: usize,
    /// The other columns of the witness. Every one should be determined.
    pub wires: usize,
    /// The holes. Empty in a sound circuit.
    pub holes: Holes,
    /// Degrees of freedom to first order at each point of the ranks, with the private inputs
    /// unknown. A missing constraint raises them; numbers to pin.
    pub freedom: Vec<usize>,
    /// Mutants: every constraint deleted, and weakened in every place.
    pub mutants: usize,
    /// Mutants that something was found against.
    pub killed: usize,
    /// The others.
    pub survivors: Vec<Survivor>,
    /// The same for each label, in order.
    pub clauses: Vec<Clause>,
}

/// Signs that a constraint is missing. Columns, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Holes {
    /// One value changed, and no row noticed.
    pub unnoticed: Vec<usize>,
    /// Nothing forced the value when the witness was computed from its inputs.
    pub ambiguous: Vec<usize>,
    /// Another discrete value was accepted, with all that follows from it.
    pub alternatives: Vec<usize>,
    /// Public inputs whose change no row noticed at any of the witnesses.
    pub unused: Vec<usize>,
    /// Columns that are not determined to first order: how many, at the worst witness.
    pub undetermined: usize,
}

impl Holes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What became of one label's mutants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// The label.
    pub name: String,
    /// Constraints that were examined.
    pub constraints: usize,
    /// Of their deletions: killed by a forged witness with the same public inputs.
    pub forged: usize,
    /// Killed by a forged witness that lies in a public input.
    pub lied: usize,
    /// Killed only by the rank of what is left.
    pub by_rank: usize,
    /// Weakened constraints.
    pub weakened: usize,
    /// Of these: killed.
    pub weakened_killed: usize,
}

/// A mutant that nothing was found against: a constraint that the others imply, or that the
/// battery cannot see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Survivor {
    /// The label of its row.
    pub clause: String,
    /// The row.
    pub row: usize,
    /// What was done to it.
    pub weakening: Weakening,
}
