//! The leaf: the commitment to the record, its owner and the salt.

use taxproof_claims::hash::LEAF;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::hash::Hashes;
use crate::holder::HolderCommitmentVar;
use crate::linear::Linear;
use crate::record::ValuesVar;
use crate::system::System;

/// What a leaf commits to.
pub(crate) struct LeafVar<'a, F: Poseidon2Field> {
    pub(crate) schema: &'a Linear<F>,
    pub(crate) newest_period: &'a Linear<F>,
    pub(crate) id: &'a Linear<F>,
    pub(crate) holder: &'a HolderCommitmentVar<F>,
    pub(crate) values: &'a ValuesVar<F>,
    pub(crate) salt: &'a Linear<F>,
}

impl<F: Poseidon2Field> LeafVar<'_, F> {
    /// One sponge over everything, the salt last. Its length is the shape's, so no leaf of another
    /// layout has this capacity.
    pub(crate) fn digest(&self, system: &mut System<F>, hashes: &Hashes<F>) -> Linear<F> {
        let head = [
            self.schema,
            self.newest_period,
            self.id,
            &self.holder.authorising,
            &self.holder.nullifying,
        ];
        let body = self.values.elements();
        let elements: Vec<_> = head
            .into_iter()
            .chain(body)
            .chain([self.salt])
            .cloned()
            .collect();
        hashes.leaf(system, LEAF, &elements)
    }
}
