//! A compact encoding of what is kept: whole numbers in as few bytes as they need, texts either where
//! they stand or, where many are the same, in a table before everything else.
//!
//! Only this crate reads it. What is written is checked by digests (`store`); a reader still refuses
//! what no writer wrote.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem::take;

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;

/// Bytes that no writer wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry does not read")]
pub(crate) struct Malformed;

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

/// Texts that writer and reader have.
#[derive(Debug, Default)]
pub(crate) struct Given<'a> {
    pub(crate) texts: Vec<&'a str>,
    /// The names that most lists have, in order.
    pub(crate) list: Vec<&'a str>,
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
const FEW: usize = 16;

fn find(texts: &[&str], text: &str) -> Option<usize> {
    texts.iter().position(|known| are_equal(known, text))
}

/// Whether two texts are equal. Often they are one text, which is sooner seen.
pub(crate) fn are_equal(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || a == b
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
            names: Names::Table(Places::default()),
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

/// What a list has place for before it is read.
const MOST: usize = 64;

/// Reads.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
    names: Known<'a>,
}

/// The names that numbers stand for.
#[derive(Debug)]
enum Known<'a> {
    None,
    Given(&'a Given<'a>),
    Table {
        texts: Vec<&'a str>,
        /// The names of the list that was read last.
        list: Vec<&'a str>,
    },
}

