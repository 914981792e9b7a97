//! What verifying costs, beside arkworks' own verification with as many inputs as stay open.
//! `cargo test --release -p taxproof-verifier -- --ignored --nocapture cost`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ff::UniformRand;
use ark_groth16::{Groth16, prepare_verifying_key};
use ark_serialize::CanonicalSerialize;
use rand::rngs::OsRng;
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::shape::{Q16, Q32, SHAPES};
use taxproof_claims::statement::public_inputs;
use taxproof_verifier::batch::Batch;
use taxproof_verifier::key::{CheckedKey, WeakKey};
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

use crate::fixture::Fake;

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Ours over theirs: each of `rounds` rounds times both, one after the other.
fn ratio<E: NamedPairing>(open: usize, rounds: usize) -> f64 {
    let whole = Fake::<E>::new(public_inputs(Q16));
    let mut inputs: Vec<_> = (0..public_inputs(Q16)).map(|_| Input::Number(1)).collect();
    inputs[..open].fill(Input::Open);
    let policy = ReducedKey::new(Arc::new(whole.checked()), &inputs).unwrap();
    let values: Vec<_> = (0..open)
        .map(|_| E::ScalarField::rand(&mut OsRng))
        .collect();
    let mut all = values.clone();
    all.resize(public_inputs(Q16), 1u64.into());
    let proof = whole.canonical(&all);
    policy.verify(&proof, &values).unwrap();

    let small = Fake::<E>::new(open);
    let prepared = prepare_verifying_key(&small.proving.vk);
    let arks = small.prove(&values);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(|| {
            policy
                .verify(black_box(&proof), black_box(&values))
                .unwrap()
        }));
        theirs.push(timed(|| {
            let (proof, values) = (black_box(&arks), black_box(&values));
            assert!(Groth16::<E>::verify_proof(&prepared, proof, values).unwrap());
        }));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!(
        "{} {open} open: {ours:?}, arkworks {theirs:?}, ratio {ratio:.3}",
        E::CURVE
    );
    ratio
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_prepared_policy() {
    for open in [1, 6, 8, 11] {
        assert!(ratio::<Bn254>(open, 400) < 1.1);
        assert!(ratio::<Bls12_381>(open, 400) < 1.1);
    }
}

#[test]
#[ignore = "a measurement"]
fn cost_of_keys_proofs_and_policies() {
    for shape in SHAPES {
        let inputs = public_inputs(shape);
        let mut bytes = Vec::new();
        let fake = Fake::<Bn254>::new(inputs);
        fake.proving.vk.serialize_compressed(&mut bytes).unwrap();
        let mut key: Option<Result<CheckedKey<Bn254>, WeakKey>> = None;
        let load = timed(|| key = Some(CheckedKey::from_bytes(&bytes, inputs)));
        let key = Arc::new(key.unwrap().unwrap());
        let numbers = Numbers::neutral(shape).flatten();
        let known = std::iter::repeat_n(Input::Open, inputs - numbers.len());
        let known: Vec<_> = known
            .chain(numbers.into_iter().map(Input::Number))
            .collect();
        let reduce = timed(|| drop(ReducedKey::new(Arc::clone(&key), &known).unwrap()));
        println!(
            "{shape}: key of {} bytes in {load:?}, reduced in {reduce:?}",
            bytes.len()
        );
    }
    let mut bytes = Vec::new();
    let proof = Fake::<Bn254>::new(1).prove(&[5u64.into()]);
    proof.serialize_compressed(&mut bytes).unwrap();
    let parse = || timed(|| assert!(CanonicalProof::<Bn254>::from_bytes(&bytes).is_ok()));
    println!(
        "proof parsed in {:?}",
        median((0..400).map(|_| parse()).collect())
    );
    assert!(public_inputs(Q32) > public_inputs(Q16));
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_batch() {
    let fake = Fake::<Bn254>::new(8);
    let key = Arc::new(fake.checked());
    let policy = ReducedKey::new(Arc::clone(&key), &[Input::Open; 8]).unwrap();
    let random = |_| (0..8).map(|_| ark_bn254::Fr::rand(&mut OsRng)).collect();
    let inputs: Vec<Vec<_>> = (0..1024).map(random).collect();
    let proofs: Vec<_> = inputs
        .iter()
        .take(64)
        .map(|values| fake.canonical(values))
        .collect();
    for n in [1, 8, 64, 512, 1024] {
        let mut batch = Batch::new(&key);
        for i in 0..n {
            let values = inputs[i % 64].clone();
            batch.push(&policy, &proofs[i % 64], values).unwrap();
        }
        let time = timed(|| batch.verify().unwrap());
        println!("batch of {n}: {time:?}, {:?} a proof", time / n as u32);
    }
    for bad in [1, 8] {
        let mut batch = Batch::new(&key);
        for i in 0..64 {
            let values = inputs[(i + usize::from(i < bad)) % 64].clone();
            batch.push(&policy, &proofs[i], values).unwrap();
        }
        let time = timed(|| assert_eq!(batch.verify().unwrap_err().0.len(), bad));
        println!("batch of 64 with {bad} bad: {time:?}");
    }
}
