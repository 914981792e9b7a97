//! Rows that read, laid down by ranges of enterprises until they are posted.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::row::Sheet;
use crate::error::AuthorityError;
use crate::folder::{private, read};
use crate::store::Key;

/// One file a range. In each: sheets of rows, in the order of reading.
#[derive(Debug)]
pub(super) struct Spool {
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
            ranges: ranges.collect::<io::Result<_>>()?,
        })
    }

    /// Lays down rows of a range.
    pub(super) fn push(&mut self, range: u64, rows: &[u8]) -> io::Result<()> {
        let range = &mut self.ranges[range as usize];
        range.buffer.extend_from_slice(rows);
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

    /// Rows of one key that follow each other, by key; those of one key in the order of reading.
    pub(super) fn by_key(&self) -> Result<Vec<(Key, &[u8])>, AuthorityError> {
        let mut rest = self.bytes.as_slice();
        let mut runs: Vec<(Key, &[u8])> = Vec::new();
        while let Some(key) = self.first_key(rest)? {
            let run = rest;
            while self.first_key(rest)? == Some(key) {
                Sheet::split(&mut rest).ok_or_else(|| self.damaged())?;
            }
            runs.push((key, &run[..run.len() - rest.len()]));
        }
        runs.sort_by_key(|(key, _)| *key);
        Ok(runs)
    }

    fn first_key(&self, rows: &[u8]) -> Result<Option<Key>, AuthorityError> {
        if rows.is_empty() {
            return Ok(None);
        }
        let key = rows.first_chunk().ok_or_else(|| self.damaged())?;
        Ok(Some(Key::from_be_bytes(*key)))
    }

    pub(super) fn damaged(&self) -> AuthorityError {
        AuthorityError::damaged(&self.path, "it is not what was written while reading")
    }
}

/// Removes a range's rows, which are posted.
pub(super) fn remove(workplace: &Path, range: u64) -> Result<(), AuthorityError> {
    let path = path(workplace, range);
    std::fs::remove_file(&path).map_err(|error| AuthorityError::io(&path, error))
}

fn path(workplace: &Path, range: u64) -> PathBuf {
    workplace.join(format!("rows-{range}"))
}
