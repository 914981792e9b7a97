//! Affine additions by the thousand, with one inversion for all of them.

use std::array::from_fn;

use ark_bn254::Fq;
use ark_ff::Field;

use super::complete::Complete;
use super::extension::{Extension, Spare};
use super::prefetch::Upcoming;
use crate::lanes::{
    Arithmetic, BLOCK, Block, Divisors, ElementRefs, Elements, LANES, Pair, PointArithmetic,
    inverses::inverses,
};

/// Eight points. The point at infinity is (0, 0), which is on neither curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<V, const D: usize> {
    pub(super) x: [V; D],
    pub(super) y: [V; D],
}

/// `rows[left] += rows[right]` in the lanes of the mask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) mask: u8,
}

/// Some addition needs more than the formula for points with distinct abscissas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Degenerate;

/// Which additions are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Formula {
    /// Points whose abscissas differ; nothing is at infinity.
    Distinct,
    /// All.
    Complete,
}

/// Adds batches of rows, and keeps the memory for the next.
#[derive(Debug)]
pub(super) struct Adder<A: PointArithmetic<D>, const D: usize> {
    arithmetic: A,
    zero: A::Vector,
    one: A::Vector,
    complete: Complete<A, D>,
    divisions: Vec<Division<A::Vector, D>>,
    places: Places<A::Vector, D>,
}

/// What is kept of a block between the way up, before the inversion, and the way down.
#[derive(Debug, Clone, Copy)]
struct Division<V, const D: usize> {
    /// The product of the norms of all blocks before.
    before: Block<V>,
    divisors: Divisors<V, D>,
}

/// Where the steps of an addition put their results.
#[derive(Debug)]
pub(super) struct Places<V, const D: usize> {
    pub(super) inverse_norm: Block<V>,
    pub(super) numerators: Elements<V, D>,
    pub(super) slope: Elements<V, D>,
    pub(super) x: Elements<V, D>,
    pub(super) y: Elements<V, D>,
    pub(super) spare: Spare<V>,
}

pub(super) type RowOf<A, const D: usize> = Row<<A as Arithmetic<Fq>>::Vector, D>;

impl<A: PointArithmetic<D>, const D: usize> Adder<A, D> {
    pub(super) fn new(arithmetic: A) -> Self {
        let zero = arithmetic.vector([[0; 4]; LANES]);
        let one = arithmetic.vector([arithmetic.pack(Fq::ONE); LANES]);
        let block = [zero; BLOCK];
        Self {
            arithmetic,
            zero,
            one,
            complete: Complete {
                arithmetic,
                zero,
                one,
            },
            divisions: Vec::new(),
            places: Places {
                inverse_norm: block,
                numerators: [block; D],
                slope: [block; D],
                x: [block; D],
                y: [block; D],
                spare: [block; 3],
            },
        }
    }

    /// Eight points at infinity.
    pub(super) fn infinity(&self) -> RowOf<A, D> {
        Row {
            x: [self.zero; D],
            y: [self.zero; D],
        }
    }

    /// Loads the points of a table that entries name: an index, and in the lowest bit whether to
    /// negate it. A point in the table has `D` pairs, one for each component, fully reduced where
    /// it is negated.
    pub(super) fn load(&self, table: &[Pair], entries: &[u32; LANES], row: &mut RowOf<A, D>) {
        let arithmetic = self.arithmetic;
        let negated = (0..LANES).fold(0, |mask, lane| mask | ((entries[lane] & 1) as u8) << lane);
        for component in 0..D {
            let pairs = entries.map(|entry| &table[(entry >> 1) as usize * D + component]);
            arithmetic.load_pairs(pairs, &mut row.x[component], &mut row.y[component]);
            if negated != 0 {
                arithmetic.negate_if(negated, &mut row.y[component]);
            }
        }
    }

