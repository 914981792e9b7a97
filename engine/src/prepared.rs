//! Files of sections that are mapped and used where they lie.
//!
//! # Layout
//! Sections follow each other, each at a multiple of 64 bytes: a length in bytes, then, at the next
//! multiple of 64, that many bytes in this machine's order. What a section holds follows from its
//! place. A file of another version of this crate, of another arithmetic or of a machine of another
//! order begins with another first section.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;

use crate::storage::Storage;

/// What every section begins at a multiple of, in bytes.
const ALIGNMENT: usize = 64;

/// Why a file cannot be used. It is made again from the key.
#[derive(Debug)]
#[non_exhaustive]
pub enum PreparedError {
    /// The operating system refused.
    Io(io::Error),
    /// The file has not the digest with which it was written: it is damaged, or another.
    Digest,
    /// The file was written by another version, for another processor or on another machine.
    Foreign,
}

impl std::fmt::Display for PreparedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the prepared key cannot be read: {error}"),
            Self::Digest => f.write_str("the prepared key is not the one that was written"),
            Self::Foreign => f.write_str("the prepared key is for other software or processors"),
        }
    }
}

impl std::error::Error for PreparedError {}

impl From<io::Error> for PreparedError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Names the contents of a prepared file: BLAKE3 of all of it.
pub type PreparedDigest = [u8; 32];

/// Writes sections.
#[derive(Debug)]
pub(crate) struct Sections<W> {
    out: W,
    digest: blake3::Hasher,
}

impl<W: Write> Sections<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            digest: blake3::Hasher::new(),
        }
    }

    pub(crate) fn put<T: Pod>(&mut self, section: &[T]) -> io::Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(section);
        let mut head = [0; ALIGNMENT];
        head[..8].copy_from_slice(&(bytes.len() as u64).to_ne_bytes());
        self.write(&head)?;
        self.write(bytes)?;
        self.write(&[0; ALIGNMENT][..padding(bytes.len())])
    }

    pub(crate) fn finish(mut self) -> io::Result<PreparedDigest> {
        self.out.flush()?;
        Ok(self.digest.finalize().into())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update_rayon(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads sections in the order in which they were written.
#[derive(Debug)]
pub(crate) struct Mapped {
    file: Arc<Mmap>,
    at: usize,
}

impl Mapped {
    /// Maps a file if it has this digest.
    pub(crate) fn open(file: &File, digest: &PreparedDigest) -> Result<Self, PreparedError> {
        #[allow(
            unsafe_code,
            reason = "the crate that maps files cannot know who writes them"
        )]
        // SAFETY: who made the file replaces it as a whole and writes to none that is in use; that
        // nobody else does is what the caller of `Prover::map` answers for.
        let file = Arc::new(unsafe { Mmap::map(file) }?);
        let found = blake3::Hasher::new().update_rayon(&file).finalize();
        if found != blake3::Hash::from_bytes(*digest) {
            return Err(PreparedError::Digest);
        }
        Ok(Self { file, at: 0 })
    }

    /// The next section.
    pub(crate) fn next<T: Pod>(&mut self) -> Result<Storage<T>, PreparedError> {
        let section = self.try_next().ok_or(PreparedError::Foreign)?;
        Ok(section)
    }

    fn try_next<T: Pod>(&mut self) -> Option<Storage<T>> {
        let start = self.at.checked_add(ALIGNMENT)?;
        let head = self.file.get(self.at..start)?;
        let length = usize::try_from(u64::from_ne_bytes(*head.first_chunk()?)).ok()?;
        let section = Storage::mapped(&self.file, start, length)?;
        self.at = start + length + padding(length);
        Some(section)
    }
}

fn padding(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT) - length
}
