//! Lanes by arkworks' arithmetic, for processors without AVX512-IFMA and AVX2.

mod butterflies;
mod field;
mod points;

use std::array::from_fn;

use self::field::{add, mul, sub};
use super::{Arithmetic, Block, LANES, LaneField, Pair, Refs, Words};

/// Lanes that are arkworks' elements, always fully reduced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

type Vector<F> = [F; LANES];

impl<F: LaneField> Arithmetic<F> for Portable {
    type Vector = Vector<F>;

    fn pack(self, value: F) -> Words {
        value.to_montgomery()
    }

    fn unpack(self, words: Words) -> F {
        F::from_montgomery(words)
    }

    fn scale(self) -> F {
        F::one()
    }

    fn pack_scaled(self, value: F) -> Words {
        value.to_montgomery()
    }

    fn unpack_scaled(self, words: Words) -> F {
        F::from_montgomery(words)
    }

    fn vector(self, elements: [Words; LANES]) -> Vector<F> {
        elements.map(F::from_montgomery)
    }

    fn elements(self, vector: &Vector<F>) -> [Words; LANES] {
        vector.map(F::to_montgomery)
    }

    fn load_pairs(self, pairs: [&Pair; LANES], first: &mut Vector<F>, second: &mut Vector<F>) {
        for (lane, pair) in pairs.into_iter().enumerate() {
            let [a, b] = pair.split();
            first[lane] = F::from_montgomery(a);
            second[lane] = F::from_montgomery(b);
        }
    }

    fn prefetch(self, _: &Pair) {}

    fn transpose(self, vectors: [&Vector<F>; LANES], out: &mut [Vector<F>; LANES]) {
        *out = from_fn(|i| from_fn(|j| vectors[j][i]));
    }

    fn negate_if(self, mask: u8, a: &mut Vector<F>) {
        for lane in (0..LANES).filter(|&lane| bit(mask, lane)) {
            a[lane] = -a[lane];
        }
    }

    fn copy(self, mask: u8, from: &Vector<F>, to: &mut Vector<F>) {
        for lane in (0..LANES).filter(|&lane| bit(mask, lane)) {
            to[lane] = from[lane];
        }
    }

    fn select(self, mask: u8, a: &Vector<F>, b: &Vector<F>) -> Vector<F> {
        from_fn(|lane| if bit(mask, lane) { b[lane] } else { a[lane] })
    }

    fn zeros(self, a: &Vector<F>) -> u8 {
        (0..LANES).fold(0, |mask, lane| mask | u8::from(a[lane].is_zero()) << lane)
    }

    fn mul(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>, out: &mut Block<Vector<F>>) {
        each(out, |k, lane| mul(&a[k][lane], &b[k][lane]));
    }

    fn square(self, a: Refs<'_, Vector<F>>, out: &mut Block<Vector<F>>) {
        each(out, |k, lane| mul(&a[k][lane], &a[k][lane]));
    }

    fn mul_add(
        self,
        a: Refs<'_, Vector<F>>,
        b: Refs<'_, Vector<F>>,
        c: Refs<'_, Vector<F>>,
        d: Refs<'_, Vector<F>>,
        out: &mut Block<Vector<F>>,
    ) {
        each(out, |k, lane| {
            F::sum_of_products(&[a[k][lane], c[k][lane]], &[b[k][lane], d[k][lane]])
        });
    }

    fn add(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>, out: &mut Block<Vector<F>>) {
        each(out, |k, lane| add(&a[k][lane], &b[k][lane]));
    }

    fn sub(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>, out: &mut Block<Vector<F>>) {
        each(out, |k, lane| sub(&a[k][lane], &b[k][lane]));
    }

    fn negate(self, a: Refs<'_, Vector<F>>, out: &mut Block<Vector<F>>) {
        each(out, |k, lane| -a[k][lane]);
    }

    fn add_narrow(
        self,
        a: Refs<'_, Vector<F>>,
        b: Refs<'_, Vector<F>>,
        out: &mut Block<Vector<F>>,
    ) {
        each(out, |k, lane| add(&a[k][lane], &b[k][lane]));
    }

    fn sub_narrow(
        self,
        a: Refs<'_, Vector<F>>,
        b: Refs<'_, Vector<F>>,
        out: &mut Block<Vector<F>>,
    ) {
        each(out, |k, lane| sub(&a[k][lane], &b[k][lane]));
    }

    fn sub_twice_narrow(
        self,
        a: Refs<'_, Vector<F>>,
        b: Refs<'_, Vector<F>>,
        c: Refs<'_, Vector<F>>,
        out: &mut Block<Vector<F>>,
    ) {
        each(out, |k, lane| {
            sub(&sub(&a[k][lane], &b[k][lane]), &c[k][lane])
        });
    }
}

fn bit(mask: u8, lane: usize) -> bool {
    mask >> lane & 1 == 1
}

#[inline(always)]
fn each<F>(out: &mut Block<Vector<F>>, value: impl Fn(usize, usize) -> F) {
    for (k, vector) in out.iter_mut().enumerate() {
        for (lane, element) in vector.iter_mut().enumerate() {
            *element = value(k, lane);
        }
    }
}
