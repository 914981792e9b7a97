//! Numbers of 256 bits as words of 64 bits and as limbs of fewer.

/// Four words as `N` limbs of so many bits, from the least significant.
#[inline]
pub(crate) const fn to_limbs<const N: usize, const BITS: usize>(words: [u64; 4]) -> [u64; N] {
    let mut limbs = [0; N];
    let mut i = 0;
    while i < N {
        let (word, shift) = (i * BITS / 64, i * BITS % 64);
        limbs[i] = words[word] >> shift;
        if shift + BITS > 64 && word < 3 {
            limbs[i] |= words[word + 1] << (64 - shift);
        }
        limbs[i] &= mask(BITS);
        i += 1;
    }
    limbs
}

/// Limbs, together below 2^256, as four words.
#[inline]
pub(crate) const fn from_limbs<const N: usize, const BITS: usize>(limbs: [u64; N]) -> [u64; 4] {
    let mut words = [0; 4];
    let mut i = 0;
    while i < N {
        let (word, shift) = (i * BITS / 64, i * BITS % 64);
        words[word] |= limbs[i] << shift;
        if shift + BITS > 64 && word < 3 {
            words[word + 1] |= limbs[i] >> (64 - shift);
        }
        i += 1;
    }
    words
}

/// Subtracts the modulus until the rest is below it.
pub(super) fn reduce_fully(mut words: [u64; 4], modulus: [u64; 4]) -> [u64; 4] {
    loop {
        let mut difference = [0; 4];
        let mut borrow = false;
        for i in 0..4 {
            let (d, first) = words[i].overflowing_sub(modulus[i]);
            let (d, second) = d.overflowing_sub(u64::from(borrow));
            difference[i] = d;
            borrow = first | second;
        }
        if borrow {
            return words;
        }
        words = difference;
    }
}

const fn mask(bits: usize) -> u64 {
    (1 << bits) - 1
}

/// `factor·value` for a product that the limbs have room for.
pub(super) const fn scale<const N: usize, const BITS: usize>(
    value: [u64; N],
    factor: u64,
) -> [u64; N] {
    let mut out = [0; N];
    let mut carry = 0;
    let mut i = 0;
    while i < N {
        let limb = value[i] * factor + carry;
        out[i] = limb & mask(BITS);
        carry = limb >> BITS;
        i += 1;
    }
    out
}

/// What all limbs can hold and one, less a value that is not zero.
pub(super) const fn complement<const N: usize, const BITS: usize>(value: [u64; N]) -> [u64; N] {
    let mut out = [0; N];
    let mut carry = 1;
    let mut i = 0;
    while i < N {
        let limb = (!value[i] & mask(BITS)) + carry;
        out[i] = limb & mask(BITS);
        carry = limb >> BITS;
        i += 1;
    }
    out
}

/// For each limb a vector of the limbs of `(offset - q)·p`, where entry i has the largest q with
/// `q·p <= i·2^254`. Limbs are signed.
pub(super) const fn reductions<const N: usize, const BITS: usize>(
    modulus: [u64; 4],
    offset: u64,
) -> [[u64; 8]; N] {
    let p = to_limbs::<N, BITS>(modulus);
    let mut table = [[0; 8]; N];
    let mut entry = 0;
    while entry < 8 {
        let mut at = [0; N];
        at[N - 1] = (entry as u64) << (254 - BITS * (N - 1));
        let mut quotient = 0;
        while at_most(scale::<N, BITS>(p, quotient + 1), at) {
            quotient += 1;
        }
        let (plus, minus) = (scale::<N, BITS>(p, offset), scale::<N, BITS>(p, quotient));
        let mut i = 0;
        while i < N {
            table[i][entry] = plus[i].wrapping_sub(minus[i]);
            i += 1;
        }
        entry += 1;
    }
    table
}

const fn at_most<const N: usize>(a: [u64; N], b: [u64; N]) -> bool {
    let mut i = N;
    while i > 0 {
        i -= 1;
        if a[i] != b[i] {
            return a[i] < b[i];
        }
    }
    true
}

/// `2^-times mod modulus` for an odd modulus below 2^255.
pub(super) const fn inverse_power_of_two(modulus: [u64; 4], times: usize) -> [u64; 4] {
    let mut value = [1, 0, 0, 0];
    let mut round = 0;
    while round < times {
        if value[0] & 1 == 1 {
            let mut carry = 0;
            let mut i = 0;
            while i < 4 {
                let sum = value[i] as u128 + modulus[i] as u128 + carry;
                value[i] = sum as u64;
                carry = sum >> 64;
                i += 1;
            }
        }
        value = [
            value[0] >> 1 | value[1] << 63,
            value[1] >> 1 | value[2] << 63,
            value[2] >> 1 | value[3] << 63,
            value[3] >> 1,
        ];
        round += 1;
    }
    value
}

/// `-1/odd mod 2^bits`, by Newton's iteration.
pub(super) const fn negated_inverse(odd: u64, bits: usize) -> u64 {
    let mut inverse = odd;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        round += 1;
    }
    inverse.wrapping_neg() & mask(bits)
}
