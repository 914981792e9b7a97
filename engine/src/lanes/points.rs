//! Additions of points in lanes: the steps before and after the inversion that they share.

use ark_bn254::Fq;

use super::{Arithmetic, BLOCK, Block, Refs};

/// A block of elements of an extension of degree `D`, by component.
pub(crate) type Elements<V, const D: usize> = [Block<V>; D];

/// A block of elements of an extension by reference, by component.
pub(crate) type ElementRefs<'a, V, const D: usize> = [Refs<'a, V>; D];

/// Borrows a block.
pub(crate) fn refs<V, const D: usize>(elements: &Elements<V, D>) -> ElementRefs<'_, V, D> {
    elements.each_ref().map(|block| block.each_ref())
}

/// What a block of additions divides by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Divisors<V, const D: usize> {
    /// Differences of abscissas, narrow or wide.
    pub(crate) denominators: Elements<V, D>,
    /// Their norms to the base field, narrow, if they are not the norms themselves.
    pub(crate) norm: Block<V>,
}

/// The steps of additions of points with distinct abscissas, whose coordinates are narrow elements
/// of the extension of degree `D`: the field of BN254's points itself, or that by a root of -1.
pub(crate) trait PointArithmetic<const D: usize>: Arithmetic<Fq> {
    /// The divisors of additions of points with these abscissas where the masks have bits, and 1,
    /// which is given, elsewhere; and the product of `before` and their norms, narrow.
    fn divisors(
        self,
        abscissas: [ElementRefs<'_, Self::Vector, D>; 2],
        masks: (&[u8; BLOCK], &Self::Vector),
        before: Refs<'_, Self::Vector>,
        out: &mut Divisors<Self::Vector, D>,
        next: &mut Block<Self::Vector>,
    );

    /// The coordinates of sums of two points, narrow, given the inverses of the norms of their
    /// divisors.
    fn sums(
        self,
        left: [ElementRefs<'_, Self::Vector, D>; 2],
        right: [ElementRefs<'_, Self::Vector, D>; 2],
        divisors: &Divisors<Self::Vector, D>,
        inverse_norm: &Block<Self::Vector>,
        out: [&mut Elements<Self::Vector, D>; 2],
    );
}

#[cfg(test)]
mod tests {
    use std::array::from_fn;

    use ark_bn254::{Fq2, G1Affine, G2Affine};
    use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::{Field, UniformRand};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::lanes::{LANES, Portable};

    /// Coordinates as components.
    trait Components<const D: usize>: Field {
        fn split(self) -> [Fq; D];
        fn norm(self) -> Fq;
    }

    impl Components<1> for Fq {
        fn split(self) -> [Fq; 1] {
            [self]
        }

        fn norm(self) -> Fq {
            self
        }
    }

    impl Components<2> for Fq2 {
        fn split(self) -> [Fq; 2] {
            [self.c0, self.c1]
        }

        fn norm(self) -> Fq {
            self.c0.square() + self.c1.square()
        }
    }

    const POINTS: usize = BLOCK * LANES;

    fn elements<A: Arithmetic<Fq>, const D: usize>(
        a: A,
        value: impl Fn(usize) -> [Fq; D],
    ) -> Elements<A::Vector, D> {
        from_fn(|i| from_fn(|k| a.vector(from_fn(|lane| a.pack(value(LANES * k + lane)[i])))))
    }

    fn opened<A: Arithmetic<Fq>>(a: A, block: &Block<A::Vector>) -> [Fq; POINTS] {
        from_fn(|i| a.unpack(a.elements(&block[i / LANES])[i % LANES]))
    }

    fn check<P, A, const D: usize>(a: A)
    where
        P: SWCurveConfig<BaseField: Components<D>>,
        A: PointArithmetic<D>,
    {
        let mut rng = StdRng::seed_from_u64(12);
        let one = a.vector([a.pack(Fq::ONE); LANES]);
        for masks in [[0xff; BLOCK], [0xfe, 0, 0x81, 0x7f]] {
            let pairs: [[Affine<P>; 2]; POINTS] = from_fn(|_| from_fn(|_| Affine::rand(&mut rng)));
            let coordinates = |side: usize| {
                let x = elements(a, |i| pairs[i][side].x.split());
                [x, elements(a, |i| pairs[i][side].y.split())]
            };
            let (left, right) = (coordinates(0), coordinates(1));
            let [left, right] = [&left, &right].map(|[x, y]| [refs(x), refs(y)]);
            let factors: [Fq; POINTS] = from_fn(|_| Fq::rand(&mut rng));
            let [before] = elements(a, |i| [factors[i]]);
            let mut next = before;
            let mut divisors = Divisors {
                denominators: [before; D],
                norm: before,
            };
            let abscissas = [left[0], right[0]];
            let before = before.each_ref();
            a.divisors(abscissas, (&masks, &one), before, &mut divisors, &mut next);

            let active = |i: usize| masks[i / LANES] >> (i % LANES) & 1 == 1;
            let expected: [P::BaseField; POINTS] = from_fn(|i| match pairs[i] {
                [left, right] if active(i) => right.x - left.x,
                _ => P::BaseField::ONE,
            });
            for (component, block) in divisors.denominators.iter().enumerate() {
                // Wide elements are opened as products.
                let mut opens = *block;
                a.mul(block.each_ref(), [&one; BLOCK], &mut opens);
                let expected = expected.map(|element| element.split()[component]);
                assert_eq!(opened(a, &opens), expected);
            }
            let products: [Fq; POINTS] = from_fn(|i| factors[i] * expected[i].norm());
            assert_eq!(opened(a, &next), products);

            let inverse = |i: usize| [expected[i].norm().inverse().unwrap()];
            let [inverse_norm] = elements(a, inverse);
            let (mut x, mut y) = (divisors.denominators, divisors.denominators);
            a.sums(left, right, &divisors, &inverse_norm, [&mut x, &mut y]);
            for (i, [left, right]) in pairs.iter().enumerate().filter(|(i, _)| active(*i)) {
                let sum = (*left + *right).into_affine();
                let found = [&x, &y].map(|v| v.each_ref().map(|block| opened(a, block)[i]));
                assert_eq!(found, [sum.x.split(), sum.y.split()], "{i}");
            }
        }
    }

    #[test]
    fn sums_of_points_are_those_of_arkworks() {
        check::<<G1Affine as AffineRepr>::Config, _, 1>(Portable);
        check::<<G2Affine as AffineRepr>::Config, _, 2>(Portable);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = crate::lanes::Avx2::detect() {
            check::<<G1Affine as AffineRepr>::Config, _, 1>(avx2);
            check::<<G2Affine as AffineRepr>::Config, _, 2>(avx2);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(ifma) = crate::lanes::Ifma::detect() {
            check::<<G1Affine as AffineRepr>::Config, _, 1>(ifma);
            check::<<G2Affine as AffineRepr>::Config, _, 2>(ifma);
        }
    }
}
