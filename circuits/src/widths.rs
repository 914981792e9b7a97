//! How many bits each comparison needs: n such that |d| < 2^n, or d = −2^n, for every record in
//! range and all numbers in bounds. The difference of two sums of n bits has n + 1.

use taxproof_claims::shape::{SHAPES, Shape, VALUE_BITS};

/// A linear sum against its threshold, or a numerator against a threshold times the denominator.
pub(crate) const fn linear(shape: Shape) -> u32 {
    shape.linear_sum_bits() + 1
}

/// A ratio's denominator against 1: |denominator| + 1 ≤ 2^n, as its weights stay below their bound.
pub(crate) const fn denominator(shape: Shape) -> u32 {
    shape.linear_sum_bits()
}

/// A row's sum in a counted rule against its threshold.
pub(crate) const fn counted(shape: Shape) -> u32 {
    shape.counted_sum_bits() + 1
}

/// A number of periods against a number of periods, both from 0 to periods + 1.
pub(crate) const fn periods(shape: Shape) -> u32 {
    shape.count_bits()
}

/// An attribute against a bound of at most 2^48.
pub(crate) const ATTRIBUTE: u32 = VALUE_BITS + 1;

/// A number of atoms against a number of atoms.
pub(crate) const fn atoms(shape: Shape) -> u32 {
    shape.atoms().ilog2() + 1
}

/// A score against the cut-off or a band.
pub(crate) const fn score(shape: Shape) -> u32 {
    shape.score_bits() + 1
}

// Both scalar fields have more than 250 bits, and a decomposition has one bit more than these.
const _: () = {
    let mut i = 0;
    while i < SHAPES.len() {
        let shape = SHAPES[i];
        assert!(linear(shape) < 100);
        assert!(counted(shape) < linear(shape) && ATTRIBUTE < linear(shape));
        assert!(shape.periods + 1 < 1 << periods(shape));
        assert!(shape.atoms() < 1 << atoms(shape));
        i += 1;
    }
};
