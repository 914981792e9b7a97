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
fn enforce_among<F: Poseidon2Field>(
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
