//! Multi-scalar multiplication against arkworks, with all kernels.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{Field, PrimeField, UniformRand};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use taxproof_engine::Kernels;
use taxproof_engine::msm::{Budget, Curve, FixedBases};

fn kernels() -> Vec<Kernels> {
    if Kernels::ifma().is_none() {
        eprintln!("skipped in part: this processor has no AVX512-IFMA");
    }
    Kernels::available()
}

fn check<G: Curve>(points: &[G], scalars: &[Fr], budget: Budget, what: &str)
where
    G::Group: VariableBaseMSM<MulBase = G>,
{
    let len = points.len().min(scalars.len());
    let expected = G::Group::msm(&points[..len], &scalars[..len]).unwrap();
    for kernels in kernels() {
        let bases = FixedBases::new(points, budget, kernels);
        let found = bases.msm(scalars);
        assert_eq!(
            found, expected,
            "{what}, {len} points, {budget:?}, {kernels:?}"
        );
    }
}

const BUDGETS: [Budget; 3] = [Budget::NO_TABLES, Budget(100_000), Budget(usize::MAX)];

fn random<G: Curve>(rng: &mut StdRng, len: usize) -> Vec<G> {
    let points: Vec<G::Group> = (0..len).map(|_| G::Group::rand(rng)).collect();
    G::Group::normalize_batch(&points)
}

/// Few different points and scalars, so that equal and opposite ones meet everywhere.
fn degenerate<G: Curve>(rng: &mut StdRng, len: usize) -> (Vec<G>, Vec<Fr>) {
    let few: Vec<G> = random(rng, 3);
    let scalars = [
        Fr::from(0),
        Fr::from(1),
        -Fr::from(1),
        Fr::from(rng.r#gen::<u32>()),
        Fr::from(2).pow([rng.gen_range(0..254)]),
        Fr::rand(rng),
        Fr::rand(rng),
    ];
    let mut points: Vec<G> = (0..len)
        .map(|_| match rng.gen_range(0..8) {
            0 => G::zero(),
            1 | 2 => few[0],
            3 | 4 => (-few[0].into_group()).into_affine(),
            5 => few[1],
            // The table of one point meets the next.
            6 => few[1].mul_bigint([1 << rng.gen_range(0..16)]).into_affine(),
            _ => few[2],
        })
        .collect();
    if rng.gen_bool(0.2) {
        points.fill(few[0]);
    }
    let kinds = rng.gen_range(1..=scalars.len());
    let first = rng.gen_range(0..scalars.len());
    let scalars = (0..len)
        .map(|_| scalars[(first + rng.gen_range(0..kinds)) % scalars.len()])
        .collect();
    (points, scalars)
}

fn check_degenerate<G: Curve>(rounds: u64)
where
    G::Group: VariableBaseMSM<MulBase = G>,
{
    for seed in 0..rounds {
        let mut rng = StdRng::seed_from_u64(seed);
        let len = rng.gen_range(0..if seed % 16 == 0 { 600 } else { 40 });
        let (points, scalars) = degenerate::<G>(&mut rng, len);
        let budget = BUDGETS[rng.gen_range(0..BUDGETS.len())];
        check(&points, &scalars, budget, &format!("seed {seed}"));
    }
}

fn check_sizes<G: Curve>(sizes: &[usize])
where
    G::Group: VariableBaseMSM<MulBase = G>,
{
    let mut rng = StdRng::seed_from_u64(6);
    for &len in sizes {
        let points: Vec<G> = random(&mut rng, len);
        let scalars: Vec<Fr> = (0..len).map(|_| Fr::rand(&mut rng)).collect();
        for budget in BUDGETS {
            check(&points, &scalars, budget, "random");
        }
        check(&points, &vec![Fr::from(0); len], Budget(0), "all zero");
        check(&points, &vec![Fr::from(1); len], Budget(0), "all one");
        check(&points, &vec![-Fr::from(1); len], Budget(0), "all -1");
        let scalar = Fr::rand(&mut rng);
        check(&points, &vec![scalar; len], Budget(1 << 20), "all equal");
        let top = Fr::from_bigint(Fr::MODULUS_MINUS_ONE_DIV_TWO).unwrap();
        check(&points, &vec![top; len], Budget(0), "all half");
        check(
            &points,
            &scalars[..len / 2],
            Budget(0),
            "half as many scalars",
        );
        check(
            &points[..len / 2],
            &scalars,
            Budget(0),
            "half as many points",
        );
    }
}

#[test]
fn g1_of_all_sizes() {
    check_sizes::<G1Affine>(&[0, 1, 2, 3, 7, 8, 9, 31, 100, 513, 2000]);
}

#[test]
fn g2_of_all_sizes() {
    check_sizes::<G2Affine>(&[0, 1, 2, 9, 100, 700]);
}

#[test]
fn g1_by_the_ten_thousand() {
    let mut rng = StdRng::seed_from_u64(7);
    let len = 1 << 14;
    let points: Vec<G1Affine> = random(&mut rng, len);
    let scalars: Vec<Fr> = (0..len).map(|_| Fr::rand(&mut rng)).collect();
    check(&points, &scalars, Budget(8 << 20), "random");
    let mixed: Vec<Fr> = (0..len)
        .map(|i| {
            if i % 7 < 3 {
                Fr::from(i as u64 & 1)
            } else {
                scalars[i]
            }
        })
        .collect();
    check(&points, &mixed, Budget(8 << 20), "many bits");
    check(
        &points,
        &vec![scalars[0]; len],
        Budget(8 << 20),
        "all equal",
    );
    check(&vec![points[0]; len], &scalars, Budget(0), "one point");
    check(
        &vec![points[0]; len],
        &vec![Fr::from(1); len],
        Budget(0),
        "one point",
    );
}

#[test]
fn degenerate_points_and_scalars() {
    check_degenerate::<G1Affine>(300);
    check_degenerate::<G2Affine>(100);
}

/// `cargo test --release -p taxproof-engine --test msm -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn thousands_of_degenerate_points_and_scalars() {
    check_degenerate::<G1Affine>(20_000);
    check_degenerate::<G2Affine>(5_000);
    check_sizes::<G1Affine>(&[1 << 15, (1 << 17) - 1, 1 << 17]);
    check_sizes::<G2Affine>(&[1 << 15]);
}
