//! Leaves over either curve's scalar field, in lanes, from records or from saved sponges.

use std::io;
use std::path::Path;

use taxproof_claims::credential::Registration;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{Root, field_from_bytes, field_to_bytes};
use taxproof_claims::hash::{LEAF, LEAF_WIDTH, Sponge};
use taxproof_claims::holder::Secret;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Values, leaf_elements};
use taxproof_claims::shape::Layout;
use taxproof_claims::subject::EnterpriseId;
use taxproof_engine::poseidon2::Poseidon2Field;
use zeroize::{Zeroizing, zeroize_bytes};

use super::tree::{TreeFiles, TreeWriter};
use crate::error::AuthorityError;

/// Bytes of a saved sponge: each element little-endian.
pub(super) const STATE: usize = LEAF_WIDTH * 32;

/// A sponge that has absorbed a record, all but the salt. It is as secret as the record.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct State(Box<[u8; STATE]>);

impl Drop for State {
    fn drop(&mut self) {
        // Derived, it would be byte by byte.
        zeroize_bytes(&mut *self.0);
    }
}

impl State {
    pub(super) fn from_bytes(bytes: [u8; STATE]) -> Self {
        Self(Box::new(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8; STATE] {
        &self.0
    }

    fn new<F: Poseidon2Field>(sponge: &Sponge<F, LEAF_WIDTH>) -> Self {
        let mut bytes = Box::new([0; STATE]);
        let places = bytes.as_chunks_mut::<32>().0;
        for (place, element) in places.iter_mut().zip(sponge.state()) {
            let limbs = element.into_bigint();
            let limbs = limbs.as_ref().iter().map(|limb| limb.to_le_bytes());
            for (place, limb) in place.as_chunks_mut::<8>().0.iter_mut().zip(limbs) {
                *place = limb;
            }
        }
        Self(bytes)
    }

    /// The sponge, if the elements are below the field's order.
    fn sponge<F: Poseidon2Field>(&self, absorbed: usize) -> Option<Sponge<F, LEAF_WIDTH>> {
        let mut state = [F::zero(); LEAF_WIDTH];
        for (element, bytes) in state.iter_mut().zip(self.0.as_chunks::<32>().0) {
            let mut limbs = F::BigInt::default();
            let places = limbs.as_mut().iter_mut().zip(bytes.as_chunks::<8>().0);
            places.for_each(|(place, limb)| *place = u64::from_le_bytes(*limb));
            *element = F::from_bigint(limbs)?;
        }
        Some(Sponge::resume(state, absorbed))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State(hidden)")
    }
}

/// What is the same for every leaf of an epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common {
    pub(crate) schema: Digest,
    pub(crate) newest_period: Period,
}

/// A record that has no sponge yet.
pub(super) struct Fresh<'a> {
    pub(super) id: &'a EnterpriseId,
    pub(super) registration: &'a Registration,
    pub(super) values: &'a Values,
    pub(super) salt: &'a Secret,
}

