//! The Montgomery constants of a BN254 field in radix 2^52, computed from arkworks' modulus.

use ark_ff::{BigInt, Fp256, MontBackend, MontConfig, PrimeField};

/// Limbs of 52 bits in an element of a lane.
pub(crate) const LIMBS: usize = 5;

const BITS: u32 = 52;
const MASK: u64 = (1 << BITS) - 1;

/// A prime field just below 2^254 whose elements go into lanes.
///
/// An element `a` is in a lane as `a·2^260 mod p`, in limbs of 52 bits.
pub(crate) trait LaneField: PrimeField<BigInt = BigInt<4>> {
    /// What the kernels need to know of the field.
    const CONSTANTS: &'static Constants;

    /// 2^512 mod p.
    const R_SQUARED: [u64; 4];

    /// The element whose representation by arkworks, which is `a·2^256 mod p`, has these words.
    fn from_montgomery(words: [u64; 4]) -> Self;

    /// The words of arkworks' representation.
    fn to_montgomery(self) -> [u64; 4];
}

impl<P: MontConfig<4>> LaneField for Fp256<MontBackend<P, 4>> {
    const CONSTANTS: &'static Constants = &Constants::of(P::MODULUS.0);
    const R_SQUARED: [u64; 4] = P::R2.0;

    fn from_montgomery(words: [u64; 4]) -> Self {
        Self::new_unchecked(BigInt(words))
    }

    fn to_montgomery(self) -> [u64; 4] {
        self.0.0
    }
}

/// Constants of a field, each with its limbs from the least significant.
#[derive(Debug)]
pub(crate) struct Constants {
    /// The modulus p.
    pub(crate) modulus: [u64; LIMBS],
    /// 2^-52 mod p: what a limb counts that is dropped at the bottom.
    pub(crate) shift: [u64; LIMBS],
    /// -1/p mod 2^52.
    pub(crate) negated_inverse: u64,
    /// 4p, which keeps a difference of two narrow elements positive.
    pub(crate) offset: [u64; LIMBS],
    /// For each limb a vector of the limbs of `-q·p`, where entry i has the largest q with
    /// `q·p <= i·2^254`: adding entry `v >> 254` brings v below 2.33p. Limbs are signed.
    pub(crate) reduce: [[u64; 8]; LIMBS],
    /// As `reduce`, with 4p added.
    pub(crate) reduce_difference: [[u64; 8]; LIMBS],
    /// As `reduce`, with 7p added.
    pub(crate) reduce_double_difference: [[u64; 8]; LIMBS],
    /// 2^260 - p, by which multiples of p are subtracted modulo 2^260.
    pub(crate) complement: [u64; LIMBS],
    /// 2^268 / p, rounded down.
    pub(crate) quotient: u64,
}

impl Constants {
    const fn of(modulus: [u64; 4]) -> Self {
        assert!(modulus[3] >> 61 == 1, "the ranges are those of 254 bits");
        let p = to_limbs(modulus);
        Self {
            modulus: p,
            shift: to_limbs(halve_mod([1, 0, 0, 0], modulus, BITS)),
            negated_inverse: negated_inverse(modulus[0]) & MASK,
            offset: scale(p, 4),
            reduce: reductions(modulus, 0),
            reduce_difference: reductions(modulus, 4),
            reduce_double_difference: reductions(modulus, 7),
            complement: complement(p),
            // Of p all but the top word is left out, and 2^-62 of the quotient with it.
            quotient: ((1u128 << 76) / (modulus[3] as u128 + 1)) as u64,
        }
    }
}

/// Four words of 64 bits as five limbs of 52.
pub(crate) const fn to_limbs(words: [u64; 4]) -> [u64; LIMBS] {
    let [a, b, c, d] = words;
    [
        a & MASK,
        (a >> 52 | b << 12) & MASK,
        (b >> 40 | c << 24) & MASK,
        (c >> 28 | d << 36) & MASK,
        d >> 16,
    ]
}

/// Five limbs of 52 bits, together below 2^256, as four words of 64.
pub(crate) const fn from_limbs(limbs: [u64; LIMBS]) -> [u64; 4] {
    let [a, b, c, d, e] = limbs;
    [
        a | b << 52,
        b >> 12 | c << 40,
        c >> 24 | d << 28,
        d >> 36 | e << 16,
    ]
}

/// `factor·value` for a product below 2^260.
const fn scale(value: [u64; LIMBS], factor: u64) -> [u64; LIMBS] {
    let mut out = [0; LIMBS];
    let mut carry = 0;
    let mut i = 0;
    while i < LIMBS {
        let limb = value[i] * factor + carry;
        out[i] = limb & MASK;
        carry = limb >> BITS;
        i += 1;
    }
    out
}

/// 2^260 less a value that is not zero.
const fn complement(value: [u64; LIMBS]) -> [u64; LIMBS] {
    let mut out = [0; LIMBS];
    let mut carry = 1;
    let mut i = 0;
    while i < LIMBS {
        let limb = (!value[i] & MASK) + carry;
        out[i] = limb & MASK;
        carry = limb >> BITS;
        i += 1;
    }
    out
}

const fn reductions(modulus: [u64; 4], offset: u64) -> [[u64; 8]; LIMBS] {
    let p = to_limbs(modulus);
    let mut table = [[0; 8]; LIMBS];
    let mut entry = 0;
    while entry < 8 {
        let mut quotient = 0;
        while at_most(scale(p, quotient + 1), [0, 0, 0, 0, (entry as u64) << 46]) {
            quotient += 1;
        }
        let (plus, minus) = (scale(p, offset), scale(p, quotient));
        let mut i = 0;
        while i < LIMBS {
            table[i][entry] = plus[i].wrapping_sub(minus[i]);
            i += 1;
        }
        entry += 1;
    }
    table
}

const fn at_most(a: [u64; LIMBS], b: [u64; LIMBS]) -> bool {
    let mut i = LIMBS;
    while i > 0 {
        i -= 1;
        if a[i] != b[i] {
            return a[i] < b[i];
        }
    }
    true
}

/// `value·2^-times mod modulus` for an odd modulus below 2^255.
const fn halve_mod(mut value: [u64; 4], modulus: [u64; 4], times: u32) -> [u64; 4] {
    let mut round = 0;
    while round < times {
        if value[0] & 1 == 1 {
            let mut carry = 0;
            let mut i = 0;
            while i < 4 {
                let sum = value[i] as u128 + modulus[i] as u128 + carry;
                value[i] = sum as u64;
                carry = sum >> 64;
                i += 1;
            }
        }
        value = [
            value[0] >> 1 | value[1] << 63,
            value[1] >> 1 | value[2] << 63,
            value[2] >> 1 | value[3] << 63,
            value[3] >> 1,
        ];
        round += 1;
    }
    value
}

/// `-1/odd mod 2^64`, by Newton's iteration.
const fn negated_inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        round += 1;
    }
    inverse.wrapping_neg()
}
