//! Forgeries that no single wire or number makes: the largest numbers that a policy may have on the
//! largest values that a record may hold, and one record's hashes with another one's rules.
//!
//! A width that is a bit too small makes a true statement unprovable, or lets it wrap. That shows
//! only where every term is as large as it can be and all have one sign, as no random case has.

use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::amount::Value;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::record::Values;
use taxproof_claims::shape::{Q16, Q16S, Q32, SHAPES, Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::Scenario;

use crate::{Assignment, Matrices, StatementCircuit, assign, matrices};

fn assigned<F: Poseidon2Field>(scenario: Scenario<F>) -> Assignment<F> {
    assign(&StatementCircuit::new(scenario.public, scenario.witness).unwrap()).unwrap()
}

fn the_largest_are_judged<F: Poseidon2Field>(shape: Shape) {
    let rng = &mut StdRng::seed_from_u64(17);
    let matrices = matrices::<F>(shape);
    for case in 0..32usize {
        let scenario = Scenario::<F>::largest(rng, shape, case);
        assert_eq!(
            matrices.violated(&assigned(scenario.clone())),
            None,
            "{case}"
        );
        let told = scenario.outcome().bits();
        for bit in [0, case % (shape.atoms() + 3)] {
            let mut lie = scenario.clone();
            lie.public.fixed.outcome = F::from(told ^ 1 << bit);
            assert_eq!(
                matrices.violated(&assigned(lie)),
                Some("verdict"),
                "{case}: {bit}"
            );
        }
    }
}

#[test]
fn the_largest_numbers_are_judged_right() {
    for shape in SHAPES {
        the_largest_are_judged::<ark_bn254::Fr>(shape);
    }
    the_largest_are_judged::<ark_bls12_381::Fr>(Q16S);
    the_largest_are_judged::<ark_bls12_381::Fr>(Q32);
}

/// A record by which the policy does not hold, and one by which it does, of one enterprise.
struct TwoRecords<F: Poseidon2Field> {
    matrices: Matrices<F>,
    poor: Assignment<F>,
    rich: Assignment<F>,
}

impl<F: Poseidon2Field> TwoRecords<F> {
    fn new(shape: Shape) -> Self {
        let mut numbers = Numbers::neutral(shape);
        numbers.linear[0].time[0] = 1;
        numbers.linear[0].weight[0] = 1;
        numbers.linear[0].threshold = 100;
        numbers.hard[0] = true;
        let scenario = |paid: i64| {
            let row = vec![Value::try_from(paid).unwrap()];
            let periods = Value::try_from(1).unwrap();
            let values = Values::new(shape.layout(), &[periods], &[row]).unwrap();
            // The same generator: everything but the record and what follows from it is the same.
            Scenario::<F>::new(&mut StdRng::seed_from_u64(18), numbers.clone(), values)
        };
        let (poor, rich) = (scenario(99), scenario(100));
        assert_eq!(
            (poor.outcome().passed(), rich.outcome().passed()),
            (false, true)
        );
        let two = Self {
            matrices: matrices(shape),
            poor: assigned(poor),
            rich: assigned(rich),
        };
        for honest in [&two.poor, &two.rich] {
            assert_eq!(two.matrices.violated(honest), None);
        }
        two
    }

    /// The poor record's statement with the rich one's outcome, and some of its wires.
    fn is_accepted(&self, is_rich: impl Fn(usize) -> bool) -> bool {
        let mut forged = self.poor.clone();
        forged.instance[OUTCOME] = self.rich.instance[OUTCOME];
        for (i, wire) in forged.witness.iter_mut().enumerate() {
            if is_rich(i) {
                *wire = self.rich.witness[i];
            }
        }
        self.matrices.violated(&forged).is_none()
    }
}

/// The outcome's column: the leading one stands before the inputs.
const OUTCOME: usize = 10;

fn hashes_and_rules_are_of_one_record<F: Poseidon2Field>(shape: Shape) {
    let two = TwoRecords::<F>::new(shape);
    let layout = shape.layout();
    let values = layout.attributes + layout.periods * layout.fields;
    let private = values + 4 + TREE_ARITY * TREE_DEPTH;
    let wires = two.poor.witness.len();
    // Wires stand in the order of the clauses: hashes first, then rules. Wherever the forger goes
    // over from one record to the other, and whichever values stand before both, a row sees it.
    for from in (private..=wires).step_by(61).chain([wires]) {
        assert!(!two.is_accepted(|i| i >= from), "rules from {from}");
        assert!(
            !two.is_accepted(|i| i < values || i >= from),
            "values, and rules from {from}"
        );
        assert!(
            !two.is_accepted(|i| i < values || (private..from).contains(&i)),
            "hashes to {from}"
        );
    }
}

#[test]
fn a_leaf_of_one_record_and_rules_of_another_are_refused() {
    hashes_and_rules_are_of_one_record::<ark_bn254::Fr>(Q16);
    hashes_and_rules_are_of_one_record::<ark_bn254::Fr>(Q16S);
    hashes_and_rules_are_of_one_record::<ark_bls12_381::Fr>(Q16);
}
