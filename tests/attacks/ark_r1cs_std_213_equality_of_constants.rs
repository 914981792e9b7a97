//! ark-r1cs-std #213: equality of two constants adds no constraint and says Ok, so that a gadget whose
//! inputs happen to be constants checks nothing.

use ark_bn254::Fr;
use ark_ff::One;
use ark_r1cs_std::alloc::AllocVar;
use ark_r1cs_std::eq::EqGadget;
use ark_r1cs_std::fields::FieldVar;
use ark_r1cs_std::fields::fp::FpVar;
use ark_relations::gr1cs::{ConstraintSystemRef, Result};
use taxproof_claims::numbers::Numbers;
use taxproof_claims::shape::Q16;

use super::support::naive::{Naive, built};
use super::support::ours::{Claim, ENOUGH, Firm, passed};
use crate::support::repository::manifests;

/// "1 = 2", for whoever knows anything.
fn one_is_two(cs: ConstraintSystemRef<Fr>) -> Result<()> {
    let _known = FpVar::new_input(cs.clone(), || Ok(Fr::from(5)))?;
    let [one, two] = [1, 2].map(|n| FpVar::constant(Fr::from(n)));
    one.enforce_equal(&two)?;
    one.enforce_not_equal(&one)?;
    one.mul_equals(&two, &one)?;
    two.square_equals(&one)
}

#[test]
fn the_naive_gadget_proves_that_1_is_2() {
    assert_eq!(built(one_is_two).num_constraints(), 0);
    let naive = Naive::new(one_is_two);
    assert!(naive.accepts(&naive.z), "the attack works");
}

/// A rule whose sides are constants, 0 ≥ 1, is a rule that fails.
#[test]
fn a_rule_of_constants_is_checked() {
    for (threshold, holds) in [(0, true), (1, false)] {
        let mut claim = Claim::of(&Firm::paying(ENOUGH));
        claim.public.numbers = Numbers::neutral(Q16);
        claim.public.numbers.hard[0] = true;
        claim.public.numbers.linear[0].threshold = threshold;
        for said in [true, false] {
            claim.public.fixed.outcome = Fr::from(said);
            let violated = (said != holds).then_some("verdict");
            assert_eq!(claim.violated(), violated, "0 ≥ {threshold} is {said}");
        }
        claim.public.fixed.outcome = Fr::one();
        assert!(
            !passed(&claim.forged()),
            "the bank rebuilds its own policy's numbers"
        );
    }
}

/// The circuit is not written on ark-r1cs-std, nor is anything that ships.
#[test]
fn nothing_that_ships_uses_the_gadgets() {
    for (path, manifest) in manifests() {
        let ships = manifest
            .get("dependencies")
            .and_then(|table| table.as_table());
        let gadgets = ships.and_then(|table| table.get("ark-r1cs-std"));
        assert!(gadgets.is_none(), "{path} depends on ark-r1cs-std");
    }
}
