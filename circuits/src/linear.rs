//! Linear combinations of wires, with their values.

use std::ops::{Add, Mul, Sub};

use ark_ff::PrimeField;
use ark_relations::gr1cs::{LinearCombination, Variable};

/// A linear combination of wires and one, with its value.
///
/// Where only values are wanted, wires carry no terms, and combining combines values alone.
#[derive(Clone)]
pub(crate) struct Linear<F: PrimeField> {
    value: F,
    constant: F,
    /// Sorted by variable; no variable twice, no coefficient 0.
    terms: Vec<(F, Variable)>,
}

impl<F: PrimeField> Linear<F> {
    pub(crate) fn zero() -> Self {
        Self::constant(F::zero())
    }

    pub(crate) fn constant(constant: F) -> Self {
        Self {
            value: constant,
            constant,
            terms: Vec::new(),
        }
    }

    /// One wire; `None` where only values are wanted.
    pub(crate) fn wire(value: F, variable: Option<Variable>) -> Self {
        let terms = variable
            .into_iter()
            .map(|variable| (F::one(), variable))
            .collect();
        Self {
            value,
            constant: F::zero(),
            terms,
        }
    }

    /// What the prover assigned; 0 in setup.
    pub(crate) fn value(&self) -> F {
        self.value
    }

    /// Σ coefficient·part.
    pub(crate) fn weighted<'a>(parts: impl IntoIterator<Item = (F, &'a Self)>) -> Self {
        let mut sum = Self::zero();
        for (coefficient, part) in parts {
            sum.value += coefficient * part.value;
            sum.constant += coefficient * part.constant;
            sum.terms.extend(
                part.terms
                    .iter()
                    .map(|&(c, variable)| (coefficient * c, variable)),
            );
        }
        sum.merge();
        sum
    }

    /// Σ part.
    pub(crate) fn sum<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::weighted(parts.into_iter().map(|part| (F::one(), part)))
    }

    fn merge(&mut self) {
        self.terms.sort_by_key(|&(_, variable)| variable);
        self.terms.dedup_by(|later, kept| {
            let same = later.1 == kept.1;
            if same {
                kept.0 += later.0;
            }
            same
        });
        self.terms.retain(|(coefficient, _)| !coefficient.is_zero());
    }

    /// The combination as arkworks has it.
    pub(crate) fn to_combination(&self) -> LinearCombination<F> {
        let constant = (!self.constant.is_zero()).then_some((self.constant, Variable::One));
        LinearCombination(
            constant
                .into_iter()
                .chain(self.terms.iter().copied())
                .collect(),
        )
    }
}

impl<F: PrimeField> Add for &Linear<F> {
    type Output = Linear<F>;

    fn add(self, other: Self) -> Linear<F> {
        Linear::sum([self, other])
    }
}

impl<F: PrimeField> Sub for &Linear<F> {
    type Output = Linear<F>;

    fn sub(self, other: Self) -> Linear<F> {
        Linear::weighted([(F::one(), self), (-F::one(), other)])
    }
}

impl<F: PrimeField> Mul<F> for &Linear<F> {
    type Output = Linear<F>;

    fn mul(self, factor: F) -> Linear<F> {
        Linear::weighted([(factor, self)])
    }
}

impl<F: PrimeField> Add<F> for &Linear<F> {
    type Output = Linear<F>;

    fn add(self, constant: F) -> Linear<F> {
        let mut sum = self.clone();
        sum.value += constant;
        sum.constant += constant;
        sum
    }
}

impl<F: PrimeField> Sub<F> for &Linear<F> {
    type Output = Linear<F>;

    fn sub(self, constant: F) -> Linear<F> {
        self + -constant
    }
}
