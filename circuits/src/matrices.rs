//! A circuit's matrices, as a setup sees them, and whether an assignment satisfies them.

use ark_ff::PrimeField;
use ark_relations::gr1cs::{
    ConstraintSystem, ConstraintSystemRef, Matrix, OptimizationGoal, R1CS_PREDICATE_LABEL, Result,
    SynthesisError, SynthesisMode,
};
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;
use zeroize::Zeroizing;

use crate::statement::StatementCircuit;
use crate::system::Clause;

/// A circuit's constraints: for every row, (A·z)·(B·z) = C·z, where z is one, the public inputs
/// and the witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrices<F> {
    /// A, B and C, each row a list of (coefficient, column) with ascending columns.
    pub abc: [Matrix<F>; 3],
    /// Columns of the instance: one and the public inputs.
    pub instance: usize,
    /// Columns of the witness, the private inputs first: values, id, both secrets, salt, path.
    pub witness: usize,
    /// Which rows belong to which clause, in order and without gaps.
    pub clauses: Vec<Clause>,
}

/// The values of a circuit's columns.
#[derive(Clone)]
pub struct Assignment<F: PrimeField> {
    /// One and the public inputs.
    pub instance: Vec<F>,
    /// The witness. Wiped when dropped.
    pub witness: Zeroizing<Vec<F>>,
}

impl<F: PrimeField> std::fmt::Debug for Assignment<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Assignment(hidden)")
    }
}

impl<F: PrimeField> Assignment<F> {
    pub(crate) fn of(built: ConstraintSystem<F>) -> Self {
        Self {
            instance: built.assignments.instance_assignment,
            witness: Zeroizing::new(built.assignments.witness_assignment),
        }
    }

    /// z: the instance, then the witness.
    pub fn full(&self) -> Zeroizing<Vec<F>> {
        Zeroizing::new([&self.instance[..], &self.witness[..]].concat())
    }
}

impl<F: PrimeField> Matrices<F> {
    /// Number of constraints.
    pub fn constraints(&self) -> usize {
        self.abc[0].len()
    }

    /// Size of the evaluation domain: constraints and instance, rounded up to a power of two.
    pub fn domain(&self) -> usize {
        (self.constraints() + self.instance).next_power_of_two()
    }

    /// Entries that are not zero, in all three matrices and the given rows.
    pub fn nonzeros(&self, rows: std::ops::Range<usize>) -> usize {
        self.abc
            .iter()
            .flat_map(|matrix| &matrix[rows.clone()])
            .map(Vec::len)
            .sum()
    }

    /// The name of the first clause that an assignment violates; none where the statement holds.
    ///
    /// An assignment of another shape violates the first clause.
    pub fn violated(&self, assignment: &Assignment<F>) -> Option<&'static str> {
        let z = assignment.full();
        let fits =
            assignment.instance.len() == self.instance && assignment.witness.len() == self.witness;
        let mut clauses = self.clauses.iter();
        clauses
            .find(|clause| !fits || clause.rows.clone().any(|row| !self.holds(row, &z)))
            .map(|clause| clause.name)
    }

    /// Whether one row holds for z.
    pub fn holds(&self, row: usize, z: &[F]) -> bool {
        let [a, b, c] = self.abc.each_ref().map(|matrix| -> F {
            matrix[row]
                .iter()
                .map(|&(coefficient, column)| coefficient * z[column])
                .sum()
        });
        a * b == c
    }
}

/// The constraints of a shape. They depend on nothing else.
pub fn matrices<F: Poseidon2Field>(shape: Shape) -> Matrices<F> {
    let blank = StatementCircuit::blank(shape);
    let (built, clauses) = build(SynthesisMode::Setup, |cs| blank.synthesize(cs))
        .expect("a setup needs no assignment");
    extract(&built, clauses)
}

/// The values of all columns, without the constraints.
///
/// # Errors
/// The circuit is blank.
pub fn assign<F: Poseidon2Field>(circuit: &StatementCircuit<F>) -> Result<Assignment<F>> {
    let (built, _) = build(VALUES_ONLY, |cs| circuit.synthesize(cs))?;
    Ok(Assignment::of(built))
}

pub(crate) const VALUES_ONLY: SynthesisMode = SynthesisMode::Prove {
    construct_matrices: false,
    generate_lc_assignments: false,
};

pub(crate) fn build<F: PrimeField>(
    mode: SynthesisMode,
    synthesize: impl FnOnce(ConstraintSystemRef<F>) -> Result<Vec<Clause>>,
) -> Result<(ConstraintSystem<F>, Vec<Clause>)> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(mode);
    let clauses = synthesize(cs.clone())?;
    cs.finalize();
    let built = cs.into_inner().ok_or(SynthesisError::MissingCS)?;
    Ok((built, clauses))
}

pub(crate) fn extract<F: PrimeField>(
    built: &ConstraintSystem<F>,
    clauses: Vec<Clause>,
) -> Matrices<F> {
    let abc = built
        .to_matrices()
        .ok()
        .and_then(|mut matrices| matrices.remove(R1CS_PREDICATE_LABEL))
        .and_then(|matrices| matrices.try_into().ok())
        .expect("rank-one constraints have three matrices");
    Matrices {
        abc,
        instance: built.num_instance_variables(),
        witness: built.num_witness_variables(),
        clauses,
    }
}
