//! Additions of points, a block at a time: the steps before and after the shared inversion. Sums,
//! differences and carries are done while products are on their way.

use std::arch::x86_64::*;

use super::product::{accumulate, accumulate_square, divide, double, product, reduce_product};
use super::range::{
    broadcast_limbs, difference, less_one, less_two, limbwise_add, limbwise_sub, normalise, select,
};
use super::{Columns, Vector, ZERO};
use crate::lanes::constants::{Constants, LIMBS};
use crate::lanes::vectorised::divisors_1;
use crate::lanes::{BLOCK, Block, Divisors, ElementRefs, Elements, Refs};

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn columns_of(a: &Vector, b: &Vector) -> Columns {
    let mut columns = [ZERO[0]; 2 * LIMBS];
    accumulate(&mut columns, a, b);
    columns
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn plus(mut a: Columns, b: &Columns) -> Columns {
    for i in 0..2 * LIMBS {
        a[i] = _mm512_add_epi64(a[i], b[i]);
    }
    a
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn minus(mut a: Columns, b: &Columns) -> Columns {
    for i in 0..2 * LIMBS {
        a[i] = _mm512_sub_epi64(a[i], b[i]);
    }
    a
}

divisors_1!("avx512f,avx512ifma");

/// As [`super::Ifma`]'s `sums` of degree 1.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn sums_1(
    constants: &Constants,
    [[x1], [y1]]: [ElementRefs<'_, Vector, 1>; 2],
    [[x2], [y2]]: [ElementRefs<'_, Vector, 1>; 2],
    inverse: &Block<Vector>,
    [[x3], [y3]]: [&mut Elements<Vector, 1>; 2],
) {
    let mut slope = [ZERO; BLOCK];
    for k in 0..BLOCK {
        let numerator = difference(constants, y2[k], y1[k]);
        slope[k] = product(constants, &numerator, &inverse[k]);
    }
    for k in 0..BLOCK {
        let mut square = [ZERO[0]; 2 * LIMBS];
        accumulate_square(&mut square, &slope[k]);
        x3[k] = less_two(constants, &divide(constants, square), x1[k], x2[k]);
    }
    for k in 0..BLOCK {
        let run = difference(constants, x1[k], &x3[k]);
        let rise = divide(constants, columns_of(&run, &slope[k]));
        y3[k] = less_one(constants, &rise, y1[k]);
    }
}

/// As [`super::Ifma`]'s `divisors` of degree 2.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn divisors_2(
    constants: &Constants,
    [x1, x2]: [ElementRefs<'_, Vector, 2>; 2],
    (masks, one): (&[u8; BLOCK], &Vector),
    before: Refs<'_, Vector>,
    out: &mut Divisors<Vector, 2>,
    next: &mut Block<Vector>,
) {
    for k in 0..BLOCK {
        let d0 = select(masks[k], one, &difference(constants, x2[0][k], x1[0][k]));
        let d1 = select(masks[k], &ZERO, &difference(constants, x2[1][k], x1[1][k]));
        out.denominators[0][k] = d0;
        out.denominators[1][k] = d1;
        let mut norm = [ZERO[0]; 2 * LIMBS];
        accumulate_squares(&mut norm, [&d0, &d1]);
        out.norm[k] = reduce_product(constants, norm);
    }
    for k in 0..BLOCK {
        next[k] = product(constants, before[k], &out.norm[k]);
    }
}

/// As [`super::Ifma`]'s `sums` of degree 2.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn sums_2(
    constants: &Constants,
    [x1, y1]: [ElementRefs<'_, Vector, 2>; 2],
    [x2, y2]: [ElementRefs<'_, Vector, 2>; 2],
    (d, inverse): (&Elements<Vector, 2>, &Block<Vector>),
    [x3, y3]: [&mut Elements<Vector, 2>; 2],
) {
    let mut slope = [[ZERO; BLOCK]; 2];
    for k in 0..BLOCK {
        let numerator = [
            difference(constants, y2[0][k], y1[0][k]),
            difference(constants, y2[1][k], y1[1][k]),
        ];
        let quotient = times_conjugate(constants, &numerator, [&d[0][k], &d[1][k]]);
        slope[0][k] = quotient[0];
        slope[1][k] = quotient[1];
    }
    for slope in &mut slope {
        for k in 0..BLOCK {
            slope[k] = product(constants, &slope[k], &inverse[k]);
        }
    }
    for k in 0..BLOCK {
        let square = square(constants, [&slope[0][k], &slope[1][k]]);
        for i in 0..2 {
            x3[i][k] = less_two(constants, &square[i], x1[i][k], x2[i][k]);
        }
    }
    for k in 0..BLOCK {
        let run = [
            difference(constants, x1[0][k], &x3[0][k]),
            difference(constants, x1[1][k], &x3[1][k]),
        ];
        let rise = times(constants, &run, [&slope[0][k], &slope[1][k]]);
        for i in 0..2 {
            y3[i][k] = less_one(constants, &rise[i], y1[i][k]);
        }
    }
}

/// Makes `a² + b²` of columns that are zero.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn accumulate_squares(columns: &mut Columns, [a, b]: [&Vector; 2]) {
    for v in [a, b] {
        for i in 0..LIMBS {
            for j in i + 1..LIMBS {
                columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], v[i], v[j]);
                columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], v[i], v[j]);
            }
        }
    }
    double(columns);
    for v in [a, b] {
        for i in 0..LIMBS {
            columns[2 * i] = _mm512_madd52lo_epu64(columns[2 * i], v[i], v[i]);
            columns[2 * i + 1] = _mm512_madd52hi_epu64(columns[2 * i + 1], v[i], v[i]);
        }
    }
}

