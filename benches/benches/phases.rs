//! The engine's kernels and the parts of a proof over BN254: Poseidon2, multi-scalar
//! multiplications, the quotient, and the whole.

use std::hint::black_box;

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_benches::Claim;
use taxproof_circuits::{StatementCircuit, assign, matrices};
use taxproof_claims::shape::Q16;
use taxproof_engine::Kernels;
use taxproof_engine::groth16::{Prover, WitnessMap};
use taxproof_engine::msm::{Budget, Curve, FixedBases};

const TABLES: Budget = Budget(64 << 20);

fn kernels() -> Vec<(&'static str, Kernels)> {
    let vectors = [("ifma", Kernels::ifma()), ("avx2", Kernels::avx2())];
    let available = vectors
        .into_iter()
        .filter_map(|(name, kernels)| Some((name, kernels?)));
    available
        .chain([("portable", Kernels::portable())])
        .collect()
}

/// Consecutive multiples of the generator.
fn points<G: CurveGroup + PrimeGroup>(count: usize) -> Vec<G::Affine> {
    let generator = G::generator();
    let all: Vec<G> = std::iter::successors(Some(generator), |p| Some(*p + generator))
        .take(count)
        .collect();
    G::normalize_batch(&all)
}

fn multiplications(c: &mut Criterion) {
    let rng = &mut StdRng::seed_from_u64(1);
    let mut group = c.benchmark_group("multiplication");
    group.sample_size(10);
    for log in [12, 14] {
        let scalars: Vec<Fr> = (0..1 << log).map(|_| Fr::rand(rng)).collect();
        let (g1, g2): (Vec<G1Affine>, Vec<G2Affine>) = (
            points::<G1Projective>(1 << log),
            points::<G2Projective>(1 << log),
        );
        for (name, kernels) in kernels() {
            let mut bench = |group_name: &str, run: &dyn Fn()| {
                let id = BenchmarkId::new(format!("{group_name}, {name}"), format!("2^{log}"));
                group.bench_function(id, |b| b.iter(run));
            };
            bench("G1", &multiply(&g1, &scalars, kernels));
            bench("G2", &multiply(&g2, &scalars, kernels));
        }
    }
    group.finish();
}

fn multiply<G: Curve>(points: &[G], scalars: &[Fr], kernels: Kernels) -> impl Fn() {
    let bases = FixedBases::new(points, TABLES, kernels);
    move || {
        black_box(bases.msm(black_box(scalars)));
    }
}

fn proofs(c: &mut Criterion) {
    let rng = &mut StdRng::seed_from_u64(2);
    let claim = Claim::generate::<Bn254>(Q16, rng).expect("a claim");
    let circuit = StatementCircuit::new(claim.public, claim.witness).expect("a statement");
    let assignment = assign(&circuit).expect("a witness").full();
    let matrices = matrices::<Fr>(Q16);
    let blank = StatementCircuit::blank(Q16);
    let key = Groth16::<Bn254>::generate_random_parameters_with_reduction(blank, rng);
    let key = key.expect("a key");
    let mut group = c.benchmark_group("Q16 parts");
    group.sample_size(10);
    for (name, kernels) in kernels() {
        let map = WitnessMap::new(&matrices.abc, matrices.instance, assignment.len(), kernels);
        let map = map.expect("the circuit's matrices");
        group.bench_function(format!("quotient, {name}"), |b| {
            b.iter(|| map.quotient(black_box(&assignment)).expect("a quotient"));
        });
        let prover = Prover::new(&key, &matrices.abc, TABLES, kernels).expect("a prover");
        group.bench_function(format!("proof, {name}"), |b| {
            let [r, s] = [Fr::rand(rng), Fr::rand(rng)];
            b.iter(|| prover.prove(black_box(&assignment), r, s).expect("a proof"));
        });
    }
    group.finish();
}

fn hashes(c: &mut Criterion) {
    let rng = &mut StdRng::seed_from_u64(3);
    let children = [(); 8].map(|()| Fr::rand(rng));
    c.bench_function("a node of the tree", |b| {
        b.iter(|| taxproof_claims::hash::node(black_box(&children)));
    });
}

criterion_group!(benches, multiplications, proofs, hashes);
criterion_main!(benches);
