//! Small circuits written row by row.

use ark_ff::PrimeField;

use crate::{Circuit, Label, Report, Witness, examine};

/// Terms: coefficient and column. Column 0 is one.
pub(super) type Terms<'t> = &'t [(i64, usize)];

/// A circuit under construction, with the values of its columns.
#[derive(Clone)]
pub(super) struct Draft<F> {
    pub(super) rows: Vec<[Vec<(F, usize)>; 3]>,
    pub(super) z: Vec<F>,
    pub(super) instance: usize,
    pub(super) private: Vec<usize>,
    pub(super) follows: Vec<usize>,
}

pub(super) fn small<F: PrimeField>(n: i64) -> F {
    let size = F::from(n.unsigned_abs());
    if n < 0 { -size } else { size }
}

impl<F: PrimeField> Draft<F> {
    pub(super) fn new(inputs: &[i64]) -> Self {
        let z: Vec<F> = [1].iter().chain(inputs).map(|&n| small(n)).collect();
        Self {
            rows: Vec::new(),
            instance: z.len(),
            z,
            private: Vec::new(),
            follows: Vec::new(),
        }
    }

    pub(super) fn wire(&mut self, value: F) -> usize {
        self.z.push(value);
        self.z.len() - 1
    }

    pub(super) fn private(&mut self, value: i64) -> usize {
        let column = self.wire(small(value));
        self.private.push(column);
        column
    }

    pub(super) fn row(&mut self, a: Terms<'_>, b: Terms<'_>, c: Terms<'_>) {
        let terms = |side: Terms<'_>| side.iter().map(|&(c, column)| (small(c), column)).collect();
        self.rows.push([terms(a), terms(b), terms(c)]);
    }

    pub(super) fn value(&self, terms: Terms<'_>) -> F {
        terms
            .iter()
            .map(|&(c, column)| small::<F>(c) * self.z[column])
            .sum()
    }

    /// The wire a·b.
    pub(super) fn product(&mut self, a: Terms<'_>, b: Terms<'_>) -> usize {
        let product = self.wire(self.value(a) * self.value(b));
        self.row(a, b, &[(1, product)]);
        product
    }

    /// The bits of x, which has fewer than `n`, and the row that ties the top one to x.
    pub(super) fn bits(&mut self, x: Terms<'_>, n: u32) -> Vec<usize> {
        let value = self.value(x).into_bigint();
        let bits: Vec<usize> = (0..n)
            .map(|i| {
                let bit = self.wire(F::from(ark_ff::BigInteger::get_bit(&value, i as usize)));
                self.row(&[(1, bit)], &[(1, bit), (-1, 0)], &[]);
                bit
            })
            .collect();
        let mut sum: Vec<(i64, usize)> = x.iter().map(|&(c, column)| (-c, column)).collect();
        sum.extend(bits.iter().enumerate().map(|(i, &bit)| (1 << i, bit)));
        self.row(&[(1, 0)], &sum, &[]);
        bits
    }

    /// The wire \[a = 0\].
    pub(super) fn is_zero(&mut self, a: Terms<'_>) -> usize {
        let value = self.value(a);
        let z = self.wire(F::from(value.is_zero()));
        let i = self.wire(value.inverse().unwrap_or_default());
        self.row(a, &[(1, i)], &[(1, 0), (-1, z)]);
        self.row(a, &[(1, z)], &[]);
        self.row(&[(1, i)], &[(1, z)], &[]);
        z
    }

    pub(super) fn circuit(&self) -> Circuit<F> {
        let side = |m: usize| self.rows.iter().map(|row| row[m].clone()).collect();
        let abc = [side(0), side(1), side(2)];
        let private = self.private.iter().copied();
        let circuit = Circuit::new(abc, self.instance, self.z.len(), private).unwrap();
        circuit.labelled(vec![Label {
            name: "all".into(),
            rows: 0..self.rows.len(),
        }])
    }

    pub(super) fn witness(&self) -> Witness<F> {
        Witness {
            z: self.z.clone(),
            follows: self.follows.clone(),
        }
    }

    /// The battery, with the values of other drafts of the same circuit.
    pub(super) fn examined(&self, others: &[Self]) -> Report {
        let mut witnesses = vec![self.witness()];
        witnesses.extend(others.iter().map(Self::witness));
        examine(
            &self.circuit(),
            &witnesses,
            &crate::Extent::default(),
            &|_, _| (),
        )
        .unwrap()
    }
}
