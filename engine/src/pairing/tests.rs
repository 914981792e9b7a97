//! Pairings against arkworks on random and edge points, by all kernels.

use ark_bn254::{Fr, G1Projective, G2Projective};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, UniformRand};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

fn all_kernels() -> Vec<Kernels> {
    let ifma = Kernels::ifma();
    if ifma.is_none() {
        eprintln!("skipped in part: this processor has no AVX512-IFMA");
    }
    ifma.into_iter().chain([Kernels::portable()]).collect()
}

/// Pairs of generators, their opposites, identities, multiples by edge scalars, and random points.
fn pairs() -> Vec<(G1Affine, G2Affine)> {
    let rng = &mut StdRng::seed_from_u64(1);
    let (g, h) = (G1Projective::generator(), G2Projective::generator());
    let edges = [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(2u64), -Fr::from(2u64)];
    let edges = edges
        .into_iter()
        .chain([Fr::from(u64::MAX), Fr::from(1u128 << 127)]);
    let scalars: Vec<Fr> = edges.chain((0..4).map(|_| Fr::rand(rng))).collect();
    let pair = |a: Fr, b: Fr| ((g * a).into_affine(), (h * b).into_affine());
    let all = scalars
        .iter()
        .flat_map(|a| scalars.iter().map(|b| pair(*a, *b)));
    all.collect()
}

#[test]
fn pairings_are_those_of_arkworks() {
    for kernels in all_kernels() {
        for pair in pairs() {
            let expected = Bn254::pairing(pair.0, pair.1).0;
            assert_eq!(
                multi_pairing::<Bn254>(kernels, &[pair]),
                Some(expected),
                "{pair:?}"
            );
        }
    }
}

#[test]
fn loops_one_by_one_are_those_of_arkworks() {
    let pairs = pairs();
    let values: Vec<_> = pairs
        .iter()
        .map(|pair| Bn254::pairing(pair.0, pair.1).0)
        .collect();
    for kernels in all_kernels() {
        for count in [0, 1, 7, 8, 9, pairs.len()] {
            let loops = Bn254::miller_loops(kernels, &pairs[..count]);
            let ours: Vec<_> = loops
                .into_iter()
                .map(|f| Bn254::exponentiate(kernels, f).unwrap())
                .collect();
            assert_eq!(ours, values[..count]);
        }
    }
}

#[test]
fn products_of_pairings_are_those_of_arkworks() {
    let pairs = pairs();
    for kernels in all_kernels() {
        for some in [
            &pairs[..0],
            &pairs[7..10],
            &pairs[..13],
            &pairs[97..],
            &[pairs[60]; 3],
        ] {
            let (points, others): (Vec<_>, Vec<_>) = some.iter().copied().unzip();
            let expected = Bn254::multi_pairing(points, others).0;
            assert_eq!(multi_pairing::<Bn254>(kernels, some), Some(expected));
        }
    }
}

#[test]
fn lines_of_different_kernels_go_together() {
    let pairs = &pairs()[95..98];
    let kernels = [Kernels::best(), Kernels::portable(), Kernels::best()];
    let lines: Vec<_> = pairs
        .iter()
        .zip(kernels)
        .map(|(p, k)| Bn254::lines(k, p.1))
        .collect();
    let mixed: Vec<_> = pairs.iter().map(|pair| pair.0).zip(&lines).collect();
    let value = Bn254::exponentiate(Kernels::best(), Bn254::multiply_lines(&mixed));
    assert_eq!(value, multi_pairing::<Bn254>(Kernels::portable(), pairs));
}

#[test]
fn exponentiation_is_that_of_arkworks() {
    let rng = &mut StdRng::seed_from_u64(2);
    let mut values = vec![Fq12::ZERO, Fq12::ONE, -Fq12::ONE];
    values.extend((0..12).map(|place| {
        let mut elements = [ark_bn254::Fq::ZERO; 12];
        elements[place] = -ark_bn254::Fq::ONE;
        Fq12::from_base_prime_field_elems(elements).unwrap()
    }));
    values.extend((0..20).map(|_| Fq12::rand(rng)));
    for kernels in all_kernels() {
        for value in &values {
            let expected = Bn254::final_exponentiation(MillerLoopOutput(*value));
            assert_eq!(Bn254::exponentiate(kernels, *value), expected.map(|v| v.0));
        }
    }
}

#[test]
fn other_curves_go_by_arkworks() {
    let rng = &mut StdRng::seed_from_u64(3);
    let mut pair = || {
        let (p, q) = <(<Bls12_381 as Pairing>::G1, <Bls12_381 as Pairing>::G2)>::rand(rng);
        (p.into_affine(), q.into_affine())
    };
    let pairs = [pair(), pair()];
    let value = multi_pairing::<Bls12_381>(Kernels::best(), &pairs).unwrap();
    let loops: <Bls12_381 as Pairing>::TargetField =
        Bls12_381::miller_loops(Kernels::best(), &pairs)
            .iter()
            .product();
    let (points, others): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    assert_eq!(value, Bls12_381::multi_pairing(points, others).0);
    assert_eq!(Bls12_381::exponentiate(Kernels::best(), loops), Some(value));
}
