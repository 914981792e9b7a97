//! Bits: linear combinations that can be 0 or 1 and nothing else, and their conjunction.

use ark_ff::PrimeField;

use crate::linear::Linear;
use crate::system::System;

/// A linear combination that is constrained to be 0 or 1.
#[derive(Clone)]
pub(crate) struct Bit<F: PrimeField>(Linear<F>);

impl<F: PrimeField> Bit<F> {
    pub(crate) fn as_linear(&self) -> &Linear<F> {
        &self.0
    }

    /// A linear combination that the caller's constraints leave no value but 0 and 1.
    pub(crate) fn determined(linear: Linear<F>) -> Self {
        Self(linear)
    }

    /// 1 − bit.
    pub(crate) fn not(&self) -> Self {
        Self(&Linear::constant(F::one()) - &self.0)
    }
}

impl<F: PrimeField> System<F> {
    /// A wire that is 0 or 1.
    pub(crate) fn bit(&mut self, value: bool) -> Bit<F> {
        let wire = self.wire(F::from(value));
        self.enforce_bit(wire)
    }

    /// The linear combination, enforced to be 0 or 1.
    pub(crate) fn enforce_bit(&mut self, linear: Linear<F>) -> Bit<F> {
        self.enforce(&linear, &(&linear - F::one()), &Linear::zero());
        Bit(linear)
    }

    /// a and b.
    pub(crate) fn and(&mut self, a: &Bit<F>, b: &Bit<F>) -> Bit<F> {
        Bit(self.product(&a.0, &b.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Built;

    fn a_bit_is_0_or_1<F: PrimeField>() {
        let (built, _) = Built::<F>::new(|system| system.bit(true));
        for value in [F::zero(), F::one()] {
            assert!(built.is_satisfied_by(&[value]));
        }
        for value in [F::from(2u64), -F::one(), F::one() / F::from(2u64)] {
            assert!(!built.is_satisfied_by(&[value]));
        }
    }

    #[test]
    fn nothing_else_is_a_bit() {
        a_bit_is_0_or_1::<ark_bn254::Fr>();
        a_bit_is_0_or_1::<ark_bls12_381::Fr>();
    }

    #[test]
    fn and_and_not_are_those_of_bool() {
        for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
            let (built, (and, not)) = Built::<ark_bn254::Fr>::new(|system| {
                let (a, b) = (system.bit(a), system.bit(b));
                (system.and(&a, &b), a.not())
            });
            assert!(built.is_satisfied());
            assert!(built.notices_every_change(2));
            assert_eq!(and.as_linear().value(), (a && b).into());
            assert_eq!(not.as_linear().value(), (!a).into());
        }
    }
}
