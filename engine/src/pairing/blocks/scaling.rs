//! Points of G1 times a coefficient each, as in [`super::super::scaling`], with the same formulas.

use ark_bn254::{Fq, G1Affine, g1};
use ark_ec::AffineRepr as _;
use ark_ec::scalar_mul::glv::GLVConfig as _;
use ark_ff::{AdditiveGroup as _, Field as _};

use super::super::coefficients::Coefficient;
use super::super::element::Element;
use super::super::scaling::{affine, steps};
use crate::lanes::{Arithmetic, BLOCK, LANES};

/// Fewer points are sooner scaled one by one.
pub(in crate::pairing) const FEWEST_POINTS: usize = 18;

/// At most as many points as a block has, times a coefficient each.
pub(in crate::pairing) fn scale_points<A: Arithmetic<Fq>>(
    arithmetic: A,
    points: &[G1Affine],
    by: &[Coefficient],
) -> Vec<G1Affine> {
    let coordinates = |i: usize| points.get(i).and_then(G1Affine::xy).unwrap_or_default();
    let of_vectors = by.chunks(LANES).map(steps).collect::<Vec<_>>();
    let masks = |step: usize, half: usize| {
        let mask = |k: usize| of_vectors.get(k).map_or(0, |steps| steps[step][half]);
        std::array::from_fn(mask)
    };
    let x = Element::pack(arithmetic, |i| coordinates(i).0);
    let y = Element::pack(arithmetic, |i| coordinates(i).1);
    let all = |element: Fq| Element::pack(arithmetic, |_| element);
    let beta = g1::Config::ENDO_COEFFS[0];
    let (once, twice) = (x.mul(&all(beta)), x.mul(&all(beta.square())));
    let zero = all(Fq::ZERO);
    let minus_y = zero.sub(&y);
    let mut scaled = Point {
        x: zero,
        y: all(Fq::ONE),
        z: zero,
    };
    for step in 0..u64::BITS as usize {
        scaled = scaled.double();
        let (a, b): ([u8; BLOCK], [u8; BLOCK]) = (masks(step, 0), masks(step, 1));
        let both = std::array::from_fn(|k| a[k] & b[k]);
        let either = std::array::from_fn(|k| a[k] | b[k]);
        let mut moved = x;
        moved.copy(&b, &once);
        moved.copy(&both, &twice);
        let mut ordinate = y;
        ordinate.copy(&both, &minus_y);
        let sum = scaled.add(&moved, &ordinate);
        scaled.x.copy(&either, &sum.x);
        scaled.y.copy(&either, &sum.y);
        scaled.z.copy(&either, &sum.z);
    }
    affine(
        points,
        [scaled.x, scaled.y, scaled.z].map(|part| part.unpack()),
    )
}

/// Points in homogeneous coordinates.
struct Point<A: Arithmetic<Fq>> {
    x: Element<A>,
    y: Element<A>,
    z: Element<A>,
}

impl<A: Arithmetic<Fq>> Point<A> {
    fn double(&self) -> Self {
        let y_square = self.y.square();
        let eight = y_square.double().double().double();
        let b = nine(&self.z.square());
        let rest = y_square.sub(&b.double().add(&b));
        Self {
            x: rest.mul(&self.x.mul(&self.y)).double(),
            y: b.mul_add(&eight, &rest, &y_square.wide_sum(&b)),
            z: self.y.mul(&self.z).mul(&eight),
        }
    }

    /// Adds points that are not the identity.
    fn add(&self, x: &Element<A>, y: &Element<A>) -> Self {
        let xx = self.x.mul(x);
        let yy = self.y.mul(y);
        let both = x.wide_sum(y).mul(&self.x.wide_sum(&self.y));
        let xy = both.sub_twice(&xx, &yy);
        let yz = y.mul(&self.z).add(&self.y);
        let xz = nine(&x.mul(&self.z).add(&self.x));
        let three_xx = xx.double().add(&xx);
        let bz = nine(&self.z);
        let (sum, rest) = (yy.wide_sum(&bz), yy.sub(&bz));
        Self {
            x: xy.mul_add(&rest, &yz, &xz.wide_negative()),
            y: sum.mul_add(&rest, &xz, &three_xx),
            z: sum.mul_add(&yz, &three_xx, &xy),
        }
    }
}

/// Nine times, which is three times the curve's b.
fn nine<A: Arithmetic<Fq>>(a: &Element<A>) -> Element<A> {
    a.double().double().double().add(a)
}
