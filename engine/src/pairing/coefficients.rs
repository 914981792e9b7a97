//! Points times the random coefficients by which equations are added up.
//!
//! A coefficient is a + bλ with a and b of 64 bits, where the curve's endomorphism φ(x, y) = (βx, y)
//! multiplies by λ and λ² + λ + 1 = 0. Different pairs are different coefficients: were a + bλ zero
//! modulo r for differences a and b, a² - ab + b² would be a multiple of r, but it is less than 2^130,
//! and zero only where both are. So [a]P + [b]φ(P) takes half of a coefficient's doublings, and
//! P + φ(P) = -φ²(P) costs nothing.

use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::AdditiveGroup;

/// One of 2^128 coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coefficient {
    pub(super) a: u64,
    pub(super) b: u64,
}

impl From<u128> for Coefficient {
    fn from(bits: u128) -> Self {
        Self {
            a: bits as u64,
            b: (bits >> 64) as u64,
        }
    }
}

impl Coefficient {
    pub(super) fn scalar<P: GLVConfig>(self) -> P::ScalarField {
        P::ScalarField::from(self.a) + P::ScalarField::from(self.b) * P::LAMBDA
    }
}

/// Points times coefficients.
pub(super) fn scale<P: GLVConfig>(points: &[Affine<P>], by: &[Coefficient]) -> Vec<Affine<P>> {
    let each = points.chunks(1).zip(by.chunks(1));
    let scaled: Vec<_> = each.map(|(point, by)| sum(point, by)).collect();
    Projective::normalize_batch(&scaled)
}

/// Fewer points are sooner added up here than by a multi-scalar multiplication.
pub(super) const FEWEST: usize = 24;

/// The sum of points times a coefficient each: a doubling is one for all of them.
pub(super) fn sum<P: GLVConfig>(points: &[Affine<P>], by: &[Coefficient]) -> Projective<P> {
    let choices = points.iter().map(|point| {
        let moved = P::endomorphism_affine(point);
        let both = -P::endomorphism_affine(&moved);
        [Affine::zero(), *point, moved, both]
    });
    let choices: Vec<_> = choices.collect();
    let mut sum = Projective::ZERO;
    for bit in (0..u64::BITS).rev() {
        sum.double_in_place();
        for (choices, by) in choices.iter().zip(by) {
            let choice = by.a >> bit & 1 | (by.b >> bit & 1) << 1;
            if choice != 0 {
                sum += choices[choice as usize];
            }
        }
    }
    sum
}

/// Points and their images under φ, and each one's half of a coefficient.
pub(super) fn halves<P: GLVConfig>(
    points: &[Affine<P>],
    by: &[Coefficient],
) -> (Vec<Affine<P>>, Vec<P::ScalarField>) {
    let both = points.iter().zip(by).flat_map(|(point, by)| {
        let moved = P::endomorphism_affine(point);
        [(*point, P::ScalarField::from(by.a)), (moved, by.b.into())]
    });
    both.unzip()
}
