//! Values by enterprise, on disk: a folder of files that are written once.
//!
//! Each change adds a file with the new values of the enterprises that it touched; of several values
//! of one enterprise, that of the newest file holds. A file is put in place by one rename, so a change
//! happens whole or not at all. Files are merged as they grow in number, so that there are few.
//!
//! Keys are digests of ids, so that any range of keys holds its share of the enterprises: work goes
//! range by range, in as much memory as one range takes, and in parallel.

mod range;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use taxproof_claims::bundle::place as key;

use crate::error::AuthorityError;
use crate::folder::{make_dir, partial, sync_dir};
pub(crate) use range::Range;
pub(crate) use segment::{Check, Mark, Run, SegmentWriter};
use segment::{Entry, Segment, index_path};

/// The place of an enterprise in the order of all.
pub(crate) type Key = u128;

/// The keys of one of `2^bits` equal parts, from the first to the last.
pub(crate) fn part(index: u64, bits: u32) -> (Key, Key) {
    if bits == 0 {
        return (Key::MIN, Key::MAX);
    }
    let shift = Key::BITS - bits;
    let first = Key::from(index) << shift;
    (first, first | (Key::MAX >> bits))
}

/// Which of `2^bits` equal parts a key is in.
pub(crate) fn part_of(key: Key, bits: u32) -> u64 {
    match bits {
        0 => 0,
        bits => (key >> (Key::BITS - bits)) as u64,
    }
}

/// A folder of values.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    /// The oldest first, each with the changes that it holds.
    files: Vec<(Changes, Segment)>,
}

/// The changes of a file, from the first to the last, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Changes {
    first: u64,
    last: u64,
}

/// Where an enterprise's newest value is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located {
    pub(crate) entry: Entry,
    file: usize,
}

impl Located {
    pub(crate) const fn key(&self) -> Key {
        self.entry.key
    }
}

impl Store {
    /// Opens a folder, which need not be there yet, and removes what a crash left.
    pub(crate) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let mut store = Self {
            folder: folder.to_owned(),
            files: Vec::new(),
        };
        if !folder.exists() {
            return Ok(store);
        }
        let mut found = store.list()?;
        // Of files that begin with the same change, the one that reaches further holds the others.
        found.sort_by_key(|changes| (changes.first, std::cmp::Reverse(changes.last)));
        let mut reached = 0;
        for changes in found {
            if changes.last <= reached {
                store.remove(&store.path(changes))?;
            } else if changes.first == reached + 1 {
                let segment = Segment::open(&store.path(changes))?;
                reached = changes.last;
                store.files.push((changes, segment));
            } else {
                let detail = format!("change {} is missing", reached + 1);
                return Err(AuthorityError::damaged(folder, detail));
            }
        }
        let values = store.files.iter().map(|(_, segment)| segment.entries());
        if store.len() > values.sum() {
            let detail = "it counts more enterprises than it has values";
            return Err(AuthorityError::damaged(folder, detail));
        }
        Ok(store)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many enterprises have a value.
    pub(crate) fn len(&self) -> u64 {
        self.files.last().map_or(0, |(_, segment)| segment.keys)
    }

    /// Changes so far.
    pub(crate) fn changes(&self) -> u64 {
        self.files.last().map_or(0, |(changes, _)| changes.last)
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: Key) -> Result<Option<Vec<u8>>, AuthorityError> {
        let found = self.scan(key, key)?;
        found.first().map(|at| self.read(at)).transpose()
    }

    /// Where the newest values of the keys from `first` to `last` are, in order.
    pub(crate) fn scan(&self, first: Key, last: Key) -> Result<Vec<Located>, AuthorityError> {
        let mut found: Vec<Located> = Vec::new();
        for (file, (_, segment)) in self.files.iter().enumerate() {
            let entries = segment.range(first, last)?.into_iter();
            found.extend(entries.map(|entry| Located { entry, file }));
        }
        // The newest of each key comes first, and stays.
        found.sort_by_key(|at| (at.key(), std::cmp::Reverse(at.file)));
        found.dedup_by_key(|at| at.key());
        Ok(found)
    }

    /// A value.
    pub(crate) fn read(&self, at: &Located) -> Result<Vec<u8>, AuthorityError> {
        self.files[at.file].1.value(&at.entry)
    }

    /// A change of some values, in the order of their keys.
    pub(crate) fn change(&mut self, values: &[(Key, Vec<u8>)]) -> Result<(), AuthorityError> {
        self.make_folder()?;
        let path = partial(&self.folder.join("change"));
        let io = |error| AuthorityError::io(&path, error);
        let keys = self.len() + self.count_new(values)?;
        let mut writer = SegmentWriter::create(&path).map_err(io)?;
        for (key, value) in values {
            writer.push(*key, value).map_err(io)?;
        }
        writer.finish(keys).map_err(io)?;
        self.adopt(&path)
    }

