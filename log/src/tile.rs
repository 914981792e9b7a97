//! Tiles: 256 hashes a file, so that any web server serves a log (C2SP tlog-tiles).
//!
//! Tile n of level l holds the roots of the complete subtrees of 256^l entries number 256·n to
//! 256·n + 255; the last one of a level may be *partial*. Bundles of entries are named alike.

use std::fmt;

use crate::hash::Hash;
use crate::tree::{Subtrees, complete};

/// Hashes or entries in a full tile.
pub const WIDTH: u64 = 256;

/// Levels of the tree in one tile.
const HEIGHT: u8 = 8;

/// What a file of the log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Hashes of this level, 0 to 7.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// The name of a tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    kind: Kind,
    index: u64,
    /// 1 to 256.
    width: u16,
}

impl Tile {
    /// The tiles of a tree of `size` entries that are not yet in full among those of a tree of
    /// `known` entries: what a log writes, and what a mirror reads, as it grows.
    pub fn grown(known: u64, size: u64) -> Vec<Self> {
        let mut tiles = Vec::new();
        let kinds = std::iter::once(Kind::Entries).chain((0..HEIGHT).map(Kind::Hashes));
        for kind in kinds {
            let (known, size) = (kind.count(known), kind.count(size));
            let first = known / WIDTH;
            tiles.extend((first..size.div_ceil(WIDTH)).map(|index| Self::of(kind, index, size)));
        }
        tiles.retain(|tile| tile.start() + u64::from(tile.width) > tile.kind.count(known));
        tiles
    }

    /// The tile with this index in a tree that has `count` of its kind.
    fn of(kind: Kind, index: u64, count: u64) -> Self {
        let width = (count - index * WIDTH).min(WIDTH);
        let width = u16::try_from(width).expect("a tile is at most 256 wide");
        Self { kind, index, width }
    }

    /// The bundle of an entry in a tree of `size` entries.
    ///
    /// # Panics
    /// There is no such entry.
    pub fn bundle(entry: u64, size: u64) -> Self {
        assert!(entry < size, "an entry that is looked up is in the tree");
        Self::of(Kind::Entries, entry / WIDTH, size)
    }

    /// What it holds.
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// The place of its first hash or entry among all of its kind.
    pub const fn start(self) -> u64 {
        self.index * WIDTH
    }

    /// How many hashes or entries it has, 1 to 256.
    pub const fn width(self) -> u16 {
        self.width
    }
}

impl Kind {
    /// How many there are in a tree of `size` entries.
    const fn count(self, size: u64) -> u64 {
        match self {
            Self::Entries => size,
            Self::Hashes(level) => size >> (HEIGHT * level) as u32,
        }
    }
}

/// The path within the log, as `tile/0/x001/234.p/17`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Entries => f.write_str("tile/entries")?,
            Kind::Hashes(level) => write!(f, "tile/{level}")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        let last = groups.remove(0);
        for group in groups.iter().rev() {
            write!(f, "/x{group:03}")?;
        }
        write!(f, "/{last:03}")?;
        if u64::from(self.width) < WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// Where a log's files come from: a folder, a mirror.
pub trait Files {
    /// The bytes of a file, by its path within the log.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
}

/// A file of a log is not what it should be: the log, or who serves it, is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("`{0}` is not there")]
    Absent(String),
    /// It cannot be read.
    #[error("`{path}` cannot be read: {why}")]
    Read {
        /// Within the log.
        path: String,
        /// The system's reason.
        why: String,
    },
    /// It is of another length or form than its name says.
    #[error("`{0}` is damaged")]
    Damaged(String),
}

/// The hashes of a log's tiles.
///
/// # What is not checked
/// That the tiles are those of a checkpoint: compare [`root`](crate::tree::root) with its root, or
/// verify the proofs that come out.
#[derive(Debug)]
pub struct TileHashes<'a, F> {
    files: &'a F,
    size: u64,
}

impl<'a, F: Files> TileHashes<'a, F> {
    /// Those of a tree of `size` entries.
    pub const fn new(files: &'a F, size: u64) -> Self {
        Self { files, size }
    }

    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>, FileError> {
        let kind = Kind::Hashes(level);
        let count = kind.count(self.size);
        if index * WIDTH >= count {
            return Err(FileError::Absent(format!("tile/{level}/…/{index}")));
        }
        let tile = Tile::of(kind, index, count);
        let path = tile.to_string();
        let bytes = self.files.read(&path)?;
        let (hashes, rest) = bytes.as_chunks::<{ Hash::LENGTH }>();
        if rest.is_empty() && hashes.len() == usize::from(tile.width) {
            Ok(hashes.iter().map(|bytes| Hash(*bytes)).collect())
        } else {
            Err(FileError::Damaged(path))
        }
    }
}

impl<F: Files> Subtrees for TileHashes<'_, F> {
    type Error = FileError;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash, FileError> {
        let (tile_level, within) = (level / HEIGHT, level % HEIGHT);
        let first = index << within;
        let hashes = self.tile(tile_level, first / WIDTH)?;
        let start = usize::try_from(first % WIDTH).expect("a place in a tile is below 256");
        let leaves = hashes.get(start..start + (1 << within));
        leaves.map(complete).ok_or_else(|| {
            FileError::Damaged(
                Tile::of(Kind::Hashes(tile_level), first / WIDTH, self.size).to_string(),
            )
        })
    }
}

/// Entries as a bundle: each after its length in two bytes, big-endian.
///
/// # Errors
/// An entry is longer than 65,535 bytes: its place.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, usize> {
    let mut bundle = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| place)?;
        bundle.extend(length.to_be_bytes());
        bundle.extend(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle, if it holds `width` of them and nothing else.
pub fn decode_bundle(mut bundle: &[u8], width: u16) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    for _ in 0..width {
        let (length, rest) = bundle.split_first_chunk()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry.to_vec());
        bundle = rest;
    }
    bundle.is_empty().then_some(entries)
}
