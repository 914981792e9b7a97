//! Writing.

use std::collections::HashMap;

use taxproof_claims::date::Date;

use super::{Given, are_equal};

/// Writes.
#[derive(Debug, Default)]
pub(crate) struct Encoder<'a> {
    bytes: Vec<u8>,
    names: Names<'a>,
}

/// How texts are written that others are likely to equal.
#[derive(Debug, Default)]
enum Names<'a> {
    /// Where they stand.
    #[default]
    InPlace,
    /// As numbers of texts that the reader has too; others where they stand.
    Given { given: &'a Given<'a>, next: usize },
    /// As numbers of texts that come before everything else.
    Table(Places<'a>),
}

/// Texts of a table, each once, and which is where.
#[derive(Debug, Default)]
struct Places<'a> {
    texts: Vec<&'a str>,
    /// The names of the list that was written last.
    list: Vec<&'a str>,
    /// Of the texts, where they are many.
    index: HashMap<&'a str, usize>,
    /// The place after the one that was found last: what is written again and again comes in one order.
    next: usize,
}

/// Texts that are looked through one by one.
pub(super) const FEW: usize = 16;

fn find(texts: &[&str], text: &str) -> Option<usize> {
    texts.iter().position(|known| are_equal(known, text))
}

impl<'a> Places<'a> {
    fn find(&mut self, text: &str) -> Option<usize> {
        let at = match self.texts.get(self.next) {
            Some(next) if are_equal(next, text) => Some(self.next),
            _ if self.texts.len() > FEW => self.index.get(text).copied(),
            _ => find(&self.texts, text),
        };
        self.next = at.map_or(self.next, |at| at + 1);
        at
    }

    fn add(&mut self, text: &'a str) -> usize {
        let at = self.texts.len();
        self.texts.push(text);
        match at {
            FEW => self.index.extend(self.texts.iter().copied().zip(0..)),
            at if at > FEW => {
                self.index.insert(text, at);
            }
            _ => {}
        }
        self.next = at + 1;
        at
    }
}

impl<'a> Encoder<'a> {
    /// Appends to some bytes.
    pub(crate) const fn onto(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            names: Names::InPlace,
        }
    }

    /// Texts are put into a table, each once. What follows it is written to a buffer, which may have been
    /// one before.
    pub(crate) fn with_table(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self {
            bytes: buffer,
            names: Names::Table(Places {
                texts: Vec::with_capacity(FEW),
                list: Vec::with_capacity(FEW),
                ..Places::default()
            }),
        }
    }

    /// Appends to some bytes, with texts that the reader has too.
    pub(crate) const fn with_names(bytes: Vec<u8>, given: &'a Given<'a>) -> Self {
        Self {
            bytes,
            names: Names::Given { given, next: 0 },
        }
    }

    pub(crate) fn unsigned(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }

    pub(crate) fn signed(&mut self, n: i64) {
        self.unsigned(((n << 1) ^ (n >> 63)) as u64);
    }

    pub(crate) fn count(&mut self, n: usize) {
        self.unsigned(n as u64);
    }

    pub(crate) fn day(&mut self, day: Date) {
        self.signed(day.days());
    }

    /// Something that may not be there: whether it is, then it.
    pub(crate) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.unsigned(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// A text that others are likely to equal.
    pub(crate) fn name(&mut self, text: &'a str) {
        match &mut self.names {
            Names::InPlace => self.text(text),
            Names::Given { given, next } => {
                let at = match given.texts.get(*next) {
                    Some(known) if are_equal(known, text) => Some(*next),
                    _ => find(&given.texts, text),
                };
                *next = at.map_or(*next, |at| at + 1);
                self.count(at.map_or(0, |at| at + 1));
                if at.is_none() {
                    self.text(text);
                }
            }
            Names::Table(places) => {
                let at = places.find(text).unwrap_or_else(|| places.add(text));
                self.count(at);
            }
        }
    }

    /// Whether names are those of the list before, so that they need not be written.
    pub(crate) fn are_before<'n>(&self, names: impl ExactSizeIterator<Item = &'n str>) -> bool {
        let list = match &self.names {
            Names::InPlace => &[][..],
            Names::Given { given, .. } => &given.list,
            Names::Table(places) => &places.list,
        };
        list.len() == names.len() && names.zip(list).all(|(name, known)| are_equal(name, known))
    }

    /// Keeps the names of a list that is written, for those that follow.
    pub(crate) fn keep(&mut self, names: impl Iterator<Item = &'a str>) {
        if let Names::Table(places) = &mut self.names {
            places.list.clear();
            places.list.extend(names);
        }
    }

    /// A text that is like no other.
    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend(text.as_bytes());
    }

    /// Bytes whose number the reader knows.
    pub(crate) fn fixed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// What was written, but for a table.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends the table, if there is one, and what was written to some bytes, and gives the buffer back.
    pub(crate) fn finish_onto(self, bytes: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
        let mut whole = Encoder::onto(bytes);
        if let Names::Table(places) = &self.names {
            whole.count(places.texts.len());
            places.texts.iter().for_each(|text| whole.text(text));
        }
        whole.fixed(&self.bytes);
        (whole.bytes, self.bytes)
    }
}
