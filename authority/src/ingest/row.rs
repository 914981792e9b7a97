//! A row between reading and posting.

use std::mem::take;

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

/// Rows of one enterprise that follow each other in a file, as they are laid down: key, length, file and
/// id, then line and entry of each.
pub(super) struct Sheet<'a> {
    file: usize,
    id: &'a str,
    rows: Decoder<'a>,
}

/// Bytes of a sheet's length.
const LENGTH: usize = 4;
/// Bytes of a sheet after which another begins.
const LONG: usize = 1 << 20;

impl<'a> Sheet<'a> {
    /// Begins a sheet behind some bytes, and says where it is.
    pub(super) fn begin(key: Key, file: usize, id: &str, bytes: &mut Vec<u8>) -> usize {
        bytes.extend(key.to_be_bytes());
        bytes.extend([0; LENGTH]);
        let start = bytes.len();
        let mut encoder = Encoder::onto(take(bytes));
        encoder.count(file);
        encoder.text(id);
        *bytes = encoder.finish();
        start
    }

    /// Whether another row has place in the sheet that bytes end with.
    pub(super) const fn has_place(start: usize, bytes: &[u8]) -> bool {
        bytes.len() - start < LONG
    }

    /// Appends a row to the sheet that bytes end with.
    pub(super) fn append(
        start: usize,
        line: u64,
        entry: &Entry<'_>,
        names: &Given<'_>,
        bytes: &mut Vec<u8>,
    ) {
        let mut encoder = Encoder::with_names(take(bytes), names);
        encoder.unsigned(line);
        entry.encode(&mut encoder);
        *bytes = encoder.finish();
        let length = u32::try_from(bytes.len() - start);
        let length =
            length.expect("a sheet is short: a row's cells are, and a mapping names few columns");
        bytes[start - LENGTH..start].copy_from_slice(&length.to_be_bytes());
    }

    /// Takes the first of some sheets off them.
    pub(super) fn split(sheets: &mut &'a [u8]) -> Option<(Key, &'a [u8])> {
        let (key, rest) = sheets.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let (sheet, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        *sheets = rest;
        Some((Key::from_be_bytes(*key), sheet))
    }

    /// Opens a sheet.
    pub(super) fn open(bytes: &'a [u8], names: &'a Given<'a>) -> Option<Self> {
        let mut rows = Decoder::with_names(bytes, names);
        Some(Self {
            file: usize::try_from(rows.unsigned().ok()?).ok()?,
            id: rows.text().ok()?,
            rows,
        })
    }

    fn row(&mut self) -> Option<Row<'a>> {
        Some(Row {
            file: self.file,
            line: self.rows.unsigned().ok()?,
            id: self.id,
            entry: Entry::decode(&mut self.rows).ok()?,
        })
    }
}

/// Each row; where one does not read, none, and nothing after it.
impl<'a> Iterator for Sheet<'a> {
    type Item = Option<Row<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rows.rest().is_empty() {
            return None;
        }
        let row = self.row();
        if row.is_none() {
            self.rows = Decoder::new(&[]);
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named::Named;
    use crate::taxpayer::Fact;

    #[test]
    fn sheets_are_read_as_they_were_laid_down() {
        let given = Given {
            texts: vec!["grade"],
            list: Vec::new(),
        };
        let day = "2026-08-01".parse().expect("a day");
        let facts: Named<'_, _> = [("grade", Fact::Name("A".into()))].into_iter().collect();
        let entry = Entry::Facts(day, facts);
        let mut bytes = Vec::new();
        for (key, lines) in [(7, 1..4), (9, 4..5)] {
            let start = Sheet::begin(key, 2, "id", &mut bytes);
            lines.for_each(|line| Sheet::append(start, line, &entry, &given, &mut bytes));
        }
        let mut rest = bytes.as_slice();
        for (key, lines) in [(7, 1..4), (9, 4..5)] {
            let (found, sheet) = Sheet::split(&mut rest).expect("a sheet");
            assert_eq!(found, key);
            let read = |bytes| -> Option<Vec<_>> {
                let rows = Sheet::open(bytes, &given)?;
                rows.map(|row| row.map(|row| (row.file, row.line, row.id, row.entry)))
                    .collect()
            };
            let expected: Vec<_> = lines.map(|line| (2, line, "id", entry.clone())).collect();
            for cut in 0..sheet.len() {
                let rows = read(&sheet[..cut]);
                assert!(
                    rows.is_none_or(|rows| rows.len() < expected.len()),
                    "cut at {cut}"
                );
            }
            assert_eq!(read(sheet), Some(expected));
        }
        assert!(rest.is_empty());
        for cut in 0..20 {
            assert!(Sheet::split(&mut &bytes[..cut]).is_none());
        }
    }
}
