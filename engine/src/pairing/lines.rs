//! The lines of eight Miller loops at a time, each lane with a point of its own.
//!
//! The steps are those of [eprint 2010/526](https://eprint.iacr.org/2010/526), section 4, in
//! homogeneous coordinates, without halving: points and lines differ from arkworks' by factors in
//! the base field, which the final exponentiation takes away.

#![allow(
    unsafe_code,
    reason = "functions with target features are called where the processor has them"
)]

use std::array::from_fn;
use std::sync::OnceLock;

use ark_bn254::{Config, Fq2, G2Affine, g2};
use ark_ec::AffineRepr;
use ark_ec::bn::BnConfig;
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{Field, Zero};

use super::digits;
use super::extension::{
    Extension, add, conjugate, mul, mul_add, negate, pack, square, sub, times, unpack,
};
use super::points::PointArithmetic;
use crate::lanes::ifma::{Vector, ZERO, transpose_vectors};
use crate::lanes::{Ifma, LANES};

/// A line c₀·y + c₁·x·w + c₂·w³ in one vector: real and imaginary part of c₀, c₁, c₂; two lanes are
/// not used.
pub(super) type Line = Vector;

/// The lines through the multiples of eight points, in the order of the Miller loop. Those of the
/// identity mean nothing.
pub(super) fn prepare(ifma: Ifma, points: &[G2Affine; LANES]) -> [Vec<Line>; LANES] {
    let one = pack(ifma, &[Fq2::ONE; LANES]);
    // SAFETY: an `Ifma` exists, so the processor has the features.
    unsafe { lines(constants(ifma), &coordinates(ifma, points), one) }
}

/// Which of eight points of the twist are in the group of prime order; the identity is not.
///
/// With the Frobenius endomorphism ψ, the points Q with [6x + 2]Q + ψ(Q) - ψ²(Q) + ψ³(Q) = 0 are those
/// of the group: ψ² - tψ + p = 0 on the twist, the resultant of both polynomials is a multiple of
/// the group's order r, and its greatest common divisor with the order of the twist is r. The Miller
/// loop's last point is all but the last summand. Its formulas give z = 0 from then on where they
/// meet a point with itself, its opposite or the identity, which points of the group never do.
pub(super) fn in_group(ifma: Ifma, points: &[G2Affine; LANES]) -> [bool; LANES] {
    let one = pack(ifma, &[Fq2::ONE; LANES]);
    // SAFETY: an `Ifma` exists, so the processor has the features.
    let rest = unsafe { differences(constants(ifma), &coordinates(ifma, points), one) };
    let [z, x, y] = rest.map(|part| unpack(ifma, &part));
    from_fn(|lane| !z[lane].is_zero() && x[lane].is_zero() && y[lane].is_zero())
}

impl PointArithmetic for Ifma {
    const FEWEST: usize = 4;

    fn in_group(self, points: &[G2Affine]) -> Vec<bool> {
        let eight = |points: &[G2Affine]| {
            let points = from_fn(|i| points.get(i).copied().unwrap_or_default());
            in_group(self, &points)
        };
        let all = points.chunks(LANES).flat_map(eight);
        all.take(points.len()).collect()
    }
}

fn coordinates(ifma: Ifma, points: &[G2Affine; LANES]) -> [Extension; 2] {
    let coordinates = points.map(|point| point.xy().unwrap_or_default());
    [
        pack(ifma, &coordinates.map(|(x, _)| x)),
        pack(ifma, &coordinates.map(|(_, y)| y)),
    ]
}

/// Multiples of one line each in every lane.
#[derive(Debug)]
struct Constants {
    /// Three times the twist's b.
    three_b: Extension,
    /// Of the Frobenius endomorphism on the twist.
    twist: [Extension; 2],
}

