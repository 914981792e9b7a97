//! Scalars as signed digits, any of which can be read by itself.

use ark_bn254::Fr;
use ark_ff::PrimeField;
use rayon::prelude::*;

/// Bits that a scalar and the sign of its last digit take together.
const BITS: u32 = 255;

/// How scalars are cut into digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Radix {
    /// Bits of a digit, 2 to 16.
    width: u32,
}

impl Radix {
    pub(super) fn new(width: u32) -> Self {
        assert!((2..=16).contains(&width), "a digit has 2 to 16 bits");
        Self { width }
    }

    pub(super) fn width(self) -> u32 {
        self.width
    }

    /// Digits of a scalar.
    pub(super) fn windows(self) -> u32 {
        BITS.div_ceil(self.width)
    }

    /// The largest absolute value of a digit.
    pub(super) fn largest(self) -> u32 {
        1 << (self.width - 1)
    }

    /// Half the radix in each digit but the last: added to a scalar, it turns digits from
    /// `-largest..largest` into plain ones.
    fn offset(self) -> [u64; 4] {
        let mut offset = [0; 4];
        for window in 0..self.windows() - 1 {
            let bit = window * self.width + self.width - 1;
            offset[bit as usize / 64] |= 1 << (bit % 64);
        }
        offset
    }
}

/// The digits of some scalars: each scalar is `sum digit(i, w)·2^(width·w)`.
#[derive(Debug)]
pub(super) struct Digits {
    radix: Radix,
    shifted: Vec<[u64; 5]>,
}

impl Digits {
    /// Cuts the scalars that are at these indices.
    pub(super) fn new(radix: Radix, scalars: &[Fr], indices: &[u32]) -> Self {
        let offset = radix.offset();
        let shifted = indices
            .par_iter()
            .with_min_len(1024)
            .map(|&index| add(scalars[index as usize].into_bigint().0, offset))
            .collect();
        Self { radix, shifted }
    }

    /// The digits of one window, in `-largest..=largest`.
    pub(super) fn window(&self, window: u32) -> impl Iterator<Item = i32> + '_ {
        let Radix { width } = self.radix;
        let last = window + 1 == self.radix.windows();
        let half = if last { 0 } else { 1 << (width - 1) };
        let (word, bit) = ((window * width / 64) as usize, window * width % 64);
        self.shifted.iter().map(move |words| {
            let pair = u128::from(words[word]) | u128::from(words[word + 1]) << 64;
            ((pair >> bit) as i32 & ((1 << width) - 1)) - half
        })
    }
}

/// The sum, which is below 2^256, and a word of zero to read beyond.
fn add(a: [u64; 4], b: [u64; 4]) -> [u64; 5] {
    let mut sum = [0; 5];
    let mut carry = 0;
    for i in 0..4 {
        let word = u128::from(a[i]) + u128::from(b[i]) + carry;
        sum[i] = word as u64;
        carry = word >> 64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use ark_ff::{Field, UniformRand};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn digits_make_the_scalar() {
        let mut rng = StdRng::seed_from_u64(4);
        let mut scalars = vec![
            Fr::from(0),
            Fr::from(1),
            Fr::from(-1),
            Fr::from(2).inverse().unwrap(),
        ];
        scalars.extend((0..20).map(|_| Fr::rand(&mut rng)));
        scalars.extend((0..254).map(|bit| Fr::from(2).pow([bit])));
        let indices: Vec<u32> = (0..scalars.len() as u32).rev().collect();
        for width in 2..=16 {
            let radix = Radix::new(width);
            let digits = Digits::new(radix, &scalars, &indices);
            let mut sums = vec![Fr::from(0); scalars.len()];
            for window in 0..radix.windows() {
                let weight = Fr::from(2).pow([u64::from(width * window)]);
                for (sum, digit) in sums.iter_mut().zip(digits.window(window)) {
                    assert!(digit.unsigned_abs() <= radix.largest());
                    *sum += weight * Fr::from(digit);
                }
            }
            sums.reverse();
            assert_eq!(sums, scalars, "width {width}");
        }
    }
}
