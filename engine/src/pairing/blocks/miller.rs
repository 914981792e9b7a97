//! Products of Miller loops, each lane with some pairs of one product.

use ark_bn254::{Fq, Fq12, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::AdditiveGroup as _;

use super::super::digits;
use super::super::element::Element;
use super::WIDTH;
use super::point::{Affine, Constants, Line, Point};
use super::target::Target;
use crate::lanes::{Arithmetic, BLOCK, LANES};

/// A pair a lane.
struct Pairs<A: Arithmetic<Fq>> {
    /// Where lines are evaluated.
    x: Element<A>,
    minus_y: Element<A>,
    q: Affine<A>,
    minus_q: Affine<A>,
    point: Point<A>,
    /// The lanes that have a pair; nothing where all have.
    some: Option<[u8; BLOCK]>,
}

/// Fewer pairs are sooner taken one by one.
pub(in crate::pairing) const FEWEST_PAIRS: usize = 18;

/// How many of some products of so many pairs are taken at a time: all threads have some, unless
/// their lanes would have too few pairs for the squarings that these share.
pub(in crate::pairing) fn at_once(products: usize, pairs: usize) -> usize {
    let fewest = (2 * WIDTH).div_ceil(pairs.max(1));
    let share = products.div_ceil(rayon::current_num_threads());
    share.max(fewest).min(WIDTH)
}

/// The product of the Miller loops of each of at most as many lists of pairs as a block has lanes;
/// pairs with an identity count as one.
pub(in crate::pairing) fn miller_loops<A: Arithmetic<Fq>>(
    arithmetic: A,
    products: &[&[(G1Affine, G2Affine)]],
) -> Vec<Fq12> {
    let lanes = WIDTH / products.len().max(1);
    let longest = products.iter().map(|pairs| pairs.len()).max().unwrap_or(0);
    let depth = longest.div_ceil(lanes);
    let pair = |level: usize, lane: usize| {
        let pairs = products.get(lane / lanes)?;
        let pair = pairs.get(lane % lanes * depth + level)?;
        (!pair.0.is_zero() && !pair.1.is_zero()).then_some(*pair)
    };
    let constants = Constants::new(arithmetic);
    let levels = (0..depth).map(|level| Pairs::new(arithmetic, &constants, |i| pair(level, i)));
    let values = value(&constants, &mut levels.collect::<Vec<_>>()).unpack();
    let values = values.chunks_exact(lanes).take(products.len());
    values.map(|values| values.iter().product()).collect()
}

/// The product of the loops of each lane.
fn value<A: Arithmetic<Fq>>(constants: &Constants<A>, levels: &mut [Pairs<A>]) -> Target<A> {
    let mut value = Target::one(constants.one());
    for (step, digit) in digits().enumerate() {
        if step > 0 {
            value = value.square();
        }
        for pairs in &mut *levels {
            let line = pairs.point.double(constants);
            pairs.multiply(&mut value, &line);
        }
        for pairs in levels.iter_mut().filter(|_| digit != 0) {
            let line = match digit {
                1 => pairs.point.add(&pairs.q),
                _ => pairs.point.add(&pairs.minus_q),
            };
            pairs.multiply(&mut value, &line);
        }
    }
    for pairs in levels {
        let once = constants.frobenius(&pairs.q);
        let twice = constants.frobenius(&once);
        for next in [once, twice.negative()] {
            let line = pairs.point.add(&next);
            pairs.multiply(&mut value, &line);
        }
    }
    value
}

impl<A: Arithmetic<Fq>> Pairs<A> {
    fn new(
        arithmetic: A,
        constants: &Constants<A>,
        pair: impl Fn(usize) -> Option<(G1Affine, G2Affine)>,
    ) -> Self {
        // Lanes without a pair go the same way with the generators.
        let generators = (G1Affine::generator(), G2Affine::generator());
        let of = |i| pair(i).unwrap_or(generators);
        let xy = |i| of(i).0.xy().unwrap_or((Fq::ZERO, Fq::ZERO));
        let q = Affine::pack(arithmetic, |i| of(i).1);
        let lanes = |i: usize| {
            let set = (0..LANES).filter(|lane| pair(i * LANES + lane).is_some());
            set.fold(0, |mask, lane| mask | 1 << lane)
        };
        let some: [u8; BLOCK] = std::array::from_fn(lanes);
        Self {
            x: Element::pack(arithmetic, |i| xy(i).0),
            minus_y: Element::pack(arithmetic, |i| -xy(i).1),
            point: Point::new(&q, constants),
            minus_q: q.negative(),
            q,
            some: (some != [u8::MAX; BLOCK]).then_some(some),
        }
    }

    fn multiply(&self, value: &mut Target<A>, [c0, c1, c2]: &Line<A>) {
        let line = [c0.scale(&self.minus_y), c1.scale(&self.x), *c2];
        let product = value.mul_line(&line);
        match &self.some {
            Some(some) => value.copy(some, &product),
            None => *value = product,
        }
    }
}
