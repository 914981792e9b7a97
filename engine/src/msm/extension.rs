//! The fields that coordinates of points are in, as towers of degree `D` over the base field.

use ark_bn254::Fq;

use crate::lanes::{Arithmetic, Block, Divisors, ElementRefs, Elements, Refs};

/// Places for what an operation calculates on its way.
pub(super) type Spare<V> = [Block<V>; 3];

/// What differs between the towers.
pub(super) trait Extension<A: Arithmetic<Fq>, const D: usize> {
    /// Calculates the norm to the base field of narrow elements where it is not the element: it is
    /// narrow, and zero only for zero.
    fn calculate_norm(a: A, d: ElementRefs<'_, A::Vector, D>, out: &mut Block<A::Vector>);

    /// The norm of the elements: themselves, or what was calculated.
    fn norm(divisors: &Divisors<A::Vector, D>) -> &Block<A::Vector>;

    /// `n / d` of wide by narrow elements, given the inverse of the norm of `d`; narrow.
    fn divide(
        a: A,
        n: ElementRefs<'_, A::Vector, D>,
        d: ElementRefs<'_, A::Vector, D>,
        inverse_norm: Refs<'_, A::Vector>,
        spare: &mut Spare<A::Vector>,
        out: &mut Elements<A::Vector, D>,
    );

    /// `x·y` of wide by narrow elements; narrow.
    fn mul(
        a: A,
        x: ElementRefs<'_, A::Vector, D>,
        y: ElementRefs<'_, A::Vector, D>,
        spare: &mut Spare<A::Vector>,
        out: &mut Elements<A::Vector, D>,
    );

    /// `x²` of narrow elements; narrow.
    fn square(
        a: A,
        x: ElementRefs<'_, A::Vector, D>,
        spare: &mut Spare<A::Vector>,
        out: &mut Elements<A::Vector, D>,
    );
}

/// The base field itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base;

impl<A: Arithmetic<Fq>> Extension<A, 1> for Base {
    fn calculate_norm(_: A, _: ElementRefs<'_, A::Vector, 1>, _: &mut Block<A::Vector>) {}

    fn norm(divisors: &Divisors<A::Vector, 1>) -> &Block<A::Vector> {
        &divisors.denominators[0]
    }

    fn divide(
        a: A,
        [n]: ElementRefs<'_, A::Vector, 1>,
        _: ElementRefs<'_, A::Vector, 1>,
        inverse_norm: Refs<'_, A::Vector>,
        _: &mut Spare<A::Vector>,
        [out]: &mut Elements<A::Vector, 1>,
    ) {
        a.mul(n, inverse_norm, out);
    }

    fn mul(
        a: A,
        [x]: ElementRefs<'_, A::Vector, 1>,
        [y]: ElementRefs<'_, A::Vector, 1>,
        _: &mut Spare<A::Vector>,
        [out]: &mut Elements<A::Vector, 1>,
    ) {
        a.mul(x, y, out);
    }

    fn square(
        a: A,
        [x]: ElementRefs<'_, A::Vector, 1>,
        _: &mut Spare<A::Vector>,
        [out]: &mut Elements<A::Vector, 1>,
    ) {
        a.square(x, out);
    }
}

/// The quadratic extension by a root of -1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quadratic;

impl<A: Arithmetic<Fq>> Extension<A, 2> for Quadratic {
    fn calculate_norm(a: A, [d0, d1]: ElementRefs<'_, A::Vector, 2>, out: &mut Block<A::Vector>) {
        a.mul_add(d0, d0, d1, d1, out);
    }

    fn norm(divisors: &Divisors<A::Vector, 2>) -> &Block<A::Vector> {
        &divisors.norm
    }

    fn divide(
        a: A,
        [n0, n1]: ElementRefs<'_, A::Vector, 2>,
        [d0, d1]: ElementRefs<'_, A::Vector, 2>,
        inverse_norm: Refs<'_, A::Vector>,
        [minus_d1, real, imaginary]: &mut Spare<A::Vector>,
        [out0, out1]: &mut Elements<A::Vector, 2>,
    ) {
        a.negate(d1, minus_d1);
        a.mul_add(n0, d0, n1, d1, real);
        a.mul_add(n1, d0, n0, minus_d1.each_ref(), imaginary);
        a.mul(real.each_ref(), inverse_norm, out0);
        a.mul(imaginary.each_ref(), inverse_norm, out1);
    }

    fn mul(
        a: A,
        [x0, x1]: ElementRefs<'_, A::Vector, 2>,
        [y0, y1]: ElementRefs<'_, A::Vector, 2>,
        [minus_y1, ..]: &mut Spare<A::Vector>,
        [out0, out1]: &mut Elements<A::Vector, 2>,
    ) {
        a.negate(y1, minus_y1);
        a.mul_add(x0, y0, x1, minus_y1.each_ref(), out0);
        a.mul_add(x0, y1, x1, y0, out1);
    }

    fn square(
        a: A,
        [x0, x1]: ElementRefs<'_, A::Vector, 2>,
        [sum, difference, twice]: &mut Spare<A::Vector>,
        [out0, out1]: &mut Elements<A::Vector, 2>,
    ) {
        a.add(x0, x1, sum);
        a.sub(x0, x1, difference);
        a.add(x1, x1, twice);
        a.mul(sum.each_ref(), difference.each_ref(), out0);
        a.mul(x0, twice.each_ref(), out1);
    }
}
