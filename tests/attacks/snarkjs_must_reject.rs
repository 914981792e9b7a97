//! A key and a proof of snarkjs, and seven things that it refuses.

use ark_bn254::{Bn254, Fr};
use ark_ff::PrimeField;
use std::sync::Arc;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::field_from_bytes;
use taxproof_verifier::key::CheckedKey;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

use super::support::naive::verify;
use super::support::snarkjs::{self, number, vectors};

/// A decimal as it would arrive: 32 bytes, if it fits them at all.
fn arriving(json: &serde_json::Value) -> Option<Fr> {
    let bytes = number(json).to_bytes_be();
    let mut padded = [0; 32];
    padded
        .get_mut(32usize.checked_sub(bytes.len())?..)?
        .copy_from_slice(&bytes);
    field_from_bytes(&Digest(padded))
}

#[test]
fn the_proof_is_accepted_and_the_seven_are_not() {
    let at = |file: &str| vectors(&format!("groth16/snarkjs-rapidsnark-circuit/{file}.json"));
    let (Some(key), Some(proof), Some(public), Some(reject)) = (
        at("verification_key"),
        at("proof"),
        at("public"),
        at("must-reject"),
    ) else {
        return;
    };
    let key = snarkjs::key(&key);
    let checked = Arc::new(CheckedKey::<Bn254>::new(key.clone(), 1).unwrap());
    let policy = ReducedKey::new(checked, &[Input::Open]).unwrap();
    let accepts = |proof: &serde_json::Value, public: &serde_json::Value| {
        let inputs: Option<Vec<Fr>> = public.as_array().unwrap().iter().map(arriving).collect();
        let proof = CanonicalProof::from_points(&snarkjs::proof(proof)).ok();
        match (inputs, proof) {
            (Some(inputs), Some(proof)) => policy.verify(&proof, &inputs).is_ok(),
            _ => false,
        }
    };
    assert!(accepts(&proof, &public));

    let reject = reject.as_object().unwrap();
    assert_eq!(reject.len(), 7);
    for (name, case) in reject {
        assert!(!accepts(&case["proof"], &case["pub"]), "{name}");
    }
    for fooled in ["aliased-public-plus-r", "extra-public"] {
        let case = &reject[fooled];
        let inputs = case["pub"].as_array().unwrap().iter();
        let reduced = |x| Fr::from_be_bytes_mod_order(&number(x).to_bytes_be());
        let inputs: Vec<_> = inputs.map(reduced).collect();
        assert!(
            verify(&key, &inputs, &snarkjs::proof(&case["proof"])),
            "{fooled} fools arkworks"
        );
    }
}
