//! The hashes of the statement: Poseidon2 over the curve's scalar field.
//!
//! Three widths: a sponge of width 16 (rate 15) for the leaf, a feed-forward compression of width
//! 8 for the tree, a sponge of width 4 (rate 3) for small hashes. A sponge's capacity is its last
//! element and holds the domain tag and the input's length ([`capacity`]), so inputs of different
//! lengths or purposes never share a state; blocks are added to the rate, the last padded with
//! zeros; the output is the first element of the state. The compression's output is the first
//! element of the permuted state plus the first child; it has no tag: it is used for nothing else,
//! and the tree's depth is fixed.
//!
//! # Caution!
//! Poseidon2 here is not circomlib's Poseidon, and the output is `state[0]`, not `state[1]` as in
//! arkworks' sponge.

use ark_ff::PrimeField;
use taxproof_engine::Kernels;
use taxproof_engine::poseidon2::{
    Poseidon2, Poseidon2Field, absorb_all, compress_all, permute_all,
};

use crate::shape::TREE_ARITY;

/// Names the hash in epoch headers, so that it can be replaced.
pub const PARAMS_ID: &str = "poseidon2-x5-t16-t8-t4-1";

/// What a hash is for; at most 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(&'static str);

/// The leaf: a committed record.
pub const LEAF: Tag = Tag("tp/leaf/1");
/// H(sk), the authorising secret's hash.
pub const AUTHORISING_KEY: Tag = Tag("tp/sk/1");
/// H(nk), the pseudonym secret's hash.
pub const NULLIFIER_KEY: Tag = Tag("tp/nk/1");
/// The pseudonym at one bank.
pub const PSEUDONYM: Tag = Tag("tp/pseudonym/1");
/// The tag in a registry shared by several banks.
pub const SCOPE: Tag = Tag("tp/scope/1");

/// The capacity element: the tag's bytes, big-endian, times 2^32, plus the number of elements.
pub fn capacity<F: PrimeField>(tag: Tag, elements: usize) -> F {
    F::from_be_bytes_mod_order(tag.0.as_bytes()) * F::from(1u64 << 32) + F::from(elements as u64)
}

/// The leaf sponge's width.
pub const LEAF_WIDTH: usize = 16;
/// The small sponge's width.
pub const SMALL_WIDTH: usize = 4;

/// A sponge of width `T` that has absorbed whole blocks, so that a leaf with another salt costs
/// one permutation.
#[derive(Debug, Clone)]
pub struct Sponge<F, const T: usize> {
    state: [F; T],
    filled: usize,
}

impl<F: Poseidon2Field, const T: usize> Sponge<F, T>
where
    Poseidon2<F, T>: Default,
{
    /// An empty sponge for `elements` elements under a tag.
    pub fn new(tag: Tag, elements: usize) -> Self {
        let mut state = [F::zero(); T];
        state[T - 1] = capacity(tag, elements);
        Self { state, filled: 0 }
    }

    /// Absorbs one element.
    pub fn absorb(&mut self, element: F) {
        if self.filled == T - 1 {
            Poseidon2::<F, T>::default().permute(&mut self.state);
            self.filled = 0;
        }
        self.state[self.filled] += element;
        self.filled += 1;
    }

    /// Sponges under a tag that have absorbed equally many of their `elements` elements, one for
    /// each `absorbed` of the inputs. More must follow in each. What can be done before they do is
    /// done, so that up to a block of them, such as a salt, costs one permutation.
    ///
    /// # Panics
    /// The inputs are no multiple of `absorbed`, or not fewer than `elements` for each sponge.
    pub fn absorb_all(tag: Tag, elements: usize, absorbed: usize, inputs: &[F]) -> Vec<Self> {
        assert!(
            (1..elements).contains(&absorbed) && inputs.len().is_multiple_of(absorbed),
            "each sponge absorbs equally many elements, and more must follow"
        );
        let empty = Self::new(tag, elements);
        let mut states = vec![empty.state; inputs.len() / absorbed];
        absorb_all(Kernels::best(), &mut states, inputs);
        let filled = absorbed % (T - 1);
        states
            .into_iter()
            .map(|state| Self { state, filled })
            .collect()
    }

    /// The hash of each sponge, as by [`Self::squeeze`].
    pub fn squeeze_all(sponges: &[Self]) -> Vec<F> {
        let mut states: Vec<_> = sponges.iter().map(|sponge| sponge.state).collect();
        permute_all(Kernels::best(), &mut states);
        states.into_iter().map(|state| state[0]).collect()
    }

    /// The state, to be kept and resumed from. It is as secret as what was absorbed.
    pub const fn state(&self) -> &[F; T] {
        &self.state
    }

    /// The sponge that had a state after `absorbed` elements.
    pub const fn resume(state: [F; T], absorbed: usize) -> Self {
        let filled = absorbed % (T - 1);
        Self { state, filled }
    }

    /// The hash. The number of absorbed elements must be the one given to [`Self::new`].
    pub fn squeeze(mut self) -> F {
        Poseidon2::<F, T>::default().permute(&mut self.state);
        self.state[0]
    }
}

