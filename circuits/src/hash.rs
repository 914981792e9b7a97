//! The hashes of `taxproof_claims::hash` as constraints.

use std::array;

use taxproof_claims::hash::{LEAF_WIDTH, SMALL_WIDTH, Tag, capacity};
use taxproof_claims::shape::TREE_ARITY;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::linear::Linear;
use crate::permutation::PermutationVar;
use crate::system::System;

/// The three hash functions.
pub(crate) struct Hashes<F: Poseidon2Field> {
    leaf: PermutationVar<F, LEAF_WIDTH>,
    node: PermutationVar<F, TREE_ARITY>,
    small: PermutationVar<F, SMALL_WIDTH>,
}

impl<F: Poseidon2Field> Hashes<F> {
    pub(crate) fn new() -> Self {
        Self {
            leaf: PermutationVar::new(),
            node: PermutationVar::new(),
            small: PermutationVar::new(),
        }
    }

    pub(crate) fn leaf(
        &self,
        system: &mut System<F>,
        tag: Tag,
        elements: &[Linear<F>],
    ) -> Linear<F> {
        sponge(&self.leaf, system, tag, elements)
    }

    pub(crate) fn small(
        &self,
        system: &mut System<F>,
        tag: Tag,
        elements: &[Linear<F>],
    ) -> Linear<F> {
        sponge(&self.small, system, tag, elements)
    }

    pub(crate) fn node(
        &self,
        system: &mut System<F>,
        children: &[Linear<F>; TREE_ARITY],
    ) -> Linear<F> {
        let permuted = self.node.permute(system, children);
        &permuted[0] + &children[0]
    }
}

/// The sponge of at least one element.
fn sponge<F: Poseidon2Field, const T: usize>(
    permutation: &PermutationVar<F, T>,
    system: &mut System<F>,
    tag: Tag,
    elements: &[Linear<F>],
) -> Linear<F> {
    let mut state: [Linear<F>; T] = array::from_fn(|_| Linear::zero());
    state[T - 1] = Linear::constant(capacity(tag, elements.len()));
    for block in elements.chunks(T - 1) {
        for (slot, element) in state.iter_mut().zip(block) {
            *slot = &*slot + element;
        }
        state = permutation.permute(system, &state);
    }
    state[0].clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Built;
    use taxproof_claims::hash::{self, LEAF, PSEUDONYM, Sponge};

    fn hashes_as_in_clear_text<F: Poseidon2Field>() {
        for length in [1u64, 3, 4, 15, 16, 30, 31] {
            let elements: Vec<F> = (0..length).map(|i| -F::from(i * i)).collect();
            let (built, (leaf, small)) = Built::new(|system| {
                let elements: Vec<_> = elements.iter().map(|&x| system.wire(x)).collect();
                let hashes = Hashes::new();
                let leaf = hashes.leaf(system, LEAF, &elements);
                (leaf, hashes.small(system, PSEUDONYM, &elements))
            });
            let mut sponge = Sponge::<F, LEAF_WIDTH>::new(LEAF, elements.len());
            elements.iter().for_each(|&element| sponge.absorb(element));
            assert!(built.is_satisfied());
            assert_eq!(leaf.value(), sponge.squeeze());
            assert_eq!(small.value(), hash::small(PSEUDONYM, &elements));
        }
        let children = [7u64, 0, 1, 2, 3, 4, 5, 6].map(F::from);
        let (built, node) = Built::new(|system| {
            let children = children.map(|x| system.wire(x));
            Hashes::new().node(system, &children)
        });
        assert!(built.is_satisfied());
        assert_eq!(node.value(), hash::node(&children));
    }

    #[test]
    fn hashes_are_those_of_the_claims() {
        hashes_as_in_clear_text::<ark_bn254::Fr>();
        hashes_as_in_clear_text::<ark_bls12_381::Fr>();
    }
}
