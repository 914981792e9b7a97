//! Files of members' rows: the rows, then the digest of each block of 64 of them. A digest of so many
//! bytes takes a fraction of the time that digests of rows take.

use std::fs::File;
use std::io::{self, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use taxproof_claims::schema::Schema;

use super::member::{Drafted, Form, Member, Share};
use crate::error::AuthorityError;
use crate::folder::private;
use crate::store::{Check, Key};
use crate::syncing::SyncedFile;
use crate::wiped::Wiped;

/// Rows that have a digest together.
const BLOCK: u64 = 64;
const CHECK: usize = 16;

/// Bytes of a block.
const fn block(form: Form) -> usize {
    form.length() * BLOCK as usize
}

fn check(digest: &blake3::Hash) -> Check {
    let bytes = digest.as_bytes().first_chunk();
    *bytes.expect("a digest has 32 bytes")
}

/// Writes rows.
pub(super) struct MemberWriter {
    file: SyncedFile,
    /// Bytes of a block.
    block: usize,
    /// Has taken up what is written of the last block, and how many bytes that is.
    hasher: blake3::Hasher,
    taken: usize,
    checks: Vec<Check>,
}

impl MemberWriter {
    pub(super) fn create(path: &Path, form: Form) -> io::Result<Self> {
        Ok(Self {
            file: SyncedFile::new(private(path, true)?),
            block: block(form),
            hasher: blake3::Hasher::new(),
            taken: 0,
            checks: Vec::new(),
        })
    }

    pub(super) fn append(&mut self, rows: &Drafted) -> io::Result<()> {
        let mut rest = rows.0.as_slice();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.len().min(self.block - self.taken));
            self.hasher.update(part);
            self.taken += part.len();
            if self.taken == self.block {
                self.end_block();
            }
            rest = after;
        }
        self.file.write_all(&rows.0)
    }

    fn end_block(&mut self) {
        self.checks.push(check(&self.hasher.finalize()));
        self.hasher.reset();
        self.taken = 0;
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.taken > 0 {
            self.end_block();
        }
        self.file.write_all(self.checks.as_flattened())?;
        self.file.finish()
    }
}

/// Rows that were written.
#[derive(Debug)]
pub(crate) struct Members {
    path: PathBuf,
    file: File,
    form: Form,
    count: u64,
}

/// Rows that were read, and are what was written.
struct Rows {
    /// Those of whole blocks.
    bytes: Wiped,
    /// Those that were asked for.
    range: Range<usize>,
    length: usize,
}

impl Rows {
    fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes[self.range.clone()].chunks_exact(self.length)
    }
}

