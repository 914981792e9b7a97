//! Points of BN254 from their compressed encodings, checked to be in their groups, many at a time.
//!
//! A point is what arkworks reads: x, and which of two y it has. As p is 3 modulo 4, a root of v is
//! v·v^((p-3)/4), where there is one. Roots in Fq take one such power and those in Fq2 two, without
//! a division; powers are taken in lanes. Nothing here is secret.

use std::sync::LazyLock;

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine, g1, g2};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig, SWFlags};
use ark_ff::{AdditiveGroup, BigInteger as _, Field, PrimeField};
use ark_serialize::{CanonicalDeserialize as _, CanonicalDeserializeWithFlags as _};

use super::element::Element;
use crate::lanes::{Arithmetic, BLOCK, LANES};

/// An arithmetic that reads points.
pub(super) trait PointArithmetic: Arithmetic<Fq> {
    /// Fewer powers are sooner taken one by one.
    const FEWEST: usize;

    /// Which points of the twist are in the group of prime order; the identity is not.
    fn in_group(self, points: &[G2Affine]) -> Vec<bool>;
}

/// Points of G1.
pub(super) fn read_g1<A: PointArithmetic>(
    arithmetic: A,
    encodings: &[&[u8]],
) -> Vec<Option<G1Affine>> {
    let halves: Vec<_> = encodings.iter().map(half::<g1::Config>).collect();
    let squares: Vec<_> = halves.iter().map(y_squared).collect();
    let points = halves.iter().zip(roots(arithmetic, &squares));
    let points = points.zip(encodings).map(|((half, root), encoding)| {
        let Some(half) = half else {
            return G1Affine::deserialize_compressed(*encoding).ok();
        };
        root.map(|root| half.with(root))
    });
    points.collect()
}

/// Points of G2.
pub(super) fn read_g2<A: PointArithmetic>(
    arithmetic: A,
    encodings: &[&[u8]],
) -> Vec<Option<G2Affine>> {
    let halves: Vec<_> = encodings.iter().map(half::<g2::Config>).collect();
    let squares: Vec<_> = halves.iter().map(y_squared).collect();
    let points = halves.iter().zip(roots_of_extension(arithmetic, &squares));
    let mut points: Vec<_> = points
        .map(|(half, root)| Some(half.as_ref()?.with(root?)))
        .collect();
    let some: Vec<_> = points
        .iter()
        .map(|point| point.unwrap_or_default())
        .collect();
    for (point, in_group) in points.iter_mut().zip(arithmetic.in_group(&some)) {
        *point = point.filter(|_| in_group);
    }
    for ((point, half), encoding) in points.iter_mut().zip(&halves).zip(encodings) {
        if half.is_none() {
            *point = G2Affine::deserialize_compressed(*encoding).ok();
        }
    }
    points
}

/// What an encoding says of a point that is not the identity.
struct Half<P: SWCurveConfig> {
    x: P::BaseField,
    y_squared: P::BaseField,
    is_positive: bool,
}

/// `None` for the identity, and for what is no encoding: both are arkworks' to read.
fn half<P: SWCurveConfig>(encoding: &&[u8]) -> Option<Half<P>> {
    let (x, flags) = P::BaseField::deserialize_with_flags::<_, SWFlags>(*encoding).ok()?;
    Some(Half {
        x,
        y_squared: P::add_b(x.square() * x),
        is_positive: flags.is_positive()?,
    })
}

fn y_squared<P: SWCurveConfig>(half: &Option<Half<P>>) -> P::BaseField {
    half.as_ref()
        .map_or(P::BaseField::ZERO, |half| half.y_squared)
}

impl<P: SWCurveConfig> Half<P> {
    /// The point with one or the other y. That it is of the group is still to be checked, where the
    /// curve has others.
    fn with(&self, y: P::BaseField) -> Affine<P> {
        let is_positive = y < -y;
        let y = if is_positive == self.is_positive {
            y
        } else {
            -y
        };
        Affine::new_unchecked(self.x, y)
    }
}

/// A root of each value that has one.
fn roots<A: PointArithmetic>(arithmetic: A, values: &[Fq]) -> Vec<Option<Fq>> {
    let powers = powers(arithmetic, values);
    let root = |(value, power): (&Fq, Fq)| Some(*value * power).filter(|r| r.square() == *value);
    values.iter().zip(powers).map(root).collect()
}

