//! Affine additions by the thousand, with one inversion for all of them.

use std::array::from_fn;

use ark_bn254::Fq;
use ark_ff::Field;

use super::extension::{ElementRefs, Elements, Extension, Spare, refs};
use crate::lanes::{Arithmetic, BLOCK, Block, LANES, Pair};

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

/// For each lane of a vector, what its sum is if not that of two points with distinct abscissas.
#[derive(Debug, Clone, Copy, Default)]
struct Cases {
    /// The left point.
    left: u8,
    /// The right point.
    right: u8,
    /// Infinity.
    infinity: u8,
    /// Twice the left point.
    double: u8,
}

impl Cases {
    /// Lanes without a denominator.
    fn without_division(self) -> u8 {
        self.left | self.right | self.infinity
    }
}

/// Points to load next. They are fetched a few at a time between additions: the memory has time,
/// and nothing waits for it.
#[derive(Debug, Default)]
pub(super) struct Upcoming<'a> {
    table: &'a [Pair],
    entries: std::slice::Iter<'a, [u32; LANES]>,
}

impl<'a> Upcoming<'a> {
    pub(super) fn new(table: &'a [Pair], entries: &'a [[u32; LANES]]) -> Self {
        Self {
            table,
            entries: entries.iter(),
        }
    }

    /// Fetches two rows. Additions go over as many blocks, up and down, as half the rows.
    pub(super) fn fetch_some<const D: usize>(&mut self, arithmetic: impl Arithmetic<Fq>) {
        for entries in self.entries.by_ref().take(2) {
            for entry in entries {
                let point = (entry >> 1) as usize * D;
                for pair in &self.table[point..point + D] {
                    arithmetic.prefetch(pair);
                }
            }
        }
    }
}

/// Adds batches of rows, and keeps the memory for the next.
#[derive(Debug)]
pub(super) struct Adder<A: Arithmetic<Fq>, const D: usize> {
    formulas: Formulas<A, D>,
    divisions: Vec<Division<A::Vector, D>>,
    places: Places<A::Vector, D>,
}

/// What is kept of a block between the way up, before the inversion, and the way down.
#[derive(Debug, Clone, Copy)]
struct Division<V, const D: usize> {
    /// The product of the norms of all blocks before.
    before: Block<V>,
    denominators: Elements<V, D>,
    /// Their norms, if they are not the denominators.
    norm: Block<V>,
}

/// Where the steps of an addition put their results.
#[derive(Debug)]
struct Places<V, const D: usize> {
    inverse_norm: Block<V>,
    numerators: Elements<V, D>,
    slope: Elements<V, D>,
    x: Elements<V, D>,
    y: Elements<V, D>,
    spare: Spare<V>,
}

/// The parts of an addition that depend on its cases.
#[derive(Debug, Clone, Copy)]
struct Formulas<A: Arithmetic<Fq>, const D: usize> {
    arithmetic: A,
    zero: A::Vector,
    one: A::Vector,
}

type RowOf<A, const D: usize> = Row<<A as Arithmetic<Fq>>::Vector, D>;

