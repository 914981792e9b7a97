//! Commitments: the leaves of an epoch, their order, and the trees over them, range by range of
//! enterprises and on disk.
//!
//! Enterprises are in the order of their keys, which also says in which bundle each is; within a bundle
//! leaves are in an order that only the holder of the order's seed can tell, another in every epoch. So
//! an epoch is written from one end to the other, in the memory that a few bundles take.

mod audit;
mod draft;
mod hashing;
mod member;
mod members;
mod tree;

use std::io;
use std::mem::take;
use std::path::Path;

use rayon::prelude::*;
use taxproof_claims::bundle::Branches;
use taxproof_claims::credential::MembershipPath;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{EpochHeader, Root};
use taxproof_claims::period::Period;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::{Layout, SHAPES, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::subject::EnterpriseId;

use crate::derivation::{Terms, Underivable};
use crate::error::AuthorityError;
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::registrations::Registrations;
use crate::seed::Seed;
use crate::store::key;
use draft::Draft;
use hashing::{Growing, Hashing, hashing};
use member::Form;
pub(crate) use member::{Member, Share};
use members::{MemberWriter, Members};
use tree::{MAX_LEAVES, TreeFiles};

/// What is to be committed to.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) registrations: &'a Registrations,
    pub(crate) terms: Terms<'a>,
    pub(crate) profile: Profile,
    pub(crate) epoch: u64,
    pub(crate) schema: Digest,
    pub(crate) order: &'a Seed,
    pub(crate) roots: &'a [(Curve, Layout)],
    /// The epoch before, where it is there: what has not changed since is not hashed again.
    pub(crate) previous: Option<&'a Commitment>,
    /// There are `2^bits` bundles.
    pub(crate) bits: u32,
}

/// What was committed to.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) leaves: u64,
    pub(crate) roots: Vec<Root>,
    pub(crate) absent: Absent,
}

/// Who has no leaf.
#[derive(Debug, Default)]
pub(crate) struct Absent {
    /// Enterprises on the ledger that are not registered.
    pub(crate) unregistered: u64,
    /// Registered ones of which nothing is on the ledger.
    pub(crate) unknown: Vec<EnterpriseId>,
    /// Registered ones without a derivable record.
    pub(crate) left_out: Vec<(EnterpriseId, Underivable)>,
}

const MEMBERS: &str = "members";

impl Task<'_> {
    /// Derives, hashes and writes everything to a folder that is empty.
    pub(crate) fn commit(
        &self,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Committed, AuthorityError> {
        let io = |error| AuthorityError::io(folder, error);
        let hashing: Vec<_> = self.roots.iter().map(|(c, l)| hashing(*c, *l)).collect();
        let mut writing = Writing {
            members: MemberWriter::create(&folder.join(MEMBERS), self.form()).map_err(io)?,
            form: self.form(),
            trees: hashing
                .iter()
                .map(|hashing| hashing.begin(folder))
                .collect::<io::Result<_>>()
                .map_err(io)?,
            leaves: 0,
            absent: Absent {
                unregistered: self.ledger.len(),
                ..Absent::default()
            },
        };
        let bundles = 1u64 << self.bits;
        progress.begin("committing to records", bundles);
        let at_once = 2 * rayon::current_num_threads() as u64;
        let mut ready: Vec<Draft> = Vec::new();
        for start in (0..bundles).step_by(at_once as usize) {
            let window = start..bundles.min(start + at_once);
            let before = take(&mut ready);
            // While some are written, the next are hashed.
            let (written, drafted) = rayon::join(
                || writing.append(before),
                || {
                    let drafts = window.into_par_iter().map(|bundle| {
                        let draft = Draft::new(self, &hashing, bundle);
                        progress.advance();
                        draft
                    });
                    drafts.collect::<Result<Vec<_>, _>>()
                },
            );
            written.map_err(io)?;
            ready = drafted?;
        }
        writing.append(ready).map_err(io)?;
        writing.finish().map_err(io)?
    }

    fn form(&self) -> Form {
        Form {
            layout: self.terms.layout,
            roots: self.roots.len(),
        }
    }
}

/// An epoch's files while they grow.
struct Writing {
    members: MemberWriter,
    form: Form,
    trees: Vec<Box<dyn Growing>>,
    leaves: u64,
    absent: Absent,
}

