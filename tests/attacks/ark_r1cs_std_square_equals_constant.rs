//! ark-r1cs-std: `square_equals` against a constant allocates the constant as a free witness, so that the
//! prover chooses it.

use ark_bn254::Fr;
use ark_ff::One;
use ark_r1cs_std::alloc::AllocVar;
use ark_r1cs_std::fields::FieldVar;
use ark_r1cs_std::fields::fp::FpVar;
use ark_relations::gr1cs::{ConstraintSystemRef, Result};

use super::support::naive::Naive;
use super::support::ours::{CIRCUIT, Claim, ENOUGH, Firm, passed, prove};

/// "x² = 4".
fn squares_to_four(cs: ConstraintSystemRef<Fr>) -> Result<()> {
    let x = FpVar::new_input(cs, || Ok(Fr::from(2)))?;
    x.square_equals(&FpVar::constant(Fr::from(4)))
}

#[test]
fn the_naive_gadget_proves_that_7_squared_is_4() {
    let naive = Naive::new(squares_to_four);
    assert_eq!(naive.z, [1, 2, 4].map(Fr::from), "4 is a wire");
    assert!(naive.accepts(&[1, 7, 49].map(Fr::from)), "the attack works");
}

/// The policy's thresholds are the bank's: a proof for others is none for these.
#[test]
fn a_threshold_of_ours_is_not_the_prover_s() {
    let poor = Claim::of(&Firm::paying(7));
    let mut lie = poor.clone();
    let rule = &mut lie.public.numbers.counted[0];
    assert_eq!(rule.threshold, i128::from(ENOUGH));
    rule.threshold = 7;
    lie.public.fixed.outcome = Fr::one();
    assert_eq!(lie.violated(), None, "true of 7");
    assert!(!passed(&lie.forged()), "and no answer to 50,000");

    // Only the column of the threshold, or of anything else that is public, changed back.
    let (own, asked) = (lie.columns(), poor.columns());
    let mut spliced = own.clone();
    let numbers = 1 + taxproof_claims::statement::FIXED_INPUTS;
    spliced[numbers..CIRCUIT.instance].copy_from_slice(&asked[numbers..CIRCUIT.instance]);
    assert_ne!(spliced, own);
    assert!((0..CIRCUIT.constraints()).any(|row| !CIRCUIT.holds(row, &spliced)));
    let mut claimed = poor;
    claimed.public.fixed.outcome = Fr::one();
    assert!(!passed(&claimed.judged(&prove(&spliced))));
}