/// Hashes for one root.
pub(super) trait Hashing: Sync + Send + std::fmt::Debug {
    /// The sponges of some records, without the salt, and their leaves.
    fn hash(&self, common: &Common, fresh: &[Fresh<'_>]) -> Vec<(State, Digest)>;
    /// The leaves of some sponges, each with a salt; none if a sponge is none that was saved.
    fn leaves(&self, salted: &[(&State, &Secret)]) -> Option<Vec<Digest>>;
    /// Begins a tree in a folder.
    fn begin(&self, folder: &Path) -> io::Result<Box<dyn Growing>>;
    /// Opens a tree in a folder.
    fn open(&self, folder: &Path) -> Result<TreeFiles, AuthorityError>;
    /// The lowest level of a tree whose parents are not its hashes; the topmost's parent is the root.
    fn wrong_level(&self, tree: &TreeFiles, root: &Digest)
    -> Result<Option<usize>, AuthorityError>;
    /// The root's curve and layout.
    fn kind(&self) -> (Curve, Layout);
}

/// A tree that is being written.
pub(super) trait Growing: Send {
    /// Appends leaves.
    fn push(&mut self, leaves: &[Digest]) -> io::Result<()>;
    /// Ends the tree.
    fn finish(self: Box<Self>) -> io::Result<Root>;
}

/// The hashing for a root.
pub(super) fn hashing(curve: Curve, layout: Layout) -> Box<dyn Hashing> {
    match curve {
        Curve::Bn254 => Box::new(Of::<ark_bn254::Fr>::new(curve, layout)),
        Curve::Bls12_381 => Box::new(Of::<ark_bls12_381::Fr>::new(curve, layout)),
    }
}

#[derive(Debug)]
struct Of<F> {
    curve: Curve,
    layout: Layout,
    field: std::marker::PhantomData<fn() -> F>,
}

impl<F> Of<F> {
    fn new(curve: Curve, layout: Layout) -> Self {
        Self {
            curve,
            layout,
            field: std::marker::PhantomData,
        }
    }

    fn name(&self) -> String {
        format!("tree-{}-{}", self.curve, self.layout)
    }
}

impl<F: Poseidon2Field> Hashing for Of<F> {
    fn hash(&self, common: &Common, fresh: &[Fresh<'_>]) -> Vec<(State, Digest)> {
        let elements = leaf_elements(self.layout);
        let mut inputs = Zeroizing::new(Vec::with_capacity(fresh.len() * (elements - 1)));
        let schema = common.schema.to_field();
        let newest = F::from(common.newest_period.index());
        for record in fresh {
            let holder = record.registration.commitment::<F>(self.curve);
            let holder = holder.expect("a registration is kept only with canonical hashes");
            let id = record.id.to_field();
            inputs.extend([schema, newest, id, holder.authorising, holder.nullifying]);
            // Sooner than `extend`, which asks for them one by one.
            let mut append = |values: &Values| values.elements::<F>().for_each(|e| inputs.push(e));
            if record.values.layout() == self.layout {
                append(record.values);
            } else {
                let values = record.values.with_layout(self.layout);
                append(&values.expect("values are derived in the largest layout of the epoch"));
            }
        }
        let mut sponges = Sponge::absorb_all(LEAF, elements, elements - 1, &inputs);
        let states: Vec<State> = sponges.iter().map(State::new).collect();
        for (sponge, record) in sponges.iter_mut().zip(fresh) {
            sponge.absorb(record.salt.to_field());
        }
        let leaves = Sponge::squeeze_all(&sponges).into_iter();
        states.into_iter().zip(leaves.map(field_to_bytes)).collect()
    }

    fn leaves(&self, salted: &[(&State, &Secret)]) -> Option<Vec<Digest>> {
        let absorbed = leaf_elements(self.layout) - 1;
        let sponges = salted.iter().map(|(state, salt)| {
            let mut sponge = state.sponge::<F>(absorbed)?;
            sponge.absorb(salt.to_field());
            Some(sponge)
        });
        let leaves = Sponge::squeeze_all(&sponges.collect::<Option<Vec<_>>>()?);
        Some(leaves.into_iter().map(field_to_bytes).collect())
    }

    fn begin(&self, folder: &Path) -> io::Result<Box<dyn Growing>> {
        Ok(Box::new(Tree {
            tree: TreeWriter::<F>::create(folder, &self.name())?,
            curve: self.curve,
            layout: self.layout,
        }))
    }

    fn open(&self, folder: &Path) -> Result<TreeFiles, AuthorityError> {
        TreeFiles::open::<F>(folder, &self.name())
    }

    fn wrong_level(
        &self,
        tree: &TreeFiles,
        root: &Digest,
    ) -> Result<Option<usize>, AuthorityError> {
        tree.wrong_level::<F>(root)
    }

    fn kind(&self) -> (Curve, Layout) {
        (self.curve, self.layout)
    }
}

struct Tree<F> {
    tree: TreeWriter<F>,
    curve: Curve,
    layout: Layout,
}

impl<F: Poseidon2Field> Growing for Tree<F> {
    fn push(&mut self, leaves: &[Digest]) -> io::Result<()> {
        let leaves = leaves.iter().map(field_from_bytes);
        let leaves: Option<Vec<F>> = leaves.collect();
        self.tree
            .push(&leaves.expect("leaves are elements of the field"))
    }

    fn finish(self: Box<Self>) -> io::Result<Root> {
        let root = self.tree.finish()?;
        Ok(Root::new(self.curve, self.layout, root))
    }
}
