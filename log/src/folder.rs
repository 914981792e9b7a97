//! A log as a folder of static files: `checkpoint` and `tile/…` (C2SP tlog-tiles).
//!
//! Tiles and bundles are written before the checkpoint that needs them, and never changed; the
//! checkpoint is replaced by a rename. Whoever reads while the log grows, or after it was cut off,
//! sees the old log or the new one. The folder is public.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::durable::replace;
use crate::hash::Hash;
use crate::note::{Note, SignatureLine};
use crate::reader::{CHECKPOINT, LogError, LogReader};
use crate::tile::{FileError, Files, Kind, Tile, TileHashes, encode_bundle};
use crate::tree::Subtrees as _;

/// A log's folder, which is read as [`LogReader`] reads.
#[derive(Debug, Clone)]
pub struct LogFolder {
    reader: LogReader<Folder>,
}

/// The files of a folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The files of a log in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(self.0.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileError::Absent(path.to_owned()),
            _ => FileError::Read {
                path: path.to_owned(),
                why: error.to_string(),
            },
        })
    }
}

impl Deref for LogFolder {
    type Target = LogReader<Folder>;

    fn deref(&self) -> &Self::Target {
        &self.reader
    }
}

impl LogFolder {
    /// The log of a folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            reader: LogReader::new(Folder(folder.into())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.reader.files.0
    }

    /// Appends entries to a log of `size` entries and gives the new root. Nobody sees them before
    /// [`Self::publish`]; whatever stands beyond `size`, of an append that was cut off, is replaced.
    ///
    /// # Errors
    /// The folder cannot be read or written, or an entry is too long.
    pub fn append(&self, size: u64, entries: &[Vec<u8>]) -> Result<Hash, LogError> {
        let grown = size + entries.len() as u64;
        for tile in Tile::grown(size, grown) {
            let bytes = match tile.kind() {
                Kind::Entries => self.bundle(tile, size, entries)?,
                Kind::Hashes(0) => self.leaves(tile, size, entries)?,
                // The level below was written just before.
                Kind::Hashes(level) => self.roots(level, tile, grown)?,
            };
            self.write(&tile.to_string(), &bytes)?;
        }
        self.root(grown)
    }

    /// Makes a checkpoint the log's head: the last step of appending.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn publish(&self, checkpoint: &Note) -> Result<(), LogError> {
        self.write(CHECKPOINT, checkpoint.to_string().as_bytes())
    }

    /// Adds a cosignature to the head.
    ///
    /// # Errors
    /// There is no head, or the folder cannot be written.
    pub fn add_cosignature(&self, line: SignatureLine) -> Result<(), LogError> {
        let mut note = self
            .checkpoint()?
            .ok_or(LogError::Beyond { size: 0, asked: 1 })?;
        note.add(line);
        self.publish(&note)
    }

    /// A bundle: of the entries that were there in it, and of new ones.
    fn bundle(&self, tile: Tile, size: u64, new: &[Vec<u8>]) -> Result<Vec<u8>, LogError> {
        let mut entries = if tile.start() < size {
            self.entries(Tile::bundle(size - 1, size))?
        } else {
            Vec::new()
        };
        entries.extend_from_slice(&new[added(tile, size)]);
        let too_long = |place| LogError::LongEntry(tile.start() + place as u64);
        encode_bundle(&entries).map_err(too_long)
    }

    /// A tile of leaves: of those that were there in it, and of new ones.
    fn leaves(&self, tile: Tile, size: u64, new: &[Vec<u8>]) -> Result<Vec<u8>, LogError> {
        let hashes = TileHashes::new(&self.reader.files, size);
        let known = (tile.start()..size).map(|index| hashes.subtree(0, index));
        let mut leaves = known.collect::<Result<Vec<_>, _>>()?;
        leaves.extend(new[added(tile, size)].iter().map(|entry| Hash::leaf(entry)));
        Ok(leaves.iter().flat_map(|leaf| leaf.0).collect())
    }

    /// A tile above the leaves: the roots of full tiles below.
    fn roots(&self, level: u8, tile: Tile, size: u64) -> Result<Vec<u8>, LogError> {
        let below = TileHashes::new(&self.reader.files, size);
        let places = tile.start()..tile.start() + u64::from(tile.width());
        let roots = places.map(|index| {
            let halves = [2 * index, 2 * index + 1].map(|half| below.subtree(8 * level - 1, half));
            let [left, right] = halves;
            Ok::<_, FileError>(Hash::node(left?, right?))
        });
        Ok(roots
            .collect::<Result<Vec<_>, _>>()?
            .iter()
            .flat_map(|root| root.0)
            .collect())
    }

    /// Writes a file whole or not at all, and durably.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        let path = self.path().join(name);
        let parent = path.parent().unwrap_or(self.path());
        let written = fs::create_dir_all(parent).and_then(|()| replace(&path, bytes, 0o644));
        written.map_err(|why| LogError::Io { path, why })
    }
}

/// Which of the entries after the first `size` are in a tile.
fn added(tile: Tile, size: u64) -> std::ops::Range<usize> {
    let place = |index: u64| {
        usize::try_from(index.saturating_sub(size)).expect("entries in memory are counted in usize")
    };
    place(tile.start())..place(tile.start() + u64::from(tile.width()))
}
