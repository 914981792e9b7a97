//! Sums and differences of elements without branches: whether one exceeds the modulus cannot be
//! foreseen, and a processor that guesses wrong half the time loses more than the operation takes.

use crate::lanes::{LaneField, Words};

/// `a·b`, of factors in memory: to copy them first would cost a third of a multiplication.
#[inline]
pub(super) fn mul<F: LaneField>(a: &F, b: &F) -> F {
    let mut product = *a;
    product *= b;
    product
}

/// `a + b`.
#[inline(always)]
pub(super) fn add<F: LaneField>(a: &F, b: &F) -> F {
    let (a, b) = (a.to_montgomery(), b.to_montgomery());
    // Twice the modulus is below 2^256.
    let (sum, _) = plus(a, b);
    let (less, borrow) = minus(sum, F::MODULUS.0);
    let keep = mask(borrow);
    F::from_montgomery(std::array::from_fn(|i| {
        less[i] ^ ((less[i] ^ sum[i]) & keep)
    }))
}

/// `a - b`.
#[inline(always)]
pub(super) fn sub<F: LaneField>(a: &F, b: &F) -> F {
    let (difference, borrow) = minus(a.to_montgomery(), b.to_montgomery());
    let back = mask(borrow);
    let (difference, _) = plus(difference, F::MODULUS.0.map(|word| word & back));
    F::from_montgomery(difference)
}

/// All ones, or none.
#[inline(always)]
fn mask(bit: bool) -> u64 {
    0u64.wrapping_sub(u64::from(bit))
}

#[inline(always)]
fn plus(a: Words, b: Words) -> (Words, bool) {
    let (mut sum, mut carry) = ([0; 4], false);
    for i in 0..4 {
        let (word, first) = a[i].overflowing_add(b[i]);
        let (word, second) = word.overflowing_add(u64::from(carry));
        (sum[i], carry) = (word, first | second);
    }
    (sum, carry)
}

#[inline(always)]
fn minus(a: Words, b: Words) -> (Words, bool) {
    let (mut difference, mut borrow) = ([0; 4], false);
    for i in 0..4 {
        let (word, first) = a[i].overflowing_sub(b[i]);
        let (word, second) = word.overflowing_sub(u64::from(borrow));
        (difference[i], borrow) = (word, first | second);
    }
    (difference, borrow)
}
