//! Frozen Heart (Bulletproofs, PlonK, Girault; gnark CVE-2024-45039): a challenge that is not drawn from
//! everything that was said can be played against. Here it would be the coefficients with which a batch
//! of proofs is added up: without them, or with ones that leave the proofs out, errors cancel.

use std::sync::Arc;

use ark_bn254::{Bn254, Fr, G1Projective};
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{One, PrimeField, Zero};
use ark_groth16::{Proof, VerifyingKey};
use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::field_to_bytes;
use taxproof_verifier::batch::{BadProofs, Batch};
use taxproof_verifier::key::CheckedKey;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

use super::support::naive::{Naive, saying, verify};

const INPUTS: [u64; 2] = [5, 6];

/// A coefficient of each proof.
type Coefficients = fn(&[Fr; 2]) -> [Fr; 2];

fn none(_: &[Fr; 2]) -> [Fr; 2] {
    [Fr::one(); 2]
}

/// A hash of the public inputs, not of the proofs.
fn of_the_inputs(inputs: &[Fr; 2]) -> [Fr; 2] {
    [1u8, 2].map(|i| {
        let [first, second] = inputs.map(|input| field_to_bytes(input).0);
        let digest = Profile::International.digest("challenge", &[&first, &second, &[i]]);
        Fr::from_be_bytes_mod_order(&digest.0)
    })
}

/// Adds up the verification equations of two proofs, each with its coefficient.
fn naive_batch(
    key: &VerifyingKey<Bn254>,
    inputs: &[Fr; 2],
    proofs: &[Proof<Bn254>; 2],
    coefficients: Coefficients,
) -> bool {
    let equations = inputs.iter().zip(proofs).zip(coefficients(inputs));
    let sum = equations.map(|((x, proof), coefficient)| {
        let ic = key.gamma_abc_g1[0] + key.gamma_abc_g1[1] * x;
        let left = Bn254::pairing(proof.a, proof.b);
        let right = Bn254::multi_pairing(
            [key.alpha_g1, ic.into_affine(), proof.c],
            [key.beta_g2, key.gamma_g2, key.delta_g2],
        );
        (left - right) * coefficient
    });
    sum.sum::<PairingOutput<Bn254>>().is_zero()
}

/// Two proofs that are wrong by errors that cancel under the coefficients.
fn cancelling(naive: &Naive, inputs: &[Fr; 2], coefficients: Coefficients) -> [Proof<Bn254>; 2] {
    let [first, second] = coefficients(inputs);
    let error = G1Projective::generator() * Fr::from(77);
    let moved = |x: Fr, by: G1Projective| {
        let proof = naive.prove(&[Fr::one(), x, x]);
        let c = (proof.c + by).into_affine();
        Proof { c, ..proof }
    };
    [
        moved(inputs[0], error),
        moved(inputs[1], -error * (first / second)),
    ]
}

#[test]
fn errors_that_cancel_are_found() {
    let inputs = INPUTS.map(Fr::from);
    let naive = saying(&inputs[..1]);
    let key = &naive.key.vk;
    let checked = Arc::new(CheckedKey::new(key.clone(), 1).unwrap());
    let policy = ReducedKey::new(Arc::clone(&checked), &[Input::Open]).unwrap();
    for coefficients in [none as Coefficients, of_the_inputs] {
        let proofs = cancelling(&naive, &inputs, coefficients);
        assert!(
            naive_batch(key, &inputs, &proofs, coefficients),
            "the attack works"
        );
        for (x, proof) in inputs.iter().zip(&proofs) {
            assert!(!verify(key, &[*x], proof));
        }
        let proofs = proofs.map(|proof| CanonicalProof::from_points(&proof).unwrap());
        let mut batch = Batch::new(&checked);
        for (x, proof) in inputs.iter().zip(&proofs) {
            batch.push(&policy, proof, vec![*x]).unwrap();
        }
        assert_eq!(batch.verify(), Err(BadProofs(vec![0, 1])));
    }
}
