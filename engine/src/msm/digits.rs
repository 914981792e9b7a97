//! Scalars as signed digits, any of which can be read by itself.

use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, PrimeField};
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
    /// The scalars that are digits themselves, or the negatives of digits, but for zeros: in
    /// witnesses they are many, and have no part in the other windows.
    short: Vec<(u32, i32)>,
    /// The places of the others.
    long: Vec<u32>,
    /// Their digits, window after window, each with the window's half added.
    windows: Vec<(i32, Vec<u16>)>,
}

impl Digits {
    /// Cuts the scalars that are at these indices.
    pub(super) fn new(radix: Radix, scalars: &[Fr], indices: &[u32]) -> Self {
        let values: Vec<[u64; 4]> = indices
            .par_iter()
            .with_min_len(1024)
            .map(|&index| scalars[index as usize].into_bigint().0)
            .collect();
        let (mut short, mut long, mut shifted) = (Vec::new(), Vec::new(), Vec::new());
        let offset = radix.offset();
        for (place, value) in (0..).zip(&values) {
            match short_digit(value, radix.largest()) {
                Some(0) => {}
                Some(digit) => short.push((place, digit)),
                None => {
                    long.push(place);
                    shifted.push(add(*value, offset));
                }
            }
        }
        let windows = (0..radix.windows())
            .into_par_iter()
            .map(|window| cut(radix, window, &shifted))
            .collect();
        Self {
            short,
            long,
            windows,
        }
    }

    /// Calls with the place of each scalar and its digit in a window, in `-largest..=largest`,
    /// unless that is zero.
    #[inline]
    pub(super) fn visit(&self, window: u32, mut each: impl FnMut(u32, i32)) {
        if window == 0 {
            self.short
                .iter()
                .for_each(|&(place, digit)| each(place, digit));
        }
        let (half, digits) = &self.windows[window as usize];
        for (&place, &digit) in self.long.iter().zip(digits) {
            let digit = i32::from(digit) - half;
            if digit != 0 {
                each(place, digit);
            }
        }
    }
}

/// The scalar as one digit, if it is one.
fn short_digit(value: &[u64; 4], largest: u32) -> Option<i32> {
    let small = |value: &[u64; 4]| match value {
        [low, 0, 0, 0] if *low <= u64::from(largest) => Some(*low as i32),
        _ => None,
    };
    small(value).or_else(|| {
        let mut negative = Fr::MODULUS;
        negative.sub_with_borrow(&BigInt(*value));
        small(&negative.0).map(|digit| -digit)
    })
}

/// The digits of one window, with its half, which is to subtract from them.
fn cut(radix: Radix, window: u32, shifted: &[[u64; 5]]) -> (i32, Vec<u16>) {
    let Radix { width } = radix;
    let last = window + 1 == radix.windows();
    let half = if last { 0 } else { 1 << (width - 1) };
    let (word, bit) = ((window * width / 64) as usize, window * width % 64);
    let digit = |words: &[u64; 5]| {
        let pair = u128::from(words[word]) | u128::from(words[word + 1]) << 64;
        (pair >> bit) as u16 & (u32::MAX >> (u32::BITS - width)) as u16
    };
    (half, shifted.iter().map(digit).collect())
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
        scalars.extend(
            (0..20)
                .chain(32_760..32_800)
                .map(|small: i64| Fr::from(-small)),
        );
        scalars.extend((0..20).map(|_| Fr::rand(&mut rng)));
        scalars.extend((0..254).map(|bit| Fr::from(2).pow([bit])));
        let indices: Vec<u32> = (0..scalars.len() as u32).rev().collect();
        for width in 2..=16 {
            let radix = Radix::new(width);
            let digits = Digits::new(radix, &scalars, &indices);
            let mut sums = vec![Fr::from(0); scalars.len()];
            for window in 0..radix.windows() {
                let weight = Fr::from(2).pow([u64::from(width * window)]);
                digits.visit(window, |place, digit| {
                    assert!(digit != 0 && digit.unsigned_abs() <= radix.largest());
                    sums[place as usize] += weight * Fr::from(digit);
                });
            }
            sums.reverse();
            assert_eq!(sums, scalars, "width {width}");
        }
    }
}
