//! ark-groth16 #86: `prepare_inputs` pairs public inputs with the key's points and leaves the rest out,
//! so that a missing input is zero and a surplus one anything. gnark checks their number.

use std::sync::Arc;

use ark_bn254::Fr;
use taxproof_verifier::key::CheckedKey;
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey, Rejected, WrongCount};

use super::support::naive::{saying, verify};

#[test]
fn missing_and_surplus_inputs_are_refused() {
    let inputs = [Fr::from(5), Fr::from(0)];
    let naive = saying(&inputs);
    let proof = naive.prove(&naive.z);
    let surplus = [inputs[0], inputs[1], Fr::from(666)];
    let key = &naive.key.vk;
    assert!(verify(key, &inputs[..1], &proof), "one input is not said");
    assert!(verify(key, &surplus, &proof), "one is never looked at");

    let checked = Arc::new(CheckedKey::new(key.clone(), 2).unwrap());
    let reduced = ReducedKey::new(Arc::clone(&checked), &[Input::Open; 2]).unwrap();
    let proof = CanonicalProof::from_points(&proof).unwrap();
    assert_eq!(reduced.verify(&proof, &inputs), Ok(()));
    for wrong in [&inputs[..1], &surplus] {
        let count = WrongCount {
            expected: 2,
            found: wrong.len(),
        };
        assert_eq!(reduced.verify(&proof, wrong), Err(Rejected::Count(count)));
    }
    assert!(ReducedKey::new(Arc::clone(&checked), &[Input::Open]).is_err());
    assert!(ReducedKey::new(checked, &[Input::Open; 3]).is_err());
    for inputs in [0, 1, 3] {
        assert!(CheckedKey::new(key.clone(), inputs).is_err());
    }
}
