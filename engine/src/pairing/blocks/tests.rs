//! Blocks against arkworks by all arithmetics, the portable one too.

use ark_bn254::{Bn254, Fq2, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::pairing::{MillerLoopOutput, Pairing as _};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{AdditiveGroup as _, UniformRand as _};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::WIDTH;
use super::miller::miller_loops;
use crate::kernels::{Kernels, Path, dispatch};
use crate::pairing::EnginePairing as _;

type Pairs = Vec<(G1Affine, G2Affine)>;

/// Random pairs, some of them with an identity.
fn pairs(count: usize) -> Pairs {
    let rng = &mut StdRng::seed_from_u64(count as u64);
    let mut pair = |i: usize| {
        let (p, q) = <(G1Projective, G2Projective)>::rand(rng);
        match i % 7 {
            3 => (G1Affine::zero(), q.into_affine()),
            5 => (p.into_affine(), G2Affine::zero()),
            _ => (p.into_affine(), q.into_affine()),
        }
    };
    (0..count).map(&mut pair).collect()
}

fn assert_multiplies(products: &[Pairs]) {
    let expected: Vec<_> = products
        .iter()
        .map(|pairs| {
            let (points, others): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
            Bn254::multi_pairing(points, others)
        })
        .collect();
    let products: Vec<_> = products.iter().map(Vec::as_slice).collect();
    for kernels in Kernels::available() {
        let loops = dispatch!(kernels.0, arithmetic => miller_loops(arithmetic, &products))
            .expect("the points are in their groups");
        let found = loops
            .into_iter()
            .map(|value| Bn254::final_exponentiation(MillerLoopOutput(value)).unwrap());
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn products_of_loops_are_those_of_arkworks() {
    for counts in [
        &[][..],
        &[0],
        &[1],
        &[3, 0, 2],
        &[40],
        &[31, 33, 1],
        &[1; WIDTH],
    ] {
        assert_multiplies(&counts.iter().map(|count| pairs(*count)).collect::<Vec<_>>());
    }
}

/// Only where points of G2 were not checked; who asks gets what arkworks has.
#[test]
fn a_point_without_a_tangent_is_told() {
    let rng = &mut StdRng::seed_from_u64(1);
    let (p, q) = <(G1Projective, G2Projective)>::rand(rng);
    let (p, q) = (p.into_affine(), q.into_affine());
    let stray = G2Affine::new_unchecked(q.x, Fq2::ZERO);
    let pairs = [[(p, q); 20], [(p, stray); 20]].concat();
    for kernels in Kernels::available() {
        let products = [&pairs[..]];
        let loops = dispatch!(kernels.0, arithmetic => miller_loops(arithmetic, &products));
        assert_eq!(loops, None);
    }
    if let Some(avx2) = Kernels::avx2() {
        let loops = |kernels| Bn254::miller_loops(kernels, &pairs, pairs.len());
        assert_eq!(loops(avx2), loops(Kernels::portable()));
    }
}
