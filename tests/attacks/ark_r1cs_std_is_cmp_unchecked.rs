//! ark-r1cs-std: `is_cmp_unchecked` trusts its caller that both sides are below p/2, and says that
//! p − 5 < 10. The checked form has no answer for other sides: not "false", but no satisfying witness.

use std::cmp::Ordering;

use ark_bn254::Fr;
use ark_ff::Field;
use ark_r1cs_std::alloc::AllocVar;
use ark_r1cs_std::boolean::Boolean;
use ark_r1cs_std::eq::EqGadget;
use ark_r1cs_std::fields::fp::FpVar;
use ark_relations::gr1cs::{ConstraintSystemRef, Result};
use taxproof_circuits::StatementCircuit;
use taxproof_claims::numbers::{Numbers, RangeNumbers};
use taxproof_claims::shape::{Q16, VALUE_BITS};

use super::support::naive::Naive;
use super::support::ours::{Claim, Firm, paid};

type Compare = fn(&FpVar<Fr>, &FpVar<Fr>) -> Result<Boolean<Fr>>;

/// "I owe less than 10", of a debt that is a number of fen from 0 to p.
fn owes_less(debt: Fr, compare: Compare) -> impl Fn(ConstraintSystemRef<Fr>) -> Result<()> {
    move |cs| {
        let debt = FpVar::new_witness(cs.clone(), || Ok(debt))?;
        let ten = FpVar::new_input(cs, || Ok(Fr::from(10)))?;
        compare(&debt, &ten)?.enforce_equal(&Boolean::TRUE)
    }
}

#[test]
fn the_naive_comparison_takes_a_huge_debt_for_a_small_one() {
    let huge = -Fr::from(5);
    let unchecked: Compare = |a, b| a.is_cmp_unchecked(b, Ordering::Less, false);
    let naive = Naive::new(owes_less(huge, unchecked));
    assert!(naive.accepts(&naive.z), "the attack works");

    let checked: Compare = |a, b| a.is_cmp(b, Ordering::Less, false);
    let small = Naive::new(owes_less(Fr::from(5), checked));
    assert!(small.is_satisfied_by(&small.z));
    assert!(
        small.constraints() > 1500,
        "{} constraints for one comparison",
        small.constraints()
    );
    let denied: Compare = |a, b| Ok(!a.is_cmp(b, Ordering::Less, false)?);
    for compare in [checked, denied] {
        let neither = Naive::new(owes_less(
            -Fr::from(2).inverse().unwrap() + Fr::from(1),
            compare,
        ));
        assert!(!neither.is_satisfied_by(&neither.z));
    }
}

/// Ours are between signed numbers of which every one has a meaning, and numbers out of range are
/// refused before anything is proven or verified.
#[test]
fn our_comparison_knows_what_is_negative() {
    let claim = Claim::of(&Firm::of(paid(-5)));
    let rule = |threshold: i128| {
        let mut numbers = Numbers::neutral(Q16);
        numbers.hard[0] = true;
        numbers.linear[0].time[0] = 1;
        numbers.linear[0].weight.fill(1);
        numbers.linear[0].threshold = threshold;
        numbers
    };
    let most = 1i128 << Q16.linear_sum_bits();
    for (threshold, holds) in [
        (-most, true),
        (-5, true),
        (-4, false),
        (10, false),
        (most, false),
    ] {
        let mut told = claim.clone();
        told.public.numbers = rule(threshold);
        for said in [true, false] {
            told.public.fixed.outcome = Fr::from(said);
            let violated = (said != holds).then_some("verdict");
            assert_eq!(told.violated(), violated, "-5 ≥ {threshold} is {said}");
        }
    }
    let mut range = Numbers::neutral(Q16);
    range.range[0] = RangeNumbers {
        attribute: 0,
        low: -(1 << VALUE_BITS) - 1,
        high: 0,
    };
    for numbers in [rule(most + 1), rule(-most - 1), rule(i128::MAX), range] {
        let mut public = claim.public.clone();
        public.numbers = numbers;
        assert!(StatementCircuit::new(public, claim.witness.clone()).is_err());
    }
}
