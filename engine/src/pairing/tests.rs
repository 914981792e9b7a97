//! Pairings against arkworks on random and edge points, by all kernels.

use ark_bn254::{Fq, Fq2, Fr, G1Projective, G2Projective};
use ark_ec::bn::BnConfig;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, PrimeField, UniformRand, Zero as _};
use ark_serialize::CanonicalSerialize as _;
use num_bigint::{BigInt, BigUint};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use super::points::PointArithmetic as _;
use super::*;

fn all_kernels() -> Vec<Kernels> {
    if Kernels::ifma().is_none() {
        eprintln!("skipped in part: this processor has no AVX512-IFMA");
    }
    Kernels::available()
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
fn loops_of_some_pairs_together_are_those_of_arkworks() {
    let pairs = pairs();
    let values: Vec<_> = pairs
        .iter()
        .map(|pair| Bn254::pairing(pair.0, pair.1).0)
        .collect();
    for kernels in all_kernels() {
        for count in [0, 1, 7, 8, 9, pairs.len()] {
            for together in [1, 3, 8, 16] {
                let loops = Bn254::miller_loops(kernels, &pairs[..count], together);
                let ours = loops
                    .into_iter()
                    .map(|f| Bn254::exponentiate(kernels, f).unwrap());
                let expected = values[..count].chunks(together);
                let expected: Vec<Fq12> = expected.map(|some| some.iter().product()).collect();
                assert_eq!(ours.collect::<Vec<_>>(), expected, "{count} by {together}");
            }
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
        let mut elements = [Fq::ZERO; 12];
        elements[place] = -Fq::ONE;
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
        Bls12_381::miller_loops(Kernels::best(), &pairs, 1)
            .iter()
            .product();
    let (points, others): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    assert_eq!(value, Bls12_381::multi_pairing(points, others).0);
    assert_eq!(Bls12_381::exponentiate(Kernels::best(), loops), Some(value));
}

/// Encodings of points of the group and of none, and of nothing.
fn encodings<P: SWCurveConfig>(strays: &[Affine<P>]) -> Vec<Vec<u8>> {
    let rng = &mut StdRng::seed_from_u64(3);
    let mut points = vec![
        Affine::<P>::identity(),
        Affine::generator(),
        -Affine::generator(),
    ];
    points.extend((0..40).map(|_| Affine::rand(rng)));
    points.extend(strays);
    let encode = |point: &Affine<P>| {
        let mut bytes = Vec::new();
        point.serialize_compressed(&mut bytes).expect("a vector");
        bytes
    };
    let mut all: Vec<_> = points.iter().map(encode).collect();
    let length = all[0].len();
    for i in 0..200 {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        // Most of these are below p.
        bytes[length - 1] &= if i % 4 == 0 { 0xff } else { 0x9f };
        bytes[length / 2 - 1] &= 0x1f;
        all.push(bytes);
    }
    let whole = all[1].clone();
    all.extend([
        Vec::new(),
        whole[..length - 1].to_vec(),
        vec![0xff; length],
        vec![0; length],
    ]);
    all
}

/// The smallest prime factor of the twist's cofactor.
const SMALLEST: u64 = 10_069;

/// Points of the twist: of no subgroup of prime order, which nearly all are, and of the smallest
/// order that there is beside the group's.
fn strays() -> Vec<G2Affine> {
    let rng = &mut StdRng::seed_from_u64(5);
    let points =
        std::iter::repeat_with(|| G2Affine::get_point_from_x_unchecked(Fq2::rand(rng), true));
    let mut strays: Vec<_> = points.flatten().take(12).collect();
    let (p, r) = (BigUint::from(Fq::MODULUS), BigUint::from(Fr::MODULUS));
    // The twist has r·(2p - r) points.
    let rest = (p * 2u64 - &r) * r / SMALLEST;
    let small = strays
        .iter()
        .map(|point| point.mul_bigint(rest.to_u64_digits()).into_affine());
    let small: Vec<_> = small.filter(|point| !point.is_zero()).take(4).collect();
    assert!(
        small
            .iter()
            .all(|point| point.mul_bigint([SMALLEST]).is_zero())
    );
    strays.extend(small);
    strays
}

fn assert_reads_as_arkworks<G: AffineRepr>(
    encodings: &[Vec<u8>],
    read: impl Fn(Kernels, &[&[u8]]) -> Vec<Option<G>>,
) {
    let expected = |bytes: &Vec<u8>| G::deserialize_compressed(bytes.as_slice()).ok();
    let expected: Vec<_> = encodings.iter().map(expected).collect();
    let encodings: Vec<_> = encodings.iter().map(Vec::as_slice).collect();
    assert!(expected.iter().flatten().count() > 40);
    for kernels in all_kernels() {
        assert_eq!(read(kernels, &encodings), expected);
        for count in [0, 1, 2, 3, 7, 9] {
            for (some, expected) in encodings
                .chunks(count.max(1))
                .zip(expected.chunks(count.max(1)))
            {
                assert_eq!(read(kernels, some), expected);
            }
        }
    }
}

#[test]
fn points_are_read_as_arkworks_reads_them() {
    let of_g1 = encodings::<g1::Config>(&[]);
    assert_reads_as_arkworks(&of_g1, Bn254::read_g1);
    let strays = strays();
    assert_eq!(strays.len(), 16);
    let of_g2 = encodings::<ark_bn254::g2::Config>(&strays);
    assert_reads_as_arkworks(&of_g2, Bn254::read_g2);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn what_the_formulas_do_not_hold_for_is_in_no_group() {
    let mut points = [G2Affine::generator(); 40];
    points[3] = G2Affine::identity();
    let expected = Vec::from_iter((0..40).map(|place| place != 3));
    for kernels in all_kernels() {
        let found = match kernels.0 {
            Path::Ifma(ifma) => ifma.in_group(&points),
            Path::Avx2(avx2) => avx2.in_group(&points),
            Path::Portable(_) => continue,
        };
        assert_eq!(found, expected);
    }
}

/// What in-the-group means in lanes rests on these numbers: see `lines::in_group`.
#[test]
fn the_greatest_common_divisor_of_the_resultant_and_the_order_of_the_twist_is_the_order_of_the_group()
 {
    let big = |n: u64| BigInt::from(n);
    let x = big(Config::X[0]);
    let p = BigInt::from(BigUint::from(Fq::MODULUS));
    let r = BigInt::from(BigUint::from(Fr::MODULUS));
    let t: BigInt = &x * &x * 6 + 1;
    assert_eq!(r, &p + 1 - &t);
    let order: BigInt = (&p * 2 - &r) * &r;
    // X³ - X² + X + 6x + 2 modulo X² - tX + p is a + bX.
    let a: BigInt = &x * 6 + 2 - &t * &p + &p;
    let b: BigInt = &t * &t - &p - &t + 1;
    let resultant: BigInt = &a * &a + &a * &b * &t + &b * &b * &p;
    assert_eq!(gcd(resultant, order), r);
}

fn gcd(mut a: BigInt, mut b: BigInt) -> BigInt {
    while b != BigInt::ZERO {
        (a, b) = (b.clone(), a % b);
    }
    BigInt::from(a.magnitude().clone())
}

/// Edge coefficients and random ones, of the identity, a generator and random points.
#[test]
fn points_are_scaled_as_by_arkworks() {
    assert_scales::<Bn254>();
    assert_scales::<Bls12_381>();
}

fn assert_scales<E: EnginePairing>() {
    let rng = &mut StdRng::seed_from_u64(6);
    let ones = u128::from(u64::MAX);
    let edges = [
        0,
        1,
        2,
        3,
        1 << 63,
        1 << 64,
        1 << 127,
        ones,
        !ones,
        u128::MAX,
        1 << 64 | 1,
    ];
    let random = (0..20).map(|_| u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()));
    let bits: Vec<u128> = edges.into_iter().chain(random).collect();
    let (generator, zero) = (E::G1Affine::generator(), E::G1Affine::zero());
    let (mut points, mut by) = (Vec::new(), Vec::new());
    for point in [generator, zero, E::G1::rand(rng).into_affine()] {
        points.extend(vec![point; bits.len()]);
        by.extend(bits.iter().copied().map(Coefficient::from));
    }
    let expected: Vec<_> = points
        .iter()
        .zip(&by)
        .map(|(point, by)| (*point * E::coefficient(*by)).into_affine())
        .collect();
    for kernels in all_kernels() {
        for count in [0, 1, 7, 8, 9, points.len()] {
            let scaled = E::scale(kernels, &points[..count], &by[..count]);
            assert_eq!(scaled, expected[..count]);
            let sum = E::combine(kernels, &points[..count], &by[..count]);
            assert_eq!(sum, expected[..count].iter().sum::<E::G1>());
        }
    }
    // What makes different pairs different coefficients.
    let lambda = E::coefficient(Coefficient::from(1 << 64));
    assert_eq!(
        lambda * lambda + lambda + E::ScalarField::ONE,
        E::ScalarField::ZERO
    );
    let low = u128::from(u64::MAX);
    let sum = E::coefficient(Coefficient::from(low)) + lambda * E::ScalarField::from(u64::MAX);
    assert_eq!(E::coefficient(Coefficient::from(u128::MAX)), sum);
}
