//! Reduced keys say what the whole key says.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ff::{AdditiveGroup, Field, UniformRand};
use rand::rngs::OsRng;
use std::sync::Arc;
use taxproof_claims::amount::to_field;
use taxproof_claims::curve::NamedPairing;
use taxproof_verifier::reduced::{Input, ReducedKey, Rejected, WrongCount};

use crate::fixture::{Fake, naive};

/// Numbers of every size that a policy has, known or open in turn, and a few elements.
fn known_and_open_inputs_mean_the_same<E: NamedPairing>() {
    type F<E> = <E as ark_ec::pairing::Pairing>::ScalarField;
    let numbers = [
        5,
        0,
        1,
        -1,
        31,
        -32,
        255,
        -256,
        65_535,
        1 << 40,
        -(1 << 63),
        u64::MAX.into(),
        -i128::from(u64::MAX) - 1,
        1 << 85,
        -(1 << 86),
        7,
    ];
    let random = F::<E>::rand(&mut OsRng);
    let mut inputs: Vec<F<E>> = numbers.map(to_field).to_vec();
    inputs.push(random);
    let fake = Fake::<E>::new(inputs.len());
    let key = Arc::new(fake.checked());
    let proof = fake.canonical(&inputs);

    let mut known: Vec<_> = numbers.map(Input::Number).to_vec();
    known.push(Input::Element(random));
    for open in [
        vec![],
        vec![0],
        (0..17).step_by(2).collect(),
        (0..17).collect::<Vec<_>>(),
    ] {
        let mut with_open = known.clone();
        open.iter().for_each(|&i| with_open[i] = Input::Open);
        let reduced = ReducedKey::new(Arc::clone(&key), &with_open).unwrap();
        let values: Vec<_> = open.iter().map(|&i| inputs[i]).collect();
        assert_eq!(reduced.verify(&proof, &values), Ok(()));
        let short = reduced.verifying_key();
        assert!(naive(&short, &values, &fake.prove(&inputs)));

        // Every open value and every known one is bound.
        for i in 0..values.len() {
            let mut other = values.clone();
            other[i] += F::<E>::ONE;
            assert_eq!(reduced.verify(&proof, &other), Err(Rejected::Proof));
        }
        for i in (0..17).filter(|i| !open.contains(i)) {
            let mut other = with_open.clone();
            other[i] = Input::Element(inputs[i] + F::<E>::ONE);
            let reduced = ReducedKey::new(Arc::clone(&key), &other).unwrap();
            assert_eq!(reduced.verify(&proof, &values), Err(Rejected::Proof));
        }

        // None may be left out or added.
        let surplus = [&values[..], &[F::<E>::ZERO]].concat();
        let count = |found| WrongCount {
            expected: values.len(),
            found,
        };
        assert_eq!(
            reduced.verify(&proof, &surplus),
            Err(Rejected::Count(count(surplus.len())))
        );
        if let Some((_, fewer)) = values.split_last() {
            let refused = reduced.verify(&proof, fewer);
            assert_eq!(refused, Err(Rejected::Count(count(fewer.len()))));
        }
    }
    for wrong in [&known[..16], &[&known[..], &[Input::Number(0)]].concat()] {
        assert!(ReducedKey::new(Arc::clone(&key), wrong).is_err());
    }
}

#[test]
fn known_and_open_inputs_mean_the_same_on_bn254() {
    known_and_open_inputs_mean_the_same::<Bn254>();
}

#[test]
fn known_and_open_inputs_mean_the_same_on_bls12_381() {
    known_and_open_inputs_mean_the_same::<Bls12_381>();
}
