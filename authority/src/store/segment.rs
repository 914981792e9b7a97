//! One file of a store: values in the order of their keys, then where each is.
//!
//! # Layout
//! The format's name; the values, one after the other; the index, in blocks of 256 entries (key,
//! offset, length, digest of the value), each followed by its digest; a trailer. Integers are
//! big-endian. Every byte that is read is held against a digest, so that damage is found out and not
//! taken for something that is missing.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::Key;
use crate::error::AuthorityError;
use crate::folder::private;
use crate::syncing::SyncedFile;
use crate::wiped::Wiped;

/// Tells two values apart.
pub(crate) type Check = [u8; 16];

const MAGIC: &[u8; 20] = b"taxproof/segment/1\n\0";
const BLOCK: usize = 256;
const ENTRY: usize = 16 + 8 + 4 + 16;
const CHECK: usize = 16;
/// Index offset, entries, keys of the store, digest of these.
const TRAILER: usize = 3 * 8 + CHECK;

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    offset: u64,
    length: u32,
    /// Of the value.
    pub(crate) check: Check,
}

impl Entry {
    fn encode(&self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[..16].copy_from_slice(&self.key.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.offset.to_be_bytes());
        bytes[24..28].copy_from_slice(&self.length.to_be_bytes());
        bytes[28..].copy_from_slice(&self.check);
        bytes
    }

    fn decode(bytes: &[u8; ENTRY]) -> Self {
        let chunk = "an entry is as long as its parts";
        Self {
            key: u128::from_be_bytes(*bytes.first_chunk().expect(chunk)),
            offset: u64::from_be_bytes(*bytes[16..].first_chunk().expect(chunk)),
            length: u32::from_be_bytes(*bytes[24..].first_chunk().expect(chunk)),
            check: *bytes[28..].first_chunk().expect(chunk),
        }
    }
}

/// A file that is whole.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    file: File,
    index: u64,
    entries: u64,
    /// Keys in the store when this was its newest file.
    pub(crate) keys: u64,
}

impl Segment {
    pub(crate) fn open(path: &Path) -> Result<Self, AuthorityError> {
        let io = |error| AuthorityError::io(path, error);
        let damaged = || AuthorityError::damaged(path, "it is cut off, or no file of a store");
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let end = length
            .checked_sub(TRAILER as u64)
            .filter(|end| *end >= MAGIC.len() as u64)
            .ok_or_else(damaged)?;
        let mut trailer = [0; TRAILER];
        file.read_exact_at(&mut trailer, end).map_err(io)?;
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, 0).map_err(io)?;
        let (parts, check) = trailer.split_at(TRAILER - CHECK);
        if magic != *MAGIC || check != digest(parts) {
            return Err(damaged());
        }
        let mut parts = parts.as_chunks().0.iter().copied().map(u64::from_be_bytes);
        let mut part = || parts.next().unwrap_or_default();
        let segment = Self {
            path: path.to_owned(),
            file,
            index: part(),
            entries: part(),
            keys: part(),
        };
        if segment.block_start(segment.blocks()) == end {
            Ok(segment)
        } else {
            Err(damaged())
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of all values.
    pub(crate) const fn bytes(&self) -> u64 {
        self.index
    }

    /// How many values it has.
    pub(crate) const fn entries(&self) -> u64 {
        self.entries
    }

    /// The entries whose keys are from `first` to `last`, in order.
    pub(crate) fn range(&self, first: Key, last: Key) -> Result<Vec<Entry>, AuthorityError> {
        let (mut low, mut high) = (0, self.blocks());
        // The last block that begins at or before `first` may hold it.
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            let begins = self.block(middle)?.first().map(|entry| entry.key);
            if begins.is_some_and(|key| key <= first) {
                low = middle;
            } else {
                high = middle;
            }
        }
        let mut found = Vec::new();
        for block in low..self.blocks() {
            let entries = self.block(block)?;
            let beyond = entries.last().is_none_or(|entry| entry.key > last);
            found.extend(
                entries
                    .into_iter()
                    .filter(|e| (first..=last).contains(&e.key)),
            );
            if beyond {
                break;
            }
        }
        Ok(found)
    }

