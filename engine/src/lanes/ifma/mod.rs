//! Lanes by AVX512-IFMA: five vectors of eight 64-bit words, each word a limb of 52 bits.

#![allow(unsafe_code, reason = "functions with target features are called")]

mod butterfly;
mod memory;
mod points;
mod product;
mod range;

use std::arch::x86_64::{__m512i, _MM_HINT_T1, _mm_prefetch};
use std::array::from_fn;

use ark_bn254::Fq;

pub(crate) use self::memory::{from_words, load_rows, store_rows, to_words, transpose_vectors};
use self::memory::{load_pairs, reduce_fully};
pub(crate) use self::product::{Columns, accumulate, divide, product, product_unnormalised};
use self::product::{mul, mul_add, square};
pub(crate) use self::range::{
    ZERO, broadcast_limbs, limbwise_add, limbwise_sub, normalise, reduce_once, reduce_sum, select,
};
use self::range::{add, add_narrow, copy, negate_if, sub, sub_narrow, sub_twice_narrow, zeros};
use super::constants::{LIMBS, from_limbs, to_limbs};
use super::{
    Arithmetic, BLOCK, Block, Butterflies, Divisors, Eight, ElementRefs, Elements, LANES,
    LaneField, LastFactors, Pair, PointArithmetic, Refs, Words,
};

/// Proof that the processor has the instructions: only [`Ifma::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ifma(());

impl Ifma {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma"))
            .then_some(Self(()))
    }
}

/// Eight elements, limb by limb. Limbs are below 2^52 between operations.
pub(crate) type Vector = [__m512i; LIMBS];

impl<F: LaneField> Arithmetic<F> for Ifma {
    type Vector = Vector;

    fn pack(self, value: F) -> Words {
        // From a·2^256 to a·2^260.
        (0..4)
            .fold(value, |value, _| value.double())
            .to_montgomery()
    }

    fn unpack(self, words: Words) -> F {
        // 2^-4 is 2^252 in arkworks' representation.
        let sixteenth = F::from_montgomery([0, 0, 0, 1 << 60]);
        F::from_montgomery(reduce_fully(words, F::MODULUS.0)) * sixteenth
    }

    fn scale(self) -> F {
        F::from(16u64)
    }

    #[inline]
    fn pack_scaled(self, value: F) -> Words {
        // As a·2^256 is (a / 16)·2^260.
        value.to_montgomery()
    }

    #[inline]
    fn unpack_scaled(self, words: Words) -> F {
        F::from_montgomery(reduce_fully(words, F::MODULUS.0))
    }

    fn vector(self, elements: [Words; LANES]) -> Vector {
        let limbs = elements.map(to_limbs);
        from_fn(|limb| from_words(from_fn(|lane| limbs[lane][limb])))
    }

    fn elements(self, vector: &Vector) -> [Words; LANES] {
        let limbs = vector.map(to_words);
        from_fn(|lane| from_limbs(from_fn(|limb| limbs[limb][lane])))
    }

    #[inline]
    fn load_pairs(self, pairs: [&Pair; LANES], first: &mut Vector, second: &mut Vector) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { load_pairs(pairs, first, second) }
    }

    #[inline]
    fn prefetch(self, pair: &Pair) {
        // SAFETY: prefetching accesses nothing; any address will do.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(pair).cast()) }
    }

    fn transpose(self, vectors: [&Vector; LANES], out: &mut [Vector; LANES]) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        *out = unsafe { transpose_vectors(vectors) }
    }

    #[inline]
    fn negate_if(self, mask: u8, a: &mut Vector) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { negate_if(F::CONSTANTS, mask, a) }
    }

    #[inline]
    fn copy(self, mask: u8, from: &Vector, to: &mut Vector) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { copy(mask, from, to) }
    }

    #[inline]
    fn select(self, mask: u8, a: &Vector, b: &Vector) -> Vector {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { select(mask, a, b) }
    }

    fn zeros(self, a: &Vector) -> u8 {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { zeros(F::CONSTANTS, a) }
    }

    #[inline]
    fn mul(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { mul(F::CONSTANTS, a, b, out) }
    }

    #[inline]
    fn square(self, a: Refs<'_, Vector>, out: &mut Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { square(F::CONSTANTS, a, out) }
    }

    #[inline]
    fn mul_add(
        self,
        a: Refs<'_, Vector>,
        b: Refs<'_, Vector>,
        c: Refs<'_, Vector>,
        d: Refs<'_, Vector>,
        out: &mut Block<Vector>,
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { mul_add(F::CONSTANTS, a, b, c, d, out) }
    }

    #[inline]
    fn add(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { add(a, b, out) }
    }

    #[inline]
    fn sub(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { sub(F::CONSTANTS, a, b, out) }
    }

    #[inline]
    fn negate(self, a: Refs<'_, Vector>, out: &mut Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { sub(F::CONSTANTS, [&ZERO; BLOCK], a, out) }
    }

    #[inline]
    fn add_narrow(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { add_narrow(F::CONSTANTS, a, b, out) }
    }

    #[inline]
    fn sub_narrow(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { sub_narrow(F::CONSTANTS, a, b, out) }
    }

    #[inline]
    fn sub_twice_narrow(
        self,
        a: Refs<'_, Vector>,
        b: Refs<'_, Vector>,
        c: Refs<'_, Vector>,
        out: &mut Block<Vector>,
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { sub_twice_narrow(F::CONSTANTS, a, b, c, out) }
    }
}

