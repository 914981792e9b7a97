//! arkworks' Poseidon with circomlib's constants is not circomlib's hash: circomlib's output is the first
//! element of the state, and `squeeze` gives the second. A contract and a wallet that take them for one
//! hash agree on nothing.

use ark_bn254::Fr;
use ark_ff::Zero;
use taxproof_claims::hash::{PSEUDONYM, SMALL_WIDTH, capacity, small};
use taxproof_engine::poseidon2::Poseidon2;

use super::support::poseidon::squeezed;
use super::support::snarkjs::{number, vectors};

#[test]
fn the_naive_hash_is_another_than_circomlib_s() {
    let Some(json) = vectors("poseidon/circomlib_poseidon_bn254.json") else {
        return;
    };
    let mut held = 0;
    for vector in json["vectors"].as_array().unwrap() {
        let inputs = vector["inputs"].as_array().unwrap();
        if inputs.len() > 4 {
            continue;
        }
        let inputs: Vec<Fr> = inputs.iter().map(|input| number(input).into()).collect();
        let expected = Fr::from(number(&vector["hash"]));
        let (out, state) = squeezed(inputs.len(), &inputs);
        assert_eq!(state[0], expected, "the permutation is circomlib's");
        assert_ne!(out, expected, "the output is not");
        held += 1;
    }
    assert!(held > 3, "{held} vectors");
}

/// Ours is Poseidon2 and gives the first element; `docs/protocol.md` and `claims::hash` say so.
#[test]
fn ours_gives_the_first_element() {
    let inputs = [Fr::from(1), Fr::from(2)];
    let mut state = [inputs[0], inputs[1], Fr::zero(), capacity(PSEUDONYM, 2)];
    Poseidon2::<Fr, SMALL_WIDTH>::default().permute(&mut state);
    assert_eq!(small(PSEUDONYM, &inputs), state[0]);
    assert!(state[1..].iter().all(|&other| other != state[0]));
}
