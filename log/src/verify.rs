//! Verifying inclusion and consistency: RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use crate::hash::Hash;

/// A proof does not show what it should: whoever made it is at fault, or it is for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The entry's index is not below the tree's size, or the new tree is smaller than the old.
    #[error("the sizes do not fit: {0} is beyond {1}")]
    Sizes(u64, u64),
    /// There are more or fewer hashes than the sizes ask for.
    #[error("the proof has the wrong number of hashes")]
    Length,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    Root,
}

/// Verifies that a leaf is entry `index` of the tree of `size` entries.
///
/// # Errors
/// It does not follow from the proof.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Sizes(index, size));
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node % 2 == 1 || node == last {
            hash = Hash::node(*sibling, hash);
            while node.is_multiple_of(2) && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            hash = Hash::node(hash, *sibling);
        }
        (node, last) = (node / 2, last / 2);
    }
    ended(last, hash == root)
}

/// Verifies that the tree of `old` entries is the beginning of the one of `new` entries.
///
/// An old tree without entries is the beginning of any; its root and the proof must be the empty
/// ones.
///
/// # Errors
/// It does not follow from the proof.
pub fn verify_consistency(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Sizes(old, new));
    }
    if old == new || old == 0 {
        let holds = if old == new {
            old_root == new_root
        } else {
            old_root == Hash::empty()
        };
        return if proof.is_empty() {
            ended(0, holds)
        } else {
            Err(ProofError::Length)
        };
    }
    // An old tree that is one subtree of the new begins with its own root.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::Length)?;
        (*first, rest)
    };
    let (old_hash, new_hash) = trees(old, new, first, rest).ok_or(ProofError::Length)?;
    ended(0, old_hash == old_root && new_hash == new_root)
}

/// The roots of the trees of `old` and `new` entries, 0 < old < new, that follow from the subtree
/// which ends at `old` and its siblings; none where they are too few or too many.
pub(crate) fn trees(old: u64, new: u64, first: Hash, siblings: &[Hash]) -> Option<(Hash, Hash)> {
    if old == 0 || old >= new {
        return None;
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node % 2 == 1 {
        (node, last) = (node / 2, last / 2);
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in siblings {
        if last == 0 {
            return None;
        }
        if node % 2 == 1 || node == last {
            old_hash = Hash::node(*sibling, old_hash);
            new_hash = Hash::node(*sibling, new_hash);
            while node.is_multiple_of(2) && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            new_hash = Hash::node(new_hash, *sibling);
        }
        (node, last) = (node / 2, last / 2);
    }
    (last == 0).then_some((old_hash, new_hash))
}

const fn ended(last: u64, holds: bool) -> Result<(), ProofError> {
    match (last, holds) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}
