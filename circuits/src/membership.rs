//! Membership: the leaf is under the epoch's root.
//!
//! At each level the prover gives all eight children of a node, and the current digest must be one
//! of them: Π (child − current) = 0. There is no index, and which child it is means nothing: the
//! statement is that the digest is somewhere under the root. That is sound because the number of
//! levels is fixed and a leaf is a sponge over [`leaf_elements`] elements under a tag in its
//! capacity, a node an untagged compression of eight: to pass off an inner node as a leaf, or a
//! leaf at another depth, is to find a collision between two different functions.
//!
//! [`leaf_elements`]: taxproof_claims::record::leaf_elements

use ark_ff::PrimeField;
use taxproof_claims::shape::TREE_ARITY;
use taxproof_claims::statement::Path;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::hash::Hashes;
use crate::linear::Linear;
use crate::system::System;

/// The children of each node from the leaf's parent to the root.
pub(crate) struct PathVar<F: Poseidon2Field> {
    levels: Vec<[Linear<F>; TREE_ARITY]>,
}

impl<F: Poseidon2Field> PathVar<F> {
    pub(crate) fn new(system: &mut System<F>, path: &Path<F>) -> Self {
        let levels = path.map(|children| children.map(|child| system.wire(child)));
        Self {
            levels: levels.into(),
        }
    }

    /// The root over a leaf. Unsatisfiable where the leaf is not under it.
    pub(crate) fn root(
        &self,
        system: &mut System<F>,
        hashes: &Hashes<F>,
        leaf: Linear<F>,
    ) -> Linear<F> {
        self.levels.iter().fold(leaf, |current, children| {
            enforce_among(system, &current, children);
            hashes.node(system, children)
        })
    }
}

/// Π (child − current) = 0.
pub(crate) fn enforce_among<F: PrimeField>(
    system: &mut System<F>,
    current: &Linear<F>,
    children: &[Linear<F>; TREE_ARITY],
) {
    let [first, middle @ .., last] = children.each_ref().map(|child| child - current);
    let product = middle
        .iter()
        .fold(first, |product, next| system.product(&product, next));
    system.enforce(&product, &last, &Linear::zero());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Built;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use taxproof_claims::hash::node;
    use taxproof_claims::shape::TREE_DEPTH;

    /// Whether a digest is shown to be under a root.
    fn shows<F: Poseidon2Field>(leaf: F, path: &Path<F>, root: F) -> bool {
        let (built, computed) = Built::new(|system| {
            let leaf = system.wire(leaf);
            let path = PathVar::new(system, path);
            path.root(system, &Hashes::new(), leaf)
        });
        built.is_satisfied() && computed.value() == root
    }

    fn only_a_leaf_at_full_depth_is_shown<F: Poseidon2Field>() {
        let rng = &mut StdRng::seed_from_u64(16);
        for place in 0..TREE_ARITY {
            let leaf = F::rand(rng);
            let mut current = leaf;
            let path: Path<F> = [(); TREE_DEPTH].map(|()| {
                let mut children = [(); TREE_ARITY].map(|()| F::rand(rng));
                children[place] = current;
                current = node(&children);
                children
            });
            let root = current;
            assert!(shows(leaf, &path, root));
            assert!(
                shows(path[0][(place + 1) % TREE_ARITY], &path, root),
                "a sibling is there too"
            );
            assert!(!shows(F::rand(rng), &path, root));
            assert!(!shows(F::zero(), &path, root));

            // An inner node in the leaf's place, the path one level shorter and filled up.
            let inner = node(&path[0]);
            assert!(!shows(inner, &path, root));
            for filler in [[root; TREE_ARITY], [F::zero(); TREE_ARITY]] {
                let mut shorter = path;
                shorter.rotate_left(1);
                shorter[TREE_DEPTH - 1] = filler;
                assert!(!shows(inner, &shorter, root));
            }
            // The leaf's siblings in the root's place.
            let mut longer = path;
            longer.rotate_right(1);
            longer[0] = [leaf; TREE_ARITY];
            assert!(!shows(leaf, &longer, root));
        }
    }

    #[test]
    fn only_leaves_at_full_depth_are_shown() {
        only_a_leaf_at_full_depth_is_shown::<ark_bn254::Fr>();
        only_a_leaf_at_full_depth_is_shown::<ark_bls12_381::Fr>();
    }
}