    /// Does the steps, whose number is a multiple of [`BLOCK`] and of which none writes what
    /// another reads. On an error no row has changed.
    pub(super) fn add<E: Extension<A, D>>(
        &mut self,
        rows: &mut [RowOf<A, D>],
        steps: &[Step],
        formula: Formula,
        upcoming: &mut Upcoming<'_>,
    ) -> Result<(), Degenerate> {
        let arithmetic = self.arithmetic;
        let (blocks, _) = steps.as_chunks::<BLOCK>();
        let mut inverses = self
            .multiply_up::<E>(rows, blocks, formula, upcoming)
            .map(|inverse| [inverse, inverse])
            .ok_or(Degenerate)?;
        let [inverse, next] = &mut inverses;
        let (mut inverse, mut next) = (inverse, next);
        for (division, block) in self.divisions[..blocks.len()].iter().zip(blocks).rev() {
            upcoming.fetch_row::<D>(arithmetic);
            let places = &mut self.places;
            let before = division.before.each_ref();
            arithmetic.mul(inverse.each_ref(), before, &mut places.inverse_norm);
            let norm = E::norm(&division.divisors).each_ref();
            arithmetic.mul(inverse.each_ref(), norm, next);
            std::mem::swap(&mut inverse, &mut next);
            upcoming.fetch_row::<D>(arithmetic);
            match formula {
                Formula::Distinct => {
                    let (left, right) = operands(rows, block);
                    arithmetic.sums(
                        [xs(left), ys(left)],
                        [xs(right), ys(right)],
                        &division.divisors,
                        &places.inverse_norm,
                        [&mut places.x, &mut places.y],
                    );
                    self.store(rows, block);
                }
                Formula::Complete => {
                    self.complete
                        .add::<E>(rows, block, &division.divisors, places);
                }
            }
        }
        Ok(())
    }

    /// Collects the norms of all denominators and their running products, and returns the
    /// inverses of the products of all. Each of the block's vectors is a chain of its own.
    fn multiply_up<E: Extension<A, D>>(
        &mut self,
        rows: &[RowOf<A, D>],
        blocks: &[[Step; BLOCK]],
        formula: Formula,
        upcoming: &mut Upcoming<'_>,
    ) -> Option<Block<A::Vector>> {
        let (arithmetic, one) = (self.arithmetic, self.one);
        // One more takes the last product.
        if self.divisions.len() <= blocks.len() {
            let divisors = Divisors {
                denominators: [[one; BLOCK]; D],
                norm: [one; BLOCK],
            };
            let before = [one; BLOCK];
            self.divisions
                .resize(blocks.len() + 1, Division { before, divisors });
        }
        self.divisions[0].before = [one; BLOCK];
        for (index, block) in blocks.iter().enumerate() {
            upcoming.fetch_row::<D>(arithmetic);
            let [Division { before, divisors }, next, ..] = &mut self.divisions[index..] else {
                unreachable!("there is one more than there are blocks");
            };
            let (before, next) = (before.each_ref(), &mut next.before);
            upcoming.fetch_row::<D>(arithmetic);
            match formula {
                Formula::Distinct => {
                    let (left, right) = operands(rows, block);
                    let masks = block.map(|step| step.mask);
                    let abscissas = [xs(left), xs(right)];
                    arithmetic.divisors(abscissas, (&masks, &one), before, divisors, next);
                }
                Formula::Complete => {
                    self.complete.divisors::<E>(rows, block, divisors);
                    arithmetic.mul(before, E::norm(divisors).each_ref(), next);
                }
            }
        }
        inverses(arithmetic, &self.divisions[blocks.len()].before)
    }

    /// Puts the sums of steps where their left points are.
    fn store(&self, rows: &mut [RowOf<A, D>], block: &[Step; BLOCK]) {
        let (x, y) = (&self.places.x, &self.places.y);
        for (k, step) in block.iter().enumerate() {
            let left = &mut rows[step.left as usize];
            for i in 0..D {
                self.arithmetic.copy(step.mask, &x[i][k], &mut left.x[i]);
                self.arithmetic.copy(step.mask, &y[i][k], &mut left.y[i]);
            }
        }
    }
}

pub(super) fn operands<'a, V, const D: usize>(
    rows: &'a [Row<V, D>],
    block: &[Step; BLOCK],
) -> ([&'a Row<V, D>; BLOCK], [&'a Row<V, D>; BLOCK]) {
    (
        block.map(|step| &rows[step.left as usize]),
        block.map(|step| &rows[step.right as usize]),
    )
}

pub(super) fn xs<'a, V, const D: usize>(rows: [&'a Row<V, D>; BLOCK]) -> ElementRefs<'a, V, D> {
    from_fn(|i| rows.map(|row| &row.x[i]))
}

pub(super) fn ys<'a, V, const D: usize>(rows: [&'a Row<V, D>; BLOCK]) -> ElementRefs<'a, V, D> {
    from_fn(|i| rows.map(|row| &row.y[i]))
}
