//! A circuit depends on nothing but its shape, and is the one that is pinned.

use ark_relations::gr1cs::{SynthesisError, SynthesisMode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::shape::{Q16, Q32, SHAPES};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::{self as samples, Scenario};

use crate::matrices::{build, extract};
use crate::{StatementCircuit, StatementError, assign, circuit_digest, matrices};

const EVERYTHING: SynthesisMode = SynthesisMode::Prove {
    construct_matrices: true,
    generate_lc_assignments: false,
};

fn is_pinned<F: Poseidon2Field>(curve: Curve) {
    for shape in SHAPES {
        let digest = Digest(circuit_digest::<F>(shape));
        let pinned = CircuitVersion::V1.pinned_digest(shape, curve);
        assert_eq!(
            pinned,
            Some(digest),
            "{shape} over {curve}: a change needs a new version"
        );
    }
}

#[test]
fn digests_are_the_pinned_ones() {
    is_pinned::<ark_bn254::Fr>(Curve::Bn254);
    is_pinned::<ark_bls12_381::Fr>(Curve::Bls12_381);
}

fn does_not_depend_on_the_witness<F: Poseidon2Field>() {
    let rng = &mut StdRng::seed_from_u64(9);
    for shape in SHAPES {
        let setup = matrices::<F>(shape);
        for _ in 0..3 {
            let scenario = Scenario::<F>::random(rng, shape);
            let circuit = StatementCircuit::new(scenario.public, scenario.witness).unwrap();
            let (built, clauses) = build(EVERYTHING, |cs| circuit.synthesize(cs)).unwrap();
            let proving = extract(&built, clauses);
            assert_eq!(proving.digest(), setup.digest());
            assert!(proving == setup);
        }
    }
}

#[test]
fn the_shape_does_not_depend_on_the_witness() {
    does_not_depend_on_the_witness::<ark_bn254::Fr>();
    does_not_depend_on_the_witness::<ark_bls12_381::Fr>();
}

#[test]
fn a_digest_tells_every_coefficient() {
    let mut changed = matrices::<ark_bn254::Fr>(Q16);
    let digest = changed.digest();
    let row = changed.constraints() - 1;
    changed.abc[1][row][0].0 += ark_bn254::Fr::from(1u64);
    assert_ne!(changed.digest(), digest);
    let mut changed = matrices::<ark_bn254::Fr>(Q16);
    changed.abc.iter_mut().for_each(|matrix| matrix.swap(0, 1));
    assert_ne!(changed.digest(), digest);
    changed.abc.iter_mut().for_each(|matrix| matrix.swap(0, 1));
    assert_eq!(changed.digest(), digest);
}

#[test]
fn nothing_is_assigned_in_a_blank_circuit() {
    let blank = StatementCircuit::<ark_bn254::Fr>::blank(Q16);
    assert!(matches!(
        assign(&blank),
        Err(SynthesisError::AssignmentMissing)
    ));
}

#[test]
fn numbers_and_records_that_do_not_fit_are_refused() {
    let rng = &mut StdRng::seed_from_u64(10);
    let good = Scenario::<ark_bn254::Fr>::random(rng, Q16);

    let mut loose = good.clone();
    loose.public.numbers.linear[0].threshold = 1 << 100;
    let refused = StatementCircuit::new(loose.public, loose.witness);
    assert!(matches!(refused, Err(StatementError::Numbers(_))));

    let mut foreign = good;
    foreign.witness.values = samples::values(rng, Q32);
    foreign.public.numbers = Numbers::neutral(Q16);
    let refused = StatementCircuit::new(foreign.public, foreign.witness);
    assert!(matches!(refused, Err(StatementError::Layout { .. })));
}
