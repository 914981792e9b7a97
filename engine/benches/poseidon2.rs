//! Permutations beside those of the crate `taceo-poseidon2`, on one thread.
//!
//! `cargo bench -p taxproof-engine --bench poseidon2` first prints the ratios of alternating runs,
//! then measures each contestant with criterion.

use std::array::from_fn;
use std::hint::black_box;
use std::time::Instant;

use ark_bn254::Fr;
use ark_ff::UniformRand;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand::rngs::StdRng;
use taceo_poseidon2::bn254 as taceo;
use taxproof_engine::Kernels;
use taxproof_engine::poseidon2::{Poseidon2, permute_all};

/// States that are permuted in a run: what one thread takes at once.
const STATES: usize = 64;

/// Runs of each contestant for a ratio.
const RUNS: usize = 101;

fn measure<const T: usize>(criterion: &mut Criterion, taceo: fn(&[Fr; T]) -> [Fr; T])
where
    Poseidon2<Fr, T>: Default,
{
    let rng = &mut StdRng::seed_from_u64(1);
    let states: Vec<[Fr; T]> = (0..STATES).map(|_| from_fn(|_| Fr::rand(rng))).collect();
    let (mut theirs, mut ours) = (states.clone(), states.clone());
    let (mut avx2, mut portable) = (states.clone(), states);
    let permutation = Poseidon2::<Fr, T>::default();
    let mut contestants: [(&str, &mut dyn FnMut()); 4] = [
        ("taceo-poseidon2", &mut || {
            theirs
                .iter_mut()
                .for_each(|state| *state = taceo(black_box(state)));
        }),
        ("portable", &mut || {
            portable
                .iter_mut()
                .for_each(|state| permutation.permute(black_box(state)));
        }),
        ("avx2", &mut || {
            if let Some(kernels) = Kernels::avx2() {
                permute_all(kernels, black_box(&mut avx2));
            }
        }),
        ("best kernels", &mut || {
            permute_all(Kernels::best(), black_box(&mut ours))
        }),
    ];
    print_ratios(T, &mut contestants);
    let mut group = criterion.benchmark_group(format!("poseidon2 width {T}"));
    group.throughput(Throughput::Elements(STATES as u64));
    for (name, run) in &mut contestants {
        group.bench_function(*name, |bencher| bencher.iter(&mut *run));
    }
    group.finish();
}

/// The best of alternating runs, and how often each goes into the first's.
fn print_ratios(width: usize, contestants: &mut [(&str, &mut dyn FnMut())]) {
    let mut times = vec![Vec::with_capacity(RUNS); contestants.len()];
    for _ in 0..RUNS {
        for ((_, run), times) in contestants.iter_mut().zip(&mut times) {
            let start = Instant::now();
            run();
            times.push(start.elapsed().as_secs_f64() * 1e6 / STATES as f64);
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    for ((name, _), sorted) in contestants.iter().zip(&times) {
        let (best, ratio) = (sorted[0], times[0][0] / sorted[0]);
        println!("width {width:2} {name:16} {best:6.2} µs a permutation  x {ratio:.2}");
    }
}

fn poseidon2(criterion: &mut Criterion) {
    measure::<4>(criterion, taceo::t4::permutation);
    measure::<8>(criterion, taceo::t8::permutation);
    measure::<16>(criterion, taceo::t16::permutation);
}

criterion_group! {
    name = permutations;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(1)).warm_up_time(std::time::Duration::from_millis(300));
    targets = poseidon2
}
criterion_main!(permutations);
