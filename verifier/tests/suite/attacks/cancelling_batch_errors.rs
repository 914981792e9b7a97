//! A batch that adds equations up without random coefficients accepts two wrong proofs whose errors
//! cancel.

use ark_bn254::{Bn254, Fr, G1Projective};
use ark_ec::pairing::Pairing;
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::One;
use ark_groth16::Proof;
use std::sync::Arc;
use taxproof_verifier::batch::{BadProofs, Batch};
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

use crate::fixture::{Fake, naive};

#[test]
fn errors_that_cancel_are_found() {
    let fake = Fake::<Bn254>::new(1);
    let key = &fake.proving.vk;
    let inputs = [Fr::from(5), Fr::from(6)];
    let error = G1Projective::generator() * Fr::from(77);
    let moved = |x, by: G1Projective| {
        let proof = fake.prove(&[x]);
        Proof {
            c: (proof.c + by).into_affine(),
            ..proof
        }
    };
    let proofs = [moved(inputs[0], error), moved(inputs[1], -error)];

    // Without coefficients the errors cancel.
    let product = inputs.iter().zip(&proofs).map(|(x, proof)| {
        let ic = key.gamma_abc_g1[0] + key.gamma_abc_g1[1] * x;
        let left = Bn254::pairing(proof.a, proof.b).0;
        let right = Bn254::multi_pairing(
            [key.alpha_g1, ic.into_affine(), proof.c],
            [key.beta_g2, key.gamma_g2, key.delta_g2],
        );
        left / right.0
    });
    assert!(
        product
            .product::<<Bn254 as Pairing>::TargetField>()
            .is_one(),
        "the attack works"
    );
    for (x, proof) in inputs.iter().zip(&proofs) {
        assert!(!naive(key, &[*x], proof));
    }

    let checked = Arc::new(fake.checked());
    let policy = ReducedKey::new(Arc::clone(&checked), &[Input::Open]).unwrap();
    let proofs = proofs.map(|proof| CanonicalProof::from_points(&proof).unwrap());
    let mut batch = Batch::new(&checked);
    for (x, proof) in inputs.iter().zip(&proofs) {
        batch.push(&policy, proof, vec![*x]).unwrap();
    }
    assert_eq!(batch.verify(), Err(BadProofs(vec![0, 1])));
}
