//! The commitment tree on disk: 8-ary, of fixed depth, its leaves first and the rest empty.
//!
//! One file a level, each node 32 bytes, so that a node is where its index says. Leaves are appended in
//! order and nodes follow as soon as their children are there: what is in memory is a batch of each
//! level. An empty leaf is 0; subtrees without leaves are hashed once for each height and are not in the
//! files, so that a tree of `n` leaves costs about `n`/7 nodes, whatever the depth.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::mem::take;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{field_from_bytes, field_to_bytes};
use taxproof_claims::hash::{node, nodes};
use taxproof_claims::shape::{TREE_ARITY, TREE_DEPTH};
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::error::AuthorityError;
use crate::folder::private;

/// Most leaves of a tree.
pub(crate) const MAX_LEAVES: u64 = (TREE_ARITY as u64).pow(TREE_DEPTH as u32);

/// Nodes of a level that are hashed at once.
const BATCH: usize = 1024 * TREE_ARITY;
/// Bytes of a node.
const NODE: usize = 32;

/// Writes a tree.
pub(super) struct TreeWriter<F> {
    /// Of the level of leaves first.
    levels: Vec<Level<F>>,
    empty: [F; TREE_DEPTH],
}

struct Level<F> {
    file: BufWriter<File>,
    /// Nodes whose parent is not hashed yet.
    waiting: Vec<F>,
}

impl<F: Poseidon2Field> TreeWriter<F> {
    /// Begins a tree in files whose names begin with `name`.
    pub(super) fn create(folder: &Path, name: &str) -> io::Result<Self> {
        let mut empty = [F::zero(); TREE_DEPTH];
        for level in 1..TREE_DEPTH {
            empty[level] = node(&[empty[level - 1]; TREE_ARITY]);
        }
        let levels = (0..TREE_DEPTH).map(|level| {
            let file = private(&level_path(folder, name, level), true)?;
            Ok(Level {
                file: BufWriter::with_capacity(1 << 18, file),
                waiting: Vec::new(),
            })
        });
        Ok(Self {
            levels: levels.collect::<io::Result<_>>()?,
            empty,
        })
    }

    /// Appends leaves.
    pub(super) fn push(&mut self, leaves: &[F]) -> io::Result<()> {
        self.append(0, leaves)
    }

    /// Hashes what is left, makes the files durable, and gives the root.
    ///
    /// # Panics
    /// There are no leaves.
    pub(super) fn finish(mut self) -> io::Result<F> {
        let mut root = None;
        for level in 0..TREE_DEPTH {
            let waiting = take(&mut self.levels[level].waiting);
            let parents = parents(&waiting, self.empty[level]);
            if level + 1 < TREE_DEPTH {
                self.write(level + 1, &parents)?;
                self.levels[level + 1].waiting.extend(parents);
            } else {
                root = parents.first().copied();
            }
            let file = &mut self.levels[level].file;
            file.flush()?;
            file.get_ref().sync_all()?;
        }
        Ok(root.expect("a tree has leaves"))
    }

    fn append(&mut self, level: usize, nodes: &[F]) -> io::Result<()> {
        self.write(level, nodes)?;
        // The children of the root wait for the end.
        let last = level + 1 == TREE_DEPTH;
        let waiting = &mut self.levels[level].waiting;
        waiting.extend(nodes);
        if last || waiting.len() < BATCH {
            return Ok(());
        }
        let rest = waiting.split_off(waiting.len() / TREE_ARITY * TREE_ARITY);
        let whole = std::mem::replace(waiting, rest);
        let parents = parents(&whole, self.empty[level]);
        self.append(level + 1, &parents)
    }

    fn write(&mut self, level: usize, nodes: &[F]) -> io::Result<()> {
        let file = &mut self.levels[level].file;
        nodes
            .iter()
            .try_for_each(|node| file.write_all(&field_to_bytes(*node).0))
    }
}

/// The nodes above some, whose last octet is filled up with empty nodes.
fn parents<F: Poseidon2Field>(level: &[F], empty: F) -> Vec<F> {
    let (octets, rest) = level.as_chunks();
    let mut parents = nodes(octets);
    if !rest.is_empty() {
        let mut children = [empty; TREE_ARITY];
        children[..rest.len()].copy_from_slice(rest);
        parents.push(node(&children));
    }
    parents
}

/// Reads a tree.
#[derive(Debug)]
pub(super) struct TreeFiles {
    /// Of the level of leaves first, each with how many nodes it has.
    levels: Vec<(PathBuf, File, u64)>,
    /// The empty node of each level.
    empty: [Digest; TREE_DEPTH],
}

