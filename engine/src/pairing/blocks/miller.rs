//! Products of Miller loops, each lane with some pairs of one product.

use ark_bn254::{Fq, Fq12, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::AdditiveGroup as _;

use super::super::digits;
use super::super::element::Element;
use super::WIDTH;
use super::extension::Extension;
use super::point::{Affine, Constants};
use super::target::Target;
use crate::lanes::{Arithmetic, BLOCK, LANES};

/// A line through points of the twist: 1 + c₁·w + c₂·w³ where it is evaluated.
pub(super) type Line<A> = [Extension<A>; 2];

/// A pair a lane, in affine coordinates: many pairs share the inversion of a step.
struct Pairs<A: Arithmetic<Fq>> {
    /// Of the points where lines are evaluated, -x/y and 1/y.
    minus_x_over_y: Element<A>,
    one_over_y: Element<A>,
    q: Affine<A>,
    point: Affine<A>,
    /// How far the points are from Q along x, where a step goes there.
    distance: Extension<A>,
    /// The lanes that have no pair; nothing where all have.
    none: Option<[u8; BLOCK]>,
}

/// Where the points go next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Double,
    AddQ,
    SubtractQ,
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
/// pairs with an identity count as one. `None` where a point of G2 is not in its group and some step
/// has no slope.
pub(in crate::pairing) fn miller_loops<A: Arithmetic<Fq>>(
    arithmetic: A,
    products: &[&[(G1Affine, G2Affine)]],
) -> Option<Vec<Fq12>> {
    let lanes = WIDTH / products.len().max(1);
    let longest = products.iter().map(|pairs| pairs.len()).max().unwrap_or(0);
    let depth = longest.div_ceil(lanes);
    let pair = |level: usize, lane: usize| {
        let pairs = products.get(lane / lanes)?;
        let pair = pairs.get(lane % lanes * depth + level)?;
        (!pair.0.is_zero() && !pair.1.is_zero()).then_some(*pair)
    };
    let levels = (0..depth).map(|level| Pairs::new(arithmetic, |i| pair(level, i)));
    let values = Loops::new(arithmetic, levels.collect::<Option<_>>()?).value()?;
    let values = values.unpack();
    let values = values.chunks_exact(lanes).take(products.len());
    Some(values.map(|values| values.iter().product()).collect())
}

/// The loops of some pairs in every lane. What takes many kilobytes is written where it stays.
struct Loops<A: Arithmetic<Fq>> {
    constants: Constants<A>,
    levels: Vec<Pairs<A>>,
    /// The product of the denominators before each level, and of all; on the way back, its inverse.
    denominators: Vec<Extension<A>>,
    value: Box<Target<A>>,
    /// The next value, and the products that it is made of.
    next: Box<Target<A>>,
    parts: Box<Target<A>>,
}

impl<A: Arithmetic<Fq>> Loops<A> {
    fn new(arithmetic: A, levels: Vec<Pairs<A>>) -> Self {
        let constants = Constants::new(arithmetic);
        let one = Target::one(constants.one());
        Self {
            value: Box::new(one),
            next: Box::new(one),
            parts: Box::new(one),
            denominators: vec![*constants.one(); levels.len() + 1],
            constants,
            levels,
        }
    }

    /// The product of the loops of each lane.
    fn value(mut self) -> Option<Target<A>> {
        for (step, digit) in digits().enumerate() {
            if step > 0 {
                *self.value = self.value.square();
            }
            self.step(Step::Double)?;
            match digit {
                1 => self.step(Step::AddQ)?,
                -1 => self.step(Step::SubtractQ)?,
                _ => {}
            }
        }
        for last in [Step::AddQ, Step::SubtractQ] {
            for pairs in &mut self.levels {
                pairs.q = self.constants.frobenius(&pairs.q);
            }
            self.step(last)?;
        }
        Some(*self.value)
    }

    /// Moves all points and multiplies by the lines, with one inversion (Montgomery's trick).
    fn step(&mut self, step: Step) -> Option<()> {
        for (i, pairs) in self.levels.iter_mut().enumerate() {
            let (before, after) = self.denominators.split_at_mut(i + 1);
            before[i].mul_into(pairs.prepare(step), &mut after[0]);
        }
        let last = self.denominators.last_mut()?;
        *last = last.inverse()?;
        if let Step::Double = step {
            *last = last.scale(self.constants.three_halves());
        }
        for i in (0..self.levels.len()).rev() {
            let pairs = &mut self.levels[i];
            let (before, after) = self.denominators.split_at_mut(i + 1);
            let inverse = after[0].mul(&before[i]);
            after[0].mul_into(pairs.denominator(step), &mut before[i]);
            let line = pairs.advance(step, &inverse);
            self.multiply(i, &line);
        }
        // It was multiplied out again, but for the factor of a tangent.
        self.denominators[0] = *self.constants.one();
        Some(())
    }

    /// Multiplies the lanes that have a pair at a level.
    fn multiply(&mut self, level: usize, line: &Line<A>) {
        self.value.mul_line(line, &mut self.parts, &mut self.next);
        if let Some(none) = &self.levels[level].none {
            self.next.copy(none, &self.value);
        }
        std::mem::swap(&mut self.next, &mut self.value);
    }
}

impl<A: Arithmetic<Fq>> Pairs<A> {
    fn new(arithmetic: A, pair: impl Fn(usize) -> Option<(G1Affine, G2Affine)>) -> Option<Self> {
        // Lanes without a pair go the same way with the generators.
        let generators = (G1Affine::generator(), G2Affine::generator());
        let of = |i| pair(i).unwrap_or(generators);
        let xy = |i| of(i).0.xy().unwrap_or((Fq::ZERO, Fq::ZERO));
        let q = Affine::pack(arithmetic, |i| of(i).1);
        let lanes = |i: usize| {
            let set = (0..LANES).filter(|lane| pair(i * LANES + lane).is_none());
            set.fold(0, |mask, lane| mask | 1 << lane)
        };
        let none: [u8; BLOCK] = std::array::from_fn(lanes);
        let minus_x = Element::pack(arithmetic, |i| -xy(i).0);
        let one_over_y = Element::pack(arithmetic, |i| xy(i).1).inverse()?;
        Some(Self {
            minus_x_over_y: minus_x.mul(&one_over_y),
            one_over_y,
            distance: q.x,
            point: q,
            q,
            none: (none != [0; BLOCK]).then_some(none),
        })
    }

    /// The [denominator](Self::denominator) of the next step.
    fn prepare(&mut self, step: Step) -> &Extension<A> {
        if let Step::AddQ | Step::SubtractQ = step {
            self.distance = self.point.x.sub(&self.q.x);
        }
        self.denominator(step)
    }

    /// What the slope is divided by; half of it for a tangent.
    const fn denominator(&self, step: Step) -> &Extension<A> {
        match step {
            Step::Double => &self.point.y,
            Step::AddQ | Step::SubtractQ => &self.distance,
        }
    }

    /// What is divided; a third of it for a tangent.
    fn numerator(&self, step: Step) -> Extension<A> {
        match step {
            Step::Double => self.point.x.square(),
            Step::AddQ => self.point.y.sub(&self.q.y),
            Step::SubtractQ => self.point.y.add(&self.q.y),
        }
    }

    /// Moves the points; the lines on which they went.
    fn advance(&mut self, step: Step, inverse: &Extension<A>) -> Line<A> {
        let slope = self.numerator(step).mul(inverse);
        let constant = slope.mul(&self.point.x).sub(&self.point.y);
        let other = match step {
            Step::Double => &self.point.x,
            Step::AddQ | Step::SubtractQ => &self.q.x,
        };
        let x = slope.square().sub_twice(&self.point.x, other);
        let y = constant.sub(&slope.mul(&x));
        self.point = Affine { x, y };
        [
            slope.scale(&self.minus_x_over_y),
            constant.scale(&self.one_over_y),
        ]
    }
}
