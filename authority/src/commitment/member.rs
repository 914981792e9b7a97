//! What is kept of each leaf from epoch to epoch, in rows of one length in the order of keys: what its
//! record was derived from, the record, and the sponge that has absorbed it, so that an unchanged record
//! takes one permutation for its next salt.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use taxproof_claims::encoding::Reader;
use taxproof_claims::holder::Secret;
use taxproof_claims::record::Values;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Layout;
use taxproof_claims::subject::EnterpriseId;
use zeroize::Zeroizing;

use super::hashing::{STATE, State};
use crate::error::AuthorityError;
use crate::folder::private;
use crate::seed::Seed;
use crate::store::{Check, Key};

/// A leaf's enterprise.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: Key,
    pub(crate) id: EnterpriseId,
    /// The account and the registration from which the record was derived.
    pub(crate) account: Check,
    pub(crate) registration: Check,
    /// The first day on which the same account gives another record, as days since 1970-01-01.
    pub(crate) until: i64,
    pub(crate) position: u64,
    pub(crate) salt: Secret,
    /// From which its salts and its entries' keys follow.
    pub(crate) seed: Seed,
    pub(crate) values: Values,
    /// One a root.
    pub(crate) states: Vec<State>,
}

/// How rows are written: the values' layout and how many roots there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) layout: Layout,
    pub(crate) roots: usize,
}

const MAX_ID: usize = 30;
const CHECK: usize = 16;
const FIXED: usize = 16 + 1 + MAX_ID + 2 * CHECK + 8 + 8 + Secret::LENGTH + Seed::LENGTH;

impl Form {
    const fn length(self) -> usize {
        let values = self.layout.attributes + self.layout.periods * self.layout.fields;
        FIXED + 8 * values + STATE * self.roots + CHECK
    }

    fn encode(self, member: &Member) -> Zeroizing<Vec<u8>> {
        let mut row = Zeroizing::new(Vec::with_capacity(self.length()));
        row.extend(member.key.to_be_bytes());
        let id = member.id.as_str().as_bytes();
        row.push(id.len() as u8);
        row.extend(id);
        row.extend(&[0; MAX_ID][id.len()..]);
        row.extend(member.account);
        row.extend(member.registration);
        row.extend(member.until.to_be_bytes());
        row.extend(member.position.to_be_bytes());
        row.extend(member.salt.expose());
        row.extend(member.seed.expose());
        let rows = member.values.rows().iter().flatten();
        let values = member.values.attributes().iter().chain(rows);
        values.for_each(|value| row.extend(value.to_be_bytes()));
        member
            .states
            .iter()
            .for_each(|state| row.extend(state.bytes()));
        let check = digest(&row);
        row.extend(check);
        row
    }

    fn decode(self, row: &[u8], schema: &Schema) -> Option<Member> {
        let (row, check) = row.split_at_checked(row.len().checked_sub(CHECK)?)?;
        if check != digest(row) {
            return None;
        }
        let mut r = Reader::new(row);
        let key = Key::from_be_bytes(r.array().ok()?);
        let length = usize::from(r.u8().ok()?);
        let id = r.fixed(MAX_ID).ok()?.get(..length)?;
        let id = schema.id_scheme.parse(std::str::from_utf8(id).ok()?).ok()?;
        Some(Member {
            key,
            id,
            account: r.array().ok()?,
            registration: r.array().ok()?,
            until: i64::from_be_bytes(r.array().ok()?),
            position: r.u64().ok()?,
            salt: Secret::from_bytes(r.array().ok()?),
            seed: Seed::from_bytes(r.array().ok()?),
            values: Values::decode_of(self.layout, &mut r).ok()?,
            states: (0..self.roots)
                .map(|_| r.array().ok().map(State::from_bytes))
                .collect::<Option<_>>()?,
        })
    }
}

fn digest(bytes: &[u8]) -> Check {
    let digest = blake3::hash(bytes);
    *digest
        .as_bytes()
        .first_chunk()
        .expect("a digest has 32 bytes")
}

/// Writes rows.
pub(super) struct MemberWriter {
    file: BufWriter<File>,
    form: Form,
}

impl MemberWriter {
    pub(super) fn create(path: &Path, form: Form) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 20, private(path, true)?);
        Ok(Self { file, form })
    }

    pub(super) fn push(&mut self, member: &Member) -> io::Result<()> {
        self.file.write_all(&self.form.encode(member))
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()
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

impl Members {
    pub(super) fn open(path: &Path, form: Form) -> Result<Self, AuthorityError> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|error| AuthorityError::io(path, error))?;
        let members = Self {
            path: path.to_owned(),
            file,
            form,
            count: length / form.length() as u64,
        };
        if length.is_multiple_of(form.length() as u64) {
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
        let io = |error| AuthorityError::io(&self.path, error);
        let start = self.start(first).map_err(io)?;
        let end = match last.checked_add(1) {
            Some(next) => self.start(next).map_err(io)?,
            None => self.count,
        };
        let length = self.form.length();
        let mut bytes = Zeroizing::new(vec![0; (end - start) as usize * length]);
        let read = self.file.read_exact_at(&mut bytes, start * length as u64);
        read.map_err(io)?;
        let rows = bytes.chunks_exact(length);
        rows.map(|row| self.form.decode(row, schema).ok_or_else(|| self.damaged()))
            .collect()
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
        AuthorityError::damaged(&self.path, "a row is not what was written")
    }
}
