//! The traits of an arithmetic, which call its kernels.

/// The traits of an arithmetic whose lanes hold `a·2^(256 + extra) mod p`, from the kernels of its
/// modules.
macro_rules! arithmetic {
    ($arithmetic:ident, $constants:ident, $limb:ty, extra: $extra:literal) => {
        impl<F: LaneField> Arithmetic<F> for $arithmetic {
            type Vector = Vector;

            fn pack(self, value: F) -> Words {
                let scaled = (0..$extra).fold(value, |value, _| value.double());
                scaled.to_montgomery()
            }

            fn unpack(self, words: Words) -> F {
                // 2^-extra is 2^(256 - extra) in arkworks' representation.
                let unscale = F::from_montgomery([0, 0, 0, 1 << (64 - $extra)]);
                F::from_montgomery(reduce_fully(words, F::MODULUS.0)) * unscale
            }

            fn scale(self) -> F {
                F::from(1u64 << $extra)
            }

            #[inline]
            fn pack_scaled(self, value: F) -> Words {
                // As a·2^256 is (a / 2^extra)·2^(256 + extra).
                value.to_montgomery()
            }

            #[inline]
            fn unpack_scaled(self, words: Words) -> F {
                F::from_montgomery(reduce_fully(words, F::MODULUS.0))
            }

            fn vector(self, elements: [Words; LANES]) -> Vector {
                memory::vector(elements)
            }

            fn elements(self, vector: &Vector) -> [Words; LANES] {
                memory::elements(vector)
            }

            #[inline]
            fn load_pairs(self, pairs: [&Pair; LANES], first: &mut Vector, second: &mut Vector) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { memory::load_pairs(pairs, first, second) }
            }

            #[inline]
            fn prefetch(self, pair: &Pair) {
                // SAFETY: prefetching accesses nothing; any address will do.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(pair).cast()) }
            }

            fn transpose(self, vectors: [&Vector; LANES], out: &mut [Vector; LANES]) {
                // SAFETY: a value of this type exists, so the processor has the features.
                *out = unsafe { memory::transpose_vectors(vectors) }
            }

            #[inline]
            fn negate_if(self, mask: u8, a: &mut Vector) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::negate_if(F::$constants, mask, a) }
            }

            #[inline]
            fn copy(self, mask: u8, from: &Vector, to: &mut Vector) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::copy(mask, from, to) }
            }

            #[inline]
            fn select(self, mask: u8, a: &Vector, b: &Vector) -> Vector {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::select(mask, a, b) }
            }

            fn zeros(self, a: &Vector) -> u8 {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::zeros(F::$constants, a) }
            }

            #[inline]
            fn mul(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { product::mul(F::$constants, a, b, out) }
            }

            #[inline]
            fn square(self, a: Refs<'_, Vector>, out: &mut Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { product::square(F::$constants, a, out) }
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
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { product::mul_add(F::$constants, a, b, c, d, out) }
            }

            #[inline]
            fn add(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::add(a, b, out) }
            }

            #[inline]
            fn sub(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::sub(F::$constants, a, b, out) }
            }

            #[inline]
            fn negate(self, a: Refs<'_, Vector>, out: &mut Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::sub(F::$constants, [&range::ZERO; BLOCK], a, out) }
            }

            #[inline]
            fn add_narrow(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::add_narrow(F::$constants, a, b, out) }
            }

            #[inline]
            fn sub_narrow(self, a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::sub_narrow(F::$constants, a, b, out) }
            }

            #[inline]
            fn sub_twice_narrow(
                self,
                a: Refs<'_, Vector>,
                b: Refs<'_, Vector>,
                c: Refs<'_, Vector>,
                out: &mut Block<Vector>,
            ) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { range::sub_twice_narrow(F::$constants, a, b, c, out) }
            }
        }

        impl PointArithmetic<1> for $arithmetic {
            #[inline]
            fn divisors(
                self,
                abscissas: [ElementRefs<'_, Vector, 1>; 2],
                masks: (&[u8; BLOCK], &Vector),
                before: Refs<'_, Vector>,
                out: &mut Divisors<Vector, 1>,
                next: &mut Block<Vector>,
            ) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { points::divisors_1(Fq::$constants, abscissas, masks, before, out, next) }
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
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { points::sums_1(Fq::$constants, left, right, inverse_norm, out) }
            }
        }

        impl PointArithmetic<2> for $arithmetic {
            #[inline]
            fn divisors(
                self,
                abscissas: [ElementRefs<'_, Vector, 2>; 2],
                masks: (&[u8; BLOCK], &Vector),
                before: Refs<'_, Vector>,
                out: &mut Divisors<Vector, 2>,
                next: &mut Block<Vector>,
            ) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { points::divisors_2(Fq::$constants, abscissas, masks, before, out, next) }
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
                let divisors = (&divisors.denominators, inverse_norm);
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { points::sums_2(Fq::$constants, left, right, divisors, out) }
            }
        }

        impl<F: LaneField> Butterflies<F> for $arithmetic {
            type Factor = [$limb; LIMBS];

            fn factor(self, value: F) -> [$limb; LIMBS] {
                memory::factor(self.pack(value))
            }

            #[inline]
            fn butterfly_down(
                self,
                a: &mut Block<Vector>,
                b: &mut Block<Vector>,
                c: &Block<Vector>,
            ) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { butterfly::butterfly_down(F::$constants, a, b, c) }
            }

            #[inline]
            fn butterfly_up(self, a: &mut Block<Vector>, b: &mut Block<Vector>, c: &Block<Vector>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { butterfly::butterfly_up(F::$constants, a, b, c) }
            }

            #[inline]
            fn butterfly_down_by(
                self,
                a: &mut Block<Vector>,
                b: &mut Block<Vector>,
                c: &[[$limb; LIMBS]; BLOCK],
            ) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { butterfly::butterfly_down_by(F::$constants, a, b, c) }
            }

            #[inline]
            fn butterfly_up_by(
                self,
                a: &mut Block<Vector>,
                b: &mut Block<Vector>,
                c: &[[$limb; LIMBS]; BLOCK],
            ) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { butterfly::butterfly_up_by(F::$constants, a, b, c) }
            }

            #[inline]
            fn last_down(self, rows: &mut Eight<Vector>, factors: LastFactors<'_, [$limb; LIMBS]>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { butterfly::last_down(F::$constants, rows, factors) }
            }

            #[inline]
            fn first_up(self, rows: &mut Eight<Vector>, factors: LastFactors<'_, [$limb; LIMBS]>) {
                // SAFETY: a value of this type exists, so the processor has the features.
                unsafe { butterfly::first_up(F::$constants, rows, factors) }
            }
        }
    };
}

pub(in crate::lanes) use arithmetic;