impl TreeFiles {
    pub(super) fn open<F: Poseidon2Field>(
        folder: &Path,
        name: &str,
    ) -> Result<Self, AuthorityError> {
        let mut empty = F::zero();
        let empties = std::array::from_fn(|_| {
            let this = empty;
            empty = node(&[empty; TREE_ARITY]);
            field_to_bytes(this)
        });
        let levels = (0..TREE_DEPTH).map(|level| {
            let path = level_path(folder, name, level);
            let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
            let (length, file) = opened.map_err(|error| AuthorityError::io(&path, error))?;
            Ok((path, file, length / NODE as u64))
        });
        Ok(Self {
            levels: levels.collect::<Result<_, AuthorityError>>()?,
            empty: empties,
        })
    }

    /// Octets of a level, filled up with empty nodes.
    pub(super) fn octets(
        &self,
        level: usize,
        first: u64,
        count: u64,
    ) -> Result<Vec<Digest>, AuthorityError> {
        let arity = TREE_ARITY as u64;
        self.nodes(level, first * arity, count * arity)
    }
}

impl TreeFiles {
    /// The lowest level whose parents are not its hashes; the topmost's parent is the root.
    pub(super) fn wrong_level<F: Poseidon2Field>(
        &self,
        root: &Digest,
    ) -> Result<Option<usize>, AuthorityError> {
        for level in 0..TREE_DEPTH {
            let octets = self.levels[level].2.div_ceil(TREE_ARITY as u64);
            for first in (0..octets).step_by(BATCH) {
                let count = (octets - first).min(BATCH as u64);
                let hashed = self.hashed::<F>(level, first, count)?;
                let parents = match level + 1 {
                    TREE_DEPTH => vec![*root],
                    above => self.nodes(above, first, count)?,
                };
                if hashed.as_ref() != Some(&parents) {
                    return Ok(Some(level));
                }
            }
        }
        Ok(None)
    }

    /// The hashes of some octets, if their nodes are elements of the field.
    fn hashed<F: Poseidon2Field>(
        &self,
        level: usize,
        first: u64,
        count: u64,
    ) -> Result<Option<Vec<Digest>>, AuthorityError> {
        let children = self.octets(level, first, count)?;
        let children: Option<Vec<F>> = children.iter().map(field_from_bytes).collect();
        Ok(children.map(|children| {
            let parents = nodes(children.as_chunks().0);
            parents.into_iter().map(field_to_bytes).collect()
        }))
    }

    /// Nodes of a level, filled up with empty ones.
    fn nodes(&self, level: usize, first: u64, count: u64) -> Result<Vec<Digest>, AuthorityError> {
        let (path, file, length) = &self.levels[level];
        let there = length.saturating_sub(first).min(count) as usize;
        let mut bytes = vec![0; there * NODE];
        // Where there is nothing, `first` may be any number.
        if there > 0 {
            file.read_exact_at(&mut bytes, first * NODE as u64)
                .map_err(|error| AuthorityError::io(path, error))?;
        }
        let mut nodes: Vec<Digest> = bytes.as_chunks().0.iter().map(|b| Digest(*b)).collect();
        nodes.resize(count as usize, self.empty[level]);
        Ok(nodes)
    }
}

fn level_path(folder: &Path, name: &str, level: usize) -> PathBuf {
    folder.join(format!("{name}.{level}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use taxproof_claims::bundle::Branches;
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

    fn equals_the_definition<F: Poseidon2Field>(counts: &[u64], height: usize) {
        for &count in counts {
            let folder = tempfile::tempdir().expect("a folder");
            let leaves: Vec<F> = (1..=count).map(F::from).collect();
            let mut writer = TreeWriter::create(folder.path(), "tree").expect("is made");
            for some in leaves.chunks(5003) {
                writer.push(some).expect("is written");
            }
            let root = writer.finish().expect("is written");
            assert_eq!(root, naive_root(&leaves, height), "{count}");
            let tree = TreeFiles::open::<F>(folder.path(), "tree").expect("is there");
            let step = 1 + leaves.len() / 20;
            for (i, leaf) in leaves.iter().enumerate().step_by(step) {
                let path = std::array::from_fn(|level| {
                    let (octet, _) = Branches::octets(level, i as u64, 1);
                    let nodes = tree.octets(level, octet, 1).expect("is read");
                    std::array::from_fn(|j| F::from_be_bytes_mod_order(&nodes[j].0))
                });
                assert_eq!(climb(*leaf, &path), Some(root));
                assert_eq!(path[0][i % TREE_ARITY], *leaf);
            }
        }
    }

    #[test]
    fn the_root_equals_its_definition() {
        equals_the_definition::<ark_bn254::Fr>(&[1, 7, 8, 9, 64, 65, 100], 3);
        equals_the_definition::<ark_bls12_381::Fr>(&[1, 9, 65], 3);
        // Over several batches, the last of them not whole.
        equals_the_definition::<ark_bn254::Fr>(&[8192, 17_001], 5);
    }
}
