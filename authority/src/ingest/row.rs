//! A row between reading and posting.

use crate::codec::{Decoder, Encoder, Given};
use crate::ledger::Entry;
use crate::mapping::{FactColumn, Mapping};
use crate::store::Key;

/// A row that reads.
pub(super) struct Row<'a> {
    /// Its file, by the place among all.
    pub(super) file: usize,
    pub(super) line: u64,
    pub(super) id: &'a str,
    pub(super) entry: Entry<'a>,
}

/// The names that a mapping gives, which many rows have: in rows they are numbers.
pub(super) fn names(mapping: &Mapping) -> Given<'_> {
    let amounts = mapping.filings.iter().flat_map(|f| f.amounts.keys());
    let list: Vec<&str> = amounts.map(String::as_str).collect();
    let kinds = mapping.filings.iter();
    let kinds = kinds.flat_map(|source| source.kind.possible().unwrap_or_default());
    let facts = mapping.taxpayers.iter().flat_map(|source| &source.facts);
    let facts = facts.flat_map(|(name, column)| {
        let called = match column {
            FactColumn::Name { names, .. } => names.as_ref(),
            _ => None,
        };
        let called = called.into_iter().flat_map(|names| names.values());
        [name].into_iter().chain(called).map(String::as_str)
    });
    Given {
        texts: kinds.chain(list.iter().copied()).chain(facts).collect(),
        list,
    }
}

impl<'a> Row<'a> {
    /// Appends key, length and row.
    pub(super) fn append(&self, key: Key, names: &Given<'_>, bytes: &mut Vec<u8>) {
        bytes.extend(key.to_be_bytes());
        let length = bytes.len();
        bytes.extend([0; 4]);
        let start = bytes.len();
        let mut encoder = Encoder::with_names(std::mem::take(bytes), names);
        encoder.count(self.file);
        encoder.unsigned(self.line);
        encoder.text(self.id);
        self.entry.encode(&mut encoder);
        *bytes = encoder.finish();
        let row = u32::try_from(bytes.len() - start)
            .expect("cells are short, and a mapping names few columns");
        bytes[length..start].copy_from_slice(&row.to_be_bytes());
    }

    /// Takes the first of some rows off them.
    pub(super) fn split(rows: &mut &'a [u8]) -> Option<(Key, &'a [u8])> {
        let (key, rest) = rows.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (row, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        *rows = rest;
        Some((Key::from_be_bytes(*key), row))
    }

    /// Reads a row.
    pub(super) fn decode(bytes: &'a [u8], names: &'a Given<'a>) -> Option<Self> {
        let mut decoder = Decoder::with_names(bytes, names);
        let row = Self {
            file: usize::try_from(decoder.unsigned().ok()?).ok()?,
            line: decoder.unsigned().ok()?,
            id: decoder.text().ok()?,
            entry: Entry::decode(&mut decoder).ok()?,
        };
        decoder.finish().ok()?;
        Some(row)
    }
}
