//! Elements between memory and vectors.

#![allow(unsafe_code, reason = "vectors are reinterpreted as words")]

use std::arch::x86_64::*;
use std::array::from_fn;
use std::mem::transmute;

use super::Vector;
use super::constants::{BITS, LIMBS, to_limbs};
use super::range::ZERO;
use crate::lanes::radix::from_limbs;
use crate::lanes::{LANES, Pair, Words};

#[inline(always)]
pub(super) const fn from_words(words: [u32; 8]) -> __m256i {
    // SAFETY: both types are 32 bytes of plain integers.
    unsafe { transmute(words) }
}

#[inline(always)]
const fn to_words(vector: __m256i) -> [u32; 8] {
    // SAFETY: both types are 32 bytes of plain integers.
    unsafe { transmute(vector) }
}

/// A word in each of four lanes.
#[inline(always)]
pub(super) const fn four(word: u64) -> __m256i {
    from_element([word; 4])
}

#[inline(always)]
const fn from_element(words: Words) -> __m256i {
    // SAFETY: both types are 32 bytes of plain integers.
    unsafe { transmute(words) }
}

pub(super) fn vector(elements: [Words; LANES]) -> Vector {
    let limbs = elements.map(to_limbs);
    from_fn(|limb| from_words(from_fn(|lane| limbs[lane][limb])))
}

pub(super) fn elements(vector: &Vector) -> [Words; LANES] {
    let limbs = vector.map(to_words);
    from_fn(|lane| from_limbs::<LIMBS, BITS>(from_fn(|limb| u64::from(limbs[limb][lane]))))
}

pub(super) fn factor(words: Words) -> [u32; LIMBS] {
    to_limbs(words)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_pairs(pairs: [&Pair; LANES], first: &mut Vector, second: &mut Vector) {
    for (half, out) in [first, second].into_iter().enumerate() {
        let element = |lane: usize| from_element(pairs[lane].split()[half]);
        let even = spread(transpose([element(0), element(2), element(4), element(6)]));
        let odd = spread(transpose([element(1), element(3), element(5), element(7)]));
        for i in 0..LIMBS {
            out[i] = _mm256_or_si256(even[i], _mm256_slli_epi64::<32>(odd[i]));
        }
    }
}

/// Four rows of four words of 64 bits as columns.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(r: [__m256i; 4]) -> [__m256i; 4] {
    let [a, b] = [
        _mm256_unpacklo_epi64(r[0], r[1]),
        _mm256_unpackhi_epi64(r[0], r[1]),
    ];
    let [c, d] = [
        _mm256_unpacklo_epi64(r[2], r[3]),
        _mm256_unpackhi_epi64(r[2], r[3]),
    ];
    [
        _mm256_permute2x128_si256::<0x20>(a, c),
        _mm256_permute2x128_si256::<0x20>(b, d),
        _mm256_permute2x128_si256::<0x31>(a, c),
        _mm256_permute2x128_si256::<0x31>(b, d),
    ]
}

/// Spreads four words over nine limbs.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(w: [__m256i; 4]) -> [__m256i; LIMBS] {
    let mask = _mm256_set1_epi64x((1 << BITS) - 1);
    let mut out = [w[0]; LIMBS];
    for (i, limb) in out.iter_mut().enumerate() {
        let (word, shift) = (i * BITS / 64, i * BITS % 64);
        let count = |bits: usize| _mm_cvtsi64_si128(bits as i64);
        let mut bits = _mm256_srl_epi64(w[word], count(shift));
        if shift + BITS > 64 && word < 3 {
            bits = _mm256_or_si256(bits, _mm256_sll_epi64(w[word + 1], count(64 - shift)));
        }
        *limb = _mm256_and_si256(bits, mask);
    }
    out
}

/// Changes rows with lanes: lane i of vector j with lane j of vector i.
#[target_feature(enable = "avx2")]
pub(super) fn transpose_vectors(vectors: [&Vector; LANES]) -> [Vector; LANES] {
    let mut out = [ZERO; LANES];
    for limb in 0..LIMBS {
        let columns = transpose_words(vectors.map(|vector| vector[limb]));
        for lane in 0..LANES {
            out[lane][limb] = columns[lane];
        }
    }
    out
}

/// Eight rows of eight words of 32 bits as columns.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_words(r: [__m256i; 8]) -> [__m256i; 8] {
    // Words, then pairs of words, then halves change places.
    let mut a = r;
    for i in 0..4 {
        a[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    let mut b = a;
    for i in 0..2 {
        for j in 0..2 {
            let (low, high) = (a[4 * i + j], a[4 * i + j + 2]);
            b[4 * i + 2 * j] = _mm256_unpacklo_epi64(low, high);
            b[4 * i + 2 * j + 1] = _mm256_unpackhi_epi64(low, high);
        }
    }
    let mut c = b;
    for i in 0..4 {
        c[i] = _mm256_permute2x128_si256::<0x20>(b[i], b[i + 4]);
        c[i + 4] = _mm256_permute2x128_si256::<0x31>(b[i], b[i + 4]);
    }
    c
}