    /// A value.
    pub(crate) fn value(&self, entry: &Entry) -> Result<Vec<u8>, AuthorityError> {
        let damaged = |detail| AuthorityError::damaged(&self.path, detail);
        // Before memory is taken for it.
        let end = entry.offset.checked_add(entry.length.into());
        if end.is_none_or(|end| end > self.index) {
            return Err(damaged("a value is not among the values"));
        }
        let mut value = vec![0; entry.length as usize];
        let read = self.file.read_exact_at(&mut value, entry.offset);
        read.map_err(|error| AuthorityError::io(&self.path, error))?;
        if digest(&value) == entry.check {
            Ok(value)
        } else {
            Err(damaged("a value has changed"))
        }
    }

    /// The values of entries that follow each other, and where in the file they begin.
    pub(super) fn values(&self, entries: &[Entry]) -> Result<(u64, Wiped), AuthorityError> {
        let start = entries.first().map_or(0, |entry| entry.offset);
        // Before memory is taken for them.
        let end = entries.iter().try_fold(start, |end, entry| {
            let next = end.checked_add(entry.length.into());
            next.filter(|next| entry.offset == end && *next <= self.index)
        });
        let end = end.ok_or_else(|| {
            let detail = "its values do not follow each other";
            AuthorityError::damaged(&self.path, detail)
        })?;
        let mut bytes = Wiped::from(vec![0; (end - start) as usize]);
        let read = self.file.read_exact_at(&mut bytes, start);
        read.map_err(|error| AuthorityError::io(&self.path, error))?;
        Ok((start, bytes))
    }

    /// A value in what [`Self::values`] gave.
    pub(super) fn value_in<'a>(
        &self,
        (start, bytes): &'a (u64, Wiped),
        entry: &Entry,
    ) -> Result<&'a [u8], AuthorityError> {
        let value = entry.offset.checked_sub(*start);
        let value = value.and_then(|from| bytes.get(from as usize..)?.get(..entry.length as usize));
        let value = value.filter(|value| digest(value) == entry.check);
        value.ok_or_else(|| AuthorityError::damaged(&self.path, "a value has changed"))
    }

    fn blocks(&self) -> u64 {
        self.entries.div_ceil(BLOCK as u64)
    }

    /// Where a block begins; after the last one, where the blocks end.
    fn block_start(&self, block: u64) -> u64 {
        let before = self.entries.min(block.saturating_mul(BLOCK as u64));
        let bytes = before.saturating_mul(ENTRY as u64);
        let checks = before.div_ceil(BLOCK as u64).saturating_mul(CHECK as u64);
        self.index.saturating_add(bytes).saturating_add(checks)
    }

    fn block(&self, block: u64) -> Result<Vec<Entry>, AuthorityError> {
        let (start, end) = (self.block_start(block), self.block_start(block + 1));
        let mut bytes = vec![0; (end - start) as usize];
        let read = self.file.read_exact_at(&mut bytes, start);
        read.map_err(|error| AuthorityError::io(&self.path, error))?;
        let (entries, check) = bytes.split_at(bytes.len() - CHECK);
        if check != digest(entries) {
            return Err(AuthorityError::damaged(&self.path, "its index has changed"));
        }
        Ok(entries.as_chunks().0.iter().map(Entry::decode).collect())
    }
}

/// How far a file is written: what it can be continued from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Mark {
    bytes: u64,
    entries: u64,
}

/// Values that follow each other in a segment, with their digests: these are made by many threads, and
/// written by one.
#[derive(Debug, Default)]
pub(crate) struct Run {
    bytes: Vec<u8>,
    values: Vec<(Key, u32, Check)>,
}

impl Run {
    /// Appends a value.
    pub(crate) fn push(&mut self, key: Key, value: &[u8]) -> io::Result<()> {
        self.write(key, |bytes| bytes.extend_from_slice(value))
    }