impl Writing {
    fn append(&mut self, mut drafts: Vec<Draft>) -> io::Result<()> {
        let mut first = self.leaves;
        for draft in &mut drafts {
            draft.place(self.form, first);
            first += draft.len();
        }
        for draft in drafts {
            for rows in &draft.rows {
                self.members.append(rows)?;
            }
            for (tree, leaves) in self.trees.iter_mut().zip(&draft.leaves) {
                tree.push(leaves)?;
            }
            self.leaves += draft.len();
            self.absent.unregistered -= draft.accounts;
            self.absent.unknown.extend(draft.unknown);
            self.absent.left_out.extend(draft.left_out);
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Result<Committed, AuthorityError>> {
        self.absent.unknown.sort();
        self.absent.left_out.sort_by(|(a, _), (b, _)| a.cmp(b));
        if self.leaves == 0 {
            return Ok(Err(AuthorityError::NothingToCommit {
                unregistered: self.absent.unregistered,
                left_out: self.absent.left_out.len() + self.absent.unknown.len(),
            }));
        }
        if self.leaves > MAX_LEAVES {
            return Ok(Err(AuthorityError::TooMany(self.leaves)));
        }
        self.members.finish()?;
        let roots = self.trees.into_iter().map(|tree| tree.finish());
        Ok(Ok(Committed {
            leaves: self.leaves,
            roots: roots.collect::<io::Result<_>>()?,
            absent: self.absent,
        }))
    }
}

/// A commitment on disk.
#[derive(Debug)]
pub(crate) struct Commitment {
    members: Members,
    trees: Vec<(Box<dyn Hashing>, TreeFiles)>,
    schema: Digest,
    newest: Period,
    /// The values' layout.
    pub(crate) layout: Layout,
}

impl Commitment {
    /// Opens an epoch's folder.
    pub(crate) fn open(folder: &Path, header: &EpochHeader) -> Result<Self, AuthorityError> {
        let damaged = || AuthorityError::damaged(folder, "the epoch's header has no known roots");
        let layouts = header.roots.iter().map(layout_of);
        let layouts = layouts.collect::<Option<Vec<_>>>().ok_or_else(damaged)?;
        let layout = layouts.iter().max().copied().ok_or_else(damaged)?;
        let form = Form {
            layout,
            roots: header.roots.len(),
        };
        let trees = header.roots.iter().zip(layouts).map(|(root, layout)| {
            let hashing = hashing(root.curve, layout);
            let files = hashing.open(folder)?;
            Ok((hashing, files))
        });
        Ok(Self {
            members: Members::open(&folder.join(MEMBERS), form)?,
            trees: trees.collect::<Result<_, AuthorityError>>()?,
            schema: header.schema,
            newest: header.newest_period,
            layout,
        })
    }

    /// Whether its sponges have absorbed what a task's would, of records that have not changed.
    fn serves(&self, task: &Task<'_>) -> bool {
        let kinds = self.trees.iter().map(|(hashing, _)| hashing.kind());
        self.schema == task.schema
            && self.newest == task.terms.newest
            && kinds.eq(task.roots.iter().copied())
    }

    /// The members of a range of keys, in order.
    pub(crate) fn range(
        &self,
        (first, last): (u128, u128),
        schema: &Schema,
    ) -> Result<Vec<Member>, AuthorityError> {
        self.members.range(first, last, schema)
    }

    /// What goes into the bundles of a range of keys, in the order of positions.
    pub(crate) fn shares(&self, (first, last): (u128, u128)) -> Result<Vec<Share>, AuthorityError> {
        self.members.shares(first, last)
    }

    /// An enterprise's member.
    pub(crate) fn member(
        &self,
        id: &EnterpriseId,
        schema: &Schema,
    ) -> Result<Option<Member>, AuthorityError> {
        let key = key(id.as_str());
        Ok(self.range((key, key), schema)?.pop())
    }

    /// The nodes over some leaves, for each root.
    pub(crate) fn branches(&self, first: u64, count: u64) -> Result<Vec<Branches>, AuthorityError> {
        let all = self.trees.iter().map(|(hashing, tree)| {
            let (curve, layout) = hashing.kind();
            let mut levels = [const { Vec::new() }; TREE_DEPTH];
            for (level, nodes) in levels.iter_mut().enumerate() {
                let (octet, octets) = Branches::octets(level, first, count);
                *nodes = tree.octets(level, octet, octets)?;
            }
            Ok(Branches {
                curve,
                layout,
                levels,
            })
        });
        all.collect()
    }

    /// The paths of a leaf to the roots.
    pub(crate) fn paths(&self, position: u64) -> Result<Vec<MembershipPath>, AuthorityError> {
        let branches = self.branches(position, 1)?.into_iter();
        let paths = branches.map(|branches| {
            let mut children = Box::new([[Digest([0; 32]); TREE_ARITY]; TREE_DEPTH]);
            for (row, nodes) in children.iter_mut().zip(&branches.levels) {
                row.copy_from_slice(nodes);
            }
            MembershipPath {
                curve: branches.curve,
                layout: branches.layout,
                children,
            }
        });
        Ok(paths.collect())
    }
}

/// A root's layout, if a shape has it.
fn layout_of(root: &Root) -> Option<Layout> {
    let mut layouts = SHAPES.iter().map(|shape| shape.layout());
    layouts.find(|layout| layout.to_string() == root.layout)
}
