//! The quadratic extension Fq[u]/(u² + 1) in lanes: eight elements, as real and imaginary parts.
//!
//! Coordinates are at most 2p with limbs below 2^52, before and after every operation.

use std::arch::x86_64::*;

use ark_bn254::{Fq, Fq2};

use crate::lanes::constants::{Constants, LIMBS};
use crate::lanes::ifma::{
    Columns, Vector, ZERO, accumulate, broadcast_limbs, divide, limbwise_add, limbwise_sub,
    normalise, reduce_sum,
};
use crate::lanes::{Arithmetic, Ifma, LANES, LaneField};

pub(super) const FIELD: &Constants = Fq::CONSTANTS;

/// Eight elements.
pub(super) type Extension = [Vector; 2];

/// Packs eight elements.
pub(super) fn pack(ifma: Ifma, elements: &[Fq2; LANES]) -> Extension {
    let part = |part: fn(&Fq2) -> Fq| {
        let words = elements.each_ref().map(|element| ifma.pack(part(element)));
        Arithmetic::<Fq>::vector(ifma, words)
    };
    [part(|element| element.c0), part(|element| element.c1)]
}

/// The eight elements.
pub(super) fn unpack(ifma: Ifma, extension: &Extension) -> [Fq2; LANES] {
    let [re, im] = extension.each_ref().map(|part| {
        let words = Arithmetic::<Fq>::elements(ifma, part);
        words.map(|words| -> Fq { ifma.unpack(words) })
    });
    std::array::from_fn(|lane| Fq2::new(re[lane], im[lane]))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add(a: &Extension, b: &Extension) -> Extension {
    reduce([limbwise_add(&a[0], &b[0]), limbwise_add(&a[1], &b[1])])
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn sub(a: &Extension, b: &Extension) -> Extension {
    reduce([difference(&a[0], &b[0]), difference(&a[1], &b[1])])
}

/// A small multiple.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn times(a: &Extension, factor: u32) -> Extension {
    reduce([scale(&a[0], factor), scale(&a[1], factor)])
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn negate(a: &Extension) -> Extension {
    reduce([
        limbwise_sub(&offset(), &a[0]),
        limbwise_sub(&offset(), &a[1]),
    ])
}

/// The power to p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn conjugate(a: &Extension) -> Extension {
    [a[0], reduce_sum(FIELD, limbwise_sub(&offset(), &a[1]))]
}

/// Times ξ = 9 + u.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn times_xi(a: &Extension) -> Extension {
    reduce([
        difference(&scale(&a[0], 9), &a[1]),
        limbwise_add(&scale(&a[1], 9), &a[0]),
    ])
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn mul(a: &Extension, b: &Extension) -> Extension {
    let mut columns = [[ZERO[0]; 2 * LIMBS]; 2];
    accumulate_product(&mut columns, a, b);
    finish(&columns)
}

/// a·b + c·d.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn mul_add(a: &Extension, b: &Extension, c: &Extension, d: &Extension) -> Extension {
    let mut columns = [[ZERO[0]; 2 * LIMBS]; 2];
    accumulate_product(&mut columns, a, b);
    accumulate_product(&mut columns, c, d);
    finish(&columns)
}

/// As (re + im)·(re - im) and 2·re·im.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn square(a: &Extension) -> Extension {
    let sum = normalise(limbwise_add(&a[0], &a[1]));
    let double = normalise(limbwise_add(&a[0], &a[0]));
    let mut columns = [[ZERO[0]; 2 * LIMBS]; 2];
    accumulate(&mut columns[0], &sum, &normalise(difference(&a[0], &a[1])));
    accumulate(&mut columns[1], &double, &a[1]);
    finish(&columns)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn accumulate_product(columns: &mut [Columns; 2], a: &Extension, b: &Extension) {
    accumulate(&mut columns[0], &a[0], &b[0]);
    accumulate(&mut columns[0], &a[1], &negate_wide(&b[1]));
    accumulate(&mut columns[1], &a[0], &b[1]);
    accumulate(&mut columns[1], &a[1], &b[0]);
}

/// The element whose products were added up.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn finish(columns: &[Columns; 2]) -> Extension {
    [
        normalise(divide(FIELD, columns[0])),
        normalise(divide(FIELD, columns[1])),
    ]
}

/// The element whose summands were added up without carries.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn reduce(sums: Extension) -> Extension {
    [reduce_sum(FIELD, sums[0]), reduce_sum(FIELD, sums[1])]
}

/// 4p - a, which only a product takes.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn negate_wide(a: &Vector) -> Vector {
    normalise(limbwise_sub(&offset(), a))
}

/// a - b + 4p without carries.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn difference(a: &Vector, b: &Vector) -> Vector {
    limbwise_add(&limbwise_sub(a, b), &offset())
}

/// A multiple by less than 2^8, without carries: each limb by its halves, as products are of 32
/// bits each.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn scale(a: &Vector, factor: u32) -> Vector {
    let factor = _mm512_set1_epi64(factor.into());
    let mut out = ZERO;
    for i in 0..LIMBS {
        let low = _mm512_mul_epu32(a[i], factor);
        let high = _mm512_mul_epu32(_mm512_srli_epi64::<32>(a[i]), factor);
        out[i] = _mm512_add_epi64(low, _mm512_slli_epi64::<32>(high));
    }
    out
}

/// 4p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn offset() -> Vector {
    broadcast_limbs(&FIELD.offset)
}