    /// How many of some keys have no value yet.
    fn count_new(&self, values: &[(Key, Vec<u8>)]) -> Result<u64, AuthorityError> {
        let mut new = 0;
        if (values.len() as u64) < self.len() / FEW {
            for (key, _) in values {
                new += u64::from(self.scan(*key, *key)?.is_empty());
            }
            return Ok(new);
        }
        for values in
            values.chunk_by(|(a, _), (b, _)| part_of(*a, PART_BITS) == part_of(*b, PART_BITS))
        {
            let (first, last) = part(part_of(values[0].0, PART_BITS), PART_BITS);
            let known: HashSet<Key> = self.scan(first, last)?.iter().map(Located::key).collect();
            new += values
                .iter()
                .filter(|(key, _)| !known.contains(key))
                .count() as u64;
        }
        Ok(new)
    }

    /// Puts a finished file in place as the next change.
    pub(crate) fn adopt(&mut self, path: &Path) -> Result<(), AuthorityError> {
        self.make_folder()?;
        let next = self.changes() + 1;
        let changes = Changes {
            first: next,
            last: next,
        };
        self.put(path, changes)?;
        self.merge()
    }

    fn put(&mut self, path: &Path, changes: Changes) -> Result<(), AuthorityError> {
        let place = self.path(changes);
        fs::rename(path, &place).map_err(|error| AuthorityError::io(&place, error))?;
        sync_dir(&self.folder)?;
        let index = index_path(path);
        if index.exists() {
            self.remove(&index)?;
        }
        self.files.push((changes, Segment::open(&place)?));
        Ok(())
    }

    /// Merges the newest files while the last is not much smaller than the one before it: every value
    /// is written again a few times in all, and few files are left.
    fn merge(&mut self) -> Result<(), AuthorityError> {
        while let [.., (_, before), (_, last)] = self.files.as_slice() {
            if last.bytes().saturating_mul(2) < before.bytes() {
                return Ok(());
            }
            self.merge_last_two()?;
        }
        Ok(())
    }

    fn merge_last_two(&mut self) -> Result<(), AuthorityError> {
        let path = partial(&self.folder.join("merged"));
        let io = |error| AuthorityError::io(&path, error);
        let older = self.files.len() - 2;
        let mut writer = SegmentWriter::create(&path).map_err(io)?;
        for index in 0..1 << PART_BITS {
            let (first, last) = part(index, PART_BITS);
            for at in self.scan(first, last)? {
                if at.file >= older {
                    writer.push(at.key(), &self.read(&at)?).map_err(io)?;
                }
            }
        }
        let keys = self.len();
        writer.finish(keys).map_err(io)?;
        let merged: Vec<_> = self.files.drain(older..).collect();
        let ends = (merged.first(), merged.last());
        if let (Some((first, _)), Some((last, _))) = ends {
            let changes = Changes {
                first: first.first,
                last: last.last,
            };
            self.put(&path, changes)?;
        }
        for (_, segment) in &merged {
            self.remove(segment.path())?;
        }
        Ok(())
    }

    fn list(&self) -> Result<Vec<Changes>, AuthorityError> {
        let io = |error| AuthorityError::io(&self.folder, error);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let changes = name.split_once('-').and_then(|(first, last)| {
                let (first, last) = (first.parse().ok()?, last.parse().ok()?);
                (1 <= first && first <= last).then_some(Changes { first, last })
            });
            match changes {
                Some(changes) => found.push(changes),
                None if name.starts_with(".partial-") => self.remove(&path)?,
                None => {
                    return Err(AuthorityError::damaged(&path, "it is no file of a store"));
                }
            }
        }
        Ok(found)
    }

    fn path(&self, changes: Changes) -> PathBuf {
        let Changes { first, last } = changes;
        self.folder.join(format!("{first}-{last}"))
    }

    fn remove(&self, path: &Path) -> Result<(), AuthorityError> {
        fs::remove_file(path).map_err(|error| AuthorityError::io(path, error))
    }

    fn make_folder(&self) -> Result<(), AuthorityError> {
        if self.folder.exists() {
            Ok(())
        } else {
            make_dir(&self.folder)
        }
    }
}

/// Merging takes as much memory as the index of one of so many parts.
const PART_BITS: u32 = 8;
/// Fewer than one in so many are looked up one by one.
const FEW: u64 = 100;
