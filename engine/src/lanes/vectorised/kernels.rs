//! Kernels on limbs, from the few operations that are an instruction set's own.

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

pub(in crate::lanes) use {butterflies, divisors_1, products, sums};
