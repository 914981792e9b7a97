//! What is kept of each leaf from epoch to epoch, in rows of one length in the order of keys: what its
//! record was derived from, the record, and the sponge that has absorbed it, so that an unchanged record
//! takes one permutation for its next salt.

use taxproof_claims::encoding::Reader;
use taxproof_claims::holder::Secret;
use taxproof_claims::record::Values;
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Layout;
use taxproof_claims::subject::EnterpriseId;

use super::hashing::{STATE, State};
use crate::seed::Seed;
use crate::store::{Check, Key};
use crate::wiped::Wiped;

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
/// Bytes that sealing appends.
const TAG: usize = 16;
/// Where a row's position is.
pub(super) const POSITION: usize = 16 + 1 + MAX_ID + 2 * CHECK + 8;
const FIXED: usize = 16 + 1 + MAX_ID + 2 * CHECK + 8 + 8 + Secret::LENGTH + Seed::LENGTH;

impl Form {
    pub(super) const fn length(self) -> usize {
        FIXED + self.values() + STATE * self.roots
    }

    const fn values(self) -> usize {
        8 * (self.layout.attributes + self.layout.periods * self.layout.fields)
    }

    /// Appends a row without its position: see [`Drafted::place`].
    fn encode(self, member: &Member, row: &mut Vec<u8>) {
        row.extend(member.key.to_be_bytes());
        let id = member.id.as_str().as_bytes();
        row.push(id.len() as u8);
        row.extend(id);
        row.extend(&[0; MAX_ID][id.len()..]);
        row.extend(member.account);
        row.extend(member.registration);
        row.extend(member.until.to_be_bytes());
        row.extend([0; 8]);
        row.extend(member.salt.expose());
        row.extend(member.seed.expose());
        let start = row.len();
        row.resize(start + self.values(), 0);
        let mut places = row[start..].as_chunks_mut::<8>().0.iter_mut();
        let rows = member.values.rows().iter().flatten();
        let values = member.values.attributes().iter().chain(rows);
        values.for_each(|value| {
            let place = places.next().expect("a row has a place for each value");
            *place = value.to_be_bytes();
        });
        let states = member.states.iter();
        states.for_each(|state| row.extend(state.bytes()));
    }

    pub(super) fn decode(self, row: &[u8], schema: &Schema) -> Option<Member> {
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

/// What goes into a bundle of a leaf's enterprise.
pub(crate) struct Share {
    pub(crate) position: u64,
    pub(crate) seed: Seed,
    /// As of [`Bundle::seal_entry`](taxproof_claims::bundle::Bundle::seal_entry).
    pub(crate) entry: Wiped,
}

impl Form {
    pub(super) fn share(self, row: &[u8]) -> Option<Share> {
        let mut r = Reader::new(row);
        r.fixed(16).ok()?;
        let id = r.fixed(1 + MAX_ID).ok()?;
        r.fixed(2 * CHECK + 8).ok()?;
        let position = r.u64().ok()?;
        let salt = r.fixed(Secret::LENGTH).ok()?;
        let seed = Seed::from_bytes(r.array().ok()?);
        let values = r.fixed(self.values()).ok()?;
        // So that nothing is copied when it is sealed.
        let length = id.len() + salt.len() + values.len() + TAG;
        let mut entry = Wiped::from(Vec::with_capacity(length));
        for part in [id, salt, values] {
            entry.extend_from_slice(part);
        }
        Some(Share {
            position,
            seed,
            entry,
        })
    }
}

/// Rows that are not written yet.
#[derive(Default)]
pub(super) struct Drafted(pub(super) Wiped);

impl Drafted {
    /// The rows of members, whose positions are not known yet.
    pub(super) fn new<'a>(form: Form, members: impl ExactSizeIterator<Item = &'a Member>) -> Self {
        let mut rows = Wiped::from(Vec::with_capacity(members.len() * form.length()));
        members.for_each(|member| form.encode(member, &mut rows));
        Self(rows)
    }

    /// Gives each row its position.
    pub(super) fn place(&mut self, form: Form, positions: impl Iterator<Item = u64>) {
        for (row, position) in self.0.chunks_exact_mut(form.length()).zip(positions) {
            row[POSITION..POSITION + 8].copy_from_slice(&position.to_be_bytes());
        }
    }
}
