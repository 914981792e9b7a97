//! Products and squares: the columns of a product, and their division by 2^260.

use std::arch::x86_64::*;

use super::range::{broadcast, normalise};
use super::{Vector, ZERO};
use crate::lanes::constants::{Constants, LIMBS};
use crate::lanes::vectorised::products;
use crate::lanes::{BLOCK, Block, Refs};

/// The accumulators of a product: column k counts 2^(52k).
pub(crate) type Columns = [__m512i; 2 * LIMBS];

/// Adds `a·b`. A column takes at most ten summands below 2^52 for each call.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn accumulate(columns: &mut Columns, a: &Vector, b: &Vector) {
    for i in 0..LIMBS {
        for j in 0..LIMBS {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], b[j]);
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], b[j]);
        }
    }
}

/// Makes `a²` of columns that are zero: products of different limbs are calculated once.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn accumulate_square(columns: &mut Columns, a: &Vector) {
    for i in 0..LIMBS {
        for j in i + 1..LIMBS {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], a[j]);
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], a[j]);
        }
    }
    double(columns);
    for i in 0..LIMBS {
        columns[2 * i] = _mm512_madd52lo_epu64(columns[2 * i], a[i], a[i]);
        columns[2 * i + 1] = _mm512_madd52hi_epu64(columns[2 * i + 1], a[i], a[i]);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn double(columns: &mut Columns) {
    for column in columns {
        *column = _mm512_add_epi64(*column, *column);
    }
}

/// Divides by 2^260 modulo p: four times the bottom limb is dropped and counted at the next
/// column by what 2^-52 is mod p, which needs no multiplication to find the quotient; the last
/// time it is cleared by a multiple of p as Montgomery does. The result is between
/// `value / 2^260` and `value / 2^260 + 1.13p`; columns may be negative.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn reduce_product(constants: &Constants, t: Columns) -> Vector {
    normalise(divide(constants, t))
}

/// [`reduce_product`] before the carries: limbs below 2^57.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn divide(constants: &Constants, mut t: Columns) -> Vector {
    for i in 0..LIMBS - 1 {
        let carry = _mm512_srai_epi64::<52>(t[i]);
        for j in 0..LIMBS {
            let shift = broadcast(constants.shift[j]);
            t[i + j + 1] = _mm512_madd52lo_epu64(t[i + j + 1], t[i], shift);
            t[i + j + 2] = _mm512_madd52hi_epu64(t[i + j + 2], t[i], shift);
        }
        t[i + 1] = _mm512_add_epi64(t[i + 1], carry);
    }
    let inverse = broadcast(constants.negated_inverse);
    let quotient = _mm512_madd52lo_epu64(ZERO[0], t[LIMBS - 1], inverse);
    for j in 0..LIMBS {
        let modulus = broadcast(constants.modulus[j]);
        t[j + 4] = _mm512_madd52lo_epu64(t[j + 4], quotient, modulus);
        t[j + 5] = _mm512_madd52hi_epu64(t[j + 5], quotient, modulus);
    }
    t[5] = _mm512_add_epi64(t[5], _mm512_srai_epi64::<52>(t[4]));
    [t[5], t[6], t[7], t[8], t[9]]
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn product(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
    let mut columns = [ZERO[0]; 2 * LIMBS];
    accumulate(&mut columns, a, b);
    reduce_product(constants, columns)
}

/// [`product`] before the carries: limbs below 2^57.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn product_unnormalised(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
    let mut columns = [ZERO[0]; 2 * LIMBS];
    accumulate(&mut columns, a, b);
    divide(constants, columns)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn square_of(constants: &Constants, a: &Vector) -> Vector {
    let mut columns = [ZERO[0]; 2 * LIMBS];
    accumulate_square(&mut columns, a);
    reduce_product(constants, columns)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_of_products(constants: &Constants, [a, b]: [&Vector; 2], [c, d]: [&Vector; 2]) -> Vector {
    let mut columns = [ZERO[0]; 2 * LIMBS];
    accumulate(&mut columns, a, b);
    accumulate(&mut columns, c, d);
    reduce_product(constants, columns)
}

products!("avx512f,avx512ifma");
