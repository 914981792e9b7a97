//! gnark-crypto #363, snarkVM #3397: points that are on no curve or in no group of prime order, read
//! without a check. And what arkworks' checked reader takes besides: bytes behind the end, any x beside
//! the flag of infinity.

use ark_bn254::{Bn254, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::UniformRand;
use ark_groth16::Proof;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use rand::rngs::OsRng;
use taxproof_verifier::canonical::NotAPoint;
use taxproof_verifier::key::{CheckedKey, WeakKey};
use taxproof_verifier::presentation::{InvalidReason, Verdict};
use taxproof_verifier::proof::{CanonicalProof, NotAProof};

use super::support::naive::{saying, verify};
use super::support::ours::{Claim, ENOUGH, Firm, passed, prove};

fn bytes(points: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    points.serialize_compressed(&mut bytes).unwrap();
    bytes
}

/// A point of the twist that is in no subgroup of prime order, which are nearly all.
fn outside_the_subgroup() -> G2Affine {
    loop {
        let x = Fq2::rand(&mut OsRng);
        let found = G2Affine::get_point_from_x_unchecked(x, false);
        if let Some(point) = found.filter(|p| !p.is_in_correct_subgroup_assuming_on_curve()) {
            return point;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the attack")]
fn unchecked(bytes: &[u8]) -> Option<Proof<Bn254>> {
    Proof::deserialize_compressed_unchecked(bytes).ok()
}

fn point(name: &'static str, why: NotAPoint) -> NotAProof {
    NotAProof::Point { name, why }
}

#[test]
fn points_of_no_group_are_refused() {
    let naive = saying(&[Fr::from(5)]);
    let mut proof = naive.prove(&naive.z);
    proof.b = outside_the_subgroup();
    let read = unchecked(&bytes(&proof)).unwrap();
    assert_eq!(read, proof, "Penumbra reads proofs so: no check was made");
    let refused = point("B", NotAPoint::NotInGroup);
    assert_eq!(CanonicalProof::from_points(&proof), Err(refused));
    assert_eq!(
        CanonicalProof::<Bn254>::from_bytes(&bytes(&proof)),
        Err(refused)
    );

    let mut key = naive.key.vk;
    key.delta_g2 = outside_the_subgroup();
    let why = NotAPoint::NotInGroup;
    let refused = WeakKey::Point { name: "delta", why };
    assert_eq!(CheckedKey::new(key.clone(), 1).unwrap_err(), refused);
    assert_eq!(
        CheckedKey::<Bn254>::from_bytes(&bytes(&key), 1).unwrap_err(),
        refused
    );
}

#[test]
fn points_off_the_curve_are_refused() {
    let naive = saying(&[Fr::from(5)]);
    let mut proof = naive.prove(&naive.z);
    proof.a = G1Affine::new_unchecked(1.into(), 1.into());
    assert!(!proof.a.is_on_curve());
    let refused = point("A", NotAPoint::NotInGroup);
    assert_eq!(CanonicalProof::from_points(&proof), Err(refused));
}

/// With a tail, one proof has as many encodings as one likes, and every one of them verifies.
#[test]
fn a_proof_with_a_tail_is_refused() {
    let naive = saying(&[Fr::from(5)]);
    let tailed = [&bytes(&naive.prove(&naive.z))[..], b"tail"].concat();
    let read = Proof::<Bn254>::deserialize_compressed(&tailed[..]).unwrap();
    assert!(
        verify(&naive.key.vk, &[Fr::from(5)], &read),
        "the attack works"
    );

    let claim = Claim::of(&Firm::paying(ENOUGH));
    let mut answer = claim.presentation(&prove(&claim.columns()));
    assert!(passed(&claim.judged_as(&answer)));
    answer.proof.extend(b"tail");
    let (expected, found) = (128, 132);
    let refused = InvalidReason::ProofMalformed(NotAProof::Length { expected, found });
    assert_eq!(claim.judged_as(&answer), Verdict::Invalid(refused));
}

#[test]
fn infinity_beside_garbage_is_refused() {
    let mut garbage = [0; 32];
    (garbage[0], garbage[31]) = (1, 0x40);
    assert!(
        G1Affine::deserialize_compressed(&garbage[..]).is_ok(),
        "arkworks reads it"
    );
    let naive = saying(&[Fr::from(5)]);
    let mut proof = bytes(&naive.prove(&naive.z));
    for (name, at) in [("A", 0), ("C", 96)] {
        let honest = proof.clone();
        proof[at..at + 32].copy_from_slice(&garbage);
        let refused = point(name, NotAPoint::NotCanonical);
        assert_eq!(CanonicalProof::<Bn254>::from_bytes(&proof), Err(refused));
        proof = honest;
    }
}
