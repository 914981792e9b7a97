//! One element of Fq12 in lanes, the field that pairings go to.
//!
//! An element is Σ aᵢ·wⁱ with w⁶ = ξ: lane i holds aᵢ, and two of eight lanes hold multiples of p.
//! A product adds up six multiples of the first factor, rotated by one place more each time, what
//! passes the end multiplied by ξ; 24 unreduced products of vectors, two reductions.

use std::arch::x86_64::*;
use std::array::from_fn;
use std::sync::OnceLock;

use ark_bn254::{Fq2, Fq6, Fq12, Fq12Config};
use ark_ff::{AdditiveGroup, Field, Fp12Config};

use super::extension::{
    Extension, conjugate, finish, mul_add, negate_wide, offset, pack, reduce, times_xi, unpack,
};
use super::lines::Line;
use crate::lanes::constants::LIMBS;
use crate::lanes::ifma::{Columns, Vector, ZERO, from_words, limbwise_add, limbwise_sub, to_words};
use crate::lanes::{Ifma, LANES};

/// Coefficients of an element over Fq2.
const DEGREE: usize = 6;

/// The lanes of even places.
const EVEN: u8 = 0b0001_0101;

/// The lanes of odd places.
const ODD: u8 = 0b0010_1010;

/// An element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target(Extension);

/// The limbs of a vector in memory, for one lane of it to be broadcast.
type Memory = [[u64; LANES]; LIMBS];

/// One lane of three vectors in memory: real part, imaginary part, and 4p less the latter.
struct Factor<'a> {
    re: (&'a Memory, usize),
    im: (&'a Memory, usize),
    minus_im: (&'a Memory, usize),
}

impl Target {
    /// Takes an element of arkworks.
    pub(super) fn pack(ifma: Ifma, value: &Fq12) -> Self {
        let [even, odd] = [value.c0, value.c1].map(|half| [half.c0, half.c1, half.c2]);
        let zero = Fq2::ZERO;
        Self(pack(
            ifma,
            &[
                even[0], odd[0], even[1], odd[1], even[2], odd[2], zero, zero,
            ],
        ))
    }

    /// Arkworks' element.
    pub(super) fn unpack(&self, ifma: Ifma) -> Fq12 {
        let a = unpack(ifma, &self.0);
        Fq12::new(Fq6::new(a[0], a[2], a[4]), Fq6::new(a[1], a[3], a[5]))
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn mul(&self, other: &Self) -> Self {
        let (re, im) = (memory(other.0[0]), memory(other.0[1]));
        let minus_im = memory(negate_wide(&other.0[1]));
        let mut product = Product::new(self);
        for place in 0..DEGREE {
            let factor = Factor {
                re: (&re, place),
                im: (&im, place),
                minus_im: (&minus_im, place),
            };
            product.accumulate(place, &factor);
        }
        product.finish()
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn square(&self) -> Self {
        self.mul(self)
    }

    /// Times a line that was evaluated: c₀ + c₁·w + c₂·w³.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn mul_line(&self, line: &Line) -> Self {
        let (parts, negated) = (memory(*line), memory(negate_wide(line)));
        let mut product = Product::new(self);
        for (coefficient, place) in [0, 1, 3].into_iter().enumerate() {
            let (re, im) = (2 * coefficient, 2 * coefficient + 1);
            let factor = Factor {
                re: (&parts, re),
                im: (&parts, im),
                minus_im: (&negated, im),
            };
            product.accumulate(place, &factor);
        }
        product.finish()
    }

    /// The square of an element of the cyclotomic subgroup;
    /// [eprint 2009/565](https://eprint.iacr.org/2009/565), section 3.2. For the coefficients of
    /// even places it is 3·s - 2·a, for those of odd places 3·s + 2·a, where s is
    /// a₀² + ξ·a₃², 2ξ·a₂·a₅, a₁² + ξ·a₄², 2·a₀·a₃, a₂² + ξ·a₅², 2·a₁·a₄.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn cyclotomic_square(&self) -> Self {
        let (a, xi_a) = (&self.0, &times_xi(&self.0));
        let choose = |places| choose(xi_a, a, places);
        // Places from 8 on are those of a, others those of ξ·a.
        let s = mul_add(
            &choose([8, 10, 9, 8, 10, 9, 14, 15]),
            &choose([8, 5, 9, 11, 10, 12, 14, 15]),
            &choose([11, 10, 12, 8, 13, 9, 14, 15]),
            &choose([3, 5, 4, 11, 5, 12, 14, 15]),
        );
        let mut out = [ZERO; 2];
        for part in 0..2 {
            let triple = limbwise_add(&limbwise_add(&s[part], &s[part]), &s[part]);
            let double = limbwise_add(&a[part], &a[part]);
            let signed = negate_lanes(EVEN, &double);
            out[part] = limbwise_add(&triple, &signed);
        }
        Self(reduce(out))
    }

    /// The p⁶-th power, in the cyclotomic subgroup the inverse.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn conjugate(&self) -> Self {
        let [re, im] = &self.0;
        Self(reduce([negate_lanes(ODD, re), negate_lanes(ODD, im)]))
    }

    /// The power to p, p² or p³.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn frobenius(&self, ifma: Ifma, times: usize) -> Self {
        let conjugated = match times % 2 {
            0 => self.0,
            _ => conjugate(&self.0),
        };
        Self(super::extension::mul(
            &conjugated,
            &frobenius_constants(ifma)[times - 1],
        ))
    }
}

