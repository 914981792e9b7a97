//! Semaphore #90, ZkDrops, Nightfall: x and x + r are one field element, and two numbers in a list of
//! spent ones.

use std::collections::HashSet;

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{field_from_bytes, field_to_bytes};
use taxproof_verifier::presentation::{InvalidReason, Verdict};

use super::support::naive::{saying, verify};
use super::support::ours::{Claim, ENOUGH, Firm, passed, prove};

/// The bytes of x + r.
fn alias(x: Fr) -> [u8; 32] {
    let mut sum = x.into_bigint();
    sum.add_with_carry(&Fr::MODULUS);
    sum.to_bytes_be().try_into().unwrap()
}

#[test]
fn the_naive_list_takes_one_nullifier_twice() {
    let nullifier = Fr::from(777);
    let naive = saying(&[nullifier]);
    let proof = naive.prove(&naive.z);
    let mut spent = HashSet::new();
    for bytes in [field_to_bytes(nullifier).0, alias(nullifier)] {
        let input = Fr::from_be_bytes_mod_order(&bytes);
        assert!(verify(&naive.key.vk, &[input], &proof));
        assert!(spent.insert(bytes), "the attack works");
    }
}

#[test]
fn an_element_of_ours_has_one_encoding() {
    for x in [0u64, 1, 5, u64::MAX] {
        let x = Fr::from(x);
        assert_eq!(field_from_bytes(&field_to_bytes(x)), Some(x));
        assert_eq!(field_from_bytes::<Fr>(&Digest(alias(x))), None);
    }
}

#[test]
fn the_bank_takes_no_alias_of_a_pseudonym() {
    let claim = Claim::of(&Firm::paying(ENOUGH));
    let presentation = claim.presentation(&prove(&claim.columns()));
    assert!(passed(&claim.judged_as(&presentation)));
    let mut second = presentation.clone();
    second.pseudonym = Digest(alias(claim.public.fixed.pseudonym));
    let mut third = presentation;
    third.scope_tag = Digest(alias(claim.public.fixed.scope_tag));
    for aliased in [second, third] {
        let refused = Verdict::Invalid(InvalidReason::TagNotCanonical);
        assert_eq!(claim.judged_as(&aliased), refused);
    }
}
