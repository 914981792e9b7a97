//! Discrete Fourier transforms over BN254's scalar field, without a permutation by reversed bits.
//!
//! Transforms go from values in their order to coefficients in reversed order
//! ([`Transform::interpolate`]) and back ([`Transform::evaluate`]): what is done to coefficients
//! in between is done in that order.
//!
//! # Layout
//! Values are in vectors of eight neighbours. Pairs in the three outermost levels of butterflies
//! are then in different vectors. After these the vectors are transposed, so that each lane holds
//! an eighth of the values, and the other levels have the same factors in all lanes.

use std::array::from_fn;

use ark_bn254::Fr;
use ark_ff::{FftField, Field};

use crate::lanes::{BLOCK, Block, Butterflies, LANES, LastFactors};

/// Values that transforms have at least: in the third level a part has a block in each half.
pub(crate) const SMALLEST: usize = LANES * LANES * BLOCK;

/// Levels before the transposition.
const OUTER: usize = 3;

/// Vectors in a part that is transformed on one thread.
const SERIAL: usize = 512;

/// The factors of transforms of one size.
#[derive(Debug)]
pub(crate) struct Transform<A: Butterflies<Fr>> {
    arithmetic: A,
    size: usize,
    forward: Factors<A>,
    backward: Factors<A>,
}

/// The powers of a root of unity, for each level from the outermost.
#[derive(Debug)]
struct Factors<A: Butterflies<Fr>> {
    outer: [Vec<A::Vector>; OUTER],
    inner: Vec<Vec<A::Factor>>,
}

impl<A: Butterflies<Fr>> Transform<A> {
    /// The transform of `size` values, a power of two from [`SMALLEST`] to 2^28.
    pub(crate) fn new(arithmetic: A, size: usize) -> Self {
        assert!(size.is_power_of_two() && size >= SMALLEST);
        let root = Fr::get_root_of_unity(size as u64).expect("there are roots up to 2^28");
        let inverse = Fr::get_root_of_unity(size as u64)
            .and_then(|root| root.inverse())
            .expect("roots of unity are not zero");
        Self {
            arithmetic,
            size,
            forward: Factors::new(arithmetic, root, size),
            backward: Factors::new(arithmetic, inverse, size),
        }
    }

    /// The vectors of some values, filled up with zeros, all of them divided by the arithmetic's
    /// scale.
    pub(crate) fn vectors_scaled(&self, values: &[Fr]) -> Vec<A::Vector> {
        let full = values.chunks(LANES).map(|values| {
            let mut words = [[0; 4]; LANES];
            for (words, value) in words.iter_mut().zip(values) {
                *words = self.arithmetic.pack_scaled(*value);
            }
            self.arithmetic.vector(words)
        });
        let mut vectors: Vec<A::Vector> = Vec::with_capacity(self.size / LANES);
        vectors.extend(full);
        let zero = self.arithmetic.vector([[0; 4]; LANES]);
        vectors.resize(self.size / LANES, zero);
        vectors
    }

    /// A vector for each vector of coefficients, made from their indices.
    pub(crate) fn by_coefficient(&self, element: impl Fn(usize) -> Fr) -> Vec<A::Vector> {
        let eighth = self.size / LANES;
        (0..eighth)
            .map(|row| {
                self.arithmetic.vector(from_fn(|lane| {
                    self.arithmetic
                        .pack(element(self.reverse(lane * eighth + row)))
                }))
            })
            .collect()
    }

    /// The coefficients in their order, multiplied by the arithmetic's scale.
    pub(crate) fn coefficients_scaled(&self, vectors: &[A::Vector]) -> Vec<Fr> {
        let eighth = self.size / LANES;
        let mut coefficients = vec![Fr::default(); self.size];
        for (row, vector) in vectors.iter().enumerate() {
            for (lane, words) in self.arithmetic.elements(vector).into_iter().enumerate() {
                let coefficient = &mut coefficients[self.reverse(lane * eighth + row)];
                *coefficient = self.arithmetic.unpack_scaled(words);
            }
        }
        coefficients
    }

    fn reverse(&self, index: usize) -> usize {
        index.reverse_bits() >> (usize::BITS - self.size.trailing_zeros())
    }

