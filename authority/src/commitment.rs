//! Commitments: the leaves of an epoch, their secret order, and the trees over them.

use ark_ff::PrimeField;
use rayon::prelude::*;
use taxproof_claims::credential::{Credential, MembershipPath, Registration};
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{Root, SignedEpochHeader, field_to_bytes};
use taxproof_claims::holder::Secret;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::shape::{Layout, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::subject::EnterpriseId;
use taxproof_engine::poseidon2::Poseidon2Field;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::progress::Progress;
use crate::tree::Tree;

/// 256 secret bits from which salts or positions are derived.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; Self::LENGTH]);

impl Seed {
    /// Bytes of a seed.
    pub const LENGTH: usize = 32;

    /// A fresh seed from the operating system's generator.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; Self::LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A seed from its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a file of mode 0600.
    pub const fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The salt of a leaf in an epoch: the first 248 bits of the profile's hash of seed and epoch.
    /// Another epoch's says nothing of it.
    pub fn salt(&self, profile: Profile, epoch: u64) -> Secret {
        let mut digest = profile.digest("taxproof/salt/1", &[&self.0, &epoch.to_be_bytes()]);
        let mut bytes = [0; Secret::LENGTH];
        bytes.copy_from_slice(&digest.0[..Secret::LENGTH]);
        digest.0.zeroize();
        Secret::from_bytes(bytes)
    }

    /// What an enterprise's leaf is ordered by in an epoch.
    fn position(&self, profile: Profile, epoch: u64, id: &EnterpriseId) -> Digest {
        let parts: [&[u8]; 3] = [&self.0, &epoch.to_be_bytes(), id.as_str().as_bytes()];
        profile.digest("taxproof/position/1", &parts)
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(hidden)")
    }
}

/// What is committed to of one enterprise.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) id: &'a EnterpriseId,
    pub(crate) registration: &'a Registration,
    pub(crate) values: Values,
    pub(crate) salt: Secret,
}

/// An epoch's members in the order of their leaves, and the trees over these.
pub(crate) struct Commitment<'a> {
    pub(crate) members: Vec<Member<'a>>,
    trees: Vec<Box<dyn Rooted>>,
}

/// What is the same for every leaf of an epoch.
pub(crate) struct Epoch {
    pub(crate) number: u64,
    pub(crate) profile: Profile,
    pub(crate) schema: Digest,
    pub(crate) newest_period: Period,
}

impl<'a> Commitment<'a> {
    /// Commits to members for each curve and layout. Leaves are put into an order that only the
    /// holder of `order` can tell, another in every epoch, so that no position says whose leaf it is.
    pub(crate) fn new(
        mut members: Vec<Member<'a>>,
        epoch: &Epoch,
        order: &Seed,
        roots: &[(Curve, Layout)],
        progress: &dyn Progress,
    ) -> Self {
        members.sort_by_cached_key(|m| order.position(epoch.profile, epoch.number, m.id));
        progress.begin("hashing leaves", (members.len() * roots.len()) as u64);
        let trees = roots
            .iter()
            .map(|&(curve, layout)| -> Box<dyn Rooted> {
                match curve {
                    Curve::Bn254 => Box::new(committed::<ark_bn254::Fr>(
                        &members, epoch, curve, layout, progress,
                    )),
                    Curve::Bls12_381 => Box::new(committed::<ark_bls12_381::Fr>(
                        &members, epoch, curve, layout, progress,
                    )),
                }
            })
            .collect();
        Self { members, trees }
    }

    /// The roots, in the order in which they were asked for.
    pub(crate) fn roots(&self) -> Vec<Root> {
        self.trees.iter().map(|tree| tree.root()).collect()
    }

    /// The credential of the member at a position.
    pub(crate) fn credential(&self, position: usize, epoch: &SignedEpochHeader) -> Credential {
        let member = &self.members[position];
        Credential {
            epoch: epoch.clone(),
            id: member.id.clone(),
            values: member.values.clone(),
            salt: member.salt.clone(),
            paths: self.trees.iter().map(|tree| tree.path(position)).collect(),
        }
    }
}

/// A tree over one curve's scalar field, for one layout.
trait Rooted: Sync + Send {
    fn root(&self) -> Root;
    fn path(&self, position: usize) -> MembershipPath;
}

struct Committed<F> {
    curve: Curve,
    layout: Layout,
    tree: Tree<F>,
}

impl<F: Poseidon2Field> Rooted for Committed<F> {
    fn root(&self) -> Root {
        Root::new(self.curve, self.layout, self.tree.root())
    }

    fn path(&self, position: usize) -> MembershipPath {
        let mut children = Box::new([[Digest([0; 32]); TREE_ARITY]; TREE_DEPTH]);
        for (row, elements) in children.iter_mut().zip(self.tree.path(position)) {
            *row = elements.map(field_to_bytes);
        }
        MembershipPath {
            curve: self.curve,
            layout: self.layout,
            children,
        }
    }
}

fn committed<F: Poseidon2Field>(
    members: &[Member<'_>],
    epoch: &Epoch,
    curve: Curve,
    layout: Layout,
    progress: &dyn Progress,
) -> Committed<F> {
    let leaves = members
        .par_iter()
        .map(|member| {
            let leaf = leaf::<F>(member, epoch, curve, layout);
            progress.advance();
            leaf
        })
        .collect();
    Committed {
        curve,
        layout,
        tree: Tree::new(leaves),
    }
}

fn leaf<F: Poseidon2Field + PrimeField>(
    member: &Member<'_>,
    epoch: &Epoch,
    curve: Curve,
    layout: Layout,
) -> F {
    let values = member.values.with_layout(layout);
    let record = Record {
        schema: epoch.schema,
        newest_period: epoch.newest_period,
        id: member.id.clone(),
        values: values.expect("values are derived in the largest layout of the epoch"),
    };
    let holder = member.registration.commitment(curve);
    let holder = holder.expect("a registration is kept only with canonical hashes for every curve");
    record.leaf(&holder, member.salt.to_field())
}
