//! The commitment tree: 8-ary, of fixed depth, its leaves first and the rest empty.
//!
//! An empty leaf is 0. Subtrees without leaves are hashed once for each height, so a tree of `n`
//! leaves costs about `n`/7 node hashes, whatever the depth.

use taxproof_claims::hash::{node, nodes};
use taxproof_claims::shape::{TREE_ARITY, TREE_DEPTH};
use taxproof_claims::statement::Path;
use taxproof_engine::poseidon2::Poseidon2Field;

/// Most leaves of a tree.
pub const MAX_LEAVES: u64 = (TREE_ARITY as u64).pow(TREE_DEPTH as u32);

/// A tree with all its nodes.
#[derive(Debug, Clone)]
pub struct Tree<F> {
    /// The leaves, then each level's nodes without the empty ones at its end, the root last.
    levels: Vec<Vec<F>>,
    /// The empty node of each level.
    empty: [F; TREE_DEPTH],
}

impl<F: Poseidon2Field> Tree<F> {
    /// The tree over some leaves; there may be none.
    ///
    /// # Panics
    /// There are more than [`MAX_LEAVES`] leaves, more than memory holds.
    pub fn new(leaves: Vec<F>) -> Self {
        assert!(
            leaves.len() as u64 <= MAX_LEAVES,
            "a tree holds 2^30 leaves"
        );
        let mut empty = [F::zero(); TREE_DEPTH];
        for level in 1..TREE_DEPTH {
            empty[level] = node(&[empty[level - 1]; TREE_ARITY]);
        }
        let mut levels = vec![leaves];
        for empty in &empty {
            let parents = levels.last().map(|level| parents(level, *empty));
            levels.push(parents.unwrap_or_default());
        }
        Self { levels, empty }
    }

    /// The root.
    pub fn root(&self) -> F {
        let root = self.levels.last().and_then(|level| level.first()).copied();
        root.unwrap_or_else(|| node(&[self.empty[TREE_DEPTH - 1]; TREE_ARITY]))
    }

    /// The children of each node from the parent of the leaf at `position` to the root.
    pub fn path(&self, position: usize) -> Path<F> {
        let mut index = position;
        let mut path = [[F::zero(); TREE_ARITY]; TREE_DEPTH];
        for ((children, level), empty) in path.iter_mut().zip(&self.levels).zip(&self.empty) {
            index /= TREE_ARITY;
            let start = (index * TREE_ARITY).min(level.len());
            let end = (start + TREE_ARITY).min(level.len());
            *children = padded(&level[start..end], *empty);
        }
        path
    }
}

/// The nodes above a level whose last octet is filled up with empty nodes.
fn parents<F: Poseidon2Field>(level: &[F], empty: F) -> Vec<F> {
    let (octets, rest) = level.as_chunks();
    let mut parents = nodes(octets);
    if !rest.is_empty() {
        parents.push(node(&padded(rest, empty)));
    }
    parents
}

fn padded<F: Copy>(nodes: &[F], empty: F) -> [F; TREE_ARITY] {
    let mut children = [empty; TREE_ARITY];
    children[..nodes.len()].copy_from_slice(nodes);
    children
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Zero;
    use taxproof_claims::credential::climb;

    /// The node at a height over the leaves from `start`, by its definition.
    fn naive<F: Poseidon2Field>(leaves: &[F], height: usize, start: usize) -> F {
        if height == 0 {
            return leaves.get(start).copied().unwrap_or_else(F::zero);
        }
        let width = TREE_ARITY.pow(height as u32 - 1);
        let children: Vec<F> = (0..TREE_ARITY)
            .map(|i| naive(leaves, height - 1, start + i * width))
            .collect();
        node(&children.try_into().expect("eight children"))
    }

    /// The root, by climbing from a node over all leaves beside empty ones by their definition.
    fn naive_root<F: Poseidon2Field>(leaves: &[F], height: usize) -> F {
        let mut root = naive(leaves, height, 0);
        let mut empty = naive::<F>(&[], height, 0);
        for _ in height..TREE_DEPTH {
            let mut children = [empty; TREE_ARITY];
            children[0] = root;
            root = node(&children);
            empty = node(&[empty; TREE_ARITY]);
        }
        root
    }

    fn equals_the_definition<F: Poseidon2Field>() {
        for count in [0u64, 1, 7, 8, 9, 64, 65, 100] {
            let leaves: Vec<F> = (1..=count).map(F::from).collect();
            let tree = Tree::new(leaves.clone());
            assert_eq!(tree.root(), naive_root(&leaves, 3), "{count}");
            for (i, leaf) in leaves.iter().enumerate() {
                let path = tree.path(i);
                assert_eq!(climb(*leaf, &path), Some(tree.root()));
                assert_eq!(path[0][i % TREE_ARITY], *leaf);
            }
        }
    }

    #[test]
    fn the_root_equals_its_definition() {
        equals_the_definition::<ark_bn254::Fr>();
        equals_the_definition::<ark_bls12_381::Fr>();
    }

    #[test]
    fn a_leaf_more_is_another_root() {
        let one = ark_bn254::Fr::from(1u64);
        let roots = [
            vec![],
            vec![one],
            vec![one, one],
            vec![one, ark_bn254::Fr::zero()],
        ]
        .map(|leaves| Tree::new(leaves).root());
        assert_ne!(roots[0], roots[1]);
        assert_ne!(roots[1], roots[2]);
        // A leaf of zero is an empty one: no record hashes to zero.
        assert_eq!(roots[1], roots[3]);
    }
}
