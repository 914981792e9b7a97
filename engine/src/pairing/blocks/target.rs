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

    /// Times a line that was evaluated: 1 + c₁·w + c₂·w³.
    pub(super) fn mul_line(&self, [c1, c2]: &Line<A>) -> Self {
        let [a, b] = &self.0;
        let of_a = mul_sparse(a, c1, c2);
        let of_b = mul_sparse(b, c1, c2);
        Self([
            [
                a[0].add(&of_b[2].times_xi()),
                a[1].add(&of_b[0]),
                a[2].add(&of_b[1]),
            ],
            from_fn(|i| b[i].add(&of_a[i])),
        ])
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
fn mul_sparse<A: Arithmetic<Fq>>(a: &Cubic<A>, b0: &Extension<A>, b1: &Extension<A>) -> Cubic<A> {
    let (first, second) = (a[0].mul(b0), a[1].mul(b1));
    let cross = a[0].wide_sum(&a[1]).mul(&b0.add(b1));
    [
        first.add(&a[2].mul(b1).times_xi()),
        cross.sub_twice(&first, &second),
        a[2].mul(b0).add(&second),
    ]
}