fn constants(ifma: Ifma) -> &'static Constants {
    static CONSTANTS: OnceLock<Constants> = OnceLock::new();
    let all = |element| pack(ifma, &[element; LANES]);
    CONSTANTS.get_or_init(|| Constants {
        three_b: all(g2::Config::COEFF_B * Fq2::from(3u64)),
        twist: [Config::TWIST_MUL_BY_Q_X, Config::TWIST_MUL_BY_Q_Y].map(all),
    })
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn lines(constants: &Constants, q: &[Extension; 2], one: Extension) -> [Vec<Line>; LANES] {
    let mut out: [Vec<Line>; LANES] = from_fn(|_| Vec::with_capacity(2 * LANES * LANES));
    let mut push = |line: [Extension; 3]| {
        let [[a, b], [c, d], [e, f]] = &line;
        let rows = transpose_vectors([a, b, c, d, e, f, &ZERO, &ZERO]);
        out.iter_mut()
            .zip(rows)
            .for_each(|(out, row)| out.push(row));
    };
    go(constants, q, one, &mut push);
    out
}

/// The last point's z, and what its x and y differ by from those of -ψ³(Q), times z.
#[target_feature(enable = "avx512f,avx512ifma")]
fn differences(constants: &Constants, q: &[Extension; 2], one: Extension) -> [Extension; 3] {
    let last = go(constants, q, one, &mut |_| {});
    let [x, y] = (0..3).fold(*q, |q, _| frobenius(constants, &q));
    [
        last.z,
        sub(&last.x, &mul(&x, &last.z)),
        add(&last.y, &mul(&y, &last.z)),
    ]
}

/// Goes the way of the Miller loop to [6x + 2]Q + ψ(Q) - ψ²(Q), with the line of each step.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn go(
    constants: &Constants,
    q: &[Extension; 2],
    one: Extension,
    push: &mut impl FnMut([Extension; 3]),
) -> Point {
    let minus_q = [q[0], negate(&q[1])];
    let mut point = Point {
        x: q[0],
        y: q[1],
        z: one,
    };
    for digit in digits() {
        push(point.double(&constants.three_b));
        match digit {
            1 => push(point.add(q)),
            -1 => push(point.add(&minus_q)),
            _ => {}
        }
    }
    let once = frobenius(constants, q);
    let [x, y] = frobenius(constants, &once);
    push(point.add(&once));
    push(point.add(&[x, negate(&y)]));
    point
}

/// ψ(Q).
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius(constants: &Constants, [x, y]: &[Extension; 2]) -> [Extension; 2] {
    [
        mul(&conjugate(x), &constants.twist[0]),
        mul(&conjugate(y), &constants.twist[1]),
    ]
}

/// Eight points of the twist in homogeneous coordinates.
struct Point {
    x: Extension,
    y: Extension,
    z: Extension,
}

impl Point {
    /// Doubles the points; the tangents.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&mut self, three_b: &Extension) -> [Extension; 3] {
        let b = square(&self.y);
        let c = square(&self.z);
        let a = mul(&self.x, &self.y);
        let yz = mul(&self.y, &self.z);
        let j = square(&self.x);
        let e = mul(&c, three_b);
        let f = times(&e, 3);
        let h = times(&yz, 2);
        let e_square = square(&e);
        let g_square = square(&add(&b, &f));
        self.x = mul(&times(&a, 2), &sub(&b, &f));
        self.y = sub(&g_square, &times(&e_square, 12));
        self.z = mul(&times(&b, 4), &h);
        [negate(&h), times(&j, 3), sub(&e, &b)]
    }

    /// Adds points; the chords.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self, [x, y]: &[Extension; 2]) -> [Extension; 3] {
        let theta = sub(&self.y, &mul(y, &self.z));
        let lambda = sub(&self.x, &mul(x, &self.z));
        let minus_theta = negate(&theta);
        let c = square(&theta);
        let d = square(&lambda);
        let e = mul(&lambda, &d);
        let f = mul(&self.z, &c);
        let g = mul(&self.x, &d);
        let h = sub(&add(&e, &f), &times(&g, 2));
        self.x = mul(&lambda, &h);
        self.y = mul_add(&theta, &sub(&g, &h), &negate(&e), &self.y);
        self.z = mul(&self.z, &e);
        let j = mul_add(&theta, x, &negate(&lambda), y);
        [lambda, minus_theta, j]
    }
}