impl<A: Arithmetic<Fq>, const D: usize> Adder<A, D> {
    pub(super) fn new(arithmetic: A) -> Self {
        let zero = arithmetic.vector([[0; 4]; LANES]);
        let block = [zero; BLOCK];
        Self {
            formulas: Formulas {
                arithmetic,
                zero,
                one: arithmetic.vector([arithmetic.pack(Fq::ONE); LANES]),
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
            x: [self.formulas.zero; D],
            y: [self.formulas.zero; D],
        }
    }

    /// Loads the points of a table that entries name: an index, and in the lowest bit whether to
    /// negate it. A point in the table has `D` pairs, one for each component, fully reduced where
    /// it is negated.
    pub(super) fn load(&self, table: &[Pair], entries: &[u32; LANES], row: &mut RowOf<A, D>) {
        let arithmetic = self.formulas.arithmetic;
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
        let arithmetic = self.formulas.arithmetic;
        let (blocks, _) = steps.as_chunks::<BLOCK>();
        let mut inverses = self
            .multiply_up::<E>(rows, blocks, formula, upcoming)
            .map(|inverse| [inverse, inverse])
            .ok_or(Degenerate)?;
        let [inverse, next] = &mut inverses;
        let (mut inverse, mut next) = (inverse, next);
        for (division, block) in self.divisions.iter().zip(blocks).rev() {
            upcoming.fetch_some::<D>(arithmetic);
            let places = &mut self.places;
            let before = division.before.each_ref();
            arithmetic.mul(inverse.each_ref(), before, &mut places.inverse_norm);
            let norm = E::norm(&division.denominators, &division.norm);
            arithmetic.mul(inverse.each_ref(), norm.each_ref(), next);
            std::mem::swap(&mut inverse, &mut next);
            let cases = self
                .formulas
                .finish::<E>(rows, block, formula, division, places);
            for k in 0..BLOCK {
                self.formulas.store(rows, block[k], cases[k], places, k);
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
        let Formulas {
            arithmetic, one, ..
        } = self.formulas;
        // One more takes the last product. The iterator of the way down ends at the last block.
        self.divisions.resize(
            blocks.len() + 1,
            Division {
                before: [one; BLOCK],
                denominators: [[one; BLOCK]; D],
                norm: [one; BLOCK],
            },
        );
        self.divisions[0].before = [one; BLOCK];
        for (index, block) in blocks.iter().enumerate() {
            upcoming.fetch_some::<D>(arithmetic);
            let [division, next, ..] = &mut self.divisions[index..] else {
                unreachable!("there is one more than there are blocks");
            };
            let (left, right) = operands(rows, block);
            let cases = self.formulas.cases(left, right, block, formula);
            let denominators = &mut division.denominators;
            self.formulas
                .denominators(left, right, &cases, denominators);
            E::calculate_norm(arithmetic, refs(denominators), &mut division.norm);
            let norm = E::norm(denominators, &division.norm);
            arithmetic.mul(
                division.before.each_ref(),
                norm.each_ref(),
                &mut next.before,
            );
        }
        invert(arithmetic, &self.divisions[blocks.len()].before)
    }
}

impl<A: Arithmetic<Fq>, const D: usize> Formulas<A, D> {
    /// Calculates the sums of a block, in places, and says in which cases they are not the sums.
    fn finish<E: Extension<A, D>>(
        &self,
        rows: &[RowOf<A, D>],
        block: &[Step; BLOCK],
        formula: Formula,
        division: &Division<A::Vector, D>,
        places: &mut Places<A::Vector, D>,
    ) -> [Cases; BLOCK] {
        let a = self.arithmetic;
        let Places {
            inverse_norm,
            numerators,
            slope,
            x,
            y,
            spare,
        } = places;
        let (left, right) = operands(rows, block);
        let cases = self.cases(left, right, block, formula);
        self.numerators::<E>(left, right, &cases, numerators, spare);
        let (n, d) = (refs(numerators), refs(&division.denominators));
        E::divide(a, n, d, inverse_norm.each_ref(), spare, slope);
        let (x1, y1, x2) = (xs(left), ys(left), xs(right));
        E::square(a, refs(slope), spare, y);
        for i in 0..D {
            a.sub_twice_narrow(y[i].each_ref(), x1[i], x2[i], &mut x[i]);
            a.sub(x1[i], x[i].each_ref(), &mut y[i]);
        }
        E::mul(a, refs(y), refs(slope), spare, numerators);
        for i in 0..D {
            a.sub_narrow(numerators[i].each_ref(), y1[i], &mut y[i]);
        }
        cases
    }

    /// Puts the sum of a step where its left point is.
    fn store(
        &self,
        rows: &mut [RowOf<A, D>],
        step: Step,
        cases: Cases,
        places: &Places<A::Vector, D>,
        k: usize,
    ) {
        let (left, right) = (step.left as usize, step.right as usize);
        if cases.without_division() == 0 {
            for i in 0..D {
                rows[left].x[i] = places.x[i][k];
                rows[left].y[i] = places.y[i][k];
            }
            return;
        }
        let select = |mask, sum, with: &A::Vector| self.arithmetic.select(mask, &sum, with);
        let component = |sum, left: &A::Vector, right: &A::Vector| {
            let sum = select(cases.right, sum, right);
            let sum = select(cases.left, sum, left);
            select(cases.infinity, sum, &self.zero)
        };
        for i in 0..D {
            let (x1, x2) = (&rows[left].x[i], &rows[right].x[i]);
            let (y1, y2) = (&rows[left].y[i], &rows[right].y[i]);
            let x = component(places.x[i][k], x1, x2);
            let y = component(places.y[i][k], y1, y2);
            (rows[left].x[i], rows[left].y[i]) = (x, y);
        }
    }

    /// What to divide by; 1 where nothing is divided.
    fn denominators(
        &self,
        left: [&RowOf<A, D>; BLOCK],
        right: [&RowOf<A, D>; BLOCK],
        cases: &[Cases; BLOCK],
        out: &mut Elements<A::Vector, D>,
    ) {
        let (x1, x2) = (xs(left), xs(right));
        for i in 0..D {
            self.arithmetic.sub_narrow(x2[i], x1[i], &mut out[i]);
        }
        if cases.iter().any(|cases| cases.double != 0) {
            let (y1, mut twice) = (ys(left), [self.zero; BLOCK]);
            for i in 0..D {
                self.arithmetic.add_narrow(y1[i], y1[i], &mut twice);
                self.select_doubles(cases, &twice, &mut out[i]);
            }
        }
        for (k, cases) in cases.iter().enumerate() {
            let without = cases.without_division();
            if without != 0 {
                for (i, component) in out.iter_mut().enumerate() {
                    let value = if i == 0 { &self.one } else { &self.zero };
                    component[k] = self.arithmetic.select(without, &component[k], value);
                }
            }
        }
    }

    fn numerators<E: Extension<A, D>>(
        &self,
        left: [&RowOf<A, D>; BLOCK],
        right: [&RowOf<A, D>; BLOCK],
        cases: &[Cases; BLOCK],
        out: &mut Elements<A::Vector, D>,
        spare: &mut Spare<A::Vector>,
    ) {
        let (x1, y1, y2) = (xs(left), ys(left), ys(right));
        for i in 0..D {
            self.arithmetic.sub(y2[i], y1[i], &mut out[i]);
        }
        if cases.iter().all(|cases| cases.double == 0) {
            return;
        }
        let mut square = [[self.zero; BLOCK]; D];
        E::square(self.arithmetic, x1, spare, &mut square);
        let [twice, thrice, _] = spare;
        for i in 0..D {
            let square = square[i].each_ref();
            self.arithmetic.add_narrow(square, square, twice);
            self.arithmetic.add(twice.each_ref(), square, thrice);
            self.select_doubles(cases, thrice, &mut out[i]);
        }
    }

    /// Takes the values where a point is doubled.
    fn select_doubles(
        &self,
        cases: &[Cases; BLOCK],
        values: &Block<A::Vector>,
        out: &mut Block<A::Vector>,
    ) {
        for k in 0..BLOCK {
            out[k] = self.arithmetic.select(cases[k].double, &out[k], &values[k]);
        }
    }

    fn cases(
        &self,
        left: [&RowOf<A, D>; BLOCK],
        right: [&RowOf<A, D>; BLOCK],
        block: &[Step; BLOCK],
        formula: Formula,
    ) -> [Cases; BLOCK] {
        let masked = block.map(|step| Cases {
            left: !step.mask,
            ..Cases::default()
        });
        if formula == Formula::Distinct {
            return masked;
        }
        let same_x = self.equal(xs(left), xs(right));
        let same_y = self.equal(ys(left), ys(right));
        from_fn(|k| {
            let active = block[k].mask;
            let (no_left, no_right) = (self.at_infinity(left[k]), self.at_infinity(right[k]));
            let same_x = same_x[k] & active & !no_left & !no_right;
            Cases {
                left: !active | no_right,
                right: active & no_left & !no_right,
                infinity: same_x & !same_y[k],
                double: same_x & same_y[k],
            }
        })
    }

    fn equal(
        &self,
        a: ElementRefs<'_, A::Vector, D>,
        b: ElementRefs<'_, A::Vector, D>,
    ) -> [u8; BLOCK] {
        let (mut equal, mut difference) = ([0xff; BLOCK], [self.zero; BLOCK]);
        for i in 0..D {
            self.arithmetic.sub(a[i], b[i], &mut difference);
            for k in 0..BLOCK {
                equal[k] &= self.arithmetic.zeros(&difference[k]);
            }
        }
        equal
    }

    /// No point of an odd order has the ordinate zero.
    fn at_infinity(&self, row: &RowOf<A, D>) -> u8 {
        row.y
            .iter()
            .fold(0xff, |mask, y| mask & self.arithmetic.zeros(y))
    }
}

fn operands<'a, V, const D: usize>(
    rows: &'a [Row<V, D>],
    block: &[Step; BLOCK],
) -> ([&'a Row<V, D>; BLOCK], [&'a Row<V, D>; BLOCK]) {
    (
        block.map(|step| &rows[step.left as usize]),
        block.map(|step| &rows[step.right as usize]),
    )
}

fn xs<'a, V, const D: usize>(rows: [&'a Row<V, D>; BLOCK]) -> ElementRefs<'a, V, D> {
    from_fn(|i| rows.map(|row| &row.x[i]))
}

