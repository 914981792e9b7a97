//! snarkjs #383: whoever sees a proof can make another of the same statement. That is no forgery,
//! but nothing may be deduplicated by a proof's bytes: see the tests of replay in `service`.

use ark_bn254::{Bn254, Fr};
use ark_ec::{AffineRepr, CurveGroup};
use ark_groth16::{Groth16, Proof};
use rand::rngs::OsRng;
use std::sync::Arc;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

use crate::fixture::Fake;

#[test]
fn other_bytes_prove_the_same() {
    let fake = Fake::<Bn254>::new(1);
    let x = [Fr::from(5)];
    let proof = fake.prove(&x);
    let key = ReducedKey::new(Arc::new(fake.checked()), &[Input::Open]).unwrap();
    let negated = Proof {
        a: -proof.a,
        b: (-proof.b.into_group()).into_affine(),
        c: proof.c,
    };
    let again = Groth16::<Bn254>::rerandomize_proof(&fake.proving.vk, &proof, &mut OsRng);
    for other in [negated, again] {
        assert_ne!(other, proof);
        let other = CanonicalProof::from_points(&other).unwrap();
        assert_eq!(key.verify(&other, &x), Ok(()));
    }
}
