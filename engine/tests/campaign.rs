//! Proofs by keys of degenerate points, for degenerate assignments, against ark-groth16 and on both
//! arithmetics.
//!
//! The keys are no circuit's: their points are drawn, with the identity, equal, opposite and doubled
//! ones among them, so that every exception of the addition law occurs in every multiplication.
//! Their proofs verify under nothing, but they are the same points whoever computes them.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::CurveGroup;
use ark_ff::{Field, UniformRand};
use ark_groth16::{Groth16, ProvingKey, VerifyingKey};
use ark_relations::utils::matrix::Matrix;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use taxproof_engine::Kernels;
use taxproof_engine::groth16::Prover;
use taxproof_engine::msm::{Budget, Curve};

/// Small domains, among them those too small for vectors, every time the gate runs.
#[test]
fn small_proofs_by_degenerate_keys_are_those_of_ark_groth16() {
    for seed in 0..24 {
        check(&mut StdRng::seed_from_u64(seed), 1 + seed as u32 % 10);
    }
}

/// `CASES=2000 cargo test --release -p taxproof-engine --test campaign thousands -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn thousands_of_proofs_by_degenerate_keys() {
    let cases = std::env::var("CASES").map_or(2000, |cases| cases.parse().unwrap());
    for seed in 0..cases {
        let mut rng = StdRng::seed_from_u64(1000 + seed);
        let largest = if seed % 50 == 0 { 13 } else { 9 };
        let log = rng.gen_range(1..=largest);
        check(&mut rng, log);
        if (seed + 1) % 100 == 0 {
            eprintln!("{} keys, no difference", seed + 1);
        }
    }
}

/// `cargo test --release -p taxproof-engine --test campaign every -- --ignored`
#[test]
#[ignore = "takes minutes and 2 GB"]
fn every_size_of_domain_up_to_two_to_the_twentieth() {
    for log in 1..=20 {
        check(&mut StdRng::seed_from_u64(u64::from(log)), log);
        eprintln!("2^{log}: no difference");
    }
}

fn check(rng: &mut StdRng, log_domain: u32) {
    let domain = 1usize << log_domain;
    // More than half the domain, or it would be the next smaller one.
    let rows = rng.gen_range(domain / 2 + 1..=domain);
    let inputs = rng.gen_range(1..rows.clamp(2, 6));
    let variables = inputs + rng.gen_range(1..=rows);
    let case = Case {
        key: key(rng, inputs, variables, domain),
        matrices: [(); 3].map(|()| matrix(rng, rows - inputs, variables)),
        assignment: assignment(rng, variables),
    };
    let [r, s] = [scalar(rng), scalar(rng)];
    let expected = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        &case.key,
        r,
        s,
        &case.matrices,
        inputs,
        rows - inputs,
        &case.assignment,
    );
    let budget = Budget(rng.gen_range(0..20 * 64 * 6 * variables));
    for kernels in Kernels::available() {
        let prover = Prover::new(&case.key, &case.matrices, budget, kernels).unwrap();
        let found = prover.prove(&case.assignment, r, s).unwrap();
        assert_eq!(
            found,
            *expected.as_ref().unwrap(),
            "2^{log_domain}, {rows} rows, {inputs} of {variables} variables, {budget:?}, {kernels:?}"
        );
    }
}

struct Case {
    key: ProvingKey<Bn254>,
    matrices: [Matrix<Fr>; 3],
    assignment: Vec<Fr>,
}

fn key(rng: &mut StdRng, inputs: usize, variables: usize, domain: usize) -> ProvingKey<Bn254> {
    let [alpha_g1, beta_g1, delta_g1] = [(); 3].map(|()| G1Affine::rand(rng));
    let [beta_g2, gamma_g2, delta_g2] = [(); 3].map(|()| G2Affine::rand(rng));
    let gamma_abc_g1 = points(rng, inputs);
    ProvingKey {
        vk: VerifyingKey {
            alpha_g1,
            beta_g2,
            gamma_g2,
            delta_g2,
            gamma_abc_g1,
        },
        beta_g1,
        delta_g1,
        a_query: points(rng, variables),
        b_g1_query: points(rng, variables),
        b_g2_query: points(rng, variables),
        h_query: points(rng, domain - 1),
        l_query: points(rng, variables - inputs),
    }
}

/// All different, or all of a few that cancel and double each other, or a mixture.
fn points<G: Curve>(rng: &mut StdRng, len: usize) -> Vec<G> {
    let (first, step) = (G::Group::rand(rng), G::Group::rand(rng));
    let chain: Vec<G::Group> = std::iter::successors(Some(first), |point| Some(*point + step))
        .take(len)
        .collect();
    let mut points = G::Group::normalize_batch(&chain);
    let few = [
        G::Group::default(),
        first,
        -first,
        first + first,
        step,
        -step,
    ];
    let few = G::Group::normalize_batch(&few);
    let share = [0.0, 0.01, 0.5, 1.0][rng.gen_range(0..4)];
    for point in &mut points {
        if rng.gen_bool(share) {
            *point = few[rng.gen_range(0..few.len())];
        }
    }
    points
}

fn matrix(rng: &mut StdRng, rows: usize, columns: usize) -> Matrix<Fr> {
    let row = |_| {
        let terms = rng.gen_range(0..4);
        (0..terms)
            .map(|_| (scalar(rng), rng.gen_range(0..columns)))
            .collect()
    };
    (0..rows).map(row).collect()
}

/// Whole assignments of one kind, and mixtures.
fn assignment(rng: &mut StdRng, variables: usize) -> Vec<Fr> {
    let equal = scalar(rng);
    let kind = rng.gen_range(0..5);
    let mut values: Vec<Fr> = (0..variables)
        .map(|_| match kind {
            0 => Fr::from(0),
            1 => equal,
            2 => Fr::from(rng.gen_range(0..2u64)),
            3 => Fr::rand(rng),
            _ => scalar(rng),
        })
        .collect();
    values[0] = Fr::ONE;
    values
}

/// Often one whose digits are all the same, at an edge, or zero.
fn scalar(rng: &mut StdRng) -> Fr {
    match rng.gen_range(0..7) {
        0 => Fr::from(0),
        1 => Fr::ONE,
        2 => -Fr::ONE,
        3 => Fr::from(rng.r#gen::<u64>() >> rng.gen_range(0..64)),
        4 => -Fr::from(2).pow([rng.gen_range(0..254)]),
        5 => Fr::from(2).pow([rng.gen_range(0..254)]),
        _ => Fr::rand(rng),
    }
}
