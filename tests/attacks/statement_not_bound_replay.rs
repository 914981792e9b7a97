//! A statement that does not say for whom and when it is made: the proof for one bank and one epoch is as
//! good at the next. The integration layer's version of Frozen Heart, and of nullifiers that bind nothing.

use ark_bn254::Fr;
use ark_ff::One;
use ark_relations::gr1cs::{ConstraintSystemRef, Result, Variable};
use ark_relations::lc;
use taxproof_claims::epoch::field_to_bytes;
use taxproof_verifier::presentation::{InvalidReason, Verdict};

use super::support::naive::{Naive, saying, verify};
use super::support::ours::{CIRCUIT, Claim, ENOUGH, Firm, KEY, passed, prove, question};

/// "I know the two factors of what the bureau published."
fn factors(cs: ConstraintSystemRef<Fr>) -> Result<()> {
    let root = cs.new_input_variable(|| Ok(Fr::from(77)))?;
    let first = cs.new_witness_variable(|| Ok(Fr::from(7)))?;
    let second = cs.new_witness_variable(|| Ok(Fr::from(11)))?;
    cs.enforce_r1cs_constraint(|| lc!() + first, || lc!() + second, || lc!() + root)
}

#[test]
fn the_naive_proof_is_good_at_every_bank() {
    let naive = Naive::new(factors);
    let proof = naive.prove(&naive.z);
    for _bank in ["one", "another"] {
        assert!(
            verify(&naive.key.vk, &[Fr::from(77)], &proof),
            "the attack works"
        );
    }
}

/// An input that no constraint uses is bound all the same.
#[test]
fn a_context_that_no_constraint_uses_is_bound() {
    let inputs = [Fr::from(5), Fr::from(1)];
    let naive = saying(&inputs);
    let proof = naive.prove(&naive.z);
    assert!(verify(&naive.key.vk, &inputs, &proof));
    assert!(!verify(&naive.key.vk, &[inputs[0], Fr::from(2)], &proof));
}

#[test]
fn a_proof_for_one_request_answers_no_other() {
    let firm = Firm::paying(ENOUGH);
    let claim = Claim::of(&firm);
    let proof = prove(&claim.columns());
    assert!(passed(&claim.judged(&proof)));
    let answered = claim.presentation(&proof);

    // Another nonce, another bank, another expiry.
    let mut later = claim.question.request().clone();
    later.expires_at += 1;
    let policy = claim.question.policy().clone();
    let others = [
        question(&firm, "bank-of-examples"),
        question(&firm, "another-bank"),
        taxproof_verifier::presentation::Question::new(later, policy).unwrap(),
    ];
    for question in others {
        let other = Claim::to(&firm, question);
        let refused = Verdict::Invalid(InvalidReason::OtherRequest);
        assert_eq!(other.judged_as(&answered), refused);
        let mut renamed = answered.clone();
        renamed.request = other.question.digest();
        assert!(!passed(&other.judged_as(&renamed)), "even if it says so");
        assert!(
            !passed(&other.judged(&proof)),
            "with the tags of that request"
        );
    }
}

#[test]
fn a_proof_for_one_epoch_is_none_for_another() {
    let (mine, other) = (Firm::paying(ENOUGH), Firm::paying(ENOUGH));
    let claim = Claim::of(&mine);
    let proof = prove(&claim.columns());
    let elsewhere = Claim::of(&other);
    let mut answer = elsewhere.presentation(&proof);
    assert!(!passed(&elsewhere.judged_as(&answer)));
    answer.pseudonym = field_to_bytes(claim.public.fixed.pseudonym);
    assert!(!passed(&elsewhere.judged_as(&answer)));
}

#[test]
fn every_public_input_of_ours_is_bound() {
    let claim = Claim::of(&Firm::paying(ENOUGH));
    let proof = prove(&claim.columns());
    let mut inputs = claim.public.to_vec();
    let key = &KEY.proving.vk;
    assert_eq!(inputs.len() + 1, CIRCUIT.instance);
    assert!(verify(key, &inputs, &proof));
    for i in 0..inputs.len() {
        inputs[i] += Fr::one();
        assert!(!verify(key, &inputs, &proof), "input {i} is not bound");
        inputs[i] -= Fr::one();
    }
}

/// One is a public input as well, the first of the key's points.
#[test]
fn the_constant_is_not_the_prover_s() {
    let claim = Claim::of(&Firm::paying(ENOUGH));
    let mut z = claim.columns();
    z[0] = Fr::from(2);
    assert!(!passed(&claim.judged(&prove(&z))));
    let one = || lc!() + Variable::One;
    let naive = Naive::new(|cs| {
        let x = cs.new_input_variable(|| Ok(Fr::one()))?;
        cs.enforce_r1cs_constraint(one, one, || lc!() + x)
    });
    assert!(naive.accepts(&naive.z));
    assert!(!naive.accepts(&[Fr::from(2), Fr::from(4)]));
}