impl PointArithmetic<1> for Ifma {
    #[inline]
    fn divisors(
        self,
        abscissas: [ElementRefs<'_, Vector, 1>; 2],
        masks: (&[u8; BLOCK], &Vector),
        before: Refs<'_, Vector>,
        out: &mut Divisors<Vector, 1>,
        next: &mut Block<Vector>,
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { points::divisors_1(Fq::CONSTANTS, abscissas, masks, before, out, next) }
    }

    #[inline]
    fn sums(
        self,
        left: [ElementRefs<'_, Vector, 1>; 2],
        right: [ElementRefs<'_, Vector, 1>; 2],
        _: &Divisors<Vector, 1>,
        inverse_norm: &Block<Vector>,
        out: [&mut Elements<Vector, 1>; 2],
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { points::sums_1(Fq::CONSTANTS, left, right, inverse_norm, out) }
    }
}

impl PointArithmetic<2> for Ifma {
    #[inline]
    fn divisors(
        self,
        abscissas: [ElementRefs<'_, Vector, 2>; 2],
        masks: (&[u8; BLOCK], &Vector),
        before: Refs<'_, Vector>,
        out: &mut Divisors<Vector, 2>,
        next: &mut Block<Vector>,
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { points::divisors_2(Fq::CONSTANTS, abscissas, masks, before, out, next) }
    }

    #[inline]
    fn sums(
        self,
        left: [ElementRefs<'_, Vector, 2>; 2],
        right: [ElementRefs<'_, Vector, 2>; 2],
        divisors: &Divisors<Vector, 2>,
        inverse_norm: &Block<Vector>,
        out: [&mut Elements<Vector, 2>; 2],
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe {
            points::sums_2(
                Fq::CONSTANTS,
                left,
                right,
                (&divisors.denominators, inverse_norm),
                out,
            )
        }
    }
}

impl<F: LaneField> Butterflies<F> for Ifma {
    type Factor = [u64; LIMBS];

    fn factor(self, value: F) -> [u64; LIMBS] {
        to_limbs(self.pack(value))
    }

    #[inline]
    fn butterfly_down(self, a: &mut Block<Vector>, b: &mut Block<Vector>, c: &Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly::butterfly_down(F::CONSTANTS, a, b, c) }
    }

    #[inline]
    fn butterfly_up(self, a: &mut Block<Vector>, b: &mut Block<Vector>, c: &Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly::butterfly_up(F::CONSTANTS, a, b, c) }
    }

    #[inline]
    fn butterfly_down_by(
        self,
        a: &mut Block<Vector>,
        b: &mut Block<Vector>,
        c: &[[u64; LIMBS]; BLOCK],
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly::butterfly_down_by(F::CONSTANTS, a, b, c) }
    }

    #[inline]
    fn butterfly_up_by(
        self,
        a: &mut Block<Vector>,
        b: &mut Block<Vector>,
        c: &[[u64; LIMBS]; BLOCK],
    ) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly::butterfly_up_by(F::CONSTANTS, a, b, c) }
    }

    #[inline]
    fn last_down(self, rows: &mut Eight<Vector>, factors: LastFactors<'_, [u64; LIMBS]>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly::last_down(F::CONSTANTS, rows, factors) }
    }

    #[inline]
    fn first_up(self, rows: &mut Eight<Vector>, factors: LastFactors<'_, [u64; LIMBS]>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly::first_up(F::CONSTANTS, rows, factors) }
    }
}
