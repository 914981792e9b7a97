//! Lanes by AVX512-IFMA: five vectors of eight 64-bit words, each word a limb of 52 bits.

#![allow(unsafe_code, reason = "functions with target features are called")]

mod butterfly;
mod memory;
mod points;
mod product;
mod range;

use std::arch::x86_64::{__m512i, _MM_HINT_T1, _mm_prefetch};

use ark_bn254::Fq;

pub(crate) use self::memory::{from_words, load_rows, store_rows, to_words, transpose_vectors};
pub(crate) use self::product::{Columns, accumulate, divide, product, product_unnormalised};
pub(crate) use self::range::{
    ZERO, broadcast_limbs, limbwise_add, limbwise_sub, normalise, reduce_once, reduce_sum, select,
};
use super::constants::LIMBS;
use super::radix::reduce_fully;
use super::vectorised::arithmetic;
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

arithmetic!(Ifma, CONSTANTS, u64, extra: 4);
