//! The fields that coordinates of points are in, as towers of degree `D` over the base field.

use std::array::from_fn;

use ark_bn254::Fq;

use crate::lanes::{Arithmetic, BLOCK, Refs};

/// A block of elements, by component.
pub(super) type Elements<V, const D: usize> = [[V; BLOCK]; D];

/// A block of elements, by component, wherever they lie.
pub(super) type ElementRefs<'a, V, const D: usize> = [Refs<'a, V>; D];

/// Borrows a block.
pub(super) fn refs<V, const D: usize>(elements: &Elements<V, D>) -> ElementRefs<'_, V, D> {
    elements.each_ref().map(|block| block.each_ref())
}

/// What differs between the towers.
pub(super) trait Extension<const D: usize> {
    /// Makes elements component by component, in place.
    fn each<V>(component: impl FnMut(usize) -> [V; BLOCK]) -> Elements<V, D>;

    /// The norm to the base field of narrow elements: narrow, and zero only for zero.
    fn norm<A: Arithmetic<Fq>>(a: A, d: Elements<A::Vector, D>) -> [A::Vector; BLOCK];

    /// `n / d` of wide by narrow elements, given the inverse of the norm of `d`; narrow. `d` itself
    /// is asked for where it is not its norm.
    fn divide<A: Arithmetic<Fq>>(
        a: A,
        n: ElementRefs<'_, A::Vector, D>,
        d: impl FnOnce() -> Elements<A::Vector, D>,
        inverse_norm: Refs<'_, A::Vector>,
    ) -> Elements<A::Vector, D>;

    /// `x·y` of wide by narrow elements; narrow.
    fn mul<A: Arithmetic<Fq>>(
        a: A,
        x: ElementRefs<'_, A::Vector, D>,
        y: ElementRefs<'_, A::Vector, D>,
    ) -> Elements<A::Vector, D>;

    /// `x²` of narrow elements; narrow.
    fn square<A: Arithmetic<Fq>>(a: A, x: ElementRefs<'_, A::Vector, D>) -> Elements<A::Vector, D>;
}

/// The base field itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base;

impl Extension<1> for Base {
    #[inline(always)]
    fn each<V>(mut component: impl FnMut(usize) -> [V; BLOCK]) -> Elements<V, 1> {
        [component(0)]
    }

    fn norm<A: Arithmetic<Fq>>(_: A, [d]: Elements<A::Vector, 1>) -> [A::Vector; BLOCK] {
        d
    }

    fn divide<A: Arithmetic<Fq>>(
        a: A,
        [n]: ElementRefs<'_, A::Vector, 1>,
        _: impl FnOnce() -> Elements<A::Vector, 1>,
        inverse_norm: Refs<'_, A::Vector>,
    ) -> Elements<A::Vector, 1> {
        [a.mul(n, inverse_norm)]
    }

    fn mul<A: Arithmetic<Fq>>(
        a: A,
        [x]: ElementRefs<'_, A::Vector, 1>,
        [y]: ElementRefs<'_, A::Vector, 1>,
    ) -> Elements<A::Vector, 1> {
        [a.mul(x, y)]
    }

    fn square<A: Arithmetic<Fq>>(
        a: A,
        [x]: ElementRefs<'_, A::Vector, 1>,
    ) -> Elements<A::Vector, 1> {
        [a.mul(x, x)]
    }
}

/// The quadratic extension by a root of -1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quadratic;

impl Extension<2> for Quadratic {
    #[inline(always)]
    fn each<V>(mut component: impl FnMut(usize) -> [V; BLOCK]) -> Elements<V, 2> {
        [component(0), component(1)]
    }

    fn norm<A: Arithmetic<Fq>>(a: A, d: Elements<A::Vector, 2>) -> [A::Vector; BLOCK] {
        let [d0, d1] = refs(&d);
        a.mul_add(d0, d0, d1, d1)
    }

    fn divide<A: Arithmetic<Fq>>(
        a: A,
        [n0, n1]: ElementRefs<'_, A::Vector, 2>,
        d: impl FnOnce() -> Elements<A::Vector, 2>,
        inverse_norm: Refs<'_, A::Vector>,
    ) -> Elements<A::Vector, 2> {
        let d = d();
        let [d0, d1] = refs(&d);
        let minus_d1 = negate(a, d1);
        let real = a.mul_add(n0, d0, n1, d1);
        let imaginary = a.mul_add(n1, d0, n0, minus_d1.each_ref());
        [
            a.mul(real.each_ref(), inverse_norm),
            a.mul(imaginary.each_ref(), inverse_norm),
        ]
    }

    fn mul<A: Arithmetic<Fq>>(
        a: A,
        [x0, x1]: ElementRefs<'_, A::Vector, 2>,
        [y0, y1]: ElementRefs<'_, A::Vector, 2>,
    ) -> Elements<A::Vector, 2> {
        let minus_y1 = negate(a, y1);
        [
            a.mul_add(x0, y0, x1, minus_y1.each_ref()),
            a.mul_add(x0, y1, x1, y0),
        ]
    }

    fn square<A: Arithmetic<Fq>>(
        a: A,
        [x0, x1]: ElementRefs<'_, A::Vector, 2>,
    ) -> Elements<A::Vector, 2> {
        let (sum, difference) = (a.add(x0, x1), a.sub(x0, x1));
        let twice = a.add(x1, x1);
        [
            a.mul(sum.each_ref(), difference.each_ref()),
            a.mul(x0, twice.each_ref()),
        ]
    }
}

fn negate<A: Arithmetic<Fq>>(a: A, x: Refs<'_, A::Vector>) -> [A::Vector; BLOCK] {
    let zero = a.vector(from_fn(|_| [0; 4]));
    a.sub([&zero; BLOCK], x)
}
