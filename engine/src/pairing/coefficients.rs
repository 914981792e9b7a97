//! Points times the random coefficients by which equations are added up.
//!
//! A coefficient is a + bλ with a and b of 64 bits, where the curve's endomorphism φ(x, y) = (βx, y)
//! multiplies by λ and λ² + λ + 1 = 0. Different pairs are different coefficients: were a + bλ zero
//! modulo r for differences a and b, a² - ab + b² would be a multiple of r, but it is less than 2^130,
//! and zero only where both are. So [a]P + [b]φ(P) takes half of a coefficient's doublings, and
//! P + φ(P) = -φ²(P) costs nothing.

use ark_ec::CurveGroup;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::{Affine, Projective};
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
    let scaled = points.iter().zip(by).map(|(point, by)| one(point, *by));
    Projective::normalize_batch(&scaled.collect::<Vec<_>>())
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

fn one<P: GLVConfig>(point: &Affine<P>, by: Coefficient) -> Projective<P> {
    let moved = P::endomorphism_affine(point);
    let sum = -P::endomorphism_affine(&moved);
    let mut scaled = Projective::ZERO;
    for bit in (0..u64::BITS).rev() {
        scaled.double_in_place();
        match (by.a >> bit & 1, by.b >> bit & 1) {
            (0, 0) => {}
            (1, 0) => scaled += point,
            (0, _) => scaled += moved,
            _ => scaled += sum,
        }
    }
    scaled
}
