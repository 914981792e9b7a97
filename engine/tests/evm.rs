//! Sums, multiples and pairings of BN254 as Ethereum's contracts of EIP-196 and EIP-197 compute them.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use taxproof_engine::Kernels;
use taxproof_engine::msm::{Budget, FixedBases};
use taxproof_engine::pairing::multi_pairing;

struct Vector {
    name: String,
    input: Vec<u8>,
    expected: Vec<u8>,
}

/// The vectors of a contract; none where they are not at hand.
fn vectors(contract: &str) -> Option<Vec<Vector>> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/vectors/bn254-evm"
    );
    let Ok(text) = std::fs::read_to_string(format!("{folder}/{contract}.json")) else {
        eprintln!("skipped: the vectors {contract} are not at hand");
        return None;
    };
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let vector = |json: &serde_json::Value| Vector {
        name: json["Name"].as_str().unwrap().to_owned(),
        input: hex::decode(json["Input"].as_str().unwrap()).unwrap(),
        expected: hex::decode(json["Expected"].as_str().unwrap()).unwrap(),
    };
    let vectors: Vec<Vector> = json.as_array().unwrap().iter().map(vector).collect();
    assert!(vectors.len() > 10);
    Some(vectors)
}

fn kernels() -> Vec<Kernels> {
    Kernels::available()
}

/// The n-th 32 bytes of an input that zeros follow.
fn word(input: &[u8], n: usize) -> &[u8] {
    input.get(32 * n..32 * (n + 1)).unwrap_or(&[0; 32])
}

fn coordinate(input: &[u8], n: usize) -> Fq {
    Fq::from_be_bytes_mod_order(word(input, n))
}

fn g1(input: &[u8], n: usize) -> G1Affine {
    let (x, y) = (coordinate(input, n), coordinate(input, n + 1));
    if (x, y) == (Fq::from(0), Fq::from(0)) {
        return G1Affine::zero();
    }
    let point = G1Affine::new_unchecked(x, y);
    assert!(point.is_on_curve());
    point
}

fn g2(input: &[u8], n: usize) -> G2Affine {
    // The imaginary part comes first.
    let part = |n| Fq2::new(coordinate(input, n + 1), coordinate(input, n));
    let (x, y) = (part(n), part(n + 2));
    if (x, y) == (Fq2::from(0), Fq2::from(0)) {
        return G2Affine::zero();
    }
    let point = G2Affine::new_unchecked(x, y);
    assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
    point
}

fn bytes(point: G1Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap_or_default();
    [x, y].map(|c| c.into_bigint().to_bytes_be()).concat()
}

fn sum(points: &[G1Affine], scalars: &[Fr], kernels: Kernels) -> Vec<u8> {
    let bases = FixedBases::new(points, Budget::NO_TABLES, kernels);
    bytes(bases.msm(scalars).into_affine())
}

#[test]
fn sums_are_those_of_ethereum() {
    for vector in vectors("bn256Add").into_iter().flatten() {
        let points = [g1(&vector.input, 0), g1(&vector.input, 2)];
        for kernels in kernels() {
            let sum = sum(&points, &[Fr::ONE; 2], kernels);
            assert_eq!(sum, vector.expected, "{}", vector.name);
        }
    }
}

#[test]
fn multiples_are_those_of_ethereum() {
    for vector in vectors("bn256ScalarMul").into_iter().flatten() {
        let scalar = Fr::from_be_bytes_mod_order(word(&vector.input, 2));
        for kernels in kernels() {
            let multiple = sum(&[g1(&vector.input, 0)], &[scalar], kernels);
            assert_eq!(multiple, vector.expected, "{}", vector.name);
        }
    }
}

#[test]
fn products_of_pairings_are_one_where_they_are_for_ethereum() {
    let (mut ones, mut others) = (0, 0);
    for vector in vectors("bn256Pairing").into_iter().flatten() {
        let places = (0..vector.input.len() / 192).map(|i| 6 * i);
        let pairs: Vec<_> = places
            .map(|n| (g1(&vector.input, n), g2(&vector.input, n + 2)))
            .collect();
        let expected = vector.expected[31] == 1;
        for kernels in kernels() {
            let product = multi_pairing::<Bn254>(kernels, &pairs).unwrap();
            assert_eq!(product == Field::ONE, expected, "{}", vector.name);
        }
        *if expected { &mut ones } else { &mut others } += 1;
    }
    assert!((ones, others) == (0, 0) || (ones > 0 && others > 0));
}
