//! The butterflies of transforms.

use super::Vector;
use super::product::product;
use super::range::{broadcast_limbs, limbwise_add, limbwise_sub, normalise, reduce_range};
use crate::lanes::constants::{Constants, LIMBS};
use crate::lanes::{BLOCK, Block, Eight, LastFactors};

/// `(a + b, (a - b)·c)`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn down(constants: &Constants, a: &mut Vector, b: &mut Vector, c: &Vector) {
    let offset = broadcast_limbs(&constants.offset);
    let difference = limbwise_add(&limbwise_sub(a, b), &offset);
    *a = reduce_range(&constants.reduce, 0, limbwise_add(a, b));
    *b = product(constants, &normalise(difference), c);
}

/// `(a + b·c, a - b·c)`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn up(constants: &Constants, a: &mut Vector, b: &mut Vector, c: &Vector) {
    *b = product(constants, b, c);
    plain(constants, a, b);
}

/// `(a + b, a - b)`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn plain(constants: &Constants, a: &mut Vector, b: &mut Vector) {
    let table = &constants.reduce_difference;
    let difference = limbwise_sub(a, b);
    *a = reduce_range(&constants.reduce, 0, limbwise_add(a, b));
    *b = reduce_range(table, table[LIMBS - 1][0], difference);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn butterfly_down(
    constants: &Constants,
    a: &mut Block<Vector>,
    b: &mut Block<Vector>,
    c: &Block<Vector>,
) {
    for k in 0..BLOCK {
        down(constants, &mut a[k], &mut b[k], &c[k]);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn butterfly_up(
    constants: &Constants,
    a: &mut Block<Vector>,
    b: &mut Block<Vector>,
    c: &Block<Vector>,
) {
    for k in 0..BLOCK {
        up(constants, &mut a[k], &mut b[k], &c[k]);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn butterfly_down_by(
    constants: &Constants,
    a: &mut Block<Vector>,
    b: &mut Block<Vector>,
    c: &[[u64; LIMBS]; BLOCK],
) {
    for k in 0..BLOCK {
        down(constants, &mut a[k], &mut b[k], &broadcast_limbs(&c[k]));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn butterfly_up_by(
    constants: &Constants,
    a: &mut Block<Vector>,
    b: &mut Block<Vector>,
    c: &[[u64; LIMBS]; BLOCK],
) {
    for k in 0..BLOCK {
        up(constants, &mut a[k], &mut b[k], &broadcast_limbs(&c[k]));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn last_down(
    constants: &Constants,
    rows: &mut Eight<Vector>,
    (of_eight, of_four): LastFactors<'_, [u64; LIMBS]>,
) {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    plain(constants, r0, r4);
    down(constants, r1, r5, &broadcast_limbs(&of_eight[1]));
    down(constants, r2, r6, &broadcast_limbs(&of_eight[2]));
    down(constants, r3, r7, &broadcast_limbs(&of_eight[3]));
    let quarter = broadcast_limbs(&of_four[1]);
    for [a, b, c, d] in [[r0, r1, r2, r3], [r4, r5, r6, r7]] {
        plain(constants, a, c);
        down(constants, b, d, &quarter);
        plain(constants, a, b);
        plain(constants, c, d);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn first_up(
    constants: &Constants,
    rows: &mut Eight<Vector>,
    (of_eight, of_four): LastFactors<'_, [u64; LIMBS]>,
) {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let quarter = broadcast_limbs(&of_four[1]);
    for [a, b, c, d] in [
        [&mut *r0, &mut *r1, &mut *r2, &mut *r3],
        [&mut *r4, &mut *r5, &mut *r6, &mut *r7],
    ] {
        plain(constants, a, b);
        plain(constants, c, d);
        plain(constants, a, c);
        up(constants, b, d, &quarter);
    }
    plain(constants, r0, r4);
    up(constants, r1, r5, &broadcast_limbs(&of_eight[1]));
    up(constants, r2, r6, &broadcast_limbs(&of_eight[2]));
    up(constants, r3, r7, &broadcast_limbs(&of_eight[3]));
}
