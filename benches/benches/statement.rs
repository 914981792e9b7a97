//! Proving and verifying the Q16 statement over BN254.

use std::hint::black_box;
use std::sync::Arc;

use ark_bn254::Bn254;
use criterion::{Criterion, criterion_group, criterion_main};
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_benches::Claim;
use taxproof_circuits::{StatementCircuit, assign};
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::shape::Q16;
use taxproof_claims::statement::FIXED_INPUTS;
use taxproof_prover::prover::Prover;
use taxproof_prover::setup;
use taxproof_verifier::key::{Admission, AdmittedKey};
use taxproof_verifier::proof::CanonicalProof;
use taxproof_verifier::reduced::{Input, ReducedKey};

fn statement(c: &mut Criterion) {
    let keys = setup::dev::<Bn254>(CircuitVersion::V1, Q16).expect("a key");
    let (prover, _) = Prover::<Bn254>::admit(&keys.proving).expect("the key is good");
    let claim = Claim::generate::<Bn254>(Q16, &mut StdRng::seed_from_u64(1)).expect("a claim");
    let Claim {
        public, witness, ..
    } = claim;

    let mut group = c.benchmark_group("Q16");
    group.sample_size(10);
    group.bench_function("witness", |b| {
        let circuit = StatementCircuit::new(public.clone(), witness.clone()).expect("it fits");
        b.iter(|| assign(black_box(&circuit)).expect("a witness"));
    });
    group.bench_function("prove", |b| {
        b.iter(|| {
            prover
                .prove(black_box(&public), black_box(&witness))
                .expect("a proof")
        });
    });

    let admission = Admission {
        allow_dev: true,
        ceremony_keys: Vec::new(),
    };
    let key = AdmittedKey::<Bn254>::open(&keys.verifying, &admission).expect("the key is good");
    let inputs = public.to_vec();
    let numbers = public.numbers.flatten().into_iter().map(Input::Number);
    let known: Vec<_> = (0..FIXED_INPUTS)
        .map(|_| Input::Open)
        .chain(numbers)
        .collect();
    let policy = ReducedKey::new(Arc::clone(key.key()), &known).expect("as many inputs");
    let proof = prover.prove(&public, &witness).expect("a proof").proof;
    group.bench_function("parse a proof", |b| {
        b.iter(|| CanonicalProof::<Bn254>::from_bytes(black_box(&proof)).expect("a proof"));
    });
    let proof = CanonicalProof::<Bn254>::from_bytes(&proof).expect("a proof");
    group.bench_function("verify under a prepared policy", |b| {
        b.iter(|| {
            policy
                .verify(black_box(&proof), &inputs[..FIXED_INPUTS])
                .expect("it verifies")
        });
    });
    group.finish();
}

criterion_group!(benches, statement);
criterion_main!(benches);
