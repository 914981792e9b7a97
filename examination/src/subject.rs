//! One of the statement's circuits, made ready for the battery.

use ark_ff::PrimeField;
use ark_relations::gr1cs::{
    ConstraintSynthesizer as _, ConstraintSystem, Matrix, OptimizationGoal, R1CS_PREDICATE_LABEL,
    SynthesisMode,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_circuits::{Matrices, StatementCircuit, Symbols, assign, matrices};
use taxproof_claims::hash::node;
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::Scenario;
use taxproof_soundness::{Circuit, Label, Witness};

/// Statements that the circuit is examined at: a quiet one, then as many random ones.
const RANDOM: usize = 40;
/// Then those at the ends of what may be, every so many of the 32.
const LARGEST: usize = 5;
/// Then so many for every attribute in which every selector selects it, because a term that is 0
/// everywhere is missed nowhere; one for every rule in which no other hard rule fails, because two
/// that fail hide each other.
const SELECTING: usize = 4;
/// Then so many in which every comparison fails and all bits are 1.
const MISSING_BY_ONE: usize = 2;
/// And last, where there is a scorecard, so many in which every variable is known and reaches every
/// bin.
const REACHING: usize = 2;

/// Public inputs that are computed. A forger may let them follow what is forged.
const OUTPUTS: [&str; 5] = [
    "main.root",
    "main.pseudonym",
    "main.scope_tag",
    "main.disclosed_id",
    "main.outcome",
];

/// A shape's circuit, and true statements to examine it at.
pub(super) struct Subject<F: PrimeField> {
    pub(super) shape: Shape,
    pub(super) matrices: Matrices<F>,
    symbols: Symbols,
    pub(super) scenarios: Vec<Scenario<F>>,
}

impl<F: Poseidon2Field> Subject<F> {
    pub(super) fn new(shape: Shape) -> Self {
        Self::with_matrices(shape, matrices(shape))
    }

    /// Other constraints on the same columns.
    pub(super) fn with_matrices(shape: Shape, matrices: Matrices<F>) -> Self {
        let rng = &mut StdRng::seed_from_u64(2026);
        let mut scenarios = vec![Scenario::quiet(rng, shape)];
        scenarios.extend((0..RANDOM).map(|_| Scenario::random(rng, shape)));
        let ends = (0..32).step_by(LARGEST);
        scenarios.extend(ends.map(|case| Scenario::largest(rng, shape, case)));
        for attribute in 0..shape.attributes {
            let cases = 0..SELECTING;
            scenarios.extend(cases.map(|case| Scenario::selecting(rng, shape, attribute, case)));
        }
        scenarios.extend((0..shape.atoms()).map(|atom| Scenario::failing(rng, shape, atom)));
        scenarios.extend((0..MISSING_BY_ONE).map(|_| Scenario::missing_by_one(rng, shape)));
        if shape.card.is_some() {
            scenarios.extend((0..REACHING).map(|_| Scenario::reaching(rng, shape)));
        }
        Self {
            shape,
            symbols: Symbols::new(shape, &matrices),
            matrices,
            scenarios,
        }
    }

    /// The constraints for the battery: the private inputs are the first columns of the witness.
    pub(super) fn circuit(&self) -> Circuit<F> {
        let Matrices { abc, instance, .. } = &self.matrices;
        let private = *instance..instance + self.symbols.private_inputs;
        let columns = instance + self.matrices.witness;
        let label = |clause: &taxproof_circuits::Clause| Label {
            name: clause.name.to_owned(),
            rows: clause.rows.clone(),
        };
        Circuit::new(abc.clone(), *instance, columns, private)
            .expect("the private inputs are columns of the witness")
            .labelled(self.matrices.clauses.iter().map(label).collect())
    }

    /// What the circuit's own synthesis makes of the statements.
    pub(super) fn witnesses(&self) -> Vec<Witness<F>> {
        self.scenarios.iter().map(|s| self.witness(s)).collect()
    }

    fn witness(&self, scenario: &Scenario<F>) -> Witness<F> {
        let z = assigned(scenario);
        let outputs = OUTPUTS.iter().map(|name| self.column(name));
        let follows = outputs.chain(self.own_nodes(scenario, &z)).collect();
        Witness { z, follows }
    }

    /// On each level of the path, the prover's own node among the children.
    fn own_nodes(&self, scenario: &Scenario<F>, z: &[F]) -> Vec<usize> {
        let holder = scenario.secrets.commitment();
        let mut current = scenario.record.leaf(&holder, scenario.witness.salt);
        let path = scenario.witness.path.iter().enumerate();
        path.map(|(level, children)| {
            let first = self.column(&format!("main.path[{level}][0]"));
            let own = children.iter().position(|child| *child == current);
            let column = first + own.expect("a true statement's path holds its leaf");
            debug_assert_eq!(z[column], current);
            current = node(children);
            column
        })
        .collect()
    }

    pub(super) fn column(&self, name: &str) -> usize {
        let mut names = self.symbols.names.iter();
        1 + names
            .position(|other| other == name)
            .expect("every input of the statement has a name")
    }

    /// The name of a column.
    pub(super) fn name(&self, column: usize) -> &str {
        match column.checked_sub(1) {
            None => "one",
            Some(index) => self.symbols.names[index]
                .strip_prefix("main.")
                .unwrap_or(&self.symbols.names[index]),
        }
    }
}

/// The values of all columns for a statement, true or not.
pub(super) fn assigned<F: Poseidon2Field>(scenario: &Scenario<F>) -> Vec<F> {
    assign(&circuit_of(scenario))
        .expect("a statement is an assignment")
        .full()
        .to_vec()
}

fn circuit_of<F: Poseidon2Field>(scenario: &Scenario<F>) -> StatementCircuit<F> {
    StatementCircuit::new(scenario.public.clone(), scenario.witness.clone())
        .expect("a scenario's numbers are in bounds and its record is of the shape's layout")
}

/// A, B and C as they come out when a statement is proven.
pub(super) fn proving_matrices<F: Poseidon2Field>(scenario: &Scenario<F>) -> Vec<Matrix<F>> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(SynthesisMode::Prove {
        construct_matrices: true,
        generate_lc_assignments: false,
    });
    circuit_of(scenario)
        .generate_constraints(cs.clone())
        .expect("a statement is an assignment");
    cs.finalize();
    cs.to_matrices()
        .ok()
        .and_then(|mut matrices| matrices.remove(R1CS_PREDICATE_LABEL))
        .unwrap_or_default()
}
