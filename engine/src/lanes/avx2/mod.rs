//! Lanes by AVX2: nine vectors of eight 32-bit words, each word a limb of 29 bits.
//!
//! Products are of four lanes at a time, those with even numbers and then the others, since two
//! words of 32 bits make one of 64.

#![allow(unsafe_code, reason = "functions with target features are called")]

mod butterfly;
mod constants;
mod memory;
mod points;
mod product;
mod range;

use std::arch::x86_64::{__m256i, _MM_HINT_T1, _mm_prefetch};

use ark_bn254::Fq;

pub(super) use self::constants::Constants;
use self::constants::LIMBS;
use super::radix::reduce_fully;
use super::vectorised::arithmetic;
use super::{
    Arithmetic, BLOCK, Block, Butterflies, Divisors, Eight, ElementRefs, Elements, LANES,
    LaneField, LastFactors, Pair, PointArithmetic, Refs, Words,
};

/// Proof that the processor has the instructions: only [`Avx2::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// Eight elements, limb by limb. Limbs are below 2^29 between operations.
type Vector = [__m256i; LIMBS];

arithmetic!(Avx2, AVX2, u32, extra: 5);
