//! The circuit says what clear text says.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use taxproof_claims::numbers::Numbers;
use taxproof_claims::record::Values;
use taxproof_claims::shape::{Q16, Q16S, Q32, SHAPES, Shape};
use taxproof_claims::statement::{Consent, evaluate};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::{self as samples, Scenario};

use crate::matrices::{Assignment, Matrices, VALUES_ONLY, build, extract};
use crate::numbers::NumbersVar;
use crate::record::ValuesVar;
use crate::statement::judge;
use crate::system::System;
use crate::{StatementCircuit, assign, matrices};
use ark_relations::gr1cs::{ConstraintSystemRef, Result, SynthesisMode};

use crate::system::Clause;

/// The statement without its hashes.
fn judged<F: Poseidon2Field>(
    cs: ConstraintSystemRef<F>,
    numbers: &Numbers,
    values: &Values,
    consent: u64,
    outcome: u64,
) -> Result<Vec<Clause>> {
    let mut system = System::new(cs)?;
    let [consent, outcome] = [consent, outcome].map(|input| system.input(input.into()));
    let shape = numbers.shape;
    let numbers = NumbersVar::new(&mut system, numbers);
    let values = ValuesVar::new(&mut system, shape, values);
    judge(&mut system, shape, &numbers, &values, &consent, &outcome);
    Ok(system.into_clauses())
}

/// Judges random records by random policies: the true outcome satisfies, no other does.
fn verdicts_agree<F: Poseidon2Field>(shape: Shape, cases: usize, seed: u64) {
    let rng = &mut StdRng::seed_from_u64(seed);
    let nothing = Values::new(shape.layout(), &[], &[]).unwrap();
    let neutral = Numbers::neutral(shape);
    let (built, clauses) = build::<F>(SynthesisMode::Setup, |cs| {
        judged(cs, &neutral, &nothing, 0, 0)
    })
    .unwrap();
    let matrices: Matrices<F> = extract(&built, clauses);
    let (mut passed, mut failed_atoms) = (0, vec![0; shape.atoms()]);
    for _ in 0..cases {
        let values = samples::values(rng, shape);
        let numbers = samples::numbers(rng, shape, &values);
        let consent = rng.r#gen::<u64>() >> (63 - shape.atoms());
        let evaluation = evaluate(&numbers, &values);
        let truth = evaluation
            .outcome(shape, Consent::from_bits(shape, consent).unwrap())
            .bits();
        let violated = |outcome| {
            let (built, _) = build(VALUES_ONLY, |cs| {
                judged(cs, &numbers, &values, consent, outcome)
            })
            .unwrap();
            matrices.violated(&Assignment::<F>::of(built))
        };
        assert_eq!(violated(truth), None, "{numbers:?}");
        let lie = truth ^ 1 << rng.gen_range(0..shape.atoms() + 3);
        assert_eq!(violated(lie), Some("verdict"));
        passed += usize::from(evaluation.passed);
        for (failed, holds) in failed_atoms.iter_mut().zip(evaluation.atoms) {
            *failed += usize::from(!holds);
        }
    }
    // The cases are worth something: every rule and the verdict came out both ways.
    assert!(
        cases / 20 < passed && passed < cases,
        "{passed} of {cases} passed"
    );
    assert!(
        failed_atoms
            .iter()
            .all(|&n| cases / 20 < n && n < cases - cases / 20)
    );
}

#[test]
fn verdicts_agree_with_clear_text_over_bn254() {
    verdicts_agree::<ark_bn254::Fr>(Q16, 2000, 1);
    verdicts_agree::<ark_bn254::Fr>(Q16S, 500, 2);
    verdicts_agree::<ark_bn254::Fr>(Q32, 300, 3);
}

#[test]
fn verdicts_agree_with_clear_text_over_bls12_381() {
    verdicts_agree::<ark_bls12_381::Fr>(Q16, 500, 4);
    verdicts_agree::<ark_bls12_381::Fr>(Q16S, 200, 5);
    verdicts_agree::<ark_bls12_381::Fr>(Q32, 100, 6);
}

fn statements_are_satisfiable<F: Poseidon2Field>(seed: u64) {
    let rng = &mut StdRng::seed_from_u64(seed);
    for shape in SHAPES {
        let matrices = matrices::<F>(shape);
        for _ in 0..24 {
            let scenario = Scenario::random(rng, shape);
            let inputs = scenario.public.to_vec();
            let circuit = StatementCircuit::new(scenario.public, scenario.witness).unwrap();
            let assignment = assign(&circuit).unwrap();
            assert_eq!(matrices.violated(&assignment), None);
            assert_eq!(assignment.instance[1..], inputs);
        }
    }
}

#[test]
fn true_statements_are_satisfiable() {
    statements_are_satisfiable::<ark_bn254::Fr>(7);
    statements_are_satisfiable::<ark_bls12_381::Fr>(8);
}