    /// The coefficients, times the size, of the polynomial with these values at the roots of unity.
    pub(crate) fn interpolate(&self, mut values: Vec<A::Vector>) -> Vec<A::Vector> {
        self.outer_down(&mut values, &self.backward.outer);
        let mut rows = self.transpose_in(&values);
        self.inner_down(&mut rows, &self.backward.inner);
        rows
    }

    /// The values at the roots of unity of the polynomial with these coefficients.
    pub(crate) fn evaluate(&self, mut coefficients: Vec<A::Vector>) -> Vec<A::Vector> {
        self.inner_up(&mut coefficients, &self.forward.inner);
        let mut values = self.transpose_out(&coefficients);
        self.outer_up(&mut values, &self.forward.outer);
        values
    }

    fn transpose_in(&self, values: &[A::Vector]) -> Vec<A::Vector> {
        let mut rows = values.to_vec();
        let (tiles, _) = rows.as_chunks_mut::<LANES>();
        let distance = tiles.len();
        for (tile, rows) in tiles.iter_mut().enumerate() {
            let vectors = from_fn(|lane| &values[lane * distance + tile]);
            self.arithmetic.transpose(vectors, rows);
        }
        rows
    }

    fn transpose_out(&self, rows: &[A::Vector]) -> Vec<A::Vector> {
        let (tiles, _) = rows.as_chunks::<LANES>();
        let mut values = rows.to_vec();
        let Some(first) = tiles.first() else {
            return values;
        };
        let mut vectors = *first;
        for (tile, rows) in tiles.iter().enumerate() {
            self.arithmetic.transpose(rows.each_ref(), &mut vectors);
            for (lane, vector) in vectors.iter().enumerate() {
                values[lane * tiles.len() + tile] = *vector;
            }
        }
        values
    }

    fn outer_down(&self, values: &mut [A::Vector], levels: &[Vec<A::Vector>]) {
        if let [level, levels @ ..] = levels {
            let (low, high) = values.split_at_mut(values.len() / 2);
            in_parts(low, high, level, &|low, high, factors| {
                self.arithmetic.butterfly_down(low, high, factors);
            });
            join(low, high, |half| self.outer_down(half, levels));
        }
    }

    fn outer_up(&self, values: &mut [A::Vector], levels: &[Vec<A::Vector>]) {
        if let [level, levels @ ..] = levels {
            let (low, high) = values.split_at_mut(values.len() / 2);
            join(low, high, |half| self.outer_up(half, levels));
            in_parts(low, high, level, &|low, high, factors| {
                self.arithmetic.butterfly_up(low, high, factors);
            });
        }
    }

    fn inner_down(&self, rows: &mut [A::Vector], levels: &[Vec<A::Factor>]) {
        if let ([rows], Some(factors)) = (rows.as_chunks_mut().0, last_factors(levels)) {
            return self.arithmetic.last_down(rows, factors);
        }
        if let [level, levels @ ..] = levels {
            let (low, high) = rows.split_at_mut(rows.len() / 2);
            in_parts(low, high, level, &|low, high, factors| {
                self.arithmetic.butterfly_down_by(low, high, factors);
            });
            join(low, high, |half| self.inner_down(half, levels));
        }
    }

    fn inner_up(&self, rows: &mut [A::Vector], levels: &[Vec<A::Factor>]) {
        if let ([rows], Some(factors)) = (rows.as_chunks_mut().0, last_factors(levels)) {
            return self.arithmetic.first_up(rows, factors);
        }
        if let [level, levels @ ..] = levels {
            let (low, high) = rows.split_at_mut(rows.len() / 2);
            join(low, high, |half| self.inner_up(half, levels));
            in_parts(low, high, level, &|low, high, factors| {
                self.arithmetic.butterfly_up_by(low, high, factors);
            });
        }
    }
}

/// The factors of the last three levels, if these are they.
fn last_factors<F>(levels: &[Vec<F>]) -> Option<LastFactors<'_, F>> {
    match levels {
        [of_eight, of_four, _] => Some((of_eight.first_chunk()?, of_four.first_chunk()?)),
        _ => None,
    }
}

