//! Additions of points, lane after lane, each step for eight lanes so that the processor mixes
//! them.

use std::array::from_fn;

use ark_bn254::{Fq, Fq2};
use ark_ff::{AdditiveGroup, Field};

use super::field::{add, mul, sub};
use super::{Portable, Vector, bit};
use crate::lanes::{
    BLOCK, Block, Divisors, ElementRefs, Elements, LANES, PointArithmetic, Refs, refs,
};

impl PointArithmetic<1> for Portable {
    fn divisors(
        self,
        [[x1], [x2]]: [ElementRefs<'_, Vector<Fq>, 1>; 2],
        (masks, one): (&[u8; BLOCK], &Vector<Fq>),
        before: Refs<'_, Vector<Fq>>,
        out: &mut Divisors<Vector<Fq>, 1>,
        next: &mut Block<Vector<Fq>>,
    ) {
        for k in 0..BLOCK {
            for lane in 0..LANES {
                let d = if bit(masks[k], lane) {
                    sub(&x2[k][lane], &x1[k][lane])
                } else {
                    one[lane]
                };
                out.denominators[0][k][lane] = d;
                next[k][lane] = mul(&before[k][lane], &d);
            }
        }
    }

    fn sums(
        self,
        [[x1], [y1]]: [ElementRefs<'_, Vector<Fq>, 1>; 2],
        [[x2], [y2]]: [ElementRefs<'_, Vector<Fq>, 1>; 2],
        _: &Divisors<Vector<Fq>, 1>,
        inverse_norm: &Block<Vector<Fq>>,
        [[x3], [y3]]: [&mut Elements<Vector<Fq>, 1>; 2],
    ) {
        for k in 0..BLOCK {
            let slope: Vector<Fq> = from_fn(|lane| {
                let rise = sub(&y2[k][lane], &y1[k][lane]);
                mul(&rise, &inverse_norm[k][lane])
            });
            for lane in 0..LANES {
                let square = mul(&slope[lane], &slope[lane]);
                x3[k][lane] = sub(&sub(&square, &x1[k][lane]), &x2[k][lane]);
            }
            for lane in 0..LANES {
                let run = sub(&x1[k][lane], &x3[k][lane]);
                y3[k][lane] = sub(&mul(&slope[lane], &run), &y1[k][lane]);
            }
        }
    }
}

impl PointArithmetic<2> for Portable {
    fn divisors(
        self,
        [x1, x2]: [ElementRefs<'_, Vector<Fq>, 2>; 2],
        (masks, one): (&[u8; BLOCK], &Vector<Fq>),
        before: Refs<'_, Vector<Fq>>,
        out: &mut Divisors<Vector<Fq>, 2>,
        next: &mut Block<Vector<Fq>>,
    ) {
        for k in 0..BLOCK {
            for (lane, one) in one.iter().enumerate() {
                let d = if bit(masks[k], lane) {
                    difference(element(x2, k, lane), element(x1, k, lane))
                } else {
                    Fq2::new(*one, Fq::ZERO)
                };
                (out.denominators[0][k][lane], out.denominators[1][k][lane]) = (d.c0, d.c1);
                out.norm[k][lane] = Fq::sum_of_products(&[d.c0, d.c1], &[d.c0, d.c1]);
            }
            for lane in 0..LANES {
                next[k][lane] = mul(&before[k][lane], &out.norm[k][lane]);
            }
        }
    }

    fn sums(
        self,
        [x1, y1]: [ElementRefs<'_, Vector<Fq>, 2>; 2],
        [x2, y2]: [ElementRefs<'_, Vector<Fq>, 2>; 2],
        divisors: &Divisors<Vector<Fq>, 2>,
        inverse_norm: &Block<Vector<Fq>>,
        [x3, y3]: [&mut Elements<Vector<Fq>, 2>; 2],
    ) {
        let d = refs(&divisors.denominators);
        for k in 0..BLOCK {
            let slope: Vector<Fq2> = from_fn(|lane| {
                let (d, inverse) = (element(d, k, lane), &inverse_norm[k][lane]);
                let c0 = mul(&d.c0, inverse);
                let c1 = sub(&Fq::ZERO, &mul(&d.c1, inverse));
                let rise = difference(element(y2, k, lane), element(y1, k, lane));
                product(rise, Fq2::new(c0, c1))
            });
            for lane in 0..LANES {
                let [x1, x2] = [x1, x2].map(|x| element(x, k, lane));
                let x = difference(difference(square(slope[lane]), x1), x2);
                (x3[0][k][lane], x3[1][k][lane]) = (x.c0, x.c1);
            }
            for lane in 0..LANES {
                let x3 = Fq2::new(x3[0][k][lane], x3[1][k][lane]);
                let run = difference(element(x1, k, lane), x3);
                let y = difference(product(slope[lane], run), element(y1, k, lane));
                (y3[0][k][lane], y3[1][k][lane]) = (y.c0, y.c1);
            }
        }
    }
}

fn element([c0, c1]: ElementRefs<'_, Vector<Fq>, 2>, k: usize, lane: usize) -> Fq2 {
    Fq2::new(c0[k][lane], c1[k][lane])
}

fn difference(a: Fq2, b: Fq2) -> Fq2 {
    Fq2::new(sub(&a.c0, &b.c0), sub(&a.c1, &b.c1))
}

/// A product by three of components.
fn product(a: Fq2, b: Fq2) -> Fq2 {
    let (v0, v1) = (mul(&a.c0, &b.c0), mul(&a.c1, &b.c1));
    let sums = mul(&add(&a.c0, &a.c1), &add(&b.c0, &b.c1));
    Fq2::new(sub(&v0, &v1), sub(&sub(&sums, &v0), &v1))
}

fn square(a: Fq2) -> Fq2 {
    let c1 = mul(&a.c0, &a.c1);
    let c0 = mul(&add(&a.c0, &a.c1), &sub(&a.c0, &a.c1));
    Fq2::new(c0, add(&c1, &c1))
}
