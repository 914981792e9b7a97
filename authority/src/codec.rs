//! A compact encoding of what is kept: whole numbers in as few bytes as they need, texts either where
//! they stand or, where many are the same, in a table before everything else.
//!
//! Only this crate reads it. What is written is checked by digests (`store`); a reader still refuses
//! what no writer wrote.

use std::collections::HashMap;

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
    table: Option<Table<'a>>,
}

#[derive(Debug, Default)]
struct Table<'a> {
    places: HashMap<&'a str, u64>,
    texts: Vec<&'a str>,
}

impl<'a> Encoder<'a> {
    /// Texts are put into a table, each once.
    pub(crate) fn with_table() -> Self {
        Self {
            bytes: Vec::new(),
            table: Some(Table::default()),
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
        let Some(table) = &mut self.table else {
            return self.text(text);
        };
        let place = *table.places.entry(text).or_insert_with(|| {
            table.texts.push(text);
            table.texts.len() as u64 - 1
        });
        self.unsigned(place);
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

    pub(crate) fn finish(self) -> Vec<u8> {
        let Some(table) = self.table else {
            return self.bytes;
        };
        let mut head = Encoder::default();
        head.count(table.texts.len());
        table.texts.iter().for_each(|text| head.text(text));
        [head.bytes, self.bytes].concat()
    }
}

/// Reads.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
    table: Option<Vec<&'a str>>,
}

impl<'a> Decoder<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, table: None }
    }

    pub(crate) fn with_table(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut head = Self::new(bytes);
        let texts = head.list(Self::text)?;
        Ok(Self {
            bytes: head.bytes,
            table: Some(texts),
        })
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
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
        if self.table.is_none() {
            return self.text();
        }
        let place = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        let texts = self.table.as_deref().unwrap_or_default();
        texts.get(place).copied().ok_or(Malformed)
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
    pub(crate) fn list<T, C: FromIterator<T>>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<C, Malformed> {
        let count = self.unsigned()?;
        (0..count).map(|_| read(self)).collect()
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
    use super::*;

    #[test]
    fn numbers_and_texts_round_trip() {
        let numbers = [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN];
        for with_table in [false, true] {
            let mut encoder = if with_table {
                Encoder::with_table()
            } else {
                Encoder::default()
            };
            numbers.iter().for_each(|n| encoder.signed(*n));
            encoder.unsigned(u64::MAX);
            for name in ["税", "", "税"] {
                encoder.name(name);
            }
            encoder.optional(Some(7), Encoder::signed);
            encoder.optional(None, Encoder::signed);
            let bytes = encoder.finish();
            let read = |bytes| -> Result<_, Malformed> {
                let mut decoder = if with_table {
                    Decoder::with_table(bytes)?
                } else {
                    Decoder::new(bytes)
                };
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
    fn numbers_beyond_64_bits_are_refused() {
        let longest = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(Decoder::new(&longest).unsigned(), Ok(u64::MAX));
        let longer = [&[0xff; 9][..], &[2]].concat();
        assert_eq!(Decoder::new(&longer).unsigned(), Err(Malformed));
        let endless = [0xff; 11];
        assert_eq!(Decoder::new(&endless).unsigned(), Err(Malformed));
    }
}
