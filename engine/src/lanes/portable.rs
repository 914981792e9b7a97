//! Lanes by arkworks' arithmetic, for processors without AVX512-IFMA.

use std::array::from_fn;

use super::{Arithmetic, BLOCK, LANES, LaneField, Pair, Refs, Words};

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

    fn load_pairs(self, pairs: [&Pair; LANES]) -> [Vector<F>; 2] {
        [0, 4]
            .map(|start| pairs.map(|pair| F::from_montgomery(from_fn(|word| pair.0[start + word]))))
    }

    fn prefetch(self, _: &Pair) {}

    fn transpose(self, vectors: [&Vector<F>; LANES]) -> [Vector<F>; LANES] {
        from_fn(|i| from_fn(|j| vectors[j][i]))
    }

    fn negate_if(self, mask: u8, a: &Vector<F>) -> Vector<F> {
        from_fn(|lane| if bit(mask, lane) { -a[lane] } else { a[lane] })
    }

    fn select(self, mask: u8, a: &Vector<F>, b: &Vector<F>) -> Vector<F> {
        from_fn(|lane| if bit(mask, lane) { b[lane] } else { a[lane] })
    }

    fn zeros(self, a: &Vector<F>) -> u8 {
        (0..LANES).fold(0, |mask, lane| mask | u8::from(a[lane].is_zero()) << lane)
    }

    fn mul(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>) -> [Vector<F>; BLOCK] {
        each(a, b, |a, b| a * b)
    }

    fn mul_add(
        self,
        a: Refs<'_, Vector<F>>,
        b: Refs<'_, Vector<F>>,
        c: Refs<'_, Vector<F>>,
        d: Refs<'_, Vector<F>>,
    ) -> [Vector<F>; BLOCK] {
        from_fn(|k| {
            from_fn(|lane| F::sum_of_products(&[a[k][lane], c[k][lane]], &[b[k][lane], d[k][lane]]))
        })
    }

    fn add(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>) -> [Vector<F>; BLOCK] {
        each(a, b, |a, b| a + b)
    }

    fn sub(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>) -> [Vector<F>; BLOCK] {
        each(a, b, |a, b| a - b)
    }

    fn add_narrow(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>) -> [Vector<F>; BLOCK] {
        each(a, b, |a, b| a + b)
    }

    fn sub_narrow(self, a: Refs<'_, Vector<F>>, b: Refs<'_, Vector<F>>) -> [Vector<F>; BLOCK] {
        each(a, b, |a, b| a - b)
    }

    fn sub_twice_narrow(
        self,
        a: Refs<'_, Vector<F>>,
        b: Refs<'_, Vector<F>>,
        c: Refs<'_, Vector<F>>,
    ) -> [Vector<F>; BLOCK] {
        from_fn(|k| from_fn(|lane| a[k][lane] - b[k][lane] - c[k][lane]))
    }

    fn butterfly_down(
        self,
        a: &mut [Vector<F>; BLOCK],
        b: &mut [Vector<F>; BLOCK],
        c: &[Vector<F>; BLOCK],
    ) {
        for k in 0..BLOCK {
            for lane in 0..LANES {
                let difference = a[k][lane] - b[k][lane];
                a[k][lane] += b[k][lane];
                b[k][lane] = difference * c[k][lane];
            }
        }
    }

    fn butterfly_up(
        self,
        a: &mut [Vector<F>; BLOCK],
        b: &mut [Vector<F>; BLOCK],
        c: &[Vector<F>; BLOCK],
    ) {
        for k in 0..BLOCK {
            for lane in 0..LANES {
                let product = b[k][lane] * c[k][lane];
                b[k][lane] = a[k][lane] - product;
                a[k][lane] += product;
            }
        }
    }
}

fn bit(mask: u8, lane: usize) -> bool {
    mask >> lane & 1 == 1
}

fn each<F: Copy>(
    a: Refs<'_, Vector<F>>,
    b: Refs<'_, Vector<F>>,
    op: impl Fn(F, F) -> F,
) -> [Vector<F>; BLOCK] {
    from_fn(|k| from_fn(|lane| op(a[k][lane], b[k][lane])))
}
