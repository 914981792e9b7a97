//! Forgeries that no single wire or number makes: the largest numbers that a policy may have on the
//! largest values that a record may hold, and one record's hashes with another one's rules.
//!
//! A width that is a bit too small makes a true statement unprovable, or lets it wrap. That shows
//! only where every term is as large as it can be and all have one sign, as no random case has.

use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::amount::Value;
use taxproof_claims::numbers::{BinNumbers, Numbers, SumNumbers};
use taxproof_claims::record::Values;
use taxproof_claims::shape::{
    BIN_THRESHOLDS, COUNTED_WEIGHT_BITS, LINEAR_WEIGHT_BITS, POINTS_BITS, Q16, Q16S, Q32, SHAPES,
    Shape, TREE_ARITY, TREE_DEPTH, VALUE_BITS,
};
use taxproof_claims::statement::Consent;
use taxproof_engine::poseidon2::Poseidon2Field;

use super::scenario::Scenario;
use crate::{Assignment, Matrices, StatementCircuit, assign, matrices};

const fn largest(bits: u32) -> i32 {
    (1 << bits) - 1
}

/// Every value as large as it may be, all of one sign; every quarter is on record.
fn largest_values(shape: Shape, sign: i64) -> Values {
    let value = |n: i64| Value::try_from(n).unwrap();
    let most = value(sign * ((1 << VALUE_BITS) - 1));
    let mut attributes = vec![most; shape.attributes];
    attributes[0] = value(shape.periods as i64);
    let rows = vec![vec![most; shape.fields]; shape.periods];
    Values::new(shape.layout(), &attributes, &rows).unwrap()
}

/// Which end each kind of number is at.
#[derive(Clone, Copy)]
struct Ends {
    weight: i32,
    bound: i32,
    points: i32,
    /// Whether ratios are divided by the largest sum, or by 1.
    wide_denominator: bool,
}

/// Numbers of which every one is at an end of what may be.
fn largest_numbers(shape: Shape, ends: Ends) -> Numbers {
    let mut numbers = Numbers::neutral(shape);
    let wide = largest(LINEAR_WEIGHT_BITS);
    let bound = |bits: u32| i128::from(ends.bound) << bits;
    for rule in &mut numbers.linear {
        rule.time.fill(wide);
        rule.weight.fill(ends.weight * wide);
        rule.threshold = bound(shape.linear_sum_bits());
        rule.min_periods = shape.periods as u32;
    }
    for rule in &mut numbers.counted {
        rule.window.fill(true);
        rule.weight.fill(ends.weight * largest(COUNTED_WEIGHT_BITS));
        rule.threshold = bound(shape.counted_sum_bits());
        rule.at_least = shape.periods as u32 + 1;
    }
    for rule in &mut numbers.range {
        rule.attribute = 1;
        rule.low = bound(VALUE_BITS) as i64;
        rule.high = -rule.low;
    }
    for rule in &mut numbers.sets {
        rule.attribute = 1;
        rule.codes.fill((1 << VALUE_BITS) - 1);
    }
    let points = ends.points * largest(POINTS_BITS);
    numbers.points.fill(points);
    numbers.cut_off = bound(shape.score_bits()) as i32;
    numbers.bands.fill(-numbers.cut_off);
    for group in &mut numbers.groups {
        group.members.fill(true);
        group.at_least = shape.atoms() as u32;
    }
    let bins = |threshold: i128| BinNumbers {
        thresholds: vec![threshold; BIN_THRESHOLDS],
        base: points,
        steps: vec![0; BIN_THRESHOLDS],
        missing: points,
    };
    if let Some(card) = &mut numbers.card {
        for variable in &mut card.ratios {
            let sum = SumNumbers {
                time: vec![wide; shape.periods],
                weight: vec![ends.weight * wide; shape.fields],
                constant: true,
            };
            variable.denominator = sum.clone();
            if !ends.wide_denominator {
                variable.denominator.weight.fill(0);
            }
            variable.numerator = sum;
            let most = (1u128 << shape.linear_sum_bits()) / variable.denominator.largest();
            variable.bins = bins(i128::from(ends.bound) * most as i128);
        }
        for variable in &mut card.attributes {
            variable.attribute = 1;
            variable.bins = bins(bound(VALUE_BITS));
        }
    }
    assert_eq!(numbers.check(), Ok(()));
    numbers
}

fn assigned<F: Poseidon2Field>(scenario: Scenario<F>) -> Assignment<F> {
    assign(&StatementCircuit::new(scenario.public, scenario.witness).unwrap()).unwrap()
}

fn the_largest_are_judged<F: Poseidon2Field>(shape: Shape) {
    let rng = &mut StdRng::seed_from_u64(17);
    let matrices = matrices::<F>(shape);
    for case in 0..32usize {
        let sign = |bit: u32| if case >> bit & 1 == 1 { -1 } else { 1 };
        let ends = Ends {
            weight: sign(1),
            bound: sign(2),
            points: sign(3),
            wide_denominator: case >> 4 == 1,
        };
        let values = largest_values(shape, sign(0).into());
        let mut scenario = Scenario::<F>::new(rng, largest_numbers(shape, ends), values);
        let consent = (1u64 << (shape.atoms() + 1)) - 1;
        scenario.consent = Consent::from_bits(shape, consent).unwrap();
        scenario.public.fixed.consent = consent.into();
        scenario.tell_the_truth();
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
