//! Products and squares, whose lowest limbs are divided away as soon as they are complete.

#![allow(unsafe_code, reason = "limbs are read as if they could change")]

use std::arch::x86_64::*;

use super::Vector;
use super::constants::{BITS, Constants, LIMBS};
use super::memory::four;
use crate::lanes::vectorised::products;
use crate::lanes::{BLOCK, Block, Refs};

/// Limbs of four lanes, each in the lower half of a word of 64 bits. What is in the upper half
/// does not matter.
type Half = [__m256i; LIMBS];

/// The columns of a product from the lowest that is not yet divided away, as two rows reach them.
type Window = [__m256i; LIMBS + 1];

const MASK: __m256i = four((1 << BITS) - 1);

const EMPTY: Window = [four(0); LIMBS + 1];

/// Does something for each pair of rows but the last, which is none, with the first's index a
/// constant. Rows are taken in pairs so that each limb of the other factor is loaded once for two.
macro_rules! pairs {
    ($i:ident, $body:block) => {
        pairs!($i, $body, 0 2 4 6)
    };
    ($i:ident, $body:block, $($row:literal)*) => {
        $({
            let $i: usize = $row;
            $body
        })*
    };
}

/// The last row.
const LAST: usize = LIMBS - 1;

/// A limb from memory, each time anew. Otherwise the compiler takes all of them to registers at
/// once, of which there are too few, and writes them to memory again.
#[inline(always)]
fn fetch(limb: &__m256i) -> __m256i {
    // SAFETY: a reference can be read.
    unsafe { std::ptr::read_volatile(limb) }
}

/// The lanes with odd numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn odd(v: &Vector) -> Half {
    let mut out = *v;
    for limb in &mut out {
        *limb = _mm256_srli_epi64::<32>(*limb);
    }
    out
}

/// Puts lanes with even and with odd numbers together.
#[inline]
#[target_feature(enable = "avx2")]
fn together(even: &Half, odd: &Half) -> Vector {
    let mut out = *even;
    for i in 0..LIMBS {
        out[i] = _mm256_or_si256(even[i], _mm256_slli_epi64::<32>(odd[i]));
    }
    out
}

/// `sum + a·b`.
#[inline]
#[target_feature(enable = "avx2")]
fn plus_product(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi64(sum, _mm256_mul_epu32(a, b))
}

#[inline]
#[target_feature(enable = "avx2")]
fn carry(column: __m256i) -> __m256i {
    _mm256_srli_epi64::<{ BITS as i32 }>(column)
}

#[inline]
#[target_feature(enable = "avx2")]
fn low(column: __m256i) -> __m256i {
    _mm256_and_si256(column, MASK)
}

/// Adds a row of a product: a limb times the limbs of `b`.
#[inline]
#[target_feature(enable = "avx2")]
fn accumulate(window: &mut Window, limb: __m256i, b: &Half) {
    for j in 0..LIMBS {
        window[j] = plus_product(window[j], limb, fetch(&b[j]));
    }
}

/// Adds two rows.
#[inline]
#[target_feature(enable = "avx2")]
fn accumulate_two(window: &mut Window, limbs: [__m256i; 2], b: &Half) {
    for j in 0..LIMBS {
        let limb = fetch(&b[j]);
        window[j] = plus_product(window[j], limbs[0], limb);
        window[j + 1] = plus_product(window[j + 1], limbs[1], limb);
    }
}

/// Adds rows `row` and `row + 1` of the square of `a`: products of different limbs are calculated
/// once, with `twice`, the double of `a`.
#[inline]
#[target_feature(enable = "avx2")]
fn accumulate_two_of_square(window: &mut Window, row: usize, a: &Half, twice: &Half) {
    let limbs = [fetch(&a[row]), fetch(&a[row + 1])];
    window[row] = plus_product(window[row], limbs[0], limbs[0]);
    window[row + 1] = plus_product(window[row + 1], limbs[0], fetch(&twice[row + 1]));
    window[row + 2] = plus_product(window[row + 2], limbs[1], limbs[1]);
    for j in row + 2..LIMBS {
        let limb = fetch(&twice[j]);
        window[j] = plus_product(window[j], limbs[0], limb);
        window[j + 1] = plus_product(window[j + 1], limbs[1], limb);
    }
}

/// Divides by 2^58 modulo p: the two lowest limbs are dropped one after the other, and counted at
/// the next columns by what 2^-29 is mod p, which needs no multiplication to find a quotient.
#[inline]
#[target_feature(enable = "avx2")]
fn divide(constants: &Constants, window: &Window) -> Window {
    let first = low(window[0]);
    let mut shift = fetch(&constants.shift[0]);
    let next = plus_product(window[1], first, shift);
    let next = _mm256_add_epi64(next, carry(window[0]));
    let second = low(next);
    let mut out = EMPTY;
    for j in 0..LIMBS - 1 {
        let column = plus_product(window[j + 2], second, shift);
        shift = fetch(&constants.shift[j + 1]);
        out[j] = plus_product(column, first, shift);
    }
    out[LIMBS - 1] = _mm256_mul_epu32(second, shift);
    out[0] = _mm256_add_epi64(out[0], carry(next));
    out
}

