//! Reading a log: its head, its entries, and proofs about them.

use std::io;
use std::path::PathBuf;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::fork::Fork;
use crate::hash::Hash;
use crate::inclusion::InclusionProof;
use crate::note::Note;
use crate::tile::{FileError, Files, Tile, TileHashes, WIDTH, decode_bundle};
use crate::tree::{Subtrees as _, prove_consistency, prove_inclusion, root};

/// The head's path within a log.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// A log by its files, wherever they lie.
///
/// # What is not checked
/// Signatures: see [`Quorum`](crate::Quorum). Entries and proofs are held against the tiles, and
/// these against the checkpoint that is asked about.
#[derive(Debug, Clone)]
pub struct LogReader<F> {
    pub(crate) files: F,
}

/// A log cannot be read or written, or holds what it should not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The system's reason.
    #[error("`{path}`: {why}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A tile or bundle is damaged: take the log from elsewhere.
    #[error(transparent)]
    File(#[from] FileError),
    /// The checkpoint does not read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The tiles have another root than the checkpoint.
    #[error("the tiles are not those of the checkpoint: their root is {found}, not {expected}")]
    Root {
        /// The checkpoint's.
        expected: Hash,
        /// The tiles'.
        found: Hash,
    },
    /// An entry is not the one whose leaf is in the tiles.
    #[error("entry {0} is not the one in the tree")]
    Entry(u64),
    /// An entry is longer than 65,535 bytes: its place.
    #[error("entry {0} is too long for a log")]
    LongEntry(u64),
    /// The log has fewer entries.
    #[error("the log has {size} entries, not {asked}")]
    Beyond {
        /// How many there are.
        size: u64,
        /// What was asked for.
        asked: u64,
    },
}

impl<F: Files> LogReader<F> {
    /// The log of some files.
    pub const fn new(files: F) -> Self {
        Self { files }
    }

    /// The checkpoint, not verified; none where the log has not begun.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn checkpoint(&self) -> Result<Option<Note>, LogError> {
        let bytes = match self.files.read(CHECKPOINT) {
            Ok(bytes) => bytes,
            Err(FileError::Absent(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8(bytes).map_err(|_| CheckpointError::Text)?;
        Ok(Some(text.parse().map_err(CheckpointError::from)?))
    }

    /// The root over the first `size` entries, from the tiles.
    ///
    /// # Errors
    /// A tile is missing or damaged.
    pub fn root(&self, size: u64) -> Result<Hash, LogError> {
        Ok(root(&TileHashes::new(&self.files, size), size)?)
    }

    /// Entry `index` of a log of `size` entries, held against its leaf.
    ///
    /// # Errors
    /// It is missing, damaged or beyond the log.
    pub fn entry(&self, index: u64, size: u64) -> Result<Vec<u8>, LogError> {
        if index >= size {
            return Err(LogError::Beyond {
                size,
                asked: index.saturating_add(1),
            });
        }
        let entry = self
            .entries(Tile::bundle(index, size))?
            .swap_remove(place(index));
        let leaf = TileHashes::new(&self.files, size).subtree(0, index)?;
        if Hash::leaf(&entry) == leaf {
            Ok(entry)
        } else {
            Err(LogError::Entry(index))
        }
    }

    /// That entry `index` is in the log of a checkpoint.
    ///
    /// # Errors
    /// The tiles are missing, damaged, or not the checkpoint's.
    pub fn inclusion(&self, index: u64, note: &Note) -> Result<InclusionProof, LogError> {
        let head = self.of_tiles(note)?;
        if index >= head.size {
            return Err(LogError::Beyond {
                size: head.size,
                asked: index.saturating_add(1),
            });
        }
        let hashes = prove_inclusion(&TileHashes::new(&self.files, head.size), index, head.size)?;
        Ok(InclusionProof {
            index,
            hashes,
            checkpoint: note.clone(),
        })
    }

    /// That the tree of `old` entries is the beginning of the one of a checkpoint.
    ///
    /// # Errors
    /// The tiles are missing, damaged, or not the checkpoint's; or that is smaller.
    pub fn consistency(&self, old: u64, note: &Note) -> Result<Vec<Hash>, LogError> {
        let head = self.of_tiles(note)?;
        if old > head.size {
            return Err(LogError::Beyond {
                size: head.size,
                asked: old,
            });
        }
        Ok(prove_consistency(
            &TileHashes::new(&self.files, head.size),
            old,
            head.size,
        )?)
    }

    /// The evidence that the head of this folder does not continue a checkpoint seen before, or
    /// none where it does.
    ///
    /// # What is not checked
    /// Signatures: [`Fork::verify`] does.
    ///
    /// # Errors
    /// The tiles are missing, damaged, or not those of the head; or the seen one is larger, which
    /// is evidence only with that one's tiles.
    pub fn fork(&self, seen: &Note, note: &Note) -> Result<Option<Fork>, LogError> {
        let head = self.of_tiles(note)?;
        let seen_head: Checkpoint = seen.text().parse()?;
        if seen_head.size > head.size {
            return Err(LogError::Beyond {
                size: head.size,
                asked: seen_head.size,
            });
        }
        let hashes = TileHashes::new(&self.files, head.size);
        let root = root(&hashes, seen_head.size)?;
        if root == seen_head.root {
            return Ok(None);
        }
        let mut hashes = prove_consistency(&hashes, seen_head.size, head.size)?;
        if seen_head.size.is_power_of_two() && seen_head.size < head.size {
            hashes.insert(0, root);
        }
        Ok(Some(Fork {
            smaller: seen.clone(),
            larger: note.clone(),
            hashes,
        }))
    }

    /// What a checkpoint says, if the tiles have its root.
    fn of_tiles(&self, note: &Note) -> Result<Checkpoint, LogError> {
        let head: Checkpoint = note.text().parse()?;
        let found = self.root(head.size)?;
        if found == head.root {
            Ok(head)
        } else {
            Err(LogError::Root {
                expected: head.root,
                found,
            })
        }
    }

    /// The entries of a bundle.
    pub(crate) fn entries(&self, tile: Tile) -> Result<Vec<Vec<u8>>, LogError> {
        let path = tile.to_string();
        let entries = decode_bundle(&self.files.read(&path)?, tile.width());
        Ok(entries.ok_or(FileError::Damaged(path))?)
    }
}

fn place(index: u64) -> usize {
    usize::try_from(index % WIDTH).expect("a place in a bundle is below 256")
}
