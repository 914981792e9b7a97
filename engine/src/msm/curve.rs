//! The two groups of BN254, as the algorithms see them.

use ark_bn254::{Fq, Fq2, Fr, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::Affine;

use super::extension::{Base, Quadratic};
use super::schedule::Schedule;
use super::{sums, tables};
use crate::lanes::{Arithmetic, Pair, PointArithmetic};

/// One of the groups G1 and G2 of BN254.
pub trait Curve: AffineRepr<ScalarField = Fr> + Components {}

impl Curve for Affine<g1::Config> {}
impl Curve for Affine<g2::Config> {}

/// What the algorithms need of a group. Sealed: the module is private.
pub trait Components: Sized + Send + Sync {
    /// The degree of the field of coordinates over the base field.
    const DEGREE: usize;

    /// The coordinates of a point other than infinity, both of them for each component.
    fn components(&self) -> impl Iterator<Item = [Fq; 2]>;

    /// The point of such coordinates, which are on the curve.
    fn from_components(components: impl Iterator<Item = [Fq; 2]>) -> Self;
}

impl Components for Affine<g1::Config> {
    const DEGREE: usize = 1;

    fn components(&self) -> impl Iterator<Item = [Fq; 2]> {
        [[self.x, self.y]].into_iter()
    }

    fn from_components(mut components: impl Iterator<Item = [Fq; 2]>) -> Self {
        let mut next = || components.next().unwrap_or_default();
        let [x, y] = next();
        Self::new_unchecked(x, y)
    }
}

impl Components for Affine<g2::Config> {
    const DEGREE: usize = 2;

    fn components(&self) -> impl Iterator<Item = [Fq; 2]> {
        [[self.x.c0, self.y.c0], [self.x.c1, self.y.c1]].into_iter()
    }

    fn from_components(mut components: impl Iterator<Item = [Fq; 2]>) -> Self {
        let mut next = || components.next().unwrap_or_default();
        let [[x0, y0], [x1, y1]] = [next(), next()];
        Self::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1))
    }
}

/// An arithmetic of both groups' points.
pub(super) trait Points: PointArithmetic<1> + PointArithmetic<2> {}

impl<A: PointArithmetic<1> + PointArithmetic<2>> Points for A {}

/// As [`sums::sums`], for a group.
pub(super) fn add_up<G: Curve, A: Points>(
    arithmetic: A,
    table: &[Pair],
    schedules: &[Schedule],
) -> Vec<Pair> {
    match G::DEGREE {
        1 => sums::sums::<A, Base, 1>(arithmetic, table, schedules),
        _ => sums::sums::<A, Quadratic, 2>(arithmetic, table, schedules),
    }
}

/// As [`tables::double`], for a group.
pub(super) fn double<G: Curve, A: Points>(arithmetic: A, points: &[Pair], times: u32) -> Vec<Pair> {
    match G::DEGREE {
        1 => tables::double::<A, Base, 1>(arithmetic, points, times),
        _ => tables::double::<A, Quadratic, 2>(arithmetic, points, times),
    }
}

/// The pairs of a point other than infinity.
pub(super) fn pack<'a, G: Curve, A: Arithmetic<Fq>>(
    arithmetic: A,
    point: &'a G,
) -> impl Iterator<Item = Pair> + use<'a, G, A> {
    point
        .components()
        .map(move |[x, y]| Pair::new(arithmetic.pack(x), arithmetic.pack(y)))
}

/// The point of these pairs, or none for infinity.
pub(super) fn unpack<G: Curve, A: Arithmetic<Fq>>(arithmetic: A, point: &[Pair]) -> Option<G> {
    let element = |words| arithmetic.unpack(words);
    (!at_infinity(point))
        .then(|| G::from_components(point.iter().map(|pair| pair.split().map(element))))
}

/// Whether these are the pairs of the point at infinity.
pub(super) fn at_infinity(point: &[Pair]) -> bool {
    point.iter().all(|pair| pair.split()[1] == [0; 4])
}
