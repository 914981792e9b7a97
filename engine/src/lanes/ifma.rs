//! Lanes by AVX512-IFMA: five vectors of eight 64-bit words, each word a limb of 52 bits.

#![allow(
    unsafe_code,
    reason = "functions with target features are called, and vectors reinterpreted as words"
)]

use std::arch::x86_64::*;
use std::array::from_fn;
use std::mem::transmute;

use super::constants::{Constants, LIMBS, from_limbs, to_limbs};
use super::{Arithmetic, BLOCK, Block, LANES, LaneField, Pair, Refs, Words};

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

    fn transpose(self, vectors: [&Vector; LANES]) -> [Vector; LANES] {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { transpose_vectors(vectors) }
    }

    #[inline]
    fn negate_if(self, mask: u8, a: &mut Vector) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { negate_if(F::CONSTANTS, mask, a) }
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

    #[inline]
    fn butterfly_down(self, a: &mut Block<Vector>, b: &mut Block<Vector>, c: &Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly_down(F::CONSTANTS, a, b, c) }
    }

    #[inline]
    fn butterfly_up(self, a: &mut Block<Vector>, b: &mut Block<Vector>, c: &Block<Vector>) {
        // SAFETY: an `Ifma` exists, so the processor has the features.
        unsafe { butterfly_up(F::CONSTANTS, a, b, c) }
    }
}

fn reduce_fully(mut words: Words, modulus: Words) -> Words {
    loop {
        let mut difference = [0; 4];
        let mut borrow = false;
        for i in 0..4 {
            let (d, first) = words[i].overflowing_sub(modulus[i]);
            let (d, second) = d.overflowing_sub(u64::from(borrow));
            difference[i] = d;
            borrow = first | second;
        }
        if borrow {
            return words;
        }
        words = difference;
    }
}

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

/// Eight zeros.
pub(crate) const ZERO: Vector = [from_words([0; 8]); LIMBS];
pub(crate) const MASK: __m512i = from_words([(1 << 52) - 1; 8]);

/// The accumulators of a product: column k counts 2^(52k).
pub(crate) type Columns = [__m512i; 2 * LIMBS];

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn broadcast(limb: u64) -> __m512i {
    _mm512_set1_epi64(limb.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn broadcast_limbs(limbs: &[u64; LIMBS]) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = broadcast(limbs[i]);
    }
    out
}

/// Adds `a·b`. A column takes at most ten summands below 2^52 for each call.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn accumulate(columns: &mut Columns, a: &Vector, b: &Vector) {
    for i in 0..LIMBS {
        for j in 0..LIMBS {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], b[j]);
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], b[j]);
        }
    }
}

/// Makes `a²` of columns that are zero: products of different limbs are calculated once.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn accumulate_square(columns: &mut Columns, a: &Vector) {
    for i in 0..LIMBS {
        for j in i + 1..LIMBS {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], a[j]);
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], a[j]);
        }
    }
    for column in &mut *columns {
        *column = _mm512_add_epi64(*column, *column);
    }
    for i in 0..LIMBS {
        columns[2 * i] = _mm512_madd52lo_epu64(columns[2 * i], a[i], a[i]);
        columns[2 * i + 1] = _mm512_madd52hi_epu64(columns[2 * i + 1], a[i], a[i]);
    }
}

/// Divides by 2^260 modulo p: four times the bottom limb is dropped and counted at the next
/// column by what 2^-52 is mod p, which needs no multiplication to find the quotient; the last
/// time it is cleared by a multiple of p as Montgomery does. The result is below
/// `value / 2^260 + 1.13p`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_product(constants: &Constants, t: Columns) -> Vector {
    normalise(divide(constants, t))
}

/// [`reduce_product`] before the carries: limbs below 2^57.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn divide(constants: &Constants, mut t: Columns) -> Vector {
    for i in 0..LIMBS - 1 {
        let carry = _mm512_srli_epi64::<52>(t[i]);
        for j in 0..LIMBS {
            let shift = broadcast(constants.shift[j]);
            t[i + j + 1] = _mm512_madd52lo_epu64(t[i + j + 1], t[i], shift);
            t[i + j + 2] = _mm512_madd52hi_epu64(t[i + j + 2], t[i], shift);
        }
        t[i + 1] = _mm512_add_epi64(t[i + 1], carry);
    }
    let inverse = broadcast(constants.negated_inverse);
    let quotient = _mm512_madd52lo_epu64(ZERO[0], t[LIMBS - 1], inverse);
    for j in 0..LIMBS {
        let modulus = broadcast(constants.modulus[j]);
        t[j + 4] = _mm512_madd52lo_epu64(t[j + 4], quotient, modulus);
        t[j + 5] = _mm512_madd52hi_epu64(t[j + 5], quotient, modulus);
    }
    t[5] = _mm512_add_epi64(t[5], _mm512_srli_epi64::<52>(t[4]));
    [t[5], t[6], t[7], t[8], t[9]]
}

