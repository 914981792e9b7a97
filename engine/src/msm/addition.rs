//! Affine additions by the thousand, with one inversion for all of them.

use std::array::from_fn;

use ark_bn254::Fq;
use ark_ff::Field;

use super::extension::{ElementRefs, Elements, Extension, refs};
use crate::lanes::{Arithmetic, BLOCK, LANES, Pair, Refs};

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
    arithmetic: A,
    zero: A::Vector,
    one: A::Vector,
    products: Vec<[A::Vector; BLOCK]>,
    norms: Vec<[A::Vector; BLOCK]>,
}

type RowOf<A, const D: usize> = Row<<A as Arithmetic<Fq>>::Vector, D>;

impl<A: Arithmetic<Fq>, const D: usize> Adder<A, D> {
    pub(super) fn new(arithmetic: A) -> Self {
        Self {
            arithmetic,
            zero: arithmetic.vector([[0; 4]; LANES]),
            one: arithmetic.vector([arithmetic.pack(Fq::ONE); LANES]),
            products: Vec::new(),
            norms: Vec::new(),
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
    pub(super) fn load(&self, table: &[Pair], entries: &[u32; LANES]) -> RowOf<A, D> {
        let negated = (0..LANES).fold(0, |mask, lane| mask | ((entries[lane] & 1) as u8) << lane);
        let mut row = self.infinity();
        for component in 0..D {
            let pairs = entries.map(|entry| &table[(entry >> 1) as usize * D + component]);
            let [x, y] = self.arithmetic.load_pairs(pairs);
            row.x[component] = x;
            row.y[component] = if negated == 0 {
                y
            } else {
                self.arithmetic.negate_if(negated, &y)
            };
        }
        row
    }

    /// Does the steps, whose number is a multiple of [`BLOCK`] and of which none writes what
    /// another reads. On an error no row has changed.
    pub(super) fn add<E: Extension<D>>(
        &mut self,
        rows: &mut [RowOf<A, D>],
        steps: &[Step],
        formula: Formula,
        upcoming: &mut Upcoming<'_>,
    ) -> Result<(), Degenerate> {
        let (blocks, _) = steps.as_chunks::<BLOCK>();
        let mut inverse = self
            .multiply_up::<E>(rows, blocks, formula, upcoming)
            .ok_or(Degenerate)?;
        for (index, block) in blocks.iter().enumerate().rev() {
            upcoming.fetch_some::<D>(self.arithmetic);
            let arithmetic = self.arithmetic;
            let products = &self.products[index];
            let here = arithmetic.mul(inverse.each_ref(), products.each_ref());
            inverse = arithmetic.mul(inverse.each_ref(), self.norms[index].each_ref());
            self.finish::<E>(rows, block, formula, &here);
        }
        Ok(())
    }

    /// Collects the norms of all denominators and their running products, and returns the
    /// inverses of the products of all. Each of the block's vectors is a chain of its own.
    fn multiply_up<E: Extension<D>>(
        &mut self,
        rows: &[RowOf<A, D>],
        blocks: &[[Step; BLOCK]],
        formula: Formula,
        upcoming: &mut Upcoming<'_>,
    ) -> Option<[A::Vector; BLOCK]> {
        self.norms.clear();
        self.products.clear();
        self.products.push([self.one; BLOCK]);
        for block in blocks {
            upcoming.fetch_some::<D>(self.arithmetic);
            let (left, right) = operands(rows, block);
            let cases = self.cases(left, right, block, formula);
            let norm = E::norm(self.arithmetic, self.denominators::<E>(left, right, &cases));
            let product = self.products.last().expect("the first is there");
            let product = self.arithmetic.mul(product.each_ref(), norm.each_ref());
            self.products.push(product);
            self.norms.push(norm);
        }
        invert(self.arithmetic, self.products.last()?)
    }

    fn finish<E: Extension<D>>(
        &self,
        rows: &mut [RowOf<A, D>],
        block: &[Step; BLOCK],
        formula: Formula,
        inverse_norm: &[A::Vector; BLOCK],
    ) {
        let arithmetic = self.arithmetic;
        let (left, right) = operands(rows, block);
        let cases = self.cases(left, right, block, formula);
        let n = self.numerators::<E>(left, right, &cases);
        let d = || self.denominators::<E>(left, right, &cases);
        let slope = E::divide(arithmetic, refs(&n), d, inverse_norm.each_ref());
        let (x1, y1, x2) = (xs(left), ys(left), xs(right));
        let square = E::square(arithmetic, refs(&slope));
        let x3 = E::each(|i| arithmetic.sub_twice_narrow(square[i].each_ref(), x1[i], x2[i]));
        let run = E::each(|i| arithmetic.sub(x1[i], x3[i].each_ref()));
        let rise = E::mul(arithmetic, refs(&run), refs(&slope));
        let y3 = E::each(|i| arithmetic.sub_narrow(rise[i].each_ref(), y1[i]));
        for k in 0..BLOCK {
            let sum = Row {
                x: x3.each_ref().map(|x| x[k]),
                y: y3.each_ref().map(|y| y[k]),
            };
            let (left, right) = (block[k].left as usize, block[k].right as usize);
            rows[left] = self.resolve(sum, &rows[left], &rows[right], cases[k]);
        }
    }

    fn resolve(
        &self,
        sum: RowOf<A, D>,
        left: &RowOf<A, D>,
        right: &RowOf<A, D>,
        cases: Cases,
    ) -> RowOf<A, D> {
        if cases.without_division() == 0 {
            return sum;
        }
        let select = |mask, sum, with: &A::Vector| self.arithmetic.select(mask, &sum, with);
        let component = |sum, left: &A::Vector, right: &A::Vector| {
            let sum = select(cases.right, sum, right);
            let sum = select(cases.left, sum, left);
            select(cases.infinity, sum, &self.zero)
        };
        Row {
            x: from_fn(|i| component(sum.x[i], &left.x[i], &right.x[i])),
            y: from_fn(|i| component(sum.y[i], &left.y[i], &right.y[i])),
        }
    }

    /// What to divide by; 1 where nothing is divided.
    fn denominators<E: Extension<D>>(
        &self,
        left: [&RowOf<A, D>; BLOCK],
        right: [&RowOf<A, D>; BLOCK],
        cases: &[Cases; BLOCK],
    ) -> Elements<A::Vector, D> {
        let arithmetic = self.arithmetic;
        let (x1, x2, y1) = (xs(left), xs(right), ys(left));
        let mut d = E::each(|i| arithmetic.sub_narrow(x2[i], x1[i]));
        for (k, cases) in cases.iter().enumerate() {
            if cases.double != 0 {
                for i in 0..D {
                    let twice = arithmetic.add_narrow(y1[i], y1[i]);
                    d[i][k] = arithmetic.select(cases.double, &d[i][k], &twice[k]);
                }
            }
            let without = cases.without_division();
            if without != 0 {
                d[0][k] = arithmetic.select(without, &d[0][k], &self.one);
                for component in &mut d[1..] {
                    component[k] = arithmetic.select(without, &component[k], &self.zero);
                }
            }
        }
        d
    }

    fn numerators<E: Extension<D>>(
        &self,
        left: [&RowOf<A, D>; BLOCK],
        right: [&RowOf<A, D>; BLOCK],
        cases: &[Cases; BLOCK],
    ) -> Elements<A::Vector, D> {
        let arithmetic = self.arithmetic;
        let (x1, y1, y2) = (xs(left), ys(left), ys(right));
        let mut n = E::each(|i| arithmetic.sub(y2[i], y1[i]));
        if cases.iter().all(|cases| cases.double == 0) {
            return n;
        }
        let square = E::square(arithmetic, x1);
        for i in 0..D {
            let square = square[i].each_ref();
            let twice = arithmetic.add_narrow(square, square);
            let thrice = arithmetic.add(twice.each_ref(), square);
            for k in 0..BLOCK {
                n[i][k] = arithmetic.select(cases[k].double, &n[i][k], &thrice[k]);
            }
        }
        n
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
        let mut equal = [0xff; BLOCK];
        for i in 0..D {
            let difference = self.arithmetic.sub(a[i], b[i]);
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
fn invert<A: Arithmetic<Fq>>(
    arithmetic: A,
    [a, b, c, d]: &[A::Vector; BLOCK],
) -> Option<[A::Vector; BLOCK]> {
    let halves = arithmetic.mul([a, c, a, c], [b, d, b, d]);
    let [ab, cd, ..] = &halves;
    let [all, ..] = arithmetic.mul([ab; BLOCK], [cd; BLOCK]);
    let inverse = invert_lanes(arithmetic, &all)?;
    let [of_ab, of_cd, ..] = arithmetic.mul([&inverse; BLOCK], [cd, ab, cd, ab]);
    let factors: Refs<'_, A::Vector> = [b, a, d, c];
    Some(arithmetic.mul([&of_ab, &of_ab, &of_cd, &of_cd], factors))
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
