//! Eight points of G1 times a coefficient each: see [`super::coefficients`].
//!
//! The formulas are the complete ones of [eprint 2015/1060](https://eprint.iacr.org/2015/1060),
//! algorithms 8 and 9, in homogeneous coordinates: no case is apart.

#![allow(
    unsafe_code,
    reason = "functions with target features are called where the processor has them"
)]

use std::array::from_fn;
use std::sync::OnceLock;

use ark_bn254::{Fq, G1Affine, g1};
use ark_ec::AffineRepr;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ff::{AdditiveGroup, Field, batch_inversion};

use super::coefficients::Coefficient;
use super::extension::{FIELD, difference, scale};
use crate::lanes::ifma::{Vector, ZERO, limbwise_add, product, reduce_sum, select};
use crate::lanes::{Arithmetic, Ifma, LANES};

/// Up to eight points times a coefficient each.
pub(super) fn scale_points(ifma: Ifma, points: &[G1Affine], by: &[Coefficient]) -> Vec<G1Affine> {
    let coordinates = |lane: usize| {
        points
            .get(lane)
            .and_then(AffineRepr::xy)
            .unwrap_or_default()
    };
    let x = pack(ifma, &from_fn(|lane| coordinates(lane).0));
    let y = pack(ifma, &from_fn(|lane| coordinates(lane).1));
    // SAFETY: an `Ifma` exists, so the processor has the features.
    let scaled = unsafe { multiply(constants(ifma), &x, &y, &steps(by)) };
    affine(
        points,
        [scaled.x, scaled.y, scaled.z].map(|part| unpack(ifma, &part)),
    )
}

/// Points from the homogeneous coordinates of their multiples, of which there may be more.
pub(super) fn affine<const N: usize>(
    points: &[G1Affine],
    [x, y, mut z]: [[Fq; N]; 3],
) -> Vec<G1Affine> {
    batch_inversion(&mut z);
    let affine = |(lane, point): (usize, &G1Affine)| {
        let z = z[lane];
        match point.is_zero() || z == Fq::ZERO {
            true => G1Affine::zero(),
            false => G1Affine::new_unchecked(x[lane] * z, y[lane] * z),
        }
    };
    points.iter().enumerate().map(affine).collect()
}

/// The lanes in which each bit is set, the most significant first, of both halves.
pub(super) fn steps(by: &[Coefficient]) -> Vec<[u8; 2]> {
    let lanes = |half: fn(&Coefficient) -> u64, bit: u32| {
        let set = by.iter().enumerate();
        set.fold(0, |mask, (lane, by)| {
            mask | ((half(by) >> bit & 1) as u8) << lane
        })
    };
    let step = |bit| [lanes(|by| by.a, bit), lanes(|by| by.b, bit)];
    (0..u64::BITS).rev().map(step).collect()
}

/// The same in every lane.
#[derive(Debug)]
struct Constants {
    one: Vector,
    /// Of the endomorphism, and its square.
    beta: [Vector; 2],
}

fn constants(ifma: Ifma) -> &'static Constants {
    static CONSTANTS: OnceLock<Constants> = OnceLock::new();
    let all = |element| pack(ifma, &[element; LANES]);
    let beta = g1::Config::ENDO_COEFFS[0];
    CONSTANTS.get_or_init(|| Constants {
        one: all(Fq::ONE),
        beta: [all(beta), all(beta.square())],
    })
}

fn pack(ifma: Ifma, values: &[Fq; LANES]) -> Vector {
    let words = values.map(|value| Arithmetic::<Fq>::pack(ifma, value));
    Arithmetic::<Fq>::vector(ifma, words)
}

fn unpack(ifma: Ifma, vector: &Vector) -> [Fq; LANES] {
    let words = Arithmetic::<Fq>::elements(ifma, vector);
    words.map(|words| ifma.unpack(words))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply(constants: &Constants, x: &Vector, y: &Vector, steps: &[[u8; 2]]) -> Point {
    let [once, twice] = constants.beta.each_ref().map(|beta| mul(x, beta));
    let minus_y = sub(&ZERO, y);
    let mut scaled = Point {
        x: ZERO,
        y: constants.one,
        z: ZERO,
    };
    for [a, b] in steps {
        scaled = scaled.double();
        let both = a & b;
        let x = select(both, &select(*b, x, &once), &twice);
        let sum = scaled.add(&x, &select(both, y, &minus_y));
        let either = a | b;
        scaled = Point {
            x: select(either, &scaled.x, &sum.x),
            y: select(either, &scaled.y, &sum.y),
            z: select(either, &scaled.z, &sum.z),
        };
    }
    scaled
}

/// Eight points in homogeneous coordinates.
struct Point {
    x: Vector,
    y: Vector,
    z: Vector,
}

/// Three times the curve's b.
const THREE_B: u32 = 9;

impl Point {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&self) -> Self {
        let y_square = mul(&self.y, &self.y);
        let eight = times(&y_square, 8);
        let yz = mul(&self.y, &self.z);
        let b = times(&mul(&self.z, &self.z), THREE_B);
        let rest = sub(&y_square, &times(&b, 3));
        let xy = mul(&self.x, &self.y);
        Self {
            x: times(&mul(&rest, &xy), 2),
            y: add(&mul(&b, &eight), &mul(&rest, &add(&y_square, &b))),
            z: mul(&yz, &eight),
        }
    }

    /// Adds points that are not the identity.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&self, x: &Vector, y: &Vector) -> Self {
        let xx = mul(&self.x, x);
        let yy = mul(&self.y, y);
        let both = mul(&add(x, y), &add(&self.x, &self.y));
        let xy = sub(&both, &add(&xx, &yy));
        let yz = add(&mul(y, &self.z), &self.y);
        let xz = times(&add(&mul(x, &self.z), &self.x), THREE_B);
        let three_xx = times(&xx, 3);
        let bz = times(&self.z, THREE_B);
        let (sum, rest) = (add(&yy, &bz), sub(&yy, &bz));
        Self {
            x: sub(&mul(&xy, &rest), &mul(&yz, &xz)),
            y: add(&mul(&sum, &rest), &mul(&xz, &three_xx)),
            z: add(&mul(&sum, &yz), &mul(&three_xx, &xy)),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(a: &Vector, b: &Vector) -> Vector {
    product(FIELD, a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add(a: &Vector, b: &Vector) -> Vector {
    reduce_sum(FIELD, limbwise_add(a, b))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sub(a: &Vector, b: &Vector) -> Vector {
    reduce_sum(FIELD, difference(a, b))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn times(a: &Vector, factor: u32) -> Vector {
    reduce_sum(FIELD, scale(a, factor))
}
