//! Proofs of the circuit with arkworks' prover and verifier.

use ark_ec::pairing::Pairing;
use ark_groth16::{Groth16, Proof};
use ark_snark::SNARK;
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::shape::Q16;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::Scenario;

use crate::{StatementCircuit, assign, matrices};

fn proves<E: Pairing<ScalarField: Poseidon2Field>>() {
    let rng = &mut StdRng::seed_from_u64(13);
    let blank = StatementCircuit::<E::ScalarField>::blank(Q16);
    let (pk, vk) = Groth16::<E>::circuit_specific_setup(blank, rng).unwrap();
    let pvk = Groth16::<E>::process_vk(&vk).unwrap();
    let verify = |inputs: &[E::ScalarField], proof: &Proof<E>| {
        Groth16::<E>::verify_with_processed_vk(&pvk, inputs, proof).unwrap()
    };

    let scenario = Scenario::<E::ScalarField>::random(rng, Q16);
    let mut inputs = scenario.public.to_vec();
    let circuit = StatementCircuit::new(scenario.public, scenario.witness).unwrap();
    let proof = Groth16::<E>::prove(&pk, circuit.clone(), rng).unwrap();
    assert!(verify(&inputs, &proof));
    let one = E::ScalarField::from(1u64);
    for input in (0..11).chain([11, 100, inputs.len() - 1]) {
        inputs[input] += one;
        assert!(!verify(&inputs, &proof), "input {input} changed");
        inputs[input] -= one;
    }

    // The parts that another prover takes give a proof as well.
    let matrices = matrices(Q16);
    let assignment = assign(&circuit).unwrap();
    let make = |z: &[E::ScalarField]| {
        let (r, s) = (E::ScalarField::from(3u64), E::ScalarField::from(5u64));
        Groth16::<E>::create_proof_with_reduction_and_matrices(
            &pk,
            r,
            s,
            &matrices.abc,
            matrices.instance,
            matrices.constraints(),
            z,
        )
        .unwrap()
    };
    let mut z = assignment.full().to_vec();
    assert!(verify(&inputs, &make(&z)));

    // One wire off.
    let last = z.len() - 1;
    z[last] += one;
    assert!(!verify(&inputs, &make(&z)));
}

#[test]
fn proofs_verify_over_bn254() {
    proves::<ark_bn254::Bn254>();
}

#[test]
fn proofs_verify_over_bls12_381() {
    proves::<ark_bls12_381::Bls12_381>();
}
