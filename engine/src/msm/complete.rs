//! Additions of any points, whatever their abscissas: the steps before and after the shared
//! inversion, in each lane by the case that its points are.

use std::array::from_fn;

use ark_bn254::Fq;

use super::addition::{Places, RowOf, Step, operands, xs, ys};
use super::extension::{Extension, Spare};
use crate::lanes::{Arithmetic, BLOCK, Block, Divisors, ElementRefs, Elements, refs};

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

/// Adds points by cases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Complete<A: Arithmetic<Fq>, const D: usize> {
    pub(super) arithmetic: A,
    pub(super) zero: A::Vector,
    pub(super) one: A::Vector,
}

impl<A: Arithmetic<Fq>, const D: usize> Complete<A, D> {
    /// What the steps of a block divide by; none of it is zero.
    pub(super) fn divisors<E: Extension<A, D>>(
        &self,
        rows: &[RowOf<A, D>],
        block: &[Step; BLOCK],
        out: &mut Divisors<A::Vector, D>,
    ) {
        let (left, right) = operands(rows, block);
        let cases = self.cases(left, right, block);
        self.denominators(left, right, &cases, &mut out.denominators);
        let denominators = refs(&out.denominators);
        E::calculate_norm(self.arithmetic, denominators, &mut out.norm);
    }

    /// Does the steps of a block, given the inverses of the norms in places.
    pub(super) fn add<E: Extension<A, D>>(
        &self,
        rows: &mut [RowOf<A, D>],
        block: &[Step; BLOCK],
        divisors: &Divisors<A::Vector, D>,
        places: &mut Places<A::Vector, D>,
    ) {
        let cases = self.finish::<E>(rows, block, divisors, places);
        for k in 0..BLOCK {
            self.store(rows, block[k], cases[k], places, k);
        }
    }

    /// Calculates the sums of a block, in places, and says in which cases they are not the sums.
    fn finish<E: Extension<A, D>>(
        &self,
        rows: &[RowOf<A, D>],
        block: &[Step; BLOCK],
        divisors: &Divisors<A::Vector, D>,
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
        let cases = self.cases(left, right, block);
        self.numerators::<E>(left, right, &cases, numerators, spare);
        let (n, d) = (refs(numerators), refs(&divisors.denominators));
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
    ) -> [Cases; BLOCK] {
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
