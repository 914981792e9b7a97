//! A key of identities accepts a proof of identities; a key without input points panics.

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_groth16::{Proof, VerifyingKey};
use ark_serialize::CanonicalSerialize;
use taxproof_verifier::canonical::NotAPoint;
use taxproof_verifier::key::{CheckedKey, WeakKey};
use taxproof_verifier::proof::{CanonicalProof, NotAProof};

use super::support::naive::{saying, verify};

fn all_zero() -> VerifyingKey<Bn254> {
    VerifyingKey {
        gamma_abc_g1: vec![G1Affine::identity(); 2],
        ..VerifyingKey::default()
    }
}

#[test]
fn arkworks_accepts_a_proof_of_nothing() {
    let proof = Proof::<Bn254>::default();
    assert!(verify(&all_zero(), &[Fr::from(123_456)], &proof));
}

#[test]
fn a_key_of_zeros_is_refused() {
    let identity = |name| WeakKey::Point {
        name,
        why: NotAPoint::Identity,
    };
    let refused = CheckedKey::new(all_zero(), 1).unwrap_err();
    assert_eq!(refused, identity("alpha"));
    let mut bytes = Vec::new();
    all_zero().serialize_compressed(&mut bytes).unwrap();
    let refused = CheckedKey::<Bn254>::from_bytes(&bytes, 1).unwrap_err();
    assert_eq!(refused, identity("alpha"));
}

#[test]
fn an_identity_anywhere_in_a_key_is_refused() {
    let good = saying(&[Fr::from(5), Fr::from(6)]).key.vk;
    type Break = fn(&mut VerifyingKey<Bn254>);
    let breaks: [(&str, Break); 5] = [
        ("alpha", |key| key.alpha_g1 = G1Affine::identity()),
        ("beta", |key| key.beta_g2 = G2Affine::identity()),
        ("gamma", |key| key.gamma_g2 = G2Affine::identity()),
        ("delta", |key| key.delta_g2 = G2Affine::identity()),
        ("an input point", |key| {
            key.gamma_abc_g1[2] = G1Affine::identity()
        }),
    ];
    for (name, broken) in breaks {
        let mut key = good.clone();
        broken(&mut key);
        let why = NotAPoint::Identity;
        let refused = CheckedKey::new(key, 2).unwrap_err();
        assert_eq!(refused, WeakKey::Point { name, why });
    }
}

#[test]
fn an_identity_anywhere_in_a_proof_is_refused() {
    let naive = saying(&[Fr::from(5)]);
    let good = naive.prove(&naive.z);
    type Break = fn(&mut Proof<Bn254>);
    let breaks: [(&str, Break); 3] = [
        ("A", |proof| proof.a = G1Affine::identity()),
        ("B", |proof| proof.b = G2Affine::identity()),
        ("C", |proof| proof.c = G1Affine::identity()),
    ];
    for (name, broken) in breaks {
        let mut proof = good.clone();
        broken(&mut proof);
        let expected = NotAProof::Point {
            name,
            why: NotAPoint::Identity,
        };
        assert_eq!(CanonicalProof::from_points(&proof), Err(expected));
        let mut bytes = Vec::new();
        proof.serialize_compressed(&mut bytes).unwrap();
        assert_eq!(CanonicalProof::<Bn254>::from_bytes(&bytes), Err(expected));
    }
}

#[test]
fn arkworks_panics_without_input_points_and_we_refuse() {
    let mut key = saying(&[Fr::from(5)]).key.vk;
    let proof = Proof::default();
    key.gamma_abc_g1.clear();
    let panicking = key.clone();
    assert!(std::panic::catch_unwind(|| verify(&panicking, &[], &proof)).is_err());
    let refused = CheckedKey::new(key, 0).unwrap_err();
    assert_eq!(
        refused,
        WeakKey::Inputs {
            expected: 1,
            found: 0
        }
    );
}
