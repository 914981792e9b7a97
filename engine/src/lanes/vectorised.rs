//! What is the same for all instruction sets, as macros: functions with target features cannot be
//! generic over them. The module that uses one has `Vector`, `Constants` and the functions that are
//! called here.

/// Sums and differences from `normalise`, `reduce_range` and what is done limb by limb.
macro_rules! sums {
    ($features:literal) => {
        /// `a - b` of narrow elements, wide.
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn difference(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
            let offset = broadcast_limbs(&constants.offset);
            normalise(limbwise_add(&limbwise_sub(a, b), &offset))
        }

        /// `a + b` of narrow elements, narrow.
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn plus_one(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
            reduce_range(&constants.reduce, 0, limbwise_add(a, b))
        }

        /// `a - b`, narrow: `a` above -p and, like `b`, below 3p.
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn less_one(constants: &Constants, a: &Vector, b: &Vector) -> Vector {
            let table = &constants.reduce_difference;
            reduce_range(table, table[LIMBS - 1][0], limbwise_sub(a, b))
        }

        /// `a - b - c` of narrow elements, narrow.
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn less_two(
            constants: &Constants,
            a: &Vector,
            b: &Vector,
            c: &Vector,
        ) -> Vector {
            let table = &constants.reduce_double_difference;
            let rest = limbwise_sub(&limbwise_sub(a, b), c);
            reduce_range(table, table[LIMBS - 1][0], rest)
        }

        #[target_feature(enable = $features)]
        pub(super) fn add(a: Refs<'_, Vector>, b: Refs<'_, Vector>, out: &mut Block<Vector>) {
            for k in 0..BLOCK {
                out[k] = normalise(limbwise_add(a[k], b[k]));
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn sub(
            constants: &Constants,
            a: Refs<'_, Vector>,
            b: Refs<'_, Vector>,
            out: &mut Block<Vector>,
        ) {
            for k in 0..BLOCK {
                out[k] = difference(constants, a[k], b[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn add_narrow(
            constants: &Constants,
            a: Refs<'_, Vector>,
            b: Refs<'_, Vector>,
            out: &mut Block<Vector>,
        ) {
            for k in 0..BLOCK {
                out[k] = plus_one(constants, a[k], b[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn sub_narrow(
            constants: &Constants,
            a: Refs<'_, Vector>,
            b: Refs<'_, Vector>,
            out: &mut Block<Vector>,
        ) {
            for k in 0..BLOCK {
                out[k] = less_one(constants, a[k], b[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn sub_twice_narrow(
            constants: &Constants,
            a: Refs<'_, Vector>,
            b: Refs<'_, Vector>,
            c: Refs<'_, Vector>,
            out: &mut Block<Vector>,
        ) {
            for k in 0..BLOCK {
                out[k] = less_two(constants, a[k], b[k], c[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn copy(mask: u8, from: &Vector, to: &mut Vector) {
            *to = select(mask, to, from);
        }
    };
}

/// Products of blocks from `product`, `square_of` and `sum_of_products`.
macro_rules! products {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        pub(super) fn mul(
            constants: &Constants,
            a: Refs<'_, Vector>,
            b: Refs<'_, Vector>,
            out: &mut Block<Vector>,
        ) {
            for k in 0..BLOCK {
                out[k] = product(constants, a[k], b[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn square(constants: &Constants, a: Refs<'_, Vector>, out: &mut Block<Vector>) {
            for k in 0..BLOCK {
                out[k] = square_of(constants, a[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn mul_add(
            constants: &Constants,
            a: Refs<'_, Vector>,
            b: Refs<'_, Vector>,
            c: Refs<'_, Vector>,
            d: Refs<'_, Vector>,
            out: &mut Block<Vector>,
        ) {
            for k in 0..BLOCK {
                out[k] = sum_of_products(constants, [a[k], b[k]], [c[k], d[k]]);
            }
        }
    };
}

/// What additions of points over the base field divide by, from sums and `product`.
macro_rules! divisors_1 {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        pub(super) fn divisors_1(
            constants: &Constants,
            [[x1], [x2]]: [ElementRefs<'_, Vector, 1>; 2],
            (masks, one): (&[u8; BLOCK], &Vector),
            before: Refs<'_, Vector>,
            out: &mut Divisors<Vector, 1>,
            next: &mut Block<Vector>,
        ) {
            for k in 0..BLOCK {
                let d = select(masks[k], one, &difference(constants, x2[k], x1[k]));
                out.denominators[0][k] = d;
                next[k] = product(constants, before[k], &d);
            }
        }
    };
}

/// Butterflies from sums and `product`.
macro_rules! butterflies {
    ($features:literal, $limb:ty) => {
        /// `(a + b, (a - b)·c)`.
        #[inline]
        #[target_feature(enable = $features)]
        fn down(constants: &Constants, a: &mut Vector, b: &mut Vector, c: &Vector) {
            let difference = difference(constants, a, b);
            *a = plus_one(constants, a, b);
            *b = product(constants, &difference, c);
        }

        /// `(a + b·c, a - b·c)`.
        #[inline]
        #[target_feature(enable = $features)]
        fn up(constants: &Constants, a: &mut Vector, b: &mut Vector, c: &Vector) {
            *b = product(constants, b, c);
            plain(constants, a, b);
        }

        /// `(a + b, a - b)`.
        #[inline]
        #[target_feature(enable = $features)]
        fn plain(constants: &Constants, a: &mut Vector, b: &mut Vector) {
            let difference = less_one(constants, a, b);
            *a = plus_one(constants, a, b);
            *b = difference;
        }

        #[target_feature(enable = $features)]
        pub(super) fn butterfly_down(
            constants: &Constants,
            a: &mut Block<Vector>,
            b: &mut Block<Vector>,
            c: &Block<Vector>,
        ) {
            for k in 0..BLOCK {
                down(constants, &mut a[k], &mut b[k], &c[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn butterfly_up(
            constants: &Constants,
            a: &mut Block<Vector>,
            b: &mut Block<Vector>,
            c: &Block<Vector>,
        ) {
            for k in 0..BLOCK {
                up(constants, &mut a[k], &mut b[k], &c[k]);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn butterfly_down_by(
            constants: &Constants,
            a: &mut Block<Vector>,
            b: &mut Block<Vector>,
            c: &[[$limb; LIMBS]; BLOCK],
        ) {
            for k in 0..BLOCK {
                down(constants, &mut a[k], &mut b[k], &broadcast_limbs(&c[k]));
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn butterfly_up_by(
            constants: &Constants,
            a: &mut Block<Vector>,
            b: &mut Block<Vector>,
            c: &[[$limb; LIMBS]; BLOCK],
        ) {
            for k in 0..BLOCK {
                up(constants, &mut a[k], &mut b[k], &broadcast_limbs(&c[k]));
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn last_down(
            constants: &Constants,
            rows: &mut Eight<Vector>,
            (of_eight, of_four): LastFactors<'_, [$limb; LIMBS]>,
        ) {
            let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
            plain(constants, r0, r4);
            down(constants, r1, r5, &broadcast_limbs(&of_eight[1]));
            down(constants, r2, r6, &broadcast_limbs(&of_eight[2]));
            down(constants, r3, r7, &broadcast_limbs(&of_eight[3]));
            let quarter = broadcast_limbs(&of_four[1]);
            for [a, b, c, d] in [[r0, r1, r2, r3], [r4, r5, r6, r7]] {
                plain(constants, a, c);
                down(constants, b, d, &quarter);
                plain(constants, a, b);
                plain(constants, c, d);
            }
        }

        #[target_feature(enable = $features)]
        pub(super) fn first_up(
            constants: &Constants,
            rows: &mut Eight<Vector>,
            (of_eight, of_four): LastFactors<'_, [$limb; LIMBS]>,
        ) {
            let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
            let quarter = broadcast_limbs(&of_four[1]);
            for [a, b, c, d] in [
                [&mut *r0, &mut *r1, &mut *r2, &mut *r3],
                [&mut *r4, &mut *r5, &mut *r6, &mut *r7],
            ] {
                plain(constants, a, b);
                plain(constants, c, d);
                plain(constants, a, c);
                up(constants, b, d, &quarter);
            }
            plain(constants, r0, r4);
            up(constants, r1, r5, &broadcast_limbs(&of_eight[1]));
            up(constants, r2, r6, &broadcast_limbs(&of_eight[2]));
            up(constants, r3, r7, &broadcast_limbs(&of_eight[3]));
        }
    };
}

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

pub(super) use {arithmetic, butterflies, divisors_1, products, sums};
