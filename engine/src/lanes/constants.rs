//! The fields whose elements go into lanes, and the constants of AVX512-IFMA's: of Montgomery's
//! representation in radix 2^52, computed from arkworks' modulus.

use ark_ff::{BigInt, Fp256, MontBackend, MontConfig, PrimeField};

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::radix;
use super::radix::{complement, inverse_power_of_two, negated_inverse, reductions, scale};

/// Limbs of 52 bits in an element of a lane.
pub(crate) const LIMBS: usize = 5;

const BITS: usize = 52;

/// A prime field just below 2^254 whose elements go into lanes.
///
/// An element `a` is in a lane of AVX512-IFMA as `a·2^260 mod p`, in limbs of 52 bits, and in one of
/// AVX2 as `a·2^261 mod p`, in limbs of 29.
pub(crate) trait LaneField: PrimeField<BigInt = BigInt<4>> {
    /// What AVX512-IFMA's kernels need to know of the field.
    const CONSTANTS: &'static Constants;

    /// What AVX2's kernels need to know of the field.
    #[cfg(target_arch = "x86_64")]
    const AVX2: &'static avx2::Constants;

    /// 2^512 mod p.
    const R_SQUARED: [u64; 4];

    /// The element whose representation by arkworks, which is `a·2^256 mod p`, has these words.
    fn from_montgomery(words: [u64; 4]) -> Self;

    /// The words of arkworks' representation.
    fn to_montgomery(self) -> [u64; 4];
}

impl<P: MontConfig<4>> LaneField for Fp256<MontBackend<P, 4>> {
    const CONSTANTS: &'static Constants = &Constants::of(P::MODULUS.0);
    #[cfg(target_arch = "x86_64")]
    const AVX2: &'static avx2::Constants = &avx2::Constants::of(P::MODULUS.0);
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
            shift: to_limbs(inverse_power_of_two(modulus, BITS)),
            negated_inverse: negated_inverse(modulus[0], BITS),
            offset: scale::<LIMBS, BITS>(p, 4),
            reduce: reductions::<LIMBS, BITS>(modulus, 0),
            reduce_difference: reductions::<LIMBS, BITS>(modulus, 4),
            reduce_double_difference: reductions::<LIMBS, BITS>(modulus, 7),
            complement: complement::<LIMBS, BITS>(p),
            // Of p all but the top word is left out, and 2^-62 of the quotient with it.
            quotient: ((1u128 << 76) / (modulus[3] as u128 + 1)) as u64,
        }
    }
}

/// Four words of 64 bits as five limbs of 52.
pub(crate) const fn to_limbs(words: [u64; 4]) -> [u64; LIMBS] {
    radix::to_limbs::<LIMBS, BITS>(words)
}

/// Five limbs of 52 bits, together below 2^256, as four words of 64.
pub(crate) const fn from_limbs(limbs: [u64; LIMBS]) -> [u64; 4] {
    radix::from_limbs::<LIMBS, BITS>(limbs)
}
