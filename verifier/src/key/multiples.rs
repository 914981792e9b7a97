//! Multiples of a point that is multiplied again and again: of an open input's.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, PrimeField};
use taxproof_engine::pairing::EnginePairing;

/// Bits of a digit. Six makes 43 additions of an element of 254 bits, from 100 KB of points.
const WIDTH: usize = 6;
const HALF: usize = 1 << (WIDTH - 1);

/// j·2^(6i)·P for every digit's place i and j from 1 to 32.
pub(crate) struct Multiples<E: EnginePairing>(Vec<Vec<E::G1Affine>>);

impl<E: EnginePairing> Multiples<E> {
    pub(super) fn of(point: E::G1Affine) -> Self {
        let mut base = point.into_group();
        let rows = (0..digits::<E>()).map(|_| {
            let multiples: Vec<E::G1> =
                std::iter::successors(Some(base), |multiple| Some(*multiple + base))
                    .take(HALF)
                    .collect();
            for _ in 0..WIDTH {
                base.double_in_place();
            }
            E::G1::normalize_batch(&multiples)
        });
        Self(rows.collect())
    }

    /// Adds `scalar`·P.
    pub(crate) fn add_to(&self, sum: &mut E::G1, scalar: E::ScalarField) {
        let bits = scalar.into_bigint();
        let mut carry = 0;
        for (i, row) in self.0.iter().enumerate() {
            let digit = window(&bits, i * WIDTH) + carry;
            carry = usize::from(digit > HALF);
            // A digit above half becomes negative, and the next one greater by one.
            match digit {
                0 => {}
                1..=HALF => *sum += row[digit - 1],
                _ => {
                    if let Some(negative) = (2 * HALF - digit).checked_sub(1) {
                        *sum -= row[negative];
                    }
                }
            }
        }
    }
}

/// Digits of a scalar, one more than its bits need, for the last carry.
fn digits<E: EnginePairing>() -> usize {
    E::ScalarField::MODULUS_BIT_SIZE as usize / WIDTH + 1
}

/// [`WIDTH`] bits from bit `start`.
fn window(bits: &impl BigInteger, start: usize) -> usize {
    let limbs = bits.as_ref();
    let (limb, shift) = (start / 64, start % 64);
    let limb_at = |i: usize| limbs.get(i).copied().unwrap_or(0);
    let pair = u128::from(limb_at(limb)) | u128::from(limb_at(limb + 1)) << 64;
    (pair >> shift) as usize & (2 * HALF - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bls12_381::Bls12_381;
    use ark_bn254::Bn254;
    use ark_ec::PrimeGroup;
    use ark_ff::{Field, UniformRand};

    fn agrees<E: EnginePairing>() {
        let rng = &mut rand::rngs::OsRng;
        let point = E::G1::rand(rng).into_affine();
        let multiples = Multiples::<E>::of(point);
        let one = E::ScalarField::ONE;
        let edges = [0u64, 1, 31, 32, 33, 63, 64, 2047, 2048, 2049, u64::MAX];
        let edges = edges.map(E::ScalarField::from);
        let random = (0..50).map(|_| E::ScalarField::rand(rng));
        let halves = [one / E::ScalarField::from(2u64), -one, -one - one];
        for scalar in edges.into_iter().chain(halves).chain(random) {
            let mut sum = E::G1::generator();
            multiples.add_to(&mut sum, scalar);
            assert_eq!(sum, E::G1::generator() + point * scalar, "{scalar}");
        }
    }

    #[test]
    fn multiples_are_multiples() {
        agrees::<Bn254>();
        agrees::<Bls12_381>();
    }
}
