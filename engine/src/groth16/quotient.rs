//! The quotient `H = (A·B - C) / Z` of a QAP, from the values of A, B and C at the roots of unity.
//!
//! With coefficients in between: `A·B` is taken on a coset, where Z is a constant, and C is
//! subtracted as coefficients, which saves its transform to the coset.

use ark_bn254::Fr;
use ark_ff::{FftField, Field};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

use crate::fft::{SMALLEST, Transform};
use crate::lanes::{Arithmetic, BLOCK, Butterflies};

/// Blocks that one thread multiplies at a time.
const SERIAL: usize = 128;

/// The quotient over a domain of one size.
#[derive(Debug)]
pub(super) struct Quotient<A: Butterflies<Fr>> {
    arithmetic: A,
    domain: Radix2EvaluationDomain<Fr>,
    /// None where the domain is too small for vectors.
    lanes: Option<InLanes<A>>,
}

impl<A: Butterflies<Fr>> Quotient<A> {
    pub(super) fn new(arithmetic: A, domain: Radix2EvaluationDomain<Fr>) -> Self {
        let lanes = (domain.size() >= SMALLEST).then(|| InLanes::new(arithmetic, &domain));
        Self {
            arithmetic,
            domain,
            lanes,
        }
    }

    /// The coefficients of the quotient, as many as the domain has elements. Values beyond the
    /// given ones are zero.
    pub(super) fn divide(&self, [a, b, c]: [Vec<Fr>; 3]) -> Vec<Fr> {
        match &self.lanes {
            Some(lanes) => lanes.divide(self.arithmetic, [&a, &b, &c]),
            None => divide_few(&self.domain, [a, b, c]),
        }
    }
}

#[derive(Debug)]
struct InLanes<A: Butterflies<Fr>> {
    transform: Transform<A>,
    /// For each coefficient k: s·g^k / n, with which coefficients go to the coset, where s undoes
    /// the arithmetic's scaling.
    to_coset: Vec<A::Vector>,
    /// g^-k / (s·n·Z), with which A·B comes back and is divided.
    from_coset: Vec<A::Vector>,
    /// -1 / (n·Z), for C, which comes and goes scaled.
    minus: A::Vector,
}

impl<A: Butterflies<Fr>> InLanes<A> {
    fn new(arithmetic: A, domain: &Radix2EvaluationDomain<Fr>) -> Self {
        let transform = Transform::new(arithmetic, domain.size());
        let scale = domain.size_inv() / domain.evaluate_vanishing_polynomial(Fr::GENERATOR);
        let unscale = Arithmetic::<Fr>::scale(arithmetic);
        let forth = powers(Fr::GENERATOR, unscale * domain.size_inv(), domain.size());
        let inverse = Fr::GENERATOR.inverse().expect("a generator is not zero");
        let back = powers(inverse, scale / unscale, domain.size());
        Self {
            to_coset: transform.by_coefficient(|k| forth[k]),
            from_coset: transform.by_coefficient(|k| back[k]),
            minus: arithmetic.vector([arithmetic.pack(-scale); 8]),
            transform,
        }
    }

    fn divide(&self, arithmetic: A, [a, b, c]: [&[Fr]; 3]) -> Vec<Fr> {
        let ((a, b), c) = rayon::join(
            || {
                rayon::join(
                    || self.on_coset(arithmetic, a),
                    || self.on_coset(arithmetic, b),
                )
            },
            || self.transform.interpolate(self.transform.vectors_scaled(c)),
        );
        let mut quotient = self.transform.interpolate(multiplied(arithmetic, a, &b));
        let minus = [&self.minus; BLOCK];
        let blocks = quotient.as_chunks_mut::<BLOCK>().0.par_iter_mut();
        blocks
            .with_min_len(SERIAL)
            .zip(self.from_coset.as_chunks::<BLOCK>().0)
            .zip(c.as_chunks::<BLOCK>().0)
            .for_each(|((out, factor), c)| {
                let ab = *out;
                arithmetic.mul_add(ab.each_ref(), factor.each_ref(), c.each_ref(), minus, out);
            });
        self.transform.coefficients_scaled(&quotient)
    }

    fn on_coset(&self, arithmetic: A, values: &[Fr]) -> Vec<A::Vector> {
        let coefficients = self
            .transform
            .interpolate(self.transform.vectors_scaled(values));
        self.transform
            .evaluate(multiplied(arithmetic, coefficients, &self.to_coset))
    }
}

fn multiplied<A: Butterflies<Fr>>(
    arithmetic: A,
    mut a: Vec<A::Vector>,
    b: &[A::Vector],
) -> Vec<A::Vector> {
    let blocks = a.as_chunks_mut::<BLOCK>().0.par_iter_mut();
    blocks
        .with_min_len(SERIAL)
        .zip(b.as_chunks::<BLOCK>().0)
        .for_each(|(product, b)| {
            let a = *product;
            arithmetic.mul(a.each_ref(), b.each_ref(), product);
        });
    a
}

/// `first·base^k` for each k.
fn powers(base: Fr, first: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(first), |power| Some(*power * base))
        .take(count)
        .collect()
}

fn divide_few(domain: &Radix2EvaluationDomain<Fr>, mut values: [Vec<Fr>; 3]) -> Vec<Fr> {
    let coset = domain
        .get_coset(Fr::GENERATOR)
        .expect("the generator is in no subgroup");
    for values in &mut values {
        domain.ifft_in_place(values);
        coset.fft_in_place(values);
    }
    let [a, b, c] = values;
    let scale = domain
        .evaluate_vanishing_polynomial(Fr::GENERATOR)
        .inverse()
        .expect("the vanishing polynomial is not zero on the coset");
    let quotient: Vec<Fr> = (0..domain.size())
        .map(|i| (a[i] * b[i] - c[i]) * scale)
        .collect();
    coset.ifft(&quotient)
}
