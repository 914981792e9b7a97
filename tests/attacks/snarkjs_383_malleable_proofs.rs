//! snarkjs #383: whoever sees a proof can make another of the same statement. That is no forgery, but
//! a list of proofs that were seen does not recognise it.

use std::collections::HashSet;

use ark_bn254::{Bn254, Fr};
use ark_ec::{AffineRepr, CurveGroup};
use ark_groth16::{Groth16, Proof, VerifyingKey};
use ark_serialize::CanonicalSerialize;
use rand::rngs::OsRng;
use taxproof_verifier::bank::{Decision, Refusal};
use taxproof_verifier::presentation::Verdict;

use super::support::counter::Counter;
use super::support::naive::{saying, verify};
use super::support::ours::{Claim, ENOUGH, Firm, KEY, prove};

/// The same proof, negated and re-randomised.
fn others(key: &VerifyingKey<Bn254>, proof: &Proof<Bn254>) -> [Proof<Bn254>; 2] {
    let negated = Proof {
        a: -proof.a,
        b: (-proof.b.into_group()).into_affine(),
        c: proof.c,
    };
    let again = Groth16::<Bn254>::rerandomize_proof(key, proof, &mut OsRng);
    [negated, again]
}

#[test]
fn a_naive_list_of_proofs_takes_one_statement_three_times() {
    let naive = saying(&[Fr::from(5)]);
    let proof = naive.prove(&naive.z);
    let mut seen = HashSet::new();
    let [negated, again] = others(&naive.key.vk, &proof);
    for proof in [proof, negated, again] {
        let mut bytes = Vec::new();
        proof.serialize_compressed(&mut bytes).unwrap();
        assert!(verify(&naive.key.vk, &[Fr::from(5)], &proof));
        assert!(seen.insert(bytes), "the attack works");
    }
}

/// The bank counts requests: the first proof decides one, and no other decides it again.
#[tokio::test]
async fn a_bank_decides_a_request_once() {
    let firm = Firm::paying(ENOUGH);
    let counter = Counter::open(&firm).await;
    let claim = Claim::to(&firm, counter.ask().await);
    let proof = prove(&claim.columns());
    let decided = counter.submit(&claim.presentation(&proof)).await.unwrap();
    assert!(matches!(decided, Decision::Decided { .. }), "{decided:?}");
    for other in others(&KEY.proving.vk, &proof) {
        let other = claim.presentation(&other);
        assert!(matches!(claim.judged_as(&other), Verdict::Passed(_)));
        let refused = counter.submit(&other).await;
        assert!(
            matches!(refused, Err(Refusal::NotDecided(_))),
            "{refused:?}"
        );
    }
    // The same presentation again is the same decision.
    assert_eq!(
        counter.submit(&claim.presentation(&proof)).await.unwrap(),
        decided
    );
}
