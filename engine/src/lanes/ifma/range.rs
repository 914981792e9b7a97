//! Sums and differences, carries, and ranges.

use std::arch::x86_64::*;

use super::Vector;
use super::memory::from_words;
use crate::lanes::constants::{Constants, LIMBS};
use crate::lanes::vectorised::sums;
use crate::lanes::{BLOCK, Block, Refs};

/// Eight zeros.
pub(crate) const ZERO: Vector = [from_words([0; 8]); LIMBS];
pub(crate) const MASK: __m512i = from_words([(1 << 52) - 1; 8]);

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn broadcast(limb: u64) -> __m512i {
    _mm512_set1_epi64(limb.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn broadcast_limbs(limbs: &[u64; LIMBS]) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = broadcast(limbs[i]);
    }
    out
}

/// Carries, so that every limb is below 2^52. Limbs may be negative, the value not.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn normalise(mut v: Vector) -> Vector {
    for i in 0..LIMBS - 1 {
        v[i + 1] = _mm512_add_epi64(v[i + 1], _mm512_srai_epi64::<52>(v[i]));
        v[i] = _mm512_and_si512(v[i], MASK);
    }
    v
}

/// The lanes' only representation below p, of values below 2p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn reduce_once(constants: &Constants, v: &Vector) -> Vector {
    let difference = normalise(limbwise_sub(v, &broadcast_limbs(&constants.modulus)));
    let negative = _mm512_cmplt_epi64_mask(difference[LIMBS - 1], ZERO[0]);
    select(negative, &difference, v)
}

/// Adds to each lane the multiple of p that the table has for the lane's bits from 254 on.
/// `offset` is the limb at the top of the multiple of p that is in all entries of the table.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn reduce_range(table: &[[u64; 8]; LIMBS], offset: u64, v: Vector) -> Vector {
    // Carries into the top limb are not in yet. They move it by one or two, and no entry of the
    // table leaves less than that between its multiple of p and its multiple of 2^254.
    let index = _mm512_srli_epi64::<46>(_mm512_add_epi64(v[LIMBS - 1], broadcast(offset)));
    let mut out = v;
    for i in 0..LIMBS {
        let multiple = _mm512_permutexvar_epi64(index, from_words(table[i]));
        out[i] = _mm512_add_epi64(v[i], multiple);
    }
    normalise(out)
}

/// Brings a sum of up to 2^16 elements, its limbs below 2^60, under 2p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn reduce_sum(constants: &Constants, mut v: Vector) -> Vector {
    // The quotient is taken from the bits from 248 on, and is at most one too small.
    let top = _mm512_srli_epi64::<40>(v[LIMBS - 1]);
    let quotient = _mm512_madd52lo_epu64(ZERO[0], top, broadcast(constants.quotient));
    let quotient = _mm512_srli_epi64::<20>(quotient);
    for i in 0..LIMBS {
        let limb = broadcast(constants.complement[i]);
        v[i] = _mm512_madd52lo_epu64(v[i], quotient, limb);
        if i + 1 < LIMBS {
            v[i + 1] = _mm512_madd52hi_epu64(v[i + 1], quotient, limb);
        }
    }
    let mut out = normalise(v);
    out[LIMBS - 1] = _mm512_and_si512(out[LIMBS - 1], MASK);
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn limbwise_sub(a: &Vector, b: &Vector) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = _mm512_sub_epi64(a[i], b[i]);
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn limbwise_add(a: &Vector, b: &Vector) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = _mm512_add_epi64(a[i], b[i]);
    }
    out
}

sums!("avx512f,avx512ifma");

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn negate_if(constants: &Constants, mask: u8, a: &mut Vector) {
    for (limb, &modulus) in a.iter_mut().zip(&constants.modulus) {
        *limb = _mm512_mask_sub_epi64(*limb, mask, broadcast(modulus), *limb);
    }
    *a = normalise(*a);
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn select(mask: u8, a: &Vector, b: &Vector) -> Vector {
    let mut out = *a;
    for i in 0..LIMBS {
        out[i] = _mm512_mask_blend_epi64(mask, a[i], b[i]);
    }
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn zeros(constants: &Constants, a: &Vector) -> u8 {
    // Below 2.33p zero is one of 0, p and 2p.
    let reduced = reduce_range(&constants.reduce, 0, *a);
    let modulus = broadcast_limbs(&constants.modulus);
    let mut multiple = ZERO;
    let mut found = 0;
    for _ in 0..3 {
        let mut equal = 0xff;
        for i in 0..LIMBS {
            equal &= _mm512_cmpeq_epi64_mask(reduced[i], multiple[i]);
        }
        found |= equal;
        multiple = normalise(limbwise_add(&multiple, &modulus));
    }
    found
}