/// Carries, so that every limb is below 2^52. Limbs may be negative, the value not.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn normalise(mut v: Vector) -> Vector {
    for i in 0..LIMBS - 1 {
        v[i + 1] = _mm512_add_epi64(v[i + 1], _mm512_srai_epi64::<52>(v[i]));
        v[i] = _mm512_and_si512(v[i], MASK);
    }
    v
}

/// The lanes' only representation below p, of values below 2p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn reduce_once(constants: &Constants, v: &Vector) -> Vector {
    let difference = normalise(limbwise_sub(v, &broadcast_limbs(&constants.modulus)));
    let negative = _mm512_cmplt_epi64_mask(difference[LIMBS - 1], ZERO[0]);
    select(negative, &difference, v)
}

/// Adds to each lane the multiple of p that the table has for the lane's bits from 254 on.
/// `offset` is the limb at the top of the multiple of p that is in all entries of the table.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_range(table: &[[u64; 8]; LIMBS], offset: u64, v: Vector) -> Vector {
    // Carries into the top limb are not in yet. They move it by one or two, and no entry of the
    // table leaves less than that between its multiple of p and its multiple of 2^254.
    let index = _mm512_srli_epi64::<46>(_mm512_add_epi64(v[LIMBS - 1], broadcast(offset)));
    let mut out = v;
    for i in 0..LIMBS {
        let multiple = _mm512_permutexvar_epi64(index, from_words(table[i]));
        out[i] = _mm512_add_epi64(v[i], multiple);
    }
    normalise(out)
}