impl<'a> Decoder<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            names: Known::None,
        }
    }

    /// Reads what was written with the same names.
    pub(crate) const fn with_names(bytes: &'a [u8], given: &'a Given<'a>) -> Self {
        Self {
            bytes,
            names: Known::Given(given),
        }
    }

    pub(crate) fn with_table(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut head = Self::new(bytes);
        let texts = head.list(Self::text)?;
        Ok(Self {
            bytes: head.bytes,
            names: Known::Table {
                texts,
                list: Vec::new(),
            },
        })
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        // Most are this small.
        if let Some((&byte @ ..0x80, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return Ok(byte.into());
        }
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first().ok_or(Malformed)?;
            self.bytes = rest;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(Malformed);
            }
            n |= part << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        let n = self.unsigned()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    pub(crate) fn day(&mut self) -> Result<Date, Malformed> {
        Date::from_days(self.signed()?).ok_or(Malformed)
    }

    pub(crate) fn value(&mut self) -> Result<Value, Malformed> {
        Value::try_from(self.signed()?).map_err(|_| Malformed)
    }

    pub(crate) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.unsigned()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Malformed),
        }
    }

    pub(crate) fn name(&mut self) -> Result<&'a str, Malformed> {
        if let Known::None = self.names {
            return self.text();
        }
        let place = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        let found = match &self.names {
            Known::None => None,
            Known::Table { texts, .. } => texts.get(place).copied(),
            Known::Given(_) if place == 0 => return self.text(),
            Known::Given(given) => given.texts.get(place - 1).copied(),
        };
        found.ok_or(Malformed)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        let (text, rest) = self.bytes.split_at_checked(length).ok_or(Malformed)?;
        self.bytes = rest;
        std::str::from_utf8(text).map_err(|_| Malformed)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.bytes.split_first_chunk().ok_or(Malformed)?;
        self.bytes = rest;
        Ok(*bytes)
    }

    /// A count, then as many of something.
    pub(crate) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        // No more at first than most lists have: bytes may say any number.
        let mut all = Vec::with_capacity(count.min(MOST));
        for _ in 0..count {
            all.push(read(self)?);
        }
        Ok(all)
    }

    /// As many of something as the list before has, each with its name.
    pub(crate) fn list_before<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<(&'a str, T)>, Malformed> {
        let list = match &mut self.names {
            Known::None => Cow::default(),
            Known::Given(given) => Cow::Borrowed(given.list.as_slice()),
            Known::Table { list, .. } => Cow::Owned(take(list)),
        };
        let mut all = Vec::with_capacity(list.len());
        for name in list.iter() {
            all.push((*name, read(self)?));
        }
        if let (Known::Table { list: kept, .. }, Cow::Owned(list)) = (&mut self.names, list) {
            *kept = list;
        }
        Ok(all)
    }

    /// Keeps the names of a list that was read, for those that follow.
    pub(crate) fn keep(&mut self, names: impl Iterator<Item = &'a str>) {
        if let Known::Table { list, .. } = &mut self.names {
            list.clear();
            list.extend(names);
        }
    }

    /// What is left to read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static GIVEN: LazyLock<Given<'static>> = LazyLock::new(|| Given {
        texts: vec!["额", "税"],
        list: vec!["a", "b"],
    });

    #[test]
    fn a_list_is_read_with_the_names_of_the_one_before() {
        let names = |names: &'static [&'static str]| names.iter().copied();
        let mut encoder = Encoder::with_table(Vec::new());
        assert!(encoder.are_before(names(&[])) && !encoder.are_before(names(&["b"])));
        encoder.keep(names(&["b", "c"]));
        assert!(encoder.are_before(names(&["b", "c"])));
        assert!(!encoder.are_before(names(&["b"])) && !encoder.are_before(names(&["b", "a"])));
        let encoder = Encoder::with_names(Vec::new(), &GIVEN);
        assert!(encoder.are_before(names(&["a", "b"])));

        let mut decoder = Decoder::with_table(&[0, 2, 4, 6]).expect("a table");
        assert_eq!(decoder.list_before(Decoder::signed), Ok(Vec::new()));
        decoder.keep(names(&["b", "c"]));
        assert_eq!(
            decoder.list_before(Decoder::signed),
            Ok(vec![("b", 1), ("c", 2)])
        );
        assert_eq!(decoder.list_before(Decoder::signed), Err(Malformed));
        let mut decoder = Decoder::with_names(&[2, 4], &GIVEN);
        assert_eq!(
            decoder.list_before(Decoder::signed),
            Ok(vec![("a", 1), ("b", 2)])
        );
    }

    #[test]
    fn numbers_and_texts_round_trip() {
        let numbers = [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN];
        type Write<'a> = &'a dyn Fn() -> Encoder<'a>;
        type Read = fn(&[u8]) -> Result<Decoder<'_>, Malformed>;
        let in_place: (Write<'_>, Read) = (&Encoder::default, |bytes| Ok(Decoder::new(bytes)));
        let table: (Write<'_>, Read) = (&|| Encoder::with_table(vec![7]), |bytes| {
            Decoder::with_table(bytes)
        });
        let with_given: (Write<'_>, Read) =
            (&|| Encoder::with_names(Vec::new(), &GIVEN), |bytes| {
                Ok(Decoder::with_names(bytes, &GIVEN))
            });
        for (begin, open) in [in_place, table, with_given] {
            let mut encoder = begin();
            numbers.iter().for_each(|n| encoder.signed(*n));
            encoder.unsigned(u64::MAX);
            for name in ["税", "", "税"] {
                encoder.name(name);
            }
            encoder.optional(Some(7), Encoder::signed);
            encoder.optional(None, Encoder::signed);
            let (bytes, _) = encoder.finish_onto(Vec::new());
            let read = |bytes| -> Result<_, Malformed> {
                let mut decoder = open(bytes)?;
                let mut found = Vec::new();
                for _ in numbers {
                    found.push(decoder.signed()?);
                }
                assert_eq!(decoder.unsigned()?, u64::MAX);
                let names = [decoder.name()?, decoder.name()?, decoder.name()?];
                assert_eq!(names, ["税", "", "税"]);
                let optional = [
                    decoder.optional(Decoder::signed)?,
                    decoder.optional(Decoder::signed)?,
                ];
                assert_eq!(optional, [Some(7), None]);
                decoder.finish()?;
                Ok(found)
            };
            assert_eq!(read(&bytes[..]), Ok(numbers.to_vec()));
            for cut in 0..bytes.len() {
                assert_eq!(read(&bytes[..cut]), Err(Malformed), "cut at {cut}");
            }
            assert_eq!(read(&[&bytes[..], &[0]].concat()), Err(Malformed));
        }
    }

    #[test]
    fn many_names_are_found_as_few_are() {
        let names: Vec<String> = (0..3 * FEW).map(|i| format!("name {i}")).collect();
        let mut encoder = Encoder::with_table(Vec::new());
        for step in [1, 5, 3] {
            (0..names.len()).for_each(|i| encoder.name(&names[i * step % names.len()]));
        }
        let (bytes, _) = encoder.finish_onto(Vec::new());
        let mut decoder = Decoder::with_table(&bytes).expect("a table");
        for step in [1, 5, 3] {
            for i in 0..names.len() {
                assert_eq!(decoder.name(), Ok(&*names[i * step % names.len()]));
            }
        }
        // Each once, and in less than three bytes wherever it stands.
        assert!(bytes.len() < names.len() * (9 + 3));
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        let longest = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(Decoder::new(&longest).unsigned(), Ok(u64::MAX));
        let longer = [&[0xff; 9][..], &[2]].concat();
        assert_eq!(Decoder::new(&longer).unsigned(), Err(Malformed));
        let endless = [0xff; 11];
        assert_eq!(Decoder::new(&endless).unsigned(), Err(Malformed));
    }
}
