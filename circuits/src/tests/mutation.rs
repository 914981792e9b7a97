//! No column of a true statement can be changed by itself.

use ark_ff::PrimeField;
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::shape::{Q16, Q16S, Q32, Shape};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::Scenario;

use crate::{Matrices, StatementCircuit, assign, matrices};

/// The rows that each column stands in.
fn rows_by_column<F: PrimeField>(matrices: &Matrices<F>) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); matrices.instance + matrices.witness];
    for matrix in &matrices.abc {
        for (row, terms) in matrix.iter().enumerate() {
            terms.iter().for_each(|&(_, column)| rows[column].push(row));
        }
    }
    rows
}

fn full<F: Poseidon2Field>(rng: &mut StdRng, shape: Shape) -> Vec<F> {
    let scenario = Scenario::random(rng, shape);
    let circuit = StatementCircuit::new(scenario.public, scenario.witness).unwrap();
    assign(&circuit).unwrap().full().to_vec()
}

fn no_wire_is_free<F: Poseidon2Field>(shape: Shape) {
    let rng = &mut StdRng::seed_from_u64(11);
    let matrices = matrices::<F>(shape);
    let rows = rows_by_column(&matrices);
    let mut z = full::<F>(rng, shape);
    for column in matrices.instance..z.len() {
        for delta in [F::one(), -F::one(), F::rand(rng)] {
            z[column] += delta;
            let noticed = rows[column].iter().any(|&row| !matrices.holds(row, &z));
            assert!(noticed, "column {column} of {shape} is free");
            z[column] -= delta;
        }
    }
}

#[test]
fn no_wire_is_free_over_bn254() {
    no_wire_is_free::<ark_bn254::Fr>(Q16);
    no_wire_is_free::<ark_bn254::Fr>(Q16S);
    no_wire_is_free::<ark_bn254::Fr>(Q32);
}

#[test]
fn no_wire_is_free_over_bls12_381() {
    no_wire_is_free::<ark_bls12_381::Fr>(Q16);
    no_wire_is_free::<ark_bls12_381::Fr>(Q16S);
}

/// A number that is multiplied by 0 in one statement is not in another: over a few statements
/// every public input is noticed.
fn every_public_input_is_used<F: Poseidon2Field>(shape: Shape) {
    let rng = &mut StdRng::seed_from_u64(12);
    let matrices = matrices::<F>(shape);
    let rows = rows_by_column(&matrices);
    let mut unnoticed: Vec<usize> = (1..matrices.instance).collect();
    for _ in 0..120 {
        if unnoticed.is_empty() {
            return;
        }
        let mut z = full::<F>(rng, shape);
        unnoticed.retain(|&column| {
            z[column] += F::one();
            let kept = rows[column].iter().all(|&row| matrices.holds(row, &z));
            z[column] -= F::one();
            kept
        });
    }
    assert!(
        unnoticed.is_empty(),
        "{shape}: no constraint uses the inputs {unnoticed:?}"
    );
}

#[test]
fn every_public_input_is_in_a_constraint() {
    every_public_input_is_used::<ark_bn254::Fr>(Q16);
    every_public_input_is_used::<ark_bn254::Fr>(Q16S);
    every_public_input_is_used::<ark_bls12_381::Fr>(Q32);
}
