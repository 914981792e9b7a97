//! Additions of points, a block at a time: the steps before and after the shared inversion.

use super::Vector;
use super::constants::Constants;
use super::product::{norm, product, square_of, sum_of_products};
use super::range::{ZERO, difference, less_one, less_two, negated_wide, select, sum};
use crate::lanes::vectorised::divisors_1;
use crate::lanes::{BLOCK, Block, Divisors, ElementRefs, Elements, Refs};

divisors_1!("avx2");

/// As [`super::Avx2`]'s `sums` of degree 1.
#[target_feature(enable = "avx2")]
pub(super) fn sums_1(
    constants: &Constants,
    [[x1], [y1]]: [ElementRefs<'_, Vector, 1>; 2],
    [[x2], [y2]]: [ElementRefs<'_, Vector, 1>; 2],
    inverse: &Block<Vector>,
    [[x3], [y3]]: [&mut Elements<Vector, 1>; 2],
) {
    for k in 0..BLOCK {
        let numerator = difference(constants, y2[k], y1[k]);
        let slope = product(constants, &numerator, &inverse[k]);
        x3[k] = less_two(constants, &square_of(constants, &slope), x1[k], x2[k]);
        let run = difference(constants, x1[k], &x3[k]);
        y3[k] = less_one(constants, &product(constants, &run, &slope), y1[k]);
    }
}

/// As [`super::Avx2`]'s `divisors` of degree 2.
#[target_feature(enable = "avx2")]
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
        out.norm[k] = norm(constants, &d0, &d1);
        next[k] = product(constants, before[k], &out.norm[k]);
    }
}

/// As [`super::Avx2`]'s `sums` of degree 2.
#[target_feature(enable = "avx2")]
pub(super) fn sums_2(
    constants: &Constants,
    [x1, y1]: [ElementRefs<'_, Vector, 2>; 2],
    [x2, y2]: [ElementRefs<'_, Vector, 2>; 2],
    (d, inverse): (&Elements<Vector, 2>, &Block<Vector>),
    [x3, y3]: [&mut Elements<Vector, 2>; 2],
) {
    for k in 0..BLOCK {
        let numerator = [
            difference(constants, y2[0][k], y1[0][k]),
            difference(constants, y2[1][k], y1[1][k]),
        ];
        let quotient = times_conjugate(constants, &numerator, [&d[0][k], &d[1][k]]);
        let slope = [
            product(constants, &quotient[0], &inverse[k]),
            product(constants, &quotient[1], &inverse[k]),
        ];
        let square = square(constants, &slope);
        for i in 0..2 {
            x3[i][k] = less_two(constants, &square[i], x1[i][k], x2[i][k]);
        }
        let run = [
            difference(constants, x1[0][k], &x3[0][k]),
            difference(constants, x1[1][k], &x3[1][k]),
        ];
        let rise = times(constants, &run, &slope);
        for i in 0..2 {
            y3[i][k] = less_one(constants, &rise[i], y1[i][k]);
        }
    }
}

/// `a·b` of wide by narrow elements.
#[inline]
#[target_feature(enable = "avx2")]
fn times(constants: &Constants, a: &[Vector; 2], b: &[Vector; 2]) -> [Vector; 2] {
    let minus_b1 = difference(constants, &ZERO, &b[1]);
    [
        sum_of_products(constants, [&a[0], &b[0]], [&a[1], &minus_b1]),
        sum_of_products(constants, [&a[0], &b[1]], [&a[1], &b[0]]),
    ]
}

/// `n` times the conjugate of `d`, of wide elements.
#[inline]
#[target_feature(enable = "avx2")]
fn times_conjugate(constants: &Constants, n: &[Vector; 2], d: [&Vector; 2]) -> [Vector; 2] {
    let minus_d1 = negated_wide(constants, d[1]);
    [
        sum_of_products(constants, [&n[0], d[0]], [&n[1], d[1]]),
        sum_of_products(constants, [&n[1], d[0]], [&n[0], &minus_d1]),
    ]
}

/// `a²` of narrow elements.
#[inline]
#[target_feature(enable = "avx2")]
fn square(constants: &Constants, [a0, a1]: &[Vector; 2]) -> [Vector; 2] {
    let total = sum(a0, a1);
    let rest = difference(constants, a0, a1);
    [
        product(constants, &total, &rest),
        product(constants, a0, &sum(a1, a1)),
    ]
}