impl<A: Butterflies<Fr>> Factors<A> {
    fn new(arithmetic: A, root: Fr, size: usize) -> Self {
        let powers: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |power| Some(*power * root))
            .take(size / 2)
            .collect();
        let outer = from_fn(|level| {
            let at = |index: usize| arithmetic.pack(powers[index << level]);
            (0..(size / 2 / LANES) >> level)
                .map(|vector| arithmetic.vector(from_fn(|lane| at(LANES * vector + lane))))
                .collect()
        });
        let inner = (OUTER..size.trailing_zeros() as usize)
            .map(|level| {
                let powers = powers.iter().step_by(1 << level);
                powers.map(|power| arithmetic.factor(*power)).collect()
            })
            .collect();
        Self { outer, inner }
    }
}

/// Both halves, on two threads if they are worth it.
fn join<V: Send>(low: &mut [V], high: &mut [V], transform: impl Fn(&mut [V]) + Sync) {
    if low.len() >= SERIAL {
        rayon::join(|| transform(low), || transform(high));
    } else {
        transform(low);
        transform(high);
    }
}

/// A level, block by block, in parts on several threads if it is worth them.
fn in_parts<V: Send, F: Sync>(
    low: &mut [V],
    high: &mut [V],
    factors: &[F],
    butterfly: &(impl Fn(&mut Block<V>, &mut Block<V>, &[F; BLOCK]) + Sync),
) {
    if low.len() > SERIAL {
        let middle = low.len() / 2;
        let (low_1, low_2) = low.split_at_mut(middle);
        let (high_1, high_2) = high.split_at_mut(middle);
        let (factors_1, factors_2) = factors.split_at(middle);
        rayon::join(
            || in_parts(low_1, high_1, factors_1, butterfly),
            || in_parts(low_2, high_2, factors_2, butterfly),
        );
        return;
    }
    let blocks = low.as_chunks_mut().0.iter_mut().zip(high.as_chunks_mut().0);
    for ((low, high), factors) in blocks.zip(factors.as_chunks().0) {
        butterfly(low, high, factors);
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::lanes::Portable;

    fn check<A: Butterflies<Fr>>(arithmetic: A, largest: u32) {
        let mut rng = StdRng::seed_from_u64(8);
        for log in SMALLEST.trailing_zeros()..=largest {
            let size = 1 << log;
            let transform = Transform::new(arithmetic, size);
            let domain = Radix2EvaluationDomain::<Fr>::new(size).unwrap();
            let mut unit = vec![Fr::from(0); size];
            unit[size / 2 + 1] = -Fr::ONE;
            let random = (0..size).map(|_| Fr::rand(&mut rng)).collect();
            for values in [random, unit, vec![Fr::from(7); size], vec![-Fr::ONE; 3]] {
                let found = transform.interpolate(transform.vectors_scaled(&values));
                let mut expected = domain.ifft(&values);
                for coefficient in &mut expected {
                    *coefficient *= Fr::from(size as u64);
                }
                assert_eq!(
                    transform.coefficients_scaled(&found),
                    expected,
                    "size {size}"
                );
                let back = transform.evaluate(found);
                for (i, vector) in back.iter().enumerate() {
                    for (lane, words) in arithmetic.elements(vector).into_iter().enumerate() {
                        let value = values.get(LANES * i + lane).copied().unwrap_or_default();
                        let found = arithmetic.unpack_scaled(words);
                        assert_eq!(found, value * Fr::from(size as u64), "size {size}");
                    }
                }
            }
        }
    }

    #[test]
    fn portable_transforms_agree_with_arkworks() {
        check(Portable, 13);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn avx2_transforms_agree_with_arkworks() {
        match crate::lanes::Avx2::detect() {
            Some(avx2) => check(avx2, 16),
            None => eprintln!("skipped: this processor has no AVX2"),
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn ifma_transforms_agree_with_arkworks() {
        match crate::lanes::Ifma::detect() {
            Some(ifma) => check(ifma, 16),
            None => eprintln!("skipped: this processor has no AVX512-IFMA"),
        }
    }
}
