//! Ranges and comparisons, by the unique bits of a number below a power of two.

use ark_ff::{BigInteger, PrimeField};

use crate::boolean::Bit;
use crate::linear::Linear;
use crate::system::System;

impl<F: PrimeField> System<F> {
    /// The `n` bits of 0 ≤ x < 2^n, the lowest first; unsatisfiable for any other x.
    ///
    /// n − 1 wires and n constraints: the top bit is (x − Σ lower bits)·2^-(n−1). The bits are
    /// unique because 2^n is below the field's order.
    pub(crate) fn decompose(&mut self, x: &Linear<F>, n: u32) -> Vec<Bit<F>> {
        assert!(
            0 < n && n < F::MODULUS_BIT_SIZE,
            "2^n is below the field's order"
        );
        let value = x.value().into_bigint();
        let mut bits: Vec<_> = (0..n - 1)
            .map(|i| self.bit(value.get_bit(i as usize)))
            .collect();
        let lower = composed(&bits);
        let unit = power_of_two::<F>(n - 1)
            .inverse()
            .expect("a power of two is not zero");
        let top = &(x - &lower) * unit;
        bits.push(self.enforce_bit(top));
        bits
    }

    /// \[d ≥ 0\] for −2^n ≤ d < 2^n; unsatisfiable for any other d. n wires, n + 1 constraints.
    pub(crate) fn at_least_zero(&mut self, d: &Linear<F>, n: u32) -> Bit<F> {
        let offset = d + power_of_two::<F>(n);
        self.decompose(&offset, n + 1)
            .pop()
            .expect("there is at least one bit")
    }
}

/// Σ bit_i·2^i.
pub(crate) fn composed<F: PrimeField>(bits: &[Bit<F>]) -> Linear<F> {
    let powers = std::iter::successors(Some(F::one()), |power| Some(power.double()));
    Linear::weighted(powers.zip(bits.iter().map(Bit::as_linear)))
}

fn power_of_two<F: PrimeField>(n: u32) -> F {
    F::from(2u64).pow([n.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Built;
    use proptest::prelude::*;

    /// [d ≥ 0] over n bits, with d as the first wire.
    fn compared<F: PrimeField>(d: F, n: u32) -> (Built<F>, F) {
        let (built, bit) = Built::new(|system| {
            let d = system.wire(d);
            system.at_least_zero(&d, n)
        });
        assert_eq!(built.constraints() as u32, n + 1);
        (built, bit.as_linear().value())
    }

    fn holds_exactly_within_its_range<F: PrimeField>() {
        let half = -(F::one() / F::from(2u64));
        for n in [1, 4, 5, 49, 59, 86, 87] {
            let bound = power_of_two::<F>(n);
            let one = F::one();
            for d in [F::zero(), one, bound - one] {
                let (built, bit) = compared(d, n);
                assert!(
                    built.is_satisfied() && bit.is_one(),
                    "{d} is at least 0 in {n} bits"
                );
                assert!(built.notices_every_change(1));
            }
            for d in [-one, -bound, one - bound] {
                let (built, bit) = compared(d, n);
                assert!(
                    built.is_satisfied() && bit.is_zero(),
                    "{d} is below 0 in {n} bits"
                );
                assert!(built.notices_every_change(1));
            }
            let far = [
                bound,
                bound + one,
                -bound - one,
                bound.double(),
                half,
                half + one,
                half - one,
            ];
            for d in far {
                assert!(
                    !compared(d, n).0.is_satisfied(),
                    "{d} is out of the range of {n} bits"
                );
            }
        }
    }

    #[test]
    fn comparisons_hold_exactly_within_their_range() {
        holds_exactly_within_its_range::<ark_bn254::Fr>();
        holds_exactly_within_its_range::<ark_bls12_381::Fr>();
    }

    /// Whatever bits stand in the wires, a comparison in so few bits that all can be tried says
    /// what is true or nothing.
    fn no_bits_lie<F: PrimeField>() {
        const BITS: u32 = 4;
        let bound = 1i64 << BITS;
        for d in -3 * bound..3 * bound {
            let element = taxproof_claims::amount::to_field::<F>(d.into());
            let (built, _) = compared(element, BITS);
            let honest = built.wires();
            let satisfying = (0..1u64 << BITS).filter(|bits| {
                let bit = |i: u32| F::from(bits >> i & 1);
                let wires: Vec<F> = std::iter::once(element).chain((0..BITS).map(bit)).collect();
                let satisfied = built.is_satisfied_by(&wires);
                assert!(!satisfied || wires == honest);
                satisfied
            });
            assert_eq!(
                satisfying.count(),
                usize::from((-bound..bound).contains(&d)),
                "{d}"
            );
        }
    }

    #[test]
    fn no_other_bits_satisfy_a_comparison() {
        no_bits_lie::<ark_bn254::Fr>();
        no_bits_lie::<ark_bls12_381::Fr>();
    }

    /// The bits of x + p, cut to the decomposition's length, are refused.
    fn alias_is_refused<F: PrimeField>() {
        const BITS: u32 = 87;
        let d = F::from(12_345u64);
        let (built, _) = compared(d, BITS);
        let mut alias = (d + power_of_two::<F>(BITS)).into_bigint();
        alias.add_with_carry(&F::MODULUS);
        let mut wires = built.wires();
        for i in 0..BITS as usize {
            wires[1 + i] = F::from(alias.get_bit(i));
        }
        assert!(!built.is_satisfied_by(&wires));
    }

    /// The contrary outcome, with everything that the bits cannot say put into one of them.
    fn one_large_bit_is_refused<F: PrimeField>() {
        const BITS: u32 = 49;
        for d in [F::from(5u64), -F::from(5u64), F::zero()] {
            let (built, bit) = compared(d, BITS);
            let contrary = (F::one() - bit) * power_of_two::<F>(BITS);
            for place in 0..BITS as usize {
                let mut wires = vec![F::zero(); 1 + BITS as usize];
                wires[0] = d;
                let rest = d + power_of_two::<F>(BITS) - contrary;
                wires[1 + place] = rest / power_of_two::<F>(place as u32);
                assert!(!built.is_satisfied_by(&wires));
            }
        }
    }

    #[test]
    fn a_bit_that_is_none_is_refused() {
        one_large_bit_is_refused::<ark_bn254::Fr>();
        one_large_bit_is_refused::<ark_bls12_381::Fr>();
    }

    #[test]
    fn the_bits_of_an_alias_are_refused() {
        alias_is_refused::<ark_bn254::Fr>();
        alias_is_refused::<ark_bls12_381::Fr>();
    }

    proptest! {
        #[test]
        fn comparisons_agree_with_integers(d in -(1i128 << 87)..1i128 << 87) {
            let (built, bit) = compared(taxproof_claims::amount::to_field::<ark_bn254::Fr>(d), 87);
            prop_assert!(built.is_satisfied());
            prop_assert_eq!(bit, ark_bn254::Fr::from(d >= 0));
        }

        #[test]
        fn decompositions_compose(x in 0u64..1 << 25) {
            let (built, bits) = Built::<ark_bls12_381::Fr>::new(|system| {
                let x = system.wire(x.into());
                system.decompose(&x, 25)
            });
            prop_assert!(built.is_satisfied());
            prop_assert_eq!(bits.len(), 25);
            prop_assert_eq!(composed(&bits).value(), x.into());
        }
    }
}