/// Brings a sum of up to 2^16 elements, its limbs below 2^60, under 2p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn reduce_sum(constants: &Constants, mut v: Vector) -> Vector {
    // The quotient is taken from the bits from 248 on, and is at most one too small.
    let top = _mm512_srli_epi64::<40>(v[LIMBS - 1]);
    let quotient = _mm512_madd52lo_epu64(ZERO[0], top, broadcast(constants.quotient));
    let quotient = _mm512_srli_epi64::<20>(quotient);
    for i in 0..LIMBS {
        let limb = broadcast(constants.complement[i]);
        v[i] = _mm512_madd52lo_epu64(v[i], quotient, limb);
        if i + 1 < LIMBS {
            v[i + 1] = _mm512_madd52hi_epu64(v[i + 1], quotient, limb);
        }
    }
    let mut out = normalise(v);
    out[LIMBS - 1] = _mm512_and_si512(out[LIMBS - 1], MASK);
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn limbwise_sub(a: &Vector, b: &Vector) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = _mm512_sub_epi64(a[i], b[i]);
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn limbwise_add(a: &Vector, b: &Vector) -> Vector {
    let mut out = ZERO;
    for i in 0..LIMBS {
        out[i] = _mm512_add_epi64(a[i], b[i]);
    }
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(constants: &Constants, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
    for k in 0..BLOCK {
        out[k] = product(constants, a[k], b[k]);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn square(constants: &Constants, a: Refs<'_, Vector>, out: &mut Block<Vector>) {
    for k in 0..BLOCK {
        let mut columns = [ZERO[0]; 2 * LIMBS];
        accumulate_square(&mut columns, a[k]);
        out[k] = reduce_product(constants, columns);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn product(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
    let mut columns = [ZERO[0]; 2 * LIMBS];
    accumulate(&mut columns, a, b);
    reduce_product(constants, columns)
}

/// [`product`] before the carries: limbs below 2^57.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn product_unnormalised(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
    let mut columns = [ZERO[0]; 2 * LIMBS];
    accumulate(&mut columns, a, b);
    divide(constants, columns)
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_add(
    constants: &Constants,
    a: Refs<'_, Vector>,
    b: Refs<'_, Vector>,
    c: Refs<'_, Vector>,
    d: Refs<'_, Vector>,
    out: &mut Block<Vector>,
) {
    for k in 0..BLOCK {
        let mut columns = [ZERO[0]; 2 * LIMBS];
        accumulate(&mut columns, a[k], b[k]);
        accumulate(&mut columns, c[k], d[k]);
        out[k] = reduce_product(constants, columns);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn add(a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
    for k in 0..BLOCK {
        out[k] = normalise(limbwise_add(a[k], b[k]));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn sub(constants: &Constants, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
    let offset = broadcast_limbs(&constants.offset);
    for k in 0..BLOCK {
        let difference = limbwise_sub(a[k], b[k]);
        out[k] = normalise(limbwise_add(&difference, &offset));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn add_narrow(
    constants: &Constants,
    a: Refs<'_, Vector>,
    b: Refs<'_, Vector>,
    out: &mut Block<Vector>,
) {
    for k in 0..BLOCK {
        out[k] = reduce_range(&constants.reduce, 0, limbwise_add(a[k], b[k]));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn sub_narrow(
    constants: &Constants,
    a: Refs<'_, Vector>,
    b: Refs<'_, Vector>,
    out: &mut Block<Vector>,
) {
    let table = &constants.reduce_difference;
    for k in 0..BLOCK {
        let difference = limbwise_sub(a[k], b[k]);
        out[k] = reduce_range(table, table[LIMBS - 1][0], difference);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn sub_twice_narrow(
    constants: &Constants,
    a: Refs<'_, Vector>,
    b: Refs<'_, Vector>,
    c: Refs<'_, Vector>,
    out: &mut Block<Vector>,
) {
    let table = &constants.reduce_double_difference;
    for k in 0..BLOCK {
        let difference = limbwise_sub(&limbwise_sub(a[k], b[k]), c[k]);
        out[k] = reduce_range(table, table[LIMBS - 1][0], difference);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn butterfly_down(
    constants: &Constants,
    a: &mut Block<Vector>,
    b: &mut Block<Vector>,
    c: &Block<Vector>,
) {
    let offset = broadcast_limbs(&constants.offset);
    for k in 0..BLOCK {
        let (low, high) = (a[k], b[k]);
        let difference = limbwise_add(&limbwise_sub(&low, &high), &offset);
        a[k] = reduce_range(&constants.reduce, 0, limbwise_add(&low, &high));
        b[k] = product(constants, &normalise(difference), &c[k]);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn butterfly_up(
    constants: &Constants,
    a: &mut Block<Vector>,
    b: &mut Block<Vector>,
    c: &Block<Vector>,
) {
    let table = &constants.reduce_difference;
    for k in 0..BLOCK {
        let (low, high) = (a[k], product(constants, &b[k], &c[k]));
        a[k] = reduce_range(&constants.reduce, 0, limbwise_add(&low, &high));
        b[k] = reduce_range(table, table[LIMBS - 1][0], limbwise_sub(&low, &high));
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn negate_if(constants: &Constants, mask: u8, a: &mut Vector) {
    for (limb, &modulus) in a.iter_mut().zip(&constants.modulus) {
        *limb = _mm512_mask_sub_epi64(*limb, mask, broadcast(modulus), *limb);
    }
    *a = normalise(*a);
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn select(mask: u8, a: &Vector, b: &Vector) -> Vector {
    let mut out = *a;
    for i in 0..LIMBS {
        out[i] = _mm512_mask_blend_epi64(mask, a[i], b[i]);
    }
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn zeros(constants: &Constants, a: &Vector) -> u8 {
    // Below 2.33p zero is one of 0, p and 2p.
    let reduced = reduce_range(&constants.reduce, 0, *a);
    let modulus = broadcast_limbs(&constants.modulus);
    let mut multiple = ZERO;
    let mut found = 0;
    for _ in 0..3 {
        let mut equal = 0xff;
        for i in 0..LIMBS {
            equal &= _mm512_cmpeq_epi64_mask(reduced[i], multiple[i]);
        }
        found |= equal;
        multiple = normalise(limbwise_add(&multiple, &modulus));
    }
    found
}

/// Transposes eight rows of eight words, and spreads each half over five limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn load_pairs(pairs: [&Pair; LANES], first: &mut Vector, second: &mut Vector) {
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