fn ys<'a, V, const D: usize>(rows: [&'a Row<V, D>; BLOCK]) -> ElementRefs<'a, V, D> {
    from_fn(|i| rows.map(|row| &row.y[i]))
}

/// The inverse of each lane of each vector, or none if one of them is zero.
fn invert<A: Arithmetic<Fq>>(arithmetic: A, block: &Block<A::Vector>) -> Option<Block<A::Vector>> {
    let [a, b, c, d] = block;
    let (mut halves, mut out) = (*block, *block);
    arithmetic.mul([a, c, a, c], [b, d, b, d], &mut halves);
    let [ab, cd, ..] = &halves;
    arithmetic.mul([ab; BLOCK], [cd; BLOCK], &mut out);
    let inverse = invert_lanes(arithmetic, &out[0])?;
    arithmetic.mul([&inverse; BLOCK], [cd, ab, cd, ab], &mut out);
    let [of_ab, of_cd, ..] = out;
    arithmetic.mul([&of_ab, &of_ab, &of_cd, &of_cd], [b, a, d, c], &mut out);
    Some(out)
}

fn invert_lanes<A: Arithmetic<Fq>>(arithmetic: A, vector: &A::Vector) -> Option<A::Vector> {
    let elements = arithmetic
        .elements(vector)
        .map(|words| arithmetic.unpack(words));
    let mut before = [Fq::ONE; LANES];
    let mut product = Fq::ONE;
    for (before, element) in before.iter_mut().zip(&elements) {
        *before = product;
        product *= element;
    }
    let mut inverse = product.inverse()?;
    let mut inverses = [[0; 4]; LANES];
    for lane in (0..LANES).rev() {
        inverses[lane] = arithmetic.pack(inverse * before[lane]);
        inverse *= elements[lane];
    }
    Some(arithmetic.vector(inverses))
}
