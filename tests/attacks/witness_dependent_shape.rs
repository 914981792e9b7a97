//! The frontend class of the SoK of zero-knowledge bugs: a circuit that looks at its witness while it is
//! built. The key is made from a blank one, and what the blank one skips is never checked. arkworks'
//! `Vec` variables are of this kind: they have the length of the witness.

use ark_bn254::Fr;
use ark_ff::One;
use ark_r1cs_std::alloc::AllocVar;
use ark_r1cs_std::fields::fp::FpVar;
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, Result, Variable};
use ark_relations::lc;
use taxproof_circuits::{Matrices, StatementCircuit, circuit_digest};
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::shape::{Q16, SHAPES};

use super::support::naive::{Naive, built, matrices};
use super::support::ours::{CIRCUIT, Claim, ENOUGH, Firm};

/// "paid is at least the threshold", checked only where there is something to check.
fn at_least(paid: u64) -> impl Fn(ConstraintSystemRef<Fr>) -> Result<()> {
    move |cs| {
        let threshold = cs.new_input_variable(|| Ok(Fr::from(8)))?;
        let wire = cs.new_witness_variable(|| Ok(Fr::from(paid)))?;
        if paid == 0 {
            return Ok(());
        }
        let mut sum = lc!() + threshold;
        for i in 0..8u64 {
            let bit = (paid.wrapping_sub(8) >> i) & 1;
            let bit = cs.new_witness_variable(|| Ok(Fr::from(bit)))?;
            let less = || lc!() + bit - Variable::One;
            cs.enforce_r1cs_constraint(|| lc!() + bit, less, || lc!())?;
            sum += (Fr::from(1u64 << i), bit);
        }
        let one = || lc!() + Variable::One;
        cs.enforce_r1cs_constraint(|| sum, one, || lc!() + wire)
    }
}

#[test]
fn the_naive_key_never_saw_the_check() {
    let checked = Naive::new(at_least(10));
    assert!(checked.accepts(&checked.z));
    let made_from_a_blank = Naive::new(at_least(0));
    assert_eq!(
        (made_from_a_blank.constraints(), checked.constraints()),
        (0, 9)
    );
    let forged = [Fr::one(), Fr::from(8), Fr::one()];
    assert!(made_from_a_blank.accepts(&forged), "the attack works");
}

#[test]
fn the_naive_vector_is_as_long_as_its_witness() {
    let path = |levels: usize| {
        built(move |cs| {
            let siblings = vec![Fr::one(); levels];
            Vec::<FpVar<Fr>>::new_witness(cs, || Ok(siblings)).map(|_| ())
        })
    };
    assert_ne!(
        path(3).num_witness_variables(),
        path(4).num_witness_variables()
    );
}

#[test]
fn our_constraints_are_the_same_whatever_is_proven() {
    for paid in [0, ENOUGH - 1, ENOUGH, -7, (1 << 48) - 1] {
        let claim = Claim::of(&Firm::paying(paid));
        let circuit = StatementCircuit::new(claim.public, claim.witness).unwrap();
        let built = built(move |cs| circuit.clone().generate_constraints(cs));
        let same = Matrices {
            abc: matrices(&built),
            instance: built.num_instance_variables(),
            witness: built.num_witness_variables(),
            clauses: CIRCUIT.clauses.clone(),
        };
        assert!(same == *CIRCUIT, "the circuit depends on {paid}");
    }
}

#[test]
fn our_constraints_are_the_pinned_ones() {
    for shape in SHAPES {
        let pinned = |curve| CircuitVersion::V1.pinned_digest(shape, curve).unwrap();
        assert_eq!(Digest(circuit_digest::<Fr>(shape)), pinned(Curve::Bn254));
        let other = circuit_digest::<ark_bls12_381::Fr>(shape);
        assert_eq!(Digest(other), pinned(Curve::Bls12_381));
    }
    let mut weaker = CIRCUIT.clone();
    weaker
        .abc
        .iter_mut()
        .for_each(|matrix| matrix[1000].clear());
    let pinned = CircuitVersion::V1.pinned_digest(Q16, Curve::Bn254);
    assert_ne!(Some(Digest(weaker.digest())), pinned);
}