/// The hash of a few elements: one permutation for up to three.
pub fn small<F: Poseidon2Field>(tag: Tag, elements: &[F]) -> F {
    let mut sponge = Sponge::<F, SMALL_WIDTH>::new(tag, elements.len());
    elements.iter().for_each(|&element| sponge.absorb(element));
    sponge.squeeze()
}

/// A node of the commitment tree from its children.
pub fn node<F: Poseidon2Field>(children: &[F; TREE_ARITY]) -> F {
    let mut state = *children;
    Poseidon2::<F, TREE_ARITY>::default().permute(&mut state);
    state[0] + children[0]
}

/// The nodes of many octets of children, as by [`node`].
pub fn nodes<F: Poseidon2Field>(children: &[[F; TREE_ARITY]]) -> Vec<F> {
    compress_all(Kernels::best(), children)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::Fr;

    fn f(n: u64) -> Fr {
        Fr::from(n)
    }

    #[test]
    fn padding_does_not_collide() {
        let digests =
            [&[][..], &[f(0)], &[f(0), f(0)], &[f(7)], &[f(7), f(0)]].map(|x| small(LEAF, x));
        for (i, a) in digests.iter().enumerate() {
            for b in &digests[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }

    #[test]
    fn tags_separate() {
        let tags = [LEAF, AUTHORISING_KEY, NULLIFIER_KEY, PSEUDONYM, SCOPE];
        for (i, &a) in tags.iter().enumerate() {
            for &b in &tags[i + 1..] {
                assert_ne!(small(a, &[f(1)]), small(b, &[f(1)]));
                assert_ne!(capacity::<Fr>(a, 1), capacity::<Fr>(b, 1));
            }
        }
    }

    #[test]
    fn a_node_depends_on_the_order_of_its_children() {
        let mut children = [0, 1, 2, 3, 4, 5, 6, 7].map(f);
        let before = node(&children);
        children.swap(3, 4);
        assert_ne!(before, node(&children));
    }

    #[test]
    fn many_sponges_are_sponges() {
        for absorbed in [1, 14, 15, 16, 29, 30, 31] {
            let inputs: Vec<Fr> = (0..9 * absorbed as u64).map(f).collect();
            let elements = absorbed + 2;
            let mut many = Sponge::<Fr, LEAF_WIDTH>::absorb_all(LEAF, elements, absorbed, &inputs);
            let mut expected = Vec::new();
            for (sponge, inputs) in many.iter_mut().zip(inputs.chunks(absorbed)) {
                let mut alone = Sponge::<Fr, LEAF_WIDTH>::new(LEAF, elements);
                inputs.iter().for_each(|&input| alone.absorb(input));
                let mut resumed = Sponge::resume(*sponge.state(), absorbed);
                for sponge in [sponge, &mut alone, &mut resumed] {
                    sponge.absorb(f(77));
                    sponge.absorb(f(78));
                }
                assert_eq!(resumed.squeeze(), alone.clone().squeeze());
                expected.push(alone.squeeze());
            }
            assert_eq!(Sponge::squeeze_all(&many), expected, "{absorbed} elements");
        }
    }

    #[test]
    fn many_nodes_are_nodes() {
        let children: Vec<[Fr; TREE_ARITY]> = (0..19)
            .map(|i| std::array::from_fn(|j| f(i * 8 + j as u64)))
            .collect();
        let alone: Vec<Fr> = children.iter().map(node).collect();
        assert_eq!(nodes(&children), alone);
    }
}
