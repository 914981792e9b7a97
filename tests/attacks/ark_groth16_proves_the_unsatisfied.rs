//! arkworks' prover asks nothing: of an unsatisfied witness, a release build makes a proof that does not
//! verify, and a debug build panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ark_bn254::{Bn254, Fr};
use ark_ff::One;
use ark_groth16::Groth16;
use ark_relations::gr1cs::{ConstraintSystemRef, Result};
use ark_relations::lc;
use ark_snark::SNARK;
use rand::rngs::OsRng;
use taxproof_prover::prover::{ProveError, Prover};

use super::support::naive::{Naive, Written, verify};
use super::support::ours::{Claim, ENOUGH, Firm, KEY};

/// "root is the square of what I know."
fn square(known: u64) -> impl Fn(ConstraintSystemRef<Fr>) -> Result<()> {
    move |cs| {
        let root = cs.new_input_variable(|| Ok(Fr::from(49)))?;
        let x = cs.new_witness_variable(|| Ok(Fr::from(known)))?;
        cs.enforce_r1cs_constraint(|| lc!() + x, || lc!() + x, || lc!() + root)
    }
}

#[test]
fn the_naive_prover_answers_with_a_bad_proof() {
    let naive = Naive::new(square(7));
    let prove = || Groth16::<Bn254>::prove(&naive.key, Written(square(6)), &mut OsRng);
    match catch_unwind(AssertUnwindSafe(prove)) {
        Ok(proof) => assert!(!verify(&naive.key.vk, &[Fr::from(49)], &proof.unwrap())),
        // What a service would do that proves so: end.
        Err(_) if cfg!(debug_assertions) => {}
        Err(_) => panic!("it panics in debug builds only"),
    }
}

#[test]
fn our_prover_says_what_does_not_hold() {
    let (prover, _) = Prover::<Bn254>::admit(&KEY.files.proving).unwrap();
    let truth = Claim::of(&Firm::paying(ENOUGH - 1));
    assert!(
        prover.prove(&truth.public, &truth.witness).is_ok(),
        "that it fails is true"
    );
    let mut lie = truth.clone();
    lie.public.fixed.outcome = Fr::one();
    let refused = prover.prove(&lie.public, &lie.witness);
    assert_eq!(refused, Err(ProveError::Unsatisfied("verdict")));
    let mut lie = truth;
    lie.witness.salt += Fr::one();
    let refused = prover.prove(&lie.public, &lie.witness);
    assert_eq!(refused, Err(ProveError::Unsatisfied("membership")));
}
