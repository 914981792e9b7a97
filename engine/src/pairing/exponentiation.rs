//! Miller loops of prepared points, and the final exponentiation.

#![allow(
    unsafe_code,
    reason = "functions with target features are called where the processor has them"
)]

use std::array::from_fn;

use ark_bn254::{Config, Fq, Fq12, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::bn::BnConfig;
use ark_ff::{AdditiveGroup, Field};

use super::digits;
use super::extension::FIELD;
use super::lines::{Line, prepare};
use super::target::Target;
use crate::lanes::ifma::{Vector, product};
use crate::lanes::{Arithmetic, Ifma, LANES};

/// A point at which lines are evaluated: y, y, x, x, 1, 1 to multiply a [`Line`] by.
pub(super) fn evaluation(ifma: Ifma, point: &G1Affine) -> Vector {
    let (x, y) = point.xy().unwrap_or_default();
    let elements: [Fq; LANES] = [y, y, x, x, Fq::ONE, Fq::ONE, Fq::ZERO, Fq::ZERO];
    Arithmetic::<Fq>::vector(ifma, elements.map(|element| ifma.pack(element)))
}

/// The product of the Miller loops of points and the lines of others, without identities.
pub(super) fn miller_loop(ifma: Ifma, pairs: &[(Vector, &[Line])]) -> Fq12 {
    let one = Target::pack(ifma, &Fq12::ONE);
    // SAFETY: an `Ifma` exists, so the processor has the features.
    unsafe { multiply_lines(one, pairs) }.unpack(ifma)
}

/// The product of the Miller loops of pairs: each of its squares is taken once for all of them.
pub(super) fn miller_loops(ifma: Ifma, pairs: &[(G1Affine, G2Affine)]) -> Fq12 {
    let some = |(point, other): &&(G1Affine, G2Affine)| !point.is_zero() && !other.is_zero();
    let (points, others): (Vec<_>, Vec<_>) = pairs.iter().filter(some).copied().unzip();
    let eight = |others: &[G2Affine]| {
        let lane = |lane| others.get(lane).copied().unwrap_or_default();
        prepare(ifma, &from_fn(lane))
    };
    let lines: Vec<_> = others.chunks(LANES).flat_map(eight).collect();
    let pairs = points.iter().zip(&lines);
    let pairs = pairs.map(|(point, lines)| (evaluation(ifma, point), lines.as_slice()));
    miller_loop(ifma, &pairs.collect::<Vec<_>>())
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply_lines(one: Target, pairs: &[(Vector, &[Line])]) -> Target {
    let mut value = one;
    let mut place = 0;
    let mut multiply = |value: &mut Target| {
        for (point, lines) in pairs {
            *value = value.mul_line(&product(FIELD, &lines[place], point));
        }
        place += 1;
    };
    for (step, digit) in digits().enumerate() {
        if step > 0 {
            value = value.square();
        }
        multiply(&mut value);
        if digit != 0 {
            multiply(&mut value);
        }
    }
    multiply(&mut value);
    multiply(&mut value);
    value
}

/// The power to (p¹² - 1)/r times 2x(6x² + 3x + 1), as arkworks takes it, or none of zero;
/// [Fuentes-Castañeda, Knapp, Rodríguez-Henríquez](https://doi.org/10.1007/978-3-642-28496-0_25).
pub(super) fn final_exponentiation(ifma: Ifma, value: &Fq12) -> Option<Fq12> {
    let inverse = Target::pack(ifma, &value.inverse()?);
    // SAFETY: an `Ifma` exists, so the processor has the features.
    Some(unsafe { exponentiate(ifma, Target::pack(ifma, value), inverse) }.unpack(ifma))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn exponentiate(ifma: Ifma, value: Target, inverse: Target) -> Target {
    let unitary = value.conjugate().mul(&inverse);
    let r = unitary.frobenius(ifma, 2).mul(&unitary);

    let y0 = power_of_minus_x(&r);
    let y1 = y0.cyclotomic_square();
    let y2 = y1.cyclotomic_square();
    let y3 = y2.mul(&y1);
    let y4 = power_of_minus_x(&y3);
    let y6 = power_of_minus_x(&y4.cyclotomic_square());
    let y7 = y6.conjugate().mul(&y4);
    let y8 = y7.mul(&y3.conjugate());
    let y9 = y8.mul(&y1);
    let y11 = y8.mul(&y4).mul(&r);
    let y13 = y9.frobenius(ifma, 1).mul(&y11);
    let y14 = y8.frobenius(ifma, 2).mul(&y13);
    let y15 = r.conjugate().mul(&y9);
    y15.frobenius(ifma, 3).mul(&y14)
}

/// Bits of a signed window.
const WINDOW: u32 = 4;

/// The digits of x from the least significant: zero, or odd and below 2^(WINDOW - 1) in magnitude.
const X_DIGITS: [i8; 64] = {
    let mut rest = Config::X[0] as i128;
    let mut digits = [0; 64];
    let mut i = 0;
    while rest != 0 {
        if rest & 1 == 1 {
            let low = rest & ((1 << WINDOW) - 1);
            let digit = if low >> (WINDOW - 1) == 1 {
                low - (1 << WINDOW)
            } else {
                low
            };
            digits[i] = digit as i8;
            rest -= digit;
        }
        rest >>= 1;
        i += 1;
    }
    digits
};

/// The power to -x in the cyclotomic subgroup.
#[target_feature(enable = "avx512f,avx512ifma")]
fn power_of_minus_x(value: &Target) -> Target {
    let square = value.cyclotomic_square();
    let mut odd = [*value; 1 << (WINDOW - 2)];
    for i in 1..odd.len() {
        odd[i] = odd[i - 1].mul(&square);
    }
    let mut digits = X_DIGITS.iter().rev().skip_while(|digit| **digit == 0);
    let mut power = odd[digits.next().map_or(0, |first| *first as usize / 2)];
    for digit in digits {
        power = power.cyclotomic_square();
        let factor = &odd[digit.unsigned_abs() as usize / 2];
        match digit.signum() {
            1 => power = power.mul(factor),
            -1 => power = power.mul(&factor.conjugate()),
            _ => {}
        }
    }
    power.conjugate()
}