/// A product while it is summed up.
struct Product {
    a: Extension,
    xi_a: Extension,
    columns: [Columns; 2],
}

impl Product {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(a: &Target) -> Self {
        Self {
            a: a.0,
            xi_a: times_xi(&a.0),
            columns: [[ZERO[0]; 2 * LIMBS]; 2],
        }
    }

    /// Adds `a` times a factor times w^place.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn accumulate(&mut self, place: usize, factor: &Factor<'_>) {
        let [re, im] = choose(&self.xi_a, &self.a, ROTATIONS[place]);
        accumulate_lane(&mut self.columns[0], &re, factor.re);
        accumulate_lane(&mut self.columns[0], &im, factor.minus_im);
        accumulate_lane(&mut self.columns[1], &re, factor.im);
        accumulate_lane(&mut self.columns[1], &im, factor.re);
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn finish(self) -> Target {
        Target(finish(&self.columns))
    }
}

/// For each place by which `a` is rotated, where each lane comes from: below 8 from ξ·a.
const ROTATIONS: [[u64; LANES]; DEGREE] = [
    [8, 9, 10, 11, 12, 13, 14, 15],
    [5, 8, 9, 10, 11, 12, 14, 15],
    [4, 5, 8, 9, 10, 11, 14, 15],
    [3, 4, 5, 8, 9, 10, 14, 15],
    [2, 3, 4, 5, 8, 9, 14, 15],
    [1, 2, 3, 4, 5, 8, 14, 15],
];

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn choose(low: &Extension, high: &Extension, places: [u64; LANES]) -> Extension {
    let places = from_words(places);
    let mut out = [ZERO; 2];
    for part in 0..2 {
        for i in 0..LIMBS {
            out[part][i] = _mm512_permutex2var_epi64(low[part][i], places, high[part][i]);
        }
    }
    out
}

/// Adds a vector times one lane of another.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn accumulate_lane(columns: &mut Columns, a: &Vector, (limbs, lane): (&Memory, usize)) {
    for j in 0..LIMBS {
        let b = _mm512_set1_epi64(limbs[j][lane].cast_signed());
        for i in 0..LIMBS {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], b);
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], b);
        }
    }
}

/// 4p - a where the mask has a bit, else `a`, without carries.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn negate_lanes(mask: u8, a: &Vector) -> Vector {
    let mut out = *a;
    let difference = limbwise_sub(&offset(), a);
    for i in 0..LIMBS {
        out[i] = _mm512_mask_blend_epi64(mask, a[i], difference[i]);
    }
    out
}

#[inline(always)]
fn memory(vector: Vector) -> Memory {
    let [a, b, c, d, e] = vector;
    [
        to_words(a),
        to_words(b),
        to_words(c),
        to_words(d),
        to_words(e),
    ]
}

/// For the powers 1 to 3 of the Frobenius endomorphism what each coefficient is multiplied by.
fn frobenius_constants(ifma: Ifma) -> &'static [Extension; 3] {
    static CONSTANTS: OnceLock<[Extension; 3]> = OnceLock::new();
    CONSTANTS.get_or_init(|| {
        from_fn(|i| {
            let w = Fq12Config::FROBENIUS_COEFF_FP12_C1[i + 1];
            pack(ifma, &from_fn(|place| w.pow([place as u64])))
        })
    })
}
