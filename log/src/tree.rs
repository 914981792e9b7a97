//! Roots and proofs from the hashes of complete subtrees: RFC 6962, sections 2.1, 2.1.1 and 2.1.2.

use std::ops::Range;

use crate::hash::Hash;

/// Where the hashes of complete subtrees come from.
pub trait Subtrees {
    /// Why one is not to be had.
    type Error;

    /// The root of the complete subtree over entries `index·2^level` to `(index + 1)·2^level`.
    ///
    /// # Errors
    /// The source has it not, or cannot be read.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The leaves of a log that is small enough for memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaves(pub Vec<Hash>);

impl Subtrees for Leaves {
    type Error = std::convert::Infallible;

    /// # Panics
    /// There are fewer leaves.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let places = index << level..(index + 1) << level;
        let place = |place| usize::try_from(place).expect("leaves in memory are counted in usize");
        Ok(complete(&self.0[place(places.start)..place(places.end)]))
    }
}

/// The root over a power of two of hashes.
pub(crate) fn complete(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks();
        level = pairs
            .iter()
            .map(|[left, right]| Hash::node(*left, *right))
            .collect();
    }
    level[0]
}

/// The root over the first `size` entries.
///
/// # Errors
/// The source's.
pub fn root<S: Subtrees>(subtrees: &S, size: u64) -> Result<Hash, S::Error> {
    if size == 0 {
        return Ok(Hash::empty());
    }
    over(subtrees, 0..size)
}

/// That entry `index` is in the tree of `size` entries: the siblings from its leaf up.
///
/// # Panics
/// There is no such entry: `index` is not below `size`.
///
/// # Errors
/// The source's.
pub fn prove_inclusion<S: Subtrees>(
    subtrees: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, S::Error> {
    assert!(index < size, "an entry that is proven is in the tree");
    let (mut range, mut proof) = (0..size, Vec::new());
    while range.end - range.start > 1 {
        let middle = split(&range);
        let (inside, beside) = if index < middle {
            (range.start..middle, middle..range.end)
        } else {
            (middle..range.end, range.start..middle)
        };
        proof.push(over(subtrees, beside)?);
        range = inside;
    }
    proof.reverse();
    Ok(proof)
}

/// That the tree of `old` entries is the beginning of the one of `new` entries. Empty where they
/// are equal or `old` is 0.
///
/// # Panics
/// `old` is larger than `new`.
///
/// # Errors
/// The source's.
pub fn prove_consistency<S: Subtrees>(
    subtrees: &S,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, S::Error> {
    assert!(old <= new, "a tree only grows");
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut range, mut proof) = (0..new, Vec::new());
    while range.end != old {
        let middle = split(&range);
        let (inside, beside) = if old <= middle {
            (range.start..middle, middle..range.end)
        } else {
            (middle..range.end, range.start..middle)
        };
        proof.push(over(subtrees, beside)?);
        range = inside;
    }
    // Where all of the old tree is one subtree of the new, its root is known to whoever verifies.
    if range.start > 0 {
        proof.push(over(subtrees, range)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Where RFC 6962 parts a range of more than one entry: after the largest power of two below its
/// length.
const fn split(range: &Range<u64>) -> u64 {
    range.start + (1 << (range.end - range.start - 1).ilog2())
}

/// The hash over a range that starts where a subtree of its size may.
fn over<S: Subtrees>(subtrees: &S, range: Range<u64>) -> Result<Hash, S::Error> {
    let length = range.end - range.start;
    if length.is_power_of_two() {
        let level = length.ilog2();
        let level = u8::try_from(level).expect("a length of 64 bits has at most 64 levels");
        return subtrees.subtree(level, range.start >> level);
    }
    let middle = split(&range);
    let left = over(subtrees, range.start..middle)?;
    Ok(Hash::node(left, over(subtrees, middle..range.end)?))
}