/// Divides by 2^29 once more: the lowest limb is cleared by a multiple of p as Montgomery does.
/// In all a value has become at most `value / 2^261 + 1.51p`. Limbs are below 2^29.
#[inline]
#[target_feature(enable = "avx2")]
fn finish(constants: &Constants, window: &Window) -> Half {
    let quotient = _mm256_mul_epu32(low(window[0]), constants.negated_inverse);
    let mut sum = *window;
    accumulate(&mut sum, low(quotient), &constants.modulus_quads);
    let mut out = [four(0); LIMBS];
    let mut carried = carry(sum[0]);
    for j in 0..LIMBS - 1 {
        let column = _mm256_add_epi64(sum[j + 1], carried);
        out[j] = low(column);
        carried = carry(column);
    }
    out[LIMBS - 1] = carried;
    out
}

/// `a·b` in four lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn half_product(constants: &Constants, a: &Half, b: &Half) -> Half {
    let mut window = EMPTY;
    pairs!(i, {
        accumulate_two(&mut window, [fetch(&a[i]), fetch(&a[i + 1])], b);
        window = divide(constants, &window);
    });
    accumulate(&mut window, a[LAST], b);
    finish(constants, &window)
}

/// `a·b + c·d` in four lanes. A column has at most 27 summands below 2^58.
#[inline]
#[target_feature(enable = "avx2")]
fn half_sum(constants: &Constants, [a, b]: [&Half; 2], [c, d]: [&Half; 2]) -> Half {
    let mut window = EMPTY;
    pairs!(i, {
        accumulate_two(&mut window, [fetch(&a[i]), fetch(&a[i + 1])], b);
        accumulate_two(&mut window, [fetch(&c[i]), fetch(&c[i + 1])], d);
        window = divide(constants, &window);
    });
    accumulate(&mut window, a[LAST], b);
    accumulate(&mut window, c[LAST], d);
    finish(constants, &window)
}

/// `a²` in four lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn half_square(constants: &Constants, a: &Half) -> Half {
    let twice = doubled(a);
    let mut window = EMPTY;
    pairs!(i, {
        accumulate_two_of_square(&mut window, i, a, &twice);
        window = divide(constants, &window);
    });
    window[LAST] = plus_product(window[LAST], a[LAST], a[LAST]);
    finish(constants, &window)
}

/// `a² + b²` in four lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn half_norm(constants: &Constants, a: &Half, b: &Half) -> Half {
    let (twice_a, twice_b) = (doubled(a), doubled(b));
    let mut window = EMPTY;
    pairs!(i, {
        accumulate_two_of_square(&mut window, i, a, &twice_a);
        accumulate_two_of_square(&mut window, i, b, &twice_b);
        window = divide(constants, &window);
    });
    window[LAST] = plus_product(window[LAST], a[LAST], a[LAST]);
    window[LAST] = plus_product(window[LAST], b[LAST], b[LAST]);
    finish(constants, &window)
}

#[inline]
#[target_feature(enable = "avx2")]
fn doubled(a: &Half) -> Half {
    let mut out = *a;
    for limb in &mut out {
        *limb = _mm256_add_epi32(*limb, *limb);
    }
    out
}

#[target_feature(enable = "avx2")]
pub(super) fn product(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
    let even = half_product(constants, a, b);
    together(&even, &half_product(constants, &odd(a), &odd(b)))
}

/// `a·b + c·d`, narrow, where `a·b + c·d` is below 120p².
#[target_feature(enable = "avx2")]
pub(super) fn sum_of_products(
    constants: &Constants,
    [a, b]: [&Vector; 2],
    [c, d]: [&Vector; 2],
) -> Vector {
    let even = half_sum(constants, [a, b], [c, d]);
    let odd = half_sum(constants, [&odd(a), &odd(b)], [&odd(c), &odd(d)]);
    together(&even, &odd)
}

#[target_feature(enable = "avx2")]
pub(super) fn square_of(constants: &Constants, a: &Vector) -> Vector {
    let even = half_square(constants, a);
    together(&even, &half_square(constants, &odd(a)))
}

/// `a² + b²`, narrow, of wide elements.
#[target_feature(enable = "avx2")]
pub(super) fn norm(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
    let even = half_norm(constants, a, b);
    together(&even, &half_norm(constants, &odd(a), &odd(b)))
}

products!("avx2");