impl Members {
    pub(super) fn open(path: &Path, form: Form) -> Result<Self, AuthorityError> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|error| AuthorityError::io(path, error))?;
        let blocks = length.div_ceil((block(form) + CHECK) as u64);
        let rows = length.saturating_sub(blocks * CHECK as u64);
        let members = Self {
            path: path.to_owned(),
            file,
            form,
            count: rows / form.length() as u64,
        };
        let whole = rows.is_multiple_of(form.length() as u64);
        if whole && members.count.div_ceil(BLOCK) == blocks {
            Ok(members)
        } else {
            Err(members.damaged())
        }
    }

    /// The members whose keys are from `first` to `last`, in order.
    pub(crate) fn range(
        &self,
        first: Key,
        last: Key,
        schema: &Schema,
    ) -> Result<Vec<Member>, AuthorityError> {
        let rows = self.rows(first, last)?;
        let members = rows.iter().map(|row| self.form.decode(row, schema));
        members
            .map(|member| member.ok_or_else(|| self.damaged()))
            .collect()
    }

    /// What goes into the bundles of a range of keys, in the order of positions.
    pub(crate) fn shares(&self, first: Key, last: Key) -> Result<Vec<Share>, AuthorityError> {
        let rows = self.rows(first, last)?;
        let shares = rows.iter().map(|row| self.form.share(row));
        let shares = shares.map(|share| share.ok_or_else(|| self.damaged()));
        let mut shares = shares.collect::<Result<Vec<_>, _>>()?;
        shares.sort_by_key(|share| share.position);
        Ok(shares)
    }

    /// The rows of a range of keys.
    fn rows(&self, first: Key, last: Key) -> Result<Rows, AuthorityError> {
        let io = |error| AuthorityError::io(&self.path, error);
        let start = self.start(first).map_err(io)?;
        let end = match last.checked_add(1) {
            Some(next) => self.start(next).map_err(io)?,
            None => self.count,
        };
        // The blocks in which they are.
        let blocks = start / BLOCK..end.max(start).div_ceil(BLOCK);
        let from = blocks.start * BLOCK;
        let to = self.count.min(blocks.end * BLOCK).max(from);
        let length = self.form.length();
        let mut bytes = Wiped::from(vec![0; (to - from) as usize * length]);
        let read = self.file.read_exact_at(&mut bytes, from * length as u64);
        read.map_err(io)?;
        let mut checks = vec![0; bytes.len().div_ceil(block(self.form)) * CHECK];
        let place = self.count * length as u64 + blocks.start * CHECK as u64;
        self.file.read_exact_at(&mut checks, place).map_err(io)?;
        let written = bytes
            .chunks(block(self.form))
            .map(|block| check(&blake3::hash(block)));
        if !written.eq(checks.as_chunks().0.iter().copied()) {
            return Err(self.damaged());
        }
        let place = |row: u64| (row - from) as usize * length;
        Ok(Rows {
            bytes,
            range: place(start)..place(end.max(start)),
            length,
        })
    }

    /// The first row whose key is not below one.
    fn start(&self, key: Key) -> io::Result<u64> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut bytes = [0; 16];
            let offset = middle * self.form.length() as u64;
            self.file.read_exact_at(&mut bytes, offset)?;
            if Key::from_be_bytes(bytes) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn damaged(&self) -> AuthorityError {
        AuthorityError::damaged(&self.path, "its rows are not what was written")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use taxproof_claims::shape::Q16;
    use tempfile::TempDir;

    use super::super::member::POSITION;
    use super::*;

    const FORM: Form = Form {
        layout: Q16.layout(),
        roots: 1,
    };

    fn row(key: u64) -> Vec<u8> {
        let mut row = vec![key as u8; FORM.length()];
        row[..16].copy_from_slice(&Key::from(key).to_be_bytes());
        row
    }

    /// A file of rows with the keys from 0 on, written in pieces of other lengths than blocks.
    fn written(folder: &TempDir, count: u64) -> PathBuf {
        let path = folder.path().join(count.to_string());
        let mut writer = MemberWriter::create(&path, FORM).expect("is made");
        let rows: Vec<Vec<u8>> = (0..count).map(row).collect();
        for piece in rows.chunks(37) {
            let piece = Drafted(piece.concat().into());
            writer.append(&piece).expect("is written");
        }
        writer.finish().expect("is durable");
        path
    }

    fn read(path: &Path, first: u64, last: u64) -> Option<Vec<Vec<u8>>> {
        let members = Members::open(path, FORM).ok()?;
        let rows = members.rows(first.into(), last.into()).ok()?;
        Some(rows.iter().map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let folder = TempDir::new().expect("a folder");
        for count in [1, 63, 64, 65, 127, 128, 200] {
            let path = written(&folder, count);
            for (first, last) in [
                (0, 0),
                (0, 63),
                (63, 64),
                (64, 64),
                (90, 150),
                (0, 999),
                (500, 999),
            ] {
                let expected: Vec<_> = (first..=last.min(count - 1)).map(row).collect();
                assert_eq!(
                    read(&path, first, last),
                    Some(expected),
                    "{count}: {first}–{last}"
                );
            }
        }
    }

    #[test]
    fn a_byte_that_has_changed_is_found_wherever_it_is() {
        let folder = TempDir::new().expect("a folder");
        let path = written(&folder, 200);
        let bytes = fs::read(&path).expect("is there");
        let blocks = (200 * FORM.length(), 4);
        for (at, block) in [
            (FORM.length() - 1, 0),
            (block(FORM) + POSITION, 1),
            (blocks.0 - 1, 3),
            (blocks.0 + CHECK, 1),
            (blocks.0 + blocks.1 * CHECK - 1, 3),
        ] {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).expect("is written");
            for other in 0..4 {
                let first = other * BLOCK;
                let is_read = read(&path, first, first).is_some();
                assert_eq!(is_read, other != block, "byte {at}, block {other}");
            }
        }
    }

    #[test]
    fn a_file_of_another_length_is_refused() {
        let folder = TempDir::new().expect("a folder");
        let path = written(&folder, 65);
        let bytes = fs::read(&path).expect("is there");
        for length in [
            bytes.len() - 1,
            bytes.len() - CHECK,
            bytes.len() + 1,
            bytes.len() + FORM.length(),
            65 * FORM.length(),
        ] {
            let mut bytes = bytes.clone();
            bytes.resize(length, 0);
            fs::write(&path, &bytes).expect("is written");
            // Some lengths are those of other numbers of rows, whose digests are then others.
            assert_eq!(read(&path, 0, 999), None, "{length}");
        }
        let path = written(&folder, 64);
        let mut bytes = fs::read(&path).expect("is there");
        bytes.extend([0; CHECK]);
        fs::write(&path, &bytes).expect("is written");
        assert_eq!(read(&path, 0, 999), None, "a digest of no rows");
    }
}