    /// Appends what is written behind the values before.
    pub(crate) fn write(&mut self, key: Key, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let value = &self.bytes[start..];
        let length = u32::try_from(value.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.values.push((key, length, digest(value)));
        Ok(())
    }
}

/// Writes a segment. The index is kept in a file beside it until the end.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    values: BufWriter<SyncedFile>,
    index: BufWriter<SyncedFile>,
    index_path: PathBuf,
    written: Mark,
    last: Option<Key>,
}

impl SegmentWriter {
    /// Begins a file, in place of one that is there.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let index_path = index_path(path);
        let mut writer = Self {
            values: buffered(1 << 20, private(path, false)?),
            index: buffered(1 << 13, private(&index_path, false)?),
            index_path,
            written: Mark {
                bytes: MAGIC.len() as u64,
                entries: 0,
            },
            last: None,
        };
        writer.values.write_all(MAGIC)?;
        Ok(writer)
    }

    /// Continues a file from a mark; what was written after it is forgotten. Keys from the mark on
    /// are not compared to those before it.
    pub(crate) fn resume(path: &Path, mark: Mark) -> io::Result<Self> {
        let index_path = index_path(path);
        let open = |path: &Path, length: u64| -> io::Result<File> {
            let mut file = File::options().write(true).open(path)?;
            if file.metadata()?.len() < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        Ok(Self {
            values: buffered(1 << 20, open(path, mark.bytes)?),
            index: buffered(1 << 13, open(&index_path, mark.entries * ENTRY as u64)?),
            index_path,
            written: mark,
            last: None,
        })
    }

    /// Appends a value.
    ///
    /// # Panics
    /// Its key is not above the one before it.
    pub(crate) fn push(&mut self, key: Key, value: &[u8]) -> io::Result<()> {
        let mut run = Run::default();
        run.push(key, value)?;
        self.append(&run)
    }

    /// Appends values.
    ///
    /// # Panics
    /// A key is not above the one before it.
    pub(crate) fn append(&mut self, run: &Run) -> io::Result<()> {
        self.values.write_all(&run.bytes)?;
        for &(key, length, check) in &run.values {
            assert!(
                self.last.is_none_or(|last| last < key),
                "values come in the order of their keys"
            );
            self.last = Some(key);
            let entry = Entry {
                key,
                offset: self.written.bytes,
                length,
                check,
            };
            self.index.write_all(&entry.encode())?;
            self.written.bytes += u64::from(length);
            self.written.entries += 1;
        }
        Ok(())
    }

    /// Makes durable what was written, and says how far it is.
    pub(crate) fn mark(&mut self) -> io::Result<Mark> {
        for file in [&mut self.values, &mut self.index] {
            file.flush()?;
            file.get_mut().sync()?;
        }
        Ok(self.written)
    }

    /// Writes index and trailer and makes the file durable. `keys` is how many keys the store has
    /// with it. The index's own file stays until the segment is put in place.
    pub(crate) fn finish(mut self, keys: u64) -> io::Result<()> {
        self.index.flush()?;
        let mut index = BufReader::new(File::open(&self.index_path)?);
        let mut left = self.written.entries as usize;
        while left > 0 {
            let mut block = vec![0; left.min(BLOCK) * ENTRY];
            index.read_exact(&mut block)?;
            self.values.write_all(&block)?;
            self.values.write_all(&digest(&block))?;
            left -= block.len() / ENTRY;
        }
        let parts = [self.written.bytes, self.written.entries, keys].map(u64::to_be_bytes);
        let parts = parts.as_flattened();
        self.values.write_all(parts)?;
        self.values.write_all(&digest(parts))?;
        let values = self.values.into_inner()?;
        values.finish()
    }
}

fn buffered(bytes: usize, file: File) -> BufWriter<SyncedFile> {
    BufWriter::with_capacity(bytes, SyncedFile::new(file))
}

/// The file of the index of a segment that is being written.
pub(super) fn index_path(path: &Path) -> PathBuf {
    path.with_extension("index")
}

fn digest(bytes: &[u8]) -> Check {
    let digest = blake3::hash(bytes);
    *digest
        .as_bytes()
        .first_chunk()
        .expect("a digest has 32 bytes")
}
