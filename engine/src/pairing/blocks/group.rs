//! Which points of the twist are in the group of prime order.

use ark_bn254::{Config, Fq, Fq2, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::bn::BnConfig as _;
use ark_ff::{AdditiveGroup as _, Zero as _};

use super::super::digits;
use super::super::points::PointArithmetic;
use super::WIDTH;
use super::point::{Affine, Constants, Point};
use crate::lanes::{Arithmetic, Avx2};

impl PointArithmetic for Avx2 {
    const FEWEST: usize = 14;

    fn in_group(self, points: &[G2Affine]) -> Vec<bool> {
        let block = |points: &[G2Affine]| match points.len() < FEWEST {
            true => points.iter().map(is_in_group).collect(),
            false => in_group(self, points)[..points.len()].to_vec(),
        };
        points.chunks(WIDTH).flat_map(block).collect()
    }
}

/// Fewer points are sooner checked one by one.
const FEWEST: usize = 12;

/// The same of one point, by arkworks' additions: half as many as in its own check.
fn is_in_group(q: &G2Affine) -> bool {
    let mut sum = q.into_group();
    for digit in digits() {
        sum.double_in_place();
        match digit {
            1 => sum += q,
            -1 => sum -= q,
            _ => {}
        }
    }
    let once = frobenius(q);
    let twice = frobenius(&once);
    sum += once;
    sum -= twice;
    sum += frobenius(&twice);
    !q.is_zero() && sum.is_zero()
}

/// ψ(Q).
fn frobenius(q: &G2Affine) -> G2Affine {
    let conjugate = |element: Fq2| Fq2::new(element.c0, -element.c1);
    G2Affine::new_unchecked(
        conjugate(q.x) * Config::TWIST_MUL_BY_Q_X,
        conjugate(q.y) * Config::TWIST_MUL_BY_Q_Y,
    )
}

/// Which of at most as many points of the twist as a block has are in the group of prime order;
/// the identity is not. [`super::super::lines::in_group`] says why.
pub(super) fn in_group<A: Arithmetic<Fq>>(arithmetic: A, points: &[G2Affine]) -> [bool; WIDTH] {
    let q = Affine::pack(arithmetic, |i| points.get(i).copied().unwrap_or_default());
    let minus_q = q.negative();
    let constants = Constants::new(arithmetic);
    let mut point = Point::new(&q, &constants);
    for digit in digits() {
        point.double(&constants);
        match digit {
            1 => point.add(&q),
            -1 => point.add(&minus_q),
            _ => {}
        }
    }
    let once = constants.frobenius(&q);
    let twice = constants.frobenius(&once);
    point.add(&once);
    point.add(&twice.negative());
    let thrice = constants.frobenius(&twice);
    let z = point.z.unpack();
    let x = point.x.sub(&thrice.x.mul(&point.z)).unpack();
    let y = point.y.add(&thrice.y.mul(&point.z)).unpack();
    std::array::from_fn(|i| !z[i].is_zero() && x[i].is_zero() && y[i].is_zero())
}
