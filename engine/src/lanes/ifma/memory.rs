//! Elements between memory and vectors.

#![allow(unsafe_code, reason = "vectors are reinterpreted as words")]

use std::arch::x86_64::*;
use std::array::from_fn;
use std::mem::transmute;

use super::range::MASK;
use super::{Vector, ZERO};
use crate::lanes::constants::{LIMBS, from_limbs, to_limbs};
use crate::lanes::{LANES, Pair, Words};

#[inline(always)]
pub(crate) const fn from_words(words: [u64; 8]) -> __m512i {
    // SAFETY: both types are 64 bytes of plain integers.
    unsafe { transmute(words) }
}

#[inline(always)]
pub(crate) const fn to_words(vector: __m512i) -> [u64; 8] {
    // SAFETY: both types are 64 bytes of plain integers.
    unsafe { transmute(vector) }
}

pub(super) fn vector(elements: [Words; LANES]) -> Vector {
    let limbs = elements.map(to_limbs);
    from_fn(|limb| from_words(from_fn(|lane| limbs[lane][limb])))
}

pub(super) fn elements(vector: &Vector) -> [Words; LANES] {
    let limbs = vector.map(to_words);
    from_fn(|lane| from_limbs(from_fn(|limb| limbs[limb][lane])))
}

pub(super) fn factor(words: Words) -> [u64; LIMBS] {
    to_limbs(words)
}

/// Transposes eight rows of eight words, and spreads each half over five limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn load_pairs(pairs: [&Pair; LANES], first: &mut Vector, second: &mut Vector) {
    let mut rows = [ZERO[0]; LANES];
    for lane in 0..LANES {
        rows[lane] = from_words(pairs[lane].0);
    }
    let words = transpose(rows);
    *first = spread([words[0], words[1], words[2], words[3]]);
    *second = spread([words[4], words[5], words[6], words[7]]);
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn transpose(r: [__m512i; 8]) -> [__m512i; 8] {
    // Words, then pairs of words, then halves change places.
    let mut a = r;
    for i in 0..4 {
        a[2 * i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
    }
    let even = from_words([0, 1, 8, 9, 4, 5, 12, 13]);
    let odd = from_words([2, 3, 10, 11, 6, 7, 14, 15]);
    let mut b = a;
    for half in 0..2 {
        for i in 0..2 {
            let (low, high) = (a[4 * half + i], a[4 * half + i + 2]);
            b[4 * half + i] = _mm512_permutex2var_epi64(low, even, high);
            b[4 * half + i + 2] = _mm512_permutex2var_epi64(low, odd, high);
        }
    }
    let mut c = b;
    for i in 0..4 {
        c[i] = _mm512_shuffle_i64x2::<0b01_00_01_00>(b[i], b[i + 4]);
        c[i + 4] = _mm512_shuffle_i64x2::<0b11_10_11_10>(b[i], b[i + 4]);
    }
    c
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn transpose_vectors(vectors: [&Vector; LANES]) -> [Vector; LANES] {
    let mut out = [ZERO; LANES];
    for limb in 0..LIMBS {
        let columns = transpose(vectors.map(|vector| vector[limb]));
        for lane in 0..LANES {
            out[lane][limb] = columns[lane];
        }
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn spread(w: [__m512i; 4]) -> Vector {
    [
        _mm512_and_si512(w[0], MASK),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<52>(w[0]), _mm512_slli_epi64::<12>(w[1])),
            MASK,
        ),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<40>(w[1]), _mm512_slli_epi64::<24>(w[2])),
            MASK,
        ),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<28>(w[2]), _mm512_slli_epi64::<36>(w[3])),
            MASK,
        ),
        _mm512_srli_epi64::<16>(w[3]),
    ]
}

/// Two elements a row in arkworks' representation, sixteen times as large: in that of the lanes,
/// below 16p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn load_rows(rows: &[Pair; LANES]) -> [Vector; 2] {
    let words = transpose(rows.map(|row| from_words(row.0)));
    [
        spread_times_sixteen([words[0], words[1], words[2], words[3]]),
        spread_times_sixteen([words[4], words[5], words[6], words[7]]),
    ]
}

/// The words of two vectors' elements, below 2^256, a row a lane.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn store_rows(vectors: [&Vector; 2]) -> [Pair; LANES] {
    let [a, b] = vectors.map(|vector| gather(vector));
    let rows = transpose([a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]);
    rows.map(|row| Pair(to_words(row)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn spread_times_sixteen(w: [__m512i; 4]) -> Vector {
    [
        _mm512_and_si512(_mm512_slli_epi64::<4>(w[0]), MASK),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<48>(w[0]), _mm512_slli_epi64::<16>(w[1])),
            MASK,
        ),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<36>(w[1]), _mm512_slli_epi64::<28>(w[2])),
            MASK,
        ),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<24>(w[2]), _mm512_slli_epi64::<40>(w[3])),
            MASK,
        ),
        _mm512_srli_epi64::<12>(w[3]),
    ]
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn gather(v: &Vector) -> [__m512i; 4] {
    [
        _mm512_or_si512(v[0], _mm512_slli_epi64::<52>(v[1])),
        _mm512_or_si512(_mm512_srli_epi64::<12>(v[1]), _mm512_slli_epi64::<40>(v[2])),
        _mm512_or_si512(_mm512_srli_epi64::<24>(v[2]), _mm512_slli_epi64::<28>(v[3])),
        _mm512_or_si512(_mm512_srli_epi64::<36>(v[3]), _mm512_slli_epi64::<16>(v[4])),
    ]
}
