//! Fq12 in blocks: the extension of Fq6 by w with w² = v, and of Fq2 by v with v³ = ξ. Products are
//! Karatsuba's.

use std::array::from_fn;

use ark_bn254::{Fq, Fq6, Fq12};

use super::WIDTH;
use super::extension::Extension;
use super::miller::Line;
use crate::lanes::{Arithmetic, BLOCK};

/// Elements of Fq6: the coefficients of 1, v, v².
type Cubic<A> = [Extension<A>; 3];

/// As many elements as a block has: the coefficients of 1 and w.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<A: Arithmetic<Fq>>([Cubic<A>; 2]);

impl<A: Arithmetic<Fq>> Target<A> {
    pub(super) fn one(one: &Extension<A>) -> Self {
        let zero = one.sub(one);
        Self([[*one, zero, zero], [zero; 3]])
    }

    pub(super) fn unpack(&self) -> [Fq12; WIDTH] {
        let [a, b] = self.0.each_ref().map(|half| {
            let parts = half.each_ref().map(Extension::unpack);
            move |i: usize| Fq6::new(parts[0][i], parts[1][i], parts[2][i])
        });
        from_fn(|i| Fq12::new(a(i), b(i)))
    }

    pub(super) fn square(&self) -> Self {
        let [a, b] = &self.0;
        let product = mul(a, b);
        let moved = [a[0].add(&b[2].times_xi()), a[1].add(&b[0]), a[2].add(&b[1])];
        let sum = mul(&from_fn(|i| a[i].add(&b[i])), &moved);
        let [p0, p1, p2] = &product;
        Self([
            [
                sum[0].sub_twice(p0, &p2.times_xi()),
                sum[1].sub_twice(p1, p0),
                sum[2].sub_twice(p2, p1),
            ],
            product.each_ref().map(Extension::double),
        ])
    }

    /// Times a line that was evaluated, 1 + c₁·w + c₂·w³, to a place that the caller has.
    pub(super) fn mul_line(&self, [c1, c2]: &Line<A>, products: &mut Self, out: &mut Self) {
        let [a, b] = &self.0;
        let [of_a, of_b] = &mut products.0;
        mul_sparse(a, c1, c2, of_a);
        mul_sparse(b, c1, c2, of_b);
        let [first, second] = &mut out.0;
        a[0].add_into(&of_b[2].times_xi(), &mut first[0]);
        a[1].add_into(&of_b[0], &mut first[1]);
        a[2].add_into(&of_b[1], &mut first[2]);
        for i in 0..3 {
            b[i].add_into(&of_a[i], &mut second[i]);
        }
    }

    /// Takes another's lanes where the masks have bits.
    pub(super) fn copy(&mut self, masks: &[u8; BLOCK], other: &Self) {
        let parts = self.0.as_flattened_mut().iter_mut();
        for (part, other) in parts.zip(other.0.as_flattened()) {
            part.copy(masks, other);
        }
    }
}

fn mul<A: Arithmetic<Fq>>(a: &Cubic<A>, b: &Cubic<A>) -> Cubic<A> {
    let own: Cubic<A> = from_fn(|i| a[i].mul(&b[i]));
    let cross = |i: usize, j: usize| {
        let product = a[i].wide_sum(&a[j]).mul(&b[i].add(&b[j]));
        product.sub_twice(&own[i], &own[j])
    };
    [
        own[0].add(&cross(1, 2).times_xi()),
        cross(0, 1).add(&own[2].times_xi()),
        cross(0, 2).add(&own[1]),
    ]
}

/// `a·(b₀ + b₁·v)`.
fn mul_sparse<A: Arithmetic<Fq>>(
    a: &Cubic<A>,
    b0: &Extension<A>,
    b1: &Extension<A>,
    out: &mut Cubic<A>,
) {
    let (first, second) = (a[0].mul(b0), a[1].mul(b1));
    let cross = a[0].wide_sum(&a[1]).mul(&b0.add(b1));
    first.add_into(&a[2].mul(b1).times_xi(), &mut out[0]);
    cross.sub_twice_into(&first, &second, &mut out[1]);
    second.add_into(&a[2].mul(b0), &mut out[2]);
}