/// `a·b` by three products, before the carries, of wide by narrow elements. The real part is above
/// -p: it is the difference of two products, of which the second is below 21p², and 21p is below
/// 2^260.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn times(constants: &Constants, a: &[Vector; 2], b: [&Vector; 2]) -> [Vector; 2] {
    let sums = [
        normalise(limbwise_add(&a[0], &a[1])),
        normalise(limbwise_add(b[0], b[1])),
    ];
    let (v0, v1) = (columns_of(&a[0], b[0]), columns_of(&a[1], b[1]));
    let cross = minus(columns_of(&sums[0], &sums[1]), &plus(v0, &v1));
    [divide(constants, minus(v0, &v1)), divide(constants, cross)]
}

/// `n` times the conjugate of `d`, of wide elements; wide. The sum of the components of the
/// conjugate is counted with 8p, so that no component is negative.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn times_conjugate(constants: &Constants, n: &[Vector; 2], d: [&Vector; 2]) -> [Vector; 2] {
    let offset = broadcast_limbs(&constants.offset);
    let offset = limbwise_add(&offset, &offset);
    let sums = [
        normalise(limbwise_add(&n[0], &n[1])),
        normalise(limbwise_add(&limbwise_sub(d[0], d[1]), &offset)),
    ];
    let (v0, v1) = (columns_of(&n[0], d[0]), columns_of(&n[1], d[1]));
    let cross = plus(minus(columns_of(&sums[0], &sums[1]), &v0), &v1);
    [
        reduce_product(constants, plus(v0, &v1)),
        reduce_product(constants, cross),
    ]
}

/// `a²` of narrow elements, before the carries.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn square(constants: &Constants, [a0, a1]: [&Vector; 2]) -> [Vector; 2] {
    let sum = normalise(limbwise_add(a0, a1));
    let twice = normalise(limbwise_add(a1, a1));
    let real = columns_of(&sum, &difference(constants, a0, a1));
    [
        divide(constants, real),
        divide(constants, columns_of(a0, &twice)),
    ]
}
