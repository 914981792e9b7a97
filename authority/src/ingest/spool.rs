//! Rows that read, laid down by ranges of enterprises until they are posted.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::error::AuthorityError;
use crate::folder::{private, read};
use crate::store::{Key, part_of};

/// One file a range. In each: key, length, bytes, row after row in the order of reading.
#[derive(Debug)]
pub(super) struct Spool {
    bits: u32,
    ranges: Vec<Range>,
}

#[derive(Debug)]
struct Range {
    file: File,
    buffer: Vec<u8>,
    written: u64,
}

/// Bytes of a range that are written at once.
const BUFFER: usize = 128 << 10;

impl Spool {
    /// Opens `2^bits` ranges, each cut to a length.
    pub(super) fn open(workplace: &Path, bits: u32, lengths: &[u64]) -> io::Result<Self> {
        let ranges = (0..1usize << bits).map(|index| {
            let path = path(workplace, index as u64);
            let length = lengths.get(index).copied().unwrap_or_default();
            let mut file = match length {
                0 => private(&path, false)?,
                _ => File::options().write(true).open(&path)?,
            };
            if file.metadata()?.len() < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(Range {
                file,
                buffer: Vec::new(),
                written: length,
            })
        });
        Ok(Self {
            bits,
            ranges: ranges.collect::<io::Result<_>>()?,
        })
    }

    pub(super) fn push(&mut self, key: Key, row: &[u8]) -> io::Result<()> {
        let range = &mut self.ranges[part_of(key, self.bits) as usize];
        let length = u32::try_from(row.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        range.buffer.extend(key.to_be_bytes());
        range.buffer.extend(length.to_be_bytes());
        range.buffer.extend(row);
        if range.buffer.len() >= BUFFER {
            range.flush()?;
        }
        Ok(())
    }

    /// Writes everything, so that it can be read.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.ranges.iter_mut().try_for_each(Range::flush)
    }

    /// Makes everything durable, and says how long each range is.
    pub(super) fn mark(&mut self) -> io::Result<Vec<u64>> {
        let lengths = self.ranges.iter_mut().map(|range| {
            range.flush()?;
            range.file.sync_data()?;
            Ok(range.written)
        });
        lengths.collect()
    }
}

impl Range {
    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// A range's rows.
pub(super) struct Rows {
    bytes: Vec<u8>,
    path: PathBuf,
}

impl Rows {
    pub(super) fn read(workplace: &Path, range: u64) -> Result<Self, AuthorityError> {
        let path = path(workplace, range);
        let bytes = read(&path)?;
        Ok(Self { bytes, path })
    }

    /// The rows by key, those of one key in the order of reading.
    pub(super) fn by_key(&self) -> Result<Vec<(Key, &[u8])>, AuthorityError> {
        let mut rest = self.bytes.as_slice();
        let mut rows = Vec::new();
        while !rest.is_empty() {
            rows.push(first(&mut rest).ok_or_else(|| self.damaged())?);
        }
        rows.sort_by_key(|(key, _)| *key);
        Ok(rows)
    }

    pub(super) fn damaged(&self) -> AuthorityError {
        AuthorityError::damaged(&self.path, "it is not what was written while reading")
    }
}

/// Takes the first of some rows off them.
fn first<'a>(rows: &mut &'a [u8]) -> Option<(Key, &'a [u8])> {
    let (key, rest) = rows.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (row, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rows = rest;
    Some((Key::from_be_bytes(*key), row))
}

fn path(workplace: &Path, range: u64) -> PathBuf {
    workplace.join(format!("rows-{range}"))
}