/// The same in the extension, where v = (a + bu)² has the norm (a² + b²)², and 2a² is the root of the
/// norm or its opposite, plus the real part of v.
fn roots_of_extension<A: PointArithmetic>(arithmetic: A, values: &[Fq2]) -> Vec<Option<Fq2>> {
    let norm = |value: &Fq2| value.c0.square() + value.c1.square();
    let norms: Vec<Fq> = values.iter().map(norm).collect();
    let half = Fq::from(2u64).inverse().expect("two is not zero");
    let norms = roots(arithmetic, &norms);
    let real_squared =
        |(value, norm): (&Fq2, &Option<Fq>)| (norm.unwrap_or_default() + value.c0) * half;
    let squares: Vec<Fq> = values.iter().zip(&norms).map(real_squared).collect();
    let powers = powers(arithmetic, &squares);
    let root = |(i, value): (usize, &Fq2)| {
        norms[i]?;
        if value.c1 == Fq::ZERO {
            return value.sqrt();
        }
        // s² is the square or its opposite, as the sign of s·d says; and 1/s is d or its opposite.
        let (d, s) = (powers[i], squares[i] * powers[i]);
        let sign = s * d;
        let other = value.c1 * half * sign * d;
        let root = match sign == Fq::ONE {
            true => Fq2::new(s, other),
            false => Fq2::new(other, s),
        };
        Some(root).filter(|root| root.square() == *value)
    };
    values.iter().enumerate().map(root).collect()
}

/// Each value to the power of (p - 3)/4.
fn powers<A: PointArithmetic>(arithmetic: A, values: &[Fq]) -> Vec<Fq> {
    if values.len() < A::FEWEST {
        return values.iter().map(|value| value.pow(EXPONENT.0)).collect();
    }
    let mut powers = Vec::with_capacity(values.len());
    for values in values.chunks(BLOCK * LANES) {
        let base = Element::pack(arithmetic, |i| values.get(i).copied().unwrap_or_default());
        powers.extend(&power(arithmetic, &base).unpack()[..values.len()]);
    }
    powers
}

/// (p - 3)/4, and its digits to base 16, the most significant first.
static EXPONENT: LazyLock<([u64; 4], Vec<usize>)> = LazyLock::new(|| {
    let mut exponent = Fq::MODULUS;
    // p is 3 modulo 4.
    exponent.div2();
    exponent.div2();
    let bits = exponent.to_bits_be();
    let digit = |bits: &[bool]| bits.iter().fold(0, |n, &bit| 2 * n + usize::from(bit));
    (exponent.0, bits.chunks(4).map(digit).collect())
});

/// The powers of a block, which are so many chains of multiplications for the processor to mix.
fn power<A: Arithmetic<Fq>>(arithmetic: A, base: &Element<A>) -> Element<A> {
    let mut table = [Element::pack(arithmetic, |_| Fq::ONE); 16];
    for i in 1..table.len() {
        table[i] = table[i - 1].mul(base);
    }
    let mut power = table[0];
    for &digit in &EXPONENT.1 {
        for _ in 0..4 {
            power = power.square();
        }
        power = power.mul(&table[digit]);
    }
    power
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::lanes::{Avx2, Ifma};

    #[test]
    fn roots_by_ifma_are_there_where_arkworks_finds_one() {
        match Ifma::detect() {
            Some(ifma) => assert_finds_roots(ifma),
            None => eprintln!("NOT RUN: this processor has no AVX512-IFMA"),
        }
    }

    #[test]
    fn roots_by_avx2_are_there_where_arkworks_finds_one() {
        match Avx2::detect() {
            Some(avx2) => assert_finds_roots(avx2),
            None => eprintln!("NOT RUN: this processor has no AVX2"),
        }
    }

    fn assert_finds_roots(arithmetic: impl PointArithmetic) {
        let rng = &mut StdRng::seed_from_u64(4);
        let (zero, one) = (Fq::ZERO, Fq::ONE);
        let five = Fq::from(5u64);
        let parts = [zero, one, -one, five, -five];
        let edges = parts.iter().flat_map(|a| parts.map(|b| Fq2::new(*a, b)));
        let edges: Vec<_> = edges.flat_map(|v| [v, v.square()]).collect();
        for count in [0, 1, 3, 4, 31, 33, 100] {
            let random = |_| Fq2::rand(rng);
            let values: Vec<Fq2> = (0..count).map(random).chain(edges.clone()).collect();
            for (value, root) in values.iter().zip(roots_of_extension(arithmetic, &values)) {
                assert_eq!(root.is_some(), value.sqrt().is_some(), "{value}");
                assert!(root.is_none_or(|root| root.square() == *value), "{value}");
            }
            let values: Vec<Fq> = values.iter().map(|value| value.c0).collect();
            for (value, root) in values.iter().zip(roots(arithmetic, &values)) {
                assert_eq!(root.is_some(), value.sqrt().is_some(), "{value}");
            }
        }
    }
}
