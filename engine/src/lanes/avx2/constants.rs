//! The constants of Montgomery's representation in radix 2^29.

use std::arch::x86_64::__m256i;

use super::memory::four;
use crate::lanes::radix::{self, inverse_power_of_two, negated_inverse, reductions, scale};

/// Limbs in an element of a lane.
pub(super) const LIMBS: usize = 9;

/// Bits of a limb.
pub(super) const BITS: usize = 29;

/// Constants of a field, each with its limbs from the least significant.
#[derive(Debug)]
pub(crate) struct Constants {
    /// The modulus p.
    pub(super) modulus: [u32; LIMBS],
    /// The modulus in each of four lanes, for products.
    pub(super) modulus_quads: [__m256i; LIMBS],
    /// 2^-29 mod p in each of four lanes: what a limb counts that is dropped at the bottom.
    pub(super) shift: [__m256i; LIMBS],
    /// -1/p mod 2^29 in each of four lanes.
    pub(super) negated_inverse: __m256i,
    /// 4p, which keeps a difference of two narrow elements positive.
    pub(super) offset: [u32; LIMBS],
    /// 8p, from which a wide element can be subtracted.
    pub(super) wide_offset: [u32; LIMBS],
    /// The lowest limbs of 0, p, ..., 6p.
    pub(super) lowest: [u32; 7],
    /// For each limb the limbs of `-q·p`, where entry i has the largest q with `q·p <= i·2^254`:
    /// adding entry `v >> 254` brings v below 2.33p.
    pub(super) reduce: [[i32; 8]; LIMBS],
    /// As `reduce`, with 4p added.
    pub(super) reduce_difference: [[i32; 8]; LIMBS],
    /// As `reduce`, with 7p added.
    pub(super) reduce_double_difference: [[i32; 8]; LIMBS],
}

impl Constants {
    pub(in crate::lanes) const fn of(modulus: [u64; 4]) -> Self {
        assert!(modulus[3] >> 61 == 1, "the ranges are those of 254 bits");
        let p = radix::to_limbs::<LIMBS, BITS>(modulus);
        let shift = inverse_power_of_two(modulus, BITS);
        Self {
            modulus: narrow(p),
            modulus_quads: quads(p),
            shift: quads(radix::to_limbs::<LIMBS, BITS>(shift)),
            negated_inverse: four(negated_inverse(modulus[0], BITS)),
            offset: narrow(scale::<LIMBS, BITS>(p, 4)),
            wide_offset: narrow(scale::<LIMBS, BITS>(p, 8)),
            lowest: lowest(p),
            reduce: octets(reductions::<LIMBS, BITS>(modulus, 0)),
            reduce_difference: octets(reductions::<LIMBS, BITS>(modulus, 4)),
            reduce_double_difference: octets(reductions::<LIMBS, BITS>(modulus, 7)),
        }
    }
}

/// Four words of 64 bits as limbs.
pub(super) const fn to_limbs(words: [u64; 4]) -> [u32; LIMBS] {
    narrow(radix::to_limbs::<LIMBS, BITS>(words))
}

const fn lowest(p: [u64; LIMBS]) -> [u32; 7] {
    let mut out = [0; 7];
    let mut factor = 0;
    while factor < out.len() {
        out[factor] = scale::<LIMBS, BITS>(p, factor as u64)[0] as u32;
        factor += 1;
    }
    out
}

const fn narrow(limbs: [u64; LIMBS]) -> [u32; LIMBS] {
    let mut out = [0; LIMBS];
    let mut i = 0;
    while i < LIMBS {
        out[i] = limbs[i] as u32;
        i += 1;
    }
    out
}

const fn quads(limbs: [u64; LIMBS]) -> [__m256i; LIMBS] {
    let mut out = [four(0); LIMBS];
    let mut i = 0;
    while i < LIMBS {
        out[i] = four(limbs[i]);
        i += 1;
    }
    out
}

const fn octets(table: [[u64; 8]; LIMBS]) -> [[i32; 8]; LIMBS] {
    let mut out = [[0; 8]; LIMBS];
    let mut i = 0;
    while i < LIMBS {
        let mut entry = 0;
        while entry < 8 {
            out[i][entry] = table[i][entry].cast_signed() as i32;
            entry += 1;
        }
        i += 1;
    }
    out
}
