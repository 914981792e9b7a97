//! Whether a linear combination is zero.

use ark_ff::PrimeField;

use crate::boolean::Bit;
use crate::linear::Linear;
use crate::system::System;

impl<F: PrimeField> System<F> {
    /// \[a = 0\]. Two wires, three constraints.
    ///
    /// a·i = 1 − z makes z = 1 where a = 0, and a·z = 0 makes z = 0 elsewhere; i·z = 0 leaves no
    /// freedom in the hint i, which is 1/a or else 0.
    pub(crate) fn is_zero(&mut self, a: &Linear<F>) -> Bit<F> {
        let z = self.wire(F::from(a.value().is_zero()));
        let i = self.wire(a.value().inverse().unwrap_or_default());
        self.enforce(a, &i, &(&Linear::constant(F::one()) - &z));
        self.enforce(a, &z, &Linear::zero());
        self.enforce(&i, &z, &Linear::zero());
        Bit::determined(z)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Built;

    fn tests_zero<F: PrimeField>() {
        for a in [F::zero(), F::one(), -F::one(), F::from(2u64).pow([200])] {
            let (built, z) = Built::new(|system| {
                let a = system.wire(a);
                system.is_zero(&a)
            });
            assert!(built.is_satisfied());
            assert_eq!(z.as_linear().value(), F::from(a.is_zero()));
            assert!(built.notices_every_change(1));
            let inverse = a.inverse().unwrap_or_default();
            let wrong = [
                (F::from(!a.is_zero()), inverse),
                (F::from(!a.is_zero()), F::zero()),
                (F::from(!a.is_zero()), F::one()),
                // The solutions of the two-constraint variant (a + i)·z = 0.
                (a.square() + F::one(), -a),
                (F::from(2u64), F::one()),
            ];
            for (z, i) in wrong {
                if (z, i) != (F::from(a.is_zero()), inverse) {
                    assert!(!built.is_satisfied_by(&[a, z, i]));
                }
            }
        }
    }

    #[test]
    fn zero_is_told_from_everything_else() {
        tests_zero::<ark_bn254::Fr>();
        tests_zero::<ark_bls12_381::Fr>();
    }
}
