//! The parts of verification by all kernels that the processor has, alternately, on one thread.
//!
//! `cargo bench -p taxproof-engine --bench pairings [COUNT]...` prints microseconds for each of so
//! many pairs or points, the median and the least of some runs, and the ratio to arkworks.

use std::hint::black_box;
use std::time::Instant;

use ark_bn254::{Bn254, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::UniformRand;
use ark_serialize::CanonicalSerialize;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::ThreadPoolBuilder;
use taxproof_engine::Kernels;
use taxproof_engine::pairing::{Coefficient, EnginePairing};

/// Runs of each kernels.
const RUNS: usize = 9;

/// Pairs whose product is wanted, as in a batch of proofs.
const TOGETHER: usize = 16;

fn main() {
    let counts: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let counts = if counts.is_empty() {
        vec![1, 8, 16, 64, 1024]
    } else {
        counts
    };
    let one = ThreadPoolBuilder::new().num_threads(1).build();
    one.expect("a thread can be started")
        .install(|| counts.into_iter().for_each(measure));
}

fn measure(count: usize) {
    let rng = &mut StdRng::seed_from_u64(1);
    let points = |_| -> (G1Affine, G2Affine) {
        let (p, q) = <(G1Projective, G2Projective)>::rand(rng);
        (p.into_affine(), q.into_affine())
    };
    let pairs: Vec<_> = (0..count).map(points).collect();
    let of_g1: Vec<_> = pairs.iter().map(|pair| pair.0).collect();
    let by: Vec<_> = (0..count)
        .map(|_| Coefficient::from(u128::rand(rng)))
        .collect();
    let encode = |point: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        point(&mut bytes);
        bytes
    };
    let first = |pair: &(G1Affine, G2Affine)| {
        encode(&|bytes| pair.0.serialize_compressed(bytes).expect("a vector"))
    };
    let second = |pair: &(G1Affine, G2Affine)| {
        encode(&|bytes| pair.1.serialize_compressed(bytes).expect("a vector"))
    };
    let (first, second): (Vec<_>, Vec<_>) = pairs.iter().map(|p| (first(p), second(p))).unzip();
    let first: Vec<_> = first.iter().map(Vec::as_slice).collect();
    let second: Vec<_> = second.iter().map(Vec::as_slice).collect();
    race("Miller loops", count, &|kernels| {
        black_box(Bn254::miller_loops(kernels, &pairs, TOGETHER));
    });
    race("points of G1 read", count, &|kernels| {
        black_box(Bn254::read_g1(kernels, &first));
    });
    race("points of G2 read", count, &|kernels| {
        black_box(Bn254::read_g2(kernels, &second));
    });
    race("points of G1 scaled", count, &|kernels| {
        black_box(Bn254::scale(kernels, &of_g1, &by));
    });
    race("points of G1 summed", count, &|kernels| {
        let _: G1Projective = black_box(Bn254::combine(kernels, &of_g1, &by));
    });
}

fn race(what: &str, count: usize, run: &dyn Fn(Kernels)) {
    let kernels = Kernels::available();
    let mut times = vec![Vec::with_capacity(RUNS); kernels.len()];
    for _ in 0..RUNS {
        for (kernels, times) in kernels.iter().zip(&mut times) {
            let start = Instant::now();
            run(*kernels);
            times.push(start.elapsed().as_secs_f64() * 1e6 / count as f64);
        }
    }
    times
        .iter_mut()
        .for_each(|times| times.sort_by(f64::total_cmp));
    let portable = times.last().expect("portable kernels are always there")[RUNS / 2];
    for (kernels, times) in kernels.iter().zip(&times) {
        let (median, least) = (times[RUNS / 2], times[0]);
        let ratio = portable / median;
        println!("{count:5} {what:20} {kernels:?} {median:8.2} µs (from {least:.2})  x {ratio:.2}");
    }
}
