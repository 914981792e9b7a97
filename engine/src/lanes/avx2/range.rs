//! Sums and differences, carries, and ranges.

use std::arch::x86_64::*;

use super::Vector;
use super::constants::{BITS, Constants, LIMBS};
use super::memory::from_words;
use crate::lanes::vectorised::sums;
use crate::lanes::{BLOCK, Block, Refs};

/// Eight zeros.
pub(super) const ZERO: Vector = [from_words([0; 8]); LIMBS];
const MASK: __m256i = from_words([(1 << BITS) - 1; 8]);

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn broadcast_limbs(limbs: &[u32; LIMBS]) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = _mm256_set1_epi32(limbs[i].cast_signed());
    }
    out
}

/// Carries, so that every limb is below 2^29. Limbs may be negative, the value not.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn normalise(mut v: Vector) -> Vector {
    for i in 0..LIMBS - 1 {
        v[i + 1] = _mm256_add_epi32(v[i + 1], _mm256_srai_epi32::<{ BITS as i32 }>(v[i]));
        v[i] = _mm256_and_si256(v[i], MASK);
    }
    v
}

/// Adds to each lane the multiple of p that the table has for the lane's bits from 254 on.
/// `offset` is the limb at the top of the multiple of p that is in all entries of the table.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce_range(table: &[[i32; 8]; LIMBS], offset: i32, v: Vector) -> Vector {
    // Carries into the top limb are not in yet. They move it by a few, and no entry of the table
    // leaves less than that between its multiple of p and its multiple of 2^254.
    const TOP: i32 = 254 - (BITS * (LIMBS - 1)) as i32;
    let top = _mm256_add_epi32(v[LIMBS - 1], _mm256_set1_epi32(offset));
    let index = _mm256_srli_epi32::<TOP>(top);
    let mut out = v;
    for i in 0..LIMBS {
        let multiples = from_words(table[i].map(i32::cast_unsigned));
        let multiple = _mm256_permutevar8x32_epi32(multiples, index);
        out[i] = _mm256_add_epi32(v[i], multiple);
    }
    normalise(out)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn limbwise_sub(a: &Vector, b: &Vector) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = _mm256_sub_epi32(a[i], b[i]);
    }
    out
}

#[inline]
#[target_feature(enable = "avx2")]
fn limbwise_add(a: &Vector, b: &Vector) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = _mm256_add_epi32(a[i], b[i]);
    }
    out
}

sums!("avx2");

/// `a + b` of narrow elements, wide.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn sum(a: &Vector, b: &Vector) -> Vector {
    normalise(limbwise_add(a, b))
}

/// `-a` of wide elements, below 8p.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn negated_wide(constants: &Constants, a: &Vector) -> Vector {
    normalise(limbwise_sub(&broadcast_limbs(&constants.wide_offset), a))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn negate_if(constants: &Constants, mask: u8, a: &mut Vector) {
    let negated = normalise(limbwise_sub(&broadcast_limbs(&constants.modulus), a));
    *a = select(mask, a, &negated);
}

/// All bits of the lanes that have a bit in the mask.
#[inline]
#[target_feature(enable = "avx2")]
fn lanes_of(mask: u8) -> __m256i {
    let bits = from_words([1, 2, 4, 8, 16, 32, 64, 128]);
    let set = _mm256_and_si256(_mm256_set1_epi32(i32::from(mask)), bits);
    _mm256_cmpeq_epi32(set, bits)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn select(mask: u8, a: &Vector, b: &Vector) -> Vector {
    let lanes = lanes_of(mask);
    let mut out = *a;
    for i in 0..LIMBS {
        out[i] = _mm256_blendv_epi8(a[i], b[i], lanes);
    }
    out
}

#[target_feature(enable = "avx2")]
pub(super) fn zeros(constants: &Constants, a: &Vector) -> u8 {
    // Zeros are few, and all but they and one in millions of others differ from it in this limb.
    let mut candidates = ZERO[0];
    for lowest in constants.lowest {
        let lowest = _mm256_set1_epi32(lowest.cast_signed());
        candidates = _mm256_or_si256(candidates, _mm256_cmpeq_epi32(a[0], lowest));
    }
    if _mm256_testz_si256(candidates, candidates) == 1 {
        return 0;
    }
    // Below 2.33p zero is one of 0, p and 2p.
    let reduced = reduce_range(&constants.reduce, 0, *a);
    let modulus = broadcast_limbs(&constants.modulus);
    let mut multiple = ZERO;
    let mut found = 0;
    for _ in 0..3 {
        let mut equal = _mm256_set1_epi32(-1);
        for i in 0..LIMBS {
            equal = _mm256_and_si256(equal, _mm256_cmpeq_epi32(reduced[i], multiple[i]));
        }
        found |= _mm256_movemask_ps(_mm256_castsi256_ps(equal)) as u8;
        multiple = normalise(limbwise_add(&multiple, &modulus));
    }
    found
}
